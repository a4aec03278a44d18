#include "cli/read_options.h"

namespace obligor::cli {

void add_read_options(CLI::App& app, ReadOptions& options) {
  app.add_option("--categories", options.categories, "columns to read as categories")->delimiter(',');
  app.add_option("--numbers", options.numbers, "columns to read as numbers")->delimiter(',');
  app.add_option("--dates", options.dates, "columns to read as dates")->delimiter(',');
  app.add_option("--format", options.format, "csv, space, arff, parquet or jsonl; default: by the file's ending");
  app.add_option("--delimiter", options.delimiter, "of a CSV; default: detected");
  app.add_flag("!--no-header", options.header, "the first line is data");
  app.add_option("--null", options.null_strings, "strings that mean missing")->delimiter(',');
  app.add_option("--select", options.select, "a SELECT over the file, which it sees as the table 'source'");
}

}  // namespace obligor::cli
