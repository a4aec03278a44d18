#include "emit/onnx/trees.h"

#include <array>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "plan/builder.h"

namespace obligor::onnx {
namespace {

// A plan may share subtrees and this form may not: copies are made, to this bound.
constexpr size_t kMostNodes = 2'000'000;
constexpr size_t kMostSets = 20'000;

class TreeWriter {
 public:
  TreeWriter(OnnxGraph& graph, const ScorePlan& plan, const Node& node, std::string x)
      : graph_(graph), plan_(plan), node_(node), x_(std::move(x)), width_(0) {
    for (const int32_t feature : ints(1)) width_ = std::max(width_, feature + 1);
  }

  std::string run() {
    gather_sets();
    for (size_t t = 0; t < ints(0).size(); ++t) add_tree(static_cast<int64_t>(t), ints(0)[t]);
    if (ids_.empty()) {  // no trees give 0
      const std::string zero = graph_.add("Gather", {x_, graph_.constant(std::vector<int64_t>{0}, {1})}, {int_attribute("axis", 1)});
      return graph_.add("Where", {graph_.add("Equal", {zero, zero}), number(0), number(0)});
    }
    std::string sum = graph_.add(
        "TreeEnsembleRegressor",
        {graph_.add("Cast",
                    {
                        with_sets(),
                    },
                    {int_attribute("to", static_cast<int64_t>(Type::kDouble))})},
        {int_attribute("n_targets", 1), string_attribute("aggregate_function", "SUM"), string_attribute("post_transform", "NONE"),
         ints_attribute("nodes_treeids", tree_), ints_attribute("nodes_nodeids", ids_), ints_attribute("nodes_featureids", feature_),
         strings_attribute("nodes_modes", modes_), doubles_attribute("nodes_values_as_tensor", value_), ints_attribute("nodes_truenodeids", yes_),
         ints_attribute("nodes_falsenodeids", no_), ints_attribute("nodes_missing_value_tracks_true", missing_),
         ints_attribute("target_treeids", leaf_tree_), ints_attribute("target_nodeids", leaf_id_),
         ints_attribute("target_ids", std::vector<int64_t>(leaf_id_.size(), 0)), doubles_attribute("target_weights_as_tensor", leaf_value_)},
        "ai.onnx.ml");
    return sum;
  }

 private:
  [[nodiscard]] const std::vector<int32_t>& ints(size_t i) const { return plan_.constants[node_.constants[i]].ints(); }
  [[nodiscard]] const std::vector<float>& floats(size_t i) const { return plan_.constants[node_.constants[i]].floats(); }
  std::string number(float value) { return graph_.constant(std::vector<float>{value}, {1}); }

  // A category node asks whether a code is in a set. Each different question becomes a column of its own, 1 for yes, and the node a
  // comparison with 0.5: this operator knows no sets.
  void gather_sets() {
    const auto& flags = plan_.constants[node_.constants[5]].bytes();
    for (size_t n = 0; n < flags.size(); ++n) {
      if ((flags[n] & TreeArrays::kCategorical) == 0) continue;
      const auto begin = ints(9).begin();
      const std::pair key{ints(1)[n], std::vector<int32_t>(begin + ints(7)[n], begin + std::max(ints(7)[n], ints(8)[n]))};
      if (sets_.try_emplace(key, 0).second && sets_.size() > kMostSets) {
        throw Error(ErrorCode::kUnsupported, fmt::format("onnx: the trees hold more than {} different sets of categories; serve the model with "
                                                         "obligor score",
                                                         kMostSets));
      }
    }
    // Columns in the order of the map: by feature, so that a feature's questions are one table.
    int32_t column = 0;
    for (auto& [key, at] : sets_) at = column++;
  }

