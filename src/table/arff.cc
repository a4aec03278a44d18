#include "table/arff.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

// A word, or a quoted name with backslash escapes; nothing when the quote does not end.
bool take_name(std::string_view& text, std::string& name) {
  name.clear();
  if (text.empty()) return false;
  const char quote = text.front();
  if (quote != '\'' && quote != '"') {
    while (!text.empty() && text.front() != ' ' && text.front() != '\t' && text.front() != '{') {
      name += text.front();
      text.remove_prefix(1);
    }
    return !name.empty();
  }
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      name += text[++i];
    } else if (text[i] == quote) {
      text.remove_prefix(i + 1);
      return true;
    } else {
      name += text[i];
    }
  }
  return false;
}

ArffAttribute parse_attribute(std::string_view text, const std::string& where) {
  ArffAttribute attribute;
  skip_blanks(text);
  if (!take_name(text, attribute.name)) {
    throw Error(ErrorCode::kData, fmt::format("{}: an attribute without a name; write @attribute NAME TYPE", where));
  }
  skip_blanks(text);
  if (text.starts_with('{')) {
    attribute.type = ArffType::kNominal;
    return attribute;
  }
  const std::string type = lower(text.substr(0, text.find_first_of(" \t")));
  if (type == "numeric" || type == "real" || type == "integer") attribute.type = ArffType::kNumber;
  else if (type == "string") attribute.type = ArffType::kString;
  else if (type == "date") attribute.type = ArffType::kDate;
  else if (type == "relational") throw Error(ErrorCode::kUnsupported, fmt::format("{}: relational attributes cannot be read", where));
  else {
    throw Error(ErrorCode::kData, fmt::format("{}: attribute '{}' has type '{}'; allowed are numeric, real, integer, string, date and "
                                              "{{a,b,...}}",
                                              where, attribute.name, type));
  }
  return attribute;
}

}  // namespace

ArffHead parse_arff_head(std::string_view text, const std::string& source) {
  ArffHead head;
  size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  for (size_t line = 1; at < text.size(); ++line) {
    const size_t end = text.find('\n', at);
    std::string_view content = text.substr(at, end == std::string_view::npos ? end : end - at);
    at = end == std::string_view::npos ? text.size() : end + 1;
    while (!content.empty() && std::isspace(static_cast<unsigned char>(content.back())) != 0) content.remove_suffix(1);
    skip_blanks(content);
    if (content.empty() || content.front() == '%') continue;
    const std::string where = fmt::format("{}:{}", source, line);
    const std::string keyword = lower(content.substr(0, content.find_first_of(" \t")));
    if (keyword == "@relation") continue;
    if (keyword == "@attribute") {
      head.attributes.push_back(parse_attribute(content.substr(keyword.size()), where));
    } else if (keyword == "@data") {
      if (head.attributes.empty()) throw Error(ErrorCode::kData, fmt::format("{}: @data before any @attribute", where));
      head.data_offset = at;
      head.data_line = line;
      return head;
    } else {
      const std::string shown(content.substr(0, 40));
      throw Error(ErrorCode::kData, fmt::format("{}: '{}' where @relation, @attribute or @data is wanted; is this an ARFF file?", where, shown));
    }
  }
  throw Error(ErrorCode::kData, fmt::format("{}: the ARFF head has no @data line", source));
}

}  // namespace obligor
