#include "prep/binning/counter.h"

#include <algorithm>
#include <array>
#include <limits>

#include "prep/binning/widths.h"

namespace obligor::binning {
namespace {

constexpr size_t kBlock = 1024;
constexpr size_t kCompared = 96;  // more cuts than that are searched, not compared one by one

// Rows in lanes, cuts one after another: four cuts a pass keep the codes in registers.
OBLIGOR_WIDTHS void count_below(const float* x, size_t n, const float* cuts, size_t count, int32_t* codes) {
  for (size_t r = 0; r < n; ++r) codes[r] = 0;
  size_t c = 0;
  for (; c + 4 <= count; c += 4) {
    const float c0 = cuts[c];
    const float c1 = cuts[c + 1];
    const float c2 = cuts[c + 2];
    const float c3 = cuts[c + 3];
    for (size_t r = 0; r < n; ++r) {
      codes[r] +=
          static_cast<int32_t>(x[r] >= c0) + static_cast<int32_t>(x[r] >= c1) + static_cast<int32_t>(x[r] >= c2) + static_cast<int32_t>(x[r] >= c3);
    }
  }
  for (; c < count; ++c) {
    for (size_t r = 0; r < n; ++r) codes[r] += static_cast<int32_t>(x[r] >= cuts[c]);
  }
}

OBLIGOR_WIDTHS void mark(const float* x, size_t n, int32_t missing, const float* specials, size_t count, int32_t* codes) {
  for (size_t r = 0; r < n; ++r) codes[r] = x[r] == x[r] ? codes[r] : missing;
  for (size_t s = 0; s < count; ++s) {
    const auto code = missing + 1 + static_cast<int32_t>(s);
    for (size_t r = 0; r < n; ++r) codes[r] = x[r] == specials[s] ? code : codes[r];
  }
}

}  // namespace

void bin_codes(std::span<const float> values, std::span<const float> cuts, std::span<const float> specials, std::span<int32_t> codes) {
  if (cuts.size() <= kCompared) {
    for (size_t from = 0; from < values.size(); from += kBlock) {
      const size_t n = std::min(kBlock, values.size() - from);
      count_below(values.data() + from, n, cuts.data(), cuts.size(), codes.data() + from);
    }
  } else {
    for (size_t r = 0; r < values.size(); ++r) {
      codes[r] = static_cast<int32_t>(std::upper_bound(cuts.begin(), cuts.end(), values[r]) - cuts.begin());
    }
  }
  mark(values.data(), values.size(), static_cast<int32_t>(cuts.size()) + 1, specials.data(), specials.size(), codes.data());
}

Counter::Counter(std::vector<float> cuts, std::vector<float> specials)
    : cuts_(std::move(cuts)),
      specials_(std::move(specials)),
      cells_(cuts_.size() + 2 + specials_.size()),
      lowest_(cells_.size(), std::numeric_limits<float>::infinity()),
      highest_(cells_.size(), -std::numeric_limits<float>::infinity()) {}

Counter::Counter(std::vector<float> cuts, std::vector<float> specials, const GroupedColumn& column) : Counter(std::move(cuts), std::move(specials)) {
  size_t k = 0;
  for (const Group& group : column.groups) {
    while (k < cuts_.size() && group.low >= cuts_[k]) ++k;
    cells_[k].add(group.cell);
    lowest_[k] = std::min(lowest_[k], group.low);
    highest_[k] = std::max(highest_[k], group.high);
  }
  cells_[prebins()] = column.missing;
  std::copy(column.specials.begin(), column.specials.end(), cells_.begin() + static_cast<int64_t>(prebins()) + 1);
}

void Counter::add(std::span<const float> values, const Target& target, std::span<const double> weights) {
  std::array<int32_t, kBlock> codes{};
  const bool plain = weights.empty() && !target.is_continuous();
  std::vector<uint64_t> counts(plain ? 2 * cells_.size() : 0, 0);
  for (size_t from = 0; from < values.size(); from += kBlock) {
    const auto block = values.subspan(from, std::min(kBlock, values.size() - from));
    bin_codes(block, cuts_, specials_, std::span(codes).first(block.size()));
    for (size_t r = 0; r < block.size(); ++r) {
      const auto code = static_cast<size_t>(codes[r]);
      if (!plain && !weights.empty() && weights[from + r] <= 0) continue;
      lowest_[code] = std::min(lowest_[code], block[r]);
      highest_[code] = std::max(highest_[code], block[r]);
      if (plain) {
        ++counts[2 * code + target.binary[from + r]];
        continue;
      }
      const double w = weights.empty() ? 1.0 : weights[from + r];
      const double y = target.at(from + r);
      Cell& cell = cells_[code];
      cell.rows += 1;
      cell.count += w;
      cell.events += w * y;
      cell.sum += w * y;
      cell.square += w * y * y;
    }
  }
  for (size_t c = 0; plain && c < cells_.size(); ++c) {
    const auto bads = static_cast<double>(counts[2 * c + 1]);
    const double all = bads + static_cast<double>(counts[2 * c]);
    cells_[c].add({all, all, bads, bads, bads});
  }
}

}  // namespace obligor::binning
