#include "emit/proof/reconcile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr size_t kMostValues = 200;  // tried for one missing or unseen cell
constexpr size_t kMostPairs = 2'000;
constexpr double kSmall = 1e-4;  // of the score: sums and leaves in another precision

bool has_decimals(double value, double unit) {
  const double units = value / unit;
  return std::fabs(units - std::round(units)) <= 1e-3 && std::fabs(value) < 1e6;
}

// The coarsest of 1, 0.1, .. 0.0001 that all values are multiples of; 0: none.
double unit_of(std::span<const float> values) {
  for (const double unit : {1.0, 0.1, 0.01, 0.001, 0.0001}) {
    if (std::all_of(values.begin(), values.end(), [&](float value) { return std::isnan(value) || has_decimals(static_cast<double>(value), unit); }))
      return unit;
  }
  return 0;
}

}  // namespace

// A cell as the plan is given it.
struct Reconciler::Case {
  struct Cell {
    float number = kNaN;
    bool has_word = false;
    std::string word;
  };
  uint64_t row = 0;
  float plan = 0;
  float given = 0;
  std::vector<Cell> cells;
};

struct Reconciler::Trial {
  size_t input = 0;
  Case::Cell cell;
  std::string cause;
  std::string detail;
  double distance = 0;  // the nearest of the trials that fit is taken
  bool strong = false;  // worth trying with another
  int64_t with = -1;    // another trial at the same time
};

Reconciler::Reconciler(const ScorePlan& plan, ReconcileOptions options)
    : plan_(plan), options_(std::move(options)), executor_(plan), looked_at_(looked_at(plan)) {
  if (!plan.find_output(options_.output)) {
    std::vector<std::string> names;
    for (const auto& output : plan.outputs) names.push_back(output.name);
    throw unknown_name("output", options_.output, names);
  }
  size_t tables = 0;
  for (const Node& node : plan.nodes) {
    if (node.op != Op::kLookUp) continue;
    const auto& table = plan.constants[node.constants[0]].floats();
    const double unit = unit_of(table);
    table_unit_ = tables == 0 ? unit : unit == 0 || table_unit_ == 0 ? 0 : std::min(unit, table_unit_);
    ++tables;
  }
  parts_ = std::max<size_t>(1, tables);
  found_.output = options_.output;
  found_.tolerance = options_.tolerance;
}

Reconciler::~Reconciler() = default;

bool Reconciler::same(double plan, double given) const {
  if (std::isnan(plan) || std::isnan(given)) return std::isnan(plan) && std::isnan(given);
  if (std::isinf(plan) || std::isinf(given)) return plan == given;
  return std::fabs(plan - given) <= options_.tolerance * (1 + std::fabs(given));
}

void Reconciler::check(const InputBatch& batch, uint64_t first_row, std::span<const float> given) {
  const std::vector<std::string> wanted{options_.output};
  const auto values = executor_.run(batch, wanted);
  if (values[0].width != 1)
    throw Error(ErrorCode::kInvalid, fmt::format("the output '{}' is {} numbers wide; one is compared", options_.output, values[0].width));
  constexpr std::array<double, 5> kUnits{1.0, 0.1, 0.01, 0.001, 0.0001};
  for (size_t r = 0; r < batch.rows; ++r) {
    const float plan = values[0].numbers[r];
    const auto a = static_cast<double>(plan);
    const auto b = static_cast<double>(given[r]);
    ++found_.rows;
    if (std::isfinite(b)) {
      for (size_t u = 0; u < whole_.size(); ++u) whole_[u] = whole_[u] && has_decimals(b, kUnits[u]);
    }
    if (std::isfinite(a) && std::isfinite(b)) {
      found_.largest = std::max(found_.largest, std::fabs(a - b));
      const std::array<double, 5> terms{a, b, a * a, a * b, b * b};
      for (size_t i = 0; i < terms.size(); ++i) sums_[i] += terms[i];
      ++both_;
    }
    if (same(a, b)) continue;
    ++found_.differing;
    if (cases_.size() >= options_.most) continue;
    Case& one = cases_.emplace_back();
    one.row = first_row + r;
    one.plan = plan;
    one.given = given[r];
    for (size_t c = 0; c < batch.columns.size(); ++c) {
      const InputColumn& column = batch.columns[c];
      Case::Cell& cell = one.cells.emplace_back();
      if (plan_.inputs[c].kind == InputKind::kNumber) {
        cell.number = column.numbers[r];
      } else if (column.codes[r] >= 0) {
        cell.has_word = true;
        cell.word = (*column.dictionary)[static_cast<size_t>(column.codes[r])];
      }
    }
  }
}

