#include "table/sequence.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr size_t kMostSteps = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

[[noreturn]] void fail(std::string_view text, std::string_view why) {
  throw Error(ErrorCode::kInvalid, fmt::format("sequence '{}': {}; write it as \"history: paid=pay_6..pay_1, balance=bill_6|bill_5|bill_4|..\", the "
                                               "columns of a channel oldest first",
                                               text, why));
}

std::vector<std::string_view> parts_of(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0;; ++begin) {
    const size_t end = std::min(text.find(mark, begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    if (end == text.size()) return parts;
    begin = end;
  }
}

// first..last: what stands before the number in which they differ, the number, and what stands after it.
void add_range(std::string_view whole, std::string_view first, std::string_view last, std::vector<std::string>& columns) {
  size_t begin = 0;
  while (begin < std::min(first.size(), last.size()) && first[begin] == last[begin]) ++begin;
  while (begin > 0 && is_digit(first[begin - 1])) --begin;
  const auto run = [begin](std::string_view name) {
    size_t end = begin;
    while (end < name.size() && is_digit(name[end])) ++end;
    return name.substr(begin, end - begin);
  };
  const std::string_view from = run(first);
  const std::string_view to = run(last);
  int64_t a = 0;
  int64_t b = 0;
  const bool known = std::from_chars(from.data(), from.data() + from.size(), a).ec == std::errc() &&
                     std::from_chars(to.data(), to.data() + to.size(), b).ec == std::errc();
  const std::string_view tail = first.substr(begin + from.size());
  if (!known || last.substr(begin + to.size()) != tail) fail(whole, fmt::format("'{}' and '{}' do not differ in one number", first, last));
  if (static_cast<size_t>(std::max(a, b) - std::min(a, b)) >= kMostSteps) {
    fail(whole, fmt::format("'{}..{}' is more than {} steps", first, last, kMostSteps));
  }
  const bool padded = from.size() == to.size() && from.size() > 1 && (from.front() == '0' || to.front() == '0');
  for (int64_t i = a;; i += a <= b ? 1 : -1) {
    const std::string number = padded ? fmt::format("{:0{}}", i, from.size()) : fmt::format("{}", i);
    columns.push_back(fmt::format("{}{}{}", first.substr(0, begin), number, tail));
    if (i == b) return;
  }
}

// What the names of the columns begin with.
std::string common_name(const std::vector<std::string>& columns) {
  std::string_view name = columns.front();
  for (const std::string& column : columns) {
    while (!column.starts_with(name)) name.remove_suffix(1);
  }
  while (!name.empty() && (is_digit(name.back()) || name.back() == '_' || name.back() == '-' || name.back() == '.' || name.back() == ' ')) {
    name.remove_suffix(1);
  }
  return std::string(name);
}

SequenceSpec::Channel channel_of(std::string_view whole, std::string_view text) {
  SequenceSpec::Channel channel;
  const size_t is = text.find('=');
  if (is != std::string_view::npos) {
    channel.name = trimmed(text.substr(0, is));
    text = trimmed(text.substr(is + 1));
  }
  for (const std::string_view part : parts_of(text, '|')) {
    if (part.empty()) fail(whole, "a column has no name");
    const size_t dots = part.find("..");
    if (dots == std::string_view::npos) channel.columns.emplace_back(part);
    else add_range(whole, trimmed(part.substr(0, dots)), trimmed(part.substr(dots + 2)), channel.columns);
  }
  if (channel.name.empty()) channel.name = common_name(channel.columns);
  if (channel.name.empty()) fail(whole, fmt::format("the columns '{}' have no beginning in common to be named after; name the channel", text));
  return channel;
}

}  // namespace

SequenceSpec parse_sequence(std::string_view text) {
  SequenceSpec spec;
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) fail(text, "it has no name");
  spec.name = trimmed(text.substr(0, colon));
  if (spec.name.empty()) fail(text, "it has no name");
  for (const std::string_view part : parts_of(text.substr(colon + 1), ',')) {
    if (part.empty()) fail(text, "a channel is empty");
    spec.channels.push_back(channel_of(text, part));
    const auto& channel = spec.channels.back();
    if (channel.columns.size() != spec.steps()) {
      fail(text,
           fmt::format("channel '{}' has {} steps and '{}' has {}", channel.name, channel.columns.size(), spec.channels.front().name, spec.steps()));
    }
    const auto same = [&](const auto& other) { return other.name == channel.name; };
    if (std::count_if(spec.channels.begin(), spec.channels.end(), same) > 1) fail(text, fmt::format("two channels are named '{}'", channel.name));
  }
  return spec;
}

}  // namespace obligor
