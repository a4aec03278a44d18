// Which models, with which parameters: from --models, --param and the tables [models.NAME] of a config file.
//
//   ModelOptions options;  add_model_options(app, options);
//   const std::vector<ModelRequest> requests = make_requests({"dnn", "logistic"}, options);      // empty names: the zoo
//
// Contract: a model that takes long (ModelEntry::on_request) takes part when it is named, or when the one name is `all`; a table [models.NAME] is
// checked against the zoo whether or not NAME is asked for; --param wins over it. Errors: those of zoo and params (unknown model or parameter with
// near candidates, value out of range); Error{kInvalid} a model that does not take the task, or Error{kInvalid} a --param for a model that is not
// asked for.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "study/compare.h"

namespace obligor::cli {

struct ModelOptions {
  std::vector<std::string> params;  // MODEL.NAME=VALUE; with one model also NAME=VALUE
  std::vector<std::string> tables;  // the same, from a config file
  PipelineOptions pipeline;
};

void add_model_options(CLI::App& app, ModelOptions& options);
[[nodiscard]] std::vector<ModelRequest> make_requests(const std::vector<std::string>& names, const ModelOptions& options,
                                                      TaskKind task = TaskKind::kBinary);

}  // namespace obligor::cli
