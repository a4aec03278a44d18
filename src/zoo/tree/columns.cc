#include "zoo/tree/columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"

namespace obligor::tree {

Columns columns_of(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, std::span<const uint8_t> categorical,
                   std::string_view owner) {
  if (batch.width == 0) throw Error(ErrorCode::kData, fmt::format("{}: no column is left to train on", owner));
  Columns columns;
  columns.width = batch.width;
  std::vector<size_t> kept;
  for (size_t r = 0; r < batch.rows; ++r) {
    const double w = weight.empty() ? 1.0 : weight[r];
    if (!(w > 0)) continue;
    kept.push_back(r);
    columns.weight.push_back(w);
    columns.target.push_back(target[r] != 0 ? 1 : 0);
    columns.total[target[r] != 0 ? 1 : 0] += w;
  }
  columns.rows = kept.size();
  if (!(columns.total[0] > 0) || !(columns.total[1] > 0)) {
    throw Error(ErrorCode::kData,
                fmt::format("{}: the training rows ({}) hold one class only; both good and bad rows are needed", owner, kept.size()));
  }
  for (size_t c = 0; c < batch.width; ++c) {
    const bool category = c < categorical.size() && categorical[c] != 0;
    auto& values = columns.values.emplace_back();
    values.reserve(kept.size());
    size_t levels = 0;
    uint8_t missing = 0;
    for (const size_t r : kept) {
      float x = batch.features[r * batch.width + c];
      if (category && x < 0) x = std::nanf("");
      if (std::isnan(x)) missing = 1;
      else if (category) levels = std::max(levels, static_cast<size_t>(x) + 1);
      values.push_back(x);
    }
    columns.category.push_back(category ? 1 : 0);
    columns.levels.push_back(levels);
    columns.missing.push_back(missing);
  }
  return columns;
}

void sort_columns(Columns& columns) {
  columns.order.resize(columns.width);
  for (size_t f = 0; f < columns.width; ++f) {
    if (columns.category[f] != 0) continue;
    const auto& values = columns.values[f];
    auto& order = columns.order[f];
    for (uint32_t row = 0; row < columns.rows; ++row) {
      if (!std::isnan(values[row])) order.push_back(row);
    }
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
  }
}

float middle(float a, float b) {
  const double exact = std::isinf(a) || std::isinf(b) ? static_cast<double>(a) : (static_cast<double>(a) + static_cast<double>(b)) / 2;
  auto t = static_cast<float>(exact);
  if (static_cast<double>(t) > exact) t = std::nextafter(t, -std::numeric_limits<float>::infinity());
  return std::max(t, a);
}

std::vector<uint8_t> deal_folds(std::span<const uint8_t> target, size_t folds, uint64_t seed) {
  Random random(seed, "tree-folds");
  std::vector<uint8_t> fold(target.size(), 0);
  size_t next = 0;
  const auto order = random.permutation(target.size());
  for (const uint8_t side : {uint8_t{0}, uint8_t{1}}) {
    for (const uint32_t row : order) {
      if (target[row] == side) fold[row] = static_cast<uint8_t>(next++ % folds);
    }
  }
  return fold;
}

}  // namespace obligor::tree
