#include "cli/read_options.h"

namespace obligor::cli {

void add_read_options(CLI::App& app, ReadOptions& options) {
  app.add_option("--categories", options.categories, "columns to read as categories")->delimiter(',')->group("Data");
  app.add_option("--numbers", options.numbers, "columns to read as numbers")->delimiter(',')->group("Data");
  app.add_option("--dates", options.dates, "columns to read as dates")->delimiter(',')->group("Data");
  app.add_option("--text", options.texts, "columns to read as texts, whose words some models read")->delimiter(',')->group("Data");
  app.add_option("--format", options.format, "csv, space, arff, parquet or jsonl; default: by the file's ending")->group("Data");
  app.add_option("--delimiter", options.delimiter, "of a CSV; default: detected")->group("Data");
  app.add_flag("!--no-header", options.header, "the first line is data")->group("Data");
  app.add_option("--null", options.null_strings, "strings that mean missing")->delimiter(',')->group("Data");
  app.add_option("--select", options.select, "a SELECT over the file, which it sees as the table 'source'")->group("Data");
}

}  // namespace obligor::cli
