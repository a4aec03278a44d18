#include <algorithm>
#include <cmath>
#include <numeric>
#include <thread>

#include <fmt/format.h>

#include "core/random.h"
#include "metric/ranks.h"
#include "metric/recommend.h"
#include "study/recommend/recommend.h"

namespace obligor {
namespace {

using metric::ClusterSums;
using metric::Transform;

// A metric of a model as sums by customer; the first of a task is the one that ranks.
struct Measured {
  std::string name;
  Transform transform = Transform::kNone;
  ClusterSums sums;
};

std::vector<Measured> measure(const PairComparison& comparison, const PairOutcome& outcome, const PairTask& task) {
  const size_t customers = task.pairs.customers;
  if (comparison.kind == TaskKind::kRanking) {
    return {{"hr", Transform::kNone, metric::cluster_sums(outcome.hit, comparison.customer, customers)},
            {"ndcg", Transform::kNone, metric::cluster_sums(outcome.ndcg, comparison.customer, customers)}};
  }
  std::vector<double> squares;
  std::vector<double> absolute;
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const double error = outcome.predicted[i] - static_cast<double>(task.pairs.rating[comparison.rows[i]]);
    squares.push_back(error * error);
    absolute.push_back(std::fabs(error));
  }
  return {{"rmse", Transform::kSquareRoot, metric::cluster_sums(squares, comparison.customer, customers)},
          {"mae", Transform::kNone, metric::cluster_sums(absolute, comparison.customer, customers)}};
}

Json learning_json(const FitReport& report) {
  Json all = Json::array();
  for (const auto& learning : report.learning) {
    if (!learning.epoch.empty()) {
      all.push_back({{"epoch", learning.epoch}, {"train_loss", learning.train_loss}, {"valid_loss", learning.valid_loss}});
    }
  }
  return all;
}

Json model_json(const PairOutcome& outcome, const std::vector<Measured>& measured, const metric::BootstrapOptions& bootstrap) {
  Json json{{"name", outcome.entry.name},
            {"title", outcome.entry.title},
            {"family", outcome.entry.family},
            {"paper", outcome.entry.paper},
            {"status", outcome.ok ? "ok" : "failed"}};
  if (!outcome.ok) json["reason"] = outcome.reason;
  for (const auto& one : measured) {
    const auto interval = metric::cluster_mean(one.sums, one.transform, bootstrap);
    json["metrics"][one.name] = {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}};
  }
  json["fit_seconds"] = outcome.fit_seconds;
  if (outcome.ok && outcome.score_seconds > 0) json["score_rows_per_second"] = static_cast<double>(outcome.scored) / outcome.score_seconds;
  json["params"] = outcome.params;
  if (Json learning = learning_json(outcome.report); !learning.empty()) json["learning"] = std::move(learning);
  json["notes"] = outcome.report.notes;
  return json;
}

// Of every two models, on the ranking metric.
Json pairs_json(const std::vector<const PairOutcome*>& models, const std::vector<const Measured*>& measured,
                const metric::BootstrapOptions& bootstrap) {
  Json pairs = Json::array();
  std::vector<double> p;
  for (size_t a = 0; a < models.size(); ++a) {
    for (size_t b = a + 1; b < models.size(); ++b) {
      const auto result = metric::cluster_difference(measured[a]->sums, measured[b]->sums, measured[a]->transform, bootstrap);
      p.push_back(result.p);
      pairs.push_back({{"a", models[a]->entry.name},
                       {"b", models[b]->entry.name},
                       {"difference", result.difference.value},
                       {"low", result.difference.low},
                       {"high", result.difference.high},
                       {"p", result.p}});
    }
  }
  const auto adjusted = metric::holm(p);
  for (size_t i = 0; i < adjusted.size(); ++i) pairs[i]["p_adjusted"] = adjusted[i];
  return pairs;
}

}  // namespace

