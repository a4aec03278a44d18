// Deep embedded clustering: Xie, Girshick & Farhadi, ICML 2016 (arXiv:1511.06335).
//
// An autoencoder gives the code z of a row; k-means in the code gives the centres; then encoder and centres follow the gradient of KL(p || q),
// q being how near a row is to each centre and p the same sharpened, made anew every pass. A row's probability is sum_j q_j rate_j, rate_j the bad
// rate of cluster j over the training rows, each counted by its q.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/belief/autoencoder.h"
#include "zoo/belief/belief.h"
#include "zoo/belief/chain.h"
#include "zoo/belief/clusters.h"
#include "zoo/belief/matrix-inl.h"
#include "zoo/belief/pretrain_kernels.h"
#include "zoo/belief/units-inl.h"

namespace obligor {
namespace {

using belief::Cells;
using belief::index_of;
using belief::Matrix;
using belief::Unit;

constexpr float kMomentum = 0.9F;
constexpr size_t kTile = 4096;

// The half of a Reconstructor that leads to the code: hidden layers with activation, a linear code.
class Encoder {
 public:
  // parameters: each layer's weights (out x in), then its biases.
  Encoder(std::vector<size_t> widths, Unit unit, std::vector<float> parameters)
      : widths_(std::move(widths)), unit_(unit), parameters_(std::move(parameters)) {
    size_t at = 0;
    for (size_t l = 0; l + 1 < widths_.size(); ++l) {
      offsets_.push_back(at);
      at += widths_[l + 1] * (widths_[l] + 1);
    }
    parameters_.resize(at);
  }

  [[nodiscard]] size_t width() const { return widths_.front(); }
  [[nodiscard]] size_t code() const { return widths_.back(); }

  [[nodiscard]] std::vector<float>& parameters() { return parameters_; }
  // Its training step, while the encoder stays where it is.
  [[nodiscard]] belief::Chain chain(std::vector<float>& down, size_t largest) { return {widths_, unit_, SIZE_MAX, parameters_, down, largest}; }

  // The codes in float64, from the numbers that the plan holds.
  [[nodiscard]] Cells codes(const Batch& batch) const {
    Cells out(index_of(batch.rows), index_of(code()));
    for (size_t begin = 0; begin < batch.rows; begin += kTile) {
      const size_t count = std::min(kTile, batch.rows - begin);
      Cells a = belief::matrix(batch.features.subspan(begin * width(), count * width()), width()).cast<double>();
      for (size_t l = 0; l < offsets_.size(); ++l) {
        a = ((a * weights(l).cast<double>().transpose()).rowwise() + biases(l).cast<double>()).eval();
        if (l + 1 < offsets_.size()) belief::activate(a, unit_);
      }
      out.middleRows(index_of(begin), index_of(count)) = a;
    }
    return out;
  }

  [[nodiscard]] NodeId lower(PlanBuilder& builder, NodeId a) const {
    for (size_t l = 0; l < offsets_.size(); ++l) {
      const auto from = [&](size_t at) { return parameters_.begin() + static_cast<std::ptrdiff_t>(at); };
      const size_t middle = offsets_[l] + widths_[l] * widths_[l + 1];
      a = builder.affine(a, {from(offsets_[l]), from(middle)}, {from(middle), from(middle + widths_[l + 1])}, static_cast<uint32_t>(widths_[l + 1]));
      if (l + 1 < offsets_.size()) a = builder.activate(a, belief::unit_name(unit_));
    }
    return a;
  }

 private:
  [[nodiscard]] belief::ConstMap weights(size_t l) const {
    return {parameters_.data() + offsets_[l], index_of(widths_[l + 1]), index_of(widths_[l])};
  }
  [[nodiscard]] belief::RowMap biases(size_t l) const {
    return {parameters_.data() + offsets_[l] + widths_[l] * widths_[l + 1], index_of(widths_[l + 1])};
  }

  std::vector<size_t> widths_;
  Unit unit_;
  std::vector<float> parameters_;
  std::vector<size_t> offsets_;
};

class DecModel final : public Model {
 public:
  DecModel(Encoder encoder, const Cells& centres) : encoder_(std::move(encoder)), centres_(centres.cast<float>().cast<double>()) {}

  [[nodiscard]] Cells assignment(const Batch& batch) const { return belief::soft_assignment(encoder_.codes(batch), centres_); }
  void set_rates(const Eigen::VectorXd& rates) { rates_ = rates.cast<float>().cast<double>(); }

