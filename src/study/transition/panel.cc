#include "study/transition/panel.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/date.h"
#include "core/error.h"
#include "core/random.h"
#include "table/keys.h"

namespace obligor {
namespace {

constexpr size_t kMostStates = 64;
constexpr size_t kHeldBackParts = 6;  // one of them is held back

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool name_before(const std::string& a, const std::string& b) {
  const auto x = number_of(a);
  const auto y = number_of(b);
  if (x && y && *x != *y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return a < b;
}

// The states of both columns under one numbering.
class StateNames {
 public:
  explicit StateNames(const std::vector<const KeyCodes*>& columns) {
    std::set<std::string> used;
    for (const KeyCodes* column : columns) {
      std::vector<char> seen(column->names.size(), 0);
      for (const int32_t code : column->codes) {
        if (code >= 0) seen[static_cast<size_t>(code)] = 1;
      }
      for (size_t c = 0; c < seen.size(); ++c) {
        if (seen[c] != 0) used.insert(column->names[c]);
      }
    }
    names_.assign(used.begin(), used.end());
    std::sort(names_.begin(), names_.end(), name_before);
    for (size_t s = 0; s < names_.size(); ++s) codes_[names_[s]] = static_cast<int>(s);
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  // By row; -1: missing.
  [[nodiscard]] std::vector<int> states(const KeyCodes& column) const {
    std::vector<int> by_code;
    for (const auto& name : column.names) {
      const auto found = codes_.find(name);
      by_code.push_back(found == codes_.end() ? -1 : found->second);
    }
    std::vector<int> out;
    out.reserve(column.codes.size());
    for (const int32_t code : column.codes) out.push_back(code < 0 ? -1 : by_code[static_cast<size_t>(code)]);
    return out;
  }

 private:
  std::vector<std::string> names_;
  std::map<std::string, int> codes_;
};

struct Raw {
  uint32_t row = 0;
  uint32_t account = 0;
  uint32_t period = 0;
  int from = 0;
  int to = -1;
};

void check_states(const Table& table, const std::vector<std::string>& states, const std::string& column) {
  if (states.size() >= 2 && states.size() <= kMostStates) return;
  throw Error(ErrorCode::kData,
              fmt::format("{}: column '{}' holds {} states; 2 to {} are allowed", table.source(), column, states.size(), kMostStates));
}

// Rows with an account and a time, by account and period; the last of those that come again.
std::vector<Raw> raw_rows(const Table& table, const PanelSpec& spec, Panel& panel) {
  const KeyCodes accounts = key_codes(table.column(spec.id));
  const Column& time = table.column(spec.time);
  const std::vector<double> times = time_values(time);
  std::vector<double> distinct;
  for (const double t : times) {
    if (!std::isnan(t)) distinct.push_back(t);
  }
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  panel.times = distinct;
  panel.periods.resize(distinct.size());
  std::vector<Raw> rows;
  for (uint32_t r = 0; r < table.rows(); ++r) {
    if (accounts.codes[r] < 0 || std::isnan(times[r])) {
      ++panel.missing;
      continue;
    }
    const auto at = std::lower_bound(distinct.begin(), distinct.end(), times[r]) - distinct.begin();
    auto& name = panel.periods[static_cast<size_t>(at)];
    if (name.empty()) name = time.cell_text(r);
    rows.push_back({r, static_cast<uint32_t>(accounts.codes[r]), static_cast<uint32_t>(at), 0, -1});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Raw& a, const Raw& b) { return std::tie(a.account, a.period) < std::tie(b.account, b.period); });
  std::vector<Raw> kept;
  for (const Raw& row : rows) {
    if (!kept.empty() && kept.back().account == row.account && kept.back().period == row.period) {
      kept.back() = row;
      ++panel.repeated;
    } else {
      kept.push_back(row);
    }
  }
  return kept;
}

void check_horizons(const PanelSpec& spec) {
  if (spec.within.empty() && spec.event.empty()) return;
  if (spec.within.empty() || spec.event.empty()) {
    throw Error(ErrorCode::kInvalid,
                "--within and --event belong together: within how many periods which state is reached, as in --event default "
                "--within 3,6,12");
  }
  const bool ascends = std::adjacent_find(spec.within.begin(), spec.within.end(), std::greater_equal<>()) == spec.within.end();
  if (!ascends || spec.within.front() == 0) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("--within {}: ascending numbers of periods from 1 are wanted, as in 3,6,12", fmt::join(spec.within, ",")));
  }
  if (spec.within.size() >= kMostStates) {
    throw Error(ErrorCode::kInvalid, fmt::format("--within: {} horizons; at most {} are allowed", spec.within.size(), kMostStates - 1));
  }
}

// The state that a row reaches, by horizon; -1 where it is not told, and counted.
class Horizons {
 public:
  Horizons(const PanelSpec& spec, size_t known_until) : within_(spec.within), known_until_(known_until) {}
  void add_event(uint32_t account, size_t period) {
    const auto [found, fresh] = first_.try_emplace(account, period);
    if (!fresh) found->second = std::min(found->second, period);
  }
  [[nodiscard]] int state(const Raw& row, Panel& panel) const {
    const auto event = first_.find(row.account);
    if (event != first_.end() && row.period >= event->second) {
      ++panel.gone;
      return -1;
    }
    if (row.period + within_.back() > known_until_) {
      ++panel.unripe;
      return -1;
    }
    if (event == first_.end()) return later();
    const auto found = std::lower_bound(within_.begin(), within_.end(), event->second - row.period);
    return static_cast<int>(found - within_.begin());
  }
  [[nodiscard]] int later() const { return static_cast<int>(within_.size()); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const size_t periods : within_) names.push_back(fmt::format("within_{}", periods));
    names.emplace_back("later");
    return names;
  }

