#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/date.h"
#include "core/error.h"
#include "prep/binning/fit.h"

namespace obligor::binning {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Choice {
  std::vector<uint32_t> ends;
  BinTrend trend = BinTrend::kNone;
  std::string note;
};

Shape shape_of(BinTrend trend) {
  switch (trend) {
    case BinTrend::kAscending: return Shape::kUp;
    case BinTrend::kDescending: return Shape::kDown;
    case BinTrend::kPeak: return Shape::kPeak;
    case BinTrend::kValley: return Shape::kValley;
    default: return Shape::kFree;
  }
}

struct Candidate {
  Solution solution;
  BinTrend trend = BinTrend::kNone;
};

Candidate better_of(const Search& search, BinTrend first, BinTrend second) {
  Candidate a{search.solve(shape_of(first)), first};
  Candidate b{search.solve(shape_of(second)), second};
  if (!a.solution.found || (b.solution.found && b.solution.value > a.solution.value)) return b;
  return a;
}

Candidate solve(const Search& search, const BinningSpec& spec) {
  if (spec.trend != BinTrend::kMonotone && spec.trend != BinTrend::kAuto) return {search.solve(shape_of(spec.trend)), spec.trend};
  Candidate straight = better_of(search, BinTrend::kAscending, BinTrend::kDescending);
  if (spec.trend == BinTrend::kMonotone) return straight;
  Candidate turned = better_of(search, BinTrend::kPeak, BinTrend::kValley);
  if (!turned.solution.found) return straight;
  const double bar = straight.solution.value * (1 + spec.turn_gain) + 1e-12;
  return straight.solution.found && turned.solution.value <= bar ? straight : turned;
}

[[noreturn]] void throw_conflict(const Frame& frame, const Problem& problem, BinTrend trend) {
  // For `monotone` and `auto` no order is possible at all, so either serves to say why.
  const bool any = trend == BinTrend::kMonotone || trend == BinTrend::kAuto;
  const Shape shape = any ? Shape::kUp : shape_of(trend);
  const auto names = conflict(problem, shape);
  throw Error(ErrorCode::kData,
              fmt::format("column '{}': no binning meets {}{} with its {} pre-bins; loosen {}", frame.name, fmt::join(names, " and "),
                          names.size() > 1 ? " together" : "", problem.cells.size(), names.size() > 1 ? "one of them" : "it"));
}

Choice choose(const Frame& frame, std::vector<Cell> cells, std::vector<uint8_t> fixed, const Totals& totals, const BinningSpec& spec) {
  Choice choice;
  Cell valued;
  for (const Cell& cell : cells) valued.add(cell);
  if (valued.count <= 0) {
    choice.note = "no values";
    return choice;
  }
  Problem problem;
  problem.cells = std::move(cells);
  problem.fixed = std::move(fixed);
  problem.totals = totals;
  problem.divergence = spec.divergence;
  problem.limits = {spec.min_bins,
                    spec.max_bins,
                    spec.min_share * totals.count,
                    spec.max_share < 1 ? spec.max_share * totals.count : 0,
                    totals.continuous ? 0 : spec.min_events,
                    totals.continuous ? 0 : spec.min_non_events,
                    spec.min_difference,
                    spec.max_p_value};
  const Limits& limits = problem.limits;
  const auto whole = static_cast<uint32_t>(problem.cells.size());
  if (spec.min_bins <= 1) {
    std::string short_of;
    if (valued.count < limits.min_count) {
      short_of = fmt::format("{:.2g} % of the rows, below the minimum of {:g} %", 100 * valued.count / totals.count, 100 * spec.min_share);
    } else if (!totals.continuous && valued.events < limits.min_events) {
      short_of = fmt::format("{:g} events, below the minimum of {:g}", valued.events, limits.min_events);
    } else if (!totals.continuous && valued.count - valued.events < limits.min_non_events) {
      short_of = fmt::format("{:g} non-events, below the minimum of {:g}", valued.count - valued.events, limits.min_non_events);
    }
    if (!short_of.empty()) {
      choice.ends = {whole};
      choice.note = "all values have " + short_of;
      return choice;
    }
  }
  const Search search(problem);
  const Candidate best = solve(search, spec);
  if (!best.solution.found) throw_conflict(frame, problem, spec.trend);
  choice.ends = best.solution.ends;
  choice.trend = best.trend;
  if (whole == 1) choice.note = "one value";
  return choice;
}

// The measured part of a row: everything but its label.
BinRow measured(BinKind kind, const Cell& cell, const Totals& totals, const Frame& frame) {
  BinRow row;
  row.kind = kind;
  row.rows = cell.rows;
  row.count = cell.count;
  row.share = cell.count / totals.count;
  if (totals.continuous) {
    row.event_rate = cell.events / cell.count + frame.offset;
    row.deviation = cell.count > 1 ? std::sqrt(std::max(0.0, cell.square - cell.events * cell.events / cell.count) / (cell.count - 1)) : 0;
    row.woe = cell.sum / cell.count - totals.mean;
    row.chi2 = gain(BinDivergence::kChiSquare, cell, totals);
    return row;
  }
  row.events = cell.events;
  row.event_rate = cell.events / cell.count;
  row.woe = woe_of(shares(cell.count, cell.sum, totals));
  row.iv = gain(BinDivergence::kIv, cell, totals);
  row.js = gain(BinDivergence::kJensenShannon, cell, totals);
  row.hellinger = gain(BinDivergence::kHellinger, cell, totals);
  row.chi2 = gain(BinDivergence::kChiSquare, cell, totals);
  return row;
}

// Gini and KS of the WoE as a score: bins by falling event rate, ties count half.
void discrimination(BinningTable& table) {
  std::vector<const BinRow*> order;
  for (const BinRow& row : table.bins) order.push_back(&row);
  std::sort(order.begin(), order.end(), [](const BinRow* a, const BinRow* b) { return a->woe < b->woe; });
  const double bads = table.events;
  const double goods = table.count - table.events;
  double bad = 0;
  double good = 0;
  double area = 0;
  for (size_t i = 0; i < order.size();) {
    double b = 0;
    double g = 0;
    for (const double woe = order[i]->woe; i < order.size() && order[i]->woe == woe; ++i) {
      b += order[i]->events;
      g += order[i]->count - order[i]->events;
    }
    area += g * (bad + b / 2);
    bad += b;
    good += g;
    table.ks = std::max(table.ks, std::fabs(bad / bads - good / goods));
  }
  table.gini = 2 * area / (bads * goods) - 1;
}

BinningTable table_of(const Frame& frame, const Totals& totals, const Cell& all) {
  BinningTable table;
  table.name = frame.name;
  table.continuous = totals.continuous;
  table.rows = all.rows;
  table.count = all.count;
  table.events = totals.continuous ? 0 : all.events;
  table.event_rate = totals.mean + frame.offset;
  return table;
}

void sum_up(BinningTable& table) {
  for (const BinRow& row : table.bins) {
    table.iv += row.iv;
    table.js += row.js;
    table.hellinger += row.hellinger;
    table.chi2 += row.chi2;
  }
  if (!table.continuous) discrimination(table);
}

void give_p_values(BinningTable& table, const std::vector<Cell>& cells, bool continuous) {
  for (size_t b = 0; b + 1 < cells.size(); ++b) {
    table.bins[b].p_value = continuous ? mean_p_value(cells[b], cells[b + 1]) : rate_p_value(cells[b], cells[b + 1]);
  }
}

std::string range_label(float low, float high, bool date) {
  if (std::isinf(low) && std::isinf(high)) return "all values";
  if (std::isinf(low)) return "< " + bound_text(high, date);
  if (std::isinf(high)) return ">= " + bound_text(low, date);
  return fmt::format("[{}, {})", bound_text(low, date), bound_text(high, date));
}

// The cut that opens a bin, between the greatest value before and the smallest of the bin.
float cut_between(float before, float from, bool midpoint) {
  from += 0.0F;
  if (from == kInfinity) from = std::numeric_limits<float>::max();
  if (!midpoint || std::isinf(before)) return from;
  const auto middle = static_cast<float>((static_cast<double>(before) + static_cast<double>(from)) / 2);
  return middle > before ? middle : from;
}

}  // namespace

