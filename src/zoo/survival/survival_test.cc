// The models of states: gradients and optimum, the mask, the plan against the model, and what depth finds that a logit cannot.
#include "zoo/survival/survival.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/executor.h"

namespace obligor {
namespace {

// Three states: 0 current, 1 late, 2 gone (never left). Chances depend on two columns through `risk`.
struct Sample {
  std::vector<float> features;
  std::vector<uint8_t> from;
  std::vector<uint8_t> to;
  std::vector<uint8_t> allowed{1, 1, 1, 1, 1, 1, 1, 1, 1};
  std::vector<double> truth;  // rows x 3

  Sample(size_t n, std::string_view stream, const std::function<double(double, double)>& risk, bool one_start = false) {
    Random random(7, stream);
    for (size_t r = 0; r < n; ++r) {
      const double a = random.normal();
      const double b = random.normal();
      features.push_back(static_cast<float>(a));
      features.push_back(static_cast<float>(b));
      from.push_back(one_start || random.uniform() < 0.7 ? 0 : 1);
      // Current never goes straight to gone.
      const double z = risk(a, b);
      std::vector<double> weight =
          from.back() == 0 ? std::vector<double>{1, std::exp(z - 1), 0} : std::vector<double>{std::exp(-z), 1, std::exp(z - 0.5)};
      const double total = weight[0] + weight[1] + weight[2];
      double u = random.uniform() * total;
      uint8_t s = 0;
      while (s < 2 && u >= weight[s]) u -= weight[s++];
      to.push_back(s);
      for (const double w : weight) truth.push_back(w / total);
    }
    allowed[2] = 0;
  }

