#include "core/error.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace obligor {
namespace {

constexpr std::array<ErrorFacts, 8> kFacts{{
    {ErrorCode::kInvalid, "invalid", 2, 400},
    {ErrorCode::kNotFound, "not_found", 2, 404},
    {ErrorCode::kUnsupported, "unsupported", 2, 422},
    {ErrorCode::kData, "data", 2, 422},
    {ErrorCode::kIo, "io", 1, 500},
    {ErrorCode::kNumeric, "numeric", 1, 500},
    {ErrorCode::kCancelled, "cancelled", 130, 503},
    {ErrorCode::kInternal, "internal", 1, 500},
}};

std::string one_line(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = ' ';
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

Error::Error(ErrorCode code, std::string message) : std::runtime_error(one_line(std::move(message))), code_(code) {}

const ErrorFacts& facts(ErrorCode code) { return kFacts.at(static_cast<size_t>(code)); }

Error unknown_name(std::string_view what, std::string_view name, std::span<const std::string> candidates) {
  std::vector<std::pair<size_t, std::string>> near;
  for (const auto& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate);
    if (distance <= std::max<size_t>(2, name.size() / 3)) near.emplace_back(distance, candidate);
  }
  std::sort(near.begin(), near.end());
  if (near.size() > 3) near.resize(3);
  std::vector<std::string> shown;
  shown.reserve(near.size());
  for (const auto& [distance, candidate] : near) shown.push_back(fmt::format("'{}'", candidate));
  const std::string hint =
      shown.empty() ? fmt::format("known are: {}", fmt::join(candidates, ", ")) : fmt::format("did you mean {}?", fmt::join(shown, " or "));
  return {ErrorCode::kNotFound, fmt::format("unknown {} '{}'; {}", what, name, hint)};
}

}  // namespace obligor
