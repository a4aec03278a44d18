#include "plan/io.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "plan/safetensors.h"
#include "plan/weight_bytes.h"

namespace obligor {
namespace {

constexpr std::string_view kFormat = "obligor-plan";

[[noreturn]] void fail(std::string_view source, std::string_view what) { throw Error(ErrorCode::kData, fmt::format("{}: {}", source, what)); }

template <typename T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
std::vector<T> values_of(std::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::string_view kind_text(InputKind kind) { return kind == InputKind::kNumber ? "number" : "category"; }

Json node_json(const Node& node) {
  Json json{{"op", op_name(node.op)}};
  if (!node.inputs.empty()) json["in"] = node.inputs;
  if (!node.constants.empty()) json["const"] = node.constants;
  if (node.size != 0) json["size"] = node.size;
  if (!node.function.empty()) json["function"] = node.function;
  if (!node.name.empty()) json["name"] = node.name;
  return json;
}

// Reading. Numbers are taken only when they are whole and in range: nlohmann's own conversions wrap and truncate.
uint32_t index_of(const Json& value, std::string_view where) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > std::numeric_limits<uint32_t>::max()) fail(where, "a whole number is wanted");
  return static_cast<uint32_t>(value.get<uint64_t>());
}

std::vector<uint32_t> indices_of(const Json& node, const char* key, std::string_view where) {
  const auto found = node.find(key);
  if (found == node.end()) return {};
  if (!found->is_array()) fail(where, fmt::format("'{}' is not a list", key));
  std::vector<uint32_t> indices;
  indices.reserve(found->size());
  for (const Json& value : *found) indices.push_back(index_of(value, where));
  return indices;
}

std::string text_of(const Json& object, const char* key, std::string_view where) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_string()) fail(where, fmt::format("'{}' is not a text", key));
  return found->get<std::string>();
}

const Json& list_of(const Json& graph, const char* key, size_t limit, std::string_view source) {
  const auto found = graph.find(key);
  if (found == graph.end() || !found->is_array()) fail(source, fmt::format("'{}' is missing or not a list", key));
  if (found->size() > limit) fail(source, fmt::format("{} {} where at most {} are allowed", found->size(), key, limit));
  return *found;
}

Node read_node(const Json& json, std::string_view where) {
  if (!json.is_object()) fail(where, "is not an object");
  const std::string name = text_of(json, "op", where);
  const auto op = find_op(name);
  if (!op) fail(where, fmt::format("unknown operation '{}'; a newer Obligor may know it", name));
  Node node;
  node.op = *op;
  node.inputs = indices_of(json, "in", where);
  node.constants = indices_of(json, "const", where);
  if (const auto size = json.find("size"); size != json.end()) node.size = index_of(*size, where);
  node.function = text_of(json, "function", where);
  node.name = text_of(json, "name", where);
  return node;
}

std::vector<std::string> read_strings(const Tensor& bytes, const Tensor& offsets, std::string_view source) {
  const auto at = values_of<int32_t>(offsets.bytes);
  if (at.empty() || at.front() != 0 || static_cast<uint64_t>(at.back()) != bytes.bytes.size() || !std::is_sorted(at.begin(), at.end())) {
    fail(source, fmt::format("tensor '{}' has offsets that do not fit its text", bytes.name));
  }
  std::vector<std::string> strings;
  strings.reserve(at.size() - 1);
  for (size_t i = 0; i + 1 < at.size(); ++i) {
    strings.emplace_back(bytes.bytes.substr(static_cast<size_t>(at[i]), static_cast<size_t>(at[i + 1] - at[i])));
  }
  return strings;
}

// The constants that narrow_weights() has rounded: numbers under "bf16" and "int8" of the meta data. What is listed there and is not exact is kept
// whole.
std::vector<size_t> narrow_constants(const Json& meta, const char* kind) {
  std::vector<size_t> made;
  if (!meta.is_object() || !meta.contains(kind) || !meta[kind].is_array()) return made;
  for (const Json& one : meta[kind]) {
    if (one.is_number_unsigned()) made.push_back(one.get<size_t>());
  }
  std::sort(made.begin(), made.end());
  return made;
}

