#include "zoo/tree/columns.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
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
    if (w != 1) columns.unit = false;
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

namespace {

// The order of float32 as that of whole numbers; -0 is 0.
uint32_t order_of(float x) {
  const auto bits = std::bit_cast<uint32_t>(x + 0.0F);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

struct Keyed {
  uint32_t key;
  uint32_t row;
};

// By key, in three stable passes of 11 bits; a pass in which all keys agree is left out.
void radix_sort(std::vector<Keyed>& records) {
  constexpr uint32_t kBits = 11;
  constexpr uint32_t kMask = (1U << kBits) - 1;
  std::vector<Keyed> other(records.size());
  for (uint32_t shift = 0; shift < 32; shift += kBits) {
    std::vector<uint32_t> place(kMask + 1, 0);
    for (const Keyed& record : records) ++place[record.key >> shift & kMask];
    if (!records.empty() && place[records[0].key >> shift & kMask] == records.size()) continue;
    uint32_t at = 0;
    for (uint32_t& start : place) at += std::exchange(start, at);
    for (const Keyed& record : records) other[place[record.key >> shift & kMask]++] = record;
    records.swap(other);
  }
}

void rank_number(Columns& columns, size_t f) {
  const auto& values = columns.values[f];
  std::vector<Keyed> records;
  records.reserve(columns.rows);
  for (uint32_t row = 0; row < columns.rows; ++row) {
    if (!std::isnan(values[row])) records.push_back({order_of(values[row]), row});
  }
  radix_sort(records);
  auto& code = columns.code[f];
  auto& distinct = columns.distinct[f];
  code.resize(columns.rows);
  for (size_t i = 0; i < records.size(); ++i) {
    if (i == 0 || records[i - 1].key != records[i].key) distinct.push_back(values[records[i].row]);
    code[records[i].row] = static_cast<uint32_t>(distinct.size() - 1);
  }
  if (records.size() == columns.rows) return;
  for (uint32_t row = 0; row < columns.rows; ++row) {
    if (std::isnan(values[row])) code[row] = static_cast<uint32_t>(distinct.size());
  }
}

}  // namespace

void rank_columns(Columns& columns, const Context& context) {
  columns.code.assign(columns.width, {});
  columns.distinct.assign(columns.width, {});
  parallel_for(context, columns.width, [&](size_t f) {
    if (columns.category[f] == 0) {
      rank_number(columns, f);
      return;
    }
    columns.code[f].resize(columns.rows);
    for (size_t row = 0; row < columns.rows; ++row) {
      const float x = columns.values[f][row];
      columns.code[f][row] = static_cast<uint32_t>(std::isnan(x) ? columns.levels[f] : static_cast<size_t>(x));
    }
  });
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
