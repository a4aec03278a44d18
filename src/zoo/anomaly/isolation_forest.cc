// F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest, ICDM 2008 (algorithms 1 to 3 and equations 1 and 2).
//
// A tree parts a sample by a random column at a random place between its least and greatest value, until a row stands alone, all rows are
// alike, or the depth is ceil(log2 sample). h(x) = depth of x's leaf + c(rows in it), c(n) = 2 (H(n - 1) - (n - 1) / n) being the mean
// depth of an unsuccessful search among n; the paper's score is s(x) = 2^(-mean h(x) / c(sample)). Here the measure is log2 s, which the
// plan's trees give as the sum of their leaves -h / (trees c(sample)).
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "zoo/anomaly/anomaly.h"
#include "zoo/anomaly/calibration.h"

namespace obligor {
namespace {

constexpr double kEuler = 0.57721566490153286;

// The mean depth at which a search in a random binary tree of n rows ends (equation 1; exact for small n, where ln n + gamma is not).
double search_depth(size_t n) {
  if (n < 2) return 0;
  double harmonic = 0;
  if (n <= 64) {
    for (size_t i = 1; i < n; ++i) harmonic += 1 / static_cast<double>(i);
  } else {
    const auto last = static_cast<double>(n - 1);
    harmonic = std::log(last) + kEuler + 1 / (2 * last);
  }
  return 2 * harmonic - 2 * static_cast<double>(n - 1) / static_cast<double>(n);
}

struct IsolationNode {
  size_t column = 0;
  float threshold = 0;  // left when x <= threshold
  int32_t left = 0;     // >= 0: a node; < 0: leaf ~left
  int32_t right = 0;
};

struct IsolationTree {
  std::vector<IsolationNode> nodes;
  std::vector<double> depth;  // of a leaf: h(x)
  int32_t root = ~0;
};

class Grower {
 public:
  Grower(const Batch& batch, std::vector<uint32_t> rows, Random& random) : batch_(batch), rows_(std::move(rows)), random_(random) {
    limit_ = static_cast<size_t>(std::ceil(std::log2(std::max<double>(2, static_cast<double>(rows_.size())))));
  }

  IsolationTree run() {
    tree_.root = grow(0, rows_.size(), 0);
    return std::move(tree_);
  }

 private:
  [[nodiscard]] float cell(uint32_t row, size_t column) const { return batch_.features[row * batch_.width + column]; }

  // A parent stands before its children, as the plan wants it.
  int32_t grow(size_t begin, size_t end, size_t depth) {
    const size_t count = end - begin;
    size_t column = 0;
    float low = 0;
    float high = 0;
    if (count < 2 || depth >= limit_ || !choose(begin, end, column, low, high)) {
      tree_.depth.push_back(static_cast<double>(depth) + search_depth(count));
      return ~static_cast<int32_t>(tree_.depth.size() - 1);
    }
    const auto least = static_cast<double>(low);
    auto threshold = static_cast<float>(least + random_.uniform() * (static_cast<double>(high) - least));
    if (!(threshold < high)) threshold = low;
    const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto middle =
        std::stable_partition(first, rows_.begin() + static_cast<std::ptrdiff_t>(end), [&](uint32_t row) { return cell(row, column) <= threshold; });
    const auto cut = static_cast<size_t>(middle - rows_.begin());
    const size_t at = tree_.nodes.size();
    tree_.nodes.push_back({column, threshold, 0, 0});
    const int32_t left = grow(begin, cut, depth + 1);
    const int32_t right = grow(cut, end, depth + 1);
    tree_.nodes[at].left = left;
    tree_.nodes[at].right = right;
    return static_cast<int32_t>(at);
  }

  // A column, each with the same chance among those whose values differ here.
  bool choose(size_t begin, size_t end, size_t& column, float& low, float& high) {
    std::vector<size_t> untried(batch_.width);
    for (size_t c = 0; c < untried.size(); ++c) untried[c] = c;
    while (!untried.empty()) {
      const size_t pick = random_.below(untried.size());
      column = untried[pick];
      untried[pick] = untried.back();
      untried.pop_back();
      low = std::numeric_limits<float>::infinity();
      high = -low;
      for (size_t i = begin; i < end; ++i) {
        const float x = cell(rows_[i], column);
        low = std::min(low, x);
        high = std::max(high, x);
      }
      if (low < high) return true;
    }
    return false;
  }

  const Batch& batch_;
  std::vector<uint32_t> rows_;
  Random& random_;
  size_t limit_ = 0;
  IsolationTree tree_;
};

// `count` of the rows, which weigh more than 0, without replacement, a row's chance growing with its weight (Efraimidis & Spirakis 2006: the largest
// ln(u) / w).
std::vector<uint32_t> draw_rows(const std::vector<uint32_t>& rows, std::span<const double> weight, size_t count, Random& random) {
  std::vector<std::pair<double, uint32_t>> keys;
  keys.reserve(rows.size());
  for (const uint32_t row : rows) {
    const double w = weight.empty() ? 1 : weight[row];
    const double u = std::max(random.uniform(), std::numeric_limits<double>::min());
    keys.emplace_back(-std::log(u) / w, row);
  }
  const auto last = keys.begin() + static_cast<std::ptrdiff_t>(std::min(count, keys.size()));
  std::partial_sort(keys.begin(), last, keys.end());
  std::vector<uint32_t> drawn;
  for (auto key = keys.begin(); key != last; ++key) drawn.push_back(key->second);
  return drawn;
}

class IsolationForest final : public Model {
 public:
  IsolationForest(std::vector<IsolationTree> trees, size_t sample) : trees_(std::move(trees)), unit_(search_depth(sample)) {}

