#include "table/child.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr size_t kMostSteps = 4096;
constexpr double kMicrosecondsADay = 86'400e6;
constexpr float kExact = 1U << 24U;  // whole numbers below are told apart in float32

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

[[noreturn]] void fail(std::string_view text, std::string_view why) {
  throw Error(ErrorCode::kInvalid,
              fmt::format("sequence '{}': {}; write it as \"payments: table=payments.csv, key=account, order=date, until=decided, "
                          "steps=16, columns=amount|kind\"",
                          text, why));
}

// Each item of "NAME: a=b, c=d".
template <typename Take>
std::string each_item(std::string_view text, const Take& take) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return "";
  std::string name(trimmed(text.substr(0, colon)));
  for (size_t begin = colon + 1; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = trimmed(text.substr(begin, end - begin));
    const size_t is = item.find('=');
    take(trimmed(item.substr(0, is)), is == std::string_view::npos ? std::string_view() : trimmed(item.substr(is + 1)));
    begin = end + 1;
  }
  return name;
}

// What orders events: of dates microseconds, of numbers the number.
std::vector<double> order_values(const Table& table, const Column& column, std::string_view what) {
  std::vector<double> values;
  values.reserve(column.size());
  if (column.kind() == ColumnKind::kDate) {
    for (const int64_t at : column.dates()) values.push_back(at == kMissingDate ? std::nan("") : static_cast<double>(at));
    return values;
  }
  if (column.kind() != ColumnKind::kNumber) {
    throw Error(ErrorCode::kData, fmt::format("{}: {} '{}' is a {} column; a date or a number is wanted: read it so with --dates or --numbers",
                                              table.source(), what, column.name(), kind_name(column.kind())));
  }
  for (const float value : column.numbers()) {
    if (std::fabs(value) >= kExact) {
      throw Error(ErrorCode::kData, fmt::format("{}: {} '{}' has numbers beyond 16,777,216, which float32 does not tell apart; give it as a date",
                                                table.source(), what, column.name()));
    }
    values.push_back(static_cast<double>(value));
  }
  return values;
}

// The key of a row as text; "" where it is missing.
std::string key_text(const Table& table, const Column& column, size_t row) {
  if (column.kind() == ColumnKind::kNumber && std::fabs(column.numbers()[row]) >= kExact) {
    throw Error(ErrorCode::kData, fmt::format("{}: key '{}' has numbers beyond 16,777,216, which float32 does not tell apart; read it as text with "
                                              "--categories {}",
                                              table.source(), column.name(), column.name()));
  }
  return column.cell_text(row);
}

