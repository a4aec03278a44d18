#include "study/document.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <thread>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "metric/calibration.h"
#include "metric/delong.h"
#include "metric/evaluate.h"
#include "metric/ranks.h"
#include "metric/roc.h"
#include "metric/threshold.h"
#include "model/diagnosis.h"
#include "study/cutoffs.h"
#include "study/profile.h"

namespace obligor {
namespace {

constexpr size_t kCurvePoints = 200;

// The test targets and weights of each fold, in the order of the fold's rows.
struct FoldTruth {
  std::vector<uint8_t> target;
  std::vector<double> weight;
};

std::vector<FoldTruth> truths(const Task& task, const Split& split) {
  std::vector<FoldTruth> result;
  for (const auto& fold : split.folds) {
    auto& truth = result.emplace_back();
    for (const uint32_t row : fold.test) {
      truth.target.push_back(task.target[row]);
      if (!task.weight.empty()) truth.weight.push_back(task.weight[row]);
    }
  }
  return result;
}

Json interval_json(const metric::Interval& interval) { return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}}; }

// The folds' test rows together, each with the probability of the fit that did not see it.
metric::RankedSample pooled(const ModelOutcome& outcome, const std::vector<FoldTruth>& truth) {
  std::vector<double> scores;
  std::vector<uint8_t> target;
  std::vector<double> weight;
  for (size_t f = 0; f < outcome.jobs.size(); ++f) {
    scores.insert(scores.end(), outcome.jobs[f].probability.begin(), outcome.jobs[f].probability.end());
    target.insert(target.end(), truth[f].target.begin(), truth[f].target.end());
    weight.insert(weight.end(), truth[f].weight.begin(), truth[f].weight.end());
  }
  return {scores, target, weight};
}

Json curves_json(const metric::RankedSample& sample) {
  Json json;
  for (const auto& point : metric::curve_points(sample, kCurvePoints)) {
    json["roc"].push_back({point.false_positive_rate, point.true_positive_rate});
    json["pr"].push_back({point.true_positive_rate, point.precision});
    json["ks"].push_back({point.population, point.true_positive_rate, point.false_positive_rate});
    json["gains"].push_back({point.population, point.true_positive_rate});
  }
  json["calibration"] = Json::array();
  for (const auto& bin : metric::reliability(sample)) {
    json["calibration"].push_back(
        {{"mean", bin.mean_score}, {"rate", bin.bad_rate.value}, {"n", bin.rows}, {"low", bin.bad_rate.low}, {"high", bin.bad_rate.high}});
  }
  constexpr size_t kBins = 40;
  std::vector<double> edges;
  for (size_t b = 0; b <= kBins; ++b) edges.push_back(static_cast<double>(b) / kBins);
  std::vector<int> good(kBins, 0);
  std::vector<int> bad(kBins, 0);
  for (size_t i = 0; i < sample.size(); ++i) {
    const auto bin = std::min(kBins - 1, static_cast<size_t>(sample.scores()[i] * kBins));
    ++(sample.target()[i] != 0 ? bad : good)[bin];
  }
  json["histogram"] = {{"edges", edges}, {"good", good}, {"bad", bad}};
  return json;
}

Json fold_metrics_json(const ModelOutcome& outcome, const std::vector<FoldTruth>& truth) {
  Json json;
  for (size_t f = 0; f < outcome.jobs.size(); ++f) {
    const metric::RankedSample sample(outcome.jobs[f].probability, truth[f].target, truth[f].weight);
    json["auc"].push_back(metric::auc(sample, sample.weights()));
    json["ks"].push_back(metric::ks(sample, sample.weights()));
    json["brier"].push_back(metric::brier(sample, sample.weights()));
    json["log_loss"].push_back(metric::log_loss(sample, sample.weights()));
  }
  return json;
}

