#include "emit/native/program.h"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace obligor::native {
namespace {

using Kind = ValueType::Kind;
constexpr size_t kWideColumns = size_t{1} << 18U;
constexpr size_t kNever = static_cast<size_t>(-1);

// Where a value stands: columns from `offset` on in the region that belongs to node `root`.
struct Place {
  NodeId root = 0;
  size_t offset = 0;
};

// First-fit allocation of columns.
class Columns {
 public:
  size_t take(size_t width) {
    for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
      if (gap->second < width) continue;
      const size_t at = gap->first;
      const size_t left = gap->second - width;
      gaps_.erase(gap);
      if (left > 0) gaps_.emplace(at + width, left);
      return at;
    }
    // The last gap may touch the end, which then grows.
    size_t at = size_;
    if (!gaps_.empty() && gaps_.rbegin()->first + gaps_.rbegin()->second == size_) {
      at = gaps_.rbegin()->first;
      gaps_.erase(std::prev(gaps_.end()));
    }
    size_ = at + width;
    return at;
  }
  void give_back(size_t at, size_t width) {
    auto gap = gaps_.emplace(at, width).first;
    if (const auto next = std::next(gap); next != gaps_.end() && gap->first + gap->second == next->first) {
      gap->second += next->second;
      gaps_.erase(next);
    }
    if (gap != gaps_.begin()) {
      const auto before = std::prev(gap);
      if (before->first + before->second == gap->first) {
        before->second += gap->second;
        gaps_.erase(gap);
      }
    }
  }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  std::map<size_t, size_t> gaps_;  // begin -> width
  size_t size_ = 0;
};

class Compiler {
 public:
  explicit Compiler(const ScorePlan& plan) : plan_(plan), nodes_(plan.nodes), types_(verify(plan)) {}

  Program run() {
    program_.inputs = plan_.inputs.size();
    for (const PlanOutput& output : plan_.outputs) outputs_.push_back(output.node);
    count_readers();
    sink_selects();
    count_readers();
    fuse();
    gather();
    order();
    place();
    allocate();
    mark_outputs();
    for (const NodeId id : order_) {
      if (!is_view(id)) program_.steps.push_back(step(id));
    }
    for (size_t i = 0; i < plan_.outputs.size(); ++i) {
      program_.outputs.push_back({plan_.outputs[i].name, types_[outputs_[i]], column(outputs_[i])});
    }
    return std::move(program_);
  }

 private:
  [[nodiscard]] const Constant& constant(ConstantId id) const {
    return id < plan_.constants.size() ? plan_.constants[id] : added_[id - plan_.constants.size()];
  }
  [[nodiscard]] const std::vector<float>& floats(const Node& node, size_t i) const { return constant(node.constants[i]).floats(); }
  [[nodiscard]] const std::vector<int32_t>& ints(const Node& node, size_t i) const { return constant(node.constants[i]).ints(); }

  // Readers of each node that some output needs.
  void count_readers() {
    readers_.assign(nodes_.size(), {});
    is_output_.assign(nodes_.size(), 0);
    std::vector<NodeId> pending(outputs_);
    std::vector<uint8_t> seen(nodes_.size(), 0);
    for (const NodeId id : outputs_) is_output_[id] = 1;
    while (!pending.empty()) {
      const NodeId id = pending.back();
      pending.pop_back();
      if (seen[id] != 0) continue;
      seen[id] = 1;
      for (const NodeId input : nodes_[id].inputs) {
        readers_[input].push_back(id);
        pending.push_back(input);
      }
    }
  }

  // Read by selections alone, which together read no column twice over.
  [[nodiscard]] bool only_selected(NodeId id) const {
    if (is_output_[id] != 0 || readers_[id].empty()) return false;
    size_t width = 0;
    for (const NodeId reader : readers_[id]) {
      if (nodes_[reader].op != Op::kSelect) return false;
      width += types_[reader].width;
    }
    return width <= types_[id].width;
  }

  NodeId add(Node node, ValueType type) {
    nodes_.push_back(std::move(node));
    types_.push_back(type);
    return static_cast<NodeId>(nodes_.size() - 1);
  }

  ConstantId add_constant(std::vector<float> values) {
    added_.push_back({{static_cast<uint32_t>(values.size())}, std::move(values)});
    return static_cast<ConstantId>(plan_.constants.size() + added_.size() - 1);
  }

