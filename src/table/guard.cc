#include "table/guard.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

namespace obligor {
namespace {

constexpr double kLeakAuc = 0.995;
constexpr double kDistinctShare = 0.98;  // of an id
constexpr size_t kIdRows = 50;           // fewer rows are distinct by chance
constexpr size_t kLeakRows = 20;         // of each class: fewer separate by chance

// AUC of scores by mid-ranks, the better way round.
double two_sided_auc(const std::vector<double>& scores, const std::vector<uint8_t>& bad) {
  std::vector<uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return scores[a] < scores[b]; });
  double rank_sum = 0;
  double bads = 0;
  for (size_t i = 0; i < order.size();) {
    size_t j = i;
    double tied_bads = 0;
    while (j < order.size() && scores[order[j]] == scores[order[i]]) tied_bads += static_cast<double>(bad[order[j++]]);
    rank_sum += tied_bads * (static_cast<double>(i + j + 1) / 2);
    bads += tied_bads;
    i = j;
  }
  const double goods = static_cast<double>(scores.size()) - bads;
  if (bads == 0 || goods == 0) return 0.5;
  const double auc = (rank_sum - bads * (bads + 1) / 2) / (bads * goods);
  return std::max(auc, 1 - auc);
}

// A category's cell is scored by the bad rate of its level among the other half of the rows, so that levels of one row each do not
// look like a leak; the two halves are ranked apart.
double category_auc(const Column& column, const Task& task) {
  const size_t levels = column.dictionary().size() + 1;
  double sum = 0;
  for (size_t half = 0; half < 2; ++half) {
    std::vector<double> bad(levels, 0);
    std::vector<double> all(levels, 0);
    std::vector<double> scores;
    std::vector<uint8_t> target;
    const auto level_of = [&](uint32_t row) { return static_cast<size_t>(column.codes()[row] + 1); };
    for (size_t i = 0; i < task.rows.size(); ++i) {
      if (i % 2 == half) continue;
      all[level_of(task.rows[i])] += 1;
      bad[level_of(task.rows[i])] += static_cast<double>(task.target[task.rows[i]]);
    }
    for (size_t i = half; i < task.rows.size(); i += 2) {
      const size_t level = level_of(task.rows[i]);
      scores.push_back(all[level] > 0 ? bad[level] / all[level] : 0.5);
      target.push_back(task.target[task.rows[i]]);
    }
    sum += two_sided_auc(scores, target);
  }
  return sum / 2;
}

double column_auc(const Column& column, const std::vector<float>& numbers, const Task& task) {
  if (column.kind() == ColumnKind::kCategory) return category_auc(column, task);
  std::vector<double> scores;
  std::vector<uint8_t> target;
  for (const uint32_t row : task.rows) {
    // Missing is a value of its own, below all others.
    scores.push_back(std::isnan(numbers[row]) ? static_cast<double>(-INFINITY) : static_cast<double>(numbers[row]));
    target.push_back(task.target[row]);
  }
  return two_sided_auc(scores, target);
}

// What a cell is, for telling cells of one column apart.
uint64_t cell_bits(const Column& column, const std::vector<float>& numbers, uint32_t row) {
  if (column.kind() == ColumnKind::kCategory) return static_cast<uint64_t>(static_cast<int64_t>(column.codes()[row]));
  if (column.kind() == ColumnKind::kDate) return static_cast<uint64_t>(column.dates()[row]);
  if (column.kind() == ColumnKind::kText) return std::hash<std::string_view>{}(column.text().at(row));
  if (numbers.empty()) return 0;
  if (std::isnan(numbers[row])) return ~uint64_t{0};
  uint32_t bits = 0;
  const float value = numbers[row] == 0 ? 0.0F : numbers[row];
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

uint64_t mixed(uint64_t hash, uint64_t bits) {
  hash ^= bits + 0x9e3779b97f4a7c15ULL + (hash << 6U) + (hash >> 2U);
  hash *= 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33U);
}

class Finder {
 public:
  Finder(const Table& table, const Task& task, const Split& split) : table_(table), task_(task), split_(split) {
    for (const auto& name : task.features) {
      const Column& column = table.column(name);
      columns_.push_back(&column);
      const bool numeric = column.kind() == ColumnKind::kNumber || column.kind() == ColumnKind::kDate;
      numbers_.push_back(numeric ? numeric_values(column) : std::vector<float>{});
    }
  }

  std::vector<Guard> run() {
    for (size_t c = 0; c < columns_.size(); ++c) one_column(c);
    repeated_columns();
    duplicate_rows();
    return std::move(guards_);
  }

