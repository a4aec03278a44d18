#include "emit/onnx/runtime.h"

#include <array>
#include <cstdlib>
#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

// Places in the table of functions (OrtApi), version 1.
enum class Slot : size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetIntraOpNumThreads = 24,
  kSetInterOpNumThreads = 25,
  kCreateTensorAsOrtValue = 48,
  kCreateTensorWithDataAsOrtValue = 49,
  kGetTensorMutableData = 51,
  kFillStringTensor = 52,
  kCreateCpuMemoryInfo = 69,
  kGetAllocatorWithDefaultOptions = 78,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseSessionOptions = 100,
};
constexpr uint32_t kApiVersion = 11;
constexpr int kWarningsAndWorse = 3;  // of the log: errors alone
constexpr int kFloat = 1;
constexpr int kString = 8;

struct ApiBase {
  const void* (*get_api)(uint32_t version);
  const char* (*get_version)();
};

class Library {
 public:
  static const Library& get() {
    static const Library library;
    return library;
  }
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] std::string version() const { return base_ == nullptr ? "" : base_->get_version(); }

  // The function in a slot, called with what its declaration says; a void pointer stands for each opaque type.
  template <typename... Arguments>
  void call(Slot slot, Arguments... arguments) const {
    using Function = void* (*)(Arguments...);
    void* status = reinterpret_cast<Function>(table_[static_cast<size_t>(slot)])(arguments...);
    if (status == nullptr) return;
    using Message = const char* (*)(const void*);
    std::string line = reinterpret_cast<Message>(table_[static_cast<size_t>(Slot::kGetErrorMessage)])(status);
    release(Slot::kReleaseStatus, status);
    throw Error(ErrorCode::kInternal, fmt::format("ONNX Runtime {}: {}", version(), line));
  }
  void release(Slot slot, void* object) const {
    if (object != nullptr) reinterpret_cast<void (*)(void*)>(table_[static_cast<size_t>(slot)])(object);
  }

 private:
  Library() {
    std::vector<std::string> places;
    if (const char* named = std::getenv("OBLIGOR_ONNXRUNTIME"); named != nullptr) places.emplace_back(named);
    else places = {OBLIGOR_ONNXRUNTIME_LIBRARY, "libonnxruntime.so", "libonnxruntime.so.1"};
    void* handle = nullptr;
    for (const auto& place : places) {
      if (!place.empty()) handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle != nullptr) break;
    }
    if (handle == nullptr) {
      why_ = fmt::format("ONNX Runtime was not found at {}; 'make setup' fetches it, and OBLIGOR_ONNXRUNTIME can name its library",
                         fmt::join(places, ", "));
      return;
    }
    const auto get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
    if (get_base != nullptr) base_ = get_base();
    if (base_ != nullptr) table_ = static_cast<void* const*>(base_->get_api(kApiVersion));
    if (table_ == nullptr) why_ = "the library that was found is not ONNX Runtime 1.11 or later";
  }

  std::string why_;
  const ApiBase* base_ = nullptr;
  void* const* table_ = nullptr;
};

// An object of the runtime, released by the function in its slot.
class Owned {
 public:
  explicit Owned(Slot slot) : slot_(slot) {}
  ~Owned() { Library::get().release(slot_, object_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Owned(Owned&& other) noexcept : slot_(other.slot_), object_(std::exchange(other.object_, nullptr)) {}
  Owned& operator=(Owned&&) = delete;
  [[nodiscard]] void** out() { return &object_; }
  [[nodiscard]] void* get() const { return object_; }

 private:
  Slot slot_;
  void* object_ = nullptr;
};

struct Input {
  std::string name;
  size_t column = 0;  // of the batch
  bool is_category = false;
};
struct Output {
  std::string name;
  ValueType type;
};

}  // namespace

struct OnnxRuntimeExecutor::Impl {
  OnnxOptions options;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  Owned env{Slot::kReleaseEnv};
  Owned memory{Slot::kReleaseMemoryInfo};
  Owned session{Slot::kReleaseSession};
  void* allocator = nullptr;  // the runtime's own