  // The input with the answers beside it.
  std::string with_sets() {
    if (sets_.empty()) return x_;
    std::vector<std::string> parts{graph_.add("Gather", {x_, every_column()}, {int_attribute("axis", 1)})};
    for (auto first = sets_.begin(); first != sets_.end();) {
      auto end = first;
      size_t words = 0;
      for (; end != sets_.end() && end->first.first == first->first.first; ++end) words = std::max(words, end->first.second.size());
      const int64_t levels = static_cast<int64_t>(words) * 32;
      const auto count = static_cast<int64_t>(std::distance(first, end));
      // The last row answers for codes beyond all sets.
      std::vector<float> table(static_cast<size_t>((levels + 1) * count), 0.0F);
      int64_t c = 0;
      for (auto set = first; set != end; ++set, ++c) {
        for (size_t bit = 0; bit < set->first.second.size() * 32; ++bit) {
          if ((static_cast<uint32_t>(set->first.second[bit / 32]) >> (bit % 32) & 1U) != 0)
            table[bit * static_cast<size_t>(count) + static_cast<size_t>(c)] = 1;
        }
      }
      const std::string x = graph_.add("Gather", {x_, graph_.constant(std::vector<int64_t>{first->first.first}, {1})}, {int_attribute("axis", 1)});
      const std::string flat = graph_.add("Reshape", {x, graph_.constant(std::vector<int64_t>{-1}, {1})});
      const std::string inside =
          graph_.add("And", {graph_.add("Greater", {flat, number(-1)}), graph_.add("Less", {flat, number(static_cast<float>(levels))})});
      const std::string safe = graph_.add("Where", {inside, flat, number(static_cast<float>(levels))});
      // A cast cuts the fraction off, as the plan does.
      const std::string code = graph_.add("Cast", {safe}, {int_attribute("to", static_cast<int64_t>(Type::kInt64))});
      const std::string answers = graph_.add("Gather", {graph_.constant(table, {levels + 1, count}), code});
      parts.push_back(graph_.add("Where", {graph_.add("IsNaN", {x}), number(std::numeric_limits<float>::quiet_NaN()), answers}));
      first = end;
    }
    return graph_.add("Concat", parts, {int_attribute("axis", 1)});
  }

  // The columns up to the last that a node looks at; the answers stand behind them.
  std::string every_column() {
    std::vector<int64_t> columns;
    columns.reserve(static_cast<size_t>(width_));
    for (int32_t c = 0; c < width_; ++c) columns.push_back(c);
    return graph_.constant(columns, {width_});
  }

  void add_tree(int64_t tree, int32_t root) {
    const auto& flags = plan_.constants[node_.constants[5]].bytes();
    struct Pending {
      int32_t source;
      size_t parent;  // its place in ids_; kNone: the root
      bool is_yes;
    };
    constexpr size_t kNone = std::numeric_limits<size_t>::max();
    const size_t first = ids_.size();
    std::vector<Pending> pending{{root, kNone, false}};
    while (!pending.empty()) {
      const Pending next = pending.back();
      pending.pop_back();
      const size_t at = ids_.size();
      if (at > kMostNodes) {
        throw Error(ErrorCode::kUnsupported, fmt::format("onnx: the trees have more than {} nodes; serve the model with obligor score", kMostNodes));
      }
      const auto id = static_cast<int64_t>(at - first);
      if (next.parent != kNone) (next.is_yes ? yes_ : no_)[next.parent] = id;
      tree_.push_back(tree);
      ids_.push_back(id);
      yes_.push_back(0);
      no_.push_back(0);
      if (next.source < 0) {
        modes_.emplace_back("LEAF");
        feature_.push_back(0);
        value_.push_back(0);
        missing_.push_back(0);
        leaf_tree_.push_back(tree);
        leaf_id_.push_back(id);
        leaf_value_.push_back(static_cast<double>(floats(6)[~static_cast<size_t>(static_cast<int64_t>(next.source))]));
        continue;
      }
      const auto n = static_cast<size_t>(next.source);
      const bool missing_left = (flags[n] & TreeArrays::kDefaultLeft) != 0;
      const bool is_set = (flags[n] & TreeArrays::kCategorical) != 0;
      modes_.emplace_back("BRANCH_LEQ");
      if (is_set) {
        const auto begin = ints(9).begin();
        const std::pair key{ints(1)[n], std::vector<int32_t>(begin + ints(7)[n], begin + std::max(ints(7)[n], ints(8)[n]))};
        feature_.push_back(width_ + sets_.at(key));
        value_.push_back(0.5);
      } else {
        feature_.push_back(ints(1)[n]);
        value_.push_back(static_cast<double>(floats(2)[n]));
      }
      // "Not in the set" is what the comparison says yes to.
      missing_.push_back(missing_left != is_set ? 1 : 0);
      pending.push_back({is_set ? ints(3)[n] : ints(4)[n], at, false});
      pending.push_back({is_set ? ints(4)[n] : ints(3)[n], at, true});
    }
  }

  OnnxGraph& graph_;
  const ScorePlan& plan_;
  const Node& node_;
  std::string x_;
  int32_t width_;
  std::map<std::pair<int32_t, std::vector<int32_t>>, int32_t> sets_;  // (feature, words) -> column
  std::vector<int64_t> tree_, ids_, feature_, yes_, no_, missing_, leaf_tree_, leaf_id_;
  std::vector<double> value_, leaf_value_;
  std::vector<std::string> modes_;
};

}  // namespace

std::string add_trees(OnnxGraph& graph, const ScorePlan& plan, const Node& node, const std::string& x) {
  return TreeWriter(graph, plan, node, x).run();
}

}  // namespace obligor::onnx
