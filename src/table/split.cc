#include "table/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "core/date.h"
#include "core/error.h"
#include "core/random.h"
#include "table/fold_file.h"

namespace obligor {
namespace {

std::array<size_t, 2> class_counts(const Task& task, Rows rows) {
  std::array<size_t, 2> counts{};
  for (const uint32_t row : rows) ++counts[task.target[row]];
  return counts;
}

bool has_both(const Task& task, Rows rows) {
  const auto counts = class_counts(task, rows);
  return counts[0] > 0 && counts[1] > 0;
}

void check_share(double share) {
  if (!(share > 0 && share < 1)) {
    throw Error(ErrorCode::kInvalid, fmt::format("a test share of {} is not possible; allowed is more than 0 and less than 1", share));
  }
}

// The rows' folds as train and test parts, each ascending.
std::vector<Fold> folds_of(Rows rows, std::span<const uint32_t> fold_of, size_t folds) {
  std::vector<Fold> result(folds);
  for (size_t f = 0; f < folds; ++f) {
    for (size_t i = 0; i < rows.size(); ++i) (fold_of[i] == f ? result[f].test : result[f].train).push_back(rows[i]);
    std::sort(result[f].train.begin(), result[f].train.end());
    std::sort(result[f].test.begin(), result[f].test.end());
  }
  return result;
}

Fold fold_of_test(Rows rows, const std::vector<uint8_t>& is_test) {
  std::vector<uint32_t> fold(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) fold[i] = is_test[i] != 0 ? 0 : 1;
  return folds_of(rows, fold, 1).front();
}

// Positions of the shuffled bads, then of the shuffled goods.
std::array<std::vector<size_t>, 2> shuffled_classes(const Task& task, Rows rows, Random& random) {
  std::array<std::vector<size_t>, 2> positions;
  for (size_t i = 0; i < rows.size(); ++i) positions[task.target[rows[i]]].push_back(i);
  random.shuffle(std::span<size_t>(positions[1]));
  random.shuffle(std::span<size_t>(positions[0]));
  return positions;
}

// Dealing out the bads and then, without starting anew, the goods keeps class counts and fold sizes within one of each other.
std::vector<Fold> stratified_folds(const Task& task, Rows rows, size_t k, Random& random) {
  const auto positions = shuffled_classes(task, rows, random);
  std::vector<uint32_t> fold_of(rows.size());
  size_t dealt = 0;
  for (const auto* part : {&positions[1], &positions[0]}) {
    for (const size_t i : *part) fold_of[i] = static_cast<uint32_t>(dealt++ % k);
  }
  return folds_of(rows, fold_of, k);
}

// Each class gives its share, but at least one row to either side where it has two.
Fold stratified_hold_out(const Task& task, Rows rows, double share, Random& random) {
  const auto positions = shuffled_classes(task, rows, random);
  std::vector<uint8_t> is_test(rows.size(), 0);
  for (const auto& part : positions) {
    if (part.size() < 2) continue;
    const auto wanted = static_cast<size_t>(std::llround(share * static_cast<double>(part.size())));
    const size_t count = std::clamp<size_t>(wanted, 1, part.size() - 1);
    for (size_t i = 0; i < count; ++i) is_test[part[i]] = 1;
  }
  return fold_of_test(rows, is_test);
}

// A key a row: the group, each row without one being a group of its own.
std::vector<std::vector<size_t>> groups_of(const Table& table, const Task& task, Rows rows) {
  if (task.spec.group.empty()) {
    throw Error(ErrorCode::kInvalid, "a grouped split needs a group column; name it with --group");
  }
  const Column& column = table.column(task.spec.group);
  std::vector<std::vector<size_t>> groups;
  std::unordered_map<std::string, size_t> index;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (column.is_missing(rows[i])) {
      groups.push_back({i});
      continue;
    }
    const auto [found, fresh] = index.emplace(column.cell_text(rows[i]), groups.size());
    if (fresh) groups.emplace_back();
    groups[found->second].push_back(i);
  }
  return groups;
}

// Greedy: groups by falling size (ties in random order), each to the fold that then is furthest below its share of the bads and of
// the rows. `shares` sum to 1.
std::vector<uint32_t> deal_groups(const Task& task, Rows rows, std::vector<std::vector<size_t>> groups, std::span<const double> shares,
                                  Random& random) {
  random.shuffle(std::span<std::vector<size_t>>(groups));
  std::stable_sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  const auto totals = class_counts(task, rows);
  std::vector<std::array<double, 2>> filled(shares.size());
  std::vector<uint32_t> fold_of(rows.size());
  for (const auto& group : groups) {
    std::array<double, 2> mine{};
    for (const size_t i : group) ++mine[task.target[rows[i]]];
    size_t best = 0;
    double best_cost = 0;
    for (size_t f = 0; f < shares.size(); ++f) {
      // The increase of the squared relative deviation from the fold's share of each class.
      double cost = 0;
      for (size_t c = 0; c < 2; ++c) {
        const double goal = std::max(1.0, shares[f] * static_cast<double>(totals[c]));
        const double before = filled[f][c] / goal - 1;
        const double after = (filled[f][c] + mine[c]) / goal - 1;
        cost += (after * after - before * before) * goal;
      }
      if (f == 0 || cost < best_cost) {
        best = f;
        best_cost = cost;
      }
    }
    for (size_t c = 0; c < 2; ++c) filled[best][c] += mine[c];
    for (const size_t i : group) fold_of[i] = static_cast<uint32_t>(best);
  }
  return fold_of;
}

Fold grouped_hold_out(const Table& table, const Task& task, Rows rows, double share, Random& random) {
  auto groups = groups_of(table, task, rows);
  if (groups.size() < 2) {
    throw Error(ErrorCode::kInvalid, fmt::format("group column '{}' has one group; a grouped split needs two", task.spec.group));
  }
  const std::array<double, 2> shares{share, 1 - share};
  return folds_of(rows, deal_groups(task, rows, std::move(groups), shares, random), 1).front();
}

std::vector<Fold> grouped_folds(const Table& table, const Task& task, Rows rows, size_t k, Random& random) {
  auto groups = groups_of(table, task, rows);
  if (groups.size() < k) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("group column '{}' has {} groups, which {} folds cannot share; ask for fewer folds", task.spec.group, groups.size(), k));
  }
  const std::vector<double> shares(k, 1.0 / static_cast<double>(k));
  return folds_of(rows, deal_groups(task, rows, std::move(groups), shares, random), k);
}

