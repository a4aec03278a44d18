// The trees of scikit-learn, number by number: tests/data/cart_sklearn.py makes the file that these tests read.
#include <fstream>
#include <numeric>

#include <gmock/gmock.h>

#include "zoo/tree/cart_prune.h"
#include "zoo/tree/tree_test_support.h"

namespace obligor::tree {
namespace {

const Context one_thread({.seed = 3, .threads = 1});

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) cells.emplace_back();
    else if (c != '\r') cells.back() += c;
  }
  return cells;
}

// As the script reads it: a label is the number of its first appearance in the column.
Sample read(const std::string& name) {
  std::ifstream file(name == "wdbc" ? OBLIGOR_SOURCE_DIR "/tests/data/wdbc_mean_radius.csv" : OBLIGOR_SOURCE_DIR "/data/german.csv");
  EXPECT_TRUE(file.good());
  std::string line;
  std::getline(file, line);
  std::vector<std::string> names = cells_of(line);
  names.pop_back();
  Sample sample = make_sample(names, std::vector<uint8_t>(names.size(), 0));
  std::vector<std::vector<std::string>> labels(names.size());
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = cells_of(line);
    std::vector<float> row;
    for (size_t c = 0; c < names.size(); ++c) {
      char* end = nullptr;
      const float x = std::strtof(cells[c].c_str(), &end);
      if (*end == '\0') {
        row.push_back(x);
        continue;
      }
      auto& known = labels[c];
      if (std::find(known.begin(), known.end(), cells[c]) == known.end()) known.push_back(cells[c]);
      row.push_back(static_cast<float>(std::find(known.begin(), known.end(), cells[c]) - known.begin()));
    }
    sample.add(row, cells.back() == "1" || cells.back() == "bad" ? 1 : 0);
  }
  return sample;
}

double impurity(const RuleNode& node, Impurity kind) {
  const double p = node.bad / node.weight();
  if (kind == Impurity::kGini) return 2 * p * (1 - p);
  return -(p > 0 ? p * std::log2(p) : 0) - (p < 1 ? (1 - p) * std::log2(1 - p) : 0);  // scikit-learn's is in bits
}

// In the order of scikit-learn: a node, its left branch, its right one.
void expect_same(const RuleTree& tree, const Json& expected, Impurity kind) {
  std::vector<size_t> order;
  std::vector<size_t> stack{0};
  while (!stack.empty()) {
    const size_t at = stack.back();
    stack.pop_back();
    order.push_back(at);
    const auto& children = tree.nodes[at].children;
    for (size_t k = children.size(); k-- > 0;) stack.push_back(static_cast<size_t>(children[k]));
  }
  ASSERT_EQ(order.size(), expected["feature"].size());
  for (size_t i = 0; i < order.size(); ++i) {
    const RuleNode& node = tree.nodes[order[i]];
    EXPECT_EQ(node.leaf() ? -2 : node.split.feature, expected["feature"][i].get<int>()) << i;
    if (!node.leaf()) {
      const auto threshold = expected["threshold"][i].get<double>();
      EXPECT_NEAR(static_cast<double>(node.split.cuts[0]), threshold, 1e-7 * std::fabs(threshold)) << i;
    }
    EXPECT_EQ(node.weight(), expected["rows"][i].get<double>()) << i;
    EXPECT_EQ(node.bad, expected["bad"][i].get<double>()) << i;
    EXPECT_NEAR(impurity(node, kind), expected["impurity"][i].get<double>(), 1e-10) << i;
  }
}

TEST(CartParity, TreesPruningPathsAndPrunedTreesAreThoseOfScikitLearn) {
  std::ifstream file(OBLIGOR_SOURCE_DIR "/tests/data/cart_sklearn.json");
  const Json document = Json::parse(file);
  ASSERT_EQ(document["cases"].size(), 5U);
  for (const Json& given : document["cases"]) {
    SCOPED_TRACE(given["data"].get<std::string>() + " " + given["criterion"].get<std::string>());
    const Sample sample = read(given["data"].get<std::string>());
    CartOptions options;
    options.impurity = given["criterion"] == "entropy" ? Impurity::kEntropy : Impurity::kGini;
    options.min_leaf = given["min_samples_leaf"].get<double>();
    options.min_split = given["min_samples_split"].get<double>();
    options.max_depth = given["max_depth"].get<int>();
    std::vector<uint32_t> rows(sample.rows);
    std::iota(rows.begin(), rows.end(), 0U);
    const RuleTree tree = grow_cart(ranked_columns(sample), rows, options, one_thread);
    expect_same(tree, given["tree"], options.impurity);
    if (options.impurity == Impurity::kEntropy) continue;
    const PruningSequence sequence = prune_sequence(tree, options, Risk::kGini);
    ASSERT_EQ(sequence.alpha.size(), given["ccp_alphas"].size());
    for (size_t k = 0; k < sequence.alpha.size(); ++k) {
      EXPECT_NEAR(sequence.alpha[k], given["ccp_alphas"][k].get<double>(), 1e-10) << k;
      EXPECT_NEAR(sequence.risk[k], given["impurities"][k].get<double>(), 1e-10) << k;
    }
    for (const Json& pruned : given["pruned"]) expect_same(prune_at(tree, sequence, pruned["alpha"].get<double>()), pruned, options.impurity);
  }
}

}  // namespace
}  // namespace obligor::tree
