// What a tree costs: growing and the whole fit of each kind on 30,000 rows of 23 columns; ratios to one presorting of the columns.
#include <algorithm>
#include <chrono>
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
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
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
  const tree::Columns columns = tree::columns_of(input, "bench");
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
  tree::CartOptions options;
  report("cart, one tree with surrogates", seconds([&] { (void)tree::grow_cart(columns, rows, options, context); }));
  options.surrogates = 0;
  report("cart, one tree", seconds([&] { (void)tree::grow_cart(columns, rows, options, context); }));
  const auto whole = [&](const ModelEntry& entry, FitFunction fit) {
    report(entry.name + ", fitted whole", seconds([&] { (void)fit(input, make_params(entry.params, {}, entry.name), context); }));
  };
  whole(zoo::cart_entry(), zoo::fit_cart);
  whole(zoo::chaid_entry(), zoo::fit_chaid);
  return 0;
}
