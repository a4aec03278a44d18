#include "zoo/boost/tree_text.h"

#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "plan/executor.h"

namespace obligor::zoo {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::string stump(double threshold, int decision) {
  return fmt::format(
      "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold={:.17g}\n"
      "decision_type={}\nleft_child=-1\nright_child=-2\nleaf_value=-1 1\nis_linear=0\nshrinkage=1\n\n\nend of trees\n",
      threshold, decision);
}

// What a plan of the arrays makes of one number.
double run(const TreeArrays& arrays, float x) {
  PlanBuilder builder;
  builder.output("y", builder.trees(builder.input("x", InputKind::kNumber), arrays));
  const Interpreter interpreter(builder.build());
  InputBatch batch;
  batch.rows = 1;
  batch.columns.push_back({std::span<const float>(&x, 1), {}, nullptr});
  return static_cast<double>(interpreter.run(batch, {})[0].numbers[0]);
}

// LightGBM's rule, from its documentation of missing values: written here a second time, in double, as the file means it.
double expected(double threshold, int decision, float x) {
  const int missing = decision >> 2;
  double value = static_cast<double>(x);
  if ((std::isnan(value) && missing != 2) || std::abs(value) <= static_cast<double>(1e-35F)) value = 0;
  const bool is_missing = missing == 1 ? value == 0 : missing == 2 && std::isnan(value);
  const bool left = is_missing ? (decision & 2) != 0 : value <= threshold;
  return left ? -1 : 1;
}

TEST(TreeText, EveryMissingRuleTakesLightGbmsSideOfEveryThreshold) {
  const double zero = static_cast<double>(1e-35F);
  for (const double threshold : {0.1, -0.1, 0.0, zero, -zero, 1e-36, -1e-36, 16777217.0, 1e300, -1e300, 3.5}) {
    for (const int decision : {0, 2, 4, 6, 8, 10}) {
      const TreeArrays arrays = read_lightgbm_text(stump(threshold, decision), "test");
      const float near = static_cast<float>(std::fmin(std::fmax(threshold, -3e38), 3e38));
      for (const float x : {near, std::nextafter(near, kInfinity), std::nextafter(near, -kInfinity), 0.0F, -0.0F, 1e-35F, -1e-35F, 1e-36F, -1e-36F,
                            std::nextafter(1e-35F, 1.0F), std::nextafter(-1e-35F, -1.0F), 1e-40F, 5.0F, -5.0F, kInfinity, -kInfinity, kNan}) {
        EXPECT_EQ(run(arrays, x), expected(threshold, decision, x)) << "threshold " << threshold << " decision " << decision << " x " << x;
      }
    }
  }
}

TEST(TreeText, ThresholdsAreRoundedDown) {
  EXPECT_EQ(floor_to_float(0.5), 0.5F);
  EXPECT_LT(static_cast<double>(floor_to_float(0.1)), 0.1);  // the float nearest to 0.1 lies above it
  EXPECT_EQ(floor_to_float(0.1), std::nextafter(0.1F, 0.0F));
  EXPECT_EQ(floor_to_float(-0.1), -0.1F);  // and that of -0.1 below it
  EXPECT_EQ(floor_to_float(16777217.0), 16777216.0F);
  EXPECT_EQ(floor_to_float(1e300), std::numeric_limits<float>::max());
  EXPECT_EQ(floor_to_float(-1e300), -kInfinity);
}

TEST(TreeText, CategoriesGoLeftByTheirBit) {
  const std::string text =
      "tree\nnum_tree_per_iteration=1\nTree=0\nnum_leaves=3\nnum_cat=2\nsplit_feature=0 0\nthreshold=1 0\ndecision_type=1 1\nleft_child=-1 -2\n"
      "right_child=1 -3\nleaf_value=1 2 3\ncat_boundaries=0 1 3\ncat_threshold=1 4 2\n\nend of trees\n";
  // The root reads set 1 (words 4 and 2: codes 2 and 33), the second split set 0 (word 1: code 0).
  const TreeArrays arrays = read_lightgbm_text(text, "test");
  for (const auto& [x, leaf] :
       std::vector<std::pair<float, double>>{{2.0F, 1}, {33.0F, 1}, {0.0F, 2}, {1.0F, 3}, {34.0F, 3}, {500.0F, 3}, {-1.0F, 3}, {kNan, 3}}) {
    EXPECT_EQ(run(arrays, x), leaf) << x;
  }
}

TEST(TreeText, ATreeOfOneLeafAddsItsValue) {
  const std::string text = "tree\nTree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=-1.25\n\nTree=1\nnum_leaves=1\nleaf_value=0.5\nend of trees\n";
  EXPECT_EQ(run(read_lightgbm_text(text, "test"), 7.0F), -0.75);
}

ErrorCode code_of(const std::string& text) {
  try {
    (void)read_lightgbm_text(text, "m.txt");
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST(TreeText, DamagedTextIsRefused) {
  const std::string good = stump(0.5, 0);
  EXPECT_EQ(code_of(""), ErrorCode::kData);
  EXPECT_EQ(code_of(good.substr(0, good.size() / 2)), ErrorCode::kData);
  EXPECT_EQ(code_of(replaced(good, "leaf_value=-1 1", "leaf_value=-1")), ErrorCode::kData);
  EXPECT_EQ(code_of(replaced(good, "leaf_value=-1 1", "leaf_value=-1 x")), ErrorCode::kData);
  EXPECT_EQ(code_of(replaced(good, "left_child=-1", "left_child=0")), ErrorCode::kData);
  EXPECT_EQ(code_of(replaced(good, "left_child=-1", "left_child=-9")), ErrorCode::kData);
  EXPECT_EQ(code_of(replaced(good, "split_feature=0", "split_feature=-1")), ErrorCode::kData);
  EXPECT_EQ(code_of(replaced(good, "decision_type=0", "decision_type=1")), ErrorCode::kData);
  EXPECT_EQ(code_of(replaced(good, "is_linear=0", "is_linear=1")), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of(replaced(good, "num_tree_per_iteration=1", "num_tree_per_iteration=3")), ErrorCode::kUnsupported);
}

// A tree that goes left and left again.
std::string chain(int splits) {
  std::string columns[6];
  for (int i = 0; i < splits; ++i) {
    columns[0] += "0 ";
    columns[1] += std::to_string(splits - i) + " ";
    columns[2] += "0 ";
    columns[3] += std::to_string(i + 1 < splits ? i + 1 : -1) + " ";
    columns[4] += std::to_string(-(i + 2)) + " ";
    columns[5] += std::to_string(i) + " ";
  }
  return "tree\nTree=0\nnum_leaves=" + std::to_string(splits + 1) + "\nnum_cat=0\nsplit_feature=" + columns[0] + "\nthreshold=" + columns[1] +
         "\ndecision_type=" + columns[2] + "\nleft_child=" + columns[3] + "\nright_child=" + columns[4] + "\nleaf_value=" + columns[5] +
         std::to_string(splits) + "\nend of trees\n";
}

TEST(TreeText, ADeepTreeIsReadAndABottomlessOneRefused) {
  EXPECT_EQ(run(read_lightgbm_text(chain(1000), "test"), 0.0F), 0);
  EXPECT_EQ(run(read_lightgbm_text(chain(1000), "test"), 5000.0F), 1);
  EXPECT_EQ(code_of(chain(300'000)), ErrorCode::kData);  // the recursion would leave the stack
}

TEST(TreeText, AStatedCountTakesNoMemoryByItself) {
  const std::string good = stump(0.5, 0);
  EXPECT_EQ(code_of(replaced(good, "num_leaves=2", "num_leaves=2147483647")), ErrorCode::kData);
  EXPECT_EQ(code_of(replaced(good, "num_cat=0", "num_cat=2147483647\ncat_boundaries=0 1\ncat_threshold=1")), ErrorCode::kData);
}

}  // namespace
}  // namespace obligor::zoo
