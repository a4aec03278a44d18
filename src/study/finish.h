// The last step: the chosen model fitted on all rows, and the bundle that carries it.
//
//   FittedPipeline final = fit_pipeline(entry, given, table, task, split, task.rows, options, context);
//   Bundle bundle = make_bundle(final, entry, table, task, document, context);
//
// The bundle's metrics are those of the comparison (out of fold), never of the rows that the final fit saw.
#pragma once

#include "bundle/bundle.h"
#include "core/context.h"
#include "study/pipeline.h"

namespace obligor {

[[nodiscard]] Bundle make_bundle(const FittedPipeline& fitted, const ModelEntry& entry, const Table& table, const Task& task, const Json& document,
                                 const Context& context, const ExecutorFactory& executor = make_interpreter);

}  // namespace obligor
