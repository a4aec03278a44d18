#include "emit/native/native.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/error.h"
#include "emit/native/program.h"

namespace obligor {

using native::Program;
using native::Step;
using native::Tile;

namespace {

// A thread's own memory, kept from call to call; it grows to the largest plan that the thread has run.
struct Workspace {
  native::LineVector<float> numbers;
  native::LineVector<int32_t> codes;
  std::vector<std::vector<int32_t>> translated;  // by encode node: the plan's code of each entry of the batch's dictionary
  std::vector<const float*> parts;

  void fit(const Program& program) {
    // A column more than is used, so that no offset is outside the array.
    const auto room = [&](size_t columns) { return (columns + 1) * program.tile_rows; };
    if (numbers.size() < room(program.number_columns)) numbers.resize(room(program.number_columns));
    if (codes.size() < room(program.code_columns)) codes.resize(room(program.code_columns));
    if (translated.size() < program.encodes) translated.resize(program.encodes);
  }
};

Workspace& workspace() {
  thread_local Workspace own;
  return own;
}

}  // namespace

struct NativeExecutor::Impl {
  Program program;
  const native::ColumnKernels& column = native::column_kernels();
  const native::AffineKernels& affine = native::affine_kernels();
  const native::TreeKernels& tree = native::tree_kernels();

  explicit Impl(const ScorePlan& plan) : program(native::compile(plan)) {}

  // Strings are looked up once a batch, or once a row where the batch is shorter than its dictionary.
  void translate(const InputBatch& batch, uint64_t outputs, Workspace& work) const {
    for (const Step& step : program.steps) {
      if (step.op != Op::kEncode || (step.outputs & outputs) == 0) continue;
      const auto& data = std::get<native::EncodeData>(step.data);
      const auto& dictionary = *batch.columns[step.source].dictionary;
      auto& codes = work.translated[data.slot];
      codes.clear();
      if (dictionary.size() > batch.rows) continue;
      codes.reserve(dictionary.size());
      for (const auto& word : dictionary) codes.push_back(data.vocabulary.find(word, data.unseen));
    }
  }

  static void encode(const Step& step, const InputColumn& column, size_t begin, Tile tile, const Workspace& work, int32_t* out) {
    const auto& data = std::get<native::EncodeData>(step.data);
    const int32_t* codes = column.codes.data() + begin;
    const auto& translated = work.translated[data.slot];
    const bool by_row = translated.size() != column.dictionary->size();
    for (size_t r = 0; r < tile.rows; ++r) {
      if (codes[r] < 0) {
        out[r] = data.missing;
      } else if (by_row) {
        out[r] = data.vocabulary.find((*column.dictionary)[static_cast<size_t>(codes[r])], data.unseen);
      } else {
        out[r] = translated[static_cast<size_t>(codes[r])];
      }
    }
    for (size_t r = tile.rows; r < tile.stride; ++r) out[r] = 0;
  }

  static void look_up(const std::vector<float>& table, const int32_t* codes, size_t width, Tile tile, float* out) {
    for (size_t r = 0; r < tile.stride; ++r) {
      const float* row = table.data() + static_cast<size_t>(codes[r]) * width;
      for (size_t c = 0; c < width; ++c) out[c * tile.stride + r] = row[c];
    }
  }

