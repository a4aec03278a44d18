#include "table/table.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "core/date.h"
#include "core/error.h"

namespace obligor {
namespace {

constexpr int64_t kMicrosecondsADay = 86'400'000'000;

[[noreturn]] void throw_wrong_kind(const Column& column, ColumnKind wanted) {
  throw Error(ErrorCode::kInternal,
              fmt::format("column '{}' is a {}, and was read as a {}", column.name(), kind_name(column.kind()), kind_name(wanted)));
}

Column::Data take_data(const CategoryData& data, Rows rows) {
  CategoryData taken{std::vector<int32_t>(rows.size()), data.dictionary};
  for (size_t i = 0; i < rows.size(); ++i) taken.codes[i] = data.codes[rows[i]];
  return taken;
}

Column::Data take_data(const DateData& data, Rows rows) {
  DateData taken{std::vector<int64_t>(rows.size())};
  for (size_t i = 0; i < rows.size(); ++i) taken.microseconds[i] = data.microseconds[rows[i]];
  return taken;
}

Column::Data take_data(const TextData& data, Rows rows) {
  TextData taken;
  taken.offsets.reserve(rows.size() + 1);
  taken.offsets.push_back(0);
  taken.missing.reserve(rows.size());
  for (const uint32_t row : rows) {
    taken.bytes += data.at(row);
    taken.offsets.push_back(taken.bytes.size());
    taken.missing.push_back(data.missing[row]);
  }
  return taken;
}

Column::Data take_data(const SequenceData& data, Rows rows) {
  SequenceData taken;
  std::vector<uint32_t> child_rows;
  taken.offsets.push_back(0);
  for (const uint32_t row : rows) {
    for (uint64_t i = data.offsets[row]; i < data.offsets[row + 1]; ++i) child_rows.push_back(static_cast<uint32_t>(i));
    taken.offsets.push_back(child_rows.size());
  }
  taken.child = std::make_shared<const Table>(data.child->take(child_rows));
  return taken;
}

}  // namespace

std::string_view kind_name(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kNumber: return "number";
    case ColumnKind::kCategory: return "category";
    case ColumnKind::kDate: return "date";
    case ColumnKind::kText: return "text";
    case ColumnKind::kSequence: return "sequence";
  }
  return "unknown";
}

Column::Column(std::string name, Data data) : name_(std::move(name)), data_(std::make_shared<const Data>(std::move(data))) {
  if (const auto* category = std::get_if<CategoryData>(data_.get())) {
    if (!category->dictionary) throw Error(ErrorCode::kInvalid, fmt::format("column '{}': a category without a dictionary", name_));
    const auto levels = static_cast<int64_t>(category->dictionary->size());
    for (const int32_t code : category->codes) {
      if (code < kMissingCode || code >= levels) {
        throw Error(ErrorCode::kInvalid,
                    fmt::format("column '{}': code {} is outside its dictionary of {} levels (-1 = missing)", name_, code, levels));
      }
    }
  } else if (const auto* text = std::get_if<TextData>(data_.get())) {
    if (text->offsets.empty() || text->missing.size() + 1 != text->offsets.size() || text->offsets.back() > text->bytes.size()) {
      throw Error(ErrorCode::kInvalid, fmt::format("column '{}': text needs rows + 1 offsets into its bytes and a mark a row", name_));
    }
  } else if (const auto* sequence = std::get_if<SequenceData>(data_.get())) {
    if (sequence->offsets.empty() || !sequence->child || sequence->offsets.back() > sequence->child->rows()) {
      throw Error(ErrorCode::kInvalid, fmt::format("column '{}': a sequence needs rows + 1 offsets into the rows of its child", name_));
    }
  }
}

size_t Column::size() const {
  switch (kind()) {
    case ColumnKind::kNumber: return std::get<std::vector<float>>(*data_).size();
    case ColumnKind::kCategory: return std::get<CategoryData>(*data_).codes.size();
    case ColumnKind::kDate: return std::get<DateData>(*data_).microseconds.size();
    case ColumnKind::kText: return std::get<TextData>(*data_).missing.size();
    case ColumnKind::kSequence: return std::get<SequenceData>(*data_).offsets.size() - 1;
  }
  return 0;
}

