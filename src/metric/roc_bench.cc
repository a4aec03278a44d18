// The exact AUC of n scores by the room's sort, beside the same count over std::sort in the same run: counter `times_faster`.
#include "metric/roc.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/random.h"

namespace obligor::metric {
namespace {

struct Data {
  std::vector<double> scores;
  std::vector<uint8_t> target;
};

Data make(size_t n) {
  Random random(1, "roc-bench");
  Data d;
  for (size_t i = 0; i < n; ++i) {
    d.target.push_back(static_cast<uint8_t>(random.uniform() < 0.2));
    d.scores.push_back(1 / (1 + std::exp(2.5 - random.normal() - d.target.back())));
  }
  return d;
}

double auc_by_std_sort(const Data& d) {
  std::vector<std::pair<double, uint8_t>> rows(d.scores.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = {d.scores[i], d.target[i]};
  std::sort(rows.begin(), rows.end());
  double goods = 0;
  double bads = 0;
  double wins = 0;
  for (size_t i = 0; i < rows.size();) {
    double good = 0;
    double bad = 0;
    const double score = rows[i].first;
    for (; i < rows.size() && rows[i].first == score; ++i) (rows[i].second != 0 ? bad : good) += 1;
    wins += bad * (goods + good / 2);
    goods += good;
    bads += bad;
  }
  return wins / goods / bads;
}

void auc_against_std_sort(benchmark::State& state) {
  const Data d = make(static_cast<size_t>(state.range(0)));
  if (std::abs(auc(d.scores, d.target) - auc_by_std_sort(d)) > 1e-12) state.SkipWithError("the two disagree");
  using Clock = std::chrono::steady_clock;
  double ours = 0;
  double theirs = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    benchmark::DoNotOptimize(auc(d.scores, d.target));
    ours += std::chrono::duration<double>(Clock::now() - start).count();
    state.PauseTiming();
    const auto again = Clock::now();
    benchmark::DoNotOptimize(auc_by_std_sort(d));
    theirs += std::chrono::duration<double>(Clock::now() - again).count();
    state.ResumeTiming();
  }
  state.counters["times_faster"] = theirs / ours;
}
BENCHMARK(auc_against_std_sort)->Arg(1000)->Arg(40000)->Arg(1000000)->Unit(benchmark::kMicrosecond)->UseRealTime()->MinTime(0.3);

void rank_sample(benchmark::State& state) {
  const Data d = make(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(RankedSample(d.scores, d.target).size());
}
BENCHMARK(rank_sample)->Arg(40000)->Arg(1000000)->Unit(benchmark::kMicrosecond)->MinTime(0.3);

}  // namespace
}  // namespace obligor::metric
