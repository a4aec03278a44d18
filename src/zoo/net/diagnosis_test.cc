// The classic case: a deep stack of tanh layers that starts with too small or too large weights is diagnosed, and the first remedy
// that the diagnosis proposes cures it.
#include "model/diagnosis.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"
#include "zoo/net/net.h"
#include "zoo/registry.h"

namespace obligor {
namespace {

constexpr size_t kRows = 512;
constexpr size_t kWidth = 8;

// Whether the product of two columns is positive, with some noise: no linear model sees it.
struct Data {
  std::vector<float> features;
  std::vector<uint8_t> target;

  Data() {
    Random random(5, "diagnosis-test");
    for (size_t r = 0; r < kRows; ++r) {
      const size_t at = features.size();
      for (size_t c = 0; c < kWidth; ++c) features.push_back(static_cast<float>(random.normal()));
      target.push_back(features[at] * features[at + 1] + 0.2F * static_cast<float>(random.normal()) > 0 ? 1 : 0);
    }
  }
};

struct Outcome {
  Diagnosis found;
  double loss = 0;  // of the last epoch
};

Outcome run(ParamValues given) {
  const Data data;
  FitInput input;
  input.train = {.rows = kRows, .width = kWidth, .features = data.features, .codes = {}};
  input.target = data.target;
  for (const auto& [name, value] : ParamValues{{"layers", "10"},
                                               {"hidden", "32"},
                                               {"activation", "tanh"},
                                               {"ensemble", "1"},
                                               {"dropout", "0"},
                                               {"epochs", "40"},
                                               {"batch", "64"},
                                               {"learning_rate", "0.001"}}) {
    given.insert(given.begin(), {name, value});
  }
  const Params params = make_params(zoo::find("dnn").params, given, "model 'dnn'");
  const FitResult result = fit_dnn(input, params, Context({.seed = 7, .threads = 1}));
  return {diagnose(result.report.learning, params.json()), result.report.learning[0].train_loss.back()};
}

const Finding* finding_of(const Diagnosis& diagnosis, Ailment ailment) {
  for (const Finding& finding : diagnosis.findings) {
    if (finding.ailment == ailment) return &finding;
  }
  return nullptr;
}

// The values of the first remedy of that kind, after those given.
ParamValues with_remedy(ParamValues given, const Finding& finding, const std::string& kind) {
  for (const Remedy& remedy : finding.remedies) {
    if (remedy.kind != kind) continue;
    given.insert(given.end(), remedy.set.begin(), remedy.set.end());
    return given;
  }
  ADD_FAILURE() << "no remedy of kind " << kind;
  return given;
}

TEST(NetDiagnosis, TooSmallWeightsVanishAndTheProposedStartCuresThem) {
  const ParamValues ill{{"init", "glorot"}, {"init_scale", "0.1"}};
  const Outcome before = run(ill);
  const Finding* finding = finding_of(before.found, Ailment::kVanishing);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->layer, "layer 1");
  EXPECT_EQ(finding->epoch, 1);
  EXPECT_LT(finding->value, 1e-6);  // 0.1 a layer, nine layers
  ASSERT_FALSE(finding->remedies.empty());
  EXPECT_EQ(finding->remedies[0].kind, "initialisation");
  EXPECT_EQ(finding_of(before.found, Ailment::kExploding), nullptr);

  const Outcome after = run(with_remedy(ill, *finding, "initialisation"));
  EXPECT_EQ(finding_of(after.found, Ailment::kVanishing), nullptr);
  EXPECT_GT(before.loss, 0.6);  // ln 2 = 0.693: it learned next to nothing
  EXPECT_LT(after.loss, 0.5 * before.loss);
}

TEST(NetDiagnosis, TooLargeWeightsExplodeAndSaturateAndTheProposedStartCuresThem) {
  const ParamValues ill{{"init", "glorot"}, {"init_scale", "6"}};
  const Outcome before = run(ill);
  const Finding* finding = finding_of(before.found, Ailment::kExploding);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->layer, "layer 1");
  EXPECT_EQ(finding->epoch, 1);
  ASSERT_FALSE(finding->remedies.empty());
  EXPECT_EQ(finding->remedies[0].kind, "initialisation");
  EXPECT_NE(finding_of(before.found, Ailment::kSaturated), nullptr);
  EXPECT_EQ(finding_of(before.found, Ailment::kVanishing), nullptr);

  const Outcome after = run(with_remedy(ill, *finding, "initialisation"));
  EXPECT_TRUE(after.found.findings.empty());
  EXPECT_LT(after.loss, before.loss);
}

TEST(NetDiagnosis, NormalisationCuresTheVanishingStackToo) {
  const ParamValues ill{{"init", "glorot"}, {"init_scale", "0.1"}};
  const Outcome before = run(ill);
  const Finding* finding = finding_of(before.found, Ailment::kVanishing);
  ASSERT_NE(finding, nullptr);
  const Outcome after = run(with_remedy(ill, *finding, "normalisation"));
  EXPECT_EQ(finding_of(after.found, Ailment::kVanishing), nullptr);
  EXPECT_LT(after.loss, before.loss);
}

TEST(NetDiagnosis, ASigmoidStackVanishesWhateverItsStartAndAnotherActivationCuresIt) {
  const ParamValues ill{{"activation", "sigmoid"}, {"init", "glorot"}};
  const Outcome before = run(ill);
  const Finding* finding = finding_of(before.found, Ailment::kVanishing);
  ASSERT_NE(finding, nullptr);
  ASSERT_FALSE(finding->remedies.empty());
  EXPECT_EQ(finding->remedies[0].kind, "activation");
  const Outcome after = run(with_remedy(ill, *finding, "activation"));
  EXPECT_EQ(finding_of(after.found, Ailment::kVanishing), nullptr);
  EXPECT_LT(after.loss, before.loss);
}

}  // namespace
}  // namespace obligor
