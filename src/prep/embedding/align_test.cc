#include "prep/embedding/align.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"

namespace obligor {
namespace {

constexpr size_t kNodes = 30;

Embedding random_embedding(uint64_t seed) {
  Random random(seed, "embedding");
  Embedding made;
  made.width = 2;
  made.counts.assign(kNodes, 1);
  for (size_t i = 0; i < 2 * kNodes; ++i) made.vectors.push_back(static_cast<float>(random.normal()));
  return made;
}

TEST(Aligner, UndoesARotationAndAMirror) {
  const Embedding first = random_embedding(1);
  for (const float mirror : {1.0F, -1.0F}) {
    Embedding turned = first;
    for (size_t node = 0; node < kNodes; ++node) {
      const float x = first.vectors[2 * node];
      const float y = first.vectors[2 * node + 1];
      turned.vectors[2 * node] = std::cos(1.0F) * x - std::sin(1.0F) * y;
      turned.vectors[2 * node + 1] = mirror * (std::sin(1.0F) * x + std::cos(1.0F) * y);
    }
    turned.counts[7] = 0;  // it is left as it is
    const float left = turned.vectors[14];
    Embedding start = first;
    Aligner aligner(kNodes, 2);
    aligner.turn(start);
    EXPECT_EQ(start.vectors, first.vectors) << "there is nothing to turn it to";
    aligner.turn(turned);
    EXPECT_EQ(turned.vectors[14], left);
    for (size_t i = 0; i < 2 * kNodes; ++i) {
      if (i / 2 == 7) continue;
      EXPECT_NEAR(turned.vectors[i], first.vectors[i], 1e-5F) << i;
    }
  }
}

TEST(Aligner, ANodeThatWasAwayIsHeldToItsLatestVector) {
  Embedding first = random_embedding(2);
  Embedding second = first;
  for (size_t node = 0; node < kNodes; node += 2) second.counts[node] = 0;
  for (float& value : second.vectors) value = -value;
  Embedding third = first;
  for (float& value : third.vectors) value = -value;
  Aligner aligner(kNodes, 2);
  for (Embedding* period : {&first, &second, &third}) aligner.turn(*period);
  for (size_t i = 0; i < 2 * kNodes; ++i) EXPECT_NEAR(third.vectors[i], first.vectors[i], 1e-5F);
}

TEST(Aligner, AnotherSizeIsRefused) {
  Embedding other = random_embedding(3);
  EXPECT_THROW(Aligner(kNodes + 1, 2).turn(other), Error);
  EXPECT_THROW(Aligner(kNodes, 3).turn(other), Error);
}

}  // namespace
}  // namespace obligor