const Column& wanted_column(const Table& table, std::string_view what, const std::string& name) {
  if (!table.find(name)) throw Error(ErrorCode::kNotFound, fmt::format("{}: {}", table.source(), unknown_name(what, name, table.names()).what()));
  return table.column(name);
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

bool declares_child(std::string_view text) {
  bool found = false;
  (void)each_item(text, [&](std::string_view key, std::string_view value) { found = found || (key == "table" && !value.empty()); });
  return found;
}

ChildSpec parse_child(std::string_view text) {
  ChildSpec spec;
  spec.name = each_item(text, [&](std::string_view key, std::string_view value) {
    if (value.empty()) fail(text, fmt::format("'{}' has no value", key));
    if (key == "table") spec.table = value;
    else if (key == "key") spec.key = value;
    else if (key == "order") spec.order = value;
    else if (key == "until") spec.until = value;
    else if (key == "columns") {
      for (size_t begin = 0; begin <= value.size();) {
        const size_t end = std::min(value.find('|', begin), value.size());
        spec.columns.emplace_back(trimmed(value.substr(begin, end - begin)));
        begin = end + 1;
      }
    } else if (key == "steps") {
      const auto read = std::from_chars(value.data(), value.data() + value.size(), spec.steps);
      if (read.ec != std::errc() || read.ptr != value.data() + value.size() || spec.steps < 1 || spec.steps > kMostSteps) {
        fail(text, fmt::format("steps = '{}' is no whole number from 1 to {}", value, kMostSteps));
      }
    } else {
      fail(text, fmt::format("'{}' is none of table, key, order, until, steps, columns", key));
    }
  });
  if (spec.name.empty()) fail(text, "it has no name");
  if (spec.key.empty()) fail(text, "key is missing: the column that both tables have");
  if (spec.order.empty()) fail(text, "order is missing: the column of the child table that says when");
  if (spec.until.empty()) fail(text, "until is missing: the date of the decision, a column of the rows; nothing from then on is read");
  return spec;
}

Json child_json(const ChildSpec& spec, ColumnKind order) {
  return {{"name", spec.name},   {"table", spec.table}, {"key", spec.key},         {"order", spec.order},
          {"until", spec.until}, {"steps", spec.steps}, {"columns", spec.columns}, {"order_kind", kind_name(order)}};
}

ChildSpec child_of_json(const Json& json, std::string_view source) {
  try {
    ChildSpec spec;
    for (const auto& [key, to] :
         {std::pair{"name", &spec.name}, {"table", &spec.table}, {"key", &spec.key}, {"order", &spec.order}, {"until", &spec.until}}) {
      *to = json.at(key).get<std::string>();
    }
    spec.steps = json.at("steps").get<size_t>();
    spec.columns = json.at("columns").get<std::vector<std::string>>();
    if (spec.steps >= 1 && spec.steps <= kMostSteps) return spec;
  } catch (const Json::exception&) {
    throw Error(ErrorCode::kData, fmt::format("{}: a child table of its task is not declared as it should be; save the bundle anew", source));
  }
  throw Error(ErrorCode::kData, fmt::format("{}: a child table of its task has a number of steps out of range; save the bundle anew", source));
}

struct ChildHistory::Impl {
  ChildSpec spec;
  Table table;
  ColumnKind order_kind = ColumnKind::kDate;
  std::vector<double> order;
  std::unordered_map<std::string, std::vector<uint32_t>> events;  // of a key, by order and then by the order of the file
  SequenceSpec sequence;
  std::string count_name;

  [[nodiscard]] std::string column_name(size_t back, std::string_view channel) const { return fmt::format("{}[-{}].{}", spec.name, back, channel); }

  void choose_columns() {
    if (spec.columns.empty()) {
      for (const Column& column : table.columns()) {
        const bool reads = column.kind() == ColumnKind::kNumber || column.kind() == ColumnKind::kCategory;
        if (reads && column.name() != spec.key && column.name() != spec.order) spec.columns.push_back(column.name());
      }
    }
    for (const std::string& name : spec.columns) {
      const Column& column = wanted_column(table, "column", name);
      if (column.kind() != ColumnKind::kNumber && column.kind() != ColumnKind::kCategory) {
        throw Error(ErrorCode::kData, fmt::format("{}: column '{}' is a {} column; a step is made of numbers and categories", table.source(), name,
                                                  kind_name(column.kind())));
      }
      if (name == "gap")
        throw Error(ErrorCode::kInvalid, fmt::format("{}: a column is called 'gap', as the time between events is; rename it", table.source()));
    }
  }

  void sort_events(std::vector<ReadNote>* notes) {
    const Column& key = wanted_column(table, "key", spec.key);
    size_t unplaced = 0;
    for (size_t row = 0; row < table.rows(); ++row) {
      if (key.is_missing(row) || std::isnan(order[row])) ++unplaced;
      else events[key_text(table, key, row)].push_back(static_cast<uint32_t>(row));
    }
    for (auto& [name, rows] : events) {
      std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) { return order[a] < order[b]; });
    }
    if (unplaced > 0 && notes != nullptr) {
      notes->push_back({"", fmt::format("{}: {} of {} events have no '{}' or no '{}' and are left out", table.source(), unplaced, table.rows(),
                                        spec.key, spec.order)});
    }
  }

  void name_channels() {
    sequence.name = spec.name;
    std::vector<std::string> channels = spec.columns;
    channels.emplace_back("gap");
    for (const std::string& name : channels) {
      SequenceSpec::Channel channel;
      channel.name = name;
      for (size_t back = spec.steps; back >= 1; --back) channel.columns.push_back(column_name(back, name));
      sequence.channels.push_back(std::move(channel));
    }
    count_name = spec.name + ".count";
  }
};

ChildHistory::ChildHistory(ChildSpec spec, const ReadOptions& options, std::vector<ReadNote>* notes) : impl_(std::make_unique<Impl>()) {
  Impl& self = *impl_;
  self.spec = std::move(spec);
  ReadOptions read;
  read.threads = options.threads;
  read.memory_limit = options.memory_limit;
  read.null_strings = options.null_strings;
  add_once(read.categories, self.spec.key);
  self.table = read_table(self.spec.table, read, notes);
  const Column& order = wanted_column(self.table, "order column", self.spec.order);
  self.order_kind = order.kind();
  self.order = order_values(self.table, order, "order column");
  self.choose_columns();
  self.sort_events(notes);
  self.name_channels();
}