  // log2 of the paper's score, in (-inf, 0): the higher, the stranger.
  [[nodiscard]] std::vector<double> measure(const Batch& batch) const {
    std::vector<double> out(batch.rows);
    for (size_t r = 0; r < batch.rows; ++r) {
      const auto row = batch.features.subspan(r * batch.width, batch.width);
      for (const auto& tree : trees_) {
        int32_t at = tree.root;
        while (at >= 0) {
          const IsolationNode& node = tree.nodes[static_cast<size_t>(at)];
          at = row[node.column] <= node.threshold ? node.left : node.right;
        }
        out[r] += leaf(tree, static_cast<size_t>(~at));
      }
    }
    return out;
  }

  void calibrate(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight) {
    scale_ = anomaly::calibrate(measure(batch), target, weight);
  }
  [[nodiscard]] const anomaly::Calibration& scale() const { return scale_; }

  [[nodiscard]] Scores predict(const Batch& batch) const override {
    Scores scores{ScoreKind::kProbability, measure(batch)};
    for (double& value : scores.values) value = scale_.probability(value);
    return scores;
  }

  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    TreeArrays arrays;
    for (const auto& tree : trees_) {
      const auto nodes = static_cast<int32_t>(arrays.feature.size());
      const auto leaves = static_cast<int32_t>(arrays.leaves.size());
      const auto moved = [&](int32_t at) { return at >= 0 ? at + nodes : ~(~at + leaves); };
      arrays.roots.push_back(moved(tree.root));
      for (const auto& node : tree.nodes) {
        arrays.feature.push_back(static_cast<int32_t>(node.column));
        arrays.threshold.push_back(node.threshold);
        arrays.left.push_back(moved(node.left));
        arrays.right.push_back(moved(node.right));
        arrays.flags.push_back(0);
        arrays.bit_begin.push_back(0);
        arrays.bit_end.push_back(0);
      }
      for (size_t i = 0; i < tree.depth.size(); ++i) arrays.leaves.push_back(static_cast<float>(leaf(tree, i)));
    }
    return {scale_.lower(builder, builder.trees(inputs.features, std::move(arrays))), ScoreKind::kLogOdds};
  }

 private:
  // A leaf's share of the measure, as the plan holds it.
  [[nodiscard]] double leaf(const IsolationTree& tree, size_t index) const {
    return static_cast<double>(static_cast<float>(-tree.depth[index] / (unit_ * static_cast<double>(trees_.size()))));
  }

  std::vector<IsolationTree> trees_;
  double unit_ = 1;  // c(sample)
  anomaly::Calibration scale_;
};

}  // namespace

FitResult fit_isolation_forest(const FitInput& input, const Params& params, const Context& context) {
  const auto bad = static_cast<size_t>(std::count(input.target.begin(), input.target.end(), 1));
  if (bad == 0 || bad == input.train.rows) {
    throw Error(ErrorCode::kData, "model 'isolation_forest': the training rows hold one class only; both are needed");
  }
  if (input.train.width == 0) throw Error(ErrorCode::kData, "model 'isolation_forest': no column is left to cut");
  const bool goods_only = params.text("fit_on") == "goods";
  std::vector<uint32_t> rows;
  for (uint32_t r = 0; r < input.train.rows; ++r) {
    const bool counts = input.weight.empty() || input.weight[r] > 0;
    if (counts && (!goods_only || input.target[r] == 0)) rows.push_back(r);
  }
  const size_t sample = std::min(static_cast<size_t>(params.integer("sample")), rows.size());
  std::vector<IsolationTree> trees(static_cast<size_t>(params.integer("trees")));
  parallel_for(context, trees.size(), [&](size_t t) {
    context.check_cancelled();
    Random random(derive_seed(context.seed(), "isolation tree", t), "isolation");
    trees[t] = Grower(input.train, draw_rows(rows, input.weight, sample, random), random).run();
  });
  size_t nodes = 0;
  for (const auto& tree : trees) nodes += tree.nodes.size();

  // Trees of one row part nothing; c(1) is 0, so the unit of c(2) stands in.
  auto model = std::make_unique<IsolationForest>(std::move(trees), std::max<size_t>(2, sample));
  model->calibrate(input.train, input.target, input.weight);
  FitResult result;
  result.report.details["sample"] = sample;
  result.report.details["cuts"] = nodes;
  result.report.details["calibration"] = {{"slope", model->scale().slope}, {"offset", model->scale().offset}};
  if (model->scale().reversed) {
    result.report.notes.emplace_back("isolation_forest: on the training rows stranger does not mean more risk; the score keeps its order");
  }
  result.model = std::move(model);
  return result;
}

}  // namespace obligor
