// The rules on curves written by hand. The networks that fall ill and are cured are in zoo/net/diagnosis_test.cc.
#include "model/diagnosis.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace obligor {
namespace {

Json deep_tanh() {
  return Json{{"activation", "tanh"}, {"init", "glorot"}, {"init_scale", 0.1},     {"norm", "none"},
              {"residual", false},    {"clip", 0.0},      {"learning_rate", 0.003}};
}

// Five layers; the signal is multiplied by `factor` a layer on its way back, in every epoch.
Learning geometric(double factor, size_t epochs) {
  Learning run;
  for (size_t e = 0; e < epochs; ++e) run.epoch.push_back(static_cast<double>(e + 1));
  run.train_loss.assign(epochs, 0.6);
  for (int l = 1; l <= 5; ++l) {
    const std::string layer = "layer " + std::to_string(l);
    run.signal.emplace_back(layer, std::vector<double>(epochs, 0.3 * std::pow(factor, 5 - l)));
    run.gradient_norm.emplace_back(layer, std::vector<double>(epochs, 0.1));
    run.saturation.emplace_back(layer, std::vector<double>(epochs, 0.05));
  }
  return run;
}

Diagnosis of(const Learning& run, const Json& params = deep_tanh()) { return diagnose(std::span(&run, 1), params); }

TEST(Diagnosis, AHealthyRunHasNoFinding) {
  const Diagnosis found = of(geometric(0.7, 6));
  EXPECT_TRUE(found.measured);
  EXPECT_TRUE(found.findings.empty());
  EXPECT_NEAR(found.lowest_ratio, std::pow(0.7, 4), 1e-12);
  EXPECT_NEAR(found.highest_saturation, 0.05, 1e-12);
}

TEST(Diagnosis, ASignalThatFallsAHundredfoldVanishesAtTheFirstLayer) {
  const Diagnosis found = of(geometric(0.1, 6));
  ASSERT_EQ(found.findings.size(), 1U);
  const Finding& finding = found.findings[0];
  EXPECT_EQ(finding.ailment, Ailment::kVanishing);
  EXPECT_EQ(finding.layer, "layer 1");
  EXPECT_EQ(finding.epoch, 1);
  EXPECT_NEAR(finding.value, 1e-4, 1e-12);
  ASSERT_FALSE(finding.remedies.empty());
  EXPECT_EQ(finding.remedies[0].kind, "initialisation");
  EXPECT_EQ(finding.remedies[0].set, (std::vector<std::pair<std::string, std::string>>{{"init_scale", "1"}}));
  EXPECT_NE(finding_text(finding).find("a factor of 0.1 a layer"), std::string::npos) << finding_text(finding);
}

TEST(Diagnosis, ASignalThatGrowsAHundredfoldExplodes) {
  const Diagnosis found = of(geometric(4, 6));
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].ailment, Ailment::kExploding);
  EXPECT_EQ(found.findings[0].layer, "layer 1");
  EXPECT_NEAR(found.findings[0].value, 256, 1e-9);
  // Clipping is offered at the usual norm, sqrt(5 x 0.1^2) to one digit.
  bool clipped = false;
  for (const Remedy& remedy : found.findings[0].remedies) {
    if (remedy.kind == "clipping") clipped = remedy.set[0] == std::pair<std::string, std::string>{"clip", "0.2"};
  }
  EXPECT_TRUE(clipped);
}

TEST(Diagnosis, ABriefDipLaterIsNoFinding) {
  Learning run = geometric(0.7, 7);
  run.signal[0].second[3] = 1e-6;
  EXPECT_TRUE(of(run).findings.empty());
  run.signal[0].second[0] = 1e-6;  // but the network as it starts is judged by itself
  EXPECT_EQ(of(run).findings.size(), 1U);
}

TEST(Diagnosis, ALeapOfTheNormIsASpikeAndALossThatIsNotFiniteIsNamed) {
  Learning run = geometric(0.7, 8);
  for (auto& [layer, values] : run.gradient_norm) values[6] = 1.2;
  const Diagnosis spike = of(run);
  ASSERT_EQ(spike.findings.size(), 1U);
  EXPECT_EQ(spike.findings[0].layer, "all");
  EXPECT_EQ(spike.findings[0].epoch, 7);
  EXPECT_NEAR(spike.findings[0].value, 12, 1e-9);
  EXPECT_EQ(spike.findings[0].remedies[0].kind, "clipping");
  run.gradient_norm[2].second[7] = std::numeric_limits<double>::quiet_NaN();
  const Diagnosis lost = of(run);
  ASSERT_EQ(lost.findings.size(), 1U);
  EXPECT_EQ(lost.findings[0].layer, "layer 3");
  EXPECT_EQ(lost.findings[0].ailment, Ailment::kExploding);
}

TEST(Diagnosis, FlatnessIsSaturationOfABoundedUnitAndDeathOfARectifiedOne) {
  Learning run = geometric(0.7, 4);
  for (double& value : run.saturation[3].second) value = 0.8;
  const Diagnosis saturated = of(run);
  ASSERT_EQ(saturated.findings.size(), 1U);
  EXPECT_EQ(saturated.findings[0].ailment, Ailment::kSaturated);
  EXPECT_EQ(saturated.findings[0].layer, "layer 4");
  Json params = deep_tanh();
  params["activation"] = "relu";
  const Diagnosis dead = of(run, params);
  ASSERT_EQ(dead.findings.size(), 1U);
  EXPECT_EQ(dead.findings[0].ailment, Ailment::kDead);
  EXPECT_EQ(dead.findings[0].remedies[0].set[0], (std::pair<std::string, std::string>{"init", "he"}));
}

TEST(Diagnosis, OnlyRemediesThatTheModelHasAndHasNotTakenAreProposed) {
  for (const Remedy& remedy : of(geometric(0.1, 4), Json{{"learning_rate", 0.1}}).findings.at(0).remedies) ADD_FAILURE() << remedy.kind;
  Json params = deep_tanh();
  params["init_scale"] = 1.0;
  params["norm"] = "batch";
  const auto remedies = of(geometric(0.1, 4), params).findings.at(0).remedies;
  ASSERT_EQ(remedies.size(), 2U);
  EXPECT_EQ(remedies[0].kind, "residual");
  EXPECT_EQ(remedies[1].kind, "activation");
}

TEST(Diagnosis, RunsOfOneModelAreCountedTogether) {
  const std::vector<Learning> runs{geometric(0.1, 4), geometric(0.7, 4), geometric(0.05, 4)};
  const Diagnosis found = diagnose(runs, deep_tanh());
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].runs, 2U);
  EXPECT_NEAR(found.findings[0].value, std::pow(0.05, 4), 1e-12);
  const Json json = diagnosis_json(found);
  EXPECT_EQ(json["runs"], 3);
  EXPECT_EQ(json["findings"][0]["remedies"][0]["set"]["init_scale"], "1");
}

TEST(Diagnosis, AModelWithoutLayersIsNotMeasured) {
  Learning boosted;
  boosted.epoch = {1, 2};
  boosted.train_loss = {0.6, 0.5};
  const Diagnosis found = of(boosted, Json::object());
  EXPECT_FALSE(found.measured);
  EXPECT_TRUE(found.findings.empty());
}

}  // namespace
}  // namespace obligor
