// The rules of docs/plan.md, one function an op. What passes here needs no check in an executor.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "plan/functions.h"
#include "plan/plan.h"

namespace obligor {
namespace {

using Kind = ValueType::Kind;

class Verifier {
 public:
  Verifier(const ScorePlan& plan, const PlanLimits& limits) : plan_(plan), limits_(limits) {}

  std::vector<ValueType> run() {
    check_sizes();
    types_.reserve(plan_.nodes.size());
    size_t row_values = 0;
    for (id_ = 0; id_ < plan_.nodes.size(); ++id_) {
      const Node& node = plan_.nodes[id_];
      for (const NodeId input : node.inputs) require(input < id_, "reads a node that does not stand before it");
      for (const ConstantId constant : node.constants) require(constant < plan_.constants.size(), "names a constant that is not there");
      ValueType type = type_of(node);
      require(type.kind != Kind::kNumber || (type.width >= 1 && type.width <= limits_.width), "is wider than the limit");
      row_values += type.width;
      require(row_values <= limits_.row_values,
              fmt::format("brings the values of a row to {}, over the limit of {}", row_values, limits_.row_values));
      types_.push_back(type);
    }
    for (const auto& output : plan_.outputs) {
      if (output.node >= plan_.nodes.size()) fail(fmt::format("output '{}' names a node that is not there", output.name));
      if (types_[output.node].kind == Kind::kString) fail(fmt::format("output '{}' is a raw string", output.name));
      // Who scores reads one number a row from these.
      const bool score = output.name == "log_odds" || output.name == "probability" || output.name == "points";
      if (score && types_[output.node] != number_type(1)) fail(fmt::format("output '{}' is not a number of width 1", output.name));
    }
    return std::move(types_);
  }

 private:
  [[noreturn]] static void fail(const std::string& message) { throw Error(ErrorCode::kData, "plan: " + message); }

  void require(bool holds, std::string_view rule) const {
    if (!holds) fail(fmt::format("node {} ({}) {}", id_, op_name(plan_.nodes[id_].op), rule));
  }

  void check_sizes() const {
    if (plan_.version < 1 || plan_.version > kPlanVersion) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("plan: version {} is not known; this Obligor reads up to {}: update it", plan_.version, kPlanVersion));
    }
    if (plan_.inputs.size() > limits_.inputs) fail("too many inputs");
    if (plan_.nodes.size() > limits_.nodes) fail("too many nodes");
    if (plan_.constants.size() > limits_.constants) fail("too many constants");
    for (size_t i = 0; i < plan_.constants.size(); ++i) {
      const Constant& constant = plan_.constants[i];
      if (constant.size() > limits_.constant_elements) fail(fmt::format("constant {} is too large", i));
      size_t product = 1;
      for (const uint32_t extent : constant.shape) {
        product *= extent;
        if (product > limits_.constant_elements) fail(fmt::format("constant {} has a shape beyond the limit", i));
      }
      if (product != constant.size()) fail(fmt::format("constant {} has {} elements where its shape says {}", i, constant.size(), product));
    }
    for (size_t i = 0; i < plan_.inputs.size(); ++i) {
      for (size_t j = i + 1; plan_.inputs.size() <= 2048 && j < plan_.inputs.size(); ++j) {
        if (plan_.inputs[i].name == plan_.inputs[j].name) fail(fmt::format("two inputs are named '{}'", plan_.inputs[i].name));
      }
    }
  }

  void arity(const Node& node, size_t inputs, size_t constants) const {
    require(node.inputs.size() == inputs, fmt::format("takes {} inputs", inputs));
    require(node.constants.size() == constants, fmt::format("takes {} constants", constants));
  }

  const ValueType& number(const Node& node, size_t i) const {
    const ValueType& type = types_[node.inputs[i]];
    require(type.kind == Kind::kNumber, "wants a number");
    return type;
  }

  const ValueType& scalar(const Node& node) const {
    const ValueType& type = number(node, 0);
    require(type.width == 1, "wants a number of width 1");
    return type;
  }

  uint32_t levels(const Node& node, size_t i) const {
    const ValueType& type = types_[node.inputs[i]];
    require(type.kind == Kind::kCode, "wants a code");
    return type.levels;
  }

  template <typename T>
  const std::vector<T>& constant(const Node& node, size_t i) const {
    const auto* values = std::get_if<std::vector<T>>(&plan_.constants[node.constants[i]].data);
    require(values != nullptr, fmt::format("has a constant of the wrong type at place {}", i));
    return *values;
  }

  const std::vector<float>& floats(const Node& node, size_t i, size_t size) const {
    const auto& values = constant<float>(node, i);
    require(values.size() == size, fmt::format("wants {} values in constant {}", size, i));
    return values;
  }

