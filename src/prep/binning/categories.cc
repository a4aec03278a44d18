#include "prep/binning/categories.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "prep/binning/groups.h"

namespace obligor::binning {

double estimate_prior_weight(const std::vector<Level>& levels) {
  Cell all;
  double squares = 0;
  double within = 0;
  for (const Level& level : levels) {
    all.add(level.cell);
    squares += level.cell.count * level.cell.count;
    within += std::max(0.0, level.cell.square - level.cell.events * level.cell.events / level.cell.count);
  }
  const auto k = static_cast<double>(levels.size());
  constexpr double kNoEvidence = std::numeric_limits<double>::infinity();
  if (k < 2 || all.count <= k) return kNoEvidence;
  const double mean = all.events / all.count;
  double between = 0;
  for (const Level& level : levels) {
    const double d = level.cell.events / level.cell.count - mean;
    between += level.cell.count * d * d;
  }
  within /= all.count - k;
  const double scale = (all.count - squares / all.count) / (k - 1);
  const double variance = (between / (k - 1) - within) / scale;
  return variance > 0 ? within / variance : kNoEvidence;
}

OrderedLevels order_levels(const std::vector<Cell>& cells, const std::vector<std::string>& names, const BinningSpec& spec, double all_count) {
  OrderedLevels result;
  Level pool{0, true, {}};
  // By name, so that sums do not depend on the order of a dictionary: it lists levels as rows came, test rows too.
  std::vector<uint32_t> codes;
  for (uint32_t code = 0; code < cells.size(); ++code) {
    if (cells[code].count > 0) codes.push_back(code);
  }
  std::sort(codes.begin(), codes.end(), [&](uint32_t x, uint32_t y) { return names[x] < names[y]; });
  for (const uint32_t code : codes) {
    if (cells[code].count < spec.rare_share * all_count) {
      pool.cell.add(cells[code]);
      result.rare.push_back(code);
    } else {
      result.levels.push_back({code, false, cells[code]});
    }
  }
  if (!result.rare.empty()) result.levels.push_back(pool);
  Cell all;
  for (const Level& level : result.levels) all.add(level.cell);
  const double a = spec.prior_weight >= 0 ? spec.prior_weight : estimate_prior_weight(result.levels);
  result.prior_weight = a;
  const double mean = all.count > 0 ? all.events / all.count : 0;
  for (Level& level : result.levels) {
    Cell& cell = level.cell;
    cell.sum = std::isinf(a) ? cell.count * mean : cell.count * (cell.events + a * mean) / (cell.count + a);
  }
  std::sort(result.levels.begin(), result.levels.end(), [&](const Level& x, const Level& y) {
    const double rate_x = x.cell.sum / x.cell.count;
    const double rate_y = y.cell.sum / y.cell.count;
    if (!std::isinf(a) && rate_x != rate_y) return rate_x < rate_y;
    if (x.pooled != y.pooled) return x.pooled;
    return names[x.code] < names[y.code];
  });
  // Pre-bins: a level's rank is its value. Ranks stay exact in float32 up to 2^24 levels.
  std::vector<Group> groups;
  groups.reserve(result.levels.size());
  for (size_t r = 0; r < result.levels.size(); ++r) groups.push_back({static_cast<float>(r), static_cast<float>(r), result.levels[r].cell});
  const auto bins = static_cast<size_t>(spec.max_prebins);
  std::vector<float> cuts;
  if (groups.size() <= bins) {
    cuts = quantile_cuts(groups, bins);
  } else {
    cuts = quantile_cuts(groups, bins / 2);
    const auto more = tree_cuts(groups, bins - bins / 2, 0);
    cuts.insert(cuts.end(), more.begin(), more.end());
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  }
  if (!groups.empty()) result.starts.push_back(0);
  for (const float cut : cuts) result.starts.push_back(static_cast<uint32_t>(cut));
  return result;
}

}  // namespace obligor::binning
