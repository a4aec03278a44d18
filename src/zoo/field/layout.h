// Layout: what a network over fields learns, by name, in the order of its flat arrays, and how it starts.
//
//   const Layout layout = layout_of(shape);
//   std::vector<float> flat = start_values(shape, layout, random);       // layout.total numbers
//   float* weight = flat.data() + layout.offset("deep:0");
//
// Order: decayed parameters, then the others, then the wide part (which may have an optimiser of its own). A joint table of more than
// `shape.dense_rows` rows is not in it: it stands alone and is updated row by row; start_table() makes it. Torch-free, so that
// every way of computing a step begins at the same numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/random.h"
#include "zoo/field/shape.h"
#include "zoo/net/lazy_table.h"

namespace obligor::field {

// How a parameter starts. `value`: the half-width of uniform (0: 1/sqrt(last extent)), the deviation of normal, the constant, or unused.
enum class Start : uint8_t { kUniform, kNormal, kConstant, kSigns };

struct Declaration {
  std::string name;
  std::string layer;  // for the gradient norms
  std::vector<int64_t> dims;
  bool decayed = true;
  Start start = Start::kUniform;
  double value = 0;
  bool wide = false;  // of the wide part, which may have an optimiser of its own
};

struct Declarer {
  std::vector<Declaration> parameters;
  std::vector<std::pair<std::string, int64_t>> norms;  // batch norms: name and width

  void weight(const std::string& name, const std::string& layer, std::vector<int64_t> dims) {
    parameters.push_back({name, layer, std::move(dims), true, Start::kUniform, 0});
  }
  // Of a layer of `fan_in` inputs.
  void bias(const std::string& name, const std::string& layer, int64_t width, int64_t fan_in);
  void constant(const std::string& name, const std::string& layer, std::vector<int64_t> dims, double value) {
    parameters.push_back({name, layer, std::move(dims), false, Start::kConstant, value});
  }
  void norm(const std::string& name, const std::string& layer, int64_t width);
};

struct Layout {
  std::vector<Declaration> parameters;
  std::vector<size_t> offsets;                         // where each begins in the flat arrays
  std::vector<std::pair<std::string, int64_t>> norms;  // batch norms: name and width
  std::vector<std::string> layers;                     // from the fields to the head, the others as declared
  size_t decayed = 0;                                  // the first so many numbers decay
  size_t wide_begin = 0;                               // the wide part stands last
  size_t total = 0;

  [[nodiscard]] size_t offset(std::string_view name) const;  // Error{kInternal} when there is none
  [[nodiscard]] bool has(std::string_view name) const;
};

// An L2 term gives every row a gradient in every step.
[[nodiscard]] inline bool table_by_row(const FieldShape& shape) {
  return shape.space.table_rows() > shape.dense_rows && shape.optimiser != Optimiser::kAdam;
}
[[nodiscard]] inline net::LazyRule lazy_rule(const FieldShape& shape) {
  return shape.optimiser == Optimiser::kAdagrad ? net::LazyRule::kAdagrad : net::LazyRule::kAdamW;
}
[[nodiscard]] Layout layout_of(const FieldShape& shape);
[[nodiscard]] std::vector<float> start_values(const FieldShape& shape, const Layout& layout, Random& random);
// A joint table that stands alone, rows x columns.
[[nodiscard]] std::vector<float> start_table(const FieldShape& shape, Random& random);

inline constexpr double kNormEpsilon = 1e-5;

}  // namespace obligor::field
