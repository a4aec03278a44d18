// Split: which rows train and which test, by seed or by a file.
//
//   SplitSpec spec;  spec.kind = SplitKind::kKFold;  spec.folds = 10;
//   Split split = make_split(table, task, spec, seed);
//   for (const Fold& fold : split.folds) fit(fold.train), test(fold.test);
//
// Rules: row indices are table rows, ascending. K-fold is stratified by target. Hold-out keeps `test_share` (stratified).
// Out-of-time: the newest `test_share` of rows by the time column (rows with equal time stay together), or all from `cutoff` on; rows
// without a time are in neither part, and `detail` counts them.
// Grouped: the rows of a group fall in one fold. A file lists `row,fold` (row = 0-based data row of the source, may be a subset).
// Errors: Error{kInvalid} for impossible requests (more folds than bads, no time column); Error{kData} for a fold file with
// unknown rows, a row twice, or a fold without one of the classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "table/table.h"
#include "table/task.h"

namespace obligor {

enum class SplitKind { kHoldOut, kKFold, kOutOfTime, kGrouped, kFile };

struct SplitSpec {
  SplitKind kind = SplitKind::kKFold;
  int folds = 5;
  double test_share = 0.3;
  std::string cutoff;          // out-of-time: first test date, ISO; empty = by share
  std::filesystem::path file;  // kFile: CSV or CSV.zst with row,fold
};

struct Fold {
  std::vector<uint32_t> train;
  std::vector<uint32_t> test;
};

struct Split {
  SplitKind kind = SplitKind::kKFold;
  std::string detail;       // "10 stratified folds", "newest 30 % by issue_d (from 2014-02-01)"
  std::vector<Fold> folds;  // one for a hold-out
};

[[nodiscard]] Split make_split(const Table& table, const Task& task, const SplitSpec& spec, uint64_t seed);

// A part held back from training rows for early stopping and tuning, by the same rules as the outer split (newest first for
// out-of-time, groups whole, stratified otherwise; stratified too where the rule would leave a part without one of the classes).
[[nodiscard]] Fold hold_back(const Table& table, const Task& task, const Split& outer, Rows train, double share, uint64_t seed);
// k such parts that cover the training rows (for inner cross-validation); for out-of-time splits, expanding windows.
[[nodiscard]] std::vector<Fold> inner_folds(const Table& table, const Task& task, const Split& outer, Rows train, int k, uint64_t seed);

// The rejected applications that may be used beside these training rows: none decided later than the newest of them where the outer
// split is by time, none of a group whose accepted rows are elsewhere where it keeps groups whole.
[[nodiscard]] std::vector<uint32_t> rejects_beside(const Table& table, const Task& task, const Split& outer, Rows train);

}  // namespace obligor
