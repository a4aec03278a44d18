#include "core/date.h"

#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

namespace obligor {
namespace {

// Reads exactly `digits` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<int64_t> parse_date(std::string_view text) {
  using namespace std::chrono;
  const auto y = take_digits(text, 4);
  if (!y || !take(text, '-')) return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || !take(text, '-')) return std::nullopt;
  const auto d = take_digits(text, 2);
  if (!d) return std::nullopt;
  const year_month_day day{year(*y), month(static_cast<unsigned>(*m)), std::chrono::day(static_cast<unsigned>(*d))};
  if (!day.ok()) return std::nullopt;
  auto moment = duration_cast<microseconds>(sys_days(day).time_since_epoch());
  if (text.empty()) return moment.count();
  if (!take(text, ' ') && !take(text, 'T')) return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!h || *h > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  moment += hours(*h) + minutes(*minute);
  if (take(text, ':')) {
    const auto second = take_digits(text, 2);
    if (!second || *second > 59) return std::nullopt;
    moment += seconds(*second);
  }
  return text.empty() ? std::optional(moment.count()) : std::nullopt;
}

std::string date_text(int64_t value) {
  const std::chrono::sys_time<std::chrono::microseconds> moment{std::chrono::microseconds(value)};
  const auto midnight = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day day{midnight};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  const int64_t within = (moment - midnight).count();
  if (within == 0) return text;
  const int64_t seconds = within / 1'000'000;
  text += fmt::format("T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (within % 1'000'000 != 0) text += fmt::format(".{:06}", within % 1'000'000);
  return text;
}

std::string day_text(double days) {
  constexpr double kFirst = -719162;  // 0001-01-01
  constexpr double kLast = 2932896;   // 9999-12-31
  if (!(days >= kFirst && days < kLast + 1)) return fmt::format("{}", days);
  return date_text(std::llround(days * 86'400) * 1'000'000);
}

}  // namespace obligor