ChildHistory::~ChildHistory() = default;
ChildHistory::ChildHistory(ChildHistory&&) noexcept = default;
ChildHistory& ChildHistory::operator=(ChildHistory&&) noexcept = default;

const ChildSpec& ChildHistory::spec() const { return impl_->spec; }
ColumnKind ChildHistory::order_kind() const { return impl_->order_kind; }
const SequenceSpec& ChildHistory::sequence() const { return impl_->sequence; }

bool ChildHistory::makes(std::string_view column) const {
  if (column == impl_->count_name) return true;
  for (const auto& channel : impl_->sequence.channels) {
    if (std::find(channel.columns.begin(), channel.columns.end(), column) != channel.columns.end()) return true;
  }
  return false;
}

Table ChildHistory::widen(const Table& rows, bool must_match) const {
  const Impl& self = *impl_;
  const ChildSpec& spec = self.spec;
  const Column& key = wanted_column(rows, "key", spec.key);
  const Column& until = wanted_column(rows, "until column", spec.until);
  if (until.kind() != self.order_kind) {
    throw Error(ErrorCode::kData,
                fmt::format("{}: until '{}' is a {} column and order '{}' of {} a {} column; they are compared, so both must be dates or "
                            "both numbers",
                            rows.source(), spec.until, kind_name(until.kind()), spec.order, self.table.source(), kind_name(self.order_kind)));
  }
  const std::vector<double> ends = order_values(rows, until, "until column");
  // For each row its key's events and how many of them are before its end.
  std::vector<const std::vector<uint32_t>*> found(rows.rows(), nullptr);
  std::vector<size_t> before(rows.rows(), 0);
  bool any = false;
  for (size_t row = 0; row < rows.rows(); ++row) {
    if (key.is_missing(row)) continue;
    const auto events = self.events.find(key_text(rows, key, row));
    if (events == self.events.end()) continue;
    any = true;
    found[row] = &events->second;
    if (std::isnan(ends[row])) continue;
    const auto end = std::lower_bound(events->second.begin(), events->second.end(), ends[row],
                                      [&](uint32_t event, double limit) { return self.order[event] < limit; });
    before[row] = static_cast<size_t>(end - events->second.begin());
  }
  if (!any && must_match && rows.rows() > 0) {
    throw Error(ErrorCode::kData, fmt::format("{}: no '{}' of its rows occurs in {}; the key must be written alike in both", rows.source(), spec.key,
                                              self.table.source()));
  }

  TableBuilder builder;
  builder.source(rows.source());
  std::vector<uint64_t> source_rows(rows.rows());
  for (size_t row = 0; row < rows.rows(); ++row) source_rows[row] = rows.source_row(row);
  builder.source_rows(std::move(source_rows));
  for (const Column& column : rows.columns()) builder.add(column);
  // The event of a step, or none.
  const auto event = [&](size_t row, size_t back) { return (*found[row])[before[row] - back]; };
  const double unit = self.order_kind == ColumnKind::kDate ? kMicrosecondsADay : 1.0;
  for (const auto& channel : self.sequence.channels) {
    const bool is_gap = channel.name == "gap";
    const Column* from = is_gap ? nullptr : &self.table.column(channel.name);
    for (size_t back = spec.steps; back >= 1; --back) {
      const std::string& name = channel.columns[spec.steps - back];
      if (from != nullptr && from->kind() == ColumnKind::kCategory) {
        std::vector<int32_t> codes(rows.rows(), kMissingCode);
        for (size_t row = 0; row < rows.rows(); ++row) {
          if (before[row] >= back) codes[row] = from->codes()[event(row, back)];
        }
        builder.add_categories(name, std::move(codes), from->dictionary());
        continue;
      }
      std::vector<float> values(rows.rows(), kMissing);
      for (size_t row = 0; row < rows.rows(); ++row) {
        if (before[row] < back) continue;
        const double next = back == 1 ? ends[row] : self.order[event(row, back - 1)];
        values[row] = is_gap ? static_cast<float>((next - self.order[event(row, back)]) / unit) : from->numbers()[event(row, back)];
      }
      builder.add_numbers(name, std::move(values));
    }
  }
  std::vector<float> counts(before.begin(), before.end());
  builder.add_numbers(self.count_name, std::move(counts));
  return builder.build();
}

}  // namespace obligor