Json importance_json(const ModelOutcome& outcome) {
  std::map<std::string, double> shares;
  double total = 0;
  for (const auto& job : outcome.jobs) {
    for (const auto& feature : job.importance) {
      shares[feature.feature] += feature.share;
      total += feature.share;
    }
  }
  std::vector<std::pair<std::string, double>> sorted(shares.begin(), shares.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  Json json = Json::array();
  for (const auto& [feature, value] : sorted) {
    json.push_back({{"feature", feature}, {"value", value / static_cast<double>(outcome.jobs.size())}, {"share", value / total}});
  }
  return json;
}

// The trees that a model's fit on the first fold describes, as nodes; absent for a model that has none.
Json trees_json(const ModelOutcome& outcome) {
  const Json& details = outcome.jobs.front().details;
  Json trees = Json::array();
  const auto add = [&](const Json& source, const std::string& name) {
    Json tree{{"name", name}, {"leaves", source.value("leaves", 0)}, {"nodes", source["nodes"]}};
    if (source.contains("weight")) tree["weight"] = source["weight"];
    if (source.value("trials", size_t{1}) > 1) tree["trials"] = source["trials"];
    if (source.contains("rule_set")) tree["rule_set"] = source["rule_set"];
    trees.push_back(std::move(tree));
  };
  if (details.contains("nodes")) add(details, outcome.entry.name);
  for (const auto& member : details.value("trees", Json::array())) {
    if (member.contains("nodes")) add(member, member.value("name", ""));
  }
  return trees;
}

// The card of the first fold, and how large each fold's is; absent for a model that is none.
Json scorecard_json(const ModelOutcome& outcome) {
  if (!outcome.jobs.front().details.contains("scorecard")) return nullptr;
  Json card = outcome.jobs.front().details["scorecard"];
  card["fold"] = outcome.jobs.front().fold;
  for (const auto& job : outcome.jobs) {
    card["sizes"]["characteristics"].push_back(job.details["scorecard"]["characteristics"].size());
    card["sizes"]["attributes"].push_back(job.details["scorecard"]["attributes"]);
  }
  return card;
}

// Over the runs of all folds, by the parameters of the first.
Json diagnosis_of(const ModelOutcome& outcome) {
  std::vector<Learning> runs;
  for (const auto& job : outcome.jobs) {
    for (const auto& member : job.learning) runs.push_back(member.learning);
  }
  return diagnosis_json(diagnose(runs, outcome.jobs.front().params));
}

Json model_json(const ModelOutcome& outcome, const std::vector<FoldTruth>& truth, const RunFacts& facts, uint64_t seed) {
  Json json;
  json["name"] = outcome.entry.name;
  json["title"] = outcome.entry.title;
  json["family"] = outcome.entry.family;
  json["paper"] = outcome.entry.paper;
  json["status"] = outcome.ok ? "ok" : "failed";
  if (!outcome.ok) {
    json["reason"] = outcome.reason;
    return json;
  }
  std::vector<metric::FoldScores> folds;
  double threshold = 0;
  double fit_seconds = 0;
  double score_seconds = 0;
  size_t scored = 0;
  for (size_t f = 0; f < outcome.jobs.size(); ++f) {
    const JobResult& job = outcome.jobs[f];
    folds.push_back({job.probability, truth[f].target, truth[f].weight, job.threshold});
    threshold += job.threshold / static_cast<double>(outcome.jobs.size());
    fit_seconds += job.fit_seconds;
    score_seconds += job.score_seconds;
    scored += job.probability.size();
  }
  metric::EvaluateOptions options;
  options.resamples = static_cast<size_t>(facts.resamples);
  options.seed = seed;
  const auto metrics = metric::evaluate_binary(folds, options);
  for (const auto& [name, interval] : metrics.named()) json["metrics"][std::string(name)] = interval_json(interval);
  json["fold_metrics"] = fold_metrics_json(outcome, truth);
  json["threshold"] = threshold;
  json["fit_seconds"] = fit_seconds;
  json["score_rows_per_second"] = score_seconds > 0 ? static_cast<double>(scored) / score_seconds : 0;
  json["params"] = outcome.jobs.front().params;
  json["inner_auc"] = Json::array();
  for (const JobResult& job : outcome.jobs) json["inner_auc"].push_back(job.inner_auc);
  for (const auto& job : outcome.jobs) {
    if (job.tuning.is_null()) continue;
    Json tuning{{"fold", job.fold}};
    tuning.update(job.tuning);
    json["tuning"].push_back(std::move(tuning));
  }
  const metric::RankedSample sample = pooled(outcome, truth);
  const Json& details = outcome.jobs.front().details;
  json["curves"] = curves_json(sample);
  json["cut_offs"] = cut_offs_json(sample, scale_of(details), details.contains("scorecard"));
  json["grades"] = grades_json(sample, scale_of(details));
  json["learning"] = Json::array();
  for (const auto& job : outcome.jobs) {
    // The first two folds say how training went; all of them would make the report heavy.
    if (job.fold > 1) break;
    for (const auto& member : job.learning) {
      Json row = learning_json(member.learning);
      if (!facts.diagnose) {
        row.erase("signal");
        row.erase("saturation");
      }
      row["fold"] = job.fold;
      row["member"] = member.member;
      json["learning"].push_back(std::move(row));
    }
  }
  if (json["learning"].empty()) json.erase("learning");
  if (facts.diagnose) json["diagnosis"] = diagnosis_of(outcome);
  json["importance"] = importance_json(outcome);
  if (Json trees = trees_json(outcome); !trees.empty()) json["trees"] = std::move(trees);
  if (Json card = scorecard_json(outcome); !card.is_null()) json["scorecard"] = std::move(card);
  for (const auto& job : outcome.jobs) {
    if (!job.details.contains("reject_inference")) continue;
    Json inferred{{"fold", job.fold}};
    inferred.update(job.details["reject_inference"]);
    json["reject_inference"].push_back(std::move(inferred));
  }
  std::vector<std::string> notes;
  for (const auto& job : outcome.jobs) {
    for (const auto& note : job.notes) {
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
    }
  }
  json["notes"] = notes;
  return json;
}

Json tests_json(const std::vector<const ModelOutcome*>& finished, const std::vector<FoldTruth>& truth) {
  Json tests = Json::array();
  if (finished.size() < 2) return tests;
  const size_t folds = truth.size();
  std::vector<metric::DelongResult> results;
  std::vector<double> fold_auc;  // folds x models
  for (size_t f = 0; f < folds; ++f) {
    std::vector<std::span<const double>> scores;
    scores.reserve(finished.size());
    for (const auto* outcome : finished) scores.emplace_back(outcome->jobs[f].probability);
    results.push_back(metric::delong(scores, truth[f].target, truth[f].weight));
    fold_auc.insert(fold_auc.end(), results.back().auc.begin(), results.back().auc.end());
  }
  Json delong{{"kind", "delong"}, {"adjust", "holm"}, {"pairs", Json::array()}};
  for (const auto& pair : metric::pairwise_tests(metric::mean_over_folds(results))) {
    delong["pairs"].push_back({{"a", finished[pair.first]->entry.name},
                               {"b", finished[pair.second]->entry.name},
                               {"difference", pair.difference.value},
                               {"low", pair.difference.low},
                               {"high", pair.difference.high},
                               {"p", pair.p},
                               {"p_adjusted", pair.p_holm}});
  }
  tests.push_back(std::move(delong));
  if (folds >= 3) {
    const auto friedman = metric::friedman(fold_auc, folds, finished.size());
    Json json{{"kind", "friedman"},        {"metric", "auc"}, {"folds", folds}, {"statistic", friedman.chi_square},
              {"df", finished.size() - 1}, {"p", friedman.p}};
    for (size_t m = 0; m < finished.size(); ++m) json["mean_ranks"][finished[m]->entry.name] = friedman.mean_ranks[m];
    json["nemenyi"] = {{"critical_difference", metric::nemenyi_critical_difference(finished.size(), folds)}, {"alpha", 0.05}};
    tests.push_back(std::move(json));
  }
  return tests;
}

std::string_view split_name(SplitKind kind) {
  switch (kind) {
    case SplitKind::kHoldOut: return "holdout";
    case SplitKind::kKFold: return "kfold";
    case SplitKind::kOutOfTime: return "time";
    case SplitKind::kGrouped: return "grouped";
    case SplitKind::kFile: return "file";
  }
  return "";
}

}  // namespace

