#include "emit/native/native.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "core/error.h"
#include "emit/native/program.h"
#include "emit/native/row.h"

namespace obligor {

using native::Program;
using native::Step;
using native::Tile;

namespace {

// Beyond so many rows a tile is faster than rows one by one.
constexpr size_t kFewRows = 3;

// A thread's own memory, kept from call to call; it grows to the largest plan that the thread has run.
struct Workspace {
  native::LineVector<float> numbers;
  native::LineVector<int32_t> codes;
  std::vector<std::vector<int32_t>> translated;  // by encode node: the plan's code of each entry of the batch's dictionary
  std::vector<const float*> parts;
  std::vector<RawColumn> raw;

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
  const native::SequenceKernels& sequence = native::sequence_kernels();
  const native::TreeKernels& tree = native::tree_kernels();
  const native::RowKernels& row = native::row_kernels();
  std::vector<native::RowStep> row_steps;

  explicit Impl(const ScorePlan& plan) : program(native::compile(plan)), row_steps(native::row_steps(program)) {}

  // Strings of a dictionary are looked up once a batch, or once a row where the batch is shorter than its dictionary.
  void translate(const RawColumn* raw, size_t rows, uint64_t outputs, Workspace& work) const {
    for (const Step& step : program.steps) {
      if (step.op != Op::kEncode || (step.outputs & outputs) == 0) continue;
      const auto& data = std::get<native::EncodeData>(step.data);
      auto& codes = work.translated[data.slot];
      codes.clear();
      const RawColumn& from = raw[step.source];
      if (from.strings != nullptr || from.dictionary->size() > rows) continue;
      codes.reserve(from.dictionary->size());
      for (const auto& word : *from.dictionary) codes.push_back(data.vocabulary.find(word, data.unseen));
    }
  }

  static void encode(const Step& step, const RawColumn& column, size_t begin, Tile tile, const Workspace& work, int32_t* out) {
    const auto& data = std::get<native::EncodeData>(step.data);
    const auto& translated = work.translated[data.slot];
    if (column.strings != nullptr || translated.size() != column.dictionary->size()) {
      std::string_view cell;
      for (size_t r = 0; r < tile.rows; ++r) out[r] = column.text(begin + r, cell) ? data.vocabulary.find(cell, data.unseen) : data.missing;
    } else {
      const int32_t* codes = column.codes + begin;
      for (size_t r = 0; r < tile.rows; ++r) out[r] = codes[r] < 0 ? data.missing : translated[static_cast<size_t>(codes[r])];
    }
    for (size_t r = tile.rows; r < tile.stride; ++r) out[r] = 0;
  }

  // The columns of a large batch are more streams than the hardware follows: the cells of the next tile are asked for while this one is computed.
  // Beyond the last tile nothing is read; asking does no harm.
  static void ask_for_next(const float* cells, size_t rows) {
    constexpr size_t kLine = 64;
    const auto next = reinterpret_cast<uintptr_t>(cells) + rows * sizeof(float);
    for (size_t line = 0; line < rows * sizeof(float); line += kLine) __builtin_prefetch(reinterpret_cast<const void*>(next + line));
  }

  static void look_up(const std::vector<float>& table, const int32_t* codes, size_t width, Tile tile, float* out) {
    for (size_t r = 0; r < tile.stride; ++r) {
      const float* row = table.data() + static_cast<size_t>(codes[r]) * width;
      for (size_t c = 0; c < width; ++c) out[c * tile.stride + r] = row[c];
    }
  }

  static void tokens(const Step& step, const RawColumn& column, size_t begin, Tile tile, float* out) {
    const auto& tokeniser = std::get<native::TokenData>(step.data).tokeniser;
    std::string_view cell;
    for (size_t r = 0; r < tile.rows; ++r) tokeniser.fill(column.text(begin + r, cell) ? cell : std::string_view(), step.width, out + r, tile.stride);
    for (size_t r = tile.rows; r < tile.stride; ++r) {
      for (size_t c = 0; c < step.width; ++c) out[c * tile.stride + r] = std::nanf("");
    }
  }

  static void embed(const native::EmbedData& data, const float* ids, size_t count, Tile tile, float* out) {
    const auto known = static_cast<float>(data.table.size() / data.width);
    for (size_t t = 0; t < count; ++t) {
      const float* id = ids + t * tile.stride;
      float* to = out + t * data.width * tile.stride;
      for (size_t r = 0; r < tile.stride; ++r) {
        if (id[r] >= 0 && id[r] < known) {
          const float* row = data.table.data() + static_cast<size_t>(id[r]) * data.width;
          for (size_t c = 0; c < data.width; ++c) to[c * tile.stride + r] = row[c];
        } else {
          for (size_t c = 0; c < data.width; ++c) to[c * tile.stride + r] = 0;
        }
      }
    }
  }

