// Deep embedded clustering: its gradients, that it finds clusters that a straight cut of the columns does not, and what it scores.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "model/agreement_test_data.h"
#include "zoo/belief/belief.h"
#include "zoo/belief/clusters.h"

namespace obligor {
namespace {

using belief::Cells;

Cells random_cells(Eigen::Index rows, Eigen::Index columns, Random& random) {
  Cells made(rows, columns);
  for (Eigen::Index i = 0; i < made.size(); ++i) made.data()[i] = random.normal();
  return made;
}

// Four kinds of row in ten columns, each kind a curve; bad is far more frequent in one of them.
struct Kinds {
  std::vector<float> x;
  std::vector<uint8_t> y;
  std::vector<uint32_t> kind;

  Kinds(size_t rows, uint64_t seed) {
    Random random(seed, "kinds");
    for (size_t r = 0; r < rows; ++r) {
      kind.push_back(static_cast<uint32_t>(random.below(4)));
      const double u = random.normal();
      for (size_t c = 0; c < 10; ++c) {
        const double centre = ((kind.back() >> (c % 2)) & 1U) != 0 ? 2 : -2;
        x.push_back(static_cast<float>(centre + (c % 3 == 0 ? u : 0.3 * random.normal())));
      }
      y.push_back(random.uniform() < (kind.back() == 2 ? 0.8 : 0.1) ? 1 : 0);
    }
  }
  [[nodiscard]] Batch batch() const { return {.rows = y.size(), .width = 10, .features = x, .codes = {}}; }
  [[nodiscard]] FitInput input() const {
    FitInput in;
    in.train = batch();
    in.target = y;
    in.valid = batch();
    in.valid_target = y;
    return in;
  }
};

FitResult fit(const Kinds& kinds, ParamValues values) {
  const ModelEntry entry = dec_entry();
  values.insert(values.end(), {{"hidden", "16"}, {"code", "3"}, {"epochs", "20"}});
  return fit_dec(kinds.input(), make_params(entry.params, values, entry.name), Context({.seed = 5, .threads = 1}));
}

TEST(Clusters, KMeansFindsBlobsThatLieApart) {
  Random random(1, "blobs");
  Cells codes = 0.1 * random_cells(300, 2, random);
  for (Eigen::Index r = 0; r < codes.rows(); ++r) codes.row(r) += Eigen::RowVector2d(r % 3 == 1 ? 5 : 0, r % 3 == 2 ? 5 : 0);
  const auto found = belief::k_means(codes, 3, random, Context({.seed = 1, .threads = 1}));
  ASSERT_EQ(found.centres.rows(), 3);
  for (size_t r = 3; r < 300; ++r) EXPECT_EQ(found.cluster[r], found.cluster[r % 3]);
  EXPECT_LT(found.inertia, 300 * 0.05);
}

TEST(Clusters, ThereAreNoMoreThanRowsThatDiffer) {
  Random random(1, "few");
  Cells codes = Cells::Zero(6, 2);
  codes.bottomRows(3).setOnes();
  EXPECT_EQ(belief::k_means(codes, 5, random, Context({.seed = 1, .threads = 1})).centres.rows(), 2);
}

TEST(Clusters, AssignmentsAreSharesAndSharpeningFavoursTheNearest) {
  Random random(2, "shares");
  const Cells q = belief::soft_assignment(random_cells(20, 3, random), random_cells(4, 3, random));
  const Cells p = belief::sharpened(q);
  for (Eigen::Index r = 0; r < 20; ++r) {
    EXPECT_NEAR(q.row(r).sum(), 1, 1e-12);
    EXPECT_NEAR(p.row(r).sum(), 1, 1e-12);
  }
  // One row as near to both of two centres that have as many rows: nothing to sharpen.
  const Cells even = Cells::Constant(2, 2, 0.5);
  EXPECT_TRUE(belief::sharpened(even).isApprox(even));
  Cells leaning(2, 2);
  leaning << 0.8, 0.2, 0.2, 0.8;
  EXPECT_NEAR(belief::sharpened(leaning)(0, 0), 0.64 / 0.68, 1e-12);
}

TEST(Clusters, GradientEqualsFiniteDifferences) {
  Random random(3, "gradient");
  Cells codes = random_cells(7, 3, random);
  Cells centres = random_cells(4, 3, random);
  const Cells p = belief::sharpened(belief::soft_assignment(random_cells(7, 3, random), centres));
  const belief::Pull pull = belief::divergence_gradient(codes, centres, p);
  const auto slope = [&](double& value) {
    const double kept = value;
    value = kept + 1e-5;
    const double above = belief::divergence_gradient(codes, centres, p).divergence;
    value = kept - 1e-5;
    const double below = belief::divergence_gradient(codes, centres, p).divergence;
    value = kept;
    return (above - below) / 2e-5;
  };
  for (Eigen::Index i = 0; i < codes.size(); ++i) EXPECT_NEAR(pull.codes.data()[i], slope(codes.data()[i]), 1e-8);
  for (Eigen::Index i = 0; i < centres.size(); ++i) EXPECT_NEAR(pull.centres.data()[i], slope(centres.data()[i]), 1e-8);
}

TEST(Dec, FindsTheKindsWithoutLabelsAndScoresThemByTheirBadRates) {
  const Kinds train(800, 6);
  const FitResult result = fit(train, {{"clusters", "4"}, {"tolerance", "0"}, {"cluster_epochs", "10"}});
  const Json& clusters = result.report.details["clusters"];
  ASSERT_EQ(clusters.size(), 4U);
  // Rows of one kind score alike, and the kind that goes bad scores as it should.
  const auto p = result.model->predict(train.batch()).values;
  size_t right = 0;
  for (size_t r = 0; r < p.size(); ++r) right += (p[r] > 0.45) == (train.kind[r] == 2) ? size_t{1} : size_t{0};
  EXPECT_GT(right, p.size() * 97 / 100);
  const auto& passes = result.report.details["passes"];
  ASSERT_GE(passes.size(), 2U);
  EXPECT_LT(passes.back()["divergence"].get<double>(), passes.front()["divergence"].get<double>());
}

TEST(Dec, TheLabelsMoveTheRatesAlone) {
  const Kinds train(300, 7);
  Kinds other = train;
  for (auto& y : other.y) y = y == 0 ? 1 : 0;
  const FitResult a = fit(train, {{"clusters", "4"}});
  const FitResult b = fit(other, {{"clusters", "4"}});
  for (size_t j = 0; j < 4; ++j) {
    EXPECT_EQ(a.report.details["clusters"][j]["rows"], b.report.details["clusters"][j]["rows"]);
    EXPECT_NEAR(a.report.details["clusters"][j]["bad_rate"].get<double>() + b.report.details["clusters"][j]["bad_rate"].get<double>(), 1, 1e-9);
  }
}

TEST(Dec, ThePlanIsTheModel) {
  const Kinds kinds(200, 8);
  for (const char* activation : {"relu", "tanh", "sigmoid"}) {
    const FitResult result = fit(kinds, {{"clusters", "6"}, {"activation", activation}, {"cluster_epochs", "3"}});
    expect_plan_agrees(*result.model, kinds.batch(), activation);
  }
}

}  // namespace
}  // namespace obligor
