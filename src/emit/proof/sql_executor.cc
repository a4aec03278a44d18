#include "emit/proof/sql_executor.h"

#include <atomic>
#include <cmath>
#include <filesystem>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "table/source.h"

namespace obligor {
namespace {

constexpr std::string_view kRow = "obligor_row";
constexpr std::string_view kNull = "\\N";

std::string in_quotes(std::string_view text, char quote) {
  std::string made(1, quote);
  for (const char c : text) {
    made += c;
    if (c == quote) made += c;
  }
  return made + quote;
}

// A file that goes with its owner.
class TemporaryFile {
 public:
  TemporaryFile() : path_(std::filesystem::temp_directory_path() / fmt::format("obligor-proof-{}-{}.csv", ::getpid(), next++)) {}
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  static inline std::atomic<int> next{0};
  std::filesystem::path path_;
};

std::string cell(const PlanInput& input, const InputColumn& column, size_t row) {
  if (input.kind == InputKind::kCategory) {
    return column.codes[row] < 0 ? std::string(kNull) : in_quotes((*column.dictionary)[static_cast<size_t>(column.codes[row])], '"');
  }
  const float x = column.numbers[row];
  if (std::isnan(x)) return std::string(kNull);
  if (input.from == "date") return fmt::format("{}", std::llround(x));
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  return fmt::format("{}", static_cast<double>(x));
}

// The file as a subquery with the columns that the statement reads.
std::string source(const ScorePlan& plan, const std::filesystem::path& path) {
  std::string columns = fmt::format("{{'{}': 'BIGINT'", kRow);
  std::string names(kRow);
  for (size_t c = 0; c < plan.inputs.size(); ++c) {
    const PlanInput& input = plan.inputs[c];
    const bool is_date = input.from == "date";
    columns += fmt::format(", 'c{}': '{}'", c, input.kind == InputKind::kCategory ? "VARCHAR" : is_date ? "INTEGER" : "DOUBLE");
    names += is_date ? fmt::format(", DATE '1970-01-01' + c{} AS {}", c, in_quotes(input.name, '"'))
                     : fmt::format(", c{} AS {}", c, in_quotes(input.name, '"'));
  }
  return fmt::format(
      "(SELECT {} FROM read_csv({}, header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '{}', "
      "allow_quoted_nulls = false, columns = {}}})) AS loans",
      names, in_quotes(path.string(), '\''), kNull, columns);
}

}  // namespace

SqlExecutor::SqlExecutor(ScorePlan plan, size_t most_terms) : plan_(std::move(plan)), most_terms_(most_terms) {
  SqlOptions options;
  options.max_terms = most_terms_;
  (void)emit_sql(plan_, options);
}

std::vector<Value> SqlExecutor::run(const InputBatch& batch, std::span<const std::string> outputs) const {
  const TemporaryFile file;
  std::string text;
  for (size_t r = 0; r < batch.rows; ++r) {
    text += fmt::format("{}", r);
    for (size_t c = 0; c < plan_.inputs.size(); ++c) text += "," + cell(plan_.inputs[c], batch.columns[c], r);
    text += "\n";
  }
  write_file(file.path(), text);
  SqlOptions options;
  options.table = source(plan_, file.path());
  options.keep = {std::string(kRow)};
  options.max_terms = most_terms_;
  ReadOptions read;
  read.threads = 1;
  read.memory_limit = "2GB";
  for (const PlanOutput& output : plan_.outputs) read.numbers.push_back(output.name);
  const Table table = read_sql(fmt::format("SELECT * FROM ({}) ORDER BY {}", emit_sql(plan_, options), kRow), read);
  if (table.rows() != batch.rows) throw Error(ErrorCode::kInternal, fmt::format("sql: {} rows came back of {}", table.rows(), batch.rows));
  std::vector<Value> made;
  const auto take = [&](const std::string& name) {
    const auto numbers = table.column(name).numbers();
    Value value;
    value.numbers.assign(numbers.begin(), numbers.end());
    made.push_back(std::move(value));
  };
  for (const auto& name : outputs) take(name);
  if (outputs.empty()) {
    for (const PlanOutput& output : plan_.outputs) take(output.name);
  }
  return made;
}

}  // namespace obligor
