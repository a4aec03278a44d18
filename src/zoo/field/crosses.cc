#include "zoo/field/crosses.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <unordered_map>

#include "zoo/field/space.h"

namespace obligor::field {
namespace {

constexpr size_t kSampleRows = 200'000;
constexpr size_t kMostColumns = 60;
constexpr size_t kCoarseBins = 8;
constexpr uint32_t kMostLevels = 1000;
constexpr double kLeastRows = 5;
constexpr double kLeastStrength = 3;

int32_t coarse_code(const CoarseColumn& column, const Batch& batch, size_t row) {
  if (!column.is_number) return batch.codes[column.index][row];
  const float x = batch.features[row * batch.width + column.index];
  if (std::isnan(x)) return static_cast<int32_t>(column.thresholds.size()) + 1;
  return static_cast<int32_t>(std::upper_bound(column.thresholds.begin(), column.thresholds.end(), x) - column.thresholds.begin());
}

std::vector<CoarseColumn> coarse_columns(const FitInput& input) {
  std::vector<CoarseColumn> columns;
  for (size_t c = 0; c < input.train.width; ++c) {
    CoarseColumn column{true, c, inner_quantiles(input.train, c, kCoarseBins)};
    column.levels = static_cast<uint32_t>(column.thresholds.size() + 2);
    columns.push_back(std::move(column));
  }
  for (size_t k = 0; k < input.code_levels.size(); ++k) columns.push_back({false, k, {}, input.code_levels[k]});
  return columns;
}

struct Cell {
  double bad = 0;
  double all = 0;
};

double logit_of(const Cell& cell, double whole) {
  // Two rows of the whole's rate are added to every level.
  const double rate = (cell.bad + 2 * whole) / (cell.all + 2);
  return std::log(rate / (1 - rate));
}

// The sampled rows as codes, with their targets and weights.
class Sampled {
 public:
  Sampled(const FitInput& input, const std::vector<CoarseColumn>& columns) {
    const size_t stride = std::max<size_t>(1, input.train.rows / kSampleRows);
    double bad = 0;
    for (size_t r = 0; r < input.train.rows; r += stride) {
      weight_.push_back(input.weight.empty() ? 1.0 : input.weight[r]);
      target_.push_back(input.target[r]);
      all_ += weight_.back();
      bad += input.target[r] != 0 ? weight_.back() : 0;
    }
    rate_ = bad / all_;
    if (rate_ <= 0 || rate_ >= 1) return;  // one class: the fit will refuse it
    for (const auto& column : columns) {
      auto& codes = codes_.emplace_back();
      auto& cells = cells_.emplace_back(column.levels);
      for (size_t r = 0, i = 0; r < input.train.rows; r += stride, ++i) {
        codes.push_back(coarse_code(column, input.train, r));
        add(cells[static_cast<size_t>(codes.back())], i);
      }
    }
  }

  [[nodiscard]] bool two_classes() const { return !cells_.empty(); }

  [[nodiscard]] double alone(size_t column) const {
    double sum = 0;
    double cells = 0;
    for (const Cell& cell : cells_[column]) {
      if (cell.all < kLeastRows) continue;
      sum += distance(cell, rate_);
      ++cells;
    }
    return cells < 2 ? 0 : (sum - (cells - 1)) / std::sqrt(2 * (cells - 1));
  }

  // Cells of a pair with enough rows, and how much they are more than their parts.
  double together(size_t a, size_t b, std::vector<int32_t>* triples) const {
    std::unordered_map<uint64_t, Cell> found;
    const uint64_t levels = cells_[b].size();
    for (size_t i = 0; i < target_.size(); ++i) add(found[static_cast<uint64_t>(codes_[a][i]) * levels + static_cast<uint64_t>(codes_[b][i])], i);
    const double whole = std::log(rate_ / (1 - rate_));
    double sum = 0;
    double cells = 0;
    std::map<uint64_t, Cell> ordered(found.begin(), found.end());  // sums in one order
    for (const auto& [key, cell] : ordered) {
      if (cell.all < kLeastRows) continue;
      const double z = logit_of(cells_[a][key / levels], rate_) + logit_of(cells_[b][key % levels], rate_) - whole;
      sum += distance(cell, 1 / (1 + std::exp(-z)));
      ++cells;
      if (triples != nullptr) {
        triples->push_back(static_cast<int32_t>(key / levels));
        triples->push_back(static_cast<int32_t>(key % levels));
        triples->push_back(static_cast<int32_t>(cells));
      }
    }
    return cells < 4 ? 0 : (sum - cells) / std::sqrt(2 * cells);
  }

