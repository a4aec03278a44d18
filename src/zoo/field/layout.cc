#include "zoo/field/layout.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/field/declare.h"

namespace obligor::field {
namespace {

double draw(const Declaration& d, Random& random) {
  switch (d.start) {
    case Start::kUniform: {
      const double bound = d.value > 0 ? d.value : 1 / std::sqrt(static_cast<double>(std::max<int64_t>(d.dims.back(), 1)));
      return bound * (2 * random.uniform() - 1);
    }
    case Start::kNormal: return d.value * random.normal();
    case Start::kConstant: return d.value;
    case Start::kSigns: return random.below(2) == 0 ? -1.0 : 1.0;
  }
  return 0;
}

size_t count_of(const Declaration& d) {
  size_t count = 1;
  for (const int64_t dim : d.dims) count *= static_cast<size_t>(dim);
  return count;
}

// Weights of the first order start at 0, and so does what no training row has.
void clear_starts(const FieldShape& shape, bool is_table, float* values, size_t rows) {
  const size_t columns = shape.columns();
  for (size_t r = 0; r < rows; ++r) {
    if (shape.linear) values[r * columns + shape.embedding] = 0;
    if (is_table && shape.space.seen[r] == 0) std::fill_n(values + r * columns, columns, 0.0F);
  }
}

}  // namespace

void Declarer::bias(const std::string& name, const std::string& layer, int64_t width, int64_t fan_in) {
  parameters.push_back({name, layer, {width}, false, Start::kUniform, 1 / std::sqrt(static_cast<double>(std::max<int64_t>(fan_in, 1)))});
}

void Declarer::norm(const std::string& name, const std::string& layer, int64_t width) {
  constant(name, layer, {width}, 1);
  constant(name + ".bias", layer, {width}, 0);
  norms.emplace_back(name, width);
}

bool Layout::has(std::string_view name) const {
  return std::any_of(parameters.begin(), parameters.end(), [&](const Declaration& d) { return d.name == name; });
}

size_t Layout::offset(std::string_view name) const {
  for (size_t p = 0; p < parameters.size(); ++p) {
    if (parameters[p].name == name) return offsets[p];
  }
  throw Error(ErrorCode::kInternal, fmt::format("fields: no parameter '{}'", name));
}

Layout layout_of(const FieldShape& shape) {
  Declarer declared;
  const auto columns = static_cast<int64_t>(shape.columns());
  const auto width = static_cast<int64_t>(shape.space.number_fields());
  const auto vectors = [&](const std::string& name, std::vector<int64_t> dims) {
    declared.parameters.push_back({name, "fields", std::move(dims), true, Start::kNormal, shape.start_deviation});
  };
  if (width > 0) vectors("numbers", {width, static_cast<int64_t>(shape.space.pieces()), columns});
  if (shape.space.code_fields() > 0 && !table_by_row(shape)) vectors("table", {static_cast<int64_t>(shape.space.table_rows()), columns});
  if (width > 0 && (shape.space.numbers_as == NumbersAs::kPiecewise || shape.number_bias))
    declared.constant("numbers.bias", "fields", {width, columns}, 0);
  declared.constant("intercept", "head", {1}, 0);
  declare_body(shape, declared);
  if (!shape.layers_decay) {
    for (Declaration& d : declared.parameters) d.decayed = d.decayed && d.layer == "fields";
  }
  Layout layout;
  for (const Declaration& d : declared.parameters) {
    if (std::find(layout.layers.begin(), layout.layers.end(), d.layer) == layout.layers.end()) layout.layers.push_back(d.layer);
  }
  const auto place = [](const std::string& layer) { return layer == "fields" ? 0 : (layer == "head" ? 2 : 1); };
  std::stable_sort(layout.layers.begin(), layout.layers.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  const auto group = [](const Declaration& d) { return d.wide ? 2 : (d.decayed ? 0 : 1); };
  std::stable_sort(declared.parameters.begin(), declared.parameters.end(),
                   [&](const Declaration& a, const Declaration& b) { return group(a) < group(b); });

  layout.norms = std::move(declared.norms);
  for (auto& d : declared.parameters) {
    layout.offsets.push_back(layout.total);
    layout.total += count_of(d);
    if (d.decayed && !d.wide) layout.decayed = layout.total;
    if (!d.wide) layout.wide_begin = layout.total;
    layout.parameters.push_back(std::move(d));
  }
  return layout;
}

std::vector<float> start_values(const FieldShape& shape, const Layout& layout, Random& random) {
  std::vector<float> flat(layout.total);
  for (size_t p = 0; p < layout.parameters.size(); ++p) {
    const Declaration& d = layout.parameters[p];
    float* begin = flat.data() + layout.offsets[p];
    const size_t count = count_of(d);
    for (size_t i = 0; i < count; ++i) begin[i] = static_cast<float>(draw(d, random));
    if (d.name == "table" || d.name == "numbers") clear_starts(shape, d.name == "table", begin, count / shape.columns());
  }
  return flat;
}

std::vector<float> start_table(const FieldShape& shape, Random& random) {
  std::vector<float> values(shape.space.table_rows() * shape.columns());
  for (auto& value : values) value = static_cast<float>(shape.start_deviation * random.normal());
  clear_starts(shape, true, values.data(), shape.space.table_rows());
  return values;
}

}  // namespace obligor::field
