#include "zoo/recsys/lists.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"

namespace obligor::recsys {
namespace {

// Two counting passes, the inner one first: the lists come out ascending.
Lists make_lists(const std::vector<uint32_t>& list, size_t lists, const std::vector<uint32_t>& item, size_t items, const std::vector<float>& value) {
  std::vector<uint32_t> order(item.size());
  std::vector<size_t> place(items + 1);
  for (const uint32_t i : item) ++place[i + 1];
  for (size_t i = 0; i < items; ++i) place[i + 1] += place[i];
  for (size_t p = 0; p < item.size(); ++p) order[place[item[p]]++] = static_cast<uint32_t>(p);

  Lists result;
  result.begin.assign(lists + 1, 0);
  for (const uint32_t l : list) ++result.begin[l + 1];
  for (size_t l = 0; l < lists; ++l) result.begin[l + 1] += result.begin[l];
  result.items.resize(item.size());
  result.values.resize(item.size());
  std::vector<size_t> next(result.begin.begin(), result.begin.end() - 1);
  for (const uint32_t p : order) {
    const size_t at = next[list[p]]++;
    result.items[at] = item[p];
    result.values[at] = value.empty() ? 1.0F : value[p];
  }
  return result;
}

}  // namespace

Lists lists_by_customer(const Interactions& pairs) {
  return make_lists(pairs.customer, pairs.customers, pairs.product, pairs.products, pairs.rating);
}

Lists lists_by_product(const Interactions& pairs) { return make_lists(pairs.product, pairs.products, pairs.customer, pairs.customers, pairs.rating); }

Interactions pick(const Interactions& pairs, std::span<const uint32_t> which) {
  Interactions part{pairs.customers, pairs.products, {}, {}, {}};
  part.customer.reserve(which.size());
  part.product.reserve(which.size());
  for (const uint32_t p : which) {
    part.customer.push_back(pairs.customer[p]);
    part.product.push_back(pairs.product[p]);
    if (!pairs.rating.empty()) part.rating.push_back(pairs.rating[p]);
  }
  return part;
}

HeldBack hold_back(const Interactions& pairs, double share, uint64_t seed) {
  Random random(seed, "held back");
  std::vector<uint32_t> kept;
  std::vector<uint32_t> held;
  for (size_t p = 0; p < pairs.size(); ++p) (random.uniform() < share ? held : kept).push_back(static_cast<uint32_t>(p));
  return {pick(pairs, kept), pick(pairs, held)};
}

void check_pairs(const Interactions& pairs, bool ratings, std::string_view model) {
  if (pairs.size() == 0) throw Error(ErrorCode::kData, fmt::format("model '{}': no (customer, product) pairs to learn from", model));
  if (ratings && pairs.rating.size() != pairs.size()) {
    throw Error(ErrorCode::kData, fmt::format("model '{}' learns from ratings, and the pairs have none; --task rating with --target has", model));
  }
}

}  // namespace obligor::recsys
