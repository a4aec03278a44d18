// obligor export: a bundle's plan for other engines. A scorecard as the table that people read; any plan as ONNX, or, where it is of
// moderate size, as SQL.
#include <memory>

#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/commands.h"
#include "cli/export_bundle.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "emit/onnx/onnx.h"
#include "emit/sql/sql.h"

namespace obligor::cli {
namespace {

struct Options {
  std::string bundle;
  std::string to = "sql";
  std::string dialect = "duckdb";
  std::string table = "loans";
  std::vector<std::string> keep;
  std::string missing_text;
  std::string weights = "bf16";
  std::string data;
  std::string out;
};

// RFC 4180: quotes where a comma, a quote or a line break is inside.
std::string csv_cell(const Json& value) {
  if (!value.is_string() && !value.is_null() && !value.is_number())
    throw Error(ErrorCode::kData, "the bundle's scorecard holds a cell that is neither text nor number");
  std::string text = value.is_string() ? value.get<std::string>() : value.is_null() ? "" : fmt::format("{:.6g}", value.get<double>());
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + "\"";
}

const Json& field(const Json& object, const char* key) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

std::string scorecard_csv(const Bundle& bundle, const std::string& path) {
  const Json& card = field(field(bundle.card, "details"), "scorecard");
  if (!card.is_object() || !field(card, "characteristics").is_array()) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: holds the model '{}', and only a scorecard has a table of points; --to sql takes other models", path,
                            bundle.card.value("model", "?")));
  }
  std::string text = "characteristic,attribute,points,woe,rows,share,bad_rate\n";
  for (const auto& characteristic : card["characteristics"]) {
    if (!field(characteristic, "attributes").is_array()) continue;
    for (const auto& attribute : characteristic["attributes"]) {
      text += csv_cell(field(characteristic, "name"));
      for (const char* key : {"label", "points", "woe", "rows", "share", "event_rate"}) text += "," + csv_cell(field(attribute, key));
      text += "\n";
    }
  }
  return text;
}

int run(const Options& options, const Globals& globals) {
  const Bundle bundle = load_bundle(options.bundle);
  std::string text;
  if (options.to == "bundle") {
    export_bundle(bundle, options.bundle, {options.weights, options.data, options.out}, globals);
    return 0;
  }
  if (options.to == "csv") {
    text = scorecard_csv(bundle, options.bundle);
  } else if (options.to == "onnx") {
    if (options.out.empty()) throw Error(ErrorCode::kInvalid, "export: --to onnx writes a binary file and needs --out FILE");
    text = emit_onnx(bundle.plan, {options.missing_text});
  } else {
    SqlOptions sql;
    sql.dialect = parse_dialect(options.dialect);
    sql.table = options.table;
    sql.keep = options.keep;
    text = emit_sql(bundle.plan, sql);
  }
  if (options.out.empty()) {
    fmt::print("{}", text);
  } else {
    write_file(options.out, text);
    fmt::print("{}\n", options.out);
  }
  return 0;
}

}  // namespace

Run setup_export(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("bundle", options->bundle, "what train or compare --save wrote")->required();
  app.add_option(
         "--to", options->to,
         "sql: one SELECT statement; onnx: the whole plan as an ONNX model; csv: a scorecard's table of points; bundle: with narrower weights")
      ->check(CLI::IsMember({"sql", "onnx", "csv", "bundle"}))
      ->capture_default_str();
  app.add_option("--dialect", options->dialect, "of the SQL: duckdb, postgresql, sqlite, spark")->capture_default_str();
  app.add_option("--table", options->table, "what the SQL reads, written as given")->capture_default_str();
  app.add_option("--keep", options->keep, "columns that the SQL carries into its result")->delimiter(',');
  app.add_option("--missing-text", options->missing_text, "the string that means a missing category to the ONNX model; default: the empty one");
  app.add_option("--weights", options->weights,
                 "of the bundle: bf16, two bytes a weight of wide maps, cells, filters and embeddings; int8, one byte and a scale a row")
      ->capture_default_str();
  app.add_option("--data", options->data, "rows on which the bundle's score error is measured; default: generated edge rows");
  app.add_option("--out", options->out, "write here; default: stdout");
  return [options, &globals] { return run(*options, globals); };
}

}  // namespace obligor::cli