void Reconciler::number_trials(const Case& one, size_t input, std::vector<Trial>& made) const {
  const float x = one.cells[input].number;
  const auto& bounds = looked_at_.thresholds[input];
  const std::string& name = plan_.inputs[input].name;
  const auto add = [&](float value, std::string cause, std::string detail, double distance, bool strong) {
    made.push_back({input, {value, false, {}}, std::move(cause), std::move(detail), distance, strong, -1});
  };
  if (std::isnan(x)) {
    const size_t step = std::max<size_t>(1, bounds.size() / (kMostValues / 2));
    for (size_t i = 0; i < bounds.size(); i += step) {
      if (i == 0) {
        add(std::nextafter(bounds[i], -kInfinity), "missing", fmt::format("{} is missing; the other reads a value below {:g}", name, bounds[i]), 0,
            true);
      }
      add(std::nextafter(bounds[i], kInfinity), "missing", fmt::format("{} is missing; the other reads a value above {:g}", name, bounds[i]), 0,
          true);
    }
    add(0, "missing", fmt::format("{} is missing; the other reads 0", name), 0, true);
    return;
  }
  add(kNaN, "missing", fmt::format("{} is {:g}; the other reads it as missing", name, x), 0, false);
  // The two bounds nearest on each side, and just beyond them.
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), x);
  const auto first = at - std::min<std::ptrdiff_t>(2, at - bounds.begin());
  const auto last = at + std::min<std::ptrdiff_t>(3, bounds.end() - at);
  for (auto bound = first; bound != last; ++bound) {
    const float below = std::nextafter(*bound, -kInfinity);
    const float above = std::nextafter(*bound, kInfinity);
    const bool touches = x >= below && x <= above;
    const double distance = std::fabs(static_cast<double>(x) - static_cast<double>(*bound));
    std::string detail = touches ? fmt::format("{} is {:.9g}, at the bound {:.9g}; the other has it on the other side", name, x, *bound)
                                 : fmt::format("{} is {:.9g}, {:.2g} from the bound {:.9g}; the other has it beyond", name, x, distance, *bound);
    for (const float value : {below, *bound, above}) {
      if (value != x) add(value, touches ? "threshold side" : "threshold", detail, distance, touches);
    }
  }
}

void Reconciler::string_trials(const Case& one, size_t input, std::vector<Trial>& made) const {
  const Case::Cell& cell = one.cells[input];
  const auto& words = looked_at_.words[input];
  const std::string& name = plan_.inputs[input].name;
  const bool listed = cell.has_word && std::binary_search(words.begin(), words.end(), cell.word);
  const auto add = [&](Case::Cell other, std::string cause, std::string detail, double distance) {
    made.push_back({input, std::move(other), std::move(cause), std::move(detail), distance, !listed, -1});
  };
  std::string unseen = "never seen";
  while (std::binary_search(words.begin(), words.end(), unseen)) unseen += '!';
  if (!cell.has_word) {
    add({kNaN, true, unseen}, "missing", fmt::format("{} is missing; the other reads a string that no bin lists", name), 0);
  } else {
    add({kNaN, false, {}}, listed ? "missing" : "unseen category",
        listed ? fmt::format("{} is '{}'; the other reads it as missing", name, cell.word)
               : fmt::format("{} is '{}', which the plan does not list; the other takes it as missing", name, cell.word),
        0);
    if (listed) add({kNaN, true, unseen}, "unseen category", fmt::format("{} is '{}', which the other does not list", name, cell.word), 1);
  }
  if (listed) return;
  for (size_t i = 0; i < std::min(words.size(), kMostValues); ++i) {
    add({kNaN, true, words[i]}, cell.has_word ? "unseen category" : "missing",
        cell.has_word ? fmt::format("{} is '{}', which the plan does not list; the other takes it as '{}'", name, cell.word, words[i])
                      : fmt::format("{} is missing; the other reads '{}'", name, words[i]),
        2);
  }
}

std::vector<Reconciler::Trial> Reconciler::trials(const Case& one) const {
  std::vector<Trial> made;
  for (size_t c = 0; c < plan_.inputs.size(); ++c) {
    if (plan_.inputs[c].kind == InputKind::kNumber) number_trials(one, c, made);
    else string_trials(one, c, made);
  }
  const size_t singles = made.size();
  size_t pairs = 0;
  for (size_t i = 0; i < singles; ++i) {
    for (size_t j = i + 1; j < singles && pairs < kMostPairs; ++j) {
      if (!made[i].strong || !made[j].strong || made[i].input == made[j].input) continue;
      Trial both = made[i];
      both.with = static_cast<int64_t>(j);
      both.detail += "; and " + made[j].detail;
      both.distance = 1e9;  // one change explains better than two
      made.push_back(std::move(both));
      ++pairs;
    }
  }
  return made;
}