Json pair_document(const PairComparison& comparison, const PairTask& task, const PairFacts& facts, const Context& context) {
  const bool rating = comparison.kind == TaskKind::kRating;
  const metric::BootstrapOptions bootstrap{.resamples = facts.resamples, .seed = derive_seed(context.seed(), "pair intervals")};
  Json document{{"obligor", facts.program},
                {"kind", "compare"},
                {"command", facts.command},
                {"started", facts.started},
                {"seconds", facts.seconds},
                {"machine", {{"cores", std::thread::hardware_concurrency()}, {"threads", context.threads()}}},
                {"data", {{"source", facts.source}, {"rows", facts.table_rows}}},
                {"task", pair_task_json(task)},
                {"split", {{"kind", comparison.split_kind}, {"detail", comparison.split_detail}}},
                {"rows", rating ? comparison.rows.size() : comparison.customer.size()},
                {"folds", comparison.folds},
                {"seed", context.seed()}};
  document["conventions"] = {{"intervals", fmt::format("95 %, percentiles of {} resamples of whole customers", facts.resamples)},
                             {"pairs", "difference on the same customers; p of its mean over customers, normal, adjusted by Holm"},
                             {"fit_seconds", "summed over folds, one thread a job"}};
  if (rating) {
    document["conventions"]["rmse"] = "root of the mean squared error over all test rows together";
    document["conventions"]["mae"] = "mean absolute error over all test rows together";
  } else {
    document["task"]["k"] = comparison.k;
    document["task"]["negatives"] = comparison.negatives;
    document["conventions"]["hr"] = fmt::format("share of customers whose held-back product is among the first {}", comparison.k);
    document["conventions"]["ndcg"] = fmt::format("mean of 1 / log2(position + 1), 0 beyond position {}", comparison.k);
    document["conventions"]["equal_scores"] = "the mean over their orders";
  }

  std::vector<std::vector<Measured>> measured(comparison.models.size());
  std::vector<double> value(comparison.models.size(), INFINITY);  // smaller is better
  for (size_t m = 0; m < measured.size(); ++m) {
    if (!comparison.models[m].ok) continue;
    measured[m] = measure(comparison, comparison.models[m], task);
    const auto& first = measured[m].front().sums;
    const double mean = std::accumulate(first.sum.begin(), first.sum.end(), 0.0) / std::accumulate(first.count.begin(), first.count.end(), 0.0);
    value[m] = rating ? mean : -mean;
  }
  std::vector<size_t> order(measured.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return value[a] < value[b]; });
  document["models"] = Json::array();
  std::vector<const PairOutcome*> finished;
  std::vector<const Measured*> ranking;
  for (const size_t m : order) {
    document["models"].push_back(model_json(comparison.models[m], measured[m], bootstrap));
    if (!comparison.models[m].ok) continue;
    finished.push_back(&comparison.models[m]);
    ranking.push_back(measured[m].data());
  }
  document["tests"] = Json::array();
  if (finished.size() > 1) {
    document["tests"].push_back({{"kind", "customers"}, {"metric", rating ? "rmse" : "hr"}, {"pairs", pairs_json(finished, ranking, bootstrap)}});
  }
  document["best"] = finished.empty() ? Json(nullptr) : Json(finished.front()->entry.name);
  if (comparison.stopped) document["stopped"] = true;
  document["warnings"] = Json::array();
  const auto warn = [&](std::string_view kind, const std::string& message) {
    document["warnings"].push_back({{"kind", kind}, {"message", message}});
  };
  for (const auto& message : task.warnings) warn("time", message);
  for (const auto& message : comparison.warnings) warn("split", message);
  if (task.missing > 0) {
    warn("missing",
         fmt::format("{} rows lack a customer, a product{} and were left out", task.missing, rating ? ", a rating or a time" : " or a time"));
  }
  if (task.repeated > 0) warn("repeated", fmt::format("{} rows repeat a customer and a product; the latest of each counts", task.repeated));
  return document;
}

}  // namespace obligor
