// Binning of wide and of long columns, and the exact search beside the textbook's cubic one in the same run (counter `times_faster`).
// Times are of the CPU: other work on the machine does not count.
#include "prep/binning/binning.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>

#include "core/file.h"
#include "core/random.h"
#include "prep/binning/solver.h"

namespace obligor {
namespace {

struct Data {
  std::vector<float> x;
  std::vector<uint8_t> y;
};

// A risk driver whose bad rate falls with x, 2 % missing, some ties.
Data make(size_t n, uint64_t seed) {
  Random random(seed, "binning-bench");
  Data d;
  d.x.reserve(n);
  d.y.reserve(n);
  for (size_t i = 0; i < n; ++i) {
    const double x = std::round(-2000.0 * std::log((1 - random.uniform()) * (1 - random.uniform()))) * 10;
    d.y.push_back(random.uniform() < 1 / (1 + std::exp(1.2 + x / 30000)) ? 1 : 0);
    d.x.push_back(random.below(50) == 0 ? kMissing : static_cast<float>(x));
  }
  return d;
}

void bin_columns(benchmark::State& state) {
  const auto rows = static_cast<size_t>(state.range(0));
  const auto columns = static_cast<uint64_t>(state.range(1));
  // The columns of a wide table are drawn one after another, so that the benchmark itself stays small.
  std::vector<Data> data;
  for (uint64_t c = 0; c < std::min<uint64_t>(columns, 4); ++c) data.push_back(make(rows, c + 1));
  double iv = 0;
  for (auto _ : state) {
    for (uint64_t c = 0; c < columns; ++c) {
      const Data& d = data[c % data.size()];
      iv = fit_binning(NumberSample{"x", d.x}, d.y, {}).table().iv;
    }
  }
  state.counters["iv"] = iv;
  state.counters["peak_MB"] = static_cast<double>(peak_memory_bytes()) / 1e6;
  state.counters["rows/s"] = benchmark::Counter(static_cast<double>(rows * columns), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(bin_columns)->Args({10'000, 1})->Args({307'511, 16})->Args({1'000'000, 50})->Args({10'000'000, 1})->Unit(benchmark::kMillisecond);

// value(b, [i, j)) over every predecessor: O(B n^3).
double cubic(const binning::Problem& p, int most) {
  const size_t n = p.cells.size();
  const auto at = [n](size_t i, size_t j) { return i * (n + 1) + j; };
  std::vector<double> gain(at(n, n) + 1, 0);
  std::vector<double> rate(gain.size(), 0);
  for (size_t i = 0; i < n; ++i) {
    binning::Cell cell;
    for (size_t j = i + 1; j <= n; ++j) {
      cell.add(p.cells[j - 1]);
      gain[at(i, j)] = binning::gain(p.divergence, cell, p.totals);
      rate[at(i, j)] = cell.sum / cell.count;
    }
  }
  std::vector<double> value(gain.size(), -1e300);
  for (size_t j = 1; j <= n; ++j) value[at(0, j)] = gain[at(0, j)];
  double best = value[at(0, n)];
  for (int b = 2; b <= most; ++b) {
    std::vector<double> next(gain.size(), -1e300);
    for (size_t i = 1; i < n; ++i) {
      for (size_t j = i + 1; j <= n; ++j) {
        for (size_t h = 0; h < i; ++h) {
          if (rate[at(h, i)] <= rate[at(i, j)]) next[at(i, j)] = std::max(next[at(i, j)], value[at(h, i)] + gain[at(i, j)]);
        }
      }
      best = std::max(best, next[at(i, n)]);
    }
    value = std::move(next);
  }
  return best;
}

void search_against_cubic(benchmark::State& state) {
  Random random(1, "search-bench");
  binning::Problem p;
  binning::Cell all;
  for (int64_t k = 0; k < state.range(0); ++k) {
    const auto bads = static_cast<double>(100 + 2 * k) + static_cast<double>(random.below(60));
    p.cells.push_back({1000, 1000, bads, bads, bads});
    all.add(p.cells.back());
  }
  p.totals = binning::totals_of(all, false);
  p.limits.max_bins = 8;
  if (std::fabs(binning::Search(p).solve(binning::Shape::kUp).value - cubic(p, 8)) > 1e-9) state.SkipWithError("the two disagree");
  using Clock = std::chrono::steady_clock;
  double ours = 0;
  double theirs = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    benchmark::DoNotOptimize(binning::Search(p).solve(binning::Shape::kUp).value);
    ours += std::chrono::duration<double>(Clock::now() - start).count();
    state.PauseTiming();
    const auto again = Clock::now();
    benchmark::DoNotOptimize(cubic(p, 8));
    theirs += std::chrono::duration<double>(Clock::now() - again).count();
    state.ResumeTiming();
  }
  state.counters["times_faster"] = theirs / ours;
}
BENCHMARK(search_against_cubic)->Arg(20)->Arg(60)->Arg(100)->Arg(300)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace obligor
