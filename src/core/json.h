// JSON as Obligor writes and reads it: nlohmann's ordered document, and the few helpers that keep its errors ours.
//
//   Json doc = parse_json(text, "m.obligor: plan.json");    // Error{kData} names the source and the position
//   write_file(path, dump_json(doc));
//
// Contract: keys keep the order in which they were written. Non-finite numbers become null. Parsing refuses documents
// nested deeper than 64 levels.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace obligor {

using Json = nlohmann::ordered_json;

// `callback`, where given, sees each part as it is read and may drop it (nlohmann's parser_callback_t).
[[nodiscard]] Json parse_json(std::string_view text, std::string_view source, const Json::parser_callback_t& callback = nullptr);
[[nodiscard]] std::string dump_json(const Json& document, int indent = 1);

// document[key] as T, or Error{kData} "source: 'key' is missing" / "'key' has the wrong type".
template <typename T>
[[nodiscard]] T json_get(const Json& document, std::string_view key, std::string_view source);

[[noreturn]] void throw_json_error(std::string_view source, std::string_view key, std::string_view what);

template <typename T>
T json_get(const Json& document, std::string_view key, std::string_view source) {
  if (!document.is_object()) throw_json_error(source, key, "sits in something that is not an object");
  const auto found = document.find(key);
  if (found == document.end()) throw_json_error(source, key, "is missing");
  try {
    return found->template get<T>();
  } catch (const nlohmann::json::exception&) {
    throw_json_error(source, key, "has the wrong type");
  }
}

}  // namespace obligor
