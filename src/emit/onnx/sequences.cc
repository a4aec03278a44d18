#include "emit/onnx/sequences.h"

#include <limits>
#include <span>

namespace obligor::onnx {
namespace {

class Sequences {
 public:
  Sequences(OnnxGraph& graph, const ScorePlan& plan, const std::vector<ValueType>& types, const Node& node, const std::vector<std::string>& in)
      : graph_(graph), plan_(plan), types_(types), node_(node), in_(in) {}

  std::string attend() {
    const int64_t heads = ints(0)[0];
    const int64_t tokens = ints(0)[1];
    const int64_t d = width(1) / (heads * tokens);
    const int64_t e = width(2) / (heads * tokens);
    const int64_t queries = width(0) / (heads * d);
    const auto turned = [&](const std::string& x, int64_t count, int64_t depth, std::vector<int64_t> order) {
      return graph_.add("Transpose", {shaped(cast(x, Type::kDouble), {0, count, heads, depth})}, {ints_attribute("perm", order)});
    };
    std::string v = turned(in_[2], tokens, e, {0, 2, 1, 3});
    const std::string scores = graph_.add("MatMul", {turned(in_[0], queries, d, {0, 2, 1, 3}), turned(in_[1], tokens, d, {0, 2, 3, 1})});
    std::string mixed;
    if (in_.size() == 3) {
      mixed = graph_.add("MatMul", {softmax(scores), v});
    } else {
      const std::string zero = graph_.constant(std::vector<double>{0}, {1});
      const std::string least = graph_.constant(std::vector<double>{-std::numeric_limits<double>::infinity()}, {1});
      const std::string present = shaped(is_present(in_[3]), {0, 1, 1, tokens});
      const std::string kept = where(present, softmax(where(present, scores, least)), zero);
      mixed = graph_.add("MatMul", {kept, where(shaped(present, {0, 1, tokens, 1}), v, zero)});
    }
    mixed = graph_.add("Transpose", {mixed}, {ints_attribute("perm", std::vector<int64_t>{0, 2, 1, 3})});
    return cast(shaped(mixed, {0, queries * heads * e}), Type::kFloat);
  }

  std::string recur() {
    const RecurShape shape = recur_shape(node_.function, node_.size, static_cast<size_t>(width(0)), floats(2).size());
    const auto steps = static_cast<int64_t>(shape.steps);
    const auto channels = static_cast<int64_t>(shape.channels);
    const auto rows = static_cast<int64_t>(shape.rows());
    const auto hidden = static_cast<int64_t>(shape.hidden);
    const bool is_gru = shape.cell == RecurShape::Cell::kGru;
    const std::span<const float> bias(floats(2));
    const std::string of_state = turned_matrix(floats(1), rows, hidden);
    const std::string state_bias = is_gru ? graph_.constant(bias.subspan(shape.rows()), {rows}) : "";
    // What all steps take from their channels, at once.
    const std::string all = graph_.add("Add", {graph_.add("MatMul", {shaped(in_[0], {0, steps, channels}), turned_matrix(floats(0), rows, channels)}),
                                               graph_.constant(bias.first(shape.rows()), {rows})});
    const std::string seen = is_present(in_[1]);
    // [rows, hidden] of zeros, whatever the columns hold.
    const std::string some =
        graph_.add("Gather", {cast(seen, Type::kFloat), longs(std::vector<int64_t>(shape.hidden, 0))}, {int_attribute("axis", 1)});
    std::string state = graph_.add("Mul", {some, number(0)});
    std::string memory = state;
    std::vector<std::string> states;
    for (int64_t t = 0; t < steps; ++t) {
      const std::string x = graph_.add("Gather", {all, graph_.constant(std::vector<int64_t>{t}, {})}, {int_attribute("axis", 1)});
      const std::string there = graph_.add("Gather", {seen, longs({t})}, {int_attribute("axis", 1)});
      std::string h = graph_.add("MatMul", {state, of_state});
      if (is_gru) h = graph_.add("Add", {h, state_bias});
      const auto part = [&](const std::string& of, int64_t gate) {
        return graph_.add("Slice", {of, longs({gate * hidden}), longs({(gate + 1) * hidden}), longs({1})});
      };
      std::string fresh;
      switch (shape.cell) {
        case RecurShape::Cell::kTanh: fresh = graph_.add("Tanh", {graph_.add("Add", {x, h})}); break;
        case RecurShape::Cell::kLstm: {
          const std::string sum = graph_.add("Add", {x, h});
          const std::string gates = graph_.add("Sigmoid", {sum});
          const std::string added = graph_.add("Mul", {part(gates, 0), graph_.add("Tanh", {part(sum, 2)})});
          const std::string cell = graph_.add("Add", {graph_.add("Mul", {part(gates, 1), memory}), added});
          fresh = graph_.add("Mul", {part(gates, 3), graph_.add("Tanh", {cell})});
          memory = where(there, cell, memory);
          break;
        }
        case RecurShape::Cell::kGru: {
          const auto gate = [&](int64_t g) { return graph_.add("Sigmoid", {graph_.add("Add", {part(x, g), part(h, g)})}); };
          const std::string n = graph_.add("Tanh", {graph_.add("Add", {part(x, 2), graph_.add("Mul", {gate(0), part(h, 2)})})});
          fresh = graph_.add("Add", {n, graph_.add("Mul", {gate(1), graph_.add("Sub", {state, n})})});
          break;
        }
      }
      state = where(there, fresh, state);
      states.push_back(state);
    }
    return graph_.add("Concat", states, {int_attribute("axis", 1)});
  }

