#include "prep/embedding/walks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"

namespace obligor {
namespace {

constexpr size_t kBlockWalks = 4096;
constexpr size_t kWalksAnItem = 64;

void check(bool good, const char* name, double value, const char* allowed) {
  if (!good) throw Error(ErrorCode::kInvalid, fmt::format("walks: {} = {}: {} is wanted", name, value, allowed));
}

// The neighbour at which the sum of weights passes `mass`, of a share in [0, total).
uint32_t by_weight(const Graph& graph, uint32_t node, double mass) {
  const auto neighbours = graph.neighbours(node);
  size_t at = 0;
  if (graph.weighted()) {
    const auto sums = graph.cumulative(node);
    at = static_cast<size_t>(std::upper_bound(sums.begin(), sums.end(), static_cast<float>(mass)) - sums.begin());
  } else {
    at = static_cast<size_t>(mass);
  }
  return neighbours[std::min(at, neighbours.size() - 1)];
}

class Walker {
 public:
  Walker(const Graph& graph, const WalkSpec& spec)
      : graph_(graph),
        length_(static_cast<size_t>(spec.length)),
        back_(1 / spec.p),
        far_(1 / spec.q),
        bound_(std::max(1.0, far_)),
        sure_(std::min(1.0, far_)),
        first_order_(spec.p == 1 && spec.q == 1) {}

  void walk(uint32_t start, Random& random, std::vector<uint32_t>& nodes) const {
    nodes.clear();
    nodes.push_back(start);
    uint32_t before = start;
    uint32_t here = start;
    while (nodes.size() < length_ && graph_.degree(here) > 0) {
      const auto total = static_cast<double>(graph_.total_weight(here));
      const uint32_t next =
          first_order_ || nodes.size() == 1 ? by_weight(graph_, here, random.uniform() * total) : second(before, here, total, random);
      nodes.push_back(next);
      before = here;
      here = next;
    }
  }

 private:
  [[nodiscard]] uint32_t second(uint32_t before, uint32_t here, double total, Random& random) const {
    // Above the bound there is but the way back; it gets a place of its own beside the bound's rectangle.
    const double extra = back_ > bound_ ? (back_ - bound_) * static_cast<double>(graph_.weight(here, before)) : 0;
    for (;;) {
      const double mass = random.uniform() * (total * bound_ + extra);
      if (mass >= total * bound_) return before;
      const uint32_t next = by_weight(graph_, here, mass / bound_);
      const double height = random.uniform() * bound_;
      if (next == before) {
        if (height < back_) return next;
        continue;
      }
      if (height < sure_) return next;
      if (height < (graph_.has_edge(before, next) ? 1.0 : far_)) return next;
    }
  }

  const Graph& graph_;
  size_t length_;
  double back_;
  double far_;
  double bound_;
  double sure_;
  bool first_order_;
};

}  // namespace

void check_spec(const WalkSpec& spec) {
  check(spec.walks >= 1, "walks", spec.walks, "at least 1");
  check(spec.length >= 2, "length", spec.length, "at least 2");
  check(spec.p > 0 && std::isfinite(spec.p), "p", spec.p, "a positive number");
  check(spec.q > 0 && std::isfinite(spec.q), "q", spec.q, "a positive number");
}

WalkCorpus::WalkCorpus(const Graph& graph, const WalkSpec& spec, Context context) : graph_(graph), spec_(spec), context_(std::move(context)) {
  check_spec(spec);
  restart();
}

void WalkCorpus::restart() {
  round_ = 0;
  at_ = 0;
  taken_ = 0;
  in_block_ = 0;
  starts_.clear();
  for (uint32_t node = 0; node < graph_.nodes(); ++node) {
    if (graph_.degree(node) > 0) starts_.push_back(node);
  }
  Random(derive_seed(context_.seed(), "walk-order", 0), "order").shuffle(std::span(starts_));
}

bool WalkCorpus::next(std::vector<uint32_t>& sentence) {
  if (taken_ == in_block_) fill_block();
  if (in_block_ == 0) return false;
  sentence.assign(block_[taken_].begin(), block_[taken_].end());
  ++taken_;
  return true;
}

void WalkCorpus::fill_block() {
  taken_ = 0;
  in_block_ = 0;
  if (starts_.empty() || round_ == spec_.walks) return;
  if (at_ == starts_.size()) {
    at_ = 0;
    if (++round_ == spec_.walks) return;
    Random(derive_seed(context_.seed(), "walk-order", static_cast<uint64_t>(round_)), "order").shuffle(std::span(starts_));
  }
  context_.check_cancelled();
  in_block_ = std::min(kBlockWalks, starts_.size() - at_);
  if (block_.size() < in_block_) block_.resize(in_block_);
  const Walker walker(graph_, spec_);
  const uint64_t round_seed = derive_seed(context_.seed(), "walks", static_cast<uint64_t>(round_));
  parallel_for(context_, (in_block_ + kWalksAnItem - 1) / kWalksAnItem, [&](size_t item) {
    const size_t end = std::min(in_block_, (item + 1) * kWalksAnItem);
    for (size_t w = item * kWalksAnItem; w < end; ++w) {
      const uint32_t start = starts_[at_ + w];
      Random random(derive_seed(round_seed, "walk", start), "steps");
      walker.walk(start, random, block_[w]);
    }
  });
  at_ += in_block_;
}

}  // namespace obligor
