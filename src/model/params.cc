#include "model/params.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

std::string range_text(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kReal: return fmt::format("a number from {} to {} is allowed", spec.low, spec.high);
    case ParamType::kInteger: return fmt::format("a whole number from {:.0f} to {:.0f} is allowed", spec.low, spec.high);
    case ParamType::kFlag: return "true or false is allowed";
    case ParamType::kChoice: return fmt::format("one of {} is allowed", fmt::join(spec.choices, ", "));
    case ParamType::kText: return "any text is allowed";
  }
  return {};
}

[[noreturn]] void throw_bad_value(std::string_view owner, const ParamSpec& spec, std::string_view text) {
  throw Error(ErrorCode::kInvalid, fmt::format("{}: parameter '{}' is '{}'; {}", owner, spec.name, text, range_text(spec)));
}

// std::from_chars takes no leading plus and no blanks, and never reads the locale; the whole text must be used up.
template <typename T>
bool parse_number(std::string_view text, T& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

double parse_real(std::string_view owner, const ParamSpec& spec, std::string_view text) {
  double value = 0;
  // Written so that NaN is refused too.
  if (!parse_number(text, value) || !(value >= spec.low && value <= spec.high)) throw_bad_value(owner, spec, text);
  return value;
}

int64_t parse_integer(std::string_view owner, const ParamSpec& spec, std::string_view text) {
  int64_t value = 0;
  if (!parse_number(text, value)) {
    // "1e6" and "100.0" are whole numbers too, and TOML or a tuner may well write them so.
    double real = 0;
    if (!parse_number(text, real) || std::floor(real) != real || std::abs(real) > 9e15) throw_bad_value(owner, spec, text);
    value = static_cast<int64_t>(real);
  }
  if (static_cast<double>(value) < spec.low || static_cast<double>(value) > spec.high) throw_bad_value(owner, spec, text);
  return value;
}

bool parse_flag(std::string_view owner, const ParamSpec& spec, std::string_view text) {
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"false", "0", "no", "off"}) {
    if (text == no) return false;
  }
  throw_bad_value(owner, spec, text);
}

std::variant<double, int64_t, bool, std::string> parse_value(std::string_view owner, const ParamSpec& spec, std::string_view text) {
  switch (spec.type) {
    case ParamType::kReal: return parse_real(owner, spec, text);
    case ParamType::kInteger: return parse_integer(owner, spec, text);
    case ParamType::kFlag: return parse_flag(owner, spec, text);
    case ParamType::kChoice:
      for (const std::string& choice : spec.choices) {
        if (choice == text) return choice;
      }
      throw_bad_value(owner, spec, text);
    case ParamType::kText: return std::string(text);
  }
  throw Error(ErrorCode::kInternal, fmt::format("{}: parameter '{}' has no known type", owner, spec.name));
}

}  // namespace

ParamSpec real_param(std::string name, double value, double low, double high, std::string help, bool log_scale) {
  return {std::move(name), ParamType::kReal, fmt::format("{}", value), low, high, log_scale, {}, std::move(help)};
}

ParamSpec integer_param(std::string name, int64_t value, int64_t low, int64_t high, std::string help) {
  return {std::move(name), ParamType::kInteger, fmt::format("{}", value), static_cast<double>(low), static_cast<double>(high), false, {},
          std::move(help)};
}

ParamSpec flag_param(std::string name, bool value, std::string help) {
  return {std::move(name), ParamType::kFlag, value ? "true" : "false", 0, 1, false, {}, std::move(help)};
}

ParamSpec choice_param(std::string name, std::string value, std::vector<std::string> choices, std::string help) {
  return {std::move(name), ParamType::kChoice, std::move(value), 0, 0, false, std::move(choices), std::move(help)};
}

ParamSpec text_param(std::string name, std::string value, std::string help) {
  return {std::move(name), ParamType::kText, std::move(value), 0, 0, false, {}, std::move(help)};
}

// A parameter that a model asks for and did not declare, or by the wrong type, is a mistake of ours.
const Params::Value& Params::value(std::string_view name) const {
  for (const auto& [key, held] : values_) {
    if (key == name) return held;
  }
  throw Error(ErrorCode::kInternal, fmt::format("parameter '{}' was not declared", name));
}

double Params::real(std::string_view name) const {
  const Value& held = value(name);
  if (const auto* real = std::get_if<double>(&held)) return *real;
  throw Error(ErrorCode::kInternal, fmt::format("parameter '{}' was not declared as a real number", name));
}

int64_t Params::integer(std::string_view name) const {
  const Value& held = value(name);
  if (const auto* integer = std::get_if<int64_t>(&held)) return *integer;
  throw Error(ErrorCode::kInternal, fmt::format("parameter '{}' was not declared as a whole number", name));
}

bool Params::flag(std::string_view name) const {
  const Value& held = value(name);
  if (const auto* flag = std::get_if<bool>(&held)) return *flag;
  throw Error(ErrorCode::kInternal, fmt::format("parameter '{}' was not declared as a flag", name));
}

const std::string& Params::text(std::string_view name) const {
  const Value& held = value(name);
  if (const auto* text = std::get_if<std::string>(&held)) return *text;
  throw Error(ErrorCode::kInternal, fmt::format("parameter '{}' was not declared as a choice or text", name));
}

bool Params::has(std::string_view name) const {
  for (const auto& [key, held] : values_) {
    if (key == name) return true;
  }
  return false;
}

Json Params::json() const {
  Json document = Json::object();
  for (const auto& [key, held] : values_) {
    std::visit([&, &name = key](const auto& typed) { document[name] = typed; }, held);
  }
  return document;
}

Params make_params(std::span<const ParamSpec> specs, std::span<const std::pair<std::string, std::string>> given, std::string_view owner) {
  Params params;
  params.values_.reserve(specs.size());
  for (const ParamSpec& spec : specs) {
    if (params.has(spec.name)) throw Error(ErrorCode::kInternal, fmt::format("{}: parameter '{}' is declared twice", owner, spec.name));
    params.values_.emplace_back(spec.name, parse_value(owner, spec, spec.default_value));
  }
  for (const auto& [name, text] : given) {
    size_t index = 0;
    while (index < specs.size() && specs[index].name != name) ++index;
    if (index == specs.size()) {
      std::vector<std::string> names;
      for (const ParamSpec& spec : specs) names.push_back(spec.name);
      const Error near = unknown_name("parameter", name, names);
      throw Error(ErrorCode::kInvalid, fmt::format("{}: {}", owner, near.what()));
    }
    params.values_[index].second = parse_value(owner, specs[index], text);
  }
  return params;
}

}  // namespace obligor