// Time keys of rows: microseconds, or the number as it is. NaN = missing.
struct Timeline {
  const Column* column = nullptr;
  std::vector<double> keys;   // a row of `rows`
  std::vector<size_t> order;  // positions with a known time, oldest first, ties in file order
  [[nodiscard]] double at(size_t i) const { return keys[order[i]]; }
};

Timeline timeline(const Table& table, const Task& task, Rows rows) {
  if (task.spec.time.empty()) throw Error(ErrorCode::kInvalid, "an out-of-time split needs a time column; name it with --time");
  Timeline line;
  line.column = &table.column(task.spec.time);
  line.keys.reserve(rows.size());
  if (line.column->kind() == ColumnKind::kDate) {
    const auto dates = line.column->dates();
    for (const uint32_t row : rows) line.keys.push_back(dates[row] == kMissingDate ? std::nan("") : static_cast<double>(dates[row]));
  } else if (line.column->kind() == ColumnKind::kNumber) {
    const auto numbers = line.column->numbers();
    for (const uint32_t row : rows) line.keys.push_back(static_cast<double>(numbers[row]));
  } else {
    throw Error(ErrorCode::kInvalid, fmt::format("time column '{}' is a {} column; an out-of-time split needs dates or numbers (declare it "
                                                 "with --date {})",
                                                 line.column->name(), kind_name(line.column->kind()), line.column->name()));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!std::isnan(line.keys[i])) line.order.push_back(i);
  }
  std::stable_sort(line.order.begin(), line.order.end(), [&](size_t a, size_t b) { return line.keys[a] < line.keys[b]; });
  return line;
}

