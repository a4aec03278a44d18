// Comparison of models of states on a panel, its document, and the bundle of one of them.
//
//   TransitionComparison comparison = compare_transitions(requests, table, panel, folds, options, executor, context);
//   Json document = transition_document(comparison, panel, facts, context);             // docs/multistate.md
//   Bundle bundle = transition_bundle(request, table, panel, document, executor, context);        // fitted on all rows
//
// Contract: jobs (model x fold) run on the context's pool, one thread each. Preprocessor and model see the training rows of a fold alone.
// Metrics are over all test rows together: log-loss (mean of -ln p(next state)); for every transition that a test row makes, the AUC of its
// probability among the rows of its state of departure, and expected against observed counts, in all and by period; intervals over accounts.
// Forecast: of each account in the test part from its first period there, the distribution over states after 1 .. horizon periods as a product
// of predicted transitions. Columns stay as they are at the start, but those in `advance`, which grow by 1 a period: nothing of the future is
// read. A state that no training row starts in is never left. Compared are counts of the accounts still observed so many periods later.
// A model that fails is listed with its reason; after a stop `stopped` is set.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bundle/bundle.h"
#include "core/context.h"
#include "model/transitions.h"
#include "plan/executor.h"
#include "study/transition/panel.h"

namespace obligor {

struct TransitionRequest {
  ModelEntry entry;
  ParamValues given;
};

struct TransitionOptions {
  size_t horizon = 12;               // periods
  std::vector<std::string> advance;  // number columns that grow by 1 a period
};

// Expected and observed accounts in each state after so many periods.
struct PoolForecast {
  size_t accounts = 0;
  std::vector<double> expected;  // a value a state
  std::vector<double> observed;
};

struct TransitionOutcome {
  ModelEntry entry;
  Json params;
  bool ok = false;
  std::string reason;
  double fit_seconds = 0;
  double score_seconds = 0;
  std::vector<double> probabilities;   // test rows x states, in the order of TransitionComparison::rows
  std::vector<PoolForecast> forecast;  // by horizon, from 1
  FitReport report;                    // of the first fold
};

struct TransitionComparison {
  std::vector<TransitionOutcome> models;
  bool stopped = false;
  std::string split_kind;
  std::string split_detail;
  size_t folds = 0;
  std::vector<uint32_t> rows;  // positions in the panel of the tested rows
  TransitionOptions options;
};

// Errors: kInvalid for an `advance` column that is no number among the features.
[[nodiscard]] TransitionComparison compare_transitions(const std::vector<TransitionRequest>& requests, const Table& table, const Panel& panel,
                                                       const std::vector<PanelFold>& folds, const TransitionOptions& options,
                                                       const ExecutorFactory& executor, const Context& context);

struct TransitionFacts {
  std::string program;  // version
  std::string command;
  std::string started;
  double seconds = 0;
  std::string source;
  size_t table_rows = 0;
  size_t resamples = 200;
};

[[nodiscard]] Json transition_document(const TransitionComparison& comparison, const Panel& panel, const TransitionFacts& facts,
                                       const Context& context);

// The model fitted on all rows; its plan gives `p_STATE` for every state.
[[nodiscard]] Bundle transition_bundle(const TransitionRequest& request, const Table& table, const Panel& panel, const Json& document,
                                       const ExecutorFactory& executor, const Context& context);

}  // namespace obligor