 private:
  void add(Cell& cell, size_t row) const {
    cell.all += weight_[row];
    if (target_[row] != 0) cell.bad += weight_[row];
  }
  static double distance(const Cell& cell, double rate) {
    const double difference = cell.bad - cell.all * rate;
    return difference * difference / (cell.all * rate * (1 - rate));
  }

  std::vector<double> weight_;
  std::vector<uint8_t> target_;
  std::vector<std::vector<int32_t>> codes_;
  std::vector<std::vector<Cell>> cells_;
  double all_ = 0;
  double rate_ = 0;
};

}  // namespace

std::vector<double> column_strengths(const FitInput& input) {
  const auto columns = coarse_columns(input);
  const Sampled sampled(input, columns);
  std::vector<double> strengths;
  if (!sampled.two_classes()) {
    strengths.assign(columns.size(), 0.0);
    return strengths;
  }
  for (size_t c = 0; c < columns.size(); ++c) strengths.push_back(sampled.alone(c));
  return strengths;
}

Crosses choose_crosses(const FitInput& input, size_t most) {
  Crosses crosses;
  if (most == 0) return crosses;
  const auto columns = coarse_columns(input);
  const Sampled sampled(input, columns);
  if (!sampled.two_classes()) return crosses;
  std::vector<std::pair<double, size_t>> order;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].levels <= kMostLevels) order.emplace_back(-sampled.alone(c), c);
  }
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), kMostColumns));
  struct Pair {
    double strength;
    size_t first, second;
  };
  std::vector<Pair> pairs;
  for (size_t i = 0; i < order.size(); ++i) {
    for (size_t j = i + 1; j < order.size(); ++j) {
      const size_t a = std::min(order[i].second, order[j].second);
      const size_t b = std::max(order[i].second, order[j].second);
      const double strength = sampled.together(a, b, nullptr);
      if (strength > kLeastStrength) pairs.push_back({strength, a, b});
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& x, const Pair& y) {
    return x.strength != y.strength ? x.strength > y.strength : std::pair(x.first, x.second) < std::pair(y.first, y.second);
  });
  pairs.resize(std::min(pairs.size(), most));
  for (const Pair& pair : pairs) {
    Cross cross{columns[pair.first], columns[pair.second]};
    cross.strength = sampled.together(pair.first, pair.second, &cross.triples);
    cross.levels = static_cast<uint32_t>(cross.triples.size() / 3 + 1);
    crosses.offsets.push_back(crosses.rows);
    crosses.rows += cross.levels;
    crosses.pairs.push_back(std::move(cross));
  }
  return crosses;
}

std::vector<int32_t> cross_rows(const Crosses& crosses, const Batch& batch, size_t begin, size_t count) {
  std::vector<int32_t> out(count * crosses.pairs.size());
  for (size_t p = 0; p < crosses.pairs.size(); ++p) {
    const Cross& cross = crosses.pairs[p];
    std::unordered_map<uint64_t, int32_t> codes;
    const auto key = [](int32_t a, int32_t b) { return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32U | static_cast<uint32_t>(b); };
    for (size_t i = 0; i < cross.triples.size(); i += 3) codes.emplace(key(cross.triples[i], cross.triples[i + 1]), cross.triples[i + 2]);
    for (size_t r = 0; r < count; ++r) {
      const auto found = codes.find(key(coarse_code(cross.first, batch, begin + r), coarse_code(cross.second, batch, begin + r)));
      out[r * crosses.pairs.size() + p] = static_cast<int32_t>(crosses.offsets[p]) + (found == codes.end() ? 0 : found->second);
    }
  }
  return out;
}

std::vector<NodeId> lower_crosses(const Crosses& crosses, PlanBuilder& builder, const LoweredInputs& inputs) {
  const auto code_of = [&](const CoarseColumn& column) {
    if (!column.is_number) return inputs.codes.at(column.index);
    return builder.bin(builder.select(inputs.features, {static_cast<int32_t>(column.index)}), column.thresholds);
  };
  std::vector<NodeId> codes;
  for (const Cross& cross : crosses.pairs) {
    const NodeId first = code_of(cross.first);
    codes.push_back(builder.cross(first, code_of(cross.second), cross.triples, 0, cross.levels));
  }
  return codes;
}

}  // namespace obligor::field
