// Data files before DuckDB sees them, fold files and the configuration.
#include "table_targets.h"

#include <zlib.h>
#include <zstd.h>
#include <CLI/CLI.hpp>

#include "checked.h"
#include "cli/toml_config.h"
#include "table/arff.h"
#include "table/csv_dialect.h"
#include "table/fold_file.h"
#include "table/raw_file.h"

namespace obligor::fuzz {

std::string gzip(std::string_view bytes) {
  std::string out(compressBound(bytes.size()) + 64, '\0');
  z_stream stream{};
  require(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib could not be started");
  std::string in(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib did not finish");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
  return out;
}

namespace {

constexpr std::string_view kCsv = "id,age,job,bad\n1,22,\"clerk, senior\",0\n2,,\"the \"\"boss\"\"\",1\r\n3,53,farmer,0\n";
constexpr std::string_view kArff =
    "% bankruptcy\n@relation '5year-weka'\n\n@attribute Attr1 numeric\n@ATTRIBUTE 'net \\'profit\\'' REAL\n"
    "@attribute class {0,1}\n@attribute when date \"yyyy\"\n@data\n0.2,?,0,2001\n";
constexpr std::string_view kFolds = "\xEF\xBB\xBFrow,fold\n0,1\n1,2\r\n\"2\",1\n\n3, 2\n";
constexpr std::string_view kToml =
    "target = \"bad\"\nfolds = 5\nseed = 7\ndate = [\"opened\", \"closed\"]\njson = true\nrate = 0.25\nsince = 2014-02-01\n"
    "[param]\ndnn.layers = 3\nlogistic.penalty = 'l1'\n[compare]\nfolds = 10\n[score]\nout = \"s.csv\"\n";

bool is_compressed(std::string_view bytes) { return bytes.starts_with("\x1F\x8B") || bytes.starts_with("\x28\xB5\x2F\xFD"); }

// The first byte chooses how the file is said to be; the rest is the file.
void run_csv_target(std::string_view bytes) {
  const unsigned char mode = bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(std::min<size_t>(1, bytes.size()));
  if (is_compressed(bytes)) return;
  ReadOptions options;
  options.header = (mode & 1U) == 0;
  options.skip_lines = (mode >> 1U) & 3U;
  if ((mode & 8U) != 0) options.delimiter = ";";
  if ((mode & 16U) != 0) options.delimiter = "\\t";
  const MemoryFile file(bytes);
  CsvDialect dialect;
  if (!accepted([&] { dialect = detect_csv(file.path(), options); })) return;
  require(!dialect.names.empty(), "a file without columns");
  for (const auto& name : dialect.names) require(!name.empty(), "a column without a name");
  std::optional<std::string> fault;
  require(accepted([&] { fault = find_csv_fault(file.path(), dialect); }), "the scan threw");
  require(!fault || fault->find(':') != std::string::npos, "a fault without a line");
  size_t end = 0;
  size_t at = 0;
  while (at < bytes.size()) {
    require(!first_record(bytes.substr(at), dialect.delimiter, &end).empty(), "a record without a cell");
    require(end > 0 && end <= bytes.size() - at, "a record that does not go on");
    at += end;
  }
}

void run_raw_target(std::string_view bytes) {
  constexpr size_t kMost = size_t{1} << 26U;
  struct Enough {};
  const MemoryFile file(bytes);
  size_t total = 0;
  bool read = false;
  try {
    read = accepted([&] {
      try {
        read_raw(file.path(), [&](std::string_view block) {
          total += block.size();
          if (total > kMost) throw Enough();
        });
      } catch (const Enough&) {
      }
    });
  } catch (const Enough&) {
  }
  if (read && !is_compressed(bytes)) require(total == bytes.size(), "a plain file of another length");
}

void run_arff_target(std::string_view bytes) {
  ArffHead head;
  if (!accepted([&] { head = parse_arff_head(bytes, "fuzz"); })) return;
  require(!head.attributes.empty(), "a head without attributes");
  require(head.data_offset <= bytes.size(), "data beyond the end");
}

void run_folds_target(std::string_view bytes) {
  if (is_compressed(bytes)) return;
  const MemoryFile file(bytes);
  std::vector<FoldRow> rows;
  if (!accepted([&] { rows = read_fold_file(file.path()); })) return;
  require(!rows.empty(), "a fold file without rows");
  for (size_t i = 1; i < rows.size(); ++i) require(rows[i].line > rows[i - 1].line, "lines that do not rise");
}

void run_toml_target(std::string_view bytes) {
  const MemoryFile file(bytes);
  CLI::App app;
  app.set_config("--config", "", "");
  app.config_formatter(std::make_shared<cli::TomlConfig>(app));
  std::string target;
  std::vector<std::string> params;
  std::vector<std::string> dates;
  int folds = 0;
  int64_t seed = 0;
  double rate = 0;
  bool json = false;
  std::string out;
  app.add_option("--seed", seed);
  CLI::App* compare = app.add_subcommand("compare");
  compare->add_option("--target", target);
  compare->add_option("--folds", folds);
  compare->add_option("--rate", rate);
  compare->add_option("--param", params);
  compare->add_option("--date", dates);
  std::string since;
  compare->add_option("--since", since);
  compare->add_flag("--json", json);
  CLI::App* score = app.add_subcommand("score");
  score->add_option("--out", out);
  app.fallthrough();
  (void)accepted([&] {
    try {
      app.parse(fmt::format("--config {} compare", file.path().string()));
    } catch (const CLI::ParseError&) {
      // The frame tells it as bad usage.
    }
  });
}

}  // namespace

Target csv_target() {
  return {"csv", run_csv_target,
          [] {
            std::string semicolons(kCsv);
            std::replace(semicolons.begin(), semicolons.end(), ',', ';');
            return std::vector<std::string>{std::string(1, '\0') + std::string(kCsv), "\x02# a comment\n" + std::string(kCsv), "\x08" + semicolons,
                                            "\x01" + std::string("\xEF\xBB\xBF") + std::string(kCsv)};
          },
          [] { return std::vector<std::string>{"\"", "\"\"", ",", ";", "\t", "|", "\r\n", "\xFF\xFE", "\xEF\xBB\xBF", "\xC3\xA4", "\xC3"}; }};
}

Target raw_target() {
  return {"raw", run_raw_target,
          [] {
            const std::string text(kCsv);
            return std::vector<std::string>{
                text, gzip(text), gzip(text) + gzip("more"), zstd(text), zstd(text) + zstd("more"), zstd(std::string(100'000, 'x'))};
          },
          [] {
            return std::vector<std::string>{"\x1F\x8B\x08", "\x28\xB5\x2F\xFD", std::string(4, '\0')};
          }};
}

Target arff_target() {
  return {"arff", run_arff_target, [] { return std::vector<std::string>{std::string(kArff)}; },
          [] { return std::vector<std::string>{"@attribute ", "@data\n", "@relation ", "{", "'", "\\", "relational", "string", "%"}; }};
}

Target folds_target() {
  return {"folds", run_folds_target,
          [] {
            return std::vector<std::string>{std::string(kFolds), "fold,extra,row\n1,x,18446744073709551615\n"};
          },
          [] { return std::vector<std::string>{"row", "fold", ",", "\"", "18446744073709551616", "-1", "1e3", "\r\n"}; }};
}

Target toml_target() {
  return {
      "toml", run_toml_target, [] { return std::vector<std::string>{std::string(kToml)}; },
      [] { return std::vector<std::string>{"[compare]\n", "[[param]]\n", "[param]\n", "= ", "\"\"\"", "true", "1e999", "{", "}", "[", "]", "0x"}; }};
}

}  // namespace obligor::fuzz