  std::string convolve() {
    const ConvolveShape shape = convolve_shape(ints(2), static_cast<size_t>(width(0)), floats(0).size(), floats(1).size());
    const auto filters = static_cast<int64_t>(shape.filters);
    const auto channels = static_cast<int64_t>(shape.channels);
    const auto taps = static_cast<int64_t>(shape.taps);
    // Filters x taps x channels, to filters x channels x taps.
    std::vector<float> weights;
    weights.reserve(floats(0).size());
    for (size_t f = 0; f < shape.filters; ++f) {
      for (size_t c = 0; c < shape.channels; ++c) {
        for (size_t k = 0; k < shape.taps; ++k) weights.push_back(floats(0)[(f * shape.taps + k) * shape.channels + c]);
      }
    }
    const std::vector<int64_t> turn{0, 2, 1};
    const std::string x = graph_.add("Transpose", {shaped(in_[0], {0, ints(2)[0], channels})}, {ints_attribute("perm", turn)});
    const std::string y =
        graph_.add("Conv", {x, graph_.constant(weights, {filters, channels, taps}), graph_.constant(floats(1), {filters})},
                   {ints_attribute("dilations", std::vector<int64_t>{ints(2)[1]}), ints_attribute("kernel_shape", std::vector<int64_t>{taps}),
                    ints_attribute("pads", std::vector<int64_t>{ints(2)[2], ints(2)[3]})});
    return shaped(graph_.add("Transpose", {y}, {ints_attribute("perm", turn)}), {0, static_cast<int64_t>(shape.out_steps) * filters});
  }

