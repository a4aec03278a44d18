#include "cli/data_simulate.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "table/simulate/tables.h"

namespace obligor::cli {
namespace {

using simulate::BankTable;

struct Options {
  uint64_t rows = 10000;
  std::string to;
  std::string format = "csv";
  std::vector<std::string> tables;
  bool json = false;
};

std::vector<BankTable> chosen_tables(const std::vector<std::string>& names) {
  std::vector<BankTable> chosen;
  std::vector<std::string> known;
  for (const BankTable table : simulate::kBankTables) known.emplace_back(simulate::table_name(table));
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) throw unknown_name("table", name, known);
  }
  for (const BankTable table : simulate::kBankTables) {
    if (names.empty() || std::find(names.begin(), names.end(), simulate::table_name(table)) != names.end()) chosen.push_back(table);
  }
  return chosen;
}

int run_simulate(const Options& options, const Globals& globals) {
  const Context context = globals.context();
  const simulate::Bank bank(context.seed());
  const std::filesystem::path folder = options.to;
  std::error_code status;
  std::filesystem::create_directories(folder, status);
  if (status) throw Error(ErrorCode::kIo, fmt::format("{}: cannot be made: {}", folder.string(), status.message()));
  const SinkFormat format = options.format == "csv" ? SinkFormat::kCsv : SinkFormat::kParquet;
  Json files = Json::array();
  for (const BankTable table : chosen_tables(options.tables)) {
    const auto path = folder / fmt::format("{}.{}", simulate::table_name(table), options.format);
    simulate::BlockStream stream(bank, table, options.rows, context);
    const uint64_t rows = write_table_file(path, format, simulate::table_columns(table), [&] { return stream.next(); });
    const auto bytes = std::filesystem::file_size(path);
    files.push_back({{"table", simulate::table_name(table)}, {"path", path.string()}, {"rows", rows}, {"bytes", bytes}});
    if (!options.json)
      fmt::print("{:<12}  {:>12} rows  {:>9.1f} MB  {}\n", simulate::table_name(table), rows, static_cast<double>(bytes) / 1e6, path.string());
  }
  Json bank_json{
      {"obligor", program_version()}, {"kind", "simulated_bank"}, {"loans", options.rows}, {"seed", context.seed()}, {"files", std::move(files)}};
  write_file(folder / "bank.json", dump_json(bank_json) + "\n");
  if (options.json) {
    fmt::print("{}\n", dump_json(bank_json));
  } else {
    fmt::print("use: obligor compare {} --target default_12m --id loan_id --ignore decision_date\n",
               (folder / fmt::format("applications.{}", options.format)).string());
  }
  return 0;
}

}  // namespace

Run setup_data_simulate(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("--rows", options->rows, "loans")->capture_default_str()->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}));
  app.add_option("--to", options->to, "the folder to write into")->required();
  app.add_option("--format", options->format, "csv or parquet")->capture_default_str()->check(CLI::IsMember({"csv", "parquet"}));
  app.add_option("--tables", options->tables, "some of applications, truth, behaviour, transactions, economy; default: all")->delimiter(',');
  app.add_flag("--json", options->json, "one JSON document on stdout");
  return [options, &globals] { return run_simulate(*options, globals); };
}

}  // namespace obligor::cli
