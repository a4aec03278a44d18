#include "table/column_reader.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "table/duckdb_library.h"

namespace obligor {
namespace {

constexpr int64_t kMicrosecondsADay = 86'400'000'000;
// Rows after which a column may be known for text.
constexpr size_t kTextSample = 65536;

bool valid(const uint64_t* validity, size_t row) { return validity == nullptr || ((validity[row / 64] >> (row % 64)) & 1U) != 0; }

uint64_t digest_of(std::string_view text) {
  // FNV-1a over 8 bytes at a time, with a final mix.
  uint64_t hash = 0xcbf29ce484222325ULL ^ text.size();
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32;
  }
  uint64_t rest = 0;
  if (i < text.size()) std::memcpy(&rest, text.data() + i, text.size() - i);
  hash = (hash ^ rest) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 29);
}

std::string_view view_of(const duckdb_string_t& text) {
  const uint32_t length = text.value.inlined.length;
  return {length <= 12 ? text.value.inlined.inlined : text.value.pointer.ptr, length};
}

ColumnKind kind_of(duckdb_type type, bool as_text) {
  switch (type) {
    case DUCKDB_TYPE_VARCHAR: return as_text ? ColumnKind::kText : ColumnKind::kCategory;
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS: return ColumnKind::kDate;
    default: return ColumnKind::kNumber;
  }
}

}  // namespace

int32_t LevelIndex::find_or_add(std::string_view string, uint64_t digest) {
  const size_t mask = slots_.size() - 1;
  const auto tag = static_cast<uint32_t>(digest >> 32);
  for (size_t at = digest & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.code < 0) {
      slot = {static_cast<int32_t>(levels_.size()), tag};
      levels_.emplace_back(string);
      digests_.push_back(digest);
      return slot.code;
    }
    if (slot.tag == tag && levels_[static_cast<size_t>(slot.code)] == string) return slot.code;
  }
}

void LevelIndex::code(std::span<const std::string_view> strings, int32_t* codes) {
  constexpr size_t kAhead = 16;  // strings whose slots are on their way from memory
  std::array<uint64_t, kAhead> digests{};
  reserve(strings.size());
  const size_t mask = slots_.size() - 1;
  const auto fetch = [&](size_t i) {
    if (i >= strings.size() || strings[i].data() == nullptr) return;
    digests[i % kAhead] = digest_of(strings[i]);
    __builtin_prefetch(&slots_[digests[i % kAhead] & mask]);
  };
  for (size_t i = 0; i < kAhead; ++i) fetch(i);
  for (size_t i = 0; i < strings.size(); ++i) {
    codes[i] = strings[i].data() == nullptr ? kMissingCode : find_or_add(strings[i], digests[i % kAhead]);
    fetch(i + kAhead);
  }
}

// Room for so many new strings at half load.
void LevelIndex::reserve(size_t more) {
  size_t size = std::max<size_t>(64, slots_.size());
  while (size < 2 * (levels_.size() + more)) size *= 2;
  if (size == slots_.size()) return;
  slots_.assign(size, {});
  for (size_t code = 0; code < levels_.size(); ++code) {
    size_t at = digests_[code] & (size - 1);
    while (slots_[at].code >= 0) at = (at + 1) & (size - 1);
    slots_[at] = {static_cast<int32_t>(code), static_cast<uint32_t>(digests_[code] >> 32)};
  }
}

bool parse_double(std::string_view text, double* value) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return false;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (end != text.data() + text.size()) return false;
  if (status == std::errc()) return true;
  if (status != std::errc::result_out_of_range) return false;
  *value = std::strtod(std::string(text).c_str(), nullptr);  // 0 or an infinity
  return true;
}

float to_float32(double value, size_t* clamped) {
  const auto rounded = static_cast<float>(value);
  if (std::isinf(rounded) && !std::isinf(value)) {
    ++*clamped;
    return std::copysign(std::numeric_limits<float>::max(), rounded);
  }
  return rounded;
}

ColumnReader::ColumnReader(std::string name, duckdb_type type, bool as_text) : name_(std::move(name)), type_(type), kind_(kind_of(type, as_text)) {
  text_.offsets.push_back(0);
}

bool ColumnReader::readable(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS: return true;
    default: return false;
  }
}

template <typename T>
void ColumnReader::append_numbers(const T* values, const uint64_t* validity, size_t count) {
  const size_t start = numbers_.size();
  numbers_.resize(start + count);
  float* out = numbers_.data() + start;
  if constexpr (std::is_same_v<T, double>) {
    for (size_t i = 0; i < count; ++i) out[i] = valid(validity, i) ? to_float32(values[i], &clamped_) : kMissing;
  } else {
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(values[i]);
    if (validity != nullptr) {
      for (size_t i = 0; i < count; ++i) {
        if (!valid(validity, i)) out[i] = kMissing;
      }
    }
  }
}

template <typename T>
void ColumnReader::append_dates(const T* values, const uint64_t* validity, size_t count, int64_t multiply, int64_t divide) {
  for (size_t i = 0; i < count; ++i) {
    // The extremes stand for DuckDB's infinite dates, which no loan has.
    const bool known = valid(validity, i) && values[i] != std::numeric_limits<T>::max() && values[i] != -std::numeric_limits<T>::max();
    dates_.push_back(known ? static_cast<int64_t>(values[i]) * multiply / divide : kMissingDate);
  }
}