  void run_step(const Step& step, const InputBatch& batch, size_t begin, Tile tile, Workspace& work) const {
    const size_t n = tile.stride;
    const float* x = work.numbers.data() + step.in * n;
    const int32_t* code = work.codes.data() + step.in * n;
    float* y = work.numbers.data() + step.out * n;
    int32_t* code_out = work.codes.data() + step.out * n;
    const size_t all = step.width * n;
    switch (step.op) {
      case Op::kInput:
        std::memcpy(y, batch.columns[step.source].numbers.data() + begin, tile.rows * sizeof(float));
        std::fill(y + tile.rows, y + n, 0.0F);
        return;
      case Op::kEncode: encode(step, batch.columns[step.source], begin, tile, work, code_out); return;
      case Op::kSpecial: {
        const auto& codes = std::get<std::vector<float>>(step.data);
        column.special(x, y, all, codes.data(), codes.size());
        return;
      }
      case Op::kMissingFlag: column.missing_flag(x, y, all); return;
      case Op::kImpute: {
        const auto& values = std::get<std::vector<float>>(step.data);
        for (size_t c = 0; c < step.width; ++c) column.impute(x + c * n, y + c * n, n, values[c]);
        return;
      }
      case Op::kClip: {
        const auto& range = std::get<native::RangeData>(step.data);
        for (size_t c = 0; c < step.width; ++c) column.clip(x + c * n, y + c * n, n, range.low[c], range.high[c]);
        return;
      }
      case Op::kScale: {
        const auto& data = std::get<native::ScaleData>(step.data);
        for (size_t c = 0; c < step.width; ++c) column.scale(x + c * n, y + c * n, n, data.shift[c], data.factor[c]);
        return;
      }
      case Op::kInterpolate: column.interpolate(x, y, tile, std::get<native::Knots>(step.data)); return;
      case Op::kPiecewiseLinear: column.piecewise_linear(x, y, n, std::get<std::vector<float>>(step.data).data(), step.width); return;
      case Op::kBin: column.bin(x, code_out, n, std::get<native::Bins>(step.data)); return;
      case Op::kLookUp: look_up(std::get<std::vector<float>>(step.data), code, step.width, tile, y); return;
      case Op::kOneHot: {
        const auto& columns = std::get<std::vector<int32_t>>(step.data);
        std::fill(y, y + all, 0.0F);
        for (size_t r = 0; r < n; ++r) {
          const int32_t at = columns[static_cast<size_t>(code[r])];
          if (at >= 0) y[static_cast<size_t>(at) * n + r] = 1.0F;
        }
        return;
      }
      case Op::kCross: {
        const auto& pairs = std::get<native::PairTable>(step.data);
        const int32_t* second = work.codes.data() + step.second * n;
        for (size_t r = 0; r < n; ++r) code_out[r] = pairs.find(code[r], second[r]);
        return;
      }
      case Op::kCodeNumber:
        for (size_t r = 0; r < n; ++r) y[r] = static_cast<float>(code[r]);
        return;
      case Op::kConcat:
        for (const auto& part : std::get<native::CopyData>(step.data).parts) {
          std::memcpy(work.numbers.data() + part.to * n, work.numbers.data() + part.from * n, part.width * n * sizeof(float));
        }
        return;
      case Op::kSelect: {
        const auto& columns = std::get<std::vector<int32_t>>(step.data);
        for (size_t c = 0; c < columns.size(); ++c) std::memcpy(y + c * n, x + static_cast<size_t>(columns[c]) * n, n * sizeof(float));
        return;
      }
      case Op::kAffine: affine.affine(*std::get<std::shared_ptr<const native::PackedAffine>>(step.data), x, y, tile, step.function); return;
      case Op::kActivate: affine.activate(step.function, x, y, all); return;
      case Op::kTrees: tree.trees(std::get<native::PackedTrees>(step.data), x, y, tile); return;
      case Op::kSum: {
        const auto& sum = std::get<native::SumData>(step.data);
        work.parts.clear();
        for (const size_t part : sum.parts) work.parts.push_back(work.numbers.data() + part * n);
        column.weighted_sum(work.parts.data(), sum.weights.data(), sum.parts.size(), y, all);
        return;
      }
      case Op::kMultiply: column.multiply(x, work.numbers.data() + step.second * n, y, all); return;
      case Op::kNormalise: {
        const auto& data = std::get<native::NormaliseData>(step.data);
        const size_t group = data.gain.size();
        for (size_t c = 0; c < step.width; c += group) {
          column.normalise(x + c * n, y + c * n, n, group, data.gain.data(), data.shift.data(), data.epsilon);
        }
        return;
      }
      case Op::kAttend: {
        const auto& data = std::get<native::AttendData>(step.data);
        affine.attend(data.shape, x, work.numbers.data() + data.keys * n, work.numbers.data() + data.values * n, y, n);
        return;
      }
      case Op::kPoints: {
        const auto& points = std::get<native::PointsData>(step.data);
        column.points(x, y, n, points.factor, points.offset, points.rounds);
        return;
      }
    }
  }

  [[nodiscard]] std::vector<size_t> wanted(std::span<const std::string> outputs) const {
    std::vector<size_t> result;
    for (const auto& name : outputs) {
      const auto found = std::find_if(program.outputs.begin(), program.outputs.end(), [&](const auto& output) { return output.name == name; });
      if (found == program.outputs.end()) {
        std::vector<std::string> names;
        for (const auto& output : program.outputs) names.push_back(output.name);
        throw unknown_name("plan output", name, names);
      }
      result.push_back(static_cast<size_t>(found - program.outputs.begin()));
    }
    if (outputs.empty()) {
      for (size_t i = 0; i < program.outputs.size(); ++i) result.push_back(i);
    }
    return result;
  }
};

NativeExecutor::NativeExecutor(const ScorePlan& plan) : impl_(std::make_unique<Impl>(plan)) {}
NativeExecutor::~NativeExecutor() = default;

std::unique_ptr<Executor> make_native(const ScorePlan& plan) { return std::make_unique<NativeExecutor>(plan); }

std::vector<Value> NativeExecutor::run(const InputBatch& batch, std::span<const std::string> outputs) const {
  const Program& program = impl_->program;
  if (batch.columns.size() != program.inputs) {
    throw Error(ErrorCode::kInternal, fmt::format("plan: a batch of {} columns for {} inputs", batch.columns.size(), program.inputs));
  }
  const auto wanted = impl_->wanted(outputs);
  std::vector<Value> results(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const ValueType& type = program.outputs[wanted[i]].type;
    results[i].width = type.width;
    if (type.kind == ValueType::Kind::kNumber) results[i].numbers.resize(batch.rows * type.width);
    if (type.kind == ValueType::Kind::kCode) results[i].codes.resize(batch.rows);
  }
  if (batch.rows == 0) return results;
  Workspace& work = workspace();
  work.fit(program);
  uint64_t needed = 0;
  for (const size_t i : wanted) needed |= native::output_bit(i);
  if (program.encodes > 0) impl_->translate(batch, needed, work);
  for (size_t begin = 0; begin < batch.rows; begin += program.tile_rows) {
    Tile tile;
    tile.rows = std::min(program.tile_rows, batch.rows - begin);
    tile.stride = native::padded(tile.rows);
    for (const Step& step : program.steps) {
      if ((step.outputs & needed) != 0) impl_->run_step(step, batch, begin, tile, work);
    }
    for (size_t i = 0; i < wanted.size(); ++i) {
      const auto& output = program.outputs[wanted[i]];
      Value& result = results[i];
      if (output.type.kind == ValueType::Kind::kCode) {
        std::memcpy(result.codes.data() + begin, work.codes.data() + output.column * tile.stride, tile.rows * sizeof(int32_t));
        continue;
      }
      const float* from = work.numbers.data() + output.column * tile.stride;
      float* to = result.numbers.data() + begin * result.width;
      for (size_t c = 0; c < result.width; ++c) {
        for (size_t r = 0; r < tile.rows; ++r) to[r * result.width + c] = from[c * tile.stride + r];
      }
    }
  }
  return results;
}

}  // namespace obligor
