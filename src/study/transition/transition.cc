#include "study/transition/transition.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "study/transition/fit.h"

namespace obligor {
namespace transition {

Fitted fit(const TransitionRequest& request, const Table& table, const Panel& panel, const std::vector<uint32_t>& train,
           const std::vector<uint32_t>& held_back, const ExecutorFactory& executor, const Context& context) {
  Params params = make_params(request.entry.params, request.given, fmt::format("model '{}'", request.entry.name));
  // Whether the state changed: no column of these models is made from it, and the preprocessor wants a target.
  TrainingRows rows{pick(panel.rows, train), {}, {}};
  for (const uint32_t i : train) rows.target.push_back(panel.from[i] != panel.to[i] ? 1 : 0);
  auto [prep, design] = Preprocessor::fit_transform(table, panel.features, rows, request.entry.prep(params), context, executor);
  const auto from = pick(panel.from, train);
  const auto to = pick(panel.to, train);
  const auto allowed = seen_transitions(panel, train);
  TransitionInput input;
  input.train = design.batch();
  input.from = from;
  input.to = to;
  input.held_back = held_back;
  input.states = panel.states.size();
  input.allowed = allowed;
  TransitionFit fit = request.entry.fit_transitions(input, params, context);
  return {std::move(prep), std::move(fit), std::move(params)};
}

}  // namespace transition

namespace {

using transition::Fitted;
using transition::pick;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Job {
  FitReport report;
  std::vector<double> probabilities;
  std::vector<PoolForecast> forecast;
  double fit_seconds = 0;
  double score_seconds = 0;
  std::string reason;
};

// Where each account of a test part starts, and its state after so many periods (-1: no longer observed).
struct Pool {
  std::vector<uint32_t> start;          // positions in the panel
  std::vector<std::vector<int>> after;  // by horizon, from 1
};

Pool make_pool(const Panel& panel, const std::vector<uint32_t>& test, const std::vector<uint8_t>& leaves, size_t horizon) {
  Pool pool;
  pool.after.resize(horizon);
  for (size_t i = 0; i < test.size(); ++i) {
    if (i > 0 && panel.account[test[i]] == panel.account[test[i - 1]]) continue;
    pool.start.push_back(test[i]);
    int state = -1;
    size_t at = i;
    for (size_t h = 0; h < horizon; ++h) {
      // A state that is never left needs no row to stay known.
      const bool stays = state >= 0 && leaves[static_cast<size_t>(state)] == 0;
      if (!stays) {
        const bool there =
            at < test.size() && panel.account[test[at]] == panel.account[test[i]] && panel.period[test[at]] == panel.period[test[i]] + h;
        state = there ? static_cast<int>(panel.to[test[at]]) : -1;
        if (there) ++at;
        else at = test.size();
      }
      pool.after[h].push_back(state);
    }
  }
  return pool;
}

// The table with the columns in `advance` grown by so many periods.
Table advanced(const Table& table, const std::vector<std::string>& advance, size_t periods) {
  Table moved = table;
  for (const auto& name : advance) {
    const auto numbers = table.column(name).numbers();
    std::vector<float> values(numbers.begin(), numbers.end());
    for (float& value : values) value += static_cast<float>(periods);
    moved = moved.with_column(Column(name, std::move(values)));
  }
  return moved;
}

std::vector<PoolForecast> forecast(const Fitted& fitted, const Table& table, const Panel& panel, const Pool& pool, const std::vector<uint8_t>& leaves,
                                   const TransitionOptions& options) {
  const size_t states = panel.states.size();
  const auto rows = pick(panel.rows, pool.start);
  const Table start = table.take(rows);
  const auto all = all_rows(start.rows());
  std::vector<double> now(pool.start.size() * states, 0);
  for (size_t i = 0; i < pool.start.size(); ++i) now[i * states + panel.from[pool.start[i]]] = 1;

  std::vector<std::vector<double>> step(states);  // p(. | from s, x), rows x states
  std::vector<PoolForecast> out;
  for (size_t h = 0; h < options.horizon; ++h) {
    if (h == 0 || !options.advance.empty()) {
      const Design design = fitted.prep.apply(h == 0 ? start : advanced(start, options.advance, h), all);
      for (size_t s = 0; s < states; ++s) {
        if (leaves[s] == 0) continue;
        step[s] = fitted.fit.model->predict(design.batch(), std::vector<uint8_t>(all.size(), static_cast<uint8_t>(s)));
      }
    }
    std::vector<double> next(now.size(), 0);
    for (size_t i = 0; i < all.size(); ++i) {
      for (size_t s = 0; s < states; ++s) {
        const double mass = now[i * states + s];
        if (leaves[s] == 0) next[i * states + s] += mass;
        if (leaves[s] == 0 || mass == 0) continue;
        for (size_t t = 0; t < states; ++t) next[i * states + t] += mass * step[s][i * states + t];
      }
    }
    now = std::move(next);
    PoolForecast pooled{0, std::vector<double>(states, 0), std::vector<double>(states, 0)};
    for (size_t i = 0; i < all.size(); ++i) {
      if (pool.after[h][i] < 0) continue;
      ++pooled.accounts;
      pooled.observed[static_cast<size_t>(pool.after[h][i])] += 1;
      for (size_t s = 0; s < states; ++s) pooled.expected[s] += now[i * states + s];
    }
    out.push_back(std::move(pooled));
  }
  return out;
}

Job run_job(const TransitionRequest& request, const Table& table, const Panel& panel, const PanelFold& fold, const TransitionOptions& options,
            const ExecutorFactory& executor, const Context& context) {
  Job job;
  try {
    const auto start = std::chrono::steady_clock::now();
    Fitted fitted = transition::fit(request, table, panel, fold.train, fold.held_back, executor, context);
    job.fit_seconds = seconds_since(start);
    const auto scoring = std::chrono::steady_clock::now();
    const Design design = fitted.prep.apply(table, pick(panel.rows, fold.test));
    job.probabilities = fitted.fit.model->predict(design.batch(), pick(panel.from, fold.test));
    job.score_seconds = seconds_since(scoring);
    for (const double p : job.probabilities) {
      if (!std::isfinite(p)) throw Error(ErrorCode::kNumeric, "a probability is not a finite number; a smaller learning_rate may help");
    }
    std::vector<uint8_t> leaves(panel.states.size(), 0);
    for (const uint32_t i : fold.train) leaves[panel.from[i]] = 1;
    job.forecast = forecast(fitted, table, panel, make_pool(panel, fold.test, leaves, options.horizon), leaves, options);
    job.report = std::move(fitted.fit.report);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    job.reason = error.what();
  } catch (const std::bad_alloc&) {
    job.reason = "out of memory";
  }
  return job;
}

void check_advance(const Table& table, const Panel& panel, const std::vector<std::string>& advance) {
  for (const auto& name : advance) {
    const bool feature = std::find(panel.features.begin(), panel.features.end(), name) != panel.features.end();
    if (feature && table.column(name).kind() == ColumnKind::kNumber) continue;
    throw Error(ErrorCode::kInvalid, fmt::format("--advance {}: a number column among the features is wanted", name));
  }
}

}  // namespace

TransitionComparison compare_transitions(const std::vector<TransitionRequest>& requests, const Table& table, const Panel& panel,
                                         const std::vector<PanelFold>& folds, const TransitionOptions& options, const ExecutorFactory& executor,
                                         const Context& context) {
  check_advance(table, panel, options.advance);
  TransitionComparison comparison;
  comparison.folds = folds.size();
  comparison.options = options;
  for (const auto& fold : folds) comparison.rows.insert(comparison.rows.end(), fold.test.begin(), fold.test.end());
  for (const auto& request : requests) {
    const Params params = make_params(request.entry.params, request.given, fmt::format("model '{}'", request.entry.name));
    comparison.models.push_back({request.entry, params.json(), false, {}, 0, 0, {}, {}, {}});
  }
  std::vector<std::vector<Job>> jobs(requests.size(), std::vector<Job>(folds.size()));
  auto progress = context.begin("compare", static_cast<int64_t>(requests.size() * folds.size()));
  try {
    parallel_for(context, requests.size() * folds.size(), [&](size_t j) {
      const size_t m = j / folds.size();
      const size_t f = j % folds.size();
      const auto& name = requests[m].entry.name;
      jobs[m][f] = run_job(requests[m], table, panel, folds[f], options, executor, context.with_seed(derive_seed(context.seed(), name, f)));
      const Job& job = jobs[m][f];
      progress.advance(
          1, job.reason.empty() ? fmt::format("{} fold {}: {:.1f} s", name, f + 1, job.fit_seconds) : fmt::format("{} fold {} failed", name, f + 1));
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    comparison.stopped = true;
  }
  const size_t states = panel.states.size();
  for (size_t m = 0; m < requests.size(); ++m) {
    TransitionOutcome& outcome = comparison.models[m];
    outcome.ok = true;
    outcome.forecast.resize(options.horizon, {0, std::vector<double>(states, 0), std::vector<double>(states, 0)});
    for (size_t f = 0; f < folds.size(); ++f) {
      Job& job = jobs[m][f];
      outcome.fit_seconds += job.fit_seconds;
      outcome.score_seconds += job.score_seconds;
      if (!job.reason.empty() || job.probabilities.size() != folds[f].test.size() * states) {
        outcome.ok = false;
        if (outcome.reason.empty()) outcome.reason = job.reason.empty() ? "stopped before it was finished" : job.reason;
        continue;
      }
      outcome.probabilities.insert(outcome.probabilities.end(), job.probabilities.begin(), job.probabilities.end());
      for (size_t h = 0; h < options.horizon; ++h) {
        outcome.forecast[h].accounts += job.forecast[h].accounts;
        for (size_t s = 0; s < states; ++s) {
          outcome.forecast[h].expected[s] += job.forecast[h].expected[s];
          outcome.forecast[h].observed[s] += job.forecast[h].observed[s];
        }
      }
    }
    outcome.report = std::move(jobs[m].front().report);
  }
  return comparison;
}

}  // namespace obligor