std::vector<float> Reconciler::scores(const Case& one, std::span<const Trial> tried) const {
  RawRows rows;
  rows.rows = tried.size();
  for (size_t c = 0; c < plan_.inputs.size(); ++c) {
    auto& numbers = rows.numbers.emplace_back();
    auto& codes = rows.codes.emplace_back();
    auto& words = rows.dictionaries.emplace_back();
    if (plan_.inputs[c].kind == InputKind::kCategory) words.emplace_back("-");  // so that it is known for a category
    for (const Trial& trial : tried) {
      const Case::Cell* cell = &one.cells[c];
      if (trial.input == c) cell = &trial.cell;
      else if (trial.with >= 0 && tried[static_cast<size_t>(trial.with)].input == c) cell = &tried[static_cast<size_t>(trial.with)].cell;
      if (plan_.inputs[c].kind == InputKind::kNumber) {
        numbers.push_back(cell->number);
      } else if (!cell->has_word) {
        codes.push_back(-1);
      } else {
        codes.push_back(static_cast<int32_t>(words.size()));
        words.push_back(cell->word);
      }
    }
  }
  const std::vector<std::string> wanted{options_.output};
  return executor_.run(rows.batch(0, rows.rows), wanted)[0].numbers;
}

// How far two scores may be apart when one of them is rounded: the given one as a whole, or the plan's points one by one.
double Reconciler::rounding() const {
  constexpr std::array<double, 5> kUnits{1.0, 0.1, 0.01, 0.001, 0.0001};
  double most = 0;
  for (size_t u = 0; u < whole_.size(); ++u) {
    if (!whole_[u]) continue;
    most = kUnits[u] / 2;
    break;
  }
  if (options_.output == "points") most = std::max(most, table_unit_ / 2 * static_cast<double>(parts_ + 1));
  return most * 1.001;
}

void Reconciler::explain(const Case& one, RowDifference& difference) const {
  const double apart = std::fabs(difference.plan - difference.given);
  const double open = std::max(rounding(), kSmall * std::fabs(difference.given));
  if (apart <= open) {
    difference.cause = "rounding";
    difference.detail = fmt::format("{:.2g} apart; decimals and precision leave {:.2g} open", apart, open);
    return;
  }
  const auto tried = trials(one);
  const auto found = scores(one, tried);
  const Trial* best = nullptr;
  for (size_t i = 0; i < tried.size(); ++i) {
    const auto score = static_cast<double>(found[i]);
    const bool fits = same(score, difference.given) || std::fabs(score - difference.given) <= open;
    if (fits && (best == nullptr || tried[i].distance < best->distance)) best = &tried[i];
  }
  if (best == nullptr) {
    difference.cause = "unexplained";
    difference.detail = "no input read in another way gives the other's score";
    return;
  }
  difference.cause = best->cause;
  difference.input = plan_.inputs[best->input].name;
  difference.detail = best->detail;
}

Reconciliation Reconciler::finish() {
  std::map<std::string, uint64_t, std::less<>> counts;
  for (const Case& one : cases_) {
    RowDifference difference;
    difference.row = one.row;
    difference.plan = static_cast<double>(one.plan);
    difference.given = static_cast<double>(one.given);
    explain(one, difference);
    ++counts[difference.cause];
    found_.differences.push_back(std::move(difference));
  }
  found_.causes.assign(counts.begin(), counts.end());
  std::stable_sort(found_.causes.begin(), found_.causes.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  // One line through all scores: another scale of the points, the log-odds of good instead of bad, another base.
  if (found_.differing > 0 && both_ >= 3) {
    const auto n = static_cast<double>(both_);
    const double varied = sums_[2] - sums_[0] * sums_[0] / n;
    const double together = sums_[3] - sums_[0] * sums_[1] / n;
    const double other = sums_[4] - sums_[1] * sums_[1] / n;
    if (varied > 0 && other > 0 && together * together / (varied * other) > 1 - 1e-8) {
      const double slope = together / varied;
      found_.relation = fmt::format("given = {:.6g} + {:.6g} x plan", (sums_[1] - slope * sums_[0]) / n, slope);
    }
  }
  return std::move(found_);
}

Json reconciliation_json(const Reconciliation& found) {
  Json causes = Json::object();
  for (const auto& [cause, count] : found.causes) causes[cause] = count;
  Json rows = Json::array();
  for (const RowDifference& one : found.differences) {
    rows.push_back({{"row", one.row},
                    {"plan", one.plan},
                    {"given", one.given},
                    {"difference", one.plan - one.given},
                    {"cause", one.cause},
                    {"input", one.input.empty() ? Json() : Json(one.input)},
                    {"detail", one.detail}});
  }
  return {{"output", found.output},   {"tolerance", found.tolerance},
          {"rows", found.rows},       {"differing", found.differing},
          {"largest", found.largest}, {"relation", found.relation.empty() ? Json() : Json(found.relation)},
          {"causes", causes},         {"differences", rows}};
}

}  // namespace obligor