  void ascending(const std::vector<float>& values, std::string_view what) const {
    for (size_t i = 0; i < values.size(); ++i) {
      require(!std::isnan(values[i]) && (i == 0 || values[i - 1] < values[i]), fmt::format("wants strictly ascending {}", what));
    }
  }

  // Between infinite ends a share of the way has no meaning.
  void finite(const std::vector<float>& values, std::string_view what) const {
    require(std::isfinite(values.front()) && std::isfinite(values.back()), fmt::format("wants finite {}", what));
  }

  static ValueType number_type(size_t width) { return {Kind::kNumber, static_cast<uint32_t>(width), 0}; }
  ValueType code_type(uint32_t count) const {
    require(count >= 1 && count <= limits_.width, "has no codes, or more than the limit");
    return {Kind::kCode, 1, count};
  }

  ValueType type_of(const Node& node) const {
    switch (node.op) {
      case Op::kInput: {
        arity(node, 0, 0);
        require(node.size < plan_.inputs.size(), "names an input that is not there");
        const bool category = plan_.inputs[node.size].kind == InputKind::kCategory;
        return category ? ValueType{Kind::kString, 1, 0} : number_type(1);
      }
      case Op::kEncode: return encode(node);
      case Op::kSpecial: {
        arity(node, 1, 1);
        (void)constant<float>(node, 0);
        return number(node, 0);
      }
      case Op::kMissingFlag: arity(node, 1, 0); return number(node, 0);
      case Op::kImpute: {
        arity(node, 1, 1);
        (void)floats(node, 0, number(node, 0).width);
        return number(node, 0);
      }
      case Op::kClip:
      case Op::kScale: {
        arity(node, 1, 2);
        (void)floats(node, 0, number(node, 0).width);
        (void)floats(node, 1, number(node, 0).width);
        return number(node, 0);
      }
      case Op::kInterpolate: {
        arity(node, 1, 2);
        const auto& knots = constant<float>(node, 0);
        require(!knots.empty(), "wants at least one knot");
        ascending(knots, "knots");
        finite(knots, "knots");
        (void)floats(node, 1, knots.size());
        return scalar(node);
      }
      case Op::kPiecewiseLinear: {
        arity(node, 1, 1);
        const auto& edges = constant<float>(node, 0);
        require(edges.size() >= 2, "wants at least two edges");
        ascending(edges, "edges");
        finite(edges, "edges");
        (void)scalar(node);
        return number_type(edges.size() - 1);
      }
      case Op::kBin: {
        arity(node, 1, 2);
        (void)scalar(node);
        const auto& thresholds = constant<float>(node, 0);
        ascending(thresholds, "thresholds");
        const size_t count = thresholds.size() + 2 + constant<float>(node, 1).size();
        require(node.size == count, "states a wrong number of codes");
        return code_type(static_cast<uint32_t>(count));
      }
      case Op::kLookUp: {
        arity(node, 1, 1);
        const uint32_t rows = levels(node, 0);
        const auto& table = constant<float>(node, 0);
        require(!table.empty() && table.size() % rows == 0, "wants a table with a row a code");
        return number_type(table.size() / rows);
      }
      case Op::kOneHot: {
        arity(node, 1, 1);
        const auto& columns = constant<int32_t>(node, 0);
        require(columns.size() == levels(node, 0), "wants a column a code");
        for (const int32_t column : columns) require(column >= -1 && column < static_cast<int64_t>(node.size), "names a column out of range");
        return number_type(node.size);
      }
      case Op::kCross: return cross(node);
      case Op::kCodeNumber: {
        arity(node, 1, 0);
        (void)levels(node, 0);
        return number_type(1);
      }
      case Op::kConcat: {
        require(!node.inputs.empty() && node.constants.empty(), "wants inputs and no constants");
        size_t width = 0;
        for (size_t i = 0; i < node.inputs.size(); ++i) width += number(node, i).width;
        require(width <= limits_.width, "is wider than the limit");
        return number_type(width);
      }
      case Op::kSelect: {
        arity(node, 1, 1);
        const auto& columns = constant<int32_t>(node, 0);
        require(!columns.empty(), "selects nothing");
        for (const int32_t column : columns)
          require(column >= 0 && column < static_cast<int64_t>(number(node, 0).width), "names a column out of range");
        return number_type(columns.size());
      }
      case Op::kAffine: {
        arity(node, 1, 2);
        const size_t out = constant<float>(node, 1).size();
        require(out >= 1, "wants at least one row of weights");
        (void)floats(node, 0, out * number(node, 0).width);
        return number_type(out);
      }
      case Op::kActivate: {
        arity(node, 1, 0);
        require(find_function(node.function).has_value(), fmt::format("names an unknown function '{}'", node.function));
        return number(node, 0);
      }
      case Op::kTrees: return trees(node);
      case Op::kSum: {
        require(!node.inputs.empty() && node.constants.size() == 1, "wants inputs and one constant");
        for (size_t i = 0; i < node.inputs.size(); ++i) require(number(node, i).width == number(node, 0).width, "wants equal widths");
        (void)floats(node, 0, node.inputs.size());
        return number(node, 0);
      }
      case Op::kMultiply: {
        arity(node, 2, 0);
        require(number(node, 0).width == number(node, 1).width, "wants equal widths");
        return number(node, 0);
      }
      case Op::kNormalise: {
        arity(node, 1, 3);
        require(node.size >= 1 && number(node, 0).width % node.size == 0, "wants whole groups of columns");
        (void)floats(node, 0, node.size);
        (void)floats(node, 1, node.size);
        const float epsilon = floats(node, 2, 1)[0];
        require(epsilon > 0 && std::isfinite(epsilon), "wants a positive, finite epsilon");
        return number(node, 0);
      }
      case Op::kAttend: return attend(node);
      case Op::kRecur: return recur(node);
      case Op::kConvolve: return convolve(node);
      case Op::kPool: {
        arity(node, 2, 0);
        const uint32_t steps = number(node, 1).width;
        require(find_pooling(node.function) != Pooling::kUnknown, "has a function that is none of max, mean, sum and last");
        require(number(node, 0).width % steps == 0, "wants whole steps, as many as its presence has columns");
        return number_type(number(node, 0).width / steps);
      }
      case Op::kTokens: return tokens(node);
      case Op::kEmbed: {
        arity(node, 1, 1);
        const auto& table = constant<float>(node, 0);
        require(node.size >= 1 && !table.empty() && table.size() % node.size == 0, "wants a table of whole rows");
        require(table.size() / node.size <= limits_.width, "has more rows than the limit");
        const size_t width = size_t{number(node, 0).width} * node.size;
        require(width <= limits_.width, "is wider than the limit");
        return number_type(width);
      }
      case Op::kPoints: {
        arity(node, 1, 1);
        (void)floats(node, 0, 2);
        require(node.function == "exact" || node.function == "round", "has a mode that is neither exact nor round");
        return scalar(node);
      }
    }
    fail(fmt::format("node {} has an unknown operation", id_));
  }

