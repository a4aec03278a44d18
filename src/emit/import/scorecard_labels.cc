#include "emit/import/scorecard_labels.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

std::optional<double> whole_number(std::string_view text) {
  text = trimmed(text);
  const std::string small = lower(text);
  if (small == "inf" || small == "+inf" || small == "infinity") return kInfinity;
  if (small == "-inf" || small == "-infinity") return -kInfinity;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// "< 25", "<= 25", "> 25", ">= 25".
std::optional<LabelRange> one_sided(std::string_view text) {
  struct Sign {
    std::string_view sign;
    bool below;
    Side side;
  };
  constexpr std::array<Sign, 6> kSigns{{{"<=", true, Side::kIncluded},
                                        {">=", false, Side::kIncluded},
                                        {"\xE2\x89\xA4", true, Side::kIncluded},
                                        {"\xE2\x89\xA5", false, Side::kIncluded},
                                        {"<", true, Side::kExcluded},
                                        {">", false, Side::kExcluded}}};
  for (const Sign& one : kSigns) {
    if (!text.starts_with(one.sign)) continue;
    const auto bound = whole_number(text.substr(one.sign.size()));
    if (!bound) return std::nullopt;
    if (one.below) return LabelRange{-kInfinity, *bound, Side::kExcluded, one.side};
    return LabelRange{*bound, kInfinity, one.side, Side::kExcluded};
  }
  return std::nullopt;
}

std::optional<LabelRange> range_of(std::string_view text) {
  if (const auto found = one_sided(text)) return found;
  LabelRange made;
  const auto side = [](char bracket) { return bracket == '[' || bracket == ']' ? Side::kIncluded : Side::kExcluded; };
  const bool opened = text.starts_with('[') || text.starts_with('(');
  const bool closed = text.ends_with(']') || text.ends_with(')');
  if (opened != closed) return std::nullopt;
  if (opened) {
    if (text.size() < 2) return std::nullopt;
    made.low_side = side(text.front());
    made.high_side = side(text.back());
    text = text.substr(1, text.size() - 2);
  }
  for (const std::string_view between :
       {std::string_view("~"), std::string_view(".."), std::string_view(" - "), std::string_view(" to "), std::string_view(",")}) {
    const size_t at = text.find(between);
    if (at == std::string_view::npos || (between == "," && !opened)) continue;
    const auto low = whole_number(text.substr(0, at));
    const auto high = whole_number(text.substr(at + between.size()));
    if (!low || !high || !(*low < *high)) return std::nullopt;
    made.low = *low;
    made.high = *high;
    return made;
  }
  return std::nullopt;
}

// Levels in Python's quotes; empty where the text has none.
std::vector<std::string> quoted_levels(std::string_view text) {
  std::vector<std::string> levels;
  for (size_t at = 0; at < text.size(); ++at) {
    const char quote = text[at];
    if (quote != '\'' && quote != '"') continue;
    std::string level;
    for (++at; at < text.size() && text[at] != quote; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      level += text[at];
    }
    if (at == text.size()) return {};  // the quote is an apostrophe
    levels.push_back(std::move(level));
  }
  return levels;
}

std::vector<std::string_view> cut(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find(separator); at != std::string_view::npos; at = text.find(separator)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.push_back(text);
  return parts;
}

void add_word(Label& label, std::string_view word) {
  constexpr std::array<std::string_view, 8> kMissingWords{"missing", "nan", "none", "null", "na", "<na>", "nat", ""};
  constexpr std::array<std::string_view, 4> kOtherWords{"else", "other", "others", "unseen"};
  const std::string small = lower(trimmed(word));
  if (std::find(kMissingWords.begin(), kMissingWords.end(), small) != kMissingWords.end()) {
    label.missing = true;
  } else if (std::find(kOtherWords.begin(), kOtherWords.end(), small) != kOtherWords.end()) {
    label.other = true;
  } else if (small == "special") {
    label.special = true;
  } else {
    if (const auto number = whole_number(small.starts_with("special ") ? std::string_view(small).substr(8) : std::string_view(small)))
      label.numbers.push_back(*number);
    label.words.emplace_back(word);
  }
}

// "a,b, c" as a and "b, c": a list is joined without blanks, so that a comma before one belongs to a level.
std::vector<std::string> comma_levels(std::string_view text) {
  std::vector<std::string> levels(1);
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ',' && (at + 1 == text.size() || text[at + 1] != ' ')) levels.emplace_back();
    else levels.back() += text[at];
  }
  return levels;
}

}  // namespace

Label parse_label(std::string_view text, LevelList list, std::string_view where) {
  Label label;
  const std::string_view whole = trimmed(text);
  const auto parts = list == LevelList::kPercentComma ? cut(whole, "%,%") : std::vector<std::string_view>{whole};
  for (const std::string_view part : parts) {
    if (const auto range = range_of(trimmed(part))) {
      label.ranges.push_back(*range);
    } else if (list == LevelList::kCommas) {
      for (const auto& level : comma_levels(part)) add_word(label, level);
    } else if (list == LevelList::kBrackets && (part.starts_with('[') || part.starts_with("<StringArray>"))) {
      auto levels = quoted_levels(part);
      if (levels.empty() && part.ends_with(']')) {
        for (const std::string_view level : cut(part.substr(1, part.size() - 2), ", ")) levels.emplace_back(level);
      } else if (part.find("...") != std::string_view::npos) {
        throw Error(ErrorCode::kData, fmt::format("{}: the list of levels was cut short with '...'; write the table with all of them", where));
      }
      for (const auto& level : levels) add_word(label, level);
    } else {
      add_word(label, part);
    }
  }
  return label;
}

}  // namespace obligor