// The boundary nearest to `position` at which the time changes: the index of the first row of the later part, or nothing when all
// times are equal.
std::optional<size_t> nearest_change(const Timeline& line, double position) {
  std::optional<size_t> best;
  double best_distance = 0;
  for (size_t i = 1; i < line.order.size(); ++i) {
    if (line.at(i) == line.at(i - 1)) continue;
    const double distance = std::abs(static_cast<double>(i) - position);
    if (!best || distance < best_distance) {
      best = i;
      best_distance = distance;
    }
  }
  return best;
}

Fold split_at(const Timeline& line, Rows rows, size_t begin, size_t middle, size_t end) {
  Fold fold;
  for (size_t i = begin; i < end; ++i) (i < middle ? fold.train : fold.test).push_back(rows[line.order[i]]);
  std::sort(fold.train.begin(), fold.train.end());
  std::sort(fold.test.begin(), fold.test.end());
  return fold;
}

Split out_of_time(const Table& table, const Task& task, const SplitSpec& spec) {
  const Timeline line = timeline(table, task, task.rows);
  const auto n = static_cast<double>(line.order.size());
  std::optional<size_t> middle;
  if (spec.cutoff.empty()) {
    check_share(spec.test_share);
    middle = nearest_change(line, n * (1 - spec.test_share));
    if (!middle) {
      throw Error(ErrorCode::kInvalid, fmt::format("time column '{}' has one value only; an out-of-time split needs two", task.spec.time));
    }
  } else {
    double cutoff = 0;
    if (line.column->kind() == ColumnKind::kDate) {
      const auto date = parse_date(spec.cutoff);
      if (!date) {
        throw Error(ErrorCode::kInvalid, fmt::format("cut-off '{}' is not a date; write it as YYYY-MM-DD", spec.cutoff));
      }
      cutoff = static_cast<double>(*date);
    } else {
      try {
        cutoff = std::stod(spec.cutoff);
      } catch (const std::exception&) {
        throw Error(ErrorCode::kInvalid,
                    fmt::format("cut-off '{}' is not a number, but time column '{}' holds numbers", spec.cutoff, task.spec.time));
      }
    }
    size_t first = 0;
    while (first < line.order.size() && line.at(first) < cutoff) ++first;
    middle = first;
  }
  Split split{SplitKind::kOutOfTime, "", {split_at(line, task.rows, 0, *middle, line.order.size())}};
  const Fold& fold = split.folds.front();
  if (!has_both(task, fold.train) || !has_both(task, fold.test)) {
    const auto train = class_counts(task, fold.train);
    const auto test = class_counts(task, fold.test);
    throw Error(ErrorCode::kInvalid, fmt::format("the out-of-time split by '{}' leaves {} good and {} bad rows to train on and {} good and {} "
                                                 "bad to test on; each part needs both: choose another cut-off or test share",
                                                 task.spec.time, train[0], train[1], test[0], test[1]));
  }
  const std::string from = line.column->cell_text(task.rows[line.order[*middle]]);
  const double share = 100 * static_cast<double>(fold.test.size()) / n;
  split.detail = fmt::format("newest {:.0f} % by {} (from {})", share, task.spec.time, from);
  const size_t unknown = task.rows.size() - line.order.size();
  if (unknown > 0) split.detail += fmt::format("; {} rows without a time are left out", unknown);
  return split;
}

