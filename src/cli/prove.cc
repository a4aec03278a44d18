// obligor prove: every backend beside the reference interpreter, on data and on edge rows; the proof goes into the bundle.
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bundle/bundle.h"
#include "cli/commands.h"
#include "cli/plan_columns.h"
#include "cli/read_options.h"
#include "core/error.h"
#include "core/json.h"
#include "emit/proof/proof.h"
#include "prep/preprocessor.h"

namespace obligor::cli {
namespace {

// Rows that are compared at a time: the SQL goes through a file, and the interpreter is slow.
constexpr size_t kBlockRows = 8192;

struct Options {
  std::string bundle;
  std::string data;
  std::string sql;
  ReadOptions read;
  int64_t rows = 0;
  ProofOptions proof;
  bool keep = false;
  bool json = false;
};

InputBatch slice(const InputBatch& batch, size_t first, size_t count) {
  InputBatch part{count, batch.columns};
  for (InputColumn& column : part.columns) {
    if (column.dictionary == nullptr) column.numbers = column.numbers.subspan(first, count);
    else column.codes = column.codes.subspan(first, count);
  }
  return part;
}

void check_data(const Options& options, const ScorePlan& plan, const Context& context, Prover& prover) {
  ReadOptions read = options.read;
  read.threads = context.threads();
  const bool is_sql = !options.sql.empty();
  RowStream stream(is_sql ? options.sql : options.data, is_sql, read, plan_columns(plan));
  auto progress = context.begin("prove", 0);
  const auto most = options.rows > 0 ? static_cast<size_t>(options.rows) : static_cast<size_t>(-1);
  size_t done = 0;
  while (done < most) {
    const auto chunk = stream.next();
    if (!chunk) return;
    const auto rows = all_rows(chunk->rows());
    const GatheredInputs inputs(*chunk, rows, plan.inputs);
    const InputBatch batch = inputs.batch();
    for (size_t first = 0; first < batch.rows && done < most; first += kBlockRows) {
      context.check_cancelled();
      const size_t count = std::min({kBlockRows, batch.rows - first, most - done});
      prover.check(slice(batch, first, count), done);
      done += count;
      progress.advance(static_cast<int64_t>(count));
    }
  }
}

std::string number(double value) { return std::isinf(value) ? "NaN against a number" : fmt::format("{:.2g}", value); }

void print(const Proof& proof) {
  fmt::print("{} rows of data, {} edge rows, seed {}\n", proof.rows, proof.edge_rows, proof.seed);
  for (const BackendProof& one : proof.backends) {
    if (one.status != "compared") {
      fmt::print("{:<8} {}: {}\n", one.name, one.status == "not_found" ? "not found" : one.status, one.note);
      continue;
    }
    fmt::print("{:<8} {:<7} largest difference {} (on the data {}), allowed {}; {}\n", one.name, one.holds() ? "holds" : "DIFFERS",
               number(one.largest), number(one.largest_on_data), number(one.tolerance), one.note);
    if (one.largest > 0) {
      fmt::print("         {}: interpreter {:.9g}, {} {:.9g}\n", one.where, one.expected, one.name, one.found);
      if (!one.holds()) fmt::print("         {}\n", one.row.dump());
    }
  }
}

int run(const Options& options, const Globals& globals) {
  if (!options.data.empty() && !options.sql.empty()) throw Error(ErrorCode::kInvalid, "prove: DATA and --sql are two sources; give one of them");
  Bundle bundle = load_bundle(options.bundle);
  const Context context = globals.context();
  ProofOptions wanted = options.proof;
  wanted.seed = globals.seed;
  Prover prover(bundle.plan, wanted);
  if (!options.data.empty() || !options.sql.empty()) check_data(options, bundle.plan, context, prover);
  const Proof proof = prover.finish();
  bundle.proof = proof_json(proof);
  if (!options.keep) save_bundle(bundle, options.bundle);
  if (options.json) {
    Json document{{"obligor", program_version()}, {"kind", "prove"}, {"bundle", options.bundle}};
    document.update(bundle.proof);
    fmt::print("{}\n", dump_json(document));
  } else {
    print(proof);
    fmt::print("{}{}\n", proof.holds ? "the proof holds" : "the proof does NOT hold", options.keep ? "" : "; it is in " + options.bundle);
  }
  return proof.holds ? 0 : 1;
}

}  // namespace

Run setup_prove(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("bundle", options->bundle, "what train or compare --save wrote")->required();
  app.add_option("data", options->data, "rows to compare on, with the columns of the training data; without it, edge rows alone");
  app.add_option("--sql", options->sql, "a query instead of a file")->group("Data");
  add_read_options(app, options->read);
  app.add_option("--rows", options->rows, "the first so many rows of the data; 0: all")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--backends", options->proof.backends, "of native, sql, onnx")->delimiter(',')->capture_default_str();
  app.add_option("--tolerance", options->proof.tolerance, "of native and onnx, in probability")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  app.add_option("--sql-tolerance", options->proof.sql_tolerance, "of sql, which computes in double")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--sql-terms", options->proof.sql_terms, "leave SQL out above so many terms: DuckDB plans a large statement for minutes")
      ->check(CLI::Range(1, 2'000'000))
      ->capture_default_str();
  app.add_option("--edge-rows", options->proof.edge_rows, "at most so many generated rows")->check(CLI::Range(1, 10'000'000))->capture_default_str();
  app.add_flag("--keep", options->keep, "leave the bundle as it is");
  app.add_flag("--json", options->json, "the proof as one JSON document on stdout");
  return [options, &globals] { return run(*options, globals); };
}

}  // namespace obligor::cli
