#include "zoo/net/buckets.h"

#include <algorithm>

namespace obligor::net {
namespace {

// Places from the first that is there to the last.
template <typename There>
uint32_t reach(size_t places, const There& there) {
  size_t first = 0;
  while (first < places && !there(first)) ++first;
  size_t end = places;
  while (end > first && !there(end - 1)) --end;
  return static_cast<uint32_t>(end - first);
}

}  // namespace

std::vector<uint32_t> row_lengths(const Batch& batch, std::span<const FeatureGroup> groups) {
  if (groups.empty() || batch.rows == 0) return {};
  std::vector<uint32_t> lengths(batch.rows, 0);
  for (size_t r = 0; r < batch.rows; ++r) {
    const float* row = batch.features.data() + r * batch.width;
    for (const FeatureGroup& group : groups) {
      if (group.kind == FeatureGroup::Kind::kSequence) lengths[r] += reach(group.steps, [&](size_t t) { return row[group.presence() + t] > 0; });
      else lengths[r] += reach(group.steps, [&](size_t t) { return row[group.first + t] >= 0; });
    }
  }
  if (std::adjacent_find(lengths.begin(), lengths.end(), std::not_equal_to<>()) == lengths.end()) return {};
  return lengths;
}

void bucket_rows(std::vector<uint32_t>& order, std::span<const uint32_t> lengths, size_t steps, Random& random) {
  const std::vector<uint32_t> drawn = order;
  for (size_t first = 0; first < steps; first += kBucketBatches) {
    const size_t batches = std::min(kBucketBatches, steps - first);
    const auto begin = [&](size_t step) { return static_cast<std::ptrdiff_t>(batch_begin(step, drawn.size(), steps)); };
    std::vector<uint32_t> run(drawn.begin() + begin(first), drawn.begin() + begin(first + batches));
    std::stable_sort(run.begin(), run.end(), [&](uint32_t a, uint32_t b) { return lengths[a] < lengths[b]; });
    auto next = run.begin();
    for (const uint32_t batch : random.permutation(batches)) {
      const std::ptrdiff_t size = begin(first + batch + 1) - begin(first + batch);
      std::copy(next, next + size, order.begin() + begin(first + batch));
      next += size;
    }
  }
}

}  // namespace obligor::net
