// The contract of models of states: where an account stands after a period, given where it stands and what is known of it.
//
//   TransitionInput input{.train = batch, .from = from, .to = to, .states = 3, .allowed = allowed};
//   TransitionFit fit = entry.fit_transitions(input, params, context);
//   std::vector<double> p = fit.model->predict(batch, from);      // rows x states, each row sums to 1
//
// Contract: states are codes in [0, states). A row of `allowed` (states x states) says where one state may lead; what it does not allow has
// probability 0 exactly. A state from which no training row starts has an all-allowed row and is never asked for by the study. Rows held
// back choose when to stop, and are fitted too where the model says so (`refit`).
// Errors: kData for no rows or one state, kNumeric when the loss is no longer finite, kCancelled on request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/model.h"

namespace obligor {

struct TransitionInput {
  Batch train;
  std::span<const uint8_t> from;        // train.rows
  std::span<const uint8_t> to;          // train.rows
  std::span<const double> weight;       // train.rows, or empty = 1
  std::span<const uint32_t> held_back;  // positions of rows, ascending; may be empty
  size_t states = 0;
  std::span<const uint8_t> allowed;  // states x states
};

// Where the plan finds the prepared features and the state in which the account stands: a code in [0, states], `states` for one that was
// never seen or is missing, from which every state may follow. Absent: all rows start in the one state that training rows start in.
struct TransitionNodes {
  NodeId features = 0;
  std::optional<NodeId> from;
};

class TransitionModel {
 public:
  virtual ~TransitionModel() = default;
  // rows x states, row-major.
  [[nodiscard]] virtual std::vector<double> predict(const Batch& batch, std::span<const uint8_t> from) const = 0;
  // A node of `states` probabilities, equal to 1e-6.
  [[nodiscard]] virtual NodeId lower(PlanBuilder& builder, const TransitionNodes& nodes) const = 0;
};

struct TransitionFit {
  std::unique_ptr<TransitionModel> model;
  FitReport report;
};

}  // namespace obligor