std::string bound_text(float x, bool date) { return date ? day_text(static_cast<double>(x)) : fmt::format("{}", x); }

std::vector<float> special_codes_of(const BinningSpec& spec) {
  std::vector<float> codes;
  for (const float code : spec.special_codes) codes.push_back(code + 0.0F);
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return codes;
}

Grouping grouping_of(const BinningSpec& spec, double all_count) {
  Grouping how;
  const auto bins = static_cast<size_t>(spec.max_prebins);
  how.fineness = 16 * bins;
  if (spec.prebins != PrebinMethod::kQuantile) how.tree_bins = spec.prebins == PrebinMethod::kBoth ? bins - bins / 2 : bins;
  how.leaf = (spec.min_prebin_share < 0 ? spec.min_share : spec.min_prebin_share) * all_count;
  return how;
}

std::vector<float> prebin_cuts(std::span<const Group> groups, const BinningSpec& spec, double all_count) {
  std::vector<float> cuts = spec.fixed_splits;
  const auto bins = static_cast<size_t>(spec.max_prebins);
  if (!spec.candidates.empty()) {
    cuts.insert(cuts.end(), spec.candidates.begin(), spec.candidates.end());
  } else if (groups.size() <= bins) {
    const auto all = quantile_cuts(groups, bins);
    cuts.insert(cuts.end(), all.begin(), all.end());
  } else {
    size_t left = bins;
    if (spec.prebins != PrebinMethod::kQuantile) {
      const Grouping how = grouping_of(spec, all_count);
      const auto found = tree_cuts(groups, how.tree_bins, how.leaf);
      cuts.insert(cuts.end(), found.begin(), found.end());
      left = bins - found.size();
    }
    if (spec.prebins != PrebinMethod::kTree) {
      const auto found = quantile_cuts(groups, left);
      cuts.insert(cuts.end(), found.begin(), found.end());
    }
  }
  for (float& cut : cuts) cut += 0.0F;
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

void check_totals(const Frame& frame, const Cell& all) {
  if (all.count <= 0) throw Error(ErrorCode::kData, fmt::format("column '{}': no rows of positive weight to bin", frame.name));
  if (!frame.continuous && (all.events <= 0 || all.events >= all.count)) {
    throw Error(ErrorCode::kData, fmt::format("column '{}': the target has one class only ({} of {:g} rows are bad); binning needs both", frame.name,
                                              all.events <= 0 ? "none" : "all", all.rows));
  }
}

Binning finish_number(const Frame& frame, const Counter& counter, const std::vector<float>& specials, const BinningSpec& spec) {
  Cell all;
  for (const Cell& cell : counter.cells()) all.add(cell);
  check_totals(frame, all);
  const Totals totals = totals_of(all, frame.continuous);
  const size_t n = counter.prebins();
  std::vector<Cell> cells(counter.cells().begin(), counter.cells().begin() + static_cast<int64_t>(n));
  std::vector<uint8_t> fixed(n + 1, 0);
  std::vector<uint8_t> given(n + 1, 0);
  for (size_t c = 0; c < counter.cuts().size(); ++c) {
    const auto is_in = [&](const std::vector<float>& list) { return std::find(list.begin(), list.end(), counter.cuts()[c]) != list.end(); };
    fixed[c + 1] = is_in(spec.fixed_splits) ? 1 : 0;
    given[c + 1] = fixed[c + 1] != 0 || is_in(spec.candidates) ? 1 : 0;
  }
  const auto distinct = static_cast<int>(std::count_if(cells.begin(), cells.end(), [](const Cell& cell) { return cell.count > 0; }));
  const Choice choice = choose(frame, cells, std::move(fixed), totals, spec);

  Binning::Parts parts;
  parts.specials = specials;
  BinningTable& table = parts.table;
  table = table_of(frame, totals, all);
  table.date = frame.date;
  table.trend = choice.trend;
  table.note = distinct == 1 && choice.note.empty() ? "one value" : choice.note;
  table.prebins = distinct;
  std::vector<Cell> bins;
  float before = -kInfinity;
  size_t begin = 0;
  for (const uint32_t end : choice.ends) {
    Cell cell;
    float lowest = kInfinity;
    float highest = -kInfinity;
    for (size_t k = begin; k < end; ++k) {
      cell.add(cells[k]);
      lowest = std::min(lowest, counter.lowest(k));
      highest = std::max(highest, counter.highest(k));
    }
    if (begin > 0) parts.splits.push_back(given[begin] != 0 ? counter.cuts()[begin - 1] : cut_between(before, lowest, spec.midpoints));
    bins.push_back(cell);
    before = highest;
    begin = end;
  }
  for (size_t b = 0; b < bins.size(); ++b) {
    BinRow row = measured(BinKind::kRange, bins[b], totals, frame);
    row.low = -kInfinity;
    row.high = kInfinity;
    if (b > 0) row.low = parts.splits[b - 1];
    if (b + 1 < bins.size()) row.high = parts.splits[b];
    row.label = range_label(row.low, row.high, frame.date);
    parts.woe.push_back(static_cast<float>(row.woe));
    table.bins.push_back(std::move(row));
  }
  if (bins.empty()) parts.woe.push_back(0.0F);  // values that training did not see
  give_p_values(table, bins, frame.continuous);
  const auto apart = [&](BinKind kind, const Cell& cell, float code, std::string label) {
    parts.woe.push_back(0.0F);
    if (cell.count <= 0) return;
    BinRow row = measured(kind, cell, totals, frame);
    row.low = row.high = code;
    row.label = std::move(label);
    parts.woe.back() = static_cast<float>(row.woe);
    table.bins.push_back(std::move(row));
  };
  apart(BinKind::kMissingValues, counter.missing(), kMissing, "missing");
  for (size_t s = 0; s < specials.size(); ++s)
    apart(BinKind::kSpecialCode, counter.special(s), specials[s], "special " + bound_text(specials[s], frame.date));
  sum_up(table);
  return Binning(std::move(parts));
}

Binning finish_category(const Frame& frame, const std::vector<Cell>& levels, const Cell& missing, const std::vector<std::string>& dictionary,
                        const BinningSpec& spec) {
  Cell all = missing;
  for (const Cell& cell : levels) all.add(cell);
  check_totals(frame, all);
  const Totals totals = totals_of(all, frame.continuous);
  const OrderedLevels ordered = order_levels(levels, dictionary, spec, all.count);
  std::vector<Cell> cells(ordered.starts.size());
  for (size_t k = 0; k < cells.size(); ++k) {
    const size_t end = k + 1 < cells.size() ? ordered.starts[k + 1] : ordered.levels.size();
    for (size_t l = ordered.starts[k]; l < end; ++l) cells[k].add(ordered.levels[l].cell);
  }
  BinningSpec free = spec;
  free.trend = BinTrend::kNone;
  const Choice choice = choose(frame, cells, {}, totals, free);

  Binning::Parts parts;
  BinningTable& table = parts.table;
  table = table_of(frame, totals, all);
  table.categorical = true;
  table.note = choice.note;
  table.prebins = static_cast<int>(cells.size());
  table.prior_weight = ordered.prior_weight;
  if (table.note.empty() && std::isinf(ordered.prior_weight) && ordered.levels.size() > 1) table.note = "levels differ no more than by chance";
  std::vector<Cell> bins;
  int32_t unseen = -1;
  size_t begin = 0;
  for (const uint32_t end : choice.ends) {
    Cell cell;
    for (size_t k = begin; k < end; ++k) cell.add(cells[k]);
    BinRow row = measured(BinKind::kLevels, cell, totals, frame);
    const size_t last = end < cells.size() ? ordered.starts[end] : ordered.levels.size();
    for (size_t l = ordered.starts[begin]; l < last; ++l) {
      const Level& level = ordered.levels[l];
      if (level.pooled) {
        unseen = static_cast<int32_t>(bins.size());
        continue;
      }
      row.levels.push_back(dictionary[level.code]);
      parts.levels.push_back(dictionary[level.code]);
      parts.level_codes.push_back(static_cast<int32_t>(bins.size()));
    }
    std::sort(row.levels.begin(), row.levels.end());
    row.label = fmt::format("{}", fmt::join(row.levels, ", "));
    if (unseen == static_cast<int32_t>(bins.size())) {
      row.label += fmt::format("{}other ({} rare)", row.levels.empty() ? "" : ", ", ordered.rare.size());
    }
    parts.woe.push_back(static_cast<float>(row.woe));
    table.bins.push_back(std::move(row));
    bins.push_back(cell);
    begin = end;
  }
  if (bins.empty()) parts.woe.push_back(0.0F);
  give_p_values(table, bins, frame.continuous);
  parts.woe.push_back(0.0F);  // missing
  if (missing.count > 0) {
    BinRow row = measured(BinKind::kMissingValues, missing, totals, frame);
    row.label = "missing";
    parts.woe.back() = static_cast<float>(row.woe);
    table.bins.push_back(std::move(row));
  }
  if (unseen < 0) {
    unseen = static_cast<int32_t>(parts.woe.size());
    parts.woe.push_back(0.0F);
  }
  parts.unseen = unseen;
  sum_up(table);
  return Binning(std::move(parts));
}

}  // namespace obligor::binning
