// What stands in for source.cc and sink.cc in a build without DuckDB.
#include "core/error.h"
#include "table/sink.h"
#include "table/source.h"

namespace obligor {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kUnsupported, what + ": this build has no DuckDB and reads no tables; build with OBLIGOR_VENDORS=ON");
}

}  // namespace

Table read_table(const std::string& path, const ReadOptions&, std::vector<ReadNote>*) { refuse(path); }
uint64_t write_table_file(const std::filesystem::path& path, SinkFormat, std::span<const SinkColumn>, const std::function<std::optional<Table>()>&) {
  refuse(path.string());
}
Table read_sql(const std::string&, const ReadOptions&, std::vector<ReadNote>*) { refuse("SQL"); }

struct RowStream::Impl {};
RowStream::RowStream(const std::string& path_or_sql, bool, const ReadOptions&, const std::vector<StreamColumn>&) { refuse(path_or_sql); }
RowStream::~RowStream() = default;
std::optional<Table> RowStream::next() { return std::nullopt; }

}  // namespace obligor
