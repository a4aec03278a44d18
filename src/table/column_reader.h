// Turns DuckDB's vectors into our columns, a vector at a time. Private to the room.
//
//   ColumnReader reader("age", DUCKDB_TYPE_BIGINT);
//   reader.append(chunk.vector(0), chunk.size());
//   Column column = reader.finish();
//
// Numbers are rounded to float32 here, once; finite values beyond float32 become its largest finite value and are counted.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "table/table.h"

namespace obligor {

// Distinct strings, numbered in order of first appearance. Open addressing over 64-bit digests; a slot keeps half of the digest, so that
// a look at another string's memory is nearly always a hit.
class LevelIndex {
 public:
  // A string with a null data pointer is a missing cell; its code is kMissingCode.
  void code(std::span<const std::string_view> strings, int32_t* codes);
  [[nodiscard]] std::vector<std::string>& levels() { return levels_; }

 private:
  struct Slot {
    int32_t code = -1;  // -1 = free
    uint32_t tag = 0;   // the digest's upper half
  };
  [[nodiscard]] int32_t find_or_add(std::string_view string, uint64_t digest);
  void reserve(size_t more);
  std::vector<std::string> levels_;
  std::vector<uint64_t> digests_;
  std::vector<Slot> slots_;
};

class ColumnReader {
 public:
  // `as_text` keeps strings as text; otherwise they are coded.
  ColumnReader(std::string name, duckdb_type type, bool as_text = false);

  void append(duckdb_vector vector, size_t count);
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] ColumnKind kind() const { return kind_; }
  [[nodiscard]] size_t clamped() const { return clamped_; }

  // A column of codes whose levels are all numbers becomes a number column (what a sample of empty cells, or the word inf, hid from
  // the inference).
  void numbers_if_all_levels_are();
  // Codes become text when cells are long (more than 40 bytes on average) and distinct (more than half).
  void text_if_long_and_distinct();
  // From here on strings are judged by that rule as soon as kTextSample of them are there, which spares long texts their index.
  void judge_text_early() { judges_early_ = true; }
  [[nodiscard]] std::vector<float>& numbers() { return numbers_; }
  [[nodiscard]] Column finish();

  // Whether append() can read this type; others must be cast in SQL first.
  [[nodiscard]] static bool readable(duckdb_type type);

 private:
  template <typename T>
  void append_numbers(const T* values, const uint64_t* validity, size_t count);
  template <typename T>
  void append_dates(const T* values, const uint64_t* validity, size_t count, int64_t multiply, int64_t divide);
  void append_strings(const duckdb_string_t* values, const uint64_t* validity, size_t count);

  std::string name_;
  duckdb_type type_;
  ColumnKind kind_;
  std::vector<float> numbers_;
  std::vector<int32_t> codes_;
  LevelIndex index_;
  std::vector<int64_t> dates_;
  TextData text_;
  std::vector<std::string_view> views_;  // of one vector, kept for its memory
  bool judges_early_ = false;
  size_t clamped_ = 0;
};

// A decimal number, inf or nan, in all of `text`.
[[nodiscard]] bool parse_double(std::string_view text, double* value);
// Nearest float32; finite values beyond its range are clamped and counted.
[[nodiscard]] float to_float32(double value, size_t* clamped);

}  // namespace obligor
