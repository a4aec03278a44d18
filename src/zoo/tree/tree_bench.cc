// What a tree costs, in processor time of one thread: its parts and the whole fit of each kind, as ratios to one sort of the columns.
//
//   obligor_zoo_tree_bench [FILE]
//
// FILE: float32 rows x (width + 1), the target last, behind two uint32, rows and width (bench/peers/cart.py writes it); without it 30,000
// drawn rows of 23 numbers.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <numeric>

#include <fmt/core.h>

#include "core/random.h"
#include "zoo/tree/cart_prune.h"
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

struct Drawn {
  size_t rows = 30'000;
  size_t width = 23;
  std::vector<float> features;
  std::vector<uint8_t> target;
};

Drawn draw() {
  Drawn table;
  Random random(1, "tree-bench");
  for (size_t r = 0; r < table.rows; ++r) {
    double z = -1.3;
    for (size_t c = 0; c < table.width; ++c) {
      table.features.push_back(static_cast<float>(random.normal()));
      if (c < 8) z += 0.3 * static_cast<double>(table.features.back());
    }
    table.target.push_back(random.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  return table;
}

Drawn read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  uint32_t head[2] = {0, 0};
  if (bytes.size() >= sizeof head) std::memcpy(head, bytes.data(), sizeof head);
  Drawn table{head[0], head[1], {}, {}};
  std::vector<float> all(table.rows * (table.width + 1));
  if (table.rows == 0 || bytes.size() != sizeof head + all.size() * sizeof(float)) {
    fmt::print(stderr, "{}: not a table of this benchmark\n", path);
    std::exit(2);
  }
  std::memcpy(all.data(), bytes.data() + sizeof head, all.size() * sizeof(float));
  for (size_t r = 0; r < table.rows; ++r) {
    const float* row = all.data() + r * (table.width + 1);
    table.features.insert(table.features.end(), row, row + table.width);
    table.target.push_back(row[table.width] > 0 ? 1 : 0);
  }
  return table;
}

}  // namespace

int main(int argc, char** argv) {
  const Drawn table = argc > 1 ? read(argv[1]) : draw();
  const std::vector<uint8_t> categorical(table.width, 0);
  std::vector<std::string> names;
  for (size_t c = 0; c < table.width; ++c) names.push_back(fmt::format("x{}", c));
  FitInput input;
  input.train = {table.rows, table.width, table.features, {}};
  input.target = table.target;
  input.categorical = categorical;
  input.feature_names = names;
  input.feature_source = names;
  const Context context({.seed = 1, .threads = 1});
  tree::Columns columns = tree::columns_of(input, "bench");
  const double sort = seconds([&] {
    for (auto values : columns.values) std::sort(values.begin(), values.end());
  });
  std::vector<uint32_t> rows(columns.rows);
  std::iota(rows.begin(), rows.end(), 0U);
  fmt::print("sort the columns: {:.3f} s, 1\n", sort);
  const auto report = [&](std::string_view what, double time) { fmt::print("{}: {:.3f} s, {:.1f}\n", what, time, time / sort); };
  report("rank the columns", seconds([&] { tree::rank_columns(columns, context); }));
  tree::CartOptions options;
  options.min_leaf = 10;
  const tree::RuleTree grown = tree::grow_cart(columns, rows, options, context);
  fmt::print("leaves of the tree: {}\n", grown.leaves());
  report("cart, one tree by gini", seconds([&] { (void)tree::grow_cart(columns, rows, options, context); }));
  report("cart, its pruning path", seconds([&] { (void)tree::prune_sequence(grown, options, tree::Risk::kGini); }));
  report("cart, surrogates of its nodes", seconds([&] {
           tree::RuleTree copy = grown;
           tree::add_surrogates(copy, columns, rows, options, context);
         }));
  options.impurity = tree::Impurity::kEntropy;
  report("cart, one tree by entropy", seconds([&] { (void)tree::grow_cart(columns, rows, options, context); }));
  const auto whole = [&](const ModelEntry& entry, FitFunction fit) {
    report(entry.name + ", fitted whole", seconds([&] { (void)fit(input, make_params(entry.params, {}, entry.name), context); }));
  };
  whole(zoo::cart_entry(), zoo::fit_cart);
  whole(zoo::chaid_entry(), zoo::fit_chaid);
  whole(zoo::c50_entry(), zoo::fit_c50);
  return 0;
}
