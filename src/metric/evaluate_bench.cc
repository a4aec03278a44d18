// All metrics with 200 resamples over one sorted order, beside the same metrics with each resample sorted anew: `times_faster`.
#include "metric/evaluate.h"

#include <benchmark/benchmark.h>

#include <chrono>

#include "metric/calibration.h"
#include "metric/metric_test_data.h"
#include "metric/roc.h"
#include "metric/threshold.h"

namespace obligor::metric {
namespace {

void evaluate_against_resorting(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  const TestData d = random_data(n, 1);
  using Clock = std::chrono::steady_clock;
  double ours = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    benchmark::DoNotOptimize(evaluate_binary(d.scores, d.target, {}, 0.3, {.resamples = 200}).ks.low);
    ours += std::chrono::duration<double>(Clock::now() - start).count();
  }
  ours /= static_cast<double>(state.iterations());
  Random random(1, "rows");
  std::vector<double> scores(n);
  std::vector<uint8_t> target(n);
  constexpr int kSome = 10;
  const auto start = Clock::now();
  for (int r = 0; r < kSome; ++r) {
    for (size_t i = 0; i < n; ++i) {
      const size_t row = random.below(n);
      scores[i] = d.scores[row];
      target[i] = d.target[row];
    }
    const RankedSample sample(scores, target);
    const auto w = sample.weights();
    benchmark::DoNotOptimize(auc(sample, w) + ks(sample, w) + pr_auc(sample, w) + h_measure(sample, w) + brier(sample, w) + log_loss(sample, w) +
                             ece(sample, w) + confusion(sample, w, 0.3).f1());
  }
  const double theirs = std::chrono::duration<double>(Clock::now() - start).count() / kSome * 200;
  state.counters["times_faster"] = theirs / ours;
}
BENCHMARK(evaluate_against_resorting)->Arg(1000)->Arg(40000)->Arg(300000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace obligor::metric
