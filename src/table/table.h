// Table: columns of equal length with names, kinds and missing values. The first of the five central types.
//
//   TableBuilder builder;
//   builder.add_numbers("age", {22, kMissing, 53});
//   builder.add_categories("job", {0, 1, -1}, {"clerk", "farmer"});
//   Table table = builder.build();
//   table.column("age").numbers()[1];              // NaN: missing
//
// Contract: immutable and cheap to copy (columns are shared). A subset of rows is a span of row indices (`Rows`), never a copy.
// Numbers are float32, rounded once when read; a missing number is NaN, a missing category code or text is marked. Dates are
// microseconds since 1970-01-01 (UTC). `source_row` carries each row's 0-based data row of the source file.
// Errors: Error{kInvalid} for unequal lengths or duplicate names; Error{kNotFound} with near candidates for an unknown name.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace obligor {

class Table;

enum class ColumnKind { kNumber, kCategory, kDate, kText, kSequence };
[[nodiscard]] std::string_view kind_name(ColumnKind kind);  // "number", "category", "date", "text", "sequence"

inline constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
inline constexpr int32_t kMissingCode = -1;
inline constexpr int64_t kMissingDate = std::numeric_limits<int64_t>::min();

// Indices of rows of a table, in the order in which they are to be visited.
using Rows = std::span<const uint32_t>;

struct CategoryData {
  std::vector<int32_t> codes;                                  // -1 = missing
  std::shared_ptr<const std::vector<std::string>> dictionary;  // code -> level; unique levels
};
struct DateData {
  std::vector<int64_t> microseconds;  // kMissingDate = missing
};
struct TextData {
  std::vector<uint64_t> offsets;  // rows + 1, into bytes
  std::string bytes;              // UTF-8
  std::vector<uint8_t> missing;   // 1 = missing
  [[nodiscard]] std::string_view at(size_t row) const { return std::string_view(bytes).substr(offsets[row], offsets[row + 1] - offsets[row]); }
};
struct SequenceData {
  std::vector<uint64_t> offsets;       // rows + 1, into the rows of child
  std::shared_ptr<const Table> child;  // ordered within each parent row
};

class Column {
 public:
  using Data = std::variant<std::vector<float>, CategoryData, DateData, TextData, SequenceData>;
  Column(std::string name, Data data);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] ColumnKind kind() const { return static_cast<ColumnKind>(data_->index()); }
  [[nodiscard]] size_t size() const;
  [[nodiscard]] bool is_missing(size_t row) const;
  [[nodiscard]] size_t missing_count() const;

  // Each throws Error{kInternal} when the column is of another kind.
  [[nodiscard]] std::span<const float> numbers() const;
  [[nodiscard]] const CategoryData& categories() const;
  [[nodiscard]] std::span<const int32_t> codes() const { return categories().codes; }
  [[nodiscard]] const std::vector<std::string>& dictionary() const { return *categories().dictionary; }
  [[nodiscard]] std::span<const int64_t> dates() const;
  [[nodiscard]] const TextData& text() const;
  [[nodiscard]] const SequenceData& sequences() const;

  // The cell as a person would write it; "" when missing.
  [[nodiscard]] std::string cell_text(size_t row) const;

  [[nodiscard]] Column renamed(std::string name) const;

 private:
  Column(std::string name, std::shared_ptr<const Data> data) : name_(std::move(name)), data_(std::move(data)) {}
  std::string name_;
  std::shared_ptr<const Data> data_;
};

class Table {
 public:
  Table() = default;

  [[nodiscard]] size_t rows() const { return rows_; }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] const Column& column(std::string_view name) const;
  [[nodiscard]] std::optional<size_t> find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
  // The file, query or registry name it came from; used in messages.
  [[nodiscard]] const std::string& source() const { return source_; }
  // The 0-based data row of the source file.
  [[nodiscard]] uint64_t source_row(size_t row) const { return source_rows_.empty() ? row : source_rows_[row]; }

  // The same table with a column replaced, added or left out.
  [[nodiscard]] Table with_column(Column column) const;
  [[nodiscard]] Table without(std::span<const std::string> names) const;
  // A copy of some rows; for small subsets (a sample, one row), not for folds.
  [[nodiscard]] Table take(Rows rows) const;

 private:
  friend class TableBuilder;
  size_t rows_ = 0;
  std::string source_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, size_t> index_;
  std::vector<uint64_t> source_rows_;
};

class TableBuilder {
 public:
  TableBuilder& source(std::string name);
  TableBuilder& source_rows(std::vector<uint64_t> rows);
  TableBuilder& add(Column column);
  TableBuilder& add_numbers(std::string name, std::vector<float> values);
  TableBuilder& add_categories(std::string name, std::vector<int32_t> codes, std::vector<std::string> dictionary);
  // Levels in order of first appearance; an empty optional is missing.
  TableBuilder& add_strings(std::string name, std::span<const std::optional<std::string>> values);
  [[nodiscard]] Table build();

 private:
  Table table_;
};

// 0 .. n-1.
[[nodiscard]] std::vector<uint32_t> all_rows(size_t n);

// A number column as it is, or a date column as days since 1970-01-01: what a model reads as a number.
[[nodiscard]] std::vector<float> numeric_values(const Column& column);

}  // namespace obligor
