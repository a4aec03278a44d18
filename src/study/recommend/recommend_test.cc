#include "study/recommend/recommend.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/executor.h"
#include "study/recommend/pair_task.h"
#include "zoo/recsys/recsys.h"

namespace obligor {
namespace {

Table table_of(const std::vector<std::string>& customer, const std::vector<std::string>& product, const std::vector<float>& rating,
               const std::vector<float>& time) {
  const auto optional = [](const std::vector<std::string>& values) {
    std::vector<std::optional<std::string>> result;
    for (const auto& value : values) result.push_back(value.empty() ? std::nullopt : std::optional(value));
    return result;
  };
  TableBuilder builder;
  builder.source("small.csv").add_strings("client", optional(customer)).add_strings("product", optional(product));
  builder.add_numbers("score", rating).add_numbers("day", time);
  return builder.build();
}

const PairSpec kRanking{TaskKind::kRanking, "client", "product", "", "day"};
const PairSpec kRating{TaskKind::kRating, "client", "product", "score", "day"};

// 90 customers of three kinds, 45 products; a pair a day.
Table holdings(uint64_t seed = 1) {
  Random random(seed, "holdings");
  std::vector<std::string> customer, product;
  std::vector<float> rating, day;
  for (uint32_t c = 0; c < 90; ++c) {
    std::set<uint32_t> held;
    while (held.size() < 7) {
      const auto p = static_cast<uint32_t>(random.below(45));
      if (p % 3 == c % 3 || random.uniform() < 0.1) held.insert(p);
    }
    for (const uint32_t p : held) {
      customer.push_back("c" + std::to_string(c));
      product.push_back("p" + std::to_string(p));
      rating.push_back(static_cast<float>((p % 3 == c % 3 ? 4 : 2) + random.below(2)));
      day.push_back(static_cast<float>(random.below(1000)));
    }
  }
  return table_of(customer, product, rating, day);
}

PairRequest request(ModelEntry entry, FitInteractions fit, ParamValues given = {}) {
  entry.fit_interactions = fit;
  return {std::move(entry), std::move(given)};
}

std::vector<PairRequest> ranking_models() {
  return {request(zoo::neural_cf_entry(), zoo::fit_neural_cf, {{"epochs", "4"}}),
          request(zoo::pure_svd_entry(), zoo::fit_pure_svd, {{"factors", "5"}}), request(zoo::item_knn_entry(), zoo::fit_item_knn),
          request(zoo::top_popular_entry(), zoo::fit_top_popular)};
}

std::vector<PairRequest> rating_models() {
  return {request(zoo::autorec_entry(), zoo::fit_autorec, {{"hidden", "12"}, {"epochs", "8"}}),
          request(zoo::biased_mf_entry(), zoo::fit_biased_mf, {{"factors", "4"}, {"epochs", "20"}})};
}

Context one_thread(uint64_t seed = 5) { return Context({.seed = seed, .threads = 1}); }

TEST(PairTask, KeepsTheLatestOfARepeatedPairAndCountsTheRest) {
  const Table table = table_of({"a", "a", "a", "", "b", "b"}, {"x", "x", "y", "x", "x", ""}, {1, 2, 3, 4, 5, 1}, {7, 9, 1, 1, 1, 1});
  const PairTask task = make_pair_task(table, kRating);
  EXPECT_EQ(task.pairs.size(), 3U);
  EXPECT_EQ(task.missing, 2U);
  EXPECT_EQ(task.repeated, 1U);
  EXPECT_THAT(task.pairs.rating, testing::ElementsAre(2, 3, 5));
  EXPECT_THAT(task.rows, testing::ElementsAre(1, 2, 4));
  EXPECT_THAT(task.customers, testing::ElementsAre("a", "b"));
}

TEST(LeaveLatestOut, HoldsBackTheLatestAndRanksItAmongUnusedProducts) {
  const PairTask task = make_pair_task(holdings(), kRanking);
  const RankingPlan plan = leave_latest_out(task, 20, 3);
  ASSERT_EQ(plan.customer.size(), 90U);
  EXPECT_EQ(plan.train.size() + 90, task.pairs.size());
  std::set<std::pair<uint32_t, uint32_t>> used;
  std::map<uint32_t, double> latest;
  for (size_t i = 0; i < task.pairs.size(); ++i) {
    used.emplace(task.pairs.customer[i], task.pairs.product[i]);
    auto& time = latest.try_emplace(task.pairs.customer[i], -1.0).first->second;
    time = std::max(time, task.time[i]);
  }
  std::set<std::pair<uint32_t, uint32_t>> train;
  for (const uint32_t i : plan.train) train.emplace(task.pairs.customer[i], task.pairs.product[i]);
  for (size_t b = 0; b < plan.customer.size(); ++b) {
    const uint32_t c = plan.customer[b];
    EXPECT_FALSE(train.contains({c, plan.held_back[b]}));
    ASSERT_TRUE(used.contains({c, plan.held_back[b]}));
    for (size_t i = 0; i < task.pairs.size(); ++i) {
      if (task.pairs.customer[i] == c && task.pairs.product[i] == plan.held_back[b]) {
        EXPECT_EQ(task.time[i], latest[c]);
      }
    }
    const std::set<uint32_t> others(plan.others.begin() + static_cast<std::ptrdiff_t>(plan.begin[b]),
                                    plan.others.begin() + static_cast<std::ptrdiff_t>(plan.begin[b + 1]));
    EXPECT_EQ(others.size(), 20U);  // none twice
    for (const uint32_t other : others) EXPECT_FALSE(used.contains({c, other}));
  }
}

TEST(LeaveLatestOut, TakesAllUnusedProductsWhereThereAreFewerAndSaysSo) {
  const PairTask task = make_pair_task(holdings(), kRanking);
  const RankingPlan plan = leave_latest_out(task, 1000, 3);
  EXPECT_EQ(plan.begin[1], 45U - 7U);
  EXPECT_THAT(plan.warnings, testing::ElementsAre(testing::HasSubstr("fewer than 1000")));
}

TEST(LeaveLatestOut, LeavesOutWhoHasNothingToHoldBackOrToRank) {
  const PairTask task =
      make_pair_task(table_of({"a", "b", "b", "c", "c", "c"}, {"x", "x", "y", "x", "y", "z"}, {1, 1, 1, 1, 1, 1}, {1, 1, 2, 1, 2, 3}), kRanking);
  const RankingPlan plan = leave_latest_out(task, 5, 1);
  EXPECT_THAT(plan.customer, testing::ElementsAre(1));  // b: a has one product, c has all
  EXPECT_EQ(plan.warnings.size(), 3U);
}

TEST(GivenNegatives, ReadsTheFilesOfThePaper) {
  const PairTask task = make_pair_task(holdings(), kRanking);
  const auto path = std::filesystem::path(testing::TempDir()) / "given.negative";
  const std::string customer = task.customers[task.pairs.customer[10]];
  const std::string product = task.products[task.pairs.product[10]];
  std::ofstream(path) << "(" << customer << "," << product << ")\tp1\tp2\tnever_seen\n";
  const RankingPlan plan = given_negatives(task, path);
  EXPECT_EQ(plan.train.size() + 1, task.pairs.size());
  EXPECT_EQ(plan.others.size(), 3U);
  EXPECT_EQ(plan.others[2], task.pairs.products);  // one that was never seen
  EXPECT_FALSE(std::binary_search(plan.train.begin(), plan.train.end(), 10U));
  std::filesystem::remove(path);
}

TEST(Rankings, AreWhatBruteForceMakesOfTheScores) {
  const PairTask task = make_pair_task(holdings(), kRanking);
  const RankingPlan plan = leave_latest_out(task, 20, 3);
  const auto comparison = compare_rankings(ranking_models(), task, plan, 5, one_thread());
  // Popularity by hand: how many customers have a product in training.
  std::vector<double> count(task.pairs.products);
  for (const uint32_t i : plan.train) count[task.pairs.product[i]] += 1;
  const PairOutcome& popular = comparison.models[3];
  ASSERT_TRUE(popular.ok);
  for (size_t b = 0; b < plan.customer.size(); ++b) {
    double hit = 0;
    double ndcg = 0;
    const double own = count[plan.held_back[b]];
    size_t above = 0;
    size_t equal = 0;
    for (size_t i = plan.begin[b]; i < plan.begin[b + 1]; ++i) {
      above += count[plan.others[i]] > own ? 1U : 0U;
      equal += count[plan.others[i]] == own ? 1U : 0U;
    }
    for (size_t place = above; place <= above + equal; ++place) {
      if (place >= 5) continue;
      hit += 1.0 / static_cast<double>(equal + 1);
      ndcg += 1 / std::log2(static_cast<double>(place) + 2) / static_cast<double>(equal + 1);
    }
    ASSERT_NEAR(popular.hit[b], hit, 1e-12);
    ASSERT_NEAR(popular.ndcg[b], ndcg, 1e-12);
  }
  for (const auto& model : comparison.models) EXPECT_TRUE(model.ok) << model.reason;
}

// A test pair that is another product (or another rating) leaves every model what it was.
TEST(Rankings, NoHeldBackPairEntersTraining) {
  const PairTask task = make_pair_task(holdings(), kRanking);
  const RankingPlan plan = leave_latest_out(task, 20, 3);
  PairTask changed = task;
  std::vector<uint8_t> trains(task.pairs.size());
  for (const uint32_t i : plan.train) trains[i] = 1;
  size_t changes = 0;
  for (size_t i = 0; i < task.pairs.size(); ++i) {
    if (trains[i] != 0) continue;
    changed.pairs.product[i] = static_cast<uint32_t>((changed.pairs.product[i] + 7) % task.pairs.products);
    ++changes;
  }
  EXPECT_EQ(changes, 90U);
  const auto a = compare_rankings(ranking_models(), task, plan, 5, one_thread());
  const auto b = compare_rankings(ranking_models(), changed, plan, 5, one_thread());
  for (size_t m = 0; m < a.models.size(); ++m) {
    EXPECT_EQ(a.models[m].hit, b.models[m].hit) << a.models[m].entry.name;
    EXPECT_EQ(a.models[m].ndcg, b.models[m].ndcg) << a.models[m].entry.name;
  }
}

TEST(Ratings, NoTestRatingEntersTraining) {
  const PairTask task = make_pair_task(holdings(), kRating);
  const auto parts = rating_hold_out(task, 0.3, 4);
  PairTask changed = task;
  for (const uint32_t i : parts[0].test) changed.pairs.rating[i] = 6 - changed.pairs.rating[i];
  const auto a = compare_ratings(rating_models(), task, parts, one_thread());
  const auto b = compare_ratings(rating_models(), changed, parts, one_thread());
  for (size_t m = 0; m < a.models.size(); ++m) EXPECT_EQ(a.models[m].predicted, b.models[m].predicted) << a.models[m].entry.name;
}

TEST(Ratings, FoldsTestEveryRatingOnce) {
  const PairTask task = make_pair_task(holdings(), kRating);
  std::vector<int> tested(task.pairs.size());
  for (const Part& part : rating_folds(task, 4, 9)) {
    EXPECT_EQ(part.train.size() + part.test.size(), task.pairs.size());
    for (const uint32_t i : part.test) ++tested[i];
  }
  EXPECT_THAT(tested, testing::Each(1));
}

TEST(Ratings, SameSeedGivesTheSameDocumentOnOneThreadAndTwo) {
  const PairTask task = make_pair_task(holdings(), kRating);
  const auto document = [&](int threads) {
    const Context context({.seed = 6, .threads = threads});
    auto comparison = compare_ratings(rating_models(), task, rating_folds(task, 3, context.seed()), context);
    for (auto& model : comparison.models) model.fit_seconds = model.score_seconds = 0;
    Json json = pair_document(comparison, task, {}, context);
    json.erase("machine");
    return dump_json(json);
  };
  EXPECT_EQ(document(1), document(2));
}

TEST(Ratings, DocumentHasRmseByHand) {
  const PairTask task = make_pair_task(holdings(), kRating);
  const auto comparison = compare_ratings(rating_models(), task, rating_folds(task, 3, 1), one_thread());
  const Json document = pair_document(comparison, task, {}, one_thread());
  ASSERT_EQ(document["models"].size(), 2U);
  for (const auto& model : document["models"]) {
    const auto outcome =
        std::find_if(comparison.models.begin(), comparison.models.end(), [&](const auto& one) { return one.entry.name == model["name"]; });
    double squares = 0;
    for (size_t i = 0; i < comparison.rows.size(); ++i) {
      squares += std::pow(outcome->predicted[i] - static_cast<double>(task.pairs.rating[comparison.rows[i]]), 2);
    }
    EXPECT_NEAR(model["metrics"]["rmse"]["value"].get<double>(), std::sqrt(squares / static_cast<double>(comparison.rows.size())), 1e-12);
  }
  EXPECT_LE(document["models"][0]["metrics"]["rmse"]["value"].get<double>(), document["models"][1]["metrics"]["rmse"]["value"].get<double>());
  EXPECT_EQ(document["best"], document["models"][0]["name"]);
}

TEST(Comparison, ListsAModelThatFailsWithItsReason) {
  const PairTask task = make_pair_task(holdings(), kRanking);
  auto requests = ranking_models();
  requests[1].entry.fit_interactions = [](const InteractionInput&, const Params&, const Context&) -> InteractionFit {
    throw Error(ErrorCode::kNumeric, "did not converge");
  };
  const auto comparison = compare_rankings(requests, task, leave_latest_out(task, 10, 1), 5, one_thread());
  const Json document = pair_document(comparison, task, {}, one_thread());
  EXPECT_EQ(document["models"].back()["status"], "failed");
  EXPECT_EQ(document["models"].back()["reason"], "did not converge");
  EXPECT_EQ(document["tests"][0]["pairs"].size(), 3U);
}

TEST(PairBundle, ScoresNamesAsTheModelDoesAndTakesNewOnes) {
  const PairTask task = make_pair_task(holdings(), kRanking);
  const auto bundle = pair_bundle(ranking_models()[1], task, Json::object(), one_thread());
  ASSERT_TRUE(bundle.has_value());
  const Interpreter interpreter(bundle->plan);
  const std::vector<std::string> customers{task.customers[3], "nobody"};
  const std::vector<std::string> products{task.products[4], "nothing"};
  const std::vector<int32_t> c{0, 1, 0};
  const std::vector<int32_t> p{0, 0, 1};
  InputBatch batch;
  batch.rows = 3;
  for (const auto& input : bundle->plan.inputs) {
    if (input.name == "client") batch.columns.push_back({{}, c, &customers});
    else batch.columns.push_back({{}, p, &products});
  }
  const std::vector<std::string> outputs{"score"};
  const auto values = interpreter.run(batch, outputs);
  const Context context = one_thread();
  const auto fit = zoo::fit_pure_svd({task.pairs}, make_params(zoo::pure_svd_entry().params, ranking_models()[1].given, "test"),
                                     context.with_seed(derive_seed(context.seed(), "pure_svd")));
  EXPECT_NEAR(static_cast<double>(values[0].numbers[0]), fit.model->predict(std::vector<uint32_t>{3}, std::vector<uint32_t>{4})[0], 1e-6);
  EXPECT_EQ(values[0].numbers[1], 0.0F);
  EXPECT_EQ(values[0].numbers[2], 0.0F);
  EXPECT_FALSE(pair_bundle(ranking_models()[2], task, Json::object(), context).has_value());  // item_knn has no plan
}

}  // namespace
}  // namespace obligor