bool Column::is_missing(size_t row) const {
  switch (kind()) {
    case ColumnKind::kNumber: {
      const float value = std::get<std::vector<float>>(*data_)[row];
      return value != value;
    }
    case ColumnKind::kCategory: return std::get<CategoryData>(*data_).codes[row] == kMissingCode;
    case ColumnKind::kDate: return std::get<DateData>(*data_).microseconds[row] == kMissingDate;
    case ColumnKind::kText: return std::get<TextData>(*data_).missing[row] != 0;
    case ColumnKind::kSequence: {
      const auto& offsets = std::get<SequenceData>(*data_).offsets;
      return offsets[row] == offsets[row + 1];
    }
  }
  return false;
}

size_t Column::missing_count() const {
  size_t count = 0;
  for (size_t row = 0; row < size(); ++row) count += is_missing(row) ? 1U : 0U;
  return count;
}

std::span<const float> Column::numbers() const {
  if (kind() != ColumnKind::kNumber) throw_wrong_kind(*this, ColumnKind::kNumber);
  return std::get<std::vector<float>>(*data_);
}

const CategoryData& Column::categories() const {
  if (kind() != ColumnKind::kCategory) throw_wrong_kind(*this, ColumnKind::kCategory);
  return std::get<CategoryData>(*data_);
}

std::span<const int64_t> Column::dates() const {
  if (kind() != ColumnKind::kDate) throw_wrong_kind(*this, ColumnKind::kDate);
  return std::get<DateData>(*data_).microseconds;
}

const TextData& Column::text() const {
  if (kind() != ColumnKind::kText) throw_wrong_kind(*this, ColumnKind::kText);
  return std::get<TextData>(*data_);
}

const SequenceData& Column::sequences() const {
  if (kind() != ColumnKind::kSequence) throw_wrong_kind(*this, ColumnKind::kSequence);
  return std::get<SequenceData>(*data_);
}

std::string Column::cell_text(size_t row) const {
  if (is_missing(row)) return "";
  switch (kind()) {
    case ColumnKind::kNumber: return fmt::format("{}", numbers()[row]);
    case ColumnKind::kCategory: return dictionary()[static_cast<size_t>(codes()[row])];
    case ColumnKind::kDate: return date_text(dates()[row]);
    case ColumnKind::kText: return std::string(text().at(row));
    case ColumnKind::kSequence: return fmt::format("[{}]", sequences().offsets[row + 1] - sequences().offsets[row]);
  }
  return "";
}

Column Column::renamed(std::string name) const { return {std::move(name), data_}; }

const Column& Table::column(std::string_view name) const {
  if (const auto position = find(name)) return columns_[*position];
  throw unknown_name("column", name, names());
}

std::optional<size_t> Table::find(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> names;
  names.reserve(columns_.size());
  for (const Column& column : columns_) names.push_back(column.name());
  return names;
}

Table Table::with_column(Column column) const {
  if (!columns_.empty() && column.size() != rows_) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("column '{}' has {} rows, the table {}; columns must be equally long", column.name(), column.size(), rows_));
  }
  Table table = *this;
  table.rows_ = column.size();
  if (const auto position = find(column.name())) {
    table.columns_[*position] = std::move(column);
  } else {
    table.index_.emplace(column.name(), table.columns_.size());
    table.columns_.push_back(std::move(column));
  }
  return table;
}

Table Table::without(std::span<const std::string> names) const {
  for (const std::string& name : names) (void)column(name);
  Table table = *this;
  table.columns_.clear();
  table.index_.clear();
  for (const Column& column : columns_) {
    if (std::find(names.begin(), names.end(), column.name()) != names.end()) continue;
    table.index_.emplace(column.name(), table.columns_.size());
    table.columns_.push_back(column);
  }
  return table;
}

