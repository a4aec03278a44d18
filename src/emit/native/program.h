// A plan as a list of steps over one workspace: what NativeExecutor runs.
//
//   Program program = compile(plan);
//
// compile() verifies, then: cuts affine maps (with their activation) that are read by `select` alone into one map a reader, so that
// the members of an ensemble run one after another in a small workspace; fuses an activation into the affine map before it; orders
// the steps depth first; lets the parts of a concatenation be written in place and a contiguous selection be a view; and gives
// values whose lives do not meet the same columns of the workspace.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "emit/native/kernels.h"
#include "emit/native/packed.h"
#include "emit/native/tokeniser.h"
#include "emit/native/vocabulary.h"
#include "plan/plan.h"

namespace obligor::native {

struct EncodeData {
  Vocabulary vocabulary;
  int32_t missing = 0;
  int32_t unseen = 0;
  size_t slot = 0;  // which of the batch's translations
};
struct RangeData {
  std::vector<float> low, high;
};
struct ScaleData {
  std::vector<float> shift, factor;
};
struct CopyData {
  struct Part {
    size_t from, to, width;  // columns
  };
  std::vector<Part> parts;
};
struct SumData {
  std::vector<size_t> parts;  // columns
  std::vector<float> weights;
};
// A sum of look-ups that nothing else reads: a row's vectors are added where they stand in the tables, and never written apart.
struct GatherData {
  struct Part {
    size_t table = 0;  // where it begins in `tables`
    size_t codes = 0;  // column
    double weight = 0;
  };
  std::vector<float> tables;
  std::vector<Part> parts;
};
struct NormaliseData {
  std::vector<float> gain, shift;
  double epsilon = 0;
};
struct AttendData {
  AttendShape shape;
  size_t keys = 0;  // column
  size_t values = 0;
  size_t present = 0;
  bool all_present = true;
};
struct PoolData {
  Pooling pooling = Pooling::kMax;
  size_t steps = 0;
};
struct TokenData {
  Tokeniser tokeniser;
};
struct EmbedData {
  std::vector<float> table;
  size_t width = 1;
};
struct PointsData {
  double factor = 0;
  double offset = 0;
  bool rounds = false;
};
using StepData = std::variant<std::monostate, std::vector<float>, std::vector<int32_t>, EncodeData, RangeData, ScaleData, Knots, Bins, PairTable,
                              CopyData, std::shared_ptr<const PackedAffine>, PackedTrees, SumData, GatherData, NormaliseData, AttendData,
                              std::shared_ptr<const PackedRecur>, std::shared_ptr<const PackedConvolve>, PoolData, TokenData, EmbedData, PointsData>;

struct Step {
  Op op = Op::kInput;
  Function function = Function::kIdentity;
  uint64_t outputs = 0;  // a bit for each output that is made from it; the last bit stands for all from the 64th on
  size_t source = 0;     // raw column, for kInput, kEncode and kTokens
  size_t in = 0;         // column of the input (numbers or codes)
  size_t second = 0;     // column of the second code or number, for kCross, kMultiply, kRecur and kPool
  size_t scratch = 0;    // columns that the step alone uses, for kRecur
  size_t in_width = 1;
  size_t out = 0;
  size_t width = 1;
  StepData data;
};

// The bit of output i in Step::outputs.
[[nodiscard]] constexpr uint64_t output_bit(size_t i) { return uint64_t{1} << (i < 63 ? i : 63); }

struct ProgramOutput {
  std::string name;
  ValueType type;
  size_t column = 0;
};

struct Program {
  size_t inputs = 0;
  std::vector<Step> steps;
  std::vector<ProgramOutput> outputs;
  size_t number_columns = 0;
  size_t code_columns = 0;
  size_t encodes = 0;
  size_t tile_rows = kTileRows;
};

[[nodiscard]] Program compile(const ScorePlan& plan);

}  // namespace obligor::native
