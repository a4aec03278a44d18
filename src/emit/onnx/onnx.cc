#include "emit/onnx/onnx.h"

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "core/error.h"
#include "emit/onnx/graph.h"
#include "emit/onnx/sequences.h"
#include "emit/onnx/trees.h"

namespace obligor {
namespace {

using onnx::int_attribute;
using onnx::OnnxGraph;
using onnx::Type;
using Kind = ValueType::Kind;
using Names = std::vector<std::string>;

constexpr std::string_view kMl = "ai.onnx.ml";
constexpr size_t kDensePairs = size_t{1} << 20U;

// Numbers are [rows, width] float, codes [rows] int64, strings [rows, 1].
class Emitter {
 public:
  Emitter(const ScorePlan& plan, const OnnxOptions& options) : plan_(tidy(plan)), options_(options), types_(verify(plan_)) {}

  std::string run() {
    check_names();
    for (const PlanInput& input : plan_.inputs) graph_.input(input.name, input.kind == InputKind::kNumber ? Type::kFloat : Type::kString);
    for (const Node& node : plan_.nodes) names_.push_back(emit(node, types_[names_.size()]));
    std::set<std::string> written;
    for (const PlanOutput& output : plan_.outputs) {
      if (!written.insert(output.name).second) continue;
      const bool is_code = types_[output.node].kind == Kind::kCode;
      if (is_code) graph_.add("Reshape", {names_[output.node], longs({-1, 1})}, {}, {}, output.name);
      else graph_.add("Identity", {names_[output.node]}, {}, {}, output.name);
      graph_.output(output.name, is_code ? Type::kInt64 : Type::kFloat, types_[output.node].width);
    }
    for (const PlanInput& input : plan_.inputs) {
      if (!input.from.empty()) graph_.note("input." + input.name, input.from == "date" ? "days since 1970-01-01" : input.from);
    }
    graph_.note("missing_text", options_.missing_text);
    return graph_.bytes();
  }

 private:
  void check_names() const {
    std::unordered_set<std::string> inputs;
    for (const PlanInput& input : plan_.inputs) inputs.insert(input.name);
    if (inputs.contains("")) throw Error(ErrorCode::kUnsupported, "onnx: the plan reads a column without a name, which this form cannot say");
    for (const PlanOutput& output : plan_.outputs) {
      if (inputs.contains(output.name)) {
        throw Error(ErrorCode::kUnsupported, fmt::format("onnx: '{}' is both a column that the plan reads and an output, and this form has one name "
                                                         "for one thing; rename the column in the training data",
                                                         output.name));
      }
    }
  }

  [[nodiscard]] const std::vector<float>& floats(const Node& node, size_t i) const { return plan_.constants[node.constants[i]].floats(); }
  [[nodiscard]] const std::vector<int32_t>& ints(const Node& node, size_t i) const { return plan_.constants[node.constants[i]].ints(); }
  [[nodiscard]] uint32_t width_of(NodeId id) const { return types_[id].width; }

  std::string longs(const std::vector<int64_t>& values) { return graph_.constant(values, {static_cast<int64_t>(values.size())}); }
  std::string wide_longs(const std::vector<int32_t>& values) { return longs({values.begin(), values.end()}); }
  std::string number(float value) { return graph_.constant(std::vector<float>{value}, {1}); }
  std::string long_number(int64_t value) { return longs({value}); }
  std::string real(double value) { return graph_.constant(std::vector<double>{value}, {1}); }
  std::string row(const std::vector<float>& values) { return graph_.constant(values, {1, static_cast<int64_t>(values.size())}); }
  std::string real_row(const std::vector<float>& values) {
    return graph_.constant(std::vector<double>(values.begin(), values.end()), {1, static_cast<int64_t>(values.size())});
  }
  std::string cast(const std::string& x, Type type) { return graph_.add("Cast", {x}, {int_attribute("to", static_cast<int64_t>(type))}); }
  std::string to_real(const std::string& x) { return cast(x, Type::kDouble); }
  std::string to_float(const std::string& x) { return cast(x, Type::kFloat); }
  std::string where(const std::string& mask, const std::string& yes, const std::string& no) { return graph_.add("Where", {mask, yes, no}); }
  std::string is_missing(const std::string& x) { return graph_.add("IsNaN", {x}); }
  std::string flat(const std::string& x) { return graph_.add("Reshape", {x, longs({-1})}); }