 private:
  const std::vector<size_t>& within_;
  size_t known_until_;
  std::unordered_map<uint32_t, size_t> first_;
};

}  // namespace

Panel make_panel(const Table& table, const PanelSpec& spec) {
  const auto wanted = [](const std::string& value, std::string_view option, std::string_view what) {
    if (value.empty()) throw Error(ErrorCode::kInvalid, fmt::format("a multistate task wants {} COLUMN ({})", option, what));
  };
  wanted(spec.id, "--id", "whose history a row belongs to");
  wanted(spec.time, "--time", "the period of the row");
  if (spec.state.empty()) wanted(spec.target, "--state or --target", "where the account stands, now or a period later");
  check_horizons(spec);
  Panel panel;
  panel.spec = spec;
  panel.source = table.source();
  auto rows = raw_rows(table, spec, panel);

  const KeyCodes now = spec.state.empty() ? KeyCodes{} : key_codes(table.column(spec.state));
  const KeyCodes later = spec.target.empty() ? KeyCodes{} : key_codes(table.column(spec.target));
  const StateNames names({&now, &later});
  panel.states = names.names();
  check_states(table, panel.states, spec.state.empty() ? spec.target : spec.state);
  const std::vector<int> from = names.states(now);
  const std::vector<int> to = names.states(later);
  int commonest = 0;
  if (spec.state.empty()) {
    std::vector<size_t> counts(panel.states.size(), 0);
    for (const int s : to) {
      if (s >= 0) ++counts[static_cast<size_t>(s)];
    }
    commonest = static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
    panel.start_from = panel.states[static_cast<size_t>(commonest)];
  }
  // A target says where the account stands after the row's period, a state where it stands in it.
  Horizons horizons(spec, panel.periods.size() - (spec.target.empty() ? 1 : 0));
  if (panel.has_horizons()) {
    const auto event = std::find(panel.states.begin(), panel.states.end(), spec.event);
    if (event == panel.states.end()) throw unknown_name("--event", spec.event, panel.states);
    for (const Raw& row : rows) {
      if (spec.target.empty() ? from[row.row] == event - panel.states.begin() : to[row.row] == event - panel.states.begin()) {
        horizons.add_event(row.account, row.period + (spec.target.empty() ? 0U : 1U));
      }
    }
    panel.states = horizons.names();
    panel.start_from.clear();
  }
  std::unordered_map<uint32_t, uint32_t> accounts;
  for (size_t i = 0; i < rows.size(); ++i) {
    Raw& row = rows[i];
    row.from = spec.state.empty() ? commonest : from[row.row];
    if (panel.has_horizons() && row.from >= 0 && (spec.target.empty() || to[row.row] >= 0)) {
      row.from = horizons.later();
      row.to = horizons.state(row, panel);
      if (row.to < 0) continue;
    } else if (!spec.target.empty()) {
      row.to = to[row.row];
    } else if (i + 1 < rows.size() && rows[i + 1].account == row.account && rows[i + 1].period == row.period + 1) {
      row.to = from[rows[i + 1].row];
    } else if (row.from >= 0) {
      ++panel.last;
      continue;
    }
    if (row.from < 0 || row.to < 0) {
      ++panel.missing;
      continue;
    }
    panel.rows.push_back(row.row);
    panel.account.push_back(accounts.try_emplace(row.account, static_cast<uint32_t>(accounts.size())).first->second);
    panel.period.push_back(row.period);
    panel.from.push_back(static_cast<uint8_t>(row.from));
    panel.to.push_back(static_cast<uint8_t>(row.to));
  }
  panel.accounts = accounts.size();
  if (panel.rows.empty()) {
    throw Error(ErrorCode::kData,
                fmt::format("{}: no row has an account, a period, a state and a next state{}", table.source(),
                            panel.has_horizons() ? fmt::format(" that is known {} periods ahead; give shorter horizons", spec.within.back()) : ""));
  }

  const std::set<std::string> roles{spec.id, spec.time, panel.has_horizons() ? "" : spec.state, spec.target};
  for (const auto& name : spec.features) (void)table.column(name);
  for (const auto& name : spec.ignore) (void)table.column(name);
  for (const Column& column : table.columns()) {
    const auto listed = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), column.name()) != list.end(); };
    if (roles.contains(column.name()) || listed(spec.ignore) || (!spec.features.empty() && !listed(spec.features))) continue;
    panel.features.push_back(column.name());
  }
  if (panel.features.empty()) throw Error(ErrorCode::kData, fmt::format("{}: no column is left to learn from", table.source()));
  return panel;
}