Split from_file(const Table& table, const Task& task, const SplitSpec& spec) {
  const auto listed = read_fold_file(spec.file);
  std::unordered_map<uint64_t, uint32_t> row_of_source;
  row_of_source.reserve(table.rows());
  for (size_t row = 0; row < table.rows(); ++row) row_of_source.emplace(table.source_row(row), static_cast<uint32_t>(row));
  std::vector<uint8_t> has_target(table.rows(), 0);
  for (const uint32_t row : task.rows) has_target[row] = 1;

  std::vector<uint8_t> seen(table.rows(), 0);
  std::map<uint32_t, size_t> fold_numbers;
  std::vector<std::pair<uint32_t, uint32_t>> rows;  // table row, fold
  for (const FoldRow& entry : listed) {
    const auto where = [&] { return fmt::format("{}:{}: row {}", spec.file.string(), entry.line, entry.row); };
    const auto found = row_of_source.find(entry.row);
    if (found == row_of_source.end()) {
      throw Error(ErrorCode::kData, fmt::format("{} is not a row of {} ({} rows, counted from 0); the fold file belongs to other data", where(),
                                                table.source(), table.rows()));
    }
    if (seen[found->second] != 0) throw Error(ErrorCode::kData, fmt::format("{} stands twice; a row has one fold", where()));
    seen[found->second] = 1;
    if (has_target[found->second] == 0) {
      throw Error(ErrorCode::kData, fmt::format("{} has no target in {}; leave it out of the fold file", where(), table.source()));
    }
    rows.emplace_back(found->second, entry.fold);
    fold_numbers.emplace(entry.fold, 0);
  }
  if (fold_numbers.size() < 2) {
    throw Error(ErrorCode::kData, fmt::format("{}: there is one fold only; two or more are wanted", spec.file.string()));
  }
  size_t next = 0;
  for (auto& [number, position] : fold_numbers) position = next++;
  std::sort(rows.begin(), rows.end());
  std::vector<uint32_t> table_rows;
  std::vector<uint32_t> fold_of;
  for (const auto& [row, fold] : rows) {
    table_rows.push_back(row);
    fold_of.push_back(static_cast<uint32_t>(fold_numbers.at(fold)));
  }
  Split split{SplitKind::kFile, fmt::format("{} folds of {}", fold_numbers.size(), spec.file.filename().string()),
              folds_of(table_rows, fold_of, fold_numbers.size())};
  for (const auto& [number, position] : fold_numbers) {
    const auto counts = class_counts(task, split.folds[position].test);
    if (counts[0] == 0 || counts[1] == 0) {
      throw Error(ErrorCode::kData,
                  fmt::format("{}: fold {} has {} good and {} bad rows; each fold needs both", spec.file.string(), number, counts[0], counts[1]));
    }
  }
  return split;
}

size_t checked_folds(const Task& task, Rows rows, int folds) {
  if (folds < 2) throw Error(ErrorCode::kInvalid, fmt::format("{} folds are not possible; allowed are 2 or more", folds));
  const auto counts = class_counts(task, rows);
  const size_t rarer = std::min(counts[0], counts[1]);
  if (static_cast<size_t>(folds) > rarer) {
    throw Error(ErrorCode::kInvalid, fmt::format("{} folds are too many for {} {} rows; allowed are 2 to {}", folds, rarer,
                                                 counts[1] <= counts[0] ? "bad" : "good", rarer));
  }
  return static_cast<size_t>(folds);
}

bool keeps_groups(const Task& task, const Split& outer) {
  return !task.spec.group.empty() && (outer.kind == SplitKind::kGrouped || outer.kind == SplitKind::kFile);
}

}  // namespace

Split make_split(const Table& table, const Task& task, const SplitSpec& spec, uint64_t seed) {
  Random random(seed, "split");
  switch (spec.kind) {
    case SplitKind::kHoldOut: {
      check_share(spec.test_share);
      (void)checked_folds(task, task.rows, 2);
      Fold fold = stratified_hold_out(task, task.rows, spec.test_share, random);
      return {spec.kind, fmt::format("stratified hold-out of {:.0f} %", 100 * spec.test_share), {std::move(fold)}};
    }
    case SplitKind::kKFold: {
      const size_t k = checked_folds(task, task.rows, spec.folds);
      return {spec.kind, fmt::format("{} stratified folds", k), stratified_folds(task, task.rows, k, random)};
    }
    case SplitKind::kOutOfTime: return out_of_time(table, task, spec);
    case SplitKind::kGrouped: {
      const size_t k = checked_folds(task, task.rows, spec.folds);
      Split split{spec.kind, fmt::format("{} folds of whole groups by {}", k, task.spec.group), grouped_folds(table, task, task.rows, k, random)};
      for (const Fold& fold : split.folds) {
        if (has_both(task, fold.test)) continue;
        throw Error(ErrorCode::kInvalid,
                    fmt::format("{} folds of whole groups by '{}' leave a fold with one class only; ask for fewer folds", k, task.spec.group));
      }
      return split;
    }
    case SplitKind::kFile: return from_file(table, task, spec);
  }
  throw Error(ErrorCode::kInternal, "unknown kind of split");
}

