#include "core/json.h"

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {
constexpr int kMaximumDepth = 64;
}

Json parse_json(std::string_view text, std::string_view source, const Json::parser_callback_t& callback) {
  // Depth is checked first by a scan, since the parser recurses on destruction of what it built.
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') {
      if (++depth > kMaximumDepth) {
        throw Error(ErrorCode::kData, fmt::format("{}: nested deeper than {} levels", source, kMaximumDepth));
      }
    }
    if (c == '}' || c == ']') --depth;
  }
  try {
    return Json::parse(text, callback);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(ErrorCode::kData, fmt::format("{}: not valid JSON at byte {}", source, error.byte));
  } catch (const nlohmann::json::out_of_range&) {
    throw Error(ErrorCode::kData, fmt::format("{}: holds a number beyond the range of a double", source));
  }
}

std::string dump_json(const Json& document, int indent) { return document.dump(indent, ' ', false, Json::error_handler_t::replace); }

void throw_json_error(std::string_view source, std::string_view key, std::string_view what) {
  throw Error(ErrorCode::kData, fmt::format("{}: '{}' {}", source, key, what));
}

}  // namespace obligor
