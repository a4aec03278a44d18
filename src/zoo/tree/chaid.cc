// CHAID: grows a tree of as many branches as a column has groups. See chaid_merge.h for the treatment of one column.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/parallel.h"
#include "zoo/tree/chaid_merge.h"
#include "zoo/tree/columns.h"
#include "zoo/tree/tree.h"
#include "zoo/tree/tree_model.h"

namespace obligor::zoo {
namespace {

using tree::Cell;
using tree::Columns;
using tree::Grouping;
using tree::RuleNode;
using tree::RuleTree;
using tree::Scale;

struct ChaidOptions {
  tree::MergeOptions merge;
  double alpha_split = 0.05;
  int max_depth = 5;
  double min_split = 50;
  tree::Smoothing smoothing;
  size_t bins = 10;
};

// A column in categories: bins of a number or levels of a category, and one more for missing.
struct Binned {
  std::vector<float> cuts;     // of a number
  std::vector<uint32_t> code;  // by row
  size_t missing = 0;          // the code of missing
};

// Cuts that part the known rows in about equal weights.
Binned bin_column(const Columns& columns, size_t f, size_t bins) {
  Binned binned;
  const auto& values = columns.values[f];
  binned.code.resize(columns.rows);
  if (columns.category[f] != 0) {
    binned.missing = columns.levels[f];
  } else {
    const auto& distinct = columns.distinct[f];
    std::vector<double> weight(distinct.size() + 1, 0);
    for (size_t row = 0; row < columns.rows; ++row) weight[columns.code[f][row]] += columns.weight[row];
    const double known = std::accumulate(weight.begin(), weight.end() - 1, 0.0);
    double below = 0;
    size_t next = 1;
    for (size_t i = 0; i + 1 < distinct.size(); ++i) {
      below += weight[i];
      if (below * static_cast<double>(bins) < static_cast<double>(next) * known * (1 - 1e-12)) continue;
      binned.cuts.push_back(tree::middle(distinct[i], distinct[i + 1]));
      while (static_cast<double>(next) * known <= below * static_cast<double>(bins)) ++next;
    }
    binned.missing = binned.cuts.size() + 1;
  }
  for (size_t row = 0; row < columns.rows; ++row) {
    const float x = values[row];
    size_t code = binned.missing;
    if (!std::isnan(x)) {
      code = columns.category[f] != 0 ? static_cast<size_t>(x)
                                      : static_cast<size_t>(std::lower_bound(binned.cuts.begin(), binned.cuts.end(), x) - binned.cuts.begin());
    }
    binned.code[row] = static_cast<uint32_t>(code);
  }
  return binned;
}

struct Found {
  Grouping grouping;
  std::vector<size_t> codes;  // of the cells
};

class Grower {
 public:
  Grower(const Columns& columns, const ChaidOptions& options, const Context& context) : columns_(columns), options_(options), context_(context) {
    binned_.resize(columns.width);
    parallel_for(context, columns.width, [&](size_t f) { binned_[f] = bin_column(columns, f, options.bins); });
  }

  RuleTree run() {
    std::vector<uint32_t> rows(columns_.rows);
    std::iota(rows.begin(), rows.end(), 0U);
    struct Pending {
      size_t node;
      int depth;
      std::vector<uint32_t> rows;
    };
    std::vector<Pending> stack;
    open(-1, rows);
    stack.push_back({0, 0, std::move(rows)});
    while (!stack.empty()) {
      context_.check_cancelled();
      Pending at = std::move(stack.back());
      stack.pop_back();
      if (at.depth >= options_.max_depth || !split(at.node, at.rows)) continue;
      std::vector<std::vector<uint32_t>> parts(children_);
      for (const uint32_t row : at.rows) parts[side_of(tree_.nodes[at.node], row)].push_back(row);
      for (const auto& part : parts) {
        const size_t child = open(static_cast<int32_t>(at.node), part);
        tree_.nodes[at.node].children.push_back(static_cast<int32_t>(child));
      }
      for (size_t k = parts.size(); k-- > 0;) {
        stack.push_back({static_cast<size_t>(tree_.nodes[at.node].children[k]), at.depth + 1, std::move(parts[k])});
      }
    }
    set_values(tree_, options_.smoothing);
    return std::move(tree_);
  }

 private:
  size_t open(int32_t parent, const std::vector<uint32_t>& rows) {
    RuleNode& node = tree_.nodes.emplace_back();
    node.parent = parent;
    for (const uint32_t row : rows) (columns_.target[row] != 0 ? node.bad : node.good) += columns_.weight[row];
    return tree_.nodes.size() - 1;
  }

  [[nodiscard]] size_t side_of(const RuleNode& node, uint32_t row) const {
    const int32_t child = node.split.route(columns_.values[static_cast<size_t>(node.split.feature)][row]);
    return static_cast<size_t>(child < 0 ? node.unknown : child);
  }

