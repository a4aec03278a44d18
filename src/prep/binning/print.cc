#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/date.h"
#include "prep/binning/binning.h"

namespace obligor {
namespace {

constexpr size_t kLabelWidth = 44;
constexpr double kBarWidth = 16;

size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// At most `width` characters, cut at a character's border.
std::string fitted(std::string_view text, size_t width) {
  if (width_of(text) <= width) return std::string(text) + std::string(width - width_of(text), ' ');
  std::string result;
  size_t taken = 0;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (starts && ++taken == width) break;
    result += c;
  }
  return result + "…";
}

std::string bar(double share) {
  constexpr std::array<std::string_view, 8> kParts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kBarWidth * 8));
  std::string result;
  for (int i = 0; i < eighths / 8; ++i) result += "█";
  return result + std::string(kParts.at(static_cast<size_t>(eighths % 8)));
}

std::string count_text(double count) { return count == std::floor(count) ? fmt::format("{:.0f}", count) : fmt::format("{:.1f}", count); }

std::string p_text(double p) {
  if (std::isnan(p)) return "";
  return p < 1e-4 ? fmt::format("{:.0e}", p) : fmt::format("{:.4f}", p);
}

Json day(float x) { return std::isfinite(x) ? Json(day_text(static_cast<double>(x))) : Json(nullptr); }

Json number(double x) { return std::isfinite(x) ? Json(x) : Json(nullptr); }

std::string title(const BinningTable& table) {
  std::string text = table.name + ": ";
  if (table.continuous) {
    text += fmt::format("explains {:.2f} % of the variance, mean {:.6g}", 100 * table.chi2, table.event_rate);
  } else {
    text += fmt::format("IV {:.4f}, Gini {:.3f}, KS {:.3f}, {} bad of {} ({:.2f} %)", table.iv, table.gini, table.ks, count_text(table.events),
                        count_text(table.count), 100 * table.event_rate);
  }
  if (table.trend != BinTrend::kNone) text += fmt::format(", {}", trend_name(table.trend));
  if (!table.note.empty()) text += fmt::format("; {}", table.note);
  return text;
}

}  // namespace

std::string binning_text(const BinningTable& table) {
  size_t width = 5;
  double most = 0;
  double least = table.continuous ? 1e300 : 0;
  for (const BinRow& row : table.bins) {
    width = std::max(width, std::min(kLabelWidth, width_of(row.label)));
    most = std::max(most, row.event_rate);
    least = std::min(least, row.event_rate);
  }
  const auto filled = [&](double rate) { return most > least ? (rate - least) / (most - least) : 0; };
  std::string text = title(table) + "\n";
  if (table.continuous) {
    text +=
        fmt::format("  {} {:>10} {:>7} {:>12} {:>12} {:>12} {:>7}\n", fitted("bin", width), "count", "share", "mean", "deviation", "less mean", "p");
    for (const BinRow& row : table.bins) {
      text += fmt::format("  {} {:>10} {:>6.2f}% {:>12.6g} {:>12.6g} {:>12.6g} {:>7}  {}\n", fitted(row.label, width), count_text(row.count),
                          100 * row.share, row.event_rate, row.deviation, row.woe, p_text(row.p_value), bar(filled(row.event_rate)));
    }
    return text;
  }
  text += fmt::format("  {} {:>10} {:>7} {:>9} {:>7} {:>8} {:>8} {:>8} {:>7}\n", fitted("bin", width), "count", "share", "events", "rate", "WoE",
                      "IV", "JS", "p");
  for (const BinRow& row : table.bins) {
    text += fmt::format("  {} {:>10} {:>6.2f}% {:>9} {:>6.2f}% {:>8.4f} {:>8.4f} {:>8.4f} {:>7}  {}\n", fitted(row.label, width),
                        count_text(row.count), 100 * row.share, count_text(row.events), 100 * row.event_rate, row.woe, row.iv, row.js,
                        p_text(row.p_value), bar(filled(row.event_rate)));
  }
  text += fmt::format("  {} {:>10} {:>6.2f}% {:>9} {:>6.2f}% {:>8} {:>8.4f} {:>8.4f}\n", fitted("all", width), count_text(table.count), 100.0,
                      count_text(table.events), 100 * table.event_rate, "", table.iv, table.js);
  return text;
}

Json binning_json(const BinningTable& table) {
  Json bins = Json::array();
  for (const BinRow& row : table.bins) {
    Json bin{{"kind", bin_kind_name(row.kind)}, {"label", row.label}};
    if (row.kind == BinKind::kRange) {
      bin["low"] = number(static_cast<double>(row.low));
      bin["high"] = number(static_cast<double>(row.high));
      if (table.date) {
        bin["from"] = day(row.low);
        bin["before"] = day(row.high);
      }
    } else if (row.kind == BinKind::kSpecialCode) {
      bin["code"] = number(static_cast<double>(row.low));
      if (table.date) bin["date"] = day(row.low);
    } else if (row.kind == BinKind::kLevels) {
      bin["levels"] = row.levels;
    }
    bin["rows"] = row.rows;
    bin["count"] = row.count;
    bin["share"] = row.share;
    if (table.continuous) {
      bin["mean"] = row.event_rate;
      bin["deviation"] = row.deviation;
      bin["less_mean"] = row.woe;
      bin["explained"] = row.chi2;
    } else {
      bin["events"] = row.events;
      bin["non_events"] = row.count - row.events;
      bin["event_rate"] = row.event_rate;
      bin["woe"] = row.woe;
      bin["iv"] = row.iv;
      bin["js"] = row.js;
      bin["hellinger"] = row.hellinger;
      bin["chi2"] = row.chi2;
    }
    bin["p_value"] = number(row.p_value);
    bins.push_back(std::move(bin));
  }
  Json document{{"name", table.name}, {"kind", table.categorical ? "category" : "number"}, {"rows", table.rows}, {"count", table.count}};
  if (table.date) document["date"] = true;
  if (table.continuous) {
    document["mean"] = table.event_rate;
    document["explained"] = table.chi2;
  } else {
    document["events"] = table.events;
    document["event_rate"] = table.event_rate;
    document["iv"] = table.iv;
    document["js"] = table.js;
    document["hellinger"] = table.hellinger;
    document["chi2"] = table.chi2;
    document["gini"] = table.gini;
    document["ks"] = table.ks;
  }
  document["trend"] = trend_name(table.trend);
  document["prebins"] = table.prebins;
  if (table.categorical) document["prior_weight"] = number(table.prior_weight);
  if (!table.note.empty()) document["note"] = table.note;
  document["bins"] = std::move(bins);
  return document;
}

}  // namespace obligor
