// Parameters, declared once: from a ParamSpec come the command line, TOML, Python and the docs.
//
//   const ParamSpec kL2 = real_param("l2", 1.0, 0, 1e6, "L2 penalty on the coefficients");
//   Params params = make_params(specs, {{"l2", "0.5"}});      // Error{kInvalid} names the parameter and its range
//   params.real("l2");
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/json.h"

namespace obligor {

enum class ParamType { kReal, kInteger, kFlag, kChoice, kText };

struct ParamSpec {
  std::string name;
  ParamType type = ParamType::kReal;
  std::string default_value;
  double low = 0;  // inclusive; numbers only
  double high = 0;
  bool log_scale = false;            // how a tuner should walk it
  std::vector<std::string> choices;  // kChoice only
  std::string help;
};

[[nodiscard]] ParamSpec real_param(std::string name, double value, double low, double high, std::string help, bool log_scale = false);
[[nodiscard]] ParamSpec integer_param(std::string name, int64_t value, int64_t low, int64_t high, std::string help);
[[nodiscard]] ParamSpec flag_param(std::string name, bool value, std::string help);
[[nodiscard]] ParamSpec choice_param(std::string name, std::string value, std::vector<std::string> choices, std::string help);
[[nodiscard]] ParamSpec text_param(std::string name, std::string value, std::string help);

// Names and values as a user or a tuner writes them; the later of two wins.
using ParamValues = std::vector<std::pair<std::string, std::string>>;

class Params {
 public:
  [[nodiscard]] double real(std::string_view name) const;
  [[nodiscard]] int64_t integer(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;  // kChoice and kText
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] Json json() const;

 private:
  friend Params make_params(std::span<const ParamSpec>, std::span<const std::pair<std::string, std::string>>, std::string_view);
  using Value = std::variant<double, int64_t, bool, std::string>;
  [[nodiscard]] const Value& value(std::string_view name) const;
  std::vector<std::pair<std::string, Value>> values_;  // in declared order
};

// Defaults, then the given values in order. `owner` ("model 'dnn'") is named in errors: an unknown parameter (with near
// candidates), a value of the wrong type, or one out of range.
[[nodiscard]] Params make_params(std::span<const ParamSpec> specs, std::span<const std::pair<std::string, std::string>> given,
                                 std::string_view owner);

}  // namespace obligor
