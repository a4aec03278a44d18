#include "prep/binning/stream.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "prep/binning/fit.h"
#include "prep/binning/sketch.h"

namespace obligor {

using binning::Cell;
using binning::Counter;
using binning::QuantileSketch;

namespace {

constexpr size_t kSketch = 4096;

// What is known of one column so far.
struct Running {
  std::vector<float> specials;
  QuantileSketch sketch;
  std::vector<float> distinct;  // ascending, until there are more than the pre-bins
  bool many = false;
  std::unique_ptr<Counter> counter;
  std::unordered_map<std::string, size_t> level_of;
  std::vector<std::string> dictionary;
  std::vector<Cell> levels;
  Cell missing;

  Running(const BinningSpec& spec, uint64_t seed) : specials(binning::special_codes_of(spec)), sketch(kSketch, seed) {}

  void observe(std::span<const float> values, size_t limit) {
    std::vector<float> kept;
    kept.reserve(values.size());
    for (const float x : values) {
      if (std::isnan(x) || std::binary_search(specials.begin(), specials.end(), x)) continue;
      kept.push_back(x + 0.0F);
    }
    sketch.add(kept);
    for (size_t i = 0; i < kept.size() && !many; ++i) {
      const auto at = std::lower_bound(distinct.begin(), distinct.end(), kept[i]);
      if (at != distinct.end() && *at == kept[i]) continue;
      distinct.insert(at, kept[i]);
      many = distinct.size() > limit;
    }
  }

  // Pre-bins are settled by the first count.
  void settle(const BinningSpec& spec) {
    if (counter) return;
    std::vector<float> cuts = spec.candidates;
    if (cuts.empty()) {
      if (many) {
        cuts = sketch.cuts(static_cast<size_t>(spec.max_prebins));
      } else if (!distinct.empty()) {
        cuts.assign(distinct.begin() + 1, distinct.end());
      }
    }
    cuts.insert(cuts.end(), spec.fixed_splits.begin(), spec.fixed_splits.end());
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    counter = std::make_unique<Counter>(std::move(cuts), specials);
  }

  void count_levels(const Column& column, Rows rows, std::span<const uint8_t> target, std::span<const double> weights) {
    std::vector<size_t> known(column.dictionary().size(), SIZE_MAX);
    for (size_t r = 0; r < rows.size(); ++r) {
      const double w = weights.empty() ? 1.0 : weights[r];
      if (w <= 0) continue;
      const double y = target[r];
      const int32_t code = column.codes()[rows[r]];
      Cell* cell = &missing;
      if (code >= 0) {
        size_t& level = known[static_cast<size_t>(code)];
        if (level == SIZE_MAX) {
          const auto& word = column.dictionary()[static_cast<size_t>(code)];
          level = level_of.try_emplace(word, levels.size()).first->second;
          if (level == levels.size()) {
            levels.emplace_back();
            dictionary.push_back(word);
          }
        }
        cell = &levels[level];
      }
      cell->add({1, w, w * y, w * y, w * y * y});
    }
  }
};

}  // namespace

struct StreamBinner::Impl {
  std::vector<StreamFeature> features;
  std::vector<Running> running;
};

StreamBinner::StreamBinner(std::vector<StreamFeature> features, uint64_t seed) : impl_(std::make_unique<Impl>()) {
  impl_->features = std::move(features);
  for (const auto& feature : impl_->features) {
    check_spec(feature.spec);
    impl_->running.emplace_back(feature.spec, derive_seed(seed, feature.name));
  }
}

StreamBinner::~StreamBinner() = default;

const std::vector<StreamFeature>& StreamBinner::features() const { return impl_->features; }

void StreamBinner::observe(const Table& chunk, const Context& context) {
  parallel_for(context, impl_->features.size(), [&](size_t f) {
    const StreamFeature& feature = impl_->features[f];
    if (feature.kind == ColumnKind::kCategory) return;
    const Column& column = chunk.column(feature.name);
    const auto limit = static_cast<size_t>(feature.spec.max_prebins);
    if (column.kind() == ColumnKind::kDate) {
      impl_->running[f].observe(numeric_values(column), limit);
    } else {
      impl_->running[f].observe(column.numbers(), limit);
    }
  });
}

void StreamBinner::count(const Table& chunk, Rows rows, std::span<const uint8_t> target, std::span<const double> weights, const Context& context) {
  parallel_for(context, impl_->features.size(), [&](size_t f) {
    const StreamFeature& feature = impl_->features[f];
    Running& running = impl_->running[f];
    const Column& column = chunk.column(feature.name);
    if (feature.kind == ColumnKind::kCategory) {
      running.count_levels(column, rows, target, weights);
      return;
    }
    running.settle(feature.spec);
    const std::vector<float> days = column.kind() == ColumnKind::kDate ? numeric_values(column) : std::vector<float>{};
    const std::span<const float> all = column.kind() == ColumnKind::kDate ? std::span<const float>(days) : column.numbers();
    std::vector<float> values;
    values.reserve(rows.size());
    for (const uint32_t row : rows) values.push_back(all[row]);
    running.counter->add(values, {target, {}}, weights);
  });
}

Binning StreamBinner::finish(size_t f) const {
  const StreamFeature& feature = impl_->features[f];
  const Running& running = impl_->running[f];
  const binning::Frame frame{feature.name, false, 0, feature.kind == ColumnKind::kDate};
  if (feature.kind == ColumnKind::kCategory) {
    return binning::finish_category(frame, running.levels, running.missing, running.dictionary, feature.spec);
  }
  if (!running.counter) throw Error(ErrorCode::kData, fmt::format("column '{}': no rows of positive weight to bin", feature.name));
  return binning::finish_number(frame, *running.counter, running.specials, feature.spec);
}

}  // namespace obligor
