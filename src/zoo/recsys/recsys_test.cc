#include "zoo/recsys/recsys.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <Eigen/Dense>

#include "core/error.h"
#include "plan/executor.h"
#include "zoo/recsys/lists.h"
#include "zoo/recsys/recsys_test_data.h"

namespace obligor::zoo {
namespace {

using recsys_test::planted_events;
using recsys_test::planted_ratings;

struct Tested {
  ModelEntry entry;
  FitInteractions fit;
  ParamValues small;  // so that a fit takes well under a second
};

std::vector<Tested> all_models() {
  return {
      {autorec_entry(), fit_autorec, {{"hidden", "24"}, {"epochs", "30"}, {"l2", "1"}, {"learning_rate", "0.02"}, {"batch", "16"}}},
      {biased_mf_entry(), fit_biased_mf, {{"factors", "4"}, {"epochs", "40"}}},
      {neural_cf_entry(), fit_neural_cf, {{"epochs", "12"}, {"learning_rate", "0.01"}}},
      {pure_svd_entry(), fit_pure_svd, {{"factors", "4"}}},
      {item_knn_entry(), fit_item_knn, {}},
      {top_popular_entry(), fit_top_popular, {}},
  };
}

Interactions pairs_for(const Tested& tested, uint64_t seed = 1) {
  return tested.entry.traits.rating ? planted_ratings(60, 40, 0.5, seed) : planted_events(80, 60, 9, seed);
}

InteractionFit fit_model(const Tested& tested, const Interactions& pairs, uint64_t seed = 5, ParamValues more = {}) {
  ParamValues values = tested.small;
  values.insert(values.end(), more.begin(), more.end());
  return tested.fit({pairs}, make_params(tested.entry.params, values, "test"), Context({.seed = seed, .threads = 1}));
}

// Every code of both, the unseen ones included.
struct AllPairs {
  std::vector<uint32_t> customer, product;
  explicit AllPairs(const Interactions& pairs) {
    for (uint32_t c = 0; c <= pairs.customers; ++c) {
      for (uint32_t p = 0; p <= pairs.products; ++p) {
        customer.push_back(c);
        product.push_back(p);
      }
    }
  }
};

std::vector<double> predict_all(const PairModel& model, const Interactions& pairs) {
  const AllPairs all(pairs);
  return model.predict(all.customer, all.product);
}

double rmse(const PairModel& model, const Interactions& pairs) {
  const auto predicted = model.predict(pairs.customer, pairs.product);
  double squares = 0;
  for (size_t i = 0; i < predicted.size(); ++i) squares += std::pow(predicted[i] - static_cast<double>(pairs.rating[i]), 2);
  return std::sqrt(squares / static_cast<double>(predicted.size()));
}

class PairModels : public testing::TestWithParam<size_t> {
 protected:
  [[nodiscard]] static Tested tested() { return all_models()[GetParam()]; }
};

TEST_P(PairModels, SameSeedGivesTheSameBytes) {
  const Interactions pairs = pairs_for(tested());
  const auto first = predict_all(*fit_model(tested(), pairs).model, pairs);
  EXPECT_EQ(first, predict_all(*fit_model(tested(), pairs).model, pairs));
}

TEST_P(PairModels, PlanGivesWhatPredictGives) {
  const Interactions pairs = pairs_for(tested());
  std::vector<ParamValues> variants{{}};
  if (tested().entry.name == "neural_cf")
    variants = {{}, {{"part", "gmf"}}, {{"part", "mlp"}}, {{"part", "mlp"}, {"layers", "0"}}, {{"pretrain", "true"}}};
  if (tested().entry.name == "autorec") variants = {{}, {{"based", "user"}, {"activation", "relu"}}};
  if (tested().entry.name == "biased_mf") variants = {{}, {{"factors", "0"}}};
  for (const auto& variant : variants) {
    const auto fit = fit_model(tested(), pairs, 5, variant);
    PlanBuilder builder;
    // A code by its number: vocabularies of "0", "1", ..., and one past the last for what is unseen.
    const auto code = [&](const std::string& name, size_t count) {
      std::vector<std::string> names;
      std::vector<int32_t> codes;
      for (size_t i = 0; i < count; ++i) {
        names.push_back(std::to_string(i));
        codes.push_back(static_cast<int32_t>(i));
      }
      const auto unseen = static_cast<int32_t>(count);
      return builder.encode(builder.input(name, InputKind::kCategory), names, codes, unseen, unseen, static_cast<uint32_t>(count + 1));
    };
    const PairInputs inputs{code("customer", pairs.customers), code("product", pairs.products)};
    const auto node = fit.model->lower(builder, inputs);
    if (tested().entry.name == "item_knn") {
      EXPECT_FALSE(node.has_value());
      continue;
    }
    ASSERT_TRUE(node.has_value());
    builder.output("score", *node);
    const Interpreter interpreter(builder.build());
    const AllPairs all(pairs);
    std::vector<std::string> customers;
    std::vector<std::string> products;
    for (size_t i = 0; i <= pairs.customers; ++i) customers.push_back(std::to_string(i));
    for (size_t i = 0; i <= pairs.products; ++i) products.push_back(std::to_string(i));
    const std::vector<int32_t> c(all.customer.begin(), all.customer.end());
    const std::vector<int32_t> p(all.product.begin(), all.product.end());
    InputBatch batch;
    batch.rows = c.size();
    for (const auto& input : interpreter.plan().inputs) {
      if (input.name == "customer") batch.columns.push_back({{}, c, &customers});
      else batch.columns.push_back({{}, p, &products});
    }
    const std::vector<std::string> outputs{"score"};
    const auto values = interpreter.run(batch, outputs);
    const auto predicted = fit.model->predict(all.customer, all.product);
    for (size_t i = 0; i < predicted.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(values[0].numbers[i]), predicted[i], 1e-6 * std::max(1.0, std::fabs(predicted[i])))
          << tested().entry.name << ' ' << i;
    }
  }
}

TEST_P(PairModels, TakesCustomersAndProductsItNeverSaw) {
  Interactions pairs = pairs_for(tested());
  pairs.customers += 3;  // in the dictionary, in no pair
  pairs.products += 2;
  for (const double value : predict_all(*fit_model(tested(), pairs).model, pairs)) ASSERT_TRUE(std::isfinite(value));
}

TEST_P(PairModels, RefusesNoPairsAndStopsOnRequest) {
  const Interactions none{3, 3, {}, {}, {}};
  EXPECT_THROW((void)fit_model(tested(), none), Error);
  const Interactions pairs = pairs_for(tested());
  const Context context({.seed = 1, .threads = 1});
  context.cancel();
  try {
    (void)tested().fit({pairs}, make_params(tested().entry.params, tested().small, "test"), context);
    FAIL() << "was not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

TEST_P(PairModels, LearnsFromOnePairAndFromOneCustomer) {
  Interactions one{2, 3, {0}, {1}, {}};
  Interactions single{1, 4, {0, 0, 0}, {0, 1, 3}, {}};
  if (tested().entry.traits.rating) {
    one.rating = {4};
    single.rating = {1, 2, 5};
  }
  for (const auto& pairs : {one, single}) {
    for (const double value : predict_all(*fit_model(tested(), pairs).model, pairs)) ASSERT_TRUE(std::isfinite(value));
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, PairModels, testing::Range<size_t>(0, 6), [](const auto& tested) { return all_models()[tested.param].entry.name; });

TEST(RatingModels, FindThePlantedStructure) {
  const Interactions pairs = planted_ratings(120, 80, 0.5, 3);
  const auto parts = recsys::hold_back(pairs, 0.2, 8);
  const auto models = all_models();
  const double offsets = rmse(*fit_model(models[1], parts.kept, 5, {{"factors", "0"}}).model, parts.held);
  const double vectors = rmse(
      *fit_model(models[1], parts.kept, 5, {{"l2", "0.02"}, {"learning_rate", "0.03"}, {"epochs", "200"}, {"patience", "40"}}).model, parts.held);
  const double item = rmse(*fit_model(models[0], parts.kept, 5, {{"epochs", "100"}}).model, parts.held);
  const double user = rmse(*fit_model(models[0], parts.kept, 5, {{"epochs", "100"}, {"based", "user"}}).model, parts.held);
  EXPECT_LT(vectors, 0.75 * offsets);  // the noise alone is 0.2
  EXPECT_LT(item, 0.75 * offsets);
  EXPECT_LT(user, 0.85 * offsets);
}

TEST(RatingModels, StayWithinTheScaleOfTheRatings) {
  const Interactions pairs = planted_ratings(40, 30, 0.4, 2);
  for (const size_t m : {size_t{0}, size_t{1}}) {
    for (const double value : predict_all(*fit_model(all_models()[m], pairs).model, pairs)) {
      EXPECT_GE(value, 1);
      EXPECT_LE(value, 5);
    }
  }
}

TEST(RatingModels, RefusePairsWithoutRatings) {
  const Interactions events = planted_events(20, 20, 3, 1);
  for (const size_t m : {size_t{0}, size_t{1}}) {
    try {
      (void)fit_model(all_models()[m], events);
      FAIL();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("ratings"));
    }
  }
}

// The share of (customer, own kind's product, other kind's product) that a model has in the right order; half by chance.
double right_order(const PairModel& model, const Interactions& pairs) {
  size_t right = 0;
  size_t total = 0;
  const auto used = recsys::lists_by_customer(pairs);
  for (uint32_t c = 0; c < pairs.customers; ++c) {
    std::vector<uint32_t> unused;
    for (uint32_t p = 0; p < pairs.products; ++p) {
      if (!used.has(c, p)) unused.push_back(p);
    }
    const std::vector<uint32_t> customer(unused.size(), c);
    const auto scores = model.predict(customer, unused);
    for (size_t a = 0; a < unused.size(); ++a) {
      for (size_t b = 0; b < unused.size(); ++b) {
        if (unused[a] % 4 != c % 4 || unused[b] % 4 == c % 4) continue;
        ++total;
        right += scores[a] > scores[b] ? 1U : 0U;
      }
    }
  }
  return static_cast<double>(right) / static_cast<double>(total);
}

TEST(RankingModels, PutProductsOfTheCustomersKindFirst) {
  const Interactions pairs = planted_events(200, 80, 8, 4);
  const auto models = all_models();
  EXPECT_GT(right_order(*fit_model(models[2], pairs, 5, {{"epochs", "40"}}).model, pairs), 0.85);
  EXPECT_GT(right_order(*fit_model(models[3], pairs).model, pairs), 0.9);
  EXPECT_GT(right_order(*fit_model(models[4], pairs).model, pairs), 0.9);
  EXPECT_LT(right_order(*fit_model(models[5], pairs).model, pairs), 0.6);
}

// Both halves alone by Adam, then the whole by plain steps, which begin where the halves ended and lose nothing on the pairs held back; at the
// paper's largest size as well.
TEST(NeuralCf, PreTrainingGoesOnFromBothHalves) {
  const Interactions pairs = planted_events(120, 40, 8, 4);
  for (const auto& [factors, epochs] : {std::pair{"8", "15"}, std::pair{"64", "5"}}) {
    const auto fit = fit_model(all_models()[2], pairs, 5, {{"epochs", epochs}, {"factors", factors}, {"pretrain", "true"}});
    ASSERT_EQ(fit.report.learning.size(), 3U);
    const auto& [gmf, mlp, both] = std::tie(fit.report.learning[0], fit.report.learning[1], fit.report.learning[2]);
    EXPECT_GT(gmf.epoch.size(), 1U);
    EXPECT_GT(mlp.epoch.size(), 1U);
    EXPECT_LT(both.train_loss.front(), std::min(gmf.train_loss.front(), mlp.train_loss.front())) << factors;
    EXPECT_GT(right_order(*fit.model, pairs), 0.85) << factors;
  }
}

TEST(PureSvd, IsTheProjectionOnSingularVectors) {
  const Interactions pairs = planted_events(50, 30, 6, 6);
  Eigen::MatrixXd r = Eigen::MatrixXd::Zero(50, 30);
  for (size_t i = 0; i < pairs.size(); ++i) r(pairs.customer[i], pairs.product[i]) = 1;
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(r, Eigen::ComputeThinV);
  const Eigen::MatrixXd v = svd.matrixV().leftCols(5);
  const Eigen::MatrixXd expected = r * v * v.transpose();
  const auto fit = fit_pure_svd({pairs}, make_params(pure_svd_entry().params, ParamValues{{"factors", "5"}, {"sweeps", "2000"}}, "test"),
                                Context({.seed = 1, .threads = 1}));
  const auto scores = predict_all(*fit.model, pairs);
  for (Eigen::Index c = 0; c < 50; ++c) {
    for (Eigen::Index p = 0; p < 30; ++p) EXPECT_NEAR(scores[static_cast<size_t>(c * 31 + p)], expected(c, p), 1e-3);
  }
}

TEST(ItemKnn, IsTheSumOfCosinesToWhatTheCustomerHas) {
  const Interactions pairs = planted_events(40, 25, 5, 7);
  const auto fit = fit_item_knn({pairs}, make_params(item_knn_entry().params, ParamValues{{"shrink", "2"}, {"neighbours", "1000"}}, "test"),
                                Context({.seed = 1, .threads = 1}));
  const auto used = recsys::lists_by_customer(pairs);
  const auto users = recsys::lists_by_product(pairs);
  for (uint32_t c = 0; c < pairs.customers; ++c) {
    for (uint32_t p = 0; p < pairs.products; ++p) {
      double expected = 0;
      for (const uint32_t other : used.of(c)) {
        if (other == p) continue;
        double shared = 0;
        for (const uint32_t customer : users.of(p)) shared += used.has(customer, other) ? 1 : 0;
        if (shared == 0) continue;
        expected += shared / (std::sqrt(static_cast<double>(users.of(p).size()) * static_cast<double>(users.of(other).size())) + 2);
      }
      EXPECT_NEAR(fit.model->predict(std::vector<uint32_t>{c}, std::vector<uint32_t>{p})[0], expected, 1e-5);
    }
  }
}

TEST(TopPopular, CountsCustomers) {
  const Interactions pairs{3, 3, {0, 1, 2, 0}, {1, 1, 1, 2}, {}};
  const auto fit = fit_top_popular({pairs}, make_params({}, {}, "test"), Context({.seed = 1, .threads = 1}));
  EXPECT_THAT(fit.model->predict(std::vector<uint32_t>{0, 1, 2, 0}, std::vector<uint32_t>{0, 1, 2, 3}), testing::ElementsAre(0, 3, 1, 0));
}

}  // namespace
}  // namespace obligor::zoo
