// The contracts between a model, its registry row and the study that fits it. No implementation lives here.
//
//   const ModelEntry& entry = zoo::find("logistic");
//   Params params = make_params(entry.params, {{"l2", "0.1"}});
//   FitResult result = fit(FitInput{...}, params, context);
//   Scores scores = result.model->predict(batch);
//
// A Model has two virtuals: predict (the oracle that proves lowering right) and lower. No save, explain or describe: those
// belong to the plan.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "core/context.h"
#include "core/json.h"
#include "model/params.h"
#include "plan/builder.h"
#include "prep/binning/binning.h"
#include "prep/spec.h"

namespace obligor {

// Where a model finds its prepared inputs in a plan under construction: one number node, `width` wide, and the code nodes.
struct LoweredInputs {
  NodeId features = 0;
  std::vector<NodeId> codes;
};

struct Lowered {
  NodeId node = 0;
  ScoreKind kind = ScoreKind::kLogOdds;  // kLogOdds, or kProbability
};

class Model {
 public:
  virtual ~Model() = default;
  // One value a row: the probability of bad (binary).
  [[nodiscard]] virtual Scores predict(const Batch& batch) const = 0;
  // Adds nodes that compute the same from the prepared inputs; scores agree to 1e-6 in probability.
  [[nodiscard]] virtual Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const = 0;
};

// A training curve, one value an epoch (or iteration).
struct Learning {
  using Curves = std::vector<std::pair<std::string, std::vector<double>>>;  // by layer, from the inputs to the head
  std::vector<double> epoch;
  std::vector<double> train_loss;
  std::vector<double> valid_loss;
  std::vector<double> valid_auc;
  std::vector<double> learning_rate;
  // Of the first batch of each epoch, so that the first value is that of the network as it starts. What they say: model/diagnosis.h.
  Curves gradient_norm;  // Euclidean norm of the gradient of the layer's parameters
  Curves signal;         // root mean square of d loss / d (input of the activation), loss of one row
  Curves saturation;     // share of the layer's activations that are flat
};

// A coefficient table or the like: what the fit can say about itself beyond the plan.
struct FitReport {
  std::vector<std::string> notes;  // "separation: ...", in one line each
  std::vector<Learning> learning;
  std::vector<double> importance;  // one value a feature column (width values), >= 0; empty when it has none
  Json details = Json::object();   // e.g. coefficients with standard errors
};

struct FitResult {
  std::unique_ptr<Model> model;
  FitReport report;
};

// Prepared training data. `valid` is held back for early stopping (rows = 0 when the model's traits ask for none).
// Feature names are those of the prepared columns; `feature_source[i]` is the raw column that column i was made from.
struct FitInput {
  Batch train;
  std::span<const uint8_t> target;  // train.rows
  std::span<const double> weight;   // train.rows, or empty = 1
  Batch valid;
  std::span<const uint8_t> valid_target;
  std::span<const double> valid_weight;
  std::span<const std::string> feature_names;
  std::span<const uint32_t> code_levels;  // number of codes of each code column
  std::span<const uint8_t> categorical;   // 1 where a feature column holds category codes as numbers
  std::span<const std::string> feature_source;
  std::span<const std::vector<std::string>> feature_levels;  // names of the codes where categorical; may be empty
  std::span<const uint8_t> days;                             // 1 where a feature is a date, in days since 1970-01-01; may be empty
  std::span<const Binning> binnings;                         // behind the columns of WoE
  std::span<const int32_t> feature_binning;                  // for each feature which of them, or -1; empty = none
  std::span<const FeatureGroup> groups;                      // sequences and texts among the features (prep/spec.h)
};

using FitFunction = FitResult (*)(const FitInput& input, const Params& params, const Context& context);

// Models of who used what learn from (customer, product) pairs, not from rows of features: model/interactions.h holds their contract.
struct InteractionInput;
struct InteractionFit;
using FitInteractions = InteractionFit (*)(const InteractionInput& input, const Params& params, const Context& context);

// Models of the state in which an account stands next period: model/transitions.h holds their contract.
struct TransitionInput;
struct TransitionFit;
using FitTransitions = TransitionFit (*)(const TransitionInput& input, const Params& params, const Context& context);

struct Traits {
  bool early_stopping = false;        // wants `valid`
  bool deterministic_convex = false;  // weight 2 = row twice holds
  bool needs_gpu_aware = false;       // honours Context::device
  bool trees = false;
  bool text = false;  // reads texts; most want one
  // The tasks that it takes other than a binary target; with none of them it is a model of that.
  bool rating = false;  // over (customer, product) pairs
  bool ranking = false;
  bool multistate = false;
  [[nodiscard]] bool binary() const { return !rating && !ranking && !multistate; }
};

// What tuning may set: a number between low and high (on a log scale where said), one of `choices`, or a flag (neither given). The
// name is that of a parameter of the same row, which also says whether it is whole.
struct TuneRange {
  std::string name;
  double low = 0;
  double high = 0;
  bool log = false;
  std::vector<std::string> choices;
};

// A row of zoo/registry.cc. Everything but `fit` is torch-free and listed by every program.
struct ModelEntry {
  std::string name;
  std::string title;
  std::string family;  // linear, boost, net, ...
  std::string paper;
  std::vector<std::string> parents;  // registry names this model descends from
  std::string summary;               // one line for help
  std::vector<ParamSpec> params;
  Traits traits;
  PrepSpec (*prep)(const Params& params) = nullptr;  // how it wants its columns prepared
  // Sets of parameter overrides among which the inner folds choose when `search` is on (empty: nothing to choose).
  std::vector<std::vector<std::pair<std::string, std::string>>> candidates;
  std::vector<TuneRange> tune_space;  // what `--tune` walks; it holds what the candidates set
  int tune_trials = 0;                // trials of tuning where the user says nothing; 0: none
  FitFunction fit = nullptr;          // bound in the program that trains; null for a model of another task, which has
  FitInteractions fit_interactions = nullptr;
  FitTransitions fit_transitions = nullptr;
  // A blend has no prep and no fit of its own: it is made of those of these rows that its parameter `models` names, each with its candidates.
  std::vector<ModelEntry> parts;
  bool on_request = false;  // takes part in a comparison only where it is named, or all are: it takes long
};

}  // namespace obligor