Json comparison_document(const Comparison& comparison, const Table& table, const Task& task, const Split& split, const std::vector<Guard>& guards,
                         const RunFacts& facts, const Context& context) {
  const auto truth = truths(task, split);
  Json document;
  document["obligor"] = OBLIGOR_VERSION;
  document["kind"] = "compare";
  document["command"] = facts.command;
  document["started"] = facts.started;
  document["seconds"] = facts.seconds;
  document["peak_memory_bytes"] = peak_memory_bytes();
  document["machine"] = {{"cores", std::thread::hardware_concurrency()}, {"threads", context.threads()}};
  if (const std::string processor = processor_name(); !processor.empty()) document["machine"]["processor"] = processor;
  document["data"] = {{"source", facts.source}, {"rows", table.rows()}, {"columns", table.columns().size()}, {"features", task.features.size()}};
  document["task"] = task_json(task);
  document["split"] = {{"kind", split_name(split.kind)}, {"detail", split.detail}};
  document["rows"] = task.rows.size();
  document["folds"] = split.folds.size();
  document["seed"] = context.seed();
  document["conventions"] = {{"target", "1 = bad"},
                             {"metrics", "mean over the folds of the fold's own value; the interval is that of the mean, at 95 %"},
                             {"auc_interval", "DeLong, on the logit scale; gini = 2 auc - 1"},
                             {"other_intervals", fmt::format("stratified bootstrap within folds, {} resamples, percentiles", facts.resamples)},
                             {"threshold", "a row is called bad when its probability is at or above the bad rate of the training rows"},
                             {"ece", "10 bins of equal count"},
                             {"h_measure", "Beta(2, 2) over the cost share (Hand 2009)"},
                             {"log_loss", "probabilities clipped at 1e-15"},
                             {"pr_auc", "average precision"},
                             {"curves", "drawn over the folds' test rows together"},
                             {"cut_offs", "over the folds' test rows together; a cut-off approves its band and every safer one"},
                             {"grades", "out-of-fold bad rate of each grade, interval of Clopper and Pearson; the limits come from the same rows"},
                             {"fit_seconds", "summed over folds, choice by inner folds included, one thread a job"},
                             {"pairs", "DeLong on the same test rows, p adjusted by Holm"}};

  std::vector<Json> models(comparison.models.size());
  parallel_for(context, models.size(), [&](size_t m) { models[m] = model_json(comparison.models[m], truth, facts, context.seed()); });
  // Ranked by AUC, what failed last.
  std::vector<size_t> order(models.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto auc_of = [&](size_t m) { return comparison.models[m].ok ? models[m]["metrics"]["auc"]["value"].get<double>() : -1.0; };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return auc_of(a) > auc_of(b); });
  document["models"] = Json::array();
  std::vector<const ModelOutcome*> finished;
  for (const size_t m : order) {
    document["models"].push_back(std::move(models[m]));
    if (comparison.models[m].ok) finished.push_back(&comparison.models[m]);
  }
  document["tests"] = tests_json(finished, truth);
  document["best"] = finished.empty() ? Json(nullptr) : Json(finished.front()->entry.name);
  if (comparison.stopped) document["stopped"] = true;
  document["warnings"] = Json::array();
  for (const auto& guard : guards) {
    Json warning{{"kind", guard.kind}, {"message", guard.message}};
    if (!guard.column.empty()) warning["column"] = guard.column;
    document["warnings"].push_back(std::move(warning));
  }
  for (const auto& note : facts.notes) document["warnings"].push_back({{"kind", "reading"}, {"message", note}});
  if (task.missing_target > 0) {
    document["warnings"].push_back(
        {{"kind", "missing_target"}, {"message", fmt::format("{} rows without a target were left out", task.missing_target)}});
  }
  if (!task.rejects.empty()) {
    document["warnings"].push_back({{"kind", "rejects"},
                                    {"message", fmt::format("{} rejected applications have no outcome: every metric, curve and table is of the {} "
                                                            "accepted ones alone, and says nothing of how the model does among the others",
                                                            task.rejects.size(), task.rows.size())}});
  }
  document["profile"] = data_profile(table, task, guards, context);
  return document;
}

std::string out_of_fold_csv(const Comparison& comparison, const Table& table, const Split& split) {
  std::string text = "row,fold,model,p\n";
  for (const auto& outcome : comparison.models) {
    for (const auto& job : outcome.jobs) {
      const auto& test = split.folds[static_cast<size_t>(job.fold)].test;
      for (size_t i = 0; i < test.size(); ++i) {
        text += fmt::format("{},{},{},{:.9g}\n", table.source_row(test[i]), job.fold, outcome.entry.name, job.probability[i]);
      }
    }
  }
  return text;
}

}  // namespace obligor