  // The rows of an affine map that make the given columns of its value.
  Node cut(const Node& affine, const std::vector<int32_t>& columns) {
    const auto& weights = floats(affine, 0);
    const auto& bias = floats(affine, 1);
    const size_t in = weights.size() / bias.size();
    std::vector<float> some_weights;
    std::vector<float> some_bias;
    some_weights.reserve(columns.size() * in);
    for (const int32_t column : columns) {
      const auto begin = weights.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(column) * in);
      some_weights.insert(some_weights.end(), begin, begin + static_cast<std::ptrdiff_t>(in));
      some_bias.push_back(bias[static_cast<size_t>(column)]);
    }
    Node made;
    made.op = Op::kAffine;
    made.inputs = affine.inputs;
    made.constants = {add_constant(std::move(some_weights)), add_constant(std::move(some_bias))};
    return made;
  }

  void sink_selects() {
    const size_t count = nodes_.size();
    for (NodeId id = 0; id < count; ++id) {
      if (nodes_[id].op != Op::kSelect || readers_[id].empty()) continue;
      const NodeId from = nodes_[id].inputs[0];
      if (!only_selected(from)) continue;
      const Node source = nodes_[from];
      const std::vector<int32_t> columns = ints(nodes_[id], 0);
      if (source.op == Op::kAffine) {
        nodes_[id] = cut(source, columns);
      } else if (source.op == Op::kActivate) {
        const NodeId below = source.inputs[0];
        if (nodes_[below].op != Op::kAffine || readers_[below].size() != 1 || is_output_[below] != 0) continue;
        const NodeId affine = add(cut(nodes_[below], columns), types_[id]);
        nodes_[id] = source;
        nodes_[id].inputs = {affine};
      }
    }
  }

  // An activation takes the affine map that nothing else reads along with it.
  void fuse() {
    fused_.assign(nodes_.size(), std::nullopt);
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      if (nodes_[id].op != Op::kActivate || (readers_[id].empty() && is_output_[id] == 0)) continue;
      const NodeId below = nodes_[id].inputs[0];
      if (nodes_[below].op == Op::kAffine && readers_[below].size() == 1 && is_output_[below] == 0) fused_[id] = below;
    }
  }

  // A sum of look-ups that nothing else reads takes their codes instead.
  void gather() {
    constexpr uint32_t kLeastWidth = 4;
    gathered_.assign(nodes_.size(), {});
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      const Node& sum = nodes_[id];
      if (sum.op != Op::kSum || types_[id].width < kLeastWidth) continue;
      const auto alone = [&](NodeId part) { return nodes_[part].op == Op::kLookUp && readers_[part].size() == 1 && is_output_[part] == 0; };
      if (!std::all_of(sum.inputs.begin(), sum.inputs.end(), alone)) continue;
      for (const NodeId part : sum.inputs) gathered_[id].push_back(nodes_[part].inputs[0]);
    }
  }

  [[nodiscard]] const std::vector<NodeId>& sources(NodeId id) const {
    return gathered_[id].empty() ? nodes_[fused_[id].value_or(id)].inputs : gathered_[id];
  }

  // Depth first from the outputs: what a value is made from stands right before it.
  void order() {
    std::vector<uint8_t> state(nodes_.size(), 0);  // 1: its sources are pending, 2: placed
    for (const NodeId output : outputs_) {
      std::vector<std::pair<NodeId, size_t>> stack{{output, 0}};
      while (!stack.empty()) {
        auto& [id, next] = stack.back();
        if (state[id] == 2) {
          stack.pop_back();
          continue;
        }
        const auto& inputs = sources(id);
        if (next < inputs.size()) {
          const NodeId input = inputs[next++];
          if (state[input] != 2) stack.emplace_back(input, 0);
          continue;
        }
        state[id] = 2;
        order_.push_back(id);
        stack.pop_back();
      }
    }
  }

  [[nodiscard]] bool contiguous(NodeId id) const {
    const auto& columns = ints(nodes_[id], 0);
    for (size_t i = 1; i < columns.size(); ++i) {
      if (columns[i] != columns[i - 1] + 1) return false;
    }
    return true;
  }
  // Views and strings have no step of their own.
  [[nodiscard]] bool is_view(NodeId id) const { return types_[id].kind == Kind::kString || (nodes_[id].op == Op::kSelect && contiguous(id)); }

  void place() {
    places_.resize(nodes_.size());
    std::vector<uint8_t> placed(nodes_.size(), 0);
    for (size_t i = order_.size(); i-- > 0;) {
      const NodeId id = order_[i];
      if (is_view(id)) continue;
      if (placed[id] == 0) places_[id] = {id, 0};
      if (nodes_[id].op != Op::kConcat) continue;
      size_t at = 0;
      for (const NodeId part : nodes_[id].inputs) {
        if (placed[part] == 0 && !is_view(part)) {
          places_[part] = {places_[id].root, places_[id].offset + at};
          placed[part] = 1;
        }
        at += types_[part].width;
      }
    }
    for (const NodeId id : order_) {
      if (types_[id].kind == Kind::kString || !is_view(id)) continue;
      places_[id] = places_[nodes_[id].inputs[0]];
      places_[id].offset += static_cast<size_t>(ints(nodes_[id], 0)[0]);
    }
  }

  void allocate() {
    std::vector<size_t> first(nodes_.size(), kNever);
    std::vector<size_t> last(nodes_.size(), 0);
    for (size_t i = 0; i < order_.size(); ++i) {
      const NodeId id = order_[i];
      if (types_[id].kind == Kind::kString) continue;
      const NodeId root = places_[id].root;
      first[root] = std::min(first[root], i);
      last[root] = std::max(last[root], i);
      for (const NodeId source : sources(id)) {
        if (types_[source].kind != Kind::kString) last[places_[source].root] = std::max(last[places_[source].root], i);
      }
    }
    for (const NodeId id : outputs_) last[places_[id].root] = order_.size();
    std::vector<std::vector<NodeId>> begins(order_.size());
    std::vector<std::vector<NodeId>> ends(order_.size() + 1);
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      if (first[id] == kNever) continue;
      begins[first[id]].push_back(id);
      ends[last[id]].push_back(id);
    }
    columns_.assign(nodes_.size(), 0);
    scratch_.assign(nodes_.size(), 0);
    Columns numbers;
    Columns codes;
    for (size_t i = 0; i < order_.size(); ++i) {
      for (const NodeId id : begins[i]) columns_[id] = types_[id].kind == Kind::kCode ? codes.take(1) : numbers.take(types_[id].width);
      if (const size_t width = scratch_of(order_[i]); width > 0) {
        scratch_[order_[i]] = numbers.take(width);
        numbers.give_back(scratch_[order_[i]], width);
      }
      for (const NodeId id : ends[i]) {
        if (types_[id].kind == Kind::kCode) {
          codes.give_back(columns_[id], 1);
        } else {
          numbers.give_back(columns_[id], types_[id].width);
        }
      }
    }
    program_.number_columns = numbers.size();
    program_.code_columns = codes.size();
    // The values of a very wide plan take the smallest tile.
    if (numbers.size() > kWideColumns) program_.tile_rows = kLaneMultiple;
  }

  void mark_outputs() {
    made_for_.assign(nodes_.size(), 0);
    for (size_t i = 0; i < outputs_.size(); ++i) made_for_[outputs_[i]] |= output_bit(i);
    for (size_t i = order_.size(); i-- > 0;) {
      for (const NodeId source : sources(order_[i])) made_for_[source] |= made_for_[order_[i]];
    }
  }

  [[nodiscard]] size_t column(NodeId id) const { return columns_[places_[id].root] + places_[id].offset; }

  [[nodiscard]] RecurShape recur_of(const Node& node) const {
    return recur_shape(node.function, node.size, types_[node.inputs[0]].width, floats(node, 2).size());
  }
  // Columns that a step needs for itself.
  [[nodiscard]] size_t scratch_of(NodeId id) const { return nodes_[id].op == Op::kRecur ? scratch_columns(recur_of(nodes_[id])) : 0; }

  std::shared_ptr<const PackedAffine> packed(const Node& node) {
    const std::pair key{node.constants[0], node.constants[1]};
    auto& known = packed_[key];
    if (!known) known = std::make_shared<const PackedAffine>(pack_affine(floats(node, 0), floats(node, 1)));
    return known;
  }

  GatherData gather_data(const Node& sum) const {
    GatherData made;
    const auto& weights = floats(sum, 0);
    for (size_t p = 0; p < sum.inputs.size(); ++p) {
      const Node& look_up = nodes_[sum.inputs[p]];
      const auto& table = floats(look_up, 0);
      made.parts.push_back({made.tables.size(), column(look_up.inputs[0]), static_cast<double>(weights[p])});
      made.tables.insert(made.tables.end(), table.begin(), table.end());
    }
    return made;
  }

  Step step(NodeId id) {
    const Node& node = nodes_[fused_[id].value_or(id)];
    Step made;
    made.op = node.op;
    made.outputs = made_for_[id];
    if (nodes_[id].op == Op::kActivate) made.function = find_native_function(nodes_[id].function);
    made.out = column(id);
    made.width = types_[id].width;
    if (!node.inputs.empty() && types_[node.inputs[0]].kind != Kind::kString && gathered_[id].empty()) {
      made.in = column(node.inputs[0]);
      made.in_width = types_[node.inputs[0]].width;
    }
    switch (node.op) {
      case Op::kInput: made.source = node.size; break;
      case Op::kEncode:
        made.source = nodes_[node.inputs[0]].size;
        made.data =
            EncodeData{Vocabulary(constant(node.constants[0]).strings(), ints(node, 1)), ints(node, 2)[0], ints(node, 2)[1], program_.encodes++};
        break;
      case Op::kSpecial:
      case Op::kImpute:
      case Op::kPiecewiseLinear:
      case Op::kLookUp: made.data = floats(node, 0); break;
      case Op::kMissingFlag:
      case Op::kCodeNumber:
      case Op::kActivate: break;
      case Op::kClip: made.data = RangeData{floats(node, 0), floats(node, 1)}; break;
      case Op::kScale: made.data = ScaleData{floats(node, 0), floats(node, 1)}; break;
      case Op::kInterpolate: made.data = make_knots(floats(node, 0), floats(node, 1)); break;
      case Op::kBin: made.data = Bins{make_search_list(floats(node, 0)), floats(node, 1), static_cast<int32_t>(floats(node, 0).size()) + 1}; break;
      case Op::kOneHot:
      case Op::kSelect: made.data = ints(node, 0); break;
      case Op::kCross:
        made.second = column(node.inputs[1]);
        made.data = PairTable(ints(node, 0), types_[node.inputs[0]].levels, types_[node.inputs[1]].levels, ints(node, 1)[0]);
        break;
      case Op::kConcat: {
        CopyData copies;
        size_t at = made.out;
        for (const NodeId part : node.inputs) {
          if (column(part) != at || places_[part].root != places_[id].root) copies.parts.push_back({column(part), at, types_[part].width});
          at += types_[part].width;
        }
        made.data = std::move(copies);
        break;
      }
      case Op::kAffine: made.data = packed(node); break;
      case Op::kTrees: made.data = pack_trees(plan_, node); break;
      case Op::kSum: {
        if (!gathered_[id].empty()) {
          made.data = gather_data(node);
          break;
        }
        SumData sum;
        for (const NodeId part : node.inputs) sum.parts.push_back(column(part));
        sum.weights = floats(node, 0);
        made.data = std::move(sum);
        break;
      }
      case Op::kMultiply: made.second = column(node.inputs[1]); break;
      case Op::kNormalise: made.data = NormaliseData{floats(node, 0), floats(node, 1), static_cast<double>(floats(node, 2)[0])}; break;
      case Op::kAttend: {
        const auto width = [&](size_t i) -> size_t { return types_[node.inputs[i]].width; };
        made.data = AttendData{attend_shape(ints(node, 0)[0], ints(node, 0)[1], width(0), width(1), width(2)), column(node.inputs[1]),
                               column(node.inputs[2])};
        if (node.inputs.size() == 4) {
          auto& attend = std::get<AttendData>(made.data);
          attend.present = column(node.inputs[3]);
          attend.all_present = false;
        }
        break;
      }
      case Op::kRecur:
        made.second = column(node.inputs[1]);
        made.scratch = scratch_[id];
        made.data = std::make_shared<const PackedRecur>(pack_recur(recur_of(node), floats(node, 0), floats(node, 1), floats(node, 2)));
        break;
      case Op::kConvolve: {
        const ConvolveShape shape = convolve_shape(ints(node, 2), made.in_width, floats(node, 0).size(), floats(node, 1).size());
        made.data = std::make_shared<const PackedConvolve>(pack_convolve(shape, floats(node, 0), floats(node, 1)));
        break;
      }
      case Op::kPool:
        made.second = column(node.inputs[1]);
        made.data = PoolData{find_pooling(node.function), types_[node.inputs[1]].width};
        break;
      case Op::kTokens:
        made.source = nodes_[node.inputs[0]].size;
        made.data = TokenData{Tokeniser(constant(node.constants[0]).strings(), ints(node, 1), ints(node, 2)[0])};
        break;
      case Op::kEmbed: made.data = EmbedData{floats(node, 0), node.size}; break;
      case Op::kPoints:
        made.data = PointsData{static_cast<double>(floats(node, 0)[0]), static_cast<double>(floats(node, 0)[1]), node.function == "round"};
        break;
    }
    return made;
  }

  const ScorePlan& plan_;
  std::vector<Node> nodes_;
  std::vector<ValueType> types_;
  std::deque<Constant> added_;
  std::vector<NodeId> outputs_;
  std::vector<std::vector<NodeId>> readers_;
  std::vector<uint8_t> is_output_;
  std::vector<std::optional<NodeId>> fused_;
  std::vector<std::vector<NodeId>> gathered_;  // codes of a sum of look-ups; empty: none
  std::vector<NodeId> order_;
  std::vector<Place> places_;
  std::vector<size_t> columns_;
  std::vector<size_t> scratch_;
  std::vector<uint64_t> made_for_;
  std::map<std::pair<ConstantId, ConstantId>, std::shared_ptr<const PackedAffine>> packed_;
  Program program_;
};

}  // namespace

Program compile(const ScorePlan& plan) { return Compiler(plan).run(); }

}  // namespace obligor::native
