#include "zoo/net/buckets.h"

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace obligor::net {
namespace {

TEST(Buckets, AnEpochVisitsEveryRowOnceAndLikeLengthsTogether) {
  constexpr size_t kRows = 10'007;
  constexpr size_t kBatches = 100;
  Random random(1, "test");
  std::vector<uint32_t> lengths(kRows);
  for (auto& length : lengths) length = static_cast<uint32_t>(random.below(50));
  const auto drawn = random.permutation(kRows);
  auto order = drawn;
  bucket_rows(order, lengths, kBatches, random);
  // The steps that are computed: of each batch the longest row's, for all of its rows.
  const auto cost = [&](const std::vector<uint32_t>& visited) {
    size_t total = 0;
    for (size_t b = 0; b < kBatches; ++b) {
      const size_t begin = batch_begin(b, kRows, kBatches);
      const size_t end = batch_begin(b + 1, kRows, kBatches);
      uint32_t longest = 0;
      for (size_t i = begin; i < end; ++i) longest = std::max(longest, lengths[visited[i]]);
      total += longest * (end - begin);
    }
    return total;
  };
  const size_t needed = std::accumulate(lengths.begin(), lengths.end(), size_t{0});
  EXPECT_GT(cost(drawn), needed * 19 / 10);
  EXPECT_LT(cost(order), needed * 11 / 10);
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> all(kRows);
  std::iota(all.begin(), all.end(), 0U);
  EXPECT_EQ(order, all);
}

TEST(Buckets, OtherEpochsHaveOtherBatches) {
  std::vector<uint32_t> lengths(600);
  for (size_t r = 0; r < lengths.size(); ++r) lengths[r] = static_cast<uint32_t>(r % 3);
  Random random(2, "test");
  std::vector<std::vector<uint32_t>> firsts;
  for (int epoch = 0; epoch < 2; ++epoch) {
    auto order = random.permutation(lengths.size());
    bucket_rows(order, lengths, 10, random);
    firsts.emplace_back(order.begin(), order.begin() + 60);
    std::sort(firsts.back().begin(), firsts.back().end());
  }
  EXPECT_NE(firsts[0], firsts[1]);
}

TEST(Buckets, ALengthIsFromTheFirstStepToTheLast) {
  // Three steps of one channel with their presence, then two words.
  const std::vector<float> x{5, 5, 5, 0, 1, 0, 1, -1, 5, 5, 5, 1, 0, 1, 7, 8, 5, 5, 5, 0, 0, 0, -1, -1};
  Batch batch;
  batch.rows = 3;
  batch.width = 8;
  batch.features = x;
  const std::vector<FeatureGroup> groups{{FeatureGroup::Kind::kSequence, "h", 0, 3, 1, {}}, {FeatureGroup::Kind::kText, "t", 6, 2, 1, {}}};
  EXPECT_THAT(row_lengths(batch, groups), testing::ElementsAre(2, 5, 0));
  EXPECT_THAT(row_lengths(batch, {}), testing::IsEmpty());
  batch.rows = 1;
  EXPECT_THAT(row_lengths(batch, groups), testing::IsEmpty()) << "nothing to sort where all are equally long";
}

}  // namespace
}  // namespace obligor::net
