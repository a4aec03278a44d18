// A mixed search space: a model's parameters that tuning may set, seen as points of the unit cube.
//
//   const SearchSpace space(entry.params, entry.tune_space, given);      // what the user gave is not walked
//   const Point point = space.encode({{"learning_rate", "0.05"}});       // the row's defaults elsewhere
//   const ParamValues set = space.decode(point);
//
// A point has one coordinate an axis: in [0, 1] for a number (linear, or linear in the logarithm), the index of the choice for a
// category or a flag. Each point that is evaluated is rounded first to a value that the parameter can take (a whole number, or four
// digits of a real one), so that the surrogate sees what was run (Garrido-Merchan & Hernandez-Lobato 2020, eq. 8).
// Errors: kInternal for a range that names no parameter, is empty, or lies outside what the parameter allows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/random.h"
#include "model/model.h"

namespace obligor {

using Point = std::vector<double>;

struct Axis {
  std::string name;
  double low = 0;
  double high = 0;
  bool log = false;
  bool whole = false;
  std::vector<std::string> choices;  // a category or a flag; then low and high say nothing
};

class SearchSpace {
 public:
  SearchSpace(std::span<const ParamSpec> specs, std::span<const TuneRange> ranges, const ParamValues& given);

  [[nodiscard]] const std::vector<Axis>& axes() const { return axes_; }
  [[nodiscard]] bool empty() const { return axes_.empty(); }
  // 1 where an axis is a category.
  [[nodiscard]] std::vector<uint8_t> categories() const;

  // A value outside its range becomes the nearest end; a choice that is not among them one index past the last.
  [[nodiscard]] Point encode(const ParamValues& set) const;
  [[nodiscard]] ParamValues decode(const Point& point) const;
  [[nodiscard]] Point rounded(const Point& point) const { return encode(decode(point)); }

  [[nodiscard]] Point random_point(Random& random) const;
  // `count` points, one in each of `count` equal slices of every axis (McKay, Beckman & Conover 1979).
  [[nodiscard]] std::vector<Point> latin_hypercube(size_t count, Random& random) const;

  [[nodiscard]] Json json() const;

 private:
  std::vector<ParamSpec> specs_;
  ParamValues given_;
  std::vector<Axis> axes_;
};

}  // namespace obligor
