#include "zoo/net/lazy_table.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include <gtest/gtest.h>

#include "core/random.h"

namespace obligor::net {
namespace {

// AdamW over the whole table, in float64.
struct Dense {
  std::vector<double> x, m, v;
  int t = 0;
  explicit Dense(const std::vector<float>& start) : x(start.begin(), start.end()), m(x.size()), v(x.size()) {}
  void step(const std::vector<double>& gradient, double rate, double decay) {
    ++t;
    for (size_t i = 0; i < x.size(); ++i) {
      m[i] = 0.9 * m[i] + 0.1 * gradient[i];
      v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
      x[i] -= rate * decay * x[i] + rate * m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
    }
  }
};

// Rows are touched often, seldom, once, and never; one of them has a gradient of a size near epsilon's in half of its columns. The rate goes
// down, and so does the decay with it.
TEST(LazyTable, AdamWIsThatOfTheWholeTable) {
  constexpr size_t kRows = 12;
  constexpr size_t kWidth = 19;
  for (const double decay : {0.0, 0.03, 20.0}) {
    for (const double scale : {1.0, 1e-3, 1e-7, 1e-9}) {
      Random random(3, "lazy");
      std::vector<float> start(kRows * kWidth);
      for (float& value : start) value = static_cast<float>(random.normal());
      Dense dense(start);
      LazyTable lazy(start, kWidth, LazyRule::kAdamW);
      double moved = 0;
      for (int step = 1; step <= 1200; ++step) {
        std::vector<double> gradient(start.size());
        std::vector<size_t> touched;
        for (size_t row = 1; row < kRows; ++row) {
          if (random.uniform() >= std::pow(0.5, static_cast<double>(row)) || (row == kRows - 1 && step > 1)) continue;
          touched.push_back(row);
          for (size_t c = 0; c < kWidth; ++c) {
            const double size = row % 2 == 0 && c % 2 == 0 ? 1.0 : scale;
            gradient[row * kWidth + c] = static_cast<double>(static_cast<float>(size * (0.5 + random.normal())));
          }
        }
        const double rate = 0.01 * (1 + std::cos(step / 400.0));
        dense.step(gradient, rate, decay);
        for (const size_t row : touched) lazy.catch_up(row);
        lazy.begin(rate, decay);
        for (const size_t row : touched) {
          std::vector<float> g(kWidth + 16);
          for (size_t c = 0; c < kWidth; ++c) g[c] = static_cast<float>(gradient[row * kWidth + c]);
          lazy.update(row, g.data());
        }
        lazy.end();
        if (step % 300 != 0) continue;
        lazy.catch_up_all();
        for (size_t i = 0; i < start.size(); ++i) {
          // Hundreds of float32 steps of a row that is touched in every other one add up.
          const double allowed = i < 4 * kWidth ? 3e-5 : 3e-6;
          ASSERT_NEAR(static_cast<double>(lazy.values()[i]), dense.x[i], allowed * (1 + std::fabs(dense.x[i])))
              << "row " << i / kWidth << " step " << step << " decay " << decay << " scale " << scale;
          moved = std::max(moved, std::fabs(dense.x[i] - static_cast<double>(start[i])));
        }
      }
      EXPECT_GT(moved, 0.5);
    }
  }
}

// A step costs what it touches: among 2,000,000 rows about what it costs among 2,000 (caches are colder), where the whole table takes a thousand
// times as long.
TEST(LazyTable, AStepDoesNotGrowWithTheTable) {
  constexpr size_t kWidth = 8;
  const auto seconds = [](size_t rows) {
    LazyTable table(std::vector<float>(rows * kWidth, 0.1F), kWidth, LazyRule::kAdamW);
    const std::vector<float> gradient(kWidth + 16, 0.5F);
    Random random(1, "rows");
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
      const std::clock_t begin = std::clock();
      for (int step = 0; step < 200; ++step) {
        std::vector<size_t> touched(64);
        for (size_t& row : touched) row = random.below(rows);
        for (const size_t row : touched) table.catch_up(row);
        table.begin(0.01, 0.1);
        for (const size_t row : touched) table.update(row, gradient.data());
        table.end();
      }
      best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    }
    return best;
  };
  const double small = seconds(2'000);
  const double large = seconds(2'000'000);
  EXPECT_LT(large, 30 * small) << small << " s and " << large << " s";
}

}  // namespace
}  // namespace obligor::net