 private:
  void one_column(size_t c) {
    const Column& column = *columns_[c];
    if (column.kind() == ColumnKind::kSequence) return;
    std::unordered_set<uint64_t> distinct;
    size_t present = 0;
    bool whole = true;
    for (const uint32_t row : task_.rows) {
      if (column.is_missing(row)) continue;
      ++present;
      distinct.insert(cell_bits(column, numbers_[c], row));
      if (column.kind() == ColumnKind::kNumber) whole = whole && numbers_[c][row] == std::trunc(numbers_[c][row]);
    }
    const std::string& name = column.name();
    if (present == 0) {
      guards_.push_back({"all_missing", name, fmt::format("column '{}' is missing in every row", name), true});
      return;
    }
    if (distinct.size() == 1 && present == task_.rows.size()) {
      guards_.push_back({"constant", name, fmt::format("column '{}' has one value, '{}'", name, column.cell_text(task_.rows[0])), true});
      return;
    }
    const bool key_kind = column.kind() == ColumnKind::kCategory || (column.kind() == ColumnKind::kNumber && whole);
    if (key_kind && present >= kIdRows && static_cast<double>(distinct.size()) >= kDistinctShare * static_cast<double>(present)) {
      id_like(c, distinct.size(), present);
      return;
    }
    const size_t bads = task_.bad_count();
    if (column.kind() == ColumnKind::kText) return;
    if (std::min(bads, task_.rows.size() - bads) < kLeakRows) return;
    const double auc = column_auc(column, numbers_[c], task_);
    if (auc > kLeakAuc) {
      guards_.push_back(
          {"leak", name,
           fmt::format("column '{}' tells good from bad alone (AUC {:.4f}): is it known at the time of the decision? If not, --ignore {}", name, auc,
                       name),
           false});
    }
  }

  // Whole numbers that are almost all distinct may be amounts; a key's are dense: they fill most of their range, or rise with the file.
  void id_like(size_t c, size_t distinct, size_t present) {
    const Column& column = *columns_[c];
    if (column.kind() == ColumnKind::kNumber) {
      float low = INFINITY;
      float high = -INFINITY;
      size_t rises = 0;
      size_t pairs = 0;
      float previous = NAN;
      for (const uint32_t row : task_.rows) {
        const float value = numbers_[c][row];
        if (std::isnan(value)) continue;
        low = std::min(low, value);
        high = std::max(high, value);
        if (!std::isnan(previous)) {
          ++pairs;
          rises += value > previous ? 1U : 0U;
        }
        previous = value;
      }
      const bool dense = static_cast<double>(high) - static_cast<double>(low) < 3.0 * static_cast<double>(distinct);
      if (!dense && rises + 1 < pairs) return;
    }
    guards_.push_back({"id_like", column.name(),
                       fmt::format("column '{}' looks like a key ({} distinct values in {} rows; naming it in --features keeps it)", column.name(),
                                   distinct, present),
                       true});
  }

  void repeated_columns() {
    std::unordered_map<uint64_t, size_t> seen;
    for (size_t c = 0; c < columns_.size(); ++c) {
      auto hash = static_cast<uint64_t>(columns_[c]->kind());
      for (const uint32_t row : task_.rows) hash = mixed(hash, cell_bits(*columns_[c], numbers_[c], row));
      const auto [first, added] = seen.emplace(hash, c);
      if (added || columns_[c]->kind() == ColumnKind::kCategory || columns_[c]->kind() == ColumnKind::kSequence) continue;
      guards_.push_back({"repeated", columns_[c]->name(),
                         fmt::format("column '{}' repeats '{}' in every row", columns_[c]->name(), columns_[first->second]->name()), false});
    }
  }

  void duplicate_rows() {
    if (columns_.empty()) return;
    std::vector<uint64_t> hash(table_.rows(), 0);
    for (size_t c = 0; c < columns_.size(); ++c) {
      for (const uint32_t row : task_.rows) hash[row] = mixed(hash[row], cell_bits(*columns_[c], numbers_[c], row));
    }
    // Over k folds each row tests once, so the rows that are found are counted once.
    std::unordered_set<uint32_t> found;
    for (const Fold& fold : split_.folds) {
      std::unordered_set<uint64_t> train;
      for (const uint32_t row : fold.train) train.insert(hash[row]);
      for (const uint32_t row : fold.test) {
        if (train.contains(hash[row])) found.insert(row);
      }
    }
    if (found.empty()) return;
    guards_.push_back(
        {"duplicates", "",
         fmt::format("{} test rows have a training row with the same value in every feature; the estimate may be too good", found.size()), false});
  }

  const Table& table_;
  const Task& task_;
  const Split& split_;
  std::vector<const Column*> columns_;
  std::vector<std::vector<float>> numbers_;
  std::vector<Guard> guards_;
};

}  // namespace

std::vector<Guard> leak_guards(const Table& table, const Task& task, const Split& split) { return Finder(table, task, split).run(); }

}  // namespace obligor
