// For tests of models: what a model predicts is what both executors say of its plan.
//
//   expect_plan_agrees(*result.model, batch, "gru, two layers");     // the plan's inputs are the prepared columns, no codes
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "emit/native/native.h"
#include "model/model.h"
#include "plan/executor.h"

namespace obligor {

inline void expect_plan_agrees(const Model& model, const Batch& prepared, const std::string& what) {
  PlanBuilder builder;
  std::vector<NodeId> columns;
  std::vector<std::vector<float>> cells(prepared.width);
  for (size_t c = 0; c < prepared.width; ++c) {
    columns.push_back(builder.input("c" + std::to_string(c), InputKind::kNumber));
    for (size_t r = 0; r < prepared.rows; ++r) cells[c].push_back(prepared.features[r * prepared.width + c]);
  }
  const Lowered lowered = model.lower(builder, {builder.concat(std::move(columns)), {}});
  builder.output("p", lowered.kind == ScoreKind::kLogOdds ? builder.activate(lowered.node, "sigmoid") : lowered.node);
  const ScorePlan plan = builder.build();
  InputBatch batch;
  batch.rows = prepared.rows;
  for (const auto& column : cells) batch.columns.push_back({column, {}, nullptr});
  const auto predicted = model.predict(prepared).values;
  const auto slow = Interpreter(plan).run(batch, {})[0].numbers;
  const auto fast = NativeExecutor(plan).run(batch, {})[0].numbers;
  ASSERT_EQ(slow.size(), predicted.size());
  for (size_t r = 0; r < predicted.size(); ++r) {
    ASSERT_NEAR(static_cast<double>(slow[r]), predicted[r], 1e-6) << what << ", row " << r;
    ASSERT_NEAR(static_cast<double>(fast[r]), predicted[r], 1e-6) << what << ", row " << r;
  }
}

}  // namespace obligor
