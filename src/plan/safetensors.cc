#include "plan/safetensors.h"

#include <algorithm>
#include <bit>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"

namespace obligor {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are kept little-endian and are copied as they are");

constexpr size_t kPrefix = 8;

[[noreturn]] void fail(std::string_view source, std::string_view what) {
  throw Error(ErrorCode::kData, fmt::format("{}: {}; the file is damaged: fetch or save it again", source, what));
}

size_t element_bytes(std::string_view dtype) {
  if (dtype == "F32" || dtype == "I32") return 4;
  if (dtype == "BF16") return 2;
  return dtype == "U8" || dtype == "I8" ? 1 : 0;
}

// An unsigned whole number, and nothing that merely converts to one.
uint64_t natural(const Json& value, std::string_view source, std::string_view name) {
  if (!value.is_number_unsigned()) fail(source, fmt::format("tensor '{}' has an extent or offset that is not a whole number", name));
  return value.get<uint64_t>();
}

Tensor read_tensor(const std::string& name, const Json& entry, std::string_view data, size_t begin, std::string_view source,
                   const SafetensorsLimits& limits) {
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets")) {
    fail(source, fmt::format("tensor '{}' wants exactly dtype, shape and data_offsets", name));
  }
  Tensor tensor;
  tensor.name = name;
  const Json& dtype = entry["dtype"];
  if (!dtype.is_string() || element_bytes(dtype.get_ref<const std::string&>()) == 0) {
    fail(source, fmt::format("tensor '{}' has a dtype other than F32, BF16, I32, I8, U8", name));
  }
  tensor.dtype = dtype.get<std::string>();
  const Json& shape = entry["shape"];
  const Json& offsets = entry["data_offsets"];
  if (!shape.is_array() || shape.size() > limits.rank) fail(source, fmt::format("tensor '{}' has no shape of at most {} extents", name, limits.rank));
  if (!offsets.is_array() || offsets.size() != 2) fail(source, fmt::format("tensor '{}' wants two data_offsets", name));
  uint64_t bytes = element_bytes(tensor.dtype);
  for (const Json& extent : shape) {
    const uint64_t size = natural(extent, source, name);
    if (size != 0 && bytes > std::numeric_limits<uint64_t>::max() / size) fail(source, fmt::format("tensor '{}' is too large", name));
    bytes *= size;
    tensor.shape.push_back(size);
  }
  const uint64_t from = natural(offsets[0], source, name);
  const uint64_t to = natural(offsets[1], source, name);
  if (from != begin || to < from || to > data.size())
    fail(source, fmt::format("tensor '{}' does not follow the one before it inside the file", name));
  if (to - from != bytes) fail(source, fmt::format("tensor '{}' has {} bytes where its shape says {}", name, to - from, bytes));
  tensor.bytes = data.substr(from, bytes);
  return tensor;
}

// The header's entries in the order of the text, each taken out of the document as soon as it is whole: the time stays linear.
std::vector<std::pair<std::string, Json>> header_entries(std::string_view text, std::string_view source, const SafetensorsLimits& limits) {
  std::vector<std::pair<std::string, Json>> entries;
  std::string name;
  bool is_object = false;
  const auto take = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth == 0 && event == Event::object_start) is_object = true;
    if (depth != 1 || event == Event::object_start) return true;
    if (event == Event::key) {
      name = parsed.get<std::string>();
      return true;
    }
    if (event != Event::object_end) fail(source, fmt::format("tensor '{}' wants exactly dtype, shape and data_offsets", name));
    if (entries.size() >= limits.tensors) fail(source, "the header has more tensors than the limit");
    entries.emplace_back(name, std::move(parsed));
    return false;
  };
  (void)parse_json(text, source, take);
  if (!is_object) fail(source, "the header is not an object of tensors");
  return entries;
}

}  // namespace

std::string write_safetensors(std::span<const Tensor> tensors) {
  // Entry by entry: a document of our JSON looks through all its keys for each new one.
  std::string text = "{";
  size_t offset = 0;
  for (const Tensor& tensor : tensors) {
    const Json entry{{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", Json(tensor.name).dump(), entry.dump());
    offset += tensor.bytes.size();
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the format's custom: the data start at a multiple of 8
  std::string file;
  file.reserve(kPrefix + text.size() + offset);
  for (size_t i = 0; i < kPrefix; ++i) file.push_back(static_cast<char>((text.size() >> (8 * i)) & 0xFFU));
  file += text;
  for (const Tensor& tensor : tensors) file += tensor.bytes;
  return file;
}

std::vector<Tensor> read_safetensors(std::string_view file, std::string_view source, const SafetensorsLimits& limits) {
  if (file.size() < kPrefix) fail(source, "too short to hold tensors");
  uint64_t header_bytes = 0;
  for (size_t i = 0; i < kPrefix; ++i) header_bytes |= uint64_t{static_cast<unsigned char>(file[i])} << (8 * i);
  if (header_bytes > limits.header_bytes || header_bytes > file.size() - kPrefix) fail(source, "the header is longer than the file or the limit");
  const std::string_view data = file.substr(kPrefix + header_bytes);
  std::vector<Tensor> tensors;
  size_t begin = 0;
  for (const auto& [name, entry] : header_entries(file.substr(kPrefix, header_bytes), source, limits)) {
    if (name == "__metadata__") continue;
    tensors.push_back(read_tensor(name, entry, data, begin, source, limits));
    begin += tensors.back().bytes.size();
  }
  if (begin != data.size()) fail(source, fmt::format("{} bytes belong to no tensor", data.size() - begin));
  return tensors;
}

}  // namespace obligor
