// Comparison of models of pairs on a rating or a ranking task, and its document.
//
//   PairComparison comparison = compare_ratings(requests, task, folds, context);           // or compare_rankings(requests, task, plan, context)
//   Json document = pair_document(comparison, task, facts, context);                        // docs/compare-json.md, docs/recommend.md
//   std::optional<Bundle> bundle = pair_bundle(request, task, document, context);           // fitted on all pairs
//
// Contract: jobs (model x fold) run on the context's pool, one thread each, and their order does not matter. A model sees the training pairs alone.
// Rating: RMSE and MAE over all test rows together. Ranking: HR@K and NDCG@K (metric/recommend.h), means over customers. Intervals and differences
// are over customers; p adjusted by Holm. A model that fails is listed with its reason; after a stop `stopped` is set.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bundle/bundle.h"
#include "core/context.h"
#include "model/interactions.h"
#include "model/params.h"
#include "study/recommend/pair_task.h"

namespace obligor {

struct PairRequest {
  ModelEntry entry;
  ParamValues given;
};

struct PairOutcome {
  ModelEntry entry;
  Json params;
  bool ok = false;
  std::string reason;
  double fit_seconds = 0;
  double score_seconds = 0;
  size_t scored = 0;
  std::vector<double> predicted;  // rating: a value a test row, in the order of PairComparison::rows
  std::vector<double> hit;        // ranking: a value a customer
  std::vector<double> ndcg;
  FitReport report;  // of the first fold
};

struct PairComparison {
  TaskKind kind = TaskKind::kRating;
  std::vector<PairOutcome> models;
  bool stopped = false;
  std::string split_kind;
  std::string split_detail;
  size_t folds = 0;
  size_t k = 10;
  size_t negatives = 0;
  std::vector<uint32_t> rows;      // rating: positions of the tested pairs
  std::vector<uint32_t> customer;  // of each row, or of each block
  std::vector<std::string> warnings;
};

[[nodiscard]] PairComparison compare_ratings(const std::vector<PairRequest>& requests, const PairTask& task, const std::vector<Part>& parts,
                                             const Context& context);
[[nodiscard]] PairComparison compare_rankings(const std::vector<PairRequest>& requests, const PairTask& task, const RankingPlan& plan, size_t k,
                                              const Context& context);

struct PairFacts {
  std::string program;  // version
  std::string command;
  std::string started;
  double seconds = 0;
  std::string source;
  size_t table_rows = 0;
  size_t resamples = 200;
};

[[nodiscard]] Json pair_document(const PairComparison& comparison, const PairTask& task, const PairFacts& facts, const Context& context);

// The model fitted on all pairs; its plan reads the two columns by name and gives "rating" or "score". Nothing when the model has no plan.
[[nodiscard]] std::optional<Bundle> pair_bundle(const PairRequest& request, const PairTask& task, const Json& document, const Context& context);

}  // namespace obligor
