// obligor import: another tool's model as a bundle.
#include <memory>

#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/commands.h"
#include "core/error.h"
#include "core/file.h"
#include "emit/import/import.h"

namespace obligor::cli {
namespace {

struct Options {
  std::string file;
  std::string from;
  std::string out;
};

int run(const Options& options) {
  Bundle bundle;
  bundle.plan = import_model(read_file(options.file), options.file, parse_import_format(options.from));
  for (const PlanInput& input : bundle.plan.inputs) {
    bundle.dictionary.push_back({{"name", input.name}, {"kind", input.kind == InputKind::kCategory ? "category" : "number"}});
  }
  bundle.task = {{"kind", "binary"}};
  bundle.fingerprint = {{"source", options.file}, {"obligor", program_version()}};
  bundle.card = {{"model", "imported"}, {"title", "imported from " + options.from}, {"params", Json::object()}, {"notes", Json::array()}};
  save_bundle(bundle, options.out);
  fmt::print("{} columns, {} nodes: {}\n", bundle.plan.inputs.size(), bundle.plan.nodes.size(), options.out);
  return 0;
}

}  // namespace

Run setup_import(CLI::App& app, Globals& /*globals*/) {
  auto options = std::make_shared<Options>();
  app.add_option("file", options->file, "the model's file")->required();
  app.add_option("--from", options->from, "lightgbm (text), xgboost (JSON), logistic_json")->required();
  app.add_option("--out", options->out, "the bundle to write")->required();
  return [options] { return run(*options); };
}

}  // namespace obligor::cli
