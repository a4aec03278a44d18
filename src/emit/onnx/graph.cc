#include "emit/onnx/graph.h"

#include <protozero/pbf_writer.hpp>

#include "core/digest.h"
#include "core/error.h"

namespace obligor::onnx {
namespace {

// onnx.proto, by message. Only the fields that are written.
namespace attribute {
enum : uint32_t { kName = 1, kFloat = 2, kInt = 3, kString = 4, kTensor = 5, kFloats = 7, kInts = 8, kStrings = 9, kType = 20 };
enum : int32_t { kIsFloat = 1, kIsInt = 2, kIsString = 3, kIsTensor = 4, kIsFloats = 6, kIsInts = 7, kIsStrings = 8 };
}  // namespace attribute
namespace tensor_proto {
enum : uint32_t { kDims = 1, kDataType = 2, kName = 8, kRawData = 9 };
}
namespace node_proto {
enum : uint32_t { kInput = 1, kOutput = 2, kName = 3, kOpType = 4, kAttribute = 5, kDomain = 7 };
}
namespace value_info {
enum : uint32_t { kName = 1, kType = 2, kTensorType = 1, kElemType = 1, kShape = 2, kDim = 1, kDimValue = 1, kDimParam = 2 };
}
namespace graph_proto {
enum : uint32_t { kNode = 1, kName = 2, kInitializer = 5, kInput = 11, kOutput = 12 };
}
namespace model_proto {
enum : uint32_t { kIrVersion = 1, kProducer = 2, kGraph = 7, kOpset = 8, kMetadata = 14, kOpsetDomain = 1, kOpsetVersion = 2, kKey = 1, kValue = 2 };
}

using Writer = protozero::pbf_writer;

constexpr int64_t kIrVersion = 8;
constexpr int64_t kOpset = 17;
constexpr int64_t kMlOpset = 3;
constexpr size_t kMostBytes = (size_t{1} << 31U) - (size_t{1} << 20U);

template <typename Fill>
Attribute attribute_of(std::string_view name, int32_t type, const Fill& fill) {
  Attribute made;
  Writer writer(made.bytes);
  writer.add_string(attribute::kName, name.data(), name.size());
  fill(writer);
  writer.add_enum(attribute::kType, type);
  return made;
}

template <typename T>
std::string_view raw_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::string tensor_bytes(std::string_view name, Type type, std::span<const int64_t> shape, std::string_view raw) {
  std::string bytes;
  Writer writer(bytes);
  for (const int64_t extent : shape) writer.add_int64(tensor_proto::kDims, extent);
  writer.add_int32(tensor_proto::kDataType, static_cast<int32_t>(type));
  if (!name.empty()) writer.add_string(tensor_proto::kName, name.data(), name.size());
  writer.add_bytes(tensor_proto::kRawData, raw.data(), raw.size());
  return bytes;
}

std::string value_bytes(std::string_view name, Type type, int64_t width) {
  std::string bytes;
  Writer writer(bytes);
  writer.add_string(value_info::kName, name.data(), name.size());
  Writer of(writer, value_info::kType);
  Writer tensor(of, value_info::kTensorType);
  tensor.add_int32(value_info::kElemType, static_cast<int32_t>(type));
  Writer shape(tensor, value_info::kShape);
  {
    Writer rows(shape, value_info::kDim);
    rows.add_string(value_info::kDimParam, "rows");
  }
  Writer columns(shape, value_info::kDim);
  columns.add_int64(value_info::kDimValue, width);
  return bytes;
}

}  // namespace

Attribute int_attribute(std::string_view name, int64_t value) {
  return attribute_of(name, attribute::kIsInt, [&](Writer& writer) { writer.add_int64(attribute::kInt, value); });
}
Attribute float_attribute(std::string_view name, float value) {
  return attribute_of(name, attribute::kIsFloat, [&](Writer& writer) { writer.add_float(attribute::kFloat, value); });
}
Attribute string_attribute(std::string_view name, std::string_view value) {
  return attribute_of(name, attribute::kIsString, [&](Writer& writer) { writer.add_bytes(attribute::kString, value.data(), value.size()); });
}
Attribute ints_attribute(std::string_view name, std::span<const int64_t> values) {
  return attribute_of(name, attribute::kIsInts, [&](Writer& writer) {
    for (const int64_t value : values) writer.add_int64(attribute::kInts, value);
  });
}
Attribute floats_attribute(std::string_view name, std::span<const float> values) {
  return attribute_of(name, attribute::kIsFloats, [&](Writer& writer) {
    for (const float value : values) writer.add_float(attribute::kFloats, value);
  });
}
Attribute strings_attribute(std::string_view name, std::span<const std::string> values) {
  return attribute_of(name, attribute::kIsStrings, [&](Writer& writer) {
    for (const auto& value : values) writer.add_bytes(attribute::kStrings, value);
  });
}
Attribute doubles_attribute(std::string_view name, std::span<const double> values) {
  return attribute_of(name, attribute::kIsTensor, [&](Writer& writer) {
    const int64_t shape[] = {static_cast<int64_t>(values.size())};
    writer.add_message(attribute::kTensor, tensor_bytes(name, Type::kDouble, shape, raw_of(values)));
  });
}

std::string OnnxGraph::tensor(Type type, std::vector<int64_t> shape, std::string_view raw) {
  // Equal constants share a name. Long ones are told apart by their digest, so that the list of what is known stays short.
  std::string key = std::to_string(static_cast<int32_t>(type));
  for (const int64_t extent : shape) key += "," + std::to_string(extent);
  key += ":" + (raw.size() <= 64 ? std::string(raw) : sha256_hex(raw));
  auto& name = known_[key];
  if (name.empty()) {
    name = "/c" + std::to_string(next_++);
    Writer(initializers_).add_message(graph_proto::kInitializer, tensor_bytes(name, type, shape, raw));
  }
  return name;
}

std::string OnnxGraph::constant(std::span<const float> values, std::vector<int64_t> shape) {
  return tensor(Type::kFloat, std::move(shape), raw_of(values));
}
std::string OnnxGraph::constant(std::span<const double> values, std::vector<int64_t> shape) {
  return tensor(Type::kDouble, std::move(shape), raw_of(values));
}
std::string OnnxGraph::constant(std::span<const int64_t> values, std::vector<int64_t> shape) {
  return tensor(Type::kInt64, std::move(shape), raw_of(values));
}
std::string OnnxGraph::constant(std::span<const uint8_t> flags, std::vector<int64_t> shape) {
  return tensor(Type::kBool, std::move(shape), raw_of(flags));
}

std::string OnnxGraph::add(std::string_view op, const std::vector<std::string>& inputs, const std::vector<Attribute>& attributes,
                           std::string_view domain, std::string_view output) {
  std::string name = output.empty() ? "/" + std::to_string(next_++) : std::string(output);
  std::string bytes;
  Writer writer(bytes);
  for (const auto& input : inputs) writer.add_string(node_proto::kInput, input);
  writer.add_string(node_proto::kOutput, name);
  writer.add_string(node_proto::kName, "n" + std::to_string(nodes_.size()));
  writer.add_string(node_proto::kOpType, op.data(), op.size());
  for (const auto& one : attributes) writer.add_message(node_proto::kAttribute, one.bytes);
  if (!domain.empty()) writer.add_string(node_proto::kDomain, domain.data(), domain.size());
  nodes_.push_back(std::move(bytes));
  return name;
}

void OnnxGraph::input(std::string_view name, Type type) { inputs_.push_back(value_bytes(name, type, 1)); }
void OnnxGraph::output(std::string_view name, Type type, int64_t width) { outputs_.push_back(value_bytes(name, type, width)); }

void OnnxGraph::note(std::string_view key, std::string_view value) {
  std::string bytes;
  Writer writer(bytes);
  writer.add_string(model_proto::kKey, key.data(), key.size());
  writer.add_string(model_proto::kValue, value.data(), value.size());
  notes_.push_back(std::move(bytes));
}

std::string OnnxGraph::bytes() const {
  size_t size = initializers_.size();
  for (const auto& node : nodes_) size += node.size();
  if (size > kMostBytes) {
    throw Error(ErrorCode::kUnsupported, "onnx: the model is larger than the 2 GiB that its format allows; serve it with obligor score");
  }
  std::string graph;
  Writer writer(graph);
  for (const auto& node : nodes_) writer.add_message(graph_proto::kNode, node);
  writer.add_string(graph_proto::kName, "obligor");
  graph += initializers_;
  for (const auto& value : inputs_) writer.add_message(graph_proto::kInput, value);
  for (const auto& value : outputs_) writer.add_message(graph_proto::kOutput, value);

  std::string model;
  Writer top(model);
  top.add_int64(model_proto::kIrVersion, kIrVersion);
  top.add_string(model_proto::kProducer, "obligor");
  top.add_message(model_proto::kGraph, graph);
  {
    Writer opset(top, model_proto::kOpset);
    opset.add_string(model_proto::kOpsetDomain, "");
    opset.add_int64(model_proto::kOpsetVersion, kOpset);
  }
  {
    Writer opset(top, model_proto::kOpset);
    opset.add_string(model_proto::kOpsetDomain, "ai.onnx.ml");
    opset.add_int64(model_proto::kOpsetVersion, kMlOpset);
  }
  for (const auto& one : notes_) top.add_message(model_proto::kMetadata, one);
  return model;
}

}  // namespace obligor::onnx
