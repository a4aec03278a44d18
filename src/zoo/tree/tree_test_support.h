// Shared by the tests of the room: data that owns its columns, a fit of it, and the plan's scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/executor.h"
#include "zoo/tree/columns.h"
#include "zoo/tree/rule_tree.h"
#include "zoo/tree/tree.h"

namespace obligor::tree {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
using Given = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  size_t rows = 0;
  size_t width = 0;
  std::vector<float> features;
  std::vector<uint8_t> target;
  std::vector<double> weight;
  std::vector<std::string> names;
  std::vector<uint8_t> categorical;
  std::vector<std::vector<std::string>> levels;

  void add(const std::vector<float>& row, int bad, int times = 1) {
    for (int i = 0; i < times; ++i) {
      features.insert(features.end(), row.begin(), row.end());
      target.push_back(static_cast<uint8_t>(bad));
      ++rows;
    }
  }
  [[nodiscard]] Batch batch() const { return {rows, width, features, {}}; }
  [[nodiscard]] FitInput input() const {
    FitInput in;
    in.train = batch();
    in.target = target;
    in.weight = weight;
    in.feature_names = names;
    in.feature_source = names;
    in.categorical = categorical;
    in.feature_levels = levels;
    return in;
  }
};

inline Sample make_sample(std::vector<std::string> names, std::vector<uint8_t> categorical) {
  Sample sample;
  sample.width = names.size();
  sample.names = std::move(names);
  sample.categorical = std::move(categorical);
  sample.levels.resize(sample.width);
  return sample;
}

// Three numbers and two categories, values missing in some of each; the target depends on all of them.
inline Sample random_sample(size_t rows, uint64_t seed, double missing = 0.15) {
  Random random(seed, "tree-test");
  Sample sample = make_sample({"income", "age", "dti", "job", "region"}, {0, 0, 0, 1, 1});
  for (size_t i = 0; i < rows; ++i) {
    const double income = random.normal();
    const auto age = static_cast<double>(20 + random.below(50));
    const double dti = 0.8 * income + 0.6 * random.normal();
    const auto job = static_cast<double>(random.below(4));
    const auto region = static_cast<double>(random.below(40));
    const double z = -0.8 - income + 0.04 * (45 - age) + (job == 2 ? 1.0 : 0.0) + (std::fmod(region, 7) < 2 ? 1.1 : 0.0);
    const auto hide = [&](double x) { return random.uniform() < missing ? kNan : static_cast<float>(x); };
    sample.add({hide(income), hide(age), hide(dti), hide(job), hide(region)}, random.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  return sample;
}

inline Columns ranked_columns(const Sample& sample) {
  Columns columns = columns_of(sample.input(), "test");
  rank_columns(columns, Context({.seed = 3, .threads = 1}));
  return columns;
}

inline FitResult fit_with(FitFunction fit, const ModelEntry& entry, const Sample& sample, const Given& given, uint64_t seed = 3) {
  return fit(sample.input(), make_params(entry.params, given, "model"), Context({.seed = seed, .threads = 1}));
}

inline std::vector<double> plan_scores(const Model& model, const Sample& sample) {
  PlanBuilder builder;
  std::vector<NodeId> columns;
  for (const std::string& name : sample.names) columns.push_back(builder.input(name, InputKind::kNumber));
  const Lowered lowered = model.lower(builder, {builder.concat(columns), {}});
  EXPECT_EQ(lowered.kind, ScoreKind::kProbability);
  builder.output("probability", lowered.node);
  std::vector<std::vector<float>> raw(sample.width);
  for (size_t i = 0; i < sample.features.size(); ++i) raw[i % sample.width].push_back(sample.features[i]);
  InputBatch batch;
  batch.rows = sample.rows;
  for (const auto& column : raw) batch.columns.push_back({column, {}, nullptr});
  const auto values = Interpreter(builder.build()).run(batch, {});
  return {values[0].numbers.begin(), values[0].numbers.end()};
}

inline double largest_gap(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double gap = 0;
  for (size_t i = 0; i < a.size(); ++i) gap = std::max(gap, std::fabs(a[i] - b[i]));
  return gap;
}

// Values at, and one step beside, every threshold; missing, infinite and unknown codes: every way through a tree is walked.
inline Sample edge_sample(const Sample& like, size_t rows, uint64_t seed) {
  Random random(seed, "tree-edge");
  Sample sample = make_sample(like.names, like.categorical);
  for (size_t i = 0; i < rows; ++i) {
    std::vector<float> row;
    for (size_t c = 0; c < like.width; ++c) {
      const float drawn = like.features[random.below(like.rows) * like.width + c];
      const double u = random.uniform();
      if (u < 0.2) row.push_back(kNan);
      else if (like.categorical[c] != 0) row.push_back(u < 0.3 ? static_cast<float>(random.below(200)) : u < 0.32 ? -1.0F : drawn);
      else if (u < 0.25) row.push_back(u < 0.22 ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity());
      else row.push_back(u < 0.4 ? std::nextafter(drawn, 1e30F) : drawn);
    }
    sample.add(row, 0);
  }
  return sample;
}

inline ErrorCode code_of(FitFunction fit, const ModelEntry& entry, const Sample& sample) {
  try {
    (void)fit_with(fit, entry, sample, {});
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

}  // namespace obligor::tree