void ColumnReader::append_strings(const duckdb_string_t* values, const uint64_t* validity, size_t count) {
  if (kind_ == ColumnKind::kText) {
    for (size_t i = 0; i < count; ++i) {
      const bool known = valid(validity, i);
      if (known) text_.bytes += view_of(values[i]);
      text_.offsets.push_back(text_.bytes.size());
      text_.missing.push_back(known ? 0 : 1);
    }
    return;
  }
  const size_t start = codes_.size();
  codes_.resize(start + count);
  views_.resize(count);
  for (size_t i = 0; i < count; ++i) views_[i] = valid(validity, i) ? view_of(values[i]) : std::string_view();
  index_.code(views_, codes_.data() + start);
  if (judges_early_ && codes_.size() >= kTextSample) {
    judges_early_ = false;
    text_if_long_and_distinct();
  }
}

void ColumnReader::append(duckdb_vector vector, size_t count) {
  const void* data = duckdb_api().vector_get_data(vector);
  const uint64_t* validity = duckdb_api().vector_get_validity(vector);
  switch (type_) {
    case DUCKDB_TYPE_BOOLEAN: return append_numbers(static_cast<const uint8_t*>(data), validity, count);
    case DUCKDB_TYPE_TINYINT: return append_numbers(static_cast<const int8_t*>(data), validity, count);
    case DUCKDB_TYPE_SMALLINT: return append_numbers(static_cast<const int16_t*>(data), validity, count);
    case DUCKDB_TYPE_INTEGER: return append_numbers(static_cast<const int32_t*>(data), validity, count);
    case DUCKDB_TYPE_BIGINT: return append_numbers(static_cast<const int64_t*>(data), validity, count);
    case DUCKDB_TYPE_UTINYINT: return append_numbers(static_cast<const uint8_t*>(data), validity, count);
    case DUCKDB_TYPE_USMALLINT: return append_numbers(static_cast<const uint16_t*>(data), validity, count);
    case DUCKDB_TYPE_UINTEGER: return append_numbers(static_cast<const uint32_t*>(data), validity, count);
    case DUCKDB_TYPE_UBIGINT: return append_numbers(static_cast<const uint64_t*>(data), validity, count);
    case DUCKDB_TYPE_FLOAT: return append_numbers(static_cast<const float*>(data), validity, count);
    case DUCKDB_TYPE_DOUBLE: return append_numbers(static_cast<const double*>(data), validity, count);
    case DUCKDB_TYPE_VARCHAR: return append_strings(static_cast<const duckdb_string_t*>(data), validity, count);
    case DUCKDB_TYPE_DATE: return append_dates(static_cast<const int32_t*>(data), validity, count, kMicrosecondsADay, 1);
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ: return append_dates(static_cast<const int64_t*>(data), validity, count, 1, 1);
    case DUCKDB_TYPE_TIMESTAMP_S: return append_dates(static_cast<const int64_t*>(data), validity, count, 1'000'000, 1);
    case DUCKDB_TYPE_TIMESTAMP_MS: return append_dates(static_cast<const int64_t*>(data), validity, count, 1000, 1);
    case DUCKDB_TYPE_TIMESTAMP_NS: return append_dates(static_cast<const int64_t*>(data), validity, count, 1, 1000);
    default: throw Error(ErrorCode::kInternal, fmt::format("column '{}': DuckDB type {} is not read", name_, static_cast<int>(type_)));
  }
}

void ColumnReader::numbers_if_all_levels_are() {
  if (kind_ != ColumnKind::kCategory) return;
  std::vector<float> values;
  std::vector<uint8_t> beyond;
  for (const std::string& level : index_.levels()) {
    double value = 0;
    if (!parse_double(level, &value)) return;
    size_t clamped = 0;
    values.push_back(to_float32(value, &clamped));
    beyond.push_back(clamped > 0 ? 1 : 0);
  }
  numbers_.reserve(codes_.size());
  for (const int32_t code : codes_) {
    numbers_.push_back(code == kMissingCode ? kMissing : values[static_cast<size_t>(code)]);
    if (code != kMissingCode) clamped_ += beyond[static_cast<size_t>(code)];
  }
  kind_ = ColumnKind::kNumber;
}

void ColumnReader::text_if_long_and_distinct() {
  if (kind_ != ColumnKind::kCategory) return;
  size_t cells = 0;
  size_t bytes = 0;
  for (const int32_t code : codes_) {
    if (code == kMissingCode) continue;
    ++cells;
    bytes += index_.levels()[static_cast<size_t>(code)].size();
  }
  if (bytes <= 40 * cells || 2 * index_.levels().size() <= cells) return;
  for (const int32_t code : codes_) {
    if (code != kMissingCode) text_.bytes += index_.levels()[static_cast<size_t>(code)];
    text_.offsets.push_back(text_.bytes.size());
    text_.missing.push_back(code == kMissingCode ? 1 : 0);
  }
  index_ = {};
  codes_ = {};
  kind_ = ColumnKind::kText;
}

Column ColumnReader::finish() {
  switch (kind_) {
    case ColumnKind::kNumber: return {name_, std::move(numbers_)};
    case ColumnKind::kDate: return {name_, DateData{std::move(dates_)}};
    case ColumnKind::kText: return {name_, std::move(text_)};
    default: return {name_, CategoryData{std::move(codes_), std::make_shared<const std::vector<std::string>>(std::move(index_.levels()))}};
  }
}

}  // namespace obligor