Table Table::take(Rows rows) const {
  for (const uint32_t row : rows) {
    if (row >= rows_) throw Error(ErrorCode::kInvalid, fmt::format("row {} is outside the table of {} rows", row, rows_));
  }
  TableBuilder builder;
  builder.source(source_);
  for (const Column& column : columns_) {
    switch (column.kind()) {
      case ColumnKind::kNumber: {
        const auto values = column.numbers();
        std::vector<float> taken(rows.size());
        for (size_t i = 0; i < rows.size(); ++i) taken[i] = values[rows[i]];
        builder.add({column.name(), std::move(taken)});
        break;
      }
      case ColumnKind::kCategory: builder.add({column.name(), take_data(column.categories(), rows)}); break;
      case ColumnKind::kDate: {
        const auto values = column.dates();
        builder.add({column.name(), take_data(DateData{{values.begin(), values.end()}}, rows)});
        break;
      }
      case ColumnKind::kText: builder.add({column.name(), take_data(column.text(), rows)}); break;
      case ColumnKind::kSequence: builder.add({column.name(), take_data(column.sequences(), rows)}); break;
    }
  }
  std::vector<uint64_t> source_rows(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) source_rows[i] = source_row(rows[i]);
  builder.source_rows(std::move(source_rows));
  Table table = builder.build();
  table.rows_ = rows.size();
  return table;
}

TableBuilder& TableBuilder::source(std::string name) {
  table_.source_ = std::move(name);
  return *this;
}

TableBuilder& TableBuilder::source_rows(std::vector<uint64_t> rows) {
  table_.source_rows_ = std::move(rows);
  return *this;
}

TableBuilder& TableBuilder::add(Column column) {
  if (!table_.index_.emplace(column.name(), table_.columns_.size()).second) {
    throw Error(ErrorCode::kInvalid, fmt::format("column '{}' stands twice in the table; names must be unique", column.name()));
  }
  table_.columns_.push_back(std::move(column));
  return *this;
}

TableBuilder& TableBuilder::add_numbers(std::string name, std::vector<float> values) { return add({std::move(name), std::move(values)}); }

TableBuilder& TableBuilder::add_categories(std::string name, std::vector<int32_t> codes, std::vector<std::string> dictionary) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& level : dictionary) {
    if (!seen.insert(level).second) {
      throw Error(ErrorCode::kInvalid, fmt::format("column '{}': level '{}' stands twice in its dictionary", name, level));
    }
  }
  return add({std::move(name), CategoryData{std::move(codes), std::make_shared<const std::vector<std::string>>(std::move(dictionary))}});
}

TableBuilder& TableBuilder::add_strings(std::string name, std::span<const std::optional<std::string>> values) {
  std::vector<int32_t> codes;
  codes.reserve(values.size());
  std::vector<std::string> dictionary;
  std::unordered_map<std::string, int32_t> index;
  for (const auto& value : values) {
    if (!value) {
      codes.push_back(kMissingCode);
      continue;
    }
    const auto [found, fresh] = index.emplace(*value, static_cast<int32_t>(dictionary.size()));
    if (fresh) dictionary.push_back(*value);
    codes.push_back(found->second);
  }
  return add({std::move(name), CategoryData{std::move(codes), std::make_shared<const std::vector<std::string>>(std::move(dictionary))}});
}

Table TableBuilder::build() {
  if (!table_.columns_.empty()) table_.rows_ = table_.columns_.front().size();
  for (const Column& column : table_.columns_) {
    if (column.size() != table_.rows_) {
      throw Error(ErrorCode::kInvalid, fmt::format("column '{}' has {} rows, column '{}' {}; columns must be equally long", column.name(),
                                                   column.size(), table_.columns_.front().name(), table_.rows_));
    }
  }
  if (table_.columns_.empty()) table_.rows_ = table_.source_rows_.size();
  if (table_.rows_ > std::numeric_limits<uint32_t>::max()) {
    throw Error(ErrorCode::kInvalid, fmt::format("{} rows are too many for one table in memory; read the file as a stream", table_.rows_));
  }
  if (!table_.source_rows_.empty() && table_.source_rows_.size() != table_.rows_) {
    throw Error(ErrorCode::kInvalid, fmt::format("{} source rows for {} rows", table_.source_rows_.size(), table_.rows_));
  }
  return std::exchange(table_, Table());
}

std::vector<uint32_t> all_rows(size_t n) {
  std::vector<uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

std::vector<float> numeric_values(const Column& column) {
  if (column.kind() == ColumnKind::kDate) {
    std::vector<float> days;
    days.reserve(column.size());
    for (const int64_t value : column.dates()) {
      days.push_back(value == kMissingDate ? kMissing : static_cast<float>(static_cast<double>(value) / kMicrosecondsADay));
    }
    return days;
  }
  const auto values = column.numbers();
  return {values.begin(), values.end()};
}

}  // namespace obligor
