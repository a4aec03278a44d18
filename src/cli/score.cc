#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/commands.h"
#include "cli/read_options.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "emit/native/native.h"
#include "prep/preprocessor.h"
#include "table/source.h"

namespace obligor::cli {
namespace {

struct Options {
  std::string bundle;
  std::string data;
  std::string sql;
  ReadOptions read;
  std::string out;
  bool json = false;
};

std::vector<StreamColumn> wanted_columns(const ScorePlan& plan) {
  std::vector<StreamColumn> columns;
  for (const PlanInput& input : plan.inputs) {
    ColumnKind kind = input.kind == InputKind::kCategory ? ColumnKind::kCategory : ColumnKind::kNumber;
    if (input.from == "date") kind = ColumnKind::kDate;
    columns.push_back({input.name, kind});
  }
  return columns;
}

int run_score(const Options& options, const Globals& globals) {
  if (options.data.empty() == options.sql.empty()) throw Error(ErrorCode::kInvalid, "score: one of DATA and --sql is wanted");
  if (options.json && options.out.empty()) throw Error(ErrorCode::kInvalid, "score: --json sums up on stdout, so the scores need --out FILE.csv");
  const Context context = globals.context();
  const Bundle bundle = load_bundle(options.bundle);
  const NativeExecutor executor(bundle.plan);
  const std::vector<std::string> outputs{"probability", "log_odds", "points"};
  ReadOptions read = options.read;
  read.threads = context.threads();
  const bool is_sql = !options.sql.empty();
  RowStream stream(is_sql ? options.sql : options.data, is_sql, read, wanted_columns(bundle.plan));

  std::unique_ptr<AtomicFile> file;
  if (!options.out.empty()) file = std::make_unique<AtomicFile>(options.out);
  const auto put = [&](const std::string& text) {
    if (file) {
      file->write(text);
    } else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
      throw Error(ErrorCode::kIo, "score: stdout could not be written");
    }
  };
  put("row,probability,log_odds,points\n");
  auto progress = context.begin("score", 0);
  size_t rows = 0;
  double sum = 0;
  while (const auto chunk = stream.next()) {
    context.check_cancelled();
    const auto all = all_rows(chunk->rows());
    const GatheredInputs inputs(*chunk, all, bundle.plan.inputs);
    const auto values = executor.run(inputs.batch(), outputs);
    fmt::memory_buffer text;
    for (size_t r = 0; r < chunk->rows(); ++r) {
      sum += static_cast<double>(values[0].numbers[r]);
      fmt::format_to(std::back_inserter(text), "{},{:.9g},{:.9g},{:.0f}\n", chunk->source_row(r), values[0].numbers[r], values[1].numbers[r],
                     values[2].numbers[r]);
    }
    put(fmt::to_string(text));
    rows += chunk->rows();
    progress.advance(static_cast<int64_t>(chunk->rows()));
  }
  if (file) file->commit();
  const double mean = rows > 0 ? sum / static_cast<double>(rows) : 0;
  if (options.json) {
    fmt::print("{}\n", dump_json({{"kind", "score"}, {"bundle", options.bundle}, {"rows", rows}, {"mean_probability", mean}, {"out", options.out}}));
  } else if (file) {
    fmt::print("{} rows scored, mean probability {:.4f}: {}\n", rows, mean, options.out);
  }
  return 0;
}

}  // namespace

Run setup_score(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("bundle", options->bundle, "what compare --save wrote")->required();
  app.add_option("data", options->data, "CSV (also .gz, .zst), Parquet, ARFF or JSON lines, with the columns of the training data");
  app.add_option("--sql", options->sql, "a query instead of a file");
  app.add_option("--out", options->out, "write row,probability,log_odds,points to this CSV; default: stdout");
  app.add_flag("--json", options->json, "a summary as one JSON document on stdout");
  add_read_options(app, options->read);
  return [options, &globals] { return run_score(*options, globals); };
}

}  // namespace obligor::cli