  // `keeps`: where the strings' pointers stand while they are copied.
  [[nodiscard]] Owned tensor(const Input& input, const InputColumn& column, size_t rows, std::vector<const char*>& keeps) const {
    const Library& ort = Library::get();
    Owned made(Slot::kReleaseValue);
    const std::array<int64_t, 2> shape{static_cast<int64_t>(rows), 1};
    if (!input.is_category) {
      ort.call(Slot::kCreateTensorWithDataAsOrtValue, static_cast<const void*>(memory.get()),
               static_cast<void*>(const_cast<float*>(column.numbers.data())),  // NOLINT(cppcoreguidelines-pro-type-const-cast): it is read alone
               rows * sizeof(float), shape.data(), shape.size(), kFloat, made.out());
      return made;
    }
    keeps.clear();
    for (const int32_t code : column.codes) {
      keeps.push_back(code < 0 ? options.missing_text.c_str() : (*column.dictionary)[static_cast<size_t>(code)].c_str());
    }
    ort.call(Slot::kCreateTensorAsOrtValue, allocator, shape.data(), shape.size(), kString, made.out());
    ort.call(Slot::kFillStringTensor, made.get(), static_cast<const char* const*>(keeps.data()), keeps.size());
    return made;
  }
};

OnnxRuntimeExecutor::OnnxRuntimeExecutor(const ScorePlan& plan, const OnnxOptions& options) : impl_(std::make_unique<Impl>()) {
  const Library& ort = Library::get();
  if (!ort.why().empty()) throw Error(ErrorCode::kUnsupported, ort.why());
  impl_->options = options;
  const ScorePlan kept = tidy(plan);
  const auto types = verify(kept);
  for (const PlanInput& input : kept.inputs) {
    size_t column = 0;
    while (plan.inputs[column].name != input.name) ++column;
    impl_->inputs.push_back({input.name, column, input.kind == InputKind::kCategory});
  }
  for (const PlanOutput& output : kept.outputs) impl_->outputs.push_back({output.name, types[output.node]});
  const std::string model = emit_onnx(plan, options);
  ort.call(Slot::kCreateEnv, kWarningsAndWorse, "obligor", impl_->env.out());
  ort.call(Slot::kCreateCpuMemoryInfo, 0, 0, impl_->memory.out());
  ort.call(Slot::kGetAllocatorWithDefaultOptions, &impl_->allocator);
  Owned session_options(Slot::kReleaseSessionOptions);
  ort.call(Slot::kCreateSessionOptions, session_options.out());
  ort.call(Slot::kSetIntraOpNumThreads, session_options.get(), 1);
  ort.call(Slot::kSetInterOpNumThreads, session_options.get(), 1);
  ort.call(Slot::kCreateSessionFromArray, static_cast<const void*>(impl_->env.get()), static_cast<const void*>(model.data()), model.size(),
           static_cast<const void*>(session_options.get()), impl_->session.out());
}

OnnxRuntimeExecutor::~OnnxRuntimeExecutor() = default;

std::string OnnxRuntimeExecutor::missing_because() { return Library::get().why(); }
std::string OnnxRuntimeExecutor::version() { return Library::get().version(); }

std::vector<Value> OnnxRuntimeExecutor::run(const InputBatch& batch, std::span<const std::string> outputs) const {
  const Library& ort = Library::get();
  std::vector<const Output*> wanted;
  std::vector<std::string> known;
  for (const Output& output : impl_->outputs) {
    known.push_back(output.name);
    if (outputs.empty()) wanted.push_back(&output);
  }
  for (const auto& name : outputs) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) throw unknown_name("plan output", name, known);
    wanted.push_back(&impl_->outputs[static_cast<size_t>(found - known.begin())]);
  }
  std::vector<Owned> tensors;
  std::vector<const void*> values;
  std::vector<const char*> names;
  std::vector<const char*> keeps;
  for (const Input& input : impl_->inputs) {
    tensors.push_back(impl_->tensor(input, batch.columns[input.column], batch.rows, keeps));
    values.push_back(tensors.back().get());
    names.push_back(input.name.c_str());
  }
  std::vector<const char*> output_names;
  output_names.reserve(wanted.size());
  for (const Output* output : wanted) output_names.push_back(output->name.c_str());
  std::vector<void*> results(wanted.size(), nullptr);
  ort.call(Slot::kRun, impl_->session.get(), static_cast<const void*>(nullptr), static_cast<const char* const*>(names.data()),
           static_cast<const void* const*>(values.data()), values.size(), static_cast<const char* const*>(output_names.data()), output_names.size(),
           results.data());
  std::vector<Value> made(wanted.size());
  for (size_t i = 0; i < results.size(); ++i) {
    Owned result(Slot::kReleaseValue);
    *result.out() = results[i];
    void* data = nullptr;
    ort.call(Slot::kGetTensorMutableData, result.get(), &data);
    made[i].width = wanted[i]->type.width;
    if (wanted[i]->type.kind == ValueType::Kind::kCode) {
      const auto* codes = static_cast<const int64_t*>(data);
      for (size_t r = 0; r < batch.rows; ++r) made[i].codes.push_back(static_cast<int32_t>(codes[r]));
    } else {
      const auto* numbers = static_cast<const float*>(data);
      made[i].numbers.assign(numbers, numbers + batch.rows * made[i].width);
    }
  }
  return made;
}

}  // namespace obligor
