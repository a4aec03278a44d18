#include "emit/native/row.h"

namespace obligor::native {
namespace {

// False where only tiles know the operation.
bool fill(const Step& step, RowStep& made) {
  switch (step.op) {
    case Op::kInput: made.second = static_cast<uint32_t>(step.source); return true;
    case Op::kEncode:
      made.second = static_cast<uint32_t>(step.source);
      made.data = &std::get<EncodeData>(step.data);
      return true;
    case Op::kSpecial:
    case Op::kImpute:
    case Op::kPiecewiseLinear:
    case Op::kLookUp: {
      const auto& values = std::get<std::vector<float>>(step.data);
      made.a = values.data();
      made.count = static_cast<uint32_t>(values.size());
      return true;
    }
    case Op::kMissingFlag:
    case Op::kCodeNumber:
    case Op::kActivate: return true;
    case Op::kClip: {
      const auto& range = std::get<RangeData>(step.data);
      made.a = range.low.data();
      made.b = range.high.data();
      return true;
    }
    case Op::kScale: {
      const auto& scale = std::get<ScaleData>(step.data);
      made.a = scale.shift.data();
      made.b = scale.factor.data();
      return true;
    }
    case Op::kInterpolate: made.data = &std::get<Knots>(step.data); return true;
    case Op::kBin: made.data = &std::get<Bins>(step.data); return true;
    case Op::kOneHot:
    case Op::kSelect: {
      const auto& columns = std::get<std::vector<int32_t>>(step.data);
      made.data = columns.data();
      made.count = static_cast<uint32_t>(columns.size());
      return true;
    }
    case Op::kCross:
      made.second = static_cast<uint32_t>(step.second);
      made.data = &std::get<PairTable>(step.data);
      return true;
    case Op::kConcat: made.data = &std::get<CopyData>(step.data); return true;
    case Op::kAffine: made.data = std::get<std::shared_ptr<const PackedAffine>>(step.data).get(); return true;
    case Op::kTrees: made.data = &std::get<PackedTrees>(step.data); return true;
    case Op::kSum: {
      if (const auto* gathered = std::get_if<GatherData>(&step.data)) {
        made.data = gathered;
        return true;  // without weights of its own, which tells it from the other
      }
      const auto& sum = std::get<SumData>(step.data);
      made.data = &sum;
      made.a = sum.weights.data();
      return true;
    }
    case Op::kMultiply: made.second = static_cast<uint32_t>(step.second); return true;
    case Op::kNormalise: made.data = &std::get<NormaliseData>(step.data); return true;
    case Op::kAttend: {
      const auto& attend = std::get<AttendData>(step.data);
      made.data = &attend;
      return attend.shape.keys <= kMostRowKeys && attend.shape.width * padded(attend.shape.keys) <= kMostRowKeyCells;
    }
    case Op::kRecur:
      made.second = static_cast<uint32_t>(step.second);
      made.count = static_cast<uint32_t>(step.scratch);
      made.data = std::get<std::shared_ptr<const PackedRecur>>(step.data).get();
      return true;
    case Op::kConvolve: made.data = std::get<std::shared_ptr<const PackedConvolve>>(step.data).get(); return true;
    case Op::kPool:
      made.second = static_cast<uint32_t>(step.second);
      made.data = &std::get<PoolData>(step.data);
      return true;
    case Op::kTokens:
      made.second = static_cast<uint32_t>(step.source);
      made.data = &std::get<TokenData>(step.data);
      return true;
    case Op::kEmbed:
      made.count = static_cast<uint32_t>(step.in_width);
      made.data = &std::get<EmbedData>(step.data);
      return true;
    case Op::kPoints: {
      const auto& points = std::get<PointsData>(step.data);
      made.data = &points;
      made.rounds = points.rounds;
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<RowStep> row_steps(const Program& program) {
  std::vector<RowStep> steps;
  for (const Step& step : program.steps) {
    RowStep made;
    made.op = step.op;
    made.function = step.function;
    made.in = static_cast<uint32_t>(step.in);
    made.out = static_cast<uint32_t>(step.out);
    made.width = static_cast<uint32_t>(step.width);
    made.outputs = step.outputs;
    if (!fill(step, made)) return {};
    // A concatenation whose parts were written in place has nothing to do.
    if (step.op == Op::kConcat && std::get<CopyData>(step.data).parts.empty()) continue;
    steps.push_back(made);
  }
  return steps;
}

}  // namespace obligor::native