  void run_step(const Step& step, const RawColumn* raw, size_t begin, Tile tile, Workspace& work) const {
    const size_t n = tile.stride;
    const float* x = work.numbers.data() + step.in * n;
    const int32_t* code = work.codes.data() + step.in * n;
    float* y = work.numbers.data() + step.out * n;
    int32_t* code_out = work.codes.data() + step.out * n;
    const size_t all = step.width * n;
    switch (step.op) {
      case Op::kInput:
        std::memcpy(y, raw[step.source].numbers + begin, tile.rows * sizeof(float));
        std::fill(y + tile.rows, y + n, 0.0F);
        ask_for_next(raw[step.source].numbers + begin, tile.rows);
        return;
      case Op::kEncode: encode(step, raw[step.source], begin, tile, work, code_out); return;
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
        if (const auto* gathered = std::get_if<native::GatherData>(&step.data)) {
          column.gathered_sum(*gathered, work.codes.data(), step.width, y, tile);
          return;
        }
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
        const float* present = data.all_present ? nullptr : work.numbers.data() + data.present * n;
        sequence.attend(data.shape, x, work.numbers.data() + data.keys * n, work.numbers.data() + data.values * n, present, y, n);
        return;
      }
      case Op::kRecur:
        sequence.recur(*std::get<std::shared_ptr<const native::PackedRecur>>(step.data), x, work.numbers.data() + step.second * n, y,
                       work.numbers.data() + step.scratch * n, n);
        return;
      case Op::kConvolve: sequence.convolve(*std::get<std::shared_ptr<const native::PackedConvolve>>(step.data), x, y, n); return;
      case Op::kPool: {
        const auto& pool = std::get<native::PoolData>(step.data);
        column.pool(x, work.numbers.data() + step.second * n, y, n, pool.steps, step.width, pool.pooling);
        return;
      }
      case Op::kTokens: tokens(step, raw[step.source], begin, tile, y); return;
      case Op::kEmbed: embed(std::get<native::EmbedData>(step.data), x, step.in_width, tile, y); return;
      case Op::kPoints: {
        const auto& points = std::get<native::PointsData>(step.data);
        column.points(x, y, n, points.factor, points.offset, points.rounds);
        return;
      }
    }
  }

  // Calls take(output, tile, first row, column of the output) for each wanted output of each tile.
  template <typename Take>
  void run_tiles(const RawColumn* raw, size_t begin, size_t rows, std::span<const size_t> wanted, Workspace& work, const Take& take) const {
    if (rows == 0) return;
    work.fit(program);
    uint64_t needed = 0;
    for (const size_t i : wanted) needed |= native::output_bit(i);
    if (rows <= kFewRows && !row_steps.empty()) {
      for (size_t r = 0; r < rows; ++r) {
        row.run(row_steps.data(), row_steps.size(), needed, {raw, begin + r}, work.numbers.data(), work.codes.data());
        for (size_t i = 0; i < wanted.size(); ++i) take(i, Tile{1, 1}, r, program.outputs[wanted[i]]);
      }
      return;
    }
    if (program.encodes > 0) translate(raw, rows, needed, work);
    for (size_t first = 0; first < rows; first += program.tile_rows) {
      Tile tile;
      tile.rows = std::min(program.tile_rows, rows - first);
      tile.stride = native::padded(tile.rows);
      for (const Step& step : program.steps) {
        if ((step.outputs & needed) != 0) run_step(step, raw, begin + first, tile, work);
      }
      for (size_t i = 0; i < wanted.size(); ++i) take(i, tile, first, program.outputs[wanted[i]]);
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
  Workspace& work = workspace();
  work.raw.clear();
  for (const InputColumn& column : batch.columns) work.raw.push_back({column.numbers.data(), column.codes.data(), column.dictionary});
  impl_->run_tiles(work.raw.data(), 0, batch.rows, wanted, work, [&](size_t i, Tile tile, size_t first, const native::ProgramOutput& output) {
    Value& result = results[i];
    if (output.type.kind == ValueType::Kind::kCode) {
      std::memcpy(result.codes.data() + first, work.codes.data() + output.column * tile.stride, tile.rows * sizeof(int32_t));
      return;
    }
    const float* from = work.numbers.data() + output.column * tile.stride;
    float* to = result.numbers.data() + first * result.width;
    for (size_t c = 0; c < result.width; ++c) {
      for (size_t r = 0; r < tile.rows; ++r) to[r * result.width + c] = from[c * tile.stride + r];
    }
  });
  return results;
}

void NativeExecutor::score(const RawColumn* raw, size_t begin, size_t rows, std::span<const size_t> outputs, float* const* to) const {
  Workspace& work = workspace();
  impl_->run_tiles(raw, begin, rows, outputs, work, [&](size_t i, Tile tile, size_t first, const native::ProgramOutput& output) {
    const size_t width = output.type.width;
    float* out = to[i] + first * width;
    if (output.type.kind == ValueType::Kind::kCode) {
      const int32_t* from = work.codes.data() + output.column * tile.stride;
      for (size_t r = 0; r < tile.rows; ++r) out[r] = static_cast<float>(from[r]);
      return;
    }
    const float* from = work.numbers.data() + output.column * tile.stride;
    for (size_t c = 0; c < width; ++c) {
      for (size_t r = 0; r < tile.rows; ++r) out[r * width + c] = from[c * tile.stride + r];
    }
  });
}

}  // namespace obligor