Fold hold_back(const Table& table, const Task& task, const Split& outer, Rows train, double share, uint64_t seed) {
  check_share(share);
  Random random(seed, "hold back");
  if (outer.kind == SplitKind::kOutOfTime) {
    const Timeline line = timeline(table, task, train);
    if (const auto middle = nearest_change(line, static_cast<double>(line.order.size()) * (1 - share))) {
      Fold fold = split_at(line, train, 0, *middle, line.order.size());
      if (has_both(task, fold.train) && has_both(task, fold.test)) return fold;
    }
  }
  if (keeps_groups(task, outer)) {
    Fold fold = grouped_hold_out(table, task, train, share, random);
    if (has_both(task, fold.train) && has_both(task, fold.test)) return fold;
  }
  return stratified_hold_out(task, train, share, random);
}

std::vector<Fold> inner_folds(const Table& table, const Task& task, const Split& outer, Rows train, int k, uint64_t seed) {
  Random random(seed, "inner folds");
  const size_t folds = checked_folds(task, train, k);
  if (outer.kind == SplitKind::kOutOfTime) {
    // k + 1 blocks of time; the i-th fold trains on the blocks before its test block.
    const Timeline line = timeline(table, task, train);
    std::vector<size_t> bounds;
    for (size_t b = 1; b <= folds; ++b) {
      const double position = static_cast<double>(line.order.size()) * static_cast<double>(b) / static_cast<double>(folds + 1);
      const auto bound = nearest_change(line, position);
      if (bound && (bounds.empty() || *bound > bounds.back())) bounds.push_back(*bound);
    }
    std::vector<Fold> windows;
    for (size_t b = 0; b < bounds.size(); ++b) {
      Fold fold = split_at(line, train, 0, bounds[b], b + 1 < bounds.size() ? bounds[b + 1] : line.order.size());
      if (has_both(task, fold.train) && has_both(task, fold.test)) windows.push_back(std::move(fold));
    }
    if (!windows.empty()) return windows;
  }
  if (keeps_groups(task, outer)) return grouped_folds(table, task, train, folds, random);
  return stratified_folds(task, train, folds, random);
}

std::vector<uint32_t> rejects_beside(const Table& table, const Task& task, const Split& outer, Rows train) {
  std::vector<uint32_t> rejects = task.rejects;
  if (rejects.empty()) return rejects;
  if (outer.kind == SplitKind::kOutOfTime) {
    const Column& column = table.column(task.spec.time);
    const auto time = [&](uint32_t row) {
      return column.kind() == ColumnKind::kDate ? static_cast<double>(column.dates()[row]) : static_cast<double>(column.numbers()[row]);
    };
    double newest = -std::numeric_limits<double>::infinity();
    for (const uint32_t row : train) {
      if (!column.is_missing(row)) newest = std::max(newest, time(row));
    }
    std::erase_if(rejects, [&](uint32_t row) { return column.is_missing(row) || time(row) > newest; });
  }
  if (keeps_groups(task, outer)) {
    const Column& column = table.column(task.spec.group);
    std::unordered_set<std::string> elsewhere;
    for (const uint32_t row : task.rows) elsewhere.insert(column.cell_text(row));
    for (const uint32_t row : train) elsewhere.erase(column.cell_text(row));
    std::erase_if(rejects, [&](uint32_t row) { return elsewhere.contains(column.cell_text(row)); });
  }
  return rejects;
}

}  // namespace obligor
