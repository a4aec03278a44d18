#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <thread>

#include <fmt/format.h>

#include "core/random.h"
#include "metric/ranks.h"
#include "metric/recommend.h"
#include "study/transition/transition.h"

namespace obligor {
namespace {

constexpr double kLeastProbability = 1e-15;

// A transition that test rows make, and the positions (among the tested rows) that stand in its state of departure. With horizons: the event
// within one of them, which is the first states up to that one.
struct Asked {
  size_t from = 0;
  size_t to = 0;
  size_t first = 0;  // of the states that count as made; `to` is the last of them
  std::vector<size_t> rows;
  size_t made = 0;
};

std::vector<Asked> asked_transitions(const TransitionComparison& comparison, const Panel& panel) {
  const size_t states = panel.states.size();
  std::vector<std::vector<size_t>> rows(states);
  std::vector<size_t> made(states * states, 0);
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const uint32_t at = comparison.rows[i];
    rows[panel.from[at]].push_back(i);
    ++made[panel.from[at] * states + panel.to[at]];
  }
  std::vector<Asked> asked;
  for (size_t t = 0; t < made.size(); ++t) {
    const size_t from = t / states;
    if (made[t] > 0) asked.push_back({from, t % states, t % states, rows[from], made[t]});
  }
  if (!panel.has_horizons()) return asked;
  asked.clear();
  size_t sum = 0;
  for (size_t h = 0; h + 1 < states; ++h) {
    sum += made[(states - 1) * states + h];
    asked.push_back({states - 1, h, 0, rows[states - 1], sum});
  }
  return asked;
}

Json interval_json(const metric::Interval& interval) { return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}}; }

// Of one transition: AUC, and expected against observed in all and by period.
Json transition_json(const Asked& asked, const TransitionOutcome& outcome, const TransitionComparison& comparison, const Panel& panel,
                     const metric::BootstrapOptions& bootstrap) {
  const size_t states = panel.states.size();
  std::vector<double> scores;
  std::vector<uint8_t> target;
  std::vector<uint32_t> account;
  struct Count {
    size_t rows = 0;
    double expected = 0;
    double observed = 0;
  };
  std::map<uint32_t, Count> by_period;
  Count all;
  for (const size_t i : asked.rows) {
    const uint32_t at = comparison.rows[i];
    const auto p = outcome.probabilities.begin() + static_cast<std::ptrdiff_t>(i * states);
    scores.push_back(std::accumulate(p + static_cast<std::ptrdiff_t>(asked.first), p + static_cast<std::ptrdiff_t>(asked.to + 1), 0.0));
    target.push_back(panel.to[at] >= asked.first && panel.to[at] <= asked.to ? 1 : 0);
    account.push_back(panel.account[at]);
    for (Count* count : {&all, &by_period[panel.period[at]]}) {
      count->rows += 1;
      count->expected += scores.back();
      count->observed += target.back();
    }
  }
  Json json{{"rows", all.rows}, {"expected", all.expected}, {"observed", all.observed}, {"auc", nullptr}};
  if (panel.has_horizons()) {
    json["within"] = panel.spec.within[asked.to];
  } else {
    json["from"] = panel.states[asked.from];
    json["to"] = panel.states[asked.to];
  }
  if (asked.made > 0 && asked.made < asked.rows.size()) json["auc"] = interval_json(metric::cluster_auc(scores, target, account, bootstrap));
  double gap = 0;
  Json periods = Json::array();
  for (const auto& [period, count] : by_period) {
    gap += std::fabs(count.expected - count.observed);
    periods.push_back({{"period", panel.periods[period]}, {"rows", count.rows}, {"expected", count.expected}, {"observed", count.observed}});
  }
  json["period_gap"] = gap / static_cast<double>(all.rows);
  json["periods"] = std::move(periods);
  return json;
}

Json forecast_json(const TransitionOutcome& outcome, const Panel& panel) {
  Json all = Json::array();
  for (size_t h = 0; h < outcome.forecast.size(); ++h) {
    const PoolForecast& pool = outcome.forecast[h];
    if (pool.accounts == 0) break;
    Json states = Json::object();
    double gap = 0;
    for (size_t s = 0; s < panel.states.size(); ++s) {
      states[panel.states[s]] = {{"expected", pool.expected[s]}, {"observed", pool.observed[s]}};
      gap += std::fabs(pool.expected[s] - pool.observed[s]) / 2;
    }
    all.push_back(
        {{"periods", h + 1}, {"accounts", pool.accounts}, {"states", std::move(states)}, {"error", gap / static_cast<double>(pool.accounts)}});
  }
  return all;
}

std::vector<double> losses_of(const TransitionOutcome& outcome, const TransitionComparison& comparison, const Panel& panel) {
  std::vector<double> losses;
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const double p = outcome.probabilities[i * panel.states.size() + panel.to[comparison.rows[i]]];
    losses.push_back(-std::log(std::max(p, kLeastProbability)));
  }
  return losses;
}

Json learning_json(const FitReport& report) {
  Json all = Json::array();
  for (const auto& learning : report.learning) {
    all.push_back({{"epoch", learning.epoch}, {"train_loss", learning.train_loss}, {"valid_loss", learning.valid_loss}});
  }
  return all;
}

}  // namespace