  [[nodiscard]] TransitionInput input() const {
    TransitionInput input;
    input.train = {.rows = from.size(), .width = 2, .features = features, .codes = {}};
    input.from = from;
    input.to = to;
    input.states = 3;
    input.allowed = allowed;
    return input;
  }
  [[nodiscard]] double loss(const TransitionModel& model) const {
    const auto p = model.predict(input().train, from);
    double sum = 0;
    for (size_t r = 0; r < from.size(); ++r) sum -= std::log(std::max(p[3 * r + to[r]], 1e-15)) / static_cast<double>(from.size());
    return sum;
  }
  [[nodiscard]] double best_loss() const {
    double sum = 0;
    for (size_t r = 0; r < from.size(); ++r) sum -= std::log(truth[3 * r + to[r]]) / static_cast<double>(from.size());
    return sum;
  }
};

// With these, the log-odds of each state are linear in the columns and the state of departure.
double linear(double a, double b) { return a - 0.5 * b; }
double crossed(double a, double b) { return 2 * a * b; }

Params params_of(const ModelEntry& entry, const ParamValues& values) { return make_params(entry.params, values, entry.name); }

std::vector<uint32_t> every_sixth(size_t n) {
  std::vector<uint32_t> rows;
  for (uint32_t r = 0; r < n; r += 6) rows.push_back(r);
  return rows;
}

TEST(States, TheLogitFindsTheTruthOfALinearWorld) {
  const Sample train(20000, "train", linear);
  const Sample test(20000, "test", linear);
  const Context context({.seed = 2, .threads = 1});
  TransitionInput input = train.input();
  const auto held = every_sixth(20000);
  input.held_back = held;
  const auto fit = fit_softmax_transitions(input, params_of(multinomial_logit_entry(), {}), context);
  const auto p = fit.model->predict(input.train, train.from);
  // At the optimum of a softmax with a column for each state, expected counts are the observed ones.
  double expected[3] = {0, 0, 0};
  double observed[3] = {0, 0, 0};
  for (size_t r = 0; r < 20000; ++r) {
    for (size_t s = 0; s < 3; ++s) expected[s] += p[3 * r + s];
    observed[train.to[r]] += 1;
  }
  for (size_t s = 0; s < 3; ++s) EXPECT_NEAR(expected[s] / 20000, observed[s] / 20000, 0.006);
  const auto matrix = fit_transition_matrix(train.input(), params_of(transition_matrix_entry(), {}), context);
  EXPECT_LT(test.loss(*fit.model), test.loss(*matrix.model) - 0.1);
  EXPECT_LT(test.loss(*fit.model), test.best_loss() + 0.003);
}

TEST(States, DepthFindsWhatALogitCannot) {
  const Sample train(8000, "train", crossed);
  const Sample test(8000, "test", crossed);
  TransitionInput input = train.input();
  const auto held = every_sixth(8000);
  input.held_back = held;
  const Context context({.seed = 2, .threads = 1});
  const auto logit = fit_softmax_transitions(input, params_of(multinomial_logit_entry(), {}), context);
  const ParamValues small{{"first", "32"}, {"hidden", "32"}, {"members", "2"}, {"epochs", "40"}, {"layers", "3"}, {"learning_rate", "0.003"}};
  const auto deep = fit_softmax_transitions(input, params_of(mortgage_dnn_entry(), small), context);
  EXPECT_LT(test.loss(*deep.model), test.loss(*logit.model) - 0.15);
  EXPECT_LT(test.loss(*deep.model), test.best_loss() + 0.05);
  EXPECT_EQ(deep.report.details["epochs"].size(), 2U);
  EXPECT_LT(deep.report.learning.at(0).valid_loss.back(), deep.report.learning.at(0).valid_loss.front());
  // The same again, to the bit.
  EXPECT_EQ(deep.model->predict(test.input().train, test.from),
            fit_softmax_transitions(input, params_of(mortgage_dnn_entry(), small), context).model->predict(test.input().train, test.from));
}

TEST(States, WhatIsNotAllowedHasProbabilityZero) {
  const Sample train(3000, "mask", linear);
  const Context context({.seed = 1, .threads = 1});
  for (const auto& [entry, fit] :
       {std::pair{transition_matrix_entry(), &fit_transition_matrix}, std::pair{multinomial_logit_entry(), &fit_softmax_transitions}}) {
    const ParamValues quick = entry.name == "multinomial_logit" ? ParamValues{{"epochs", "3"}} : ParamValues{};
    const auto fitted = fit(train.input(), params_of(entry, quick), context);
    const auto p = fitted.model->predict(train.input().train, train.from);
    for (size_t r = 0; r < 3000; ++r) {
      EXPECT_NEAR(p[3 * r] + p[3 * r + 1] + p[3 * r + 2], 1, 1e-12);
      if (train.from[r] == 0) EXPECT_EQ(p[3 * r + 2], 0) << entry.name;
      else EXPECT_GT(p[3 * r + 2], 0) << entry.name;
    }
    ParamValues open = quick;
    open.emplace_back("masked", "false");
    const auto unmasked = fit(train.input(), params_of(entry, open), context);
    const auto q = unmasked.model->predict(train.input().train, train.from);
    EXPECT_GT(*std::min_element(q.begin(), q.end()), 0) << entry.name;
  }
}

// The plan over raw columns a, b and, where there are several, the state.
void expect_plan_is_model(const Sample& sample, const TransitionModel& model, bool with_state) {
  PlanBuilder builder;
  const NodeId x = builder.concat({builder.input("a", InputKind::kNumber), builder.input("b", InputKind::kNumber)});
  TransitionNodes nodes{x, {}};
  if (with_state) nodes.from = builder.encode(builder.input("state", InputKind::kCategory), {"c", "l", "g"}, {0, 1, 2}, 3, 3, 4);
  builder.output("p", model.lower(builder, nodes));
  const ScorePlan plan = builder.build();
  std::vector<float> a;
  std::vector<float> b;
  std::vector<int32_t> state;
  const std::vector<std::string> names{"c", "l", "g"};
  for (size_t r = 0; r < sample.from.size(); ++r) {
    a.push_back(sample.features[2 * r]);
    b.push_back(sample.features[2 * r + 1]);
    state.push_back(sample.from[r]);
  }
  InputBatch batch{sample.from.size(), {}};
  for (const PlanInput& input : plan.inputs) {  // a plan lists what it reads
    if (input.name == "state") batch.columns.push_back({.numbers = {}, .codes = state, .dictionary = &names});
    else batch.columns.push_back({.numbers = input.name == "a" ? a : b, .codes = {}, .dictionary = nullptr});
  }
  const auto values = make_interpreter(plan)->run(batch, {});
  const auto p = model.predict(sample.input().train, sample.from);
  ASSERT_EQ(values[0].numbers.size(), p.size());
  for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(static_cast<double>(values[0].numbers[i]), p[i], 2e-6) << i;
}

TEST(States, ThePlanIsTheModel) {
  const Context context({.seed = 1, .threads = 1});
  const ParamValues small{{"first", "16"}, {"hidden", "8"}, {"members", "2"}, {"epochs", "5"}, {"layers", "2"}};
  for (const bool one_start : {false, true}) {
    const Sample sample(600, "plan", crossed, one_start);
    const auto deep = fit_softmax_transitions(sample.input(), params_of(mortgage_dnn_entry(), small), context);
    const auto logit = fit_softmax_transitions(sample.input(), params_of(multinomial_logit_entry(), {{"epochs", "5"}}), context);
    const auto matrix = fit_transition_matrix(sample.input(), params_of(transition_matrix_entry(), {}), context);
    for (const auto* model : {deep.model.get(), logit.model.get(), matrix.model.get()}) expect_plan_is_model(sample, *model, !one_start);
  }
}

TEST(States, BadInputIsAClearError) {
  const Sample sample(100, "bad", linear);
  TransitionInput none = sample.input();
  none.train.rows = 0;
  TransitionInput one = sample.input();
  one.states = 1;
  const Context context({.seed = 1, .threads = 1});
  for (const auto& input : {none, one}) {
    try {
      (void)fit_transition_matrix(input, params_of(transition_matrix_entry(), {}), context);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kData);
    }
  }
  try {
    (void)fit_softmax_transitions(sample.input(),
                                  params_of(transition_ann_entry(), {{"learning_rate", "1"}, {"weight_decay", "100"}, {"batch", "1"}}), context);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNumeric);
  }
}

}  // namespace
}  // namespace obligor
