#include "zoo/field/space.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor::field {
namespace {

// Of longer columns every so-many-th row tells the quantiles.
constexpr size_t kSampleRows = 200'000;

std::vector<float> sorted_sample(const Batch& batch, size_t column) {
  const size_t stride = std::max<size_t>(1, batch.rows / kSampleRows);
  std::vector<float> values;
  values.reserve(batch.rows / stride + 1);
  for (size_t r = 0; r < batch.rows; r += stride) {
    const float x = batch.features[r * batch.width + column];
    if (std::isfinite(x)) values.push_back(x);
  }
  std::sort(values.begin(), values.end());
  return values;
}

// First, inner quantiles, last: distinct and ascending; at least two.
std::vector<float> piece_edges(const Batch& batch, size_t column, size_t pieces) {
  const auto values = sorted_sample(batch, column);
  if (values.empty()) return {0.0F, 1.0F};
  std::vector<float> edges{values.front()};
  for (size_t i = 1; i <= pieces; ++i) {
    const float edge = values[std::min(values.size() - 1, i * values.size() / pieces)];
    if (edge > edges.back()) edges.push_back(edge);
  }
  if (edges.size() == 1) edges.push_back(edges[0] + std::max(1.0F, std::fabs(edges[0])));
  return edges;
}

}  // namespace

NumbersAs find_numbers_as(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, NumbersAs>, 4> kNames{
      {{"value", NumbersAs::kValue}, {"piecewise", NumbersAs::kPiecewise}, {"bins", NumbersAs::kBins}, {"direct", NumbersAs::kDirect}}};
  std::vector<std::string> known;
  for (const auto& [text, numbers_as] : kNames) {
    if (text == name) return numbers_as;
    known.emplace_back(text);
  }
  throw unknown_name("numbers_as", name, known);
}

size_t FieldSpace::pieces() const {
  if (numbers_as != NumbersAs::kPiecewise) return 1;
  size_t most = 1;
  for (const auto& column : edges) most = std::max(most, column.size() - 1);
  return most;
}

std::vector<float> inner_quantiles(const Batch& batch, size_t column, size_t parts) {
  const auto values = sorted_sample(batch, column);
  std::vector<float> thresholds;
  for (size_t i = 1; i < parts && !values.empty(); ++i) {
    const float threshold = values[i * values.size() / parts];
    if (threshold > (thresholds.empty() ? values.front() : thresholds.back())) thresholds.push_back(threshold);
  }
  // A column of few values is cut between its first two even where most rows hold the first.
  if (thresholds.empty() && !values.empty() && values.back() > values.front()) {
    thresholds.push_back(*std::upper_bound(values.begin(), values.end(), values.front()));
  }
  return thresholds;
}

FieldSpace fit_space(const FitInput& input, NumbersAs numbers_as, size_t bins) {
  FieldSpace space;
  space.numbers_as = numbers_as;
  space.width = input.train.width;
  const bool cut = numbers_as == NumbersAs::kBins || numbers_as == NumbersAs::kPiecewise;
  for (size_t c = 0; c < space.width && cut; ++c) {
    space.edges.push_back(numbers_as == NumbersAs::kBins ? inner_quantiles(input.train, c, bins) : piece_edges(input.train, c, bins));
    if (numbers_as == NumbersAs::kBins) space.levels.push_back(static_cast<uint32_t>(space.edges.back().size() + 2));
  }
  space.levels.insert(space.levels.end(), input.code_levels.begin(), input.code_levels.end());
  uint32_t rows = 0;
  for (const uint32_t levels : space.levels) {
    space.offsets.push_back(rows);
    rows += levels;
  }
  space.seen.assign(rows, 0);
  constexpr size_t kTile = 4096;
  for (size_t begin = 0; begin < input.train.rows && rows > 0; begin += kTile) {
    for (const int32_t row : table_rows(space, input.train, begin, std::min(kTile, input.train.rows - begin)))
      space.seen[static_cast<size_t>(row)] = 1;
  }
  return space;
}

std::vector<int32_t> table_rows(const FieldSpace& space, const Batch& batch, size_t begin, size_t count) {
  const size_t binned = space.numbers_as == NumbersAs::kBins ? space.width : 0;
  const size_t fields = space.code_fields();
  if (batch.width != space.width || batch.codes.size() + binned < fields || batch.features.size() != batch.rows * batch.width) {
    throw Error(ErrorCode::kInternal, fmt::format("fields: a batch of {} columns and {} codes where {} and {} are wanted", batch.width,
                                                  batch.codes.size(), space.width, fields - binned));
  }
  std::vector<int32_t> out(count * fields);
  for (size_t f = 0; f < fields; ++f) {
    const auto offset = static_cast<int32_t>(space.offsets[f]);
    for (size_t r = 0; r < count; ++r) {
      int32_t code = 0;
      if (f < binned) {
        const float x = batch.features[(begin + r) * batch.width + f];
        const auto& thresholds = space.edges[f];
        code = std::isnan(x) ? static_cast<int32_t>(thresholds.size()) + 1
                             : static_cast<int32_t>(std::upper_bound(thresholds.begin(), thresholds.end(), x) - thresholds.begin());
      } else {
        code = batch.codes[f - binned][begin + r];
        if (code < 0 || static_cast<uint32_t>(code) >= space.levels[f]) {
          throw Error(ErrorCode::kInternal, fmt::format("fields: code column {}: code {} is outside 0..{}", f - binned, code, space.levels[f] - 1));
        }
      }
      out[r * fields + f] = offset + code;
    }
  }
  return out;
}

std::vector<NodeId> lower_codes(const FieldSpace& space, PlanBuilder& builder, const LoweredInputs& inputs) {
  std::vector<NodeId> codes;
  const size_t binned = space.numbers_as == NumbersAs::kBins ? space.width : 0;
  for (size_t f = 0; f < space.code_fields(); ++f) {
    if (f < binned) {
      codes.push_back(builder.bin(builder.select(inputs.features, {static_cast<int32_t>(f)}), space.edges[f]));
    } else {
      codes.push_back(inputs.codes.at(f - binned));
    }
  }
  return codes;
}

}  // namespace obligor::field