  [[nodiscard]] Scores predict(const Batch& batch) const override {
    const Eigen::VectorXd p = assignment(batch) * rates_;
    return {ScoreKind::kProbability, {p.data(), p.data() + p.size()}};
  }

  // q_j = softmax over j of -ln(1 + |z - m_j|^2), so that the mean of the rates is one attention.
  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    const auto clusters = static_cast<size_t>(centres_.rows());
    const auto width = static_cast<size_t>(centres_.cols());
    const NodeId code = encoder_.lower(builder, inputs.features);
    std::vector<int32_t> repeated;
    std::vector<float> shift;
    std::vector<float> ones(clusters * width * clusters, 0.0F);
    std::vector<float> rates;
    for (size_t j = 0; j < clusters; ++j) {
      for (size_t c = 0; c < width; ++c) {
        repeated.push_back(static_cast<int32_t>(c));
        shift.push_back(static_cast<float>(centres_(index_of(j), index_of(c))));
        ones[j * clusters * width + j * width + c] = 1;
      }
      rates.push_back(static_cast<float>(rates_[index_of(j)]));
    }
    const NodeId apart = builder.scale(builder.select(code, std::move(repeated)), std::move(shift), std::vector<float>(clusters * width, 1.0F));
    const NodeId squared =
        builder.affine(builder.multiply(apart, apart), std::move(ones), std::vector<float>(clusters, 0.0F), static_cast<uint32_t>(clusters));
    const NodeId keys = builder.activate(squared, "log");  // ln(1 + x)
    const auto fixed = [&](const std::vector<float>& values) {
      return builder.affine(code, std::vector<float>(values.size() * width, 0.0F), values, static_cast<uint32_t>(values.size()));
    };
    return {builder.attend(fixed({-1.0F}), keys, fixed(rates), 1, static_cast<uint32_t>(clusters)), ScoreKind::kProbability};
  }

 private:
  Encoder encoder_;
  Cells centres_;
  Eigen::VectorXd rates_;
};

std::vector<uint32_t> hard(const Cells& q) {
  std::vector<uint32_t> out;
  for (Eigen::Index r = 0; r < q.rows(); ++r) {
    Eigen::Index most = 0;
    q.row(r).maxCoeff(&most);
    out.push_back(static_cast<uint32_t>(most));
  }
  return out;
}

// The codes of the rows named by `order`, by a training step, which keeps what the way back needs.
Cells codes_of(belief::Chain& chain, const Batch& batch, std::span<const uint32_t> order, size_t code) {
  float* to = chain.input();
  for (const uint32_t row : order) to = std::copy_n(batch.features.data() + row * batch.width, batch.width, to);
  chain.forward(order.size());
  return belief::ConstMap(chain.output(), index_of(order.size()), index_of(code)).cast<double>();
}

// Pulls code and centres together; leaves a line a pass in `passes`.
void cluster(Encoder& encoder, Cells& centres, const FitInput& input, const Params& params, Random& random, const Context& context, Json& passes) {
  const size_t n = input.train.rows;
  const size_t batch = std::min(n, static_cast<size_t>(params.integer("batch")));
  const auto rate = static_cast<float>(params.real("cluster_rate"));
  std::vector<float>& parameters = encoder.parameters();
  std::vector<float> down(parameters.size());
  std::vector<float> step(parameters.size());
  belief::Chain chain = encoder.chain(down, batch);
  Cells velocity = Cells::Zero(centres.rows(), centres.cols());
  Cells codes(index_of(n), index_of(encoder.code()));
  std::vector<uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0U);
  std::vector<uint32_t> before;
  for (int64_t pass = 0; pass < params.integer("cluster_epochs"); ++pass) {
    for (size_t begin = 0; begin < n; begin += batch) {
      const auto rows = std::span(all).subspan(begin, std::min(batch, n - begin));
      codes.middleRows(index_of(begin), index_of(rows.size())) = codes_of(chain, input.train, rows, encoder.code());
    }
    const Cells q = belief::soft_assignment(codes, centres);
    const Cells p = belief::sharpened(q);
    const std::vector<uint32_t> now = hard(q);
    size_t changed = now.size();
    for (size_t r = 0; r < before.size(); ++r) changed -= now[r] == before[r] ? size_t{1} : size_t{0};
    const double share = static_cast<double>(changed) / static_cast<double>(now.size());
    if (!passes.empty()) passes.back()["changed"] = share;
    if (!before.empty() && share < params.real("tolerance")) return;
    before = now;
    const std::vector<uint32_t> order = random.permutation(n);
    double divergence = 0;
    for (size_t begin = 0; begin < order.size(); begin += batch) {
      context.check_cancelled();
      const size_t count = std::min(batch, order.size() - begin);
      const std::span<const uint32_t> rows = std::span(order).subspan(begin, count);
      Cells wanted(index_of(count), p.cols());
      for (size_t i = 0; i < count; ++i) wanted.row(index_of(i)) = p.row(index_of(rows[i]));
      const belief::Pull pull = belief::divergence_gradient(codes_of(chain, input.train, rows, encoder.code()), centres, wanted);
      divergence += pull.divergence * static_cast<double>(count) / static_cast<double>(order.size());
      Eigen::Map<Matrix>(chain.d_output(), index_of(count), index_of(encoder.code())) = pull.codes.cast<float>();
      chain.backward(count);
      belief::pretrain_kernels().descend(parameters.size(), kMomentum, rate, 0, down.data(), step.data(), parameters.data());
      velocity = static_cast<double>(kMomentum) * velocity - static_cast<double>(rate) * pull.centres;
      centres += velocity;
    }
    if (!std::isfinite(divergence) || !centres.allFinite()) {
      throw Error(ErrorCode::kNumeric,
                  fmt::format("model 'dec': the clusters are no longer finite in pass {}; lower cluster_rate (now {})", pass + 1, rate));
    }
    passes.push_back({{"divergence", divergence}});
  }
}

}  // namespace

