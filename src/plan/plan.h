// ScorePlan: a small, typed, versioned graph of operations over a row. Fitting leaves one behind; everything after reads only it.
//
//   PlanBuilder builder;                                    // plan/builder.h
//   NodeId age = builder.input("age", InputKind::kNumber);
//   NodeId x = builder.impute(age, {35.0F});
//   builder.output("log_odds", builder.affine(x, {0.1F}, {-2.0F}, 1));
//   ScorePlan plan = builder.build();                       // verified
//
// Contract: data only, never code. Nodes are in topological order (an input of a node has a smaller id). Each op's shapes,
// formula, missing rule and accumulation order are specified in docs/plan.md, which is normative. verify() checks every index,
// shape and limit, so that executors need not. Storage is float32; sums accumulate in float64 in the stated order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/json.h"
#include "plan/shapes.h"

namespace obligor {

inline constexpr int kPlanVersion = 1;

using NodeId = uint32_t;
using ConstantId = uint32_t;

// docs/plan.md has one section an op, under the same name.
enum class Op : uint8_t {
  kInput,            // raw column -> number or string
  kEncode,           // string -> code
  kSpecial,          // number -> number: special codes become missing
  kMissingFlag,      // number -> number: 1 where missing
  kImpute,           // number -> number: missing becomes a constant
  kClip,             // number -> number
  kScale,            // number -> number: (x - shift) * factor
  kInterpolate,      // number -> number: piecewise-linear map through knots (quantile scaling, calibration)
  kPiecewiseLinear,  // number -> number, T wide: piecewise-linear encoding
  kBin,              // number -> code: left-closed bins, missing and special codes in bins of their own
  kLookUp,           // code -> number, w wide: a row of a table (WoE, embedding, target statistic)
  kOneHot,           // code -> number, w wide
  kCross,            // code, code -> code: the pair's own code
  kCodeNumber,       // code -> number: the code itself
  kConcat,           // numbers -> number
  kSelect,           // number -> number: some of its columns
  kAffine,           // number -> number: W x + b
  kActivate,         // number -> number: a named function, elementwise
  kTrees,            // number -> number: sum of the leaves of an ensemble
  kSum,              // numbers -> number: weighted sum of equal widths
  kMultiply,         // number, number -> number: elementwise product
  kNormalise,        // number -> number: groups of columns to mean 0 and variance 1, then gain and shift
  kAttend,           // queries, keys, values [, presence] -> number: values averaged with softmax weights
  kRecur,            // steps, presence -> number: the state of a recurrent cell after each step
  kConvolve,         // steps -> number: filters over neighbouring steps
  kPool,             // steps, presence -> number: one value a channel
  kTokens,           // string -> number: ids of its first words
  kEmbed,            // number -> number: a row of a table for each id
  kPoints,           // log-odds -> points
};
[[nodiscard]] std::string_view op_name(Op op);
[[nodiscard]] std::optional<Op> find_op(std::string_view name);

enum class InputKind : uint8_t { kNumber, kCategory };

struct PlanInput {
  std::string name;
  InputKind kind = InputKind::kNumber;
  // How the column is read before the plan sees it: "" as it is, "date": days since 1970-01-01; "text": a free text.
  std::string from;
};

// A constant array. Strings are held as a vocabulary: one entry a string.
struct Constant {
  using Data = std::variant<std::vector<float>, std::vector<int32_t>, std::vector<uint8_t>, std::vector<std::string>>;
  std::vector<uint32_t> shape;
  Data data;

  [[nodiscard]] const std::vector<float>& floats() const { return std::get<std::vector<float>>(data); }
  [[nodiscard]] const std::vector<int32_t>& ints() const { return std::get<std::vector<int32_t>>(data); }
  [[nodiscard]] const std::vector<uint8_t>& bytes() const { return std::get<std::vector<uint8_t>>(data); }
  [[nodiscard]] const std::vector<std::string>& strings() const { return std::get<std::vector<std::string>>(data); }
  [[nodiscard]] size_t size() const;
};

struct Node {
  Op op = Op::kInput;
  std::vector<NodeId> inputs;
  std::vector<ConstantId> constants;
  // kInput: index of the plan input; kEncode, kBin, kCross: number of codes; kOneHot: width; kNormalise: columns a group; kRecur: steps;
  // kTokens: words; kEmbed: width.
  uint32_t size = 0;
  std::string function;  // kActivate, kRecur, kPool, kPoints: the named function or mode
  std::string name;      // what the value is, for people: "age (quantile)"; may be empty
};

struct PlanOutput {
  std::string name;  // "log_odds", "probability", "points", "features"
  NodeId node = 0;
};

// What a node yields for a row: a number vector of `width`, a code in [0, levels), or the raw string of a category input.
struct ValueType {
  enum class Kind : uint8_t { kNumber, kCode, kString };
  Kind kind = Kind::kNumber;
  uint32_t width = 1;
  uint32_t levels = 0;
  bool operator==(const ValueType&) const = default;
};

struct ScorePlan {
  int version = kPlanVersion;
  std::vector<PlanInput> inputs;
  std::vector<Node> nodes;
  std::vector<Constant> constants;
  std::vector<PlanOutput> outputs;
  Json meta = Json::object();

  [[nodiscard]] std::optional<NodeId> find_output(std::string_view name) const;
};

// Limits on what a plan read from a file may hold (docs/plan.md, "Limits").
struct PlanLimits {
  size_t inputs = 100'000;
  size_t nodes = 4'000'000;
  size_t constants = 4'000'000;
  size_t constant_elements = size_t{1} << 31U;
  size_t width = 1U << 24U;
  size_t scores = 1U << 22U;      // of one attend node: heads x queries x keys
  size_t row_values = 1U << 26U;  // of all nodes together: what an executor holds for a row
};

// The type of every node, or Error{kData} that names the node and the rule it breaks.
[[nodiscard]] std::vector<ValueType> verify(const ScorePlan& plan, const PlanLimits& limits = {});

// Text for people: one line a node.
[[nodiscard]] std::string dump(const ScorePlan& plan);

// The plan without nodes, constants and inputs that no output needs, and with equal nodes merged.
[[nodiscard]] ScorePlan tidy(const ScorePlan& plan);

}  // namespace obligor
