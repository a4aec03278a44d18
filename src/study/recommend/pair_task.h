// A table of (customer, product, rating or event, time) as a task over pairs, and how its pairs are parted for an honest estimate.
//
//   PairTask task = make_pair_task(table, {.kind = TaskKind::kRanking, .customer = "client", .product = "product", .time = "bought"});
//   RankingPlan plan = leave_latest_out(task, 99, seed);         // or given_negatives(task, "ml-1m.test.negative")
//   std::vector<Part> folds = rating_folds(task, 5, seed);
//
// Rules: rows without a customer, a product, a rating (a rating task) or a time (where one is named) are left out and counted. Of a customer and a
// product that stand together more than once the latest row counts, the last of the table where times are equal or not given; the others are
// counted. So a pair is in one part only. Codes are those of the dictionaries.
// Leave-latest-out: of each customer with two products or more the latest pair tests (without a time: one drawn by the seed), and is ranked among
// so many products that the customer never used, in training or test, drawn by the seed: all of them where there are fewer; a customer who used
// the whole catalogue is left out and counted.
// A file of negatives has a line a customer: `(customer,product)`, then products, separated by tabs; the named pair tests, and leaves training. A
// product that the table does not have is one that was never seen.
// Errors: kInvalid for a role that is missing, or a rating column that is no number; kNotFound for a column or a file that does not exist; kData for
// fewer than two pairs, a line that cannot be read, a customer that the table does not have, or nothing to test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "model/interactions.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor {

struct PairSpec {
  TaskKind kind = TaskKind::kRating;
  std::string customer;
  std::string product;
  std::string rating;  // a rating task's target
  std::string time;    // may be empty
};

struct PairTask {
  PairSpec spec;
  std::vector<std::string> customers;  // names of the codes
  std::vector<std::string> products;
  Interactions pairs;
  std::vector<double> time;    // a value a pair, or empty
  std::vector<uint32_t> rows;  // table row of each pair
  size_t missing = 0;          // rows left out
  size_t repeated = 0;         // rows whose pair came again later
  std::string source;
  std::vector<std::string> warnings;
};

[[nodiscard]] PairTask make_pair_task(const Table& table, const PairSpec& spec);
[[nodiscard]] Json pair_task_json(const PairTask& task);

// Positions of pairs, ascending.
struct Part {
  std::vector<uint32_t> train;
  std::vector<uint32_t> test;
};
[[nodiscard]] std::vector<Part> rating_folds(const PairTask& task, size_t folds, uint64_t seed);
[[nodiscard]] std::vector<Part> rating_hold_out(const PairTask& task, double share, uint64_t seed);

// Block c: a customer, the held-back product, and the others it is ranked among.
struct RankingPlan {
  std::vector<uint32_t> train;  // positions of pairs
  std::vector<uint32_t> customer;
  std::vector<uint32_t> held_back;
  std::vector<size_t> begin;  // into `others`; one more than there are customers
  std::vector<uint32_t> others;
  std::string detail;                 // for people
  std::vector<std::string> warnings;  // customers left out, fewer others than wanted, ...
};
[[nodiscard]] RankingPlan leave_latest_out(const PairTask& task, size_t negatives, uint64_t seed);
[[nodiscard]] RankingPlan given_negatives(const PairTask& task, const std::filesystem::path& file);

[[nodiscard]] Interactions pick_pairs(const Interactions& pairs, std::span<const uint32_t> which);

}  // namespace obligor
