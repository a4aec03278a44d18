#include "study/tune/space.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

Axis make_axis(const ParamSpec& spec, const TuneRange& range) {
  const auto wrong = [&](const std::string& what) {
    return Error(ErrorCode::kInternal, fmt::format("the range in which '{}' is tuned {}", range.name, what));
  };
  Axis axis{range.name, range.low, range.high, range.log, spec.type == ParamType::kInteger, range.choices};
  if (spec.type == ParamType::kFlag) {
    axis.choices = {"false", "true"};
  } else if (spec.type == ParamType::kReal || spec.type == ParamType::kInteger) {
    if (!range.choices.empty()) throw wrong("gives choices for a number");
    if (!(range.low < range.high)) throw wrong("is empty");
    if (range.log && !(range.low > 0)) throw wrong("is logarithmic and starts at 0");
    if (range.low < spec.low || range.high > spec.high) throw wrong("is wider than the parameter allows");
  } else {
    if (range.choices.empty()) throw wrong("gives no choices");
    for (const auto& choice : range.choices) {
      if (spec.type == ParamType::kChoice && std::find(spec.choices.begin(), spec.choices.end(), choice) == spec.choices.end()) {
        throw wrong(fmt::format("has a choice '{}' that the parameter has not", choice));
      }
    }
  }
  return axis;
}

double to_unit(const Axis& axis, double value) {
  const double low = axis.log ? std::log(axis.low) : axis.low;
  const double high = axis.log ? std::log(axis.high) : axis.high;
  const double at = axis.log ? std::log(std::max(value, axis.low)) : value;
  return std::clamp((at - low) / (high - low), 0.0, 1.0);
}

double from_unit(const Axis& axis, double unit) {
  const double at = std::clamp(unit, 0.0, 1.0);
  double value = axis.low + at * (axis.high - axis.low);
  if (axis.log) value = std::exp(std::log(axis.low) + at * (std::log(axis.high) - std::log(axis.low)));
  return std::clamp(axis.whole ? std::round(value) : value, axis.low, axis.high);
}

}  // namespace

SearchSpace::SearchSpace(std::span<const ParamSpec> specs, std::span<const TuneRange> ranges, const ParamValues& given)
    : specs_(specs.begin(), specs.end()), given_(given) {
  for (const auto& range : ranges) {
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const auto& declared) { return declared.name == range.name; });
    if (spec == specs.end()) throw Error(ErrorCode::kInternal, fmt::format("a range to tune names '{}', which is no parameter", range.name));
    const bool fixed = std::any_of(given.begin(), given.end(), [&](const auto& pair) { return pair.first == range.name; });
    Axis axis = make_axis(*spec, range);
    if (!fixed) axes_.push_back(std::move(axis));
  }
}

std::vector<uint8_t> SearchSpace::categories() const {
  std::vector<uint8_t> flags;
  flags.reserve(axes_.size());
  for (const auto& axis : axes_) flags.push_back(axis.choices.empty() ? 0 : 1);
  return flags;
}

Point SearchSpace::encode(const ParamValues& set) const {
  ParamValues values = set;
  values.insert(values.end(), given_.begin(), given_.end());
  const Json params = make_params(specs_, values, "tuning").json();
  Point point;
  point.reserve(axes_.size());
  for (const auto& axis : axes_) {
    const Json& value = params[axis.name];
    if (axis.choices.empty()) {
      point.push_back(to_unit(axis, value.get<double>()));
      continue;
    }
    const std::string text = value.is_boolean() ? (value.get<bool>() ? "true" : "false") : value.get<std::string>();
    const auto found = std::find(axis.choices.begin(), axis.choices.end(), text);
    point.push_back(static_cast<double>(found - axis.choices.begin()));
  }
  return point;
}

ParamValues SearchSpace::decode(const Point& point) const {
  ParamValues set;
  set.reserve(axes_.size());
  for (size_t a = 0; a < axes_.size(); ++a) {
    const Axis& axis = axes_[a];
    if (axis.choices.empty()) {
      const double value = from_unit(axis, point[a]);
      set.emplace_back(axis.name, axis.whole ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value));
    } else {
      const auto index = static_cast<size_t>(std::max(0.0, point[a]));
      set.emplace_back(axis.name, axis.choices[std::min(index, axis.choices.size() - 1)]);
    }
  }
  return set;
}

Point SearchSpace::random_point(Random& random) const {
  Point point;
  point.reserve(axes_.size());
  for (const auto& axis : axes_) point.push_back(axis.choices.empty() ? random.uniform() : static_cast<double>(random.below(axis.choices.size())));
  return rounded(point);
}

std::vector<Point> SearchSpace::latin_hypercube(size_t count, Random& random) const {
  std::vector<Point> points(count, Point(axes_.size(), 0));
  for (size_t a = 0; a < axes_.size(); ++a) {
    const auto slices = random.permutation(count);
    for (size_t i = 0; i < count; ++i) {
      const double unit = (static_cast<double>(slices[i]) + random.uniform()) / static_cast<double>(count);
      points[i][a] = axes_[a].choices.empty() ? unit : std::floor(unit * static_cast<double>(axes_[a].choices.size()));
    }
  }
  for (auto& point : points) point = rounded(point);
  return points;
}

Json SearchSpace::json() const {
  Json rows = Json::array();
  for (const auto& axis : axes_) {
    Json row{{"name", axis.name}};
    if (axis.choices.empty()) {
      row["low"] = axis.low;
      row["high"] = axis.high;
      row["log"] = axis.log;
    } else {
      row["choices"] = axis.choices;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace obligor
