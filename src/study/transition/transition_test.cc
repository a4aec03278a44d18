// A panel as a task over states: next states, folds without leaks, metrics against hand counts, forecasts as matrix powers, the bundle.
#include "study/transition/transition.h"

#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/executor.h"
#include "prep/preprocessor.h"
#include "zoo/registry.h"

namespace obligor {
namespace {

// Accounts a, b: a in months 1, 2, 3 (C, L, G), b in months 1 and 3 (a gap), one row without a state, one that comes again.
Table small_table() {
  TableBuilder builder;
  builder.source("small");
  const auto strings = [&](const std::string& name, const std::vector<std::string>& values) {
    std::vector<std::optional<std::string>> cells;
    for (const auto& value : values) cells.push_back(value.empty() ? std::nullopt : std::optional(value));
    builder.add_strings(name, cells);
  };
  strings("account", {"a", "a", "b", "a", "b", "c", "c", "c"});
  builder.add_numbers("month", {2, 1, 1, 3, 3, 1, 2, 2});
  strings("state", {"L", "C", "C", "G", "C", "C", "L", "C"});
  builder.add_numbers("x", {1, 2, 3, 4, 5, 6, 7, 8});
  return builder.build();
}

TEST(Panel, TheNextStateIsThatOfTheNextPeriod) {
  const Panel panel = make_panel(small_table(), {.id = "account", .time = "month", .state = "state"});
  EXPECT_EQ(panel.states, (std::vector<std::string>{"C", "G", "L"}));
  EXPECT_EQ(panel.features, std::vector<std::string>{"x"});
  // a: C -> L (row 1), L -> G (row 0); b has no next month; c: C -> C (the second row of month 2 counts).
  EXPECT_EQ(panel.rows, (std::vector<uint32_t>{1, 0, 5}));
  EXPECT_EQ(panel.from, (std::vector<uint8_t>{0, 2, 0}));
  EXPECT_EQ(panel.to, (std::vector<uint8_t>{2, 1, 0}));
  EXPECT_EQ(panel.repeated, 1U);
  EXPECT_EQ(panel.last, 4U);
  EXPECT_EQ(panel.periods, (std::vector<std::string>{"1", "2", "3"}));
}

TEST(Panel, ATargetAloneStartsInItsCommonestValue) {
  const Panel panel = make_panel(small_table(), {.id = "account", .time = "month", .target = "state"});
  EXPECT_EQ(panel.start_from, "C");
  EXPECT_EQ(panel.size(), 7U);
  for (const uint8_t from : panel.from) EXPECT_EQ(from, 0);
}

TEST(Panel, BadInputIsAClearError) {
  const Table table = small_table();
  const auto code = [&](const PanelSpec& spec) {
    try {
      const Panel panel = make_panel(table, spec);
      (void)account_folds(panel, 5, 1);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code({.time = "month", .state = "state"}), ErrorCode::kInvalid);
  EXPECT_EQ(code({.id = "account", .state = "state"}), ErrorCode::kInvalid);
  EXPECT_EQ(code({.id = "account", .time = "month"}), ErrorCode::kInvalid);
  EXPECT_EQ(code({.id = "account", .time = "state", .state = "state"}), ErrorCode::kInvalid);
  EXPECT_EQ(code({.id = "nobody", .time = "month", .state = "state"}), ErrorCode::kNotFound);
  EXPECT_EQ(code({.id = "account", .time = "month", .state = "state"}), ErrorCode::kData);  // 3 accounts, 5 folds
  const Panel panel = make_panel(table, {.id = "account", .time = "month", .state = "state"});
  EXPECT_THROW((void)out_of_time(panel, "soon"), Error);
  EXPECT_THROW((void)out_of_time(panel, "9"), Error);
}

// Over months 1 to 8: a falls to D in month 4 and stays there, b is current throughout, c is gone after month 2.
Table fate_table() {
  std::vector<std::optional<std::string>> account, state, next;
  std::vector<float> month, x;
  const auto add = [&](const std::string& who, const std::vector<std::string>& states) {
    for (size_t m = 0; m + 1 < states.size(); ++m) {
      account.emplace_back(who);
      month.push_back(static_cast<float>(m + 1));
      state.emplace_back(states[m]);
      next.emplace_back(states[m + 1]);
      x.push_back(static_cast<float>(x.size()));
    }
  };
  add("a", {"C", "C", "L", "D", "D", "D"});
  add("b", {"C", "C", "C", "C", "C", "C", "C", "C", "C"});
  add("c", {"C", "C", "C"});
  TableBuilder builder;
  builder.source("fate").add_strings("account", account).add_numbers("month", month).add_strings("state", state).add_strings("next", next);
  builder.add_numbers("x", x);
  return builder.build();
}

PanelSpec within(std::vector<size_t> periods) {
  return {.id = "account", .time = "month", .state = "state", .event = "D", .within = std::move(periods), .ignore = {"next"}};
}

TEST(Horizons, ARowIsInTheFirstHorizonWithinWhichTheEventComes) {
  const Panel panel = make_panel(fate_table(), within({1, 3}));
  EXPECT_EQ(panel.states, (std::vector<std::string>{"within_1", "within_3", "later"}));
  EXPECT_EQ(panel.features, (std::vector<std::string>{"state", "x"}));
  // a: 3, 2 and 1 months ahead; b in months 1 to 5, after which month 8 is less than 3 away; c has no event.
  EXPECT_EQ(panel.to, (std::vector<uint8_t>{1, 1, 0, 2, 2, 2, 2, 2, 2, 2}));
  EXPECT_EQ(panel.from, std::vector<uint8_t>(10, 2));
  EXPECT_EQ(panel.gone, 2U);
  EXPECT_EQ(panel.unripe, 3U);
  // The next state as a column tells of one month more.
  const Panel next =
      make_panel(fate_table(), {.id = "account", .time = "month", .target = "next", .event = "D", .within = {1, 3}, .ignore = {"state"}});
  EXPECT_EQ(next.to, (std::vector<uint8_t>{1, 1, 0, 2, 2, 2, 2, 2, 2, 2, 2}));
  EXPECT_EQ(next.unripe, 2U);
  EXPECT_EQ(panel_json(panel)["within"], Json::parse("[1, 3]"));
}

TEST(Horizons, NothingThatIsKnownAfterTheCutOffIsLearned) {
  const Panel panel = make_panel(fate_table(), within({1, 3}));
  const PanelFold fold = out_of_time(panel, "5");
  for (const uint32_t i : fold.train) EXPECT_LE(panel.times[panel.period[i]] + 3, 5);
  EXPECT_EQ(fold.train.size(), 6U);  // months 1 and 2 of a, b and c
  EXPECT_EQ(fold.test.size(), 1U);
  EXPECT_THROW((void)out_of_time(panel, "3"), Error) << "no row's horizon is over";
}

TEST(Horizons, BadInputIsAClearError) {
  const auto code = [&](PanelSpec spec) {
    try {
      (void)make_panel(fate_table(), spec);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code(within({3, 3})), ErrorCode::kInvalid);
  EXPECT_EQ(code(within({0, 3})), ErrorCode::kInvalid);
  EXPECT_EQ(code(within({})), ErrorCode::kInvalid);
  EXPECT_EQ(code(within({9})), ErrorCode::kData);
  PanelSpec spec = within({3});
  spec.event = "E";
  EXPECT_EQ(code(spec), ErrorCode::kNotFound);
  spec.event.clear();
  EXPECT_EQ(code(spec), ErrorCode::kInvalid);
}

// A Markov chain of three states; column `risk` moves C -> D, `noise` says nothing. G is never left.
Table chain_table(size_t accounts) {
  Random random(11, "chain");
  std::vector<float> account, month, risk, noise, age;
  std::vector<std::optional<std::string>> state;
  for (size_t a = 0; a < accounts; ++a) {
    const double r = random.normal();
    int s = 0;
    for (int m = 0; m < 12; ++m) {
      account.push_back(static_cast<float>(a));
      month.push_back(static_cast<float>(m));
      risk.push_back(static_cast<float>(r));
      noise.push_back(static_cast<float>(random.normal()));
      age.push_back(static_cast<float>(m));
      state.emplace_back(s == 0 ? "C" : (s == 1 ? "D" : "G"));
      if (s == 2) break;
      const double z = std::exp(r - 1.5);
      const double u = random.uniform();
      if (s == 0) s = u < z / (1 + z) ? 1 : 0;
      else s = u < 0.3 ? 0 : (u < 0.6 ? 2 : 1);
    }
  }
  TableBuilder builder;
  builder.source("chain").add_numbers("account", account).add_numbers("month", month).add_numbers("risk", risk).add_numbers("noise", noise);
  builder.add_numbers("age", age).add_strings("state", state);
  return builder.build();
}

// A model whose probabilities are known: from C to D with 0.2, from D to C, D, G with 0.3, 0.4, 0.3.
class KnownModel final : public TransitionModel {
 public:
  [[nodiscard]] std::vector<double> predict(const Batch& batch, std::span<const uint8_t> from) const override {
    std::vector<double> p;
    for (size_t r = 0; r < batch.rows; ++r) {
      const std::vector<double> row = from[r] == 0 ? std::vector<double>{0.8, 0.2, 0} : std::vector<double>{0.3, 0.4, 0.3};
      p.insert(p.end(), row.begin(), row.end());
    }
    return p;
  }
  [[nodiscard]] NodeId lower(PlanBuilder& builder, const TransitionNodes& nodes) const override {
    return builder.look_up(*nodes.from, {0.8F, 0.2F, 0, 0.3F, 0.4F, 0.3F, 0, 0, 1, 0.8F, 0.2F, 0}, 3);
  }
};

TransitionRequest known() {
  ModelEntry entry = zoo::find("transition_matrix");
  entry.fit_transitions = [](const TransitionInput&, const Params&, const Context&) -> TransitionFit { return {std::make_unique<KnownModel>(), {}}; };
  return {entry, {}};
}

TEST(Transitions, FoldsKeepAccountsAndTimeApart) {
  const Table table = chain_table(60);
  const Panel panel = make_panel(table, {.id = "account", .time = "month", .state = "state"});
  std::vector<int> tested(panel.size(), 0);
  for (const auto& fold : account_folds(panel, 4, 3)) {
    std::set<uint32_t> test_accounts;
    for (const uint32_t i : fold.test) {
      ++tested[i];
      test_accounts.insert(panel.account[i]);
    }
    std::set<uint32_t> held;
    for (const uint32_t h : fold.held_back) held.insert(panel.account[fold.train[h]]);
    size_t held_rows = 0;
    for (const uint32_t i : fold.train) {
      EXPECT_FALSE(test_accounts.contains(panel.account[i]));
      held_rows += held.contains(panel.account[i]) ? 1U : 0U;
    }
    EXPECT_EQ(held_rows, fold.held_back.size()) << "an account is held back in part";
    EXPECT_GT(fold.held_back.size(), 0U);
  }
  for (const int count : tested) EXPECT_EQ(count, 1);
  const PanelFold fold = out_of_time(panel, "8");
  for (const uint32_t i : fold.train) EXPECT_LT(panel.times[panel.period[i]], 8);
  for (const uint32_t i : fold.test) EXPECT_GE(panel.times[panel.period[i]], 8);
  uint32_t newest = 0;
  for (const uint32_t h : fold.held_back) newest = std::max(newest, panel.period[fold.train[h]]);
  EXPECT_EQ(panel.times[newest], 7);
}

TEST(Transitions, MetricsAndForecastAreThoseOfTheKnownChain) {
  const Table table = chain_table(80);
  const Panel panel = make_panel(table, {.id = "account", .time = "month", .state = "state"});
  const Context context({.seed = 1, .threads = 1});
  const auto folds = account_folds(panel, 4, 1);
  const auto comparison = compare_transitions({known()}, table, panel, folds, {3, {"age"}}, make_interpreter, context);
  const Json document = transition_document(comparison, panel, {.resamples = 20}, context);
  ASSERT_EQ(document["best"], "transition_matrix");
  double loss = 0;
  size_t made = 0;
  size_t current = 0;
  for (size_t i = 0; i < panel.size(); ++i) {
    const double p = panel.from[i] == 0 ? (panel.to[i] == 0 ? 0.8 : 0.2) : (panel.to[i] == 1 ? 0.4 : 0.3);
    loss -= std::log(p) / static_cast<double>(panel.size());
    current += panel.from[i] == 0 ? 1U : 0U;
    made += panel.from[i] == 0 && panel.to[i] == 1 ? 1U : 0U;
  }
  const Json& model = document["models"][0];
  EXPECT_NEAR(model["metrics"]["log_loss"]["value"].get<double>(), loss, 1e-12);
  bool found = false;
  for (const auto& transition : model["transitions"]) {
    if (transition["from"] != "C" || transition["to"] != "D") continue;
    found = true;
    EXPECT_DOUBLE_EQ(transition["observed"].get<double>(), static_cast<double>(made));
    EXPECT_NEAR(transition["expected"].get<double>(), 0.2 * static_cast<double>(current), 1e-9);
    EXPECT_DOUBLE_EQ(transition["auc"]["value"].get<double>(), 0.5);  // one probability for all
    double rows = 0;
    for (const auto& period : transition["periods"]) rows += period["rows"].get<double>();
    EXPECT_DOUBLE_EQ(rows, static_cast<double>(current));
  }
  EXPECT_TRUE(found);
  // All accounts start in C: after two periods D has .8 .2 + .2 .4, G has .2 .3; after three G has .06 + .24 .3.
  const Json& two = model["forecast"][1];
  const double n = two["accounts"].get<double>();
  EXPECT_NEAR(two["states"]["D"]["expected"].get<double>() / n, 0.24, 1e-12);
  EXPECT_NEAR(two["states"]["G"]["expected"].get<double>() / n, 0.06, 1e-12);
  EXPECT_NEAR(model["forecast"][2]["states"]["G"]["expected"].get<double>() / model["forecast"][2]["accounts"].get<double>(), 0.132, 1e-12);
  double observed = 0;
  for (const auto& [state, count] : two["states"].items()) observed += count["observed"].get<double>();
  EXPECT_DOUBLE_EQ(observed, n);
  EXPECT_DOUBLE_EQ(n, 80);  // an account that is gone stays known
}

TEST(Transitions, TheBundleGivesEveryState) {
  const Table table = chain_table(40);
  const Panel panel = make_panel(table, {.id = "account", .time = "month", .state = "state"});
  const Context context({.seed = 1, .threads = 1});
  const Bundle bundle = transition_bundle(known(), table, panel, Json::object(), make_interpreter, context);
  const auto values = make_interpreter(bundle.plan)->run(GatheredInputs(table, panel.rows, bundle.plan.inputs).batch(), {});
  ASSERT_EQ(bundle.plan.outputs.size(), 3U);
  EXPECT_EQ(bundle.plan.outputs[2].name, "p_G");
  for (size_t i = 0; i < panel.size(); ++i) EXPECT_NEAR(static_cast<double>(values[2].numbers[i]), panel.from[i] == 1 ? 0.3 : 0.0, 1e-7);
  EXPECT_EQ(bundle.task["kind"], "multistate");
}

TEST(Horizons, AProbabilityIsThatOfAllHorizonsUpToIt) {
  const Table table = chain_table(80);
  const Panel panel = make_panel(table, {.id = "account", .time = "month", .state = "state", .event = "G", .within = {2, 4}});
  const Context context({.seed = 1, .threads = 1});
  class Fixed final : public TransitionModel {
   public:
    [[nodiscard]] std::vector<double> predict(const Batch& batch, std::span<const uint8_t> /*from*/) const override {
      std::vector<double> p;
      for (size_t r = 0; r < batch.rows; ++r) p.insert(p.end(), {0.125, 0.25, 0.625});
      return p;
    }
    [[nodiscard]] NodeId lower(PlanBuilder& builder, const TransitionNodes& nodes) const override {
      EXPECT_FALSE(nodes.from.has_value());
      return builder.affine(nodes.features, std::vector<float>(3 * size_t{builder.type(nodes.features).width}, 0), {0.125F, 0.25F, 0.625F}, 3);
    }
  };
  ModelEntry entry = zoo::find("transition_matrix");
  entry.fit_transitions = [](const TransitionInput& input, const Params&, const Context&) -> TransitionFit {
    EXPECT_EQ(input.states, 3U);
    return {std::make_unique<Fixed>(), {}};
  };
  const auto comparison = compare_transitions({{entry, {}}}, table, panel, account_folds(panel, 4, 1), {0, {}}, make_interpreter, context);
  const Json document = transition_document(comparison, panel, {.resamples = 20}, context);
  const Json& horizons = document["models"][0]["horizons"];
  ASSERT_EQ(horizons.size(), 2U);
  size_t within_two = 0;
  size_t within_four = 0;
  for (const uint8_t to : panel.to) {
    within_two += to == 0 ? 1U : 0U;
    within_four += to <= 1 ? 1U : 0U;
  }
  ASSERT_GT(within_two, 0U);
  ASSERT_GT(within_four, within_two);
  EXPECT_EQ(horizons[0]["within"], 2);
  EXPECT_DOUBLE_EQ(horizons[0]["observed"].get<double>(), static_cast<double>(within_two));
  EXPECT_DOUBLE_EQ(horizons[1]["observed"].get<double>(), static_cast<double>(within_four));
  EXPECT_DOUBLE_EQ(horizons[1]["expected"].get<double>(), 0.375 * static_cast<double>(panel.size()));
  EXPECT_DOUBLE_EQ(horizons[1]["auc"]["value"].get<double>(), 0.5);

  const Bundle bundle = transition_bundle({entry, {}}, table, panel, Json::object(), make_interpreter, context);
  ASSERT_EQ(bundle.plan.outputs.size(), 2U);
  EXPECT_EQ(bundle.plan.outputs[0].name, "p_within_2");
  EXPECT_EQ(bundle.plan.outputs[1].name, "p_within_4");
  const auto values = make_interpreter(bundle.plan)->run(GatheredInputs(table, panel.rows, bundle.plan.inputs).batch(), {});
  for (size_t i = 0; i < panel.size(); ++i) {
    EXPECT_EQ(values[0].numbers[i], 0.125F);
    EXPECT_EQ(values[1].numbers[i], 0.375F);
  }
}

TEST(Transitions, AnAdvancedColumnMustBeANumber) {
  const Table table = chain_table(40);
  const Panel panel = make_panel(table, {.id = "account", .time = "month", .state = "state"});
  const Context context({.seed = 1, .threads = 1});
  for (const char* name : {"state", "month"}) {
    EXPECT_THROW((void)compare_transitions({known()}, table, panel, account_folds(panel, 2, 1), {3, {name}}, make_interpreter, context), Error)
        << name;
  }
}

}  // namespace
}  // namespace obligor