  [[nodiscard]] Found look_at(size_t f, const std::vector<uint32_t>& rows) const {
    const Binned& binned = binned_[f];
    std::vector<Cell> all(binned.missing + 1);
    for (const uint32_t row : rows) {
      Cell& cell = all[binned.code[row]];
      (columns_.target[row] != 0 ? cell.bad : cell.good) += columns_.weight[row];
    }
    Found found;
    std::vector<Cell> cells;
    for (size_t code = 0; code < all.size(); ++code) {
      if (!(all[code].good + all[code].bad > 0)) continue;
      found.codes.push_back(code);
      cells.push_back(all[code]);
    }
    if (cells.size() < 2) return found;
    const bool nominal = columns_.category[f] != 0;
    const bool floating = !nominal && found.codes.back() == binned.missing;
    found.grouping = tree::merge_categories(cells, nominal ? Scale::kNominal : Scale::kOrdinal, floating, options_.merge);
    return found;
  }

  // Makes the node an inner one; false when no column parts it significantly.
  bool split(size_t at, const std::vector<uint32_t>& rows) {
    {
      const RuleNode& node = tree_.nodes[at];
      if (node.weight() < options_.min_split || !(node.good > 0) || !(node.bad > 0)) return false;
    }
    std::vector<Found> found(columns_.width);
    const auto one = [&](size_t f) { found[f] = look_at(f, rows); };
    if (rows.size() * columns_.width > 100'000) {
      parallel_for(context_, columns_.width, one);
    } else {
      for (size_t f = 0; f < columns_.width; ++f) one(f);
    }
    size_t best = columns_.width;
    for (size_t f = 0; f < columns_.width; ++f) {
      if (found[f].grouping.groups.size() < 2) continue;
      if (best == columns_.width || found[f].grouping.log_p < found[best].grouping.log_p) best = f;
    }
    if (best == columns_.width || found[best].grouping.log_p > std::log(options_.alpha_split)) return false;
    write(tree_.nodes[at], best, found[best], rows);
    return true;
  }

  void write(RuleNode& node, size_t f, const Found& found, const std::vector<uint32_t>& rows) {
    const Grouping& grouping = found.grouping;
    const Binned& binned = binned_[f];
    children_ = grouping.groups.size();
    node.split.feature = static_cast<int32_t>(f);
    node.split.category = columns_.category[f] != 0;
    node.gain = grouping.chi_square;
    node.facts["chi_square"] = grouping.chi_square;
    node.facts["degrees"] = grouping.degrees;
    node.facts["p"] = std::exp(grouping.log_p_raw);
    node.facts["p_adjusted"] = std::exp(grouping.log_p);
    std::vector<int32_t> group_of(binned.missing + 1, -1);
    for (size_t g = 0; g < grouping.groups.size(); ++g) {
      for (const size_t cell : grouping.groups[g]) group_of[found.codes[cell]] = static_cast<int32_t>(g);
    }
    if (node.split.category) {
      node.split.child_of.assign(group_of.begin(), group_of.end() - 1);
    } else {
      // A bin without rows here goes with the one below it.
      int32_t last = -1;
      for (size_t bin = 0; bin < binned.missing; ++bin) {
        const int32_t group = group_of[bin];
        if (group < 0 || group == last) continue;
        if (last >= 0) node.split.cuts.push_back(binned.cuts[bin - 1]);
        node.split.child_of.push_back(group);
        last = group;
      }
    }
    // What is missing has a group of its own or shares one; else it goes where most rows go.
    node.unknown = group_of[binned.missing];
    if (node.unknown >= 0) return;
    std::vector<double> weight(children_, 0);
    for (const uint32_t row : rows) weight[static_cast<size_t>(node.split.route(columns_.values[f][row]))] += columns_.weight[row];
    node.unknown = static_cast<int32_t>(std::max_element(weight.begin(), weight.end()) - weight.begin());
  }

  const Columns& columns_;
  const ChaidOptions& options_;
  const Context& context_;
  std::vector<Binned> binned_;
  size_t children_ = 0;
  RuleTree tree_;
};

}  // namespace

FitResult fit_chaid(const FitInput& input, const Params& params, const Context& context) {
  Columns columns = tree::columns_of(input, "model 'chaid'");
  tree::rank_columns(columns, context);
  ChaidOptions options;
  options.merge.exhaustive = params.flag("exhaustive");
  options.merge.likelihood_ratio = params.text("statistic") == "likelihood_ratio";
  options.merge.adjust = params.flag("bonferroni");
  options.merge.alpha_merge = params.real("alpha_merge");
  options.merge.alpha_split_merged = params.real("alpha_split_merged");
  options.merge.min_leaf = params.real("min_leaf");
  options.alpha_split = params.real("alpha_split");
  options.max_depth = static_cast<int>(params.integer("max_depth"));
  options.min_split = params.real("min_split");
  options.smoothing.root = params.real("leaf_prior");
  options.smoothing.parent = params.real("parent_prior");
  options.bins = static_cast<size_t>(params.integer("bins"));
  RuleTree grown = Grower(columns, options, context).run();
  FitResult result;
  if (grown.nodes.size() == 1) result.report.notes.emplace_back("no column parts the rows significantly: the score is the same for every row");
  Json& details = result.report.details;
  details["leaves"] = grown.leaves();
  details["nodes"] = tree::describe(grown, tree::features_of(input, columns.missing));
  details["rules"] = tree::rules_text(details["nodes"]);
  result.report.importance = tree::importance(grown, input.train.width);
  std::vector<tree::WeightedTree> trees;
  trees.push_back({std::move(grown), 1.0});
  result.model = tree::make_tree_model(std::move(trees), input.train.width, "model 'chaid'");
  return result;
}

}  // namespace obligor::zoo
