// One fit: rows to a preprocessor and a model, lowered to a plan, with what the fit said; and the two-stage fit of reject inference.
//
//   const Fit fit{entry, params, table, task, executor, context};
//   Member member = fit_member(fit, training_rows(task, train), valid);
//   Member member = fit_with_rejects(fit, train, valid, rejects, options);   // study/reject.h
//
// Private to the room. Errors: those of prep and of the model.
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "model/model.h"
#include "plan/executor.h"
#include "plan/plan.h"
#include "study/reject.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor {

// A fitted preprocessor and model, lowered.
struct Member {
  ScorePlan plan;  // output "log_odds"
  FitReport report;
  std::vector<std::string> sources;  // raw column of each prepared column
};

struct Fit {
  const ModelEntry& entry;
  const Params& params;
  const Table& table;
  const Task& task;
  const ExecutorFactory& executor;
  const Context& context;
};

// `valid` is for early stopping, and only used by a model that asks for it.
[[nodiscard]] Member fit_member(const Fit& fit, const TrainingRows& train, Rows valid);

// Fits on accepted rows, infers, and fits again; the report's details say what was inferred. Without rejects or a method as fit_member.
[[nodiscard]] Member fit_with_rejects(const Fit& fit, Rows train, Rows valid, Rows rejects, const RejectOptions& options);

// One output of a plan over some rows.
[[nodiscard]] std::vector<double> run_plan(const ScorePlan& plan, const Table& table, Rows rows, const std::string& output,
                                           const ExecutorFactory& factory);

}  // namespace obligor