  // How many of the values are <= x; [rows, 1], or [rows] where `keep` is 0.
  std::string count(const std::string& x, const std::vector<float>& values, int64_t keep) {
    const std::string reached = cast(graph_.add("LessOrEqual", {row(values), x}), Type::kFloat);
    return cast(graph_.add("ReduceSum", {reached, longs({1})}, {int_attribute("keepdims", keep)}), Type::kInt64);
  }

  std::string encode(const Node& node) {
    const auto& words = plan_.constants[node.constants[0]].strings();
    const auto& codes = ints(node, 1);
    std::vector<std::string> keys{options_.missing_text};
    std::vector<int64_t> values{ints(node, 2)[0]};
    std::unordered_set<std::string_view> seen;
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] == options_.missing_text) {
        throw Error(ErrorCode::kUnsupported, fmt::format("onnx: a category of the model is the text '{}' that is to mean missing; give another with "
                                                         "--missing-text",
                                                         words[i]));
      }
      if (!seen.insert(words[i]).second) continue;
      keys.push_back(words[i]);
      values.push_back(codes[i]);
    }
    return flat(graph_.add("LabelEncoder", {names_[node.inputs[0]]},
                           {onnx::strings_attribute("keys_strings", keys), onnx::ints_attribute("values_int64s", values),
                            int_attribute("default_int64", ints(node, 2)[1])},
                           kMl));
  }

  std::string special(const Node& node, const std::string& x) {
    std::string y = x;
    for (const float code : floats(node, 0)) y = where(graph_.add("Equal", {x, number(code)}), number(std::numeric_limits<float>::quiet_NaN()), y);
    return y;
  }

  std::string interpolate(const Node& node, const std::string& x) {
    const auto& knots = floats(node, 0);
    const auto& values = floats(node, 1);
    const std::string low = graph_.add("LessOrEqual", {x, number(knots.front())});
    std::string inside = x;
    if (knots.size() > 1) {
      std::vector<double> begin;
      std::vector<double> from;
      std::vector<double> width;
      std::vector<double> rise;
      for (size_t i = 0; i + 1 < knots.size(); ++i) {
        begin.push_back(static_cast<double>(knots[i]));
        from.push_back(static_cast<double>(values[i]));
        width.push_back(static_cast<double>(knots[i + 1]) - static_cast<double>(knots[i]));
        rise.push_back(static_cast<double>(values[i + 1]) - static_cast<double>(values[i]));
      }
      const auto segments = static_cast<int64_t>(begin.size());
      const std::string kept =
          graph_.add("Clip", {count(x, knots, 1), graph_.constant(std::vector<int64_t>{1}, {}), graph_.constant(std::vector<int64_t>{segments}, {})});
      const std::string at = graph_.add("Sub", {kept, long_number(1)});
      const auto pick = [&](const std::vector<double>& table) { return graph_.add("Gather", {graph_.constant(table, {segments}), at}); };
      const std::string share = graph_.add("Div", {graph_.add("Sub", {to_real(x), pick(begin)}), pick(width)});
      inside = to_float(graph_.add("Add", {pick(from), graph_.add("Mul", {share, pick(rise)})}));
    }
    const std::string high = graph_.add("GreaterOrEqual", {x, number(knots.back())});
    return where(low, number(values.front()), where(high, number(values.back()), inside));
  }

  std::string piecewise_linear(const Node& node, const std::string& x) {
    const auto& edges = floats(node, 0);
    std::vector<double> begin;
    std::vector<double> width;
    for (size_t i = 0; i + 1 < edges.size(); ++i) {
      begin.push_back(static_cast<double>(edges[i]));
      width.push_back(static_cast<double>(edges[i + 1]) - static_cast<double>(edges[i]));
    }
    const auto pieces = static_cast<int64_t>(begin.size());
    const std::string share =
        graph_.add("Div", {graph_.add("Sub", {to_real(x), graph_.constant(begin, {1, pieces})}), graph_.constant(width, {1, pieces})});
    const std::string kept = graph_.add("Clip", {share, graph_.constant(std::vector<double>{0}, {}), graph_.constant(std::vector<double>{1}, {})});
    return where(is_missing(x), number(0), to_float(kept));
  }

  std::string bin(const Node& node, const std::string& x) {
    const auto& thresholds = floats(node, 0);
    const auto& specials = floats(node, 1);
    const auto missing = static_cast<int64_t>(thresholds.size()) + 1;
    const std::string column = flat(x);
    std::string code = thresholds.empty() ? long_number(0) : count(x, thresholds, 0);
    for (size_t k = specials.size(); k-- > 0;) {
      code = where(graph_.add("Equal", {column, number(specials[k])}), long_number(missing + 1 + static_cast<int64_t>(k)), code);
    }
    return where(is_missing(column), long_number(missing), code);
  }

  std::string cross(const Node& node) {
    const auto& triples = ints(node, 0);
    const int64_t unseen = ints(node, 1)[0];
    const auto second = static_cast<int64_t>(types_[node.inputs[1]].levels);
    const size_t pairs = static_cast<size_t>(types_[node.inputs[0]].levels) * static_cast<size_t>(second);
    const std::string pair = graph_.add("Add", {graph_.add("Mul", {names_[node.inputs[0]], long_number(second)}), names_[node.inputs[1]]});
    std::vector<int64_t> keys;
    std::vector<int64_t> values;
    std::unordered_set<int64_t> seen;
    for (size_t i = 0; i < triples.size(); i += 3) {
      const int64_t key = triples[i] * second + triples[i + 1];
      if (!seen.insert(key).second) continue;
      keys.push_back(key);
      values.push_back(triples[i + 2]);
    }
    if (pairs > kDensePairs && !keys.empty()) {
      return graph_.add(
          "LabelEncoder", {pair},
          {onnx::ints_attribute("keys_int64s", keys), onnx::ints_attribute("values_int64s", values), int_attribute("default_int64", unseen)}, kMl);
    }
    std::vector<int64_t> table(std::min(pairs, kDensePairs), unseen);
    for (size_t i = 0; i < keys.size(); ++i) table[static_cast<size_t>(keys[i])] = values[i];
    return graph_.add("Gather", {longs(table), pairs > kDensePairs ? graph_.add("Mul", {pair, long_number(0)}) : pair});
  }

  std::string affine(const Node& node, const std::string& x) {
    const auto& weights = floats(node, 0);
    const auto& bias = floats(node, 1);
    const auto out = static_cast<int64_t>(bias.size());
    const auto in = static_cast<int64_t>(weights.size()) / out;
    if (out > 2) {
      return graph_.add("Gemm", {x, graph_.constant(weights, {out, in}), graph_.constant(bias, {out})}, {int_attribute("transB", 1)});
    }
    std::vector<double> turned(weights.size());
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t i = 0; i < in; ++i) turned[static_cast<size_t>(i * out + o)] = static_cast<double>(weights[static_cast<size_t>(o * in + i)]);
    }
    return to_float(graph_.add("Add", {graph_.add("MatMul", {to_real(x), graph_.constant(turned, {in, out})}), real_row(bias)}));
  }

  // Inside a network in float, else in double.
  std::string activate(const std::string& function, const std::string& x, uint32_t width) {
    const bool is_wide = width > 2;
    if (function == "identity") return x;
    if (function == "relu") return where(graph_.add("LessOrEqual", {x, number(0)}), number(0), x);
    if (function == "gelu") {
      const std::string erf = graph_.add("Erf", {to_float(graph_.add("Div", {to_real(x), real(1.4142135623730951)}))});
      return to_float(graph_.add("Mul", {graph_.add("Mul", {to_real(x), real(0.5)}), graph_.add("Add", {to_real(erf), real(1)})}));
    }
    if (is_wide && function == "tanh") return graph_.add("Tanh", {x});
    if (is_wide && function == "sigmoid") return graph_.add("Sigmoid", {x});
    return to_float(real_activation(function, to_real(x)));
  }

  std::string real_activation(const std::string& function, const std::string& x) {
    if (function == "tanh") return graph_.add("Tanh", {x});
    if (function == "sigmoid") return graph_.add("Sigmoid", {x});
    if (function == "exp") return graph_.add("Exp", {x});
    if (function == "silu") return graph_.add("Mul", {x, graph_.add("Sigmoid", {x})});
    if (function == "log") {
      return graph_.add("Mul", {graph_.add("Sign", {x}), graph_.add("Log", {graph_.add("Add", {graph_.add("Abs", {x}), real(1)})})});
    }
    if (function == "selu") {
      const std::string down =
          graph_.add("Mul", {graph_.add("Sub", {graph_.add("Exp", {x}), real(1)}), real(1.0507009873554805 * 1.6732632423543772)});
      return where(graph_.add("Greater", {x, real(0)}), graph_.add("Mul", {x, real(1.0507009873554805)}), down);
    }
    if (function == "logit") {
      const std::string least = where(graph_.add("Less", {x, real(1e-7)}), real(1e-7), x);
      const std::string kept = where(graph_.add("Greater", {least, real(1 - 1e-7)}), real(1 - 1e-7), least);
      return graph_.add("Log", {graph_.add("Div", {kept, graph_.add("Sub", {real(1), kept})})});
    }
    throw Error(ErrorCode::kUnsupported, fmt::format("onnx: the function '{}' has no translation yet; serve the model with obligor score", function));
  }

  std::string normalise(const Node& node, const std::string& x, uint32_t width) {
    const auto group = static_cast<int64_t>(node.size);
    const auto mean = [&](const std::string& y) { return graph_.add("ReduceMean", {y}, {onnx::ints_attribute("axes", std::vector<int64_t>{2})}); };
    const std::string groups = graph_.add("Reshape", {to_real(x), longs({0, static_cast<int64_t>(width) / group, group})});
    const std::string centred = graph_.add("Sub", {groups, mean(groups)});
    const std::string spread =
        graph_.add("Sqrt", {graph_.add("Add", {mean(graph_.add("Mul", {centred, centred})), real(static_cast<double>(floats(node, 2)[0]))})});
    const std::string scaled =
        graph_.add("Add", {graph_.add("Mul", {graph_.add("Div", {centred, spread}), real_row(floats(node, 0))}), real_row(floats(node, 1))});
    return to_float(graph_.add("Reshape", {scaled, longs({0, static_cast<int64_t>(width)})}));
  }

  std::string points(const Node& node, const std::string& x) {
    const auto& scale = floats(node, 0);
    const std::string exact =
        graph_.add("Sub", {real(static_cast<double>(scale[1])), graph_.add("Mul", {to_real(x), real(static_cast<double>(scale[0]))})});
    if (node.function != "round") return to_float(exact);
    // Half away from zero.
    const std::string size = graph_.add("Abs", {exact});
    const std::string whole = graph_.add("Floor", {size});
    const std::string up = graph_.add("GreaterOrEqual", {graph_.add("Sub", {size, whole}), real(0.5)});
    const std::string rounded = where(up, graph_.add("Add", {whole, real(1)}), whole);
    return to_float(graph_.add("Mul", {graph_.add("Sign", {exact}), rounded}));
  }

  std::string embed(const Node& node, const std::string& ids, uint32_t width) {
    const auto& table = floats(node, 0);
    const auto rows = static_cast<int64_t>(table.size() / node.size);
    const std::string known =
        graph_.add("And", {graph_.add("GreaterOrEqual", {ids, number(0)}), graph_.add("Less", {ids, number(static_cast<float>(rows))})});
    std::vector<float> and_zeros(table);  // a row of zeros at the end
    and_zeros.resize(table.size() + node.size, 0.0F);
    const std::string at = cast(where(known, ids, number(static_cast<float>(rows))), Type::kInt64);
    const std::string looked_up = graph_.add("Gather", {graph_.constant(and_zeros, {rows + 1, static_cast<int64_t>(node.size)}), at});
    return graph_.add("Reshape", {looked_up, longs({-1, static_cast<int64_t>(width)})});
  }

  std::string emit(const Node& node, const ValueType& type) {
    const auto in = [&](size_t i) -> const std::string& { return names_[node.inputs[i]]; };
    switch (node.op) {
      case Op::kInput: return plan_.inputs[node.size].name;
      case Op::kEncode: return encode(node);
      case Op::kSpecial: return special(node, in(0));
      case Op::kMissingFlag: return cast(is_missing(in(0)), Type::kFloat);
      case Op::kImpute: return where(is_missing(in(0)), row(floats(node, 0)), in(0));
      case Op::kClip: {
        const std::string capped = where(graph_.add("Greater", {in(0), row(floats(node, 1))}), row(floats(node, 1)), in(0));
        return where(graph_.add("Less", {in(0), row(floats(node, 0))}), row(floats(node, 0)), capped);
      }
      case Op::kScale:
        return to_float(graph_.add("Mul", {graph_.add("Sub", {to_real(in(0)), real_row(floats(node, 0))}), real_row(floats(node, 1))}));
      case Op::kInterpolate: return interpolate(node, in(0));
      case Op::kPiecewiseLinear: return piecewise_linear(node, in(0));
      case Op::kBin: return bin(node, in(0));
      case Op::kLookUp: {
        const int64_t levels = types_[node.inputs[0]].levels;
        return graph_.add("Gather", {graph_.constant(floats(node, 0), {levels, static_cast<int64_t>(type.width)}), in(0)});
      }
      case Op::kOneHot: {
        const std::string column = graph_.add("Reshape", {graph_.add("Gather", {wide_longs(ints(node, 0)), in(0)}), longs({-1, 1})});
        std::vector<int64_t> places;
        for (uint32_t c = 0; c < type.width; ++c) places.push_back(c);
        return cast(graph_.add("Equal", {column, graph_.constant(places, {1, static_cast<int64_t>(type.width)})}), Type::kFloat);
      }
      case Op::kCross: return cross(node);
      case Op::kCodeNumber: return cast(graph_.add("Reshape", {in(0), longs({-1, 1})}), Type::kFloat);
      case Op::kConcat: {
        Names parts;
        for (size_t i = 0; i < node.inputs.size(); ++i) parts.push_back(in(i));
        return graph_.add("Concat", parts, {int_attribute("axis", 1)});
      }
      case Op::kSelect: return graph_.add("Gather", {in(0), wide_longs(ints(node, 0))}, {int_attribute("axis", 1)});
      case Op::kAffine: return affine(node, in(0));
      case Op::kActivate: return activate(node.function, in(0), type.width);
      case Op::kTrees: return onnx::add_trees(graph_, plan_, node, in(0));
      case Op::kSum: {
        std::string total;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
          const std::string part = graph_.add("Mul", {to_real(in(i)), real(static_cast<double>(floats(node, 0)[i]))});
          total = total.empty() ? part : graph_.add("Add", {total, part});
        }
        return to_float(total);
      }
      case Op::kMultiply: return graph_.add("Mul", {in(0), in(1)});
      case Op::kNormalise: return normalise(node, in(0), type.width);
      case Op::kAttend:
      case Op::kRecur:
      case Op::kConvolve:
      case Op::kPool: {
        Names inputs;
        for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(in(i));
        return onnx::add_sequence(graph_, plan_, types_, node, inputs);
      }
      case Op::kTokens:
        throw Error(ErrorCode::kUnsupported,
                    fmt::format("onnx: the model reads the words of column '{}', and ONNX has no operation that splits a text by the same rule; "
                                "serve it with obligor score or the C library",
                                in(0)));
      case Op::kEmbed: return embed(node, in(0), type.width);
      case Op::kPoints: return points(node, in(0));
      default: break;
    }
    throw Error(ErrorCode::kUnsupported,
                fmt::format("onnx: the operation '{}' has no translation yet; serve the model with obligor score", op_name(node.op)));
  }

  const ScorePlan plan_;
  const OnnxOptions& options_;
  std::vector<ValueType> types_;
  Names names_;
  OnnxGraph graph_;
};

}  // namespace

std::string emit_onnx(const ScorePlan& plan, const OnnxOptions& options) { return Emitter(plan, options).run(); }

}  // namespace obligor