Json panel_json(const Panel& panel) {
  Json transitions = Json::array();
  std::vector<size_t> counts(panel.states.size() * panel.states.size(), 0);
  for (size_t i = 0; i < panel.size(); ++i) ++counts[panel.from[i] * panel.states.size() + panel.to[i]];
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    transitions.push_back({{"from", panel.states[i / panel.states.size()]}, {"to", panel.states[i % panel.states.size()]}, {"rows", counts[i]}});
  }
  Json json{{"kind", task_kind_name(TaskKind::kMultistate)},
            {"id", panel.spec.id},
            {"time", panel.spec.time},
            {"states", panel.states},
            {"rows", panel.size()},
            {"accounts", panel.accounts},
            {"periods", panel.periods.size()},
            {"transitions", std::move(transitions)},
            {"features", panel.features}};
  if (!panel.spec.state.empty()) json["state"] = panel.spec.state;
  if (!panel.spec.target.empty()) json["target"] = panel.spec.target;
  if (!panel.start_from.empty()) json["start"] = panel.start_from;
  if (panel.has_horizons()) {
    json["event"] = panel.spec.event;
    json["within"] = panel.spec.within;
  }
  return json;
}

std::vector<PanelFold> account_folds(const Panel& panel, size_t folds, uint64_t seed) {
  if (panel.accounts < 2 * folds) {
    throw Error(ErrorCode::kData, fmt::format("{}: {} accounts are too few for {} folds; give a smaller --cv", panel.source, panel.accounts, folds));
  }
  Random random(seed, "account folds");
  const auto order = random.permutation(panel.accounts);
  std::vector<size_t> part(panel.accounts);
  std::vector<char> held(panel.accounts);
  for (size_t i = 0; i < order.size(); ++i) {
    part[order[i]] = i % folds;
    held[order[i]] = static_cast<char>((i / folds) % kHeldBackParts == 0);
  }
  std::vector<PanelFold> out(folds);
  for (uint32_t i = 0; i < panel.size(); ++i) {
    for (size_t f = 0; f < folds; ++f) {
      if (part[panel.account[i]] == f) {
        out[f].test.push_back(i);
      } else {
        if (held[panel.account[i]] != 0) out[f].held_back.push_back(static_cast<uint32_t>(out[f].train.size()));
        out[f].train.push_back(i);
      }
    }
  }
  return out;
}

PanelFold out_of_time(const Panel& panel, const std::string& cutoff) {
  double first_test = 0;
  if (!cutoff.empty()) {
    const auto number = number_of(cutoff);
    const auto date = parse_date(cutoff);
    if (!number && !date) throw Error(ErrorCode::kInvalid, fmt::format("--cutoff {}: a number or a date such as 2014-02-01 is wanted", cutoff));
    first_test = number ? *number : static_cast<double>(*date);
  } else {
    std::vector<uint32_t> periods = panel.period;
    std::sort(periods.begin(), periods.end());
    first_test = panel.times[periods[static_cast<size_t>(0.7 * static_cast<double>(periods.size()))]];
  }
  PanelFold fold;
  std::set<uint32_t> trained;
  const auto first_period = static_cast<size_t>(std::lower_bound(panel.times.begin(), panel.times.end(), first_test) - panel.times.begin());
  for (uint32_t i = 0; i < panel.size(); ++i) {
    if (panel.period[i] >= first_period) {
      fold.test.push_back(i);
    } else if (!panel.has_horizons() || panel.period[i] + panel.spec.within.back() <= first_period) {
      fold.train.push_back(i);
      trained.insert(panel.period[i]);
    }
  }
  if (fold.train.empty() || fold.test.empty()) {
    throw Error(ErrorCode::kData,
                fmt::format("{}: no row {} the cut-off; the periods run from {} to {}", panel.source,
                            fold.train.empty() ? (panel.has_horizons() ? "has its last horizon over before" : "lies before") : "lies at or after",
                            panel.periods.front(), panel.periods.back()));
  }
  const std::vector<uint32_t> ordered(trained.begin(), trained.end());
  const uint32_t first_held = ordered[ordered.size() - std::max<size_t>(1, ordered.size() / kHeldBackParts)];
  for (uint32_t t = 0; t < fold.train.size() && ordered.size() > 1; ++t) {
    if (panel.period[fold.train[t]] >= first_held) fold.held_back.push_back(t);
  }
  return fold;
}

std::vector<uint8_t> seen_transitions(const Panel& panel, const std::vector<uint32_t>& train) {
  const size_t states = panel.states.size();
  std::vector<uint8_t> seen(states * states, 0);
  for (const uint32_t i : train) seen[panel.from[i] * states + panel.to[i]] = 1;
  for (size_t s = 0; s < states; ++s) {
    const auto row = seen.begin() + static_cast<std::ptrdiff_t>(s * states);
    if (std::count(row, row + static_cast<std::ptrdiff_t>(states), 1) == 0) std::fill_n(row, states, uint8_t{1});
  }
  return seen;
}

}  // namespace obligor