Json transition_document(const TransitionComparison& comparison, const Panel& panel, const TransitionFacts& facts, const Context& context) {
  const metric::BootstrapOptions bootstrap{.resamples = facts.resamples, .seed = derive_seed(context.seed(), "transition intervals")};
  Json document{{"obligor", facts.program},
                {"kind", "compare"},
                {"command", facts.command},
                {"started", facts.started},
                {"seconds", facts.seconds},
                {"machine", {{"cores", std::thread::hardware_concurrency()}, {"threads", context.threads()}}},
                {"data", {{"source", facts.source}, {"rows", facts.table_rows}}},
                {"task", panel_json(panel)},
                {"split", {{"kind", comparison.split_kind}, {"detail", comparison.split_detail}}},
                {"rows", comparison.rows.size()},
                {"folds", comparison.folds},
                {"seed", context.seed()}};
  document["conventions"] = {
      {"log_loss", "mean of -ln p(next state) over all test rows together, p at least 1e-15"},
      {"auc", "of p(to), among the test rows that stand in `from`; all folds together"},
      {"intervals", fmt::format("95 %, percentiles of {} resamples of whole accounts", facts.resamples)},
      {"period_gap", "mean over periods, weighted by rows, of |expected - observed| share"},
      {"forecast",
       "accounts of a test part from their first period there; columns as they were then, but those advanced; error: half the sum over "
       "states of |expected - observed|, a share of the accounts still observed"},
      {"pairs", "difference of log-loss on the same accounts, adjusted by Holm"},
      {"fit_seconds", "summed over folds, one thread a job"}};
  if (!comparison.options.advance.empty()) document["task"]["advance"] = comparison.options.advance;

  const auto asked = asked_transitions(comparison, panel);
  std::vector<uint32_t> account;
  for (const uint32_t at : comparison.rows) account.push_back(panel.account[at]);
  std::vector<metric::ClusterSums> sums(comparison.models.size());
  std::vector<double> loss(comparison.models.size(), INFINITY);
  for (size_t m = 0; m < loss.size(); ++m) {
    if (!comparison.models[m].ok) continue;
    const auto losses = losses_of(comparison.models[m], comparison, panel);
    loss[m] = std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
    sums[m] = metric::cluster_sums(losses, account, panel.accounts);
  }
  std::vector<size_t> order(loss.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return loss[a] < loss[b]; });

  document["models"] = Json::array();
  for (const size_t m : order) {
    const TransitionOutcome& outcome = comparison.models[m];
    Json json{{"name", outcome.entry.name},
              {"title", outcome.entry.title},
              {"family", outcome.entry.family},
              {"paper", outcome.entry.paper},
              {"status", outcome.ok ? "ok" : "failed"}};
    if (!outcome.ok) json["reason"] = outcome.reason;
    json["fit_seconds"] = outcome.fit_seconds;
    json["params"] = outcome.params;
    json["notes"] = outcome.report.notes;
    if (outcome.ok) {
      json["metrics"]["log_loss"] = interval_json(metric::cluster_mean(sums[m], metric::Transform::kNone, bootstrap));
      if (outcome.score_seconds > 0) json["score_rows_per_second"] = static_cast<double>(comparison.rows.size()) / outcome.score_seconds;
      Json& list = json[panel.has_horizons() ? "horizons" : "transitions"] = Json::array();
      for (const auto& one : asked) list.push_back(transition_json(one, outcome, comparison, panel, bootstrap));
      json["forecast"] = forecast_json(outcome, panel);
      if (Json learning = learning_json(outcome.report); !learning.empty()) json["learning"] = std::move(learning);
    }
    document["models"].push_back(std::move(json));
  }

  Json pairs = Json::array();
  std::vector<double> p;
  for (size_t a = 0; a < order.size(); ++a) {
    for (size_t b = a + 1; b < order.size(); ++b) {
      if (!comparison.models[order[a]].ok || !comparison.models[order[b]].ok) continue;
      const auto result = metric::cluster_difference(sums[order[a]], sums[order[b]], metric::Transform::kNone, bootstrap);
      p.push_back(result.p);
      pairs.push_back({{"a", comparison.models[order[a]].entry.name},
                       {"b", comparison.models[order[b]].entry.name},
                       {"difference", result.difference.value},
                       {"low", result.difference.low},
                       {"high", result.difference.high},
                       {"p", result.p}});
    }
  }
  const auto adjusted = metric::holm(p);
  for (size_t i = 0; i < adjusted.size(); ++i) pairs[i]["p_adjusted"] = adjusted[i];
  document["tests"] = Json::array();
  if (!pairs.empty()) document["tests"].push_back({{"kind", "accounts"}, {"metric", "log_loss"}, {"pairs", std::move(pairs)}});
  const bool any = !order.empty() && comparison.models[order.front()].ok;
  document["best"] = any ? Json(comparison.models[order.front()].entry.name) : Json(nullptr);
  if (comparison.stopped) document["stopped"] = true;
  document["warnings"] = Json::array();
  const auto warn = [&](size_t count, std::string_view kind, std::string_view what) {
    if (count > 0) document["warnings"].push_back({{"kind", kind}, {"message", fmt::format("{} rows {}", count, what)}});
  };
  warn(panel.missing, "missing", "lack an account, a period or a state and were left out");
  warn(panel.repeated, "repeated", "repeat an account and a period; the last of each counts");
  warn(panel.gone, "gone", "stand in the event or come after it and were left out");
  warn(panel.unripe, "unripe", "have a last horizon that ends after the table and were left out");
  warn(panel.last, "last", "are not followed by the account's next period and were left out");
  if (!panel.start_from.empty()) {
    document["warnings"].push_back({{"kind", "start"},
                                    {"message", fmt::format("no --state was given: every row starts in '{}', the commonest value of '{}'",
                                                            panel.start_from, panel.spec.target)}});
  }
  return document;
}

}  // namespace obligor
