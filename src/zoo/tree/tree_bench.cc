// What a tree costs: growing and the whole fit of each kind on 30,000 rows of 23 columns, in processor time; ratios to
// one presorting of the columns.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>

#include <fmt/core.h>

#include "core/random.h"
#include "zoo/tree/cart_grow.h"
#include "zoo/tree/columns.h"
#include "zoo/tree/tree.h"

namespace {

using namespace obligor;

template <typename Work>
double seconds(const Work& work) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t start = std::clock();
    work();
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

}  // namespace

int main() {
  constexpr size_t kRows = 30'000;
  constexpr size_t kWidth = 23;
  Random random(1, "tree-bench");
  std::vector<float> features;
  std::vector<uint8_t> target;
  for (size_t r = 0; r < kRows; ++r) {
    double z = -1.3;
    for (size_t c = 0; c < kWidth; ++c) {
      features.push_back(static_cast<float>(random.normal()));
      if (c < 8) z += 0.3 * static_cast<double>(features.back());
    }
    target.push_back(random.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  const std::vector<uint8_t> categorical(kWidth, 0);
  std::vector<std::string> names;
  for (size_t c = 0; c < kWidth; ++c) names.push_back(fmt::format("x{}", c));
  FitInput input;
  input.train = {kRows, kWidth, features, {}};
  input.target = target;
  input.categorical = categorical;
  input.feature_names = names;
  input.feature_source = names;
  const Context context({.seed = 1, .threads = 1});
  tree::Columns columns = tree::columns_of(input, "bench");
  const double sort = seconds([&] {
    for (size_t c = 0; c < kWidth; ++c) {
      auto values = columns.values[c];
      std::sort(values.begin(), values.end());
    }
  });
  std::vector<uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0U);
  fmt::print("sort the columns: {:.3f} s, 1\n", sort);
  const auto report = [&](std::string_view what, double time) { fmt::print("{}: {:.3f} s, {:.1f}\n", what, time, time / sort); };
  report("rank the columns", seconds([&] { tree::rank_columns(columns, context); }));
  const tree::CartOptions options;
  const tree::RuleTree grown = tree::grow_cart(columns, rows, options, context);
  report("cart, one tree", seconds([&] { (void)tree::grow_cart(columns, rows, options, context); }));
  report("cart, surrogates of its nodes", seconds([&] {
           tree::RuleTree copy = grown;
           tree::add_surrogates(copy, columns, rows, options, context);
         }));
  const auto whole = [&](const ModelEntry& entry, FitFunction fit) {
    report(entry.name + ", fitted whole", seconds([&] { (void)fit(input, make_params(entry.params, {}, entry.name), context); }));
  };
  whole(zoo::cart_entry(), zoo::fit_cart);
  whole(zoo::chaid_entry(), zoo::fit_chaid);
  whole(zoo::c50_entry(), zoo::fit_c50);
  return 0;
}
