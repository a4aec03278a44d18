#include "prep/binning/groups.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>

#include "prep/binning/widths.h"

namespace obligor::binning {
namespace {

constexpr uint32_t kLeftOut = std::numeric_limits<uint32_t>::max();
constexpr int kBits = 16;
constexpr size_t kExactRows = size_t{1} << 16U;

// The integers of floats in the order of the floats; never kLeftOut.
uint32_t key_of(float x) {
  const auto bits = std::bit_cast<uint32_t>(x + 0.0F);  // -0 is 0
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

float value_of(uint32_t key) { return std::bit_cast<float>((key & 0x80000000U) != 0 ? key & 0x7FFFFFFFU : ~key); }

OBLIGOR_WIDTHS void make_keys(const float* x, size_t n, uint32_t* keys) {
  for (size_t r = 0; r < n; ++r) {
    const auto bits = std::bit_cast<uint32_t>(x[r] + 0.0F);
    const uint32_t key = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
    keys[r] = x[r] == x[r] ? key : kLeftOut;
  }
}

// Rows by key, with what is counted of them. Parts of a column are of the same shape.
struct KeyedRows {
  std::vector<uint32_t> keys;
  std::vector<double> target;   // continuous, or empty
  std::vector<uint8_t> bad;     // binary, or empty
  std::vector<double> weights;  // or empty
  [[nodiscard]] size_t size() const { return keys.size(); }
  [[nodiscard]] double weight(size_t r) const { return weights.empty() ? 1.0 : weights[r]; }
  void resize(const KeyedRows& like, size_t n) {
    if (!like.target.empty()) target.resize(n);
    if (!like.bad.empty()) bad.resize(n);
    if (!like.weights.empty()) weights.resize(n);
    keys.resize(n);
  }
  void put(size_t at, const KeyedRows& from, size_t r) {
    keys[at] = from.keys[r];
    if (!target.empty()) target[at] = from.target[r];
    if (!bad.empty()) bad[at] = from.bad[r];
    if (!weights.empty()) weights[at] = from.weights[r];
  }
  void add_to(Cell& cell, size_t r) const {
    const double w = weight(r);
    const double y = target.empty() ? static_cast<double>(bad[r]) : target[r];
    cell.rows += 1;
    cell.count += w;
    cell.events += w * y;
    cell.sum += w * y;
    cell.square += w * y * y;
  }
};

struct KeyRange {
  uint32_t low = kLeftOut;
  uint32_t high = 0;
  uint32_t differing = 0;  // bits in which some key differs from the first
};

OBLIGOR_WIDTHS KeyRange range_of(const uint32_t* keys, size_t n) {
  uint32_t low = kLeftOut;
  uint32_t high = 0;
  uint32_t differing = 0;
  for (size_t r = 0; r < n; ++r) {
    low = keys[r] < low ? keys[r] : low;
    high = keys[r] > high ? keys[r] : high;
    differing |= keys[r] ^ keys[0];
  }
  return {low, high, differing};
}

// Row numbers by key: a radix sort over the bytes in which keys differ.
std::vector<uint64_t> sorted_rows(const KeyedRows& rows) {
  std::vector<uint64_t> order(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) order[r] = static_cast<uint64_t>(rows.keys[r]) << 32U | r;
  if (rows.size() < 256) {
    std::sort(order.begin(), order.end());
    return order;
  }
  const KeyRange range = range_of(rows.keys.data(), rows.size());
  std::vector<uint64_t> other(order.size());
  for (unsigned byte = 0; byte < 4; ++byte) {
    if ((range.differing >> (8 * byte) & 0xFFU) == 0) continue;
    std::array<uint32_t, 257> start{};
    const auto digit = [&](uint64_t item) { return static_cast<size_t>(item >> (32 + 8 * byte) & 0xFFU); };
    for (const uint64_t item : order) ++start.at(digit(item) + 1);
    std::partial_sum(start.begin(), start.end(), start.begin());
    for (const uint64_t item : order) other[start[digit(item)]++] = item;
    order.swap(other);
  }
  return order;
}

void sorted_groups(const KeyedRows& rows, std::vector<Group>& groups) {
  uint64_t last = ~uint64_t{0};
  for (const uint64_t item : sorted_rows(rows)) {
    if (item >> 32U != last) {
      last = item >> 32U;
      groups.push_back({value_of(static_cast<uint32_t>(last)), value_of(static_cast<uint32_t>(last)), {}});
    }
    rows.add_to(groups.back().cell, static_cast<size_t>(item & 0xFFFFFFFFU));
  }
}

// A radix bucket while it is counted: its rows, and the least and the greatest key, which tell whether it holds one value.
struct Bucket {
  uint32_t rows = 0;
  uint32_t bads = 0;
  uint32_t least = kLeftOut;
  uint32_t most = 0;
};

// One pass. Sums other than counts (weights, a number as target) go to `cells`, which is left empty where there are none.
std::vector<Bucket> count_buckets(const KeyedRows& rows, uint32_t low, unsigned shift, size_t buckets, std::vector<Cell>& cells) {
  std::vector<Bucket> result(buckets);
  const bool plain = rows.weights.empty() && rows.target.empty();
  if (!plain) cells.resize(buckets);
  for (size_t r = 0; r < rows.size(); ++r) {
    const uint32_t key = rows.keys[r];
    Bucket& bucket = result[(key - low) >> shift];
    ++bucket.rows;
    bucket.least = std::min(bucket.least, key);
    bucket.most = std::max(bucket.most, key);
    if (plain) {
      bucket.bads += rows.bad[r];
    } else {
      rows.add_to(cells[(key - low) >> shift], r);
    }
  }
  return result;
}

// Puts neighbours from `from` on together as long as they stay within `limit`.
void coarsen(std::vector<Group>& groups, size_t from, double limit) {
  size_t to = from;
  for (size_t g = from + 1; g < groups.size(); ++g) {
    if (groups[to].cell.count + groups[g].cell.count <= limit) {
      groups[to].cell.add(groups[g].cell);
      groups[to].high = groups[g].high;
    } else {
      groups[++to] = groups[g];
    }
  }
  groups.resize(std::min(groups.size(), to + 1));
}

// Takes apart what is heavier than `heavy`; 0 = everything. Short columns of few buckets come out as their values, so that a weight
// of two is the same there as a row twice.
void radix_groups(const KeyedRows& rows, double heavy, std::vector<Group>& groups) {
  if (rows.size() <= kSorted) return sorted_groups(rows, groups);
  const auto [low, high, differing] = range_of(rows.keys.data(), rows.size());
  const uint32_t range = high - low;
  // Low bits that no key uses cost nothing to drop.
  const int unused = differing == 0 ? 0 : std::countr_zero(differing);
  const bool exact = std::bit_width(range >> static_cast<unsigned>(unused)) <= kBits;
  const auto shift = static_cast<unsigned>(exact ? unused : std::max(0, static_cast<int>(std::bit_width(range)) - kBits));
  const size_t buckets = static_cast<size_t>(range >> shift) + 1;
  std::vector<Cell> cells;
  const auto counted = count_buckets(rows, low, shift, buckets, cells);
  const auto cell_of = [&](size_t b) {
    if (!cells.empty()) return cells[b];
    const auto bads = static_cast<double>(counted[b].bads);
    const auto all = static_cast<double>(counted[b].rows);
    return Cell{all, all, bads, bads, bads};
  };
  std::vector<uint16_t> slot;
  std::vector<KeyedRows> parts;
  if (!exact) {
    const auto present = std::count_if(counted.begin(), counted.end(), [](const Bucket& bucket) { return bucket.rows > 0; });
    if (static_cast<size_t>(present) <= kSorted && rows.size() <= kExactRows) heavy = 0;
    slot.assign(buckets, 0);
    for (size_t b = 0; b < buckets; ++b) {
      if (counted[b].least >= counted[b].most || cell_of(b).count <= heavy) continue;
      parts.emplace_back();
      parts.back().resize(rows, counted[b].rows);
      slot[b] = static_cast<uint16_t>(parts.size());
    }
    std::vector<size_t> filled(parts.size(), 0);
    for (size_t r = 0; r < rows.size() && !parts.empty(); ++r) {
      const uint16_t s = slot[(rows.keys[r] - low) >> shift];
      if (s != 0) parts[s - 1U].put(filled[s - 1U]++, rows, r);
    }
  }
  for (size_t b = 0; b < buckets; ++b) {
    if (counted[b].rows == 0) continue;
    if (!slot.empty() && slot[b] != 0) {
      const size_t from = groups.size();
      radix_groups(parts[slot[b] - 1U], heavy, groups);
      coarsen(groups, from, heavy / 4);
      parts[slot[b] - 1U] = {};
    } else {
      groups.push_back({value_of(counted[b].least), value_of(counted[b].most), cell_of(b)});
    }
  }
}

// Takes the groups on both sides of each cut apart into their values.
void refine(const KeyedRows& rows, std::span<const float> cuts, std::vector<Group>& groups) {
  std::vector<size_t> chosen;
  for (const float cut : cuts) {
    const auto found = std::lower_bound(groups.begin(), groups.end(), cut, [](const Group& g, float x) { return g.low < x; });
    const auto at = static_cast<size_t>(found - groups.begin());
    for (const size_t g : {at - 1, at}) {
      if (groups[g].high > groups[g].low && (chosen.empty() || chosen.back() < g)) chosen.push_back(g);
    }
  }
  if (chosen.empty()) return;
  // Buckets that a chosen group touches are looked at closely, the others passed by.
  const KeyRange range = range_of(rows.keys.data(), rows.size());
  const uint32_t low = range.low;
  const auto shift = static_cast<unsigned>(std::max(0, static_cast<int>(std::bit_width(range.high - low)) - kBits));
  std::vector<uint8_t> touched((static_cast<size_t>(range.high - low) >> shift) + 1, 0);
  std::vector<uint32_t> lows;
  std::vector<KeyedRows> parts(chosen.size());
  for (size_t p = 0; p < chosen.size(); ++p) {
    const Group& group = groups[chosen[p]];
    lows.push_back(key_of(group.low));
    parts[p].resize(rows, static_cast<size_t>(group.cell.rows));
    for (uint32_t b = (lows.back() - low) >> shift; b <= (key_of(group.high) - low) >> shift; ++b) touched[b] = 1;
  }
  std::vector<size_t> filled(chosen.size(), 0);
  for (size_t r = 0; r < rows.size(); ++r) {
    const uint32_t key = rows.keys[r];
    if (touched[(key - low) >> shift] == 0) continue;
    const auto p = static_cast<size_t>(std::upper_bound(lows.begin(), lows.end(), key) - lows.begin());
    if (p > 0 && key <= key_of(groups[chosen[p - 1]].high)) parts[p - 1].put(filled[p - 1]++, rows, r);
  }
  std::vector<Group> finer;
  size_t next = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (next < chosen.size() && chosen[next] == g) {
      sorted_groups(parts[next++], finer);
    } else {
      finer.push_back(groups[g]);
    }
  }
  groups = std::move(finer);
}

}  // namespace

GroupedColumn group_values(std::span<const float> values, const Target& target, std::span<const double> weights, std::span<const float> specials,
                           const Grouping& how) {
  KeyedRows rows;
  rows.keys.resize(values.size());
  make_keys(values.data(), values.size(), rows.keys.data());
  for (const float code : specials) {
    const uint32_t key = key_of(code);
    for (uint32_t& k : rows.keys) k = k == key ? kLeftOut : k;
  }
  if (!weights.empty()) {
    for (size_t r = 0; r < values.size(); ++r) rows.keys[r] = weights[r] > 0 ? rows.keys[r] : kLeftOut;
  }
  if (target.is_continuous()) {
    rows.target.assign(target.continuous.begin(), target.continuous.end());
  } else {
    rows.bad.assign(target.binary.begin(), target.binary.end());
  }
  rows.weights.assign(weights.begin(), weights.end());
  GroupedColumn column;
  column.specials.resize(specials.size());
  const bool left_out = std::find(rows.keys.begin(), rows.keys.end(), kLeftOut) != rows.keys.end();
  if (left_out && specials.empty() && rows.weights.empty() && !target.is_continuous()) {
    // What is left out is missing, and only counted: each row is written and kept or not, without a branch to foretell.
    size_t to = 0;
    size_t all_bads = 0;
    size_t bads = 0;
    for (size_t r = 0; r < values.size(); ++r) {
      const uint32_t key = rows.keys[r];
      const uint8_t bad = rows.bad[r];
      rows.keys[to] = key;
      rows.bad[to] = bad;
      const size_t kept = key != kLeftOut ? 1U : 0U;
      to += kept;
      all_bads += bad;
      bads += kept * bad;
    }
    const auto missing = static_cast<double>(values.size() - to);
    const auto missing_bads = static_cast<double>(all_bads - bads);
    column.missing = {missing, missing, missing_bads, missing_bads, missing_bads};
    rows.resize(rows, to);
  } else if (left_out) {
    size_t to = 0;
    for (size_t r = 0; r < values.size(); ++r) {
      if (rows.keys[r] != kLeftOut) {
        rows.put(to++, rows, r);
      } else if (std::isnan(values[r])) {
        if (rows.weight(r) > 0) rows.add_to(column.missing, r);
      } else if (rows.weight(r) > 0) {
        rows.add_to(column.specials[static_cast<size_t>(std::find(specials.begin(), specials.end(), values[r]) - specials.begin())], r);
      }
    }
    rows.resize(rows, to);
  }
  if (rows.size() == 0) return column;
  const double total = rows.weights.empty() ? static_cast<double>(rows.size()) : std::accumulate(rows.weights.begin(), rows.weights.end(), 0.0);
  radix_groups(rows, total / static_cast<double>(how.fineness), column.groups);
  if (how.tree_bins > 0) refine(rows, tree_cuts(column.groups, how.tree_bins, how.leaf), column.groups);
  return column;
}

std::vector<float> quantile_cuts(std::span<const Group> groups, size_t bins) {
  std::vector<float> cuts;
  if (groups.size() <= bins) {
    for (size_t g = 1; g < groups.size(); ++g) cuts.push_back(groups[g].low);
    return cuts;
  }
  double total = 0;
  for (const Group& group : groups) total += group.cell.count;
  double before = 0;
  size_t next = 1;
  for (size_t g = 0; g < groups.size() && next < bins; ++g) {
    // A cut stands on the side of a group that is nearer to the quantile.
    const double after = before + groups[g].cell.count;
    const double wanted = total * static_cast<double>(next) / static_cast<double>(bins);
    if (after >= wanted) {
      const size_t at = wanted - before < after - wanted ? g : g + 1;
      if (at > 0 && at < groups.size() && (cuts.empty() || groups[at].low > cuts.back())) cuts.push_back(groups[at].low);
      while (next < bins && after >= total * static_cast<double>(next) / static_cast<double>(bins)) ++next;
    }
    before = after;
  }
  return cuts;
}

std::vector<float> tree_cuts(std::span<const Group> groups, size_t bins, double min_count) {
  std::vector<double> count(groups.size() + 1, 0);
  std::vector<double> sum(groups.size() + 1, 0);
  for (size_t g = 0; g < groups.size(); ++g) {
    count[g + 1] = count[g] + groups[g].cell.count;
    sum[g + 1] = sum[g] + groups[g].cell.sum;
  }
  struct Split {
    double worth = 0;
    size_t from = 0;
    size_t to = 0;
    size_t at = 0;
    bool operator<(const Split& other) const { return worth != other.worth ? worth < other.worth : from > other.from; }
  };
  const auto best_split = [&](size_t from, size_t to) {
    Split best{0, from, to, 0};
    for (size_t at = from + 1; at < to; ++at) {
      const double left = count[at] - count[from];
      const double right = count[to] - count[at];
      if (left < min_count || right < min_count) continue;
      // left right / (left + right) (mean left - mean right)^2, with one division.
      const double d = (sum[at] - sum[from]) * right - (sum[to] - sum[at]) * left;
      const double worth = d * d / (left * right * (left + right));
      if (worth > best.worth) {
        best.worth = worth;
        best.at = at;
      }
    }
    return best;
  };
  std::priority_queue<Split> open;
  const auto offer = [&](size_t from, size_t to) {
    const Split split = best_split(from, to);
    if (split.worth > 0) open.push(split);
  };
  std::vector<float> cuts;
  offer(0, groups.size());
  while (!open.empty() && cuts.size() + 1 < bins) {
    const Split split = open.top();
    open.pop();
    cuts.push_back(groups[split.at].low);
    offer(split.from, split.at);
    offer(split.at, split.to);
  }
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

}  // namespace obligor::binning