  ValueType encode(const Node& node) const {
    arity(node, 1, 3);
    require(types_[node.inputs[0]].kind == Kind::kString, "wants a string");
    const auto& vocabulary = constant<std::string>(node, 0);
    const auto& codes = constant<int32_t>(node, 1);
    const auto& others = constant<int32_t>(node, 2);
    require(codes.size() == vocabulary.size(), "wants a code a string");
    require(others.size() == 2, "wants a code for missing and one for unseen");
    const auto in_range = [&](int32_t code) { return code >= 0 && code < static_cast<int64_t>(node.size); };
    require(std::all_of(codes.begin(), codes.end(), in_range) && in_range(others[0]) && in_range(others[1]), "has a code out of range");
    return code_type(node.size);
  }

  ValueType tokens(const Node& node) const {
    arity(node, 1, 3);
    require(types_[node.inputs[0]].kind == Kind::kString, "wants a string");
    const auto& words = constant<std::string>(node, 0);
    const auto& ids = constant<int32_t>(node, 1);
    const auto& other = constant<int32_t>(node, 2);
    require(ids.size() == words.size(), "wants an id a word");
    require(other.size() == 1, "wants one id for words that are not listed");
    const auto most = static_cast<int64_t>(limits_.width);
    require(std::all_of(ids.begin(), ids.end(), [&](int32_t id) { return id >= 0 && id < most; }) && other[0] >= -1 && other[0] < most,
            "has an id out of range");
    require(node.size >= 1 && node.size <= limits_.width, "wants between one word and the limit");
    return number_type(node.size);
  }

  ValueType cross(const Node& node) const {
    arity(node, 2, 2);
    const auto first = static_cast<int64_t>(levels(node, 0));
    const auto second = static_cast<int64_t>(levels(node, 1));
    const auto& triples = constant<int32_t>(node, 0);
    const auto& unseen = constant<int32_t>(node, 1);
    require(triples.size() % 3 == 0 && unseen.size() == 1, "wants triples and one code for unseen");
    require(unseen[0] >= 0 && unseen[0] < static_cast<int64_t>(node.size), "has a code out of range");
    for (size_t i = 0; i < triples.size(); i += 3) {
      require(triples[i] >= 0 && triples[i] < first && triples[i + 1] >= 0 && triples[i + 1] < second && triples[i + 2] >= 0 &&
                  triples[i + 2] < static_cast<int64_t>(node.size),
              "has a pair or code out of range");
    }
    return code_type(node.size);
  }

