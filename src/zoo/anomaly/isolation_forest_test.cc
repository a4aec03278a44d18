// The isolation forest: what it finds strange, its measure against the paper's formula, and the plan against the model.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"
#include "plan/executor.h"
#include "zoo/anomaly/anomaly.h"

namespace obligor {
namespace {

// Goods are a round cloud in three columns; bads lie on a shell far outside of it.
struct Sample {
  std::vector<float> features;
  std::vector<uint8_t> target;
  Sample(size_t n, double bad_share, std::string_view stream) {
    Random random(12, stream);
    for (size_t r = 0; r < n; ++r) {
      const bool bad = random.uniform() < bad_share;
      double x[3];
      double length = 0;
      for (double& v : x) {
        v = random.normal();
        length += v * v;
      }
      for (const double v : x) features.push_back(static_cast<float>(bad ? 5 * v / std::sqrt(length) : v));
      target.push_back(bad ? 1 : 0);
    }
  }
  [[nodiscard]] Batch batch() const { return {.rows = target.size(), .width = 3, .features = features, .codes = {}}; }
  [[nodiscard]] FitInput input() const {
    FitInput input;
    input.train = batch();
    input.target = target;
    return input;
  }
};

Params params_of(const ParamValues& values) { return make_params(isolation_forest_entry().params, values, "isolation_forest"); }

TEST(IsolationForest, FindsTheShellWithAndWithoutLabels) {
  const Sample train(3000, 0.05, "train");
  const Sample test(2000, 0.05, "test");
  const Context context({.seed = 3, .threads = 2});
  for (const char* fit_on : {"goods", "all"}) {
    const FitResult result = fit_isolation_forest(train.input(), params_of({{"fit_on", fit_on}}), context);
    const auto p = result.model->predict(test.batch()).values;
    EXPECT_GT(metric::auc(p, test.target), 0.97) << fit_on;
    EXPECT_EQ(
        p,
        fit_isolation_forest(train.input(), params_of({{"fit_on", fit_on}}), Context({.seed = 3, .threads = 1})).model->predict(test.batch()).values)
        << "not the same at another number of threads";
  }
}

TEST(IsolationForest, TheLabelsNeverChangeTheOrder) {
  const Sample train(1000, 0.1, "labels");
  auto turned = train.target;
  for (uint8_t& y : turned) y = y != 0 ? 0 : 1;
  FitInput input = train.input();
  input.target = turned;
  const Context context({.seed = 1, .threads = 1});
  const auto a = fit_isolation_forest(train.input(), params_of({{"fit_on", "all"}}), context);
  const auto b = fit_isolation_forest(input, params_of({{"fit_on", "all"}}), context);
  const auto p = a.model->predict(train.batch()).values;
  const auto q = b.model->predict(train.batch()).values;
  std::vector<size_t> order(p.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return p[i] < p[j]; });
  for (size_t i = 1; i < order.size(); ++i) EXPECT_LE(q[order[i - 1]], q[order[i]] + 1e-12);
  ASSERT_EQ(b.report.notes.size(), 1U);
  EXPECT_NE(b.report.notes[0].find("keeps its order"), std::string::npos);
}

// Two rows, one cut between them: each leaf has depth 1, c(2) = 1, so log2 s = -1 on both sides whatever the cut.
TEST(IsolationForest, TheMeasureIsThePapers) {
  const std::vector<float> features{0, 1, 0, 1};
  const std::vector<uint8_t> target{0, 0, 1, 1};
  FitInput input;
  input.train = {.rows = 4, .width = 1, .features = features, .codes = {}};
  input.target = target;
  const auto result = fit_isolation_forest(input, params_of({{"trees", "7"}}), Context({.seed = 1, .threads = 1}));
  PlanBuilder builder;
  const NodeId x = builder.impute(builder.input("x", InputKind::kNumber), {0.0F});
  const Lowered lowered = result.model->lower(builder, {x, {}});
  builder.output("log_odds", lowered.node);
  const ScorePlan plan = builder.build();
  const auto trees = std::find_if(plan.nodes.begin(), plan.nodes.end(), [](const Node& node) { return node.op == Op::kTrees; });
  ASSERT_NE(trees, plan.nodes.end());
  const auto& leaves = plan.constants[trees->constants[6]].floats();
  ASSERT_EQ(leaves.size(), 14U);
  for (const float leaf : leaves) EXPECT_NEAR(leaf, -1.0 / 7, 1e-7);
}

TEST(IsolationForest, ThePlanIsTheModel) {
  const Sample train(800, 0.1, "plan");
  const auto result = fit_isolation_forest(train.input(), params_of({{"trees", "50"}, {"sample", "100"}}), Context({.seed = 1, .threads = 1}));
  PlanBuilder builder;
  std::vector<NodeId> columns;
  for (const char* name : {"a", "b", "c"}) columns.push_back(builder.input(name, InputKind::kNumber));
  const Lowered lowered = result.model->lower(builder, {builder.concat(columns), {}});
  builder.output("log_odds", lowered.node);
  const ScorePlan plan = builder.build();
  std::vector<std::vector<float>> cells(3);
  for (size_t i = 0; i < train.features.size(); ++i) cells[i % 3].push_back(train.features[i]);
  InputBatch batch{.rows = 800, .columns = {}};
  for (const auto& column : cells) batch.columns.push_back({.numbers = column, .codes = {}, .dictionary = nullptr});
  const auto values = make_interpreter(plan)->run(batch, {});
  const auto p = result.model->predict(train.batch()).values;
  for (size_t r = 0; r < 800; ++r) EXPECT_NEAR(1 / (1 + std::exp(-static_cast<double>(values[0].numbers[r]))), p[r], 1e-6);
}

TEST(IsolationForest, AWeightOfZeroIsNeverDrawn) {
  const Sample train(500, 0.1, "weights");
  std::vector<double> weight(500, 1);
  std::vector<float> shifted = train.features;
  for (size_t r = 0; r < 500; r += 2) {
    weight[r] = 0;
    for (size_t c = 0; c < 3; ++c) shifted[3 * r + c] += 1000;
  }
  FitInput input = train.input();
  input.weight = weight;
  FitInput moved = input;
  moved.train.features = shifted;
  const Context context({.seed = 1, .threads = 1});
  const auto params = params_of({{"sample", "64"}, {"trees", "20"}});
  EXPECT_EQ(fit_isolation_forest(input, params, context).report.details["cuts"], fit_isolation_forest(moved, params, context).report.details["cuts"]);
}

TEST(IsolationForest, BadInputIsAClearError) {
  const Sample train(50, 0, "one");
  const Sample both(50, 0.5, "both");
  FitInput empty = both.input();
  empty.train.width = 0;
  for (const FitInput& input : {train.input(), empty}) {
    try {
      (void)fit_isolation_forest(input, params_of({}), Context({.threads = 1}));
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kData);
    }
  }
}

}  // namespace
}  // namespace obligor
