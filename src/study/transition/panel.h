// A panel as a task over states: rows of (account, period, present state, columns) and where each account stands a period later.
//
//   Panel panel = make_panel(table, {.id = "loan", .time = "month", .state = "state"});          // next state: that of the next period
//   Panel panel = make_panel(table, {.id = "id", .time = "time", .target = "status_time"});      // next state: a column
//   std::vector<PanelFold> folds = account_folds(panel, 5, seed);     // or out_of_time(panel, "40")
//   Panel panel = make_panel(table, {.id = "loan", .time = "month", .state = "state", .event = "default", .within = {3, 6, 12}});
//
// Rules: periods are the distinct values of the time column in their order. Without a target the next state of a row is that of the
// account's row in the next period; a row without one (the last of an account, or before a gap) is left out and counted. With a target and
// no state column every row starts in the target's commonest level, and `start_from` says so. Rows without an account, a time or a state are
// left out and counted; so are rows whose account and period come again (the last counts). States are ordered by name, numbers by value.
// With horizons the states are `within_3`, `within_6` (after 3, up to 6 periods from the row), ..., `later`: the first of them within which the
// account's first event comes, and all rows start in `later`. Rows at and after the event are left out, and so is every row whose last horizon
// ends after the last period that the table knows; an account that ends before has no event. The state is a feature there.
// Errors: kInvalid for a role that is missing, horizons that do not ascend, or a cut-off that is no time; kNotFound for a column that does not exist;
// kData for fewer than two states, more than 64, fewer accounts than folds, or nothing to train or test on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor {

struct PanelSpec {
  std::string id;
  std::string time;
  std::string state;           // where the account stands; may be empty where there is a target
  std::string target;          // where it stands a period later; may be empty where there is a state
  std::string event;           // the state whose first coming is forecast
  std::vector<size_t> within;  // within so many periods; empty: the next state is forecast
  std::vector<std::string> ignore;
  std::vector<std::string> features;  // when given, only these
};

struct Panel {
  PanelSpec spec;
  std::vector<std::string> states;
  std::vector<std::string> features;  // names, in table order
  // A value a kept row, in the order of account and period.
  std::vector<uint32_t> rows;     // of the table
  std::vector<uint32_t> account;  // [0, accounts)
  std::vector<uint32_t> period;   // [0, periods.size())
  std::vector<uint8_t> from;
  std::vector<uint8_t> to;
  size_t accounts = 0;
  std::vector<std::string> periods;
  std::vector<double> times;  // of the periods
  std::string start_from;     // the one state that rows start in, where no column says
  size_t missing = 0;
  size_t repeated = 0;
  size_t last = 0;    // rows without a next period
  size_t gone = 0;    // rows at or after the event
  size_t unripe = 0;  // rows whose last horizon is not over
  std::string source;
  [[nodiscard]] size_t size() const { return rows.size(); }
  [[nodiscard]] bool has_horizons() const { return !spec.within.empty(); }
};

[[nodiscard]] Panel make_panel(const Table& table, const PanelSpec& spec);
[[nodiscard]] Json panel_json(const Panel& panel);

// Positions of rows, ascending. Of `train`, those of `held_back` choose when to stop.
struct PanelFold {
  std::vector<uint32_t> train;
  std::vector<uint32_t> held_back;  // positions in `train`
  std::vector<uint32_t> test;
};
// Accounts fall in one fold whole; a sixth of the training accounts are held back.
[[nodiscard]] std::vector<PanelFold> account_folds(const Panel& panel, size_t folds, uint64_t seed);
// Periods from `cutoff` on test, all before them train (with horizons: those whose last horizon is over by then), the newest sixth of which (in
// periods) are held back. Empty: the newest 30 % of the rows test.
[[nodiscard]] PanelFold out_of_time(const Panel& panel, const std::string& cutoff);

// states x states: 1 where a training row makes the transition, and in the row of a state from which none starts.
[[nodiscard]] std::vector<uint8_t> seen_transitions(const Panel& panel, const std::vector<uint32_t>& train);

}  // namespace obligor
