#include "plan/weight_bytes.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/io.h"
#include "plan/safetensors.h"

namespace obligor {
namespace {

TEST(WeightBytes, AScaleTimesEveryStepIsExactInFloat32) {
  Random random(1, "scales");
  for (int turn = 0; turn < 1000; ++turn) {
    std::vector<float> row(16);
    const double size = std::pow(10.0, random.uniform() * 60 - 30);
    for (float& value : row) value = static_cast<float>(random.normal() * size);
    const float scale = int8_scale(row);
    for (int steps = -127; steps <= 127; ++steps) {
      const double exact = static_cast<double>(scale) * steps;
      ASSERT_EQ(static_cast<double>(static_cast<float>(exact)), exact);
    }
    for (const float value : row) ASSERT_LE(std::fabs(value), 127 * static_cast<double>(scale));
  }
}

TEST(WeightBytes, WhatIsNotAScaleTimesAWholeNumberIsNotWrittenSo) {
  EXPECT_TRUE(as_int8({127, -3, 5, 0}, 1));
  EXPECT_FALSE(as_int8({127, -3, 5.5F, 0}, 1));
  EXPECT_FALSE(as_int8({127, -3, 12.7F, 12.7F}, 2));  // 127 steps of 12.7 / 127, rounded up to 16 bits, are a little more
  EXPECT_FALSE(as_int8({127, std::numeric_limits<float>::infinity()}, 1));
  EXPECT_FALSE(as_int8({127, -0.0F}, 1));
  EXPECT_FALSE(as_int8({std::numeric_limits<float>::denorm_min(), 0}, 1));
  EXPECT_FALSE(as_int8({127, 1, 2}, 2));
  EXPECT_FALSE(as_int8({}, 0));
  EXPECT_FALSE(as_bf16({0.1F}));
  EXPECT_THAT(from_bf16(*as_bf16({1, -0.5F, std::numeric_limits<float>::infinity()})),
              testing::ElementsAre(1, -0.5F, std::numeric_limits<float>::infinity()));
}

// A plan whose one affine map has these tensors as weights.
std::string message_of(const std::vector<Tensor>& weights) {
  std::vector<Tensor> tensors = weights;
  const std::string zeros(12, '\0');
  tensors.push_back({"1", "F32", {3}, zeros});
  constexpr std::string_view kGraph = R"({"format": "obligor-plan", "version": 1, "inputs": [{"name": "x", "kind": "number"}],
   "nodes": [{"op": "input"}, {"op": "affine", "in": [0], "const": [0, 1]}], "outputs": [{"name": "y", "node": 1}]})";
  try {
    (void)load_plan(kGraph, write_safetensors(tensors), "m");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string floats(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(WeightBytes, DamagedInt8TensorsAreRefused) {
  using testing::HasSubstr;
  const std::string good = floats({1, 0.5F, 0});
  const std::string steps("\x7F\x81\x01", 3);
  EXPECT_EQ(message_of({{"0.int8", "I8", {3, 1}, steps}, {"0.scales", "F32", {3}, good}}), "no error");
  EXPECT_THAT(message_of({{"0.int8", "I8", {3, 1}, std::string_view("\x7F\x80\x01", 3)}, {"0.scales", "F32", {3}, good}}), HasSubstr("-128"));
  for (const float scale : {-1.0F, std::nanf(""), std::numeric_limits<float>::infinity()}) {
    const std::string bad = floats({1, scale, 1});
    EXPECT_THAT(message_of({{"0.int8", "I8", {3, 1}, steps}, {"0.scales", "F32", {3}, bad}}), HasSubstr("scale that is negative or not finite"));
  }
  EXPECT_THAT(message_of({{"0.int8", "I8", {3, 1}, steps}}), HasSubstr("scale a row"));
  EXPECT_THAT(message_of({{"0.int8", "I8", {1, 3}, steps}, {"0.scales", "F32", {3}, good}}), HasSubstr("scale a row"));
  EXPECT_THAT(message_of({{"0.int8", "I8", {}, std::string_view("\x01", 1)}, {"0.scales", "F32", {3}, good}}), HasSubstr("scale a row"));
  EXPECT_THAT(message_of({{"0.int8", "I8", {3, 0}, ""}, {"0.scales", "F32", {3}, good}}), HasSubstr("scale a row"));
  EXPECT_THAT(message_of({{"0.int8", "U8", {3, 1}, steps}, {"0.scales", "F32", {3}, good}}), HasSubstr("scale a row"));
  EXPECT_THAT(message_of({{"0", "I8", {3, 1}, steps}}), HasSubstr("without scales"));
}

}  // namespace
}  // namespace obligor