std::vector<Constant> read_constants(std::string_view weights, const std::string& source, const PlanLimits& limits) {
  SafetensorsLimits of_file;
  of_file.tensors = limits.constants * 2;
  const auto tensors = read_safetensors(weights, source, of_file);
  std::vector<Constant> constants;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    const std::string name = fmt::format("{}", constants.size());
    Constant constant;
    for (const uint64_t extent : tensor.shape) {
      if (extent > limits.constant_elements || extent > std::numeric_limits<uint32_t>::max())
        fail(source, fmt::format("tensor '{}' is over the limit", tensor.name));
      constant.shape.push_back(static_cast<uint32_t>(extent));
    }
    if (tensor.name == name + ".text") {
      if (i + 1 == tensors.size() || tensors[i + 1].name != name + ".offsets" || tensors[i + 1].dtype != "I32" || tensor.dtype != "U8") {
        fail(source, fmt::format("tensor '{}' is not followed by its offsets", tensor.name));
      }
      auto strings = read_strings(tensor, tensors[++i], source);
      constant.shape = {static_cast<uint32_t>(strings.size())};
      constant.data = std::move(strings);
    } else if (tensor.name == name + ".int8") {
      const bool follows = i + 1 < tensors.size() && tensors[i + 1].name == name + ".scales" && tensors[i + 1].dtype == "F32";
      if (tensor.dtype != "I8" || tensor.shape.empty() || !follows || tensors[i + 1].shape != std::vector<uint64_t>{tensor.shape[0]} ||
          tensor.bytes.empty()) {
        fail(source, fmt::format("tensor '{}' is not rows of I8 that are followed by a scale a row", tensor.name));
      }
      constant.data = from_int8(tensor.bytes, values_of<float>(tensors[++i].bytes), fmt::format("{}: tensor '{}'", source, tensor.name));
    } else if (tensor.name != name) {
      fail(source, fmt::format("tensor '{}' stands where '{}' is wanted", tensor.name, name));
    } else if (tensor.dtype == "F32") {
      constant.data = values_of<float>(tensor.bytes);
    } else if (tensor.dtype == "BF16") {
      constant.data = from_bf16(tensor.bytes);
    } else if (tensor.dtype == "I32") {
      constant.data = values_of<int32_t>(tensor.bytes);
    } else if (tensor.dtype == "I8") {
      fail(source, fmt::format("tensor '{}' is I8 without scales", tensor.name));
    } else {
      constant.data = values_of<uint8_t>(tensor.bytes);
    }
    if (constant.size() > limits.constant_elements) fail(source, fmt::format("tensor '{}' is over the limit", tensor.name));
    constants.push_back(std::move(constant));
  }
  return constants;
}

}  // namespace

PlanFiles save_plan(const ScorePlan& plan) {
  (void)verify(plan);
  Json graph{{"format", kFormat}, {"version", plan.version}};
  Json inputs = Json::array();
  for (const auto& input : plan.inputs) {
    Json json{{"name", input.name}, {"kind", kind_text(input.kind)}};
    if (!input.from.empty()) json["from"] = input.from;
    inputs.push_back(std::move(json));
  }
  Json nodes = Json::array();
  for (const auto& node : plan.nodes) nodes.push_back(node_json(node));
  Json outputs = Json::array();
  for (const auto& output : plan.outputs) outputs.push_back({{"name", output.name}, {"node", output.node}});
  graph["inputs"] = std::move(inputs);
  graph["nodes"] = std::move(nodes);
  graph["outputs"] = std::move(outputs);
  graph["meta"] = plan.meta;

  // What is made here must outlive the tensors, which only point at it.
  const std::vector<size_t> bf16 = narrow_constants(plan.meta, "bf16");
  const std::vector<size_t> int8 = narrow_constants(plan.meta, "int8");
  std::vector<std::string> texts(plan.constants.size());
  std::vector<std::vector<int32_t>> offsets(plan.constants.size());
  std::vector<std::vector<float>> scales(plan.constants.size());
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < plan.constants.size(); ++i) {
    const Constant& constant = plan.constants[i];
    const std::string name = fmt::format("{}", i);
    const std::vector<uint64_t> shape(constant.shape.begin(), constant.shape.end());
    if (const auto* strings = std::get_if<std::vector<std::string>>(&constant.data)) {
      offsets[i].push_back(0);
      for (const auto& text : *strings) {
        texts[i] += text;
        if (texts[i].size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) fail("plan", "a vocabulary has more than 2 GiB of text");
        offsets[i].push_back(static_cast<int32_t>(texts[i].size()));
      }
      tensors.push_back({name + ".text", "U8", {texts[i].size()}, texts[i]});
      tensors.push_back({name + ".offsets", "I32", {offsets[i].size()}, bytes_of(offsets[i])});
    } else if (const auto* floats = std::get_if<std::vector<float>>(&constant.data)) {
      const bool has_rows = !shape.empty() && std::binary_search(int8.begin(), int8.end(), i);
      if (auto rows = has_rows ? as_int8(*floats, shape[0]) : std::nullopt) {
        texts[i] = std::move(rows->bytes);
        scales[i] = std::move(rows->scales);
        tensors.push_back({name + ".int8", "I8", shape, texts[i]});
        tensors.push_back({name + ".scales", "F32", {scales[i].size()}, bytes_of(scales[i])});
      } else if (auto halves = std::binary_search(bf16.begin(), bf16.end(), i) ? as_bf16(*floats) : std::nullopt) {
        texts[i] = std::move(*halves);
        tensors.push_back({name, "BF16", shape, texts[i]});
      } else {
        tensors.push_back({name, "F32", shape, bytes_of(*floats)});
      }
    } else if (const auto* ints = std::get_if<std::vector<int32_t>>(&constant.data)) {
      tensors.push_back({name, "I32", shape, bytes_of(*ints)});
    } else {
      tensors.push_back({name, "U8", shape, bytes_of(constant.bytes())});
    }
  }
  return {dump_json(graph), write_safetensors(tensors)};
}

