// Grows and prunes a tree by the rules of C4.5 and C5.0 (Quinlan 1993, "C4.5: Programs for Machine Learning"; Quinlan 1996, "Improved use of
// continuous attributes in C4.5", JAIR 4; the published C5.0 program).
//
//   C50Options options;  options.confidence = 0.25;
//   std::unique_ptr<C50Node> root = grow_c50(columns, cases, options, context);
//   prune_c50(*root, columns, cases, options);
//   RuleTree tree = finish_c50(*root, columns, own_cases, smoothing);
//
// A test is chosen by gain ratio among those whose gain is at least the mean gain. Gains in bits, over the cases that know the column, times their
// share. A number's gain is lowered by the cost of naming its cut: log2 of the number of cuts that were tried (or of the range over the gap, when
// that is less) over the number of cases. A cut leaves at least 10 % of the cases a class on each side (between min_cases and 25), and is the
// greatest training value up to the middle. A category has a branch a level, or with `subset` a branch a group of levels (merged two by two
// while the gain ratio rises). A case that does not know the tested column goes down every branch with a part of its weight.
// Pruning: a subtree becomes a leaf, or its largest branch, where that does not raise the pessimistic count of errors by more than 0.1; the
// error rate of a leaf with E errors among N cases is the upper limit at `confidence` of a binomial share. Then, globally, the subtrees of least
// cost a leaf go while the errors on the training cases rise by no more than one standard error.
// Contract: columns with their ranks; weights are counts. Ties go to the earlier column. Errors: kCancelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/context.h"
#include "zoo/tree/columns.h"
#include "zoo/tree/rule_tree.h"

namespace obligor::tree {

struct Case {
  uint32_t row = 0;
  double weight = 0;
};
using Cases = std::vector<Case>;

struct C50Options {
  double min_cases = 2;
  double confidence = 0.25;
  bool subset = false;
  bool prune = true;
  bool global_pruning = true;
  int max_depth = 60;
  std::vector<uint8_t> skipped;  // 1: a column that is not to be used; may be empty
};

struct C50Node {
  Branch split;
  std::vector<std::unique_ptr<C50Node>> children;  // the levels that no case had go to a child without cases, the last one
  double good = 0;
  double bad = 0;
  double gain = 0;  // bits, and the ratio it was chosen by
  double ratio = 0;
  double errors = 0;  // pessimistic, of the subtree
  std::vector<double> shares;
  bool had_missing = false;

  [[nodiscard]] bool leaf() const { return children.empty(); }
  [[nodiscard]] double cases() const { return good + bad; }
  [[nodiscard]] double wrong() const { return good < bad ? good : bad; }
  [[nodiscard]] size_t leaves() const;
};

// The test that C5.0 would make on a column, for its figures: gain and split information in bits.
struct C50Test {
  double gain = -1;
  double information = 0;
  Branch branch;
  [[nodiscard]] double ratio() const { return information > 0 ? gain / information : 0; }
};
[[nodiscard]] C50Test test_column(const Columns& columns, size_t column, const Cases& cases, const C50Options& options);

[[nodiscard]] std::unique_ptr<C50Node> grow_c50(const Columns& columns, const Cases& cases, const C50Options& options, const Context& context);
void prune_c50(C50Node& root, const Columns& columns, const Cases& cases, const C50Options& options);
// The tree with the counts of the given cases.
[[nodiscard]] RuleTree finish_c50(C50Node& root, const Columns& columns, const Cases& cases, const Smoothing& smoothing);
// Share of bads where the row ends, by the node's own counts; column `hidden` is read as missing (-1: none).
[[nodiscard]] double share_of_bad(const C50Node& node, const Columns& columns, uint32_t row, int32_t hidden = -1);

// The upper limit of a binomial share: the p at which `errors` or fewer among `cases` have probability `confidence`. Exact for no errors; from one on
// the normal approximation with a half added, as C4.5 computes it; between, a straight line.
[[nodiscard]] double upper_error_rate(double errors, double cases, double confidence);

}  // namespace obligor::tree
