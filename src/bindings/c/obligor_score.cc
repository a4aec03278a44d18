#include "bindings/c/obligor_score.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "bundle/bundle.h"
#include "core/error.h"
#include "core/parallel.h"
#include "emit/native/native.h"

using obligor::RawColumn;

struct obligor_model {
  std::vector<obligor::PlanInput> inputs;
  std::vector<obligor::PlanOutput> outputs;
  std::vector<obligor_field> input_fields;
  std::vector<obligor_field> output_fields;
  obligor_layout layout{};
  std::unique_ptr<obligor::NativeExecutor> executor;
  std::unique_ptr<obligor::ThreadPool> pool;  // null: the caller's thread alone
};

namespace {

// Large enough for the lines of this project; a longer one is cut. No allocation, so that a failure for want of memory can be told.
thread_local std::array<char, 1024> last_error{};

int fail(int status, const char* message) {
  std::strncpy(last_error.data(), message, last_error.size() - 1);
  return status;
}

int status_of(obligor::ErrorCode code) {
  switch (code) {
    case obligor::ErrorCode::kInvalid: return OBLIGOR_INVALID;
    case obligor::ErrorCode::kNotFound: return OBLIGOR_NOT_FOUND;
    case obligor::ErrorCode::kUnsupported: return OBLIGOR_UNSUPPORTED;
    case obligor::ErrorCode::kData: return OBLIGOR_DATA;
    case obligor::ErrorCode::kIo: return OBLIGOR_IO;
    default: return OBLIGOR_INTERNAL;
  }
}

// Runs `body`; what it throws becomes a status and a line.
template <typename Body>
int guarded(const Body& body) noexcept {
  try {
    body();
    return OBLIGOR_OK;
  } catch (const obligor::Error& error) {
    return fail(status_of(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return fail(OBLIGOR_INTERNAL, "out of memory");
  } catch (const std::exception& error) {
    return fail(OBLIGOR_INTERNAL, error.what());
  } catch (...) {
    return fail(OBLIGOR_INTERNAL, "an unknown fault");
  }
}

int kind_of(const obligor::PlanInput& input) {
  if (input.kind == obligor::InputKind::kCategory) return OBLIGOR_CATEGORY;
  return input.from == "date" ? OBLIGOR_DATE : OBLIGOR_NUMBER;
}

std::unique_ptr<obligor_model> open(const char* path, int threads) {
  if (path == nullptr) throw obligor::Error(obligor::ErrorCode::kInvalid, "obligor_open: the path is NULL");
  if (threads < 0 || threads > 1024) throw obligor::Error(obligor::ErrorCode::kInvalid, "obligor_open: threads must be between 0 and 1024");
  const obligor::Bundle bundle = obligor::load_bundle(path);
  auto model = std::make_unique<obligor_model>();
  const auto types = obligor::verify(bundle.plan);
  model->inputs = bundle.plan.inputs;
  model->outputs = bundle.plan.outputs;
  for (const auto& input : model->inputs) model->input_fields.push_back({input.name.c_str(), kind_of(input), 1});
  for (const auto& output : model->outputs) model->output_fields.push_back({output.name.c_str(), OBLIGOR_NUMBER, types[output.node].width});
  model->layout = {model->input_fields.data(), model->input_fields.size(), model->output_fields.data(), model->output_fields.size()};
  model->executor = std::make_unique<obligor::NativeExecutor>(bundle.plan);
  const int wanted = threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (wanted > 1) model->pool = std::make_unique<obligor::ThreadPool>(wanted);
  return model;
}

// The columns in the scorer's own form, or a line that names the first that is not there. A plan rarely has more inputs than this; one
// that has more keeps them in a thread's own memory.
constexpr size_t kFewInputs = 64;

std::span<RawColumn> raw_columns(size_t count, std::array<RawColumn, kFewInputs>& few) {
  if (count <= few.size()) return {few.data(), count};
  thread_local std::vector<RawColumn> many;
  if (many.size() < count) many.resize(count);
  return {many.data(), count};
}

constexpr size_t kBlockRows = 256;  // of a large batch, a thread at a time

int score(const obligor_model& model, const obligor_column* columns, size_t rows, std::span<const size_t> outputs, float* const* scores) {
  for (const size_t output : outputs) {
    if (output >= model.outputs.size()) return fail(OBLIGOR_NOT_FOUND, "obligor_score_rows: the model has no output of that number");
  }
  std::array<RawColumn, kFewInputs> few{};
  const std::span<RawColumn> raw = raw_columns(model.inputs.size(), few);
  const size_t given = columns == nullptr ? 0 : raw.size();
  for (size_t c = 0; c < given; ++c) {
    const bool is_category = model.input_fields[c].kind == OBLIGOR_CATEGORY;
    if (is_category ? columns[c].strings == nullptr : columns[c].numbers == nullptr) {
      fail(OBLIGOR_INVALID, is_category ? "obligor_score_rows: no strings given for column " : "obligor_score_rows: no numbers given for column ");
      std::strncat(last_error.data(), model.inputs[c].name.c_str(), last_error.size() - std::strlen(last_error.data()) - 1);
      return OBLIGOR_INVALID;
    }
    raw[c].numbers = columns[c].numbers;
    raw[c].strings = columns[c].strings;
    raw[c].lengths = columns[c].lengths;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (scores[i] == nullptr) return fail(OBLIGOR_INVALID, "obligor_score_rows: an array of scores is NULL");
  }
  if (model.pool == nullptr || rows < 2 * kBlockRows) {
    model.executor->score(raw.data(), 0, rows, outputs, scores);
    return OBLIGOR_OK;
  }
  struct Work {
    const obligor_model& model;
    std::span<const RawColumn> raw;
    size_t rows;
    std::span<const size_t> outputs;
    float* const* scores;
  };
  const Work work{model, raw, rows, outputs, scores};
  // One reference in the function, so that it needs no memory of its own.
  model.pool->run((rows + kBlockRows - 1) / kBlockRows, [&work](size_t block) {
    const size_t begin = block * kBlockRows;
    const size_t count = std::min(kBlockRows, work.rows - begin);
    constexpr size_t kAtOnce = 16;
    std::array<float*, kAtOnce> to{};
    for (size_t first = 0; first < work.outputs.size(); first += kAtOnce) {
      const size_t some = std::min(kAtOnce, work.outputs.size() - first);
      for (size_t i = 0; i < some; ++i) {
        to.at(i) = work.scores[first + i] + begin * work.model.output_fields[work.outputs[first + i]].width;
      }
      work.model.executor->score(work.raw.data(), begin, count, work.outputs.subspan(first, some), to.data());
    }
  });
  return OBLIGOR_OK;
}

}  // namespace

extern "C" {

obligor_model* obligor_open(const char* path, int threads) {
  std::unique_ptr<obligor_model> model;
  if (guarded([&] { model = open(path, threads); }) != OBLIGOR_OK) return nullptr;
  return model.release();
}

const obligor_layout* obligor_schema(const obligor_model* model) { return model == nullptr ? nullptr : &model->layout; }

size_t obligor_find_output(const obligor_model* model, const char* name) {
  if (model != nullptr && name != nullptr) {
    for (size_t i = 0; i < model->outputs.size(); ++i) {
      if (model->outputs[i].name == name) return i;
    }
  }
  fail(OBLIGOR_NOT_FOUND, "obligor_find_output: the model has no output of that name");
  return static_cast<size_t>(-1);
}

int obligor_score_rows(const obligor_model* model, const obligor_column* columns, size_t rows, const size_t* outputs, size_t output_count,
                       float* const* scores) {
  if (model == nullptr || (columns == nullptr && !model->inputs.empty()))
    return fail(OBLIGOR_INVALID, "obligor_score_rows: the model or columns are NULL");
  if (output_count > 0 && (outputs == nullptr || scores == nullptr)) return fail(OBLIGOR_INVALID, "obligor_score_rows: outputs or scores are NULL");
  if (rows == 0 || output_count == 0) return OBLIGOR_OK;
  int status = OBLIGOR_OK;
  const int thrown = guarded([&] { status = score(*model, columns, rows, {outputs, output_count}, scores); });
  return thrown != OBLIGOR_OK ? thrown : status;
}

void obligor_close(obligor_model* model) { delete model; }

const char* obligor_last_error(void) { return last_error.data(); }

}  // extern "C"