FitResult fit_dec(const FitInput& input, const Params& params, const Context& context) {
  const auto bad = static_cast<size_t>(std::count(input.target.begin(), input.target.end(), 1));
  if (bad == 0 || bad == input.train.rows) {
    throw Error(ErrorCode::kData, "model 'dec': the training rows hold one class only; both are needed");
  }
  if (input.train.width == 0) throw Error(ErrorCode::kData, "model 'dec': no column is left to cluster by");
  const auto whole = [&](std::string_view name) { return static_cast<size_t>(params.integer(name)); };
  std::vector<size_t> half{input.train.width};
  half.insert(half.end(), whole("layers"), whole("hidden"));
  half.push_back(whole("code"));
  std::vector<size_t> widths = half;
  widths.insert(widths.end(), half.rbegin() + 1, half.rend());

  belief::ReconstructOptions options;
  options.epochs = whole("epochs");
  options.batch = whole("batch");
  options.patience = whole("patience");
  options.rate = params.real("learning_rate");
  options.decay = params.real("weight_decay");
  Random random(context.seed(), "dec");
  const Unit unit = belief::find_unit(params.text("activation"));
  belief::Reconstructor net(widths, unit, random, half.size() - 2);
  FitResult result;
  Learning learning;
  net.train(input.train.features, input.valid.features, options, random, context, learning);
  result.report.learning.push_back(std::move(learning));

  Encoder encoder(half, unit, net.parameters());
  Cells centres = belief::k_means(encoder.codes(input.train), whole("clusters"), random, context).centres;
  Json passes = Json::array();
  cluster(encoder, centres, input, params, random, context, passes);

  auto model = std::make_unique<DecModel>(std::move(encoder), centres);
  const Cells q = model->assignment(input.train);
  // A cluster's rate is drawn to the mean by one row's worth, so that none is 0 or 1.
  double mean = 0;
  double total = 0;
  for (size_t r = 0; r < input.train.rows; ++r) {
    const double w = input.weight.empty() ? 1 : input.weight[r];
    mean += w * input.target[r];
    total += w;
  }
  mean /= total;
  Eigen::VectorXd rates(q.cols());
  Json clusters = Json::array();
  const std::vector<uint32_t> nearest = hard(q);
  for (Eigen::Index j = 0; j < q.cols(); ++j) {
    double weight = 1;
    double bads = mean;
    for (size_t r = 0; r < input.train.rows; ++r) {
      const double w = (input.weight.empty() ? 1 : input.weight[r]) * q(index_of(r), j);
      weight += w;
      bads += w * input.target[r];
    }
    rates[j] = bads / weight;
    clusters.push_back({{"rows", std::count(nearest.begin(), nearest.end(), static_cast<uint32_t>(j))}, {"bad_rate", rates[j]}});
  }
  model->set_rates(rates);
  result.report.details["clusters"] = std::move(clusters);
  result.report.details["passes"] = std::move(passes);
  result.model = std::move(model);
  return result;
}

}  // namespace obligor