  std::string pool() {
    const int64_t steps = width(1);
    const int64_t channels = width(0) / steps;
    const std::string x = shaped(in_[0], {0, steps, channels});
    const std::string there = shaped(is_present(in_[1]), {0, steps, 1});
    const std::string count = reduce("ReduceSum", cast(there, Type::kDouble));  // [rows, 1]
    const auto sum = [&] { return reduce("ReduceSum", cast(where(there, x, number(0)), Type::kDouble)); };
    switch (find_pooling(node_.function)) {
      case Pooling::kSum: return cast(sum(), Type::kFloat);
      case Pooling::kMean: return cast(graph_.add("Div", {sum(), graph_.add("Max", {count, real(1)})}), Type::kFloat);
      case Pooling::kLast: {
        std::vector<int64_t> places;
        for (int64_t t = 1; t <= steps; ++t) places.push_back(t);
        const std::string place = where(there, graph_.constant(places, {1, steps, 1}), longs({0}));
        const std::string last = graph_.add("Max", {graph_.add("ReduceMax", {place}, {ints_attribute("axes", std::vector<int64_t>{1})}), longs({1})});
        const std::string is_last = graph_.add("And", {graph_.add("Equal", {place, last}), there});
        return reduce("ReduceSum", where(is_last, x, number(0)));
      }
      default: break;
    }
    const std::string none = number(-std::numeric_limits<float>::infinity());
    const std::string unknown = graph_.add("And", {graph_.add("IsNaN", {x}), there});
    const std::string any_unknown = graph_.add("Greater", {reduce("ReduceSum", cast(unknown, Type::kFloat)), number(0)});
    const std::string known = where(graph_.add("IsNaN", {x}), none, x);
    const std::string largest =
        graph_.add("ReduceMax", {where(there, known, none)}, {ints_attribute("axes", std::vector<int64_t>{1}), int_attribute("keepdims", 0)});
    const std::string found = where(any_unknown, number(std::numeric_limits<float>::quiet_NaN()), largest);
    return where(graph_.add("Greater", {count, real(0)}), found, number(0));
  }

 private:
  [[nodiscard]] const std::vector<float>& floats(size_t i) const { return plan_.constants[node_.constants[i]].floats(); }
  [[nodiscard]] const std::vector<int32_t>& ints(size_t i) const { return plan_.constants[node_.constants[i]].ints(); }
  [[nodiscard]] int64_t width(size_t i) const { return types_[node_.inputs[i]].width; }

  std::string longs(const std::vector<int64_t>& values) { return graph_.constant(values, {static_cast<int64_t>(values.size())}); }
  std::string number(float value) { return graph_.constant(std::vector<float>{value}, {1}); }
  std::string real(double value) { return graph_.constant(std::vector<double>{value}, {1}); }
  std::string cast(const std::string& x, Type type) { return graph_.add("Cast", {x}, {int_attribute("to", static_cast<int64_t>(type))}); }
  std::string shaped(const std::string& x, const std::vector<int64_t>& shape) { return graph_.add("Reshape", {x, longs(shape)}); }
  std::string where(const std::string& mask, const std::string& yes, const std::string& no) { return graph_.add("Where", {mask, yes, no}); }
  std::string is_present(const std::string& x) { return graph_.add("Greater", {x, number(0)}); }
  std::string softmax(const std::string& x) { return graph_.add("Softmax", {x}, {int_attribute("axis", -1)}); }
  // Over the steps of [rows, steps, channels].
  std::string reduce(std::string_view op, const std::string& x) { return graph_.add(op, {x, longs({1})}, {int_attribute("keepdims", 0)}); }
  std::string turned_matrix(const std::vector<float>& values, int64_t rows, int64_t columns) {
    std::vector<float> turned(values.size());
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) turned[static_cast<size_t>(c * rows + r)] = values[static_cast<size_t>(r * columns + c)];
    }
    return graph_.constant(turned, {columns, rows});
  }

  OnnxGraph& graph_;
  const ScorePlan& plan_;
  const std::vector<ValueType>& types_;
  const Node& node_;
  const std::vector<std::string>& in_;
};

}  // namespace

std::string add_sequence(OnnxGraph& graph, const ScorePlan& plan, const std::vector<ValueType>& types, const Node& node,
                         const std::vector<std::string>& in) {
  Sequences made(graph, plan, types, node, in);
  switch (node.op) {
    case Op::kRecur: return made.recur();
    case Op::kConvolve: return made.convolve();
    case Op::kPool: return made.pool();
    default: return made.attend();
  }
}

}  // namespace obligor::onnx
