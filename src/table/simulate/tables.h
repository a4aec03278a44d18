// The simulated bank as tables: applications, truth, behaviour, transactions, economy, in blocks of any range of loans.
//
//   const auto columns = table_columns(BankTable::kBehaviour);              // names and types, for table/sink.h
//   const Table block = make_block(bank, BankTable::kBehaviour, 0, 512);    // the rows of loans 0 .. 511
//   BlockStream stream(bank, BankTable::kApplications, 1000000, context);   // blocks in order, made in parallel
//   while (auto block = stream.next()) ...
//
// Contract: a block depends on (seed, range) alone. `applications` holds what the bank sees when it decides, and the target
// default_12m; `truth` holds the true PD beside it, row by row, so that no model reads it by accident.
// Errors: Error{kCancelled}.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string_view>

#include "core/context.h"
#include "table/simulate/bank.h"
#include "table/sink.h"

namespace obligor::simulate {

enum class BankTable { kApplications, kTruth, kBehaviour, kTransactions, kEconomy };
inline constexpr BankTable kBankTables[] = {BankTable::kApplications, BankTable::kTruth, BankTable::kBehaviour, BankTable::kTransactions,
                                            BankTable::kEconomy};

[[nodiscard]] std::string_view table_name(BankTable table);
[[nodiscard]] std::span<const SinkColumn> table_columns(BankTable table);
// Rows of the loans [first, last). The economy has no loans: its rows come with loan 0.
[[nodiscard]] Table make_block(const Bank& bank, BankTable table, uint64_t first, uint64_t last);

class BlockStream {
 public:
  BlockStream(const Bank& bank, BankTable table, uint64_t loans, const Context& context);
  [[nodiscard]] std::optional<Table> next();

 private:
  const Bank& bank_;
  BankTable table_;
  uint64_t loans_;
  const Context& context_;
  uint64_t made_ = 0;
  std::deque<Table> ready_;
  ProgressTask progress_;
};

}  // namespace obligor::simulate
