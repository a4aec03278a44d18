// A bundle's scores beside another program's: shared by `reconcile` and `import --reconcile`.
#pragma once

#include <string>

#include "bundle/bundle.h"
#include "cli/frame.h"
#include "cli/read_options.h"
#include "emit/proof/reconcile.h"

namespace obligor::cli {

struct ReconcileRequest {
  std::string data;
  ReadOptions read;
  std::string scores;  // a file, or a column of the data
  std::string score_column;
  std::string out;
  ReconcileOptions wanted{"", 1e-5, 1'000};
};

// All but the data, which a command names in its own way.
void add_reconcile_options(CLI::App& app, ReconcileRequest& request);

[[nodiscard]] Reconciliation reconcile(const ScorePlan& plan, const ReconcileRequest& request, const Globals& globals);
void print(const Reconciliation& found);

}  // namespace obligor::cli