  ValueType attend(const Node& node) const {
    arity(node, node.inputs.size() == 4 ? 4 : 3, 1);
    const auto& extents = constant<int32_t>(node, 0);
    require(extents.size() == 2, "wants a number of heads and of key tokens");
    const AttendShape shape = attend_shape(extents[0], extents[1], number(node, 0).width, number(node, 1).width, number(node, 2).width);
    require(shape.value_width >= 1, "wants widths that fit its heads and tokens");
    require(node.inputs.size() == 3 || number(node, 3).width == shape.keys, "wants a presence of one column a key token");
    require(shape.heads * shape.queries <= limits_.scores / shape.keys, "has more scores than the limit");
    const size_t width = shape.queries * shape.heads * shape.value_width;
    require(width <= limits_.width, "is wider than the limit");
    return number_type(width);
  }

  ValueType recur(const Node& node) const {
    arity(node, 2, 3);
    const RecurShape shape = recur_shape(node.function, node.size, number(node, 0).width, constant<float>(node, 2).size());
    require(shape.hidden >= 1, "wants a function tanh, lstm or gru, whole steps, and biases that fit its gates");
    require(number(node, 1).width == shape.steps, "wants a presence of one column a step");
    require(shape.hidden <= limits_.width / shape.steps && shape.rows() <= limits_.width, "is wider than the limit");
    (void)floats(node, 0, shape.rows() * shape.channels);
    (void)floats(node, 1, shape.rows() * shape.hidden);
    return number_type(shape.steps * shape.hidden);
  }

  ValueType convolve(const Node& node) const {
    arity(node, 1, 3);
    const auto& extents = constant<int32_t>(node, 2);
    const ConvolveShape shape = convolve_shape(extents, number(node, 0).width, constant<float>(node, 0).size(), constant<float>(node, 1).size());
    require(shape.out_steps >= 1, "wants steps, a dilation, padding and weights that fit its width and leave a step");
    require(shape.filters <= limits_.width / shape.out_steps, "is wider than the limit");
    // The filters are walked once a step, padded ones too.
    require(shape.taps <= limits_.width / shape.out_steps, "has more taps than the limit");
    return number_type(shape.out_steps * shape.filters);
  }

  ValueType trees(const Node& node) const {
    arity(node, 1, 10);
    const auto width = static_cast<int64_t>(number(node, 0).width);
    const auto& roots = constant<int32_t>(node, 0);
    const auto& feature = constant<int32_t>(node, 1);
    const auto& threshold = constant<float>(node, 2);
    const auto& left = constant<int32_t>(node, 3);
    const auto& right = constant<int32_t>(node, 4);
    const auto& flags = constant<uint8_t>(node, 5);
    const auto& leaves = constant<float>(node, 6);
    const auto& bit_begin = constant<int32_t>(node, 7);
    const auto& bit_end = constant<int32_t>(node, 8);
    const auto words = static_cast<int64_t>(constant<int32_t>(node, 9).size());
    const size_t count = feature.size();
    require(threshold.size() == count && left.size() == count && right.size() == count && flags.size() == count && bit_begin.size() == count &&
                bit_end.size() == count,
            "has arrays of unequal length");
    const auto leaf_count = static_cast<int64_t>(leaves.size());
    const auto valid_root = [&](int64_t child) { return child >= 0 ? child < static_cast<int64_t>(count) : ~child < leaf_count; };
    for (const int32_t root : roots) require(valid_root(root), "has a root out of range");
    for (size_t i = 0; i < count; ++i) {
      require(feature[i] >= 0 && feature[i] < width, "splits on a column out of range");
      // Children stand after their parent, so that every walk ends.
      for (const int64_t child : {static_cast<int64_t>(left[i]), static_cast<int64_t>(right[i])}) {
        require(valid_root(child) && (child < 0 || child > static_cast<int64_t>(i)), "has a child that does not stand after its parent");
      }
      require(bit_begin[i] >= 0 && bit_begin[i] <= bit_end[i] && bit_end[i] <= words, "has category bits out of range");
    }
    return number_type(1);
  }

  const ScorePlan& plan_;
  const PlanLimits& limits_;
  std::vector<ValueType> types_;
  size_t id_ = 0;
};

}  // namespace

std::vector<ValueType> verify(const ScorePlan& plan, const PlanLimits& limits) { return Verifier(plan, limits).run(); }

}  // namespace obligor