ScorePlan load_plan(std::string_view graph_text, std::string_view weights, std::string_view source, const PlanLimits& limits) {
  const std::string where = fmt::format("{}: plan.json", source);
  const Json graph = parse_json(graph_text, where);
  if (!graph.is_object() || text_of(graph, "format", where) != kFormat) fail(where, "is not a plan");
  ScorePlan plan;
  const auto version = graph.find("version");
  if (version == graph.end()) fail(where, "'version' is missing");
  const uint32_t stated = index_of(*version, where);
  if (stated < 1 || stated > static_cast<uint32_t>(kPlanVersion)) {
    fail(where, fmt::format("made by a newer Obligor (plan version {}); this one reads up to {}: update it", stated, kPlanVersion));
  }
  plan.version = static_cast<int>(stated);
  std::set<std::string> names;
  for (const Json& json : list_of(graph, "inputs", limits.inputs, where)) {
    if (!json.is_object()) fail(where, "an input is not an object");
    PlanInput input;
    input.name = text_of(json, "name", where);
    if (!names.insert(input.name).second) fail(where, fmt::format("two inputs are named '{}'", input.name));
    const std::string kind = text_of(json, "kind", where);
    if (kind != "number" && kind != "category") fail(where, fmt::format("input '{}' is neither number nor category", input.name));
    input.kind = kind == "number" ? InputKind::kNumber : InputKind::kCategory;
    input.from = text_of(json, "from", where);
    if (!input.from.empty() && input.from != "date" && !(input.from == "text" && input.kind == InputKind::kCategory))
      fail(where, fmt::format("input '{}' is read from '{}', which is not known", input.name, input.from));
    plan.inputs.push_back(std::move(input));
  }
  const Json& nodes = list_of(graph, "nodes", limits.nodes, where);
  for (size_t i = 0; i < nodes.size(); ++i) plan.nodes.push_back(read_node(nodes[i], fmt::format("{}: node {}", where, i)));
  for (const Json& json : list_of(graph, "outputs", limits.nodes, where)) {
    if (!json.is_object() || !json.contains("node")) fail(where, "an output has no node");
    plan.outputs.push_back({text_of(json, "name", where), index_of(json["node"], where)});
  }
  if (const auto meta = graph.find("meta"); meta != graph.end()) plan.meta = *meta;
  plan.constants = read_constants(weights, fmt::format("{}: weights.safetensors", source), limits);
  try {
    (void)verify(plan, limits);
  } catch (const Error& error) {
    throw Error(ErrorCode::kData, fmt::format("{}: {}", source, error.what()));
  }
  return plan;
}

}  // namespace obligor
