// Child tables: what happened to a borrower before the decision, as ordinary columns of the borrower's row.
//
//   const ChildSpec spec = parse_child("payments: table=trans.csv, key=account_id, order=date, until=loan_date, steps=32, columns=amount|type");
//   const ChildHistory history(spec, read_options, &notes);          // reads and sorts the child table once
//   Table loans = history.widen(loans);                              // adds columns payments[-32].amount .. payments[-1].gap, payments.count
//   task_spec.sequences.push_back(history.sequence());
//
// Rules: an event of the row's key counts where its `order` is strictly before the row's `until`; the newest `steps` of these become
// steps, [-1] the newest; `gap` is the time from an event to the next one, of the newest to the decision (days for dates); `count` is the
// number of all of them. Events of equal order keep the order of the file. An event without key or order cannot be placed: it is left out
// and counted in a note. A row whose key or `until` is missing has no history. Keys are compared as text. Memory grows with the child table.
// Errors: Error{kInvalid} for a declaration that lacks something; Error{kNotFound} for a column that is not there; Error{kData} where
// `order` and `until` are not both dates or both numbers, a number is too large to be told apart in float32, or no key of the rows occurs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "table/source.h"
#include "table/task.h"

namespace obligor {

struct ChildSpec {
  std::string name;
  std::string table;  // a path
  std::string key;    // of both tables
  std::string order;
  std::string until;  // of the rows
  size_t steps = 16;
  std::vector<std::string> columns;  // none: every number and category of the child table
};

// Whether the text declares a child table (it has an item table=..) and not wide columns.
[[nodiscard]] bool declares_child(std::string_view text);
[[nodiscard]] ChildSpec parse_child(std::string_view text);
[[nodiscard]] Json child_json(const ChildSpec& spec, ColumnKind order);
// Of a bundle. Error{kData} where it is not one.
[[nodiscard]] ChildSpec child_of_json(const Json& json, std::string_view source);

class ChildHistory {
 public:
  // How the file is read (delimiter, kinds, threads) is taken from `options`, as for the rows.
  ChildHistory(ChildSpec spec, const ReadOptions& options, std::vector<ReadNote>* notes = nullptr);
  ~ChildHistory();
  ChildHistory(ChildHistory&&) noexcept;
  ChildHistory& operator=(ChildHistory&&) noexcept;

  [[nodiscard]] const ChildSpec& spec() const;
  [[nodiscard]] ColumnKind order_kind() const;
  [[nodiscard]] const SequenceSpec& sequence() const;
  [[nodiscard]] bool makes(std::string_view column) const;  // whether widen() adds a column of that name
  // `must_match`: refuse a table of which no row has a key that occurs.
  [[nodiscard]] Table widen(const Table& rows, bool must_match) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor
