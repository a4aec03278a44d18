#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "zoo/net/training.h"
#include "zoo/survival/softmax_net.h"
#include "zoo/survival/survival.h"

namespace obligor {
namespace {

using survival::SoftmaxNet;
using survival::SoftmaxRows;

// Added to the logit of a transition that is not allowed: e^-10000 is 0 in every precision.
constexpr float kNever = -1e4F;

void check_input(const TransitionInput& input) {
  if (input.train.rows == 0) throw Error(ErrorCode::kData, "models of states: there are no training rows");
  if (input.states < 2) throw Error(ErrorCode::kData, "models of states: there is one state only; at least two are needed");
}

// The states that rows start in, and a mask a state and one more for a state that was never seen (all allowed).
class StateTable {
 public:
  StateTable(const TransitionInput& input, bool masked)
      : states_(input.states), mask_((input.states + 1) * input.states, 1), starts_(input.states, 0) {
    if (masked) std::copy(input.allowed.begin(), input.allowed.end(), mask_.begin());
    for (const uint8_t s : input.from) starts_[s] = 1;
  }

  [[nodiscard]] size_t states() const { return states_; }
  // One state is no column: it is the same in every row.
  [[nodiscard]] bool one_start() const { return std::count(starts_.begin(), starts_.end(), 1) == 1; }
  [[nodiscard]] size_t only_start() const { return static_cast<size_t>(std::find(starts_.begin(), starts_.end(), 1) - starts_.begin()); }
  [[nodiscard]] size_t columns() const { return one_start() ? 0 : states_; }
  [[nodiscard]] std::span<const uint8_t> mask(size_t from) const { return std::span(mask_).subspan(from * states_, states_); }

  // The features of a batch with the present state as 0/1 columns behind them, and the mask of each row.
  [[nodiscard]] SoftmaxRows rows(const Batch& batch, std::span<const uint8_t> from, std::span<const uint32_t> which) const {
    SoftmaxRows out;
    out.rows = which.size();
    for (const uint32_t r : which) {
      const auto row = batch.features.subspan(r * batch.width, batch.width);
      out.x.insert(out.x.end(), row.begin(), row.end());
      for (size_t s = 0; s < columns(); ++s) out.x.push_back(s == from[r] ? 1.0F : 0.0F);
      const auto allowed = mask(from[r]);
      out.mask.insert(out.mask.end(), allowed.begin(), allowed.end());
    }
    return out;
  }

  // A node of `states` numbers by present state: rows of `table` (states + 1 of them).
  [[nodiscard]] NodeId by_state(PlanBuilder& builder, const TransitionNodes& nodes, std::vector<float> table) const {
    const size_t width = table.size() / (states_ + 1);
    if (nodes.from) return builder.look_up(*nodes.from, std::move(table), static_cast<uint32_t>(width));
    // Without the column every row starts in the one state: the weights of the columns are 0.
    const auto begin = table.begin() + static_cast<std::ptrdiff_t>(only_start() * width);
    const uint32_t columns = builder.type(nodes.features).width;
    return builder.affine(nodes.features, std::vector<float>(width * columns, 0.0F), {begin, begin + static_cast<std::ptrdiff_t>(width)},
                          static_cast<uint32_t>(width));
  }

 private:
  size_t states_;
  std::vector<uint8_t> mask_;
  std::vector<uint8_t> starts_;
};

// softmax(z) as attention: a query of 1, a key a state, and the unit vectors as values.
NodeId softmax_node(PlanBuilder& builder, const StateTable& table, const TransitionNodes& nodes, NodeId z) {
  const size_t states = table.states();
  std::vector<float> unit(states * states, 0.0F);
  for (size_t s = 0; s < states; ++s) unit[s * states + s] = 1;
  std::vector<float> units;
  for (size_t from = 0; from <= states; ++from) units.insert(units.end(), unit.begin(), unit.end());
  const NodeId one = table.by_state(builder, nodes, std::vector<float>(states + 1, 1.0F));
  return builder.attend(one, z, table.by_state(builder, nodes, std::move(units)), 1, static_cast<uint32_t>(states));
}

class MatrixModel final : public TransitionModel {
 public:
  MatrixModel(StateTable table, std::vector<double> shares) : table_(std::move(table)), shares_(std::move(shares)) {}

  [[nodiscard]] std::vector<double> predict(const Batch& batch, std::span<const uint8_t> from) const override {
    std::vector<double> out;
    out.reserve(batch.rows * table_.states());
    for (size_t r = 0; r < batch.rows; ++r) {
      const auto share = shares_.begin() + static_cast<std::ptrdiff_t>(from[r] * table_.states());
      out.insert(out.end(), share, share + static_cast<std::ptrdiff_t>(table_.states()));
    }
    return out;
  }

  [[nodiscard]] NodeId lower(PlanBuilder& builder, const TransitionNodes& nodes) const override {
    return table_.by_state(builder, nodes, {shares_.begin(), shares_.end()});
  }

 private:
  StateTable table_;
  std::vector<double> shares_;  // (states + 1) x states
};

class SoftmaxModel final : public TransitionModel {
 public:
  SoftmaxModel(StateTable table, std::vector<SoftmaxNet> nets) : table_(std::move(table)), nets_(std::move(nets)) {}

  [[nodiscard]] std::vector<double> predict(const Batch& batch, std::span<const uint8_t> from) const override {
    std::vector<uint32_t> all(batch.rows);
    std::iota(all.begin(), all.end(), 0U);
    const SoftmaxRows rows = table_.rows(batch, from, all);
    std::vector<double> mean(batch.rows * table_.states(), 0);
    for (const auto& net : nets_) {
      const auto p = net.probabilities(rows.x, rows.mask);
      for (size_t i = 0; i < p.size(); ++i) mean[i] += p[i] / static_cast<double>(nets_.size());
    }
    return mean;
  }

  [[nodiscard]] NodeId lower(PlanBuilder& builder, const TransitionNodes& nodes) const override {
    const size_t states = table_.states();
    NodeId x = nodes.features;
    if (table_.columns() > 0) {
      std::vector<int32_t> columns(states + 1, -1);
      for (size_t s = 0; s < states; ++s) columns[s] = static_cast<int32_t>(s);
      x = builder.concat({x, builder.one_hot(*nodes.from, std::move(columns), static_cast<uint32_t>(states))});
    }
    std::vector<float> never;
    for (size_t from = 0; from <= states; ++from) {
      for (const uint8_t allowed : table_.mask(from)) never.push_back(allowed != 0 ? 0.0F : kNever);
    }
    const NodeId barred = table_.by_state(builder, nodes, std::move(never));
    std::vector<NodeId> parts;
    for (const auto& net : nets_) {
      const NodeId z = builder.sum({net.lower_logits(builder, x), barred}, {1.0F, 1.0F});
      parts.push_back(softmax_node(builder, table_, nodes, z));
    }
    if (parts.size() == 1) return parts.front();
    const std::vector<float> share(parts.size(), 1.0F / static_cast<float>(parts.size()));
    return builder.sum(std::move(parts), share);
  }

 private:
  StateTable table_;
  std::vector<SoftmaxNet> nets_;
};

// The rows at some positions, with targets and weights of mean 1.
SoftmaxRows training_rows(const TransitionInput& input, const StateTable& table, std::span<const uint32_t> which) {
  SoftmaxRows rows = table.rows(input.train, input.from, which);
  std::vector<double> weight;
  for (const uint32_t r : which) {
    rows.to.push_back(input.to[r]);
    if (!input.weight.empty()) weight.push_back(input.weight[r]);
  }
  rows.weight = net::mean_one_weights(weight, which.size());
  return rows;
}

}  // namespace

TransitionFit fit_transition_matrix(const TransitionInput& input, const Params& params, const Context& /*context*/) {
  check_input(input);
  StateTable table(input, params.flag("masked"));
  const size_t states = input.states;
  std::vector<double> shares((states + 1) * states, 0);
  for (size_t r = 0; r < input.train.rows; ++r) {
    const double w = input.weight.empty() ? 1 : input.weight[r];
    shares[input.from[r] * states + input.to[r]] += w;
    shares[states * states + input.to[r]] += w;
  }
  for (size_t from = 0; from <= states; ++from) {
    const std::span<double> row(shares.data() + from * states, states);
    for (size_t s = 0; s < states; ++s) row[s] = table.mask(from)[s] != 0 ? row[s] + params.real("prior") : 0;
    const double total = std::accumulate(row.begin(), row.end(), 0.0);
    for (double& share : row) share = total > 0 ? share / total : 1 / static_cast<double>(states);
  }
  return {std::make_unique<MatrixModel>(std::move(table), std::move(shares)), {}};
}

TransitionFit fit_softmax_transitions(const TransitionInput& input, const Params& params, const Context& context) {
  check_input(input);
  StateTable table(input, params.flag("masked"));
  // A row without hidden layers is the multinomial logit, whose one optimum needs no second start.
  const bool hidden = params.has("layers");
  const size_t layers = hidden ? static_cast<size_t>(params.integer("layers")) : 0;
  const double dropout = hidden ? params.real("dropout") : 0;
  const int64_t members = hidden ? params.integer("members") : 1;
  std::vector<size_t> widths{input.train.width + table.columns()};
  for (size_t l = 0; l < layers; ++l) widths.push_back(static_cast<size_t>(params.integer(l == 0 ? "first" : "hidden")));
  widths.push_back(input.states);
  survival::SoftmaxTraining plan;
  plan.epochs = static_cast<size_t>(params.integer("epochs"));
  plan.batch = static_cast<size_t>(params.integer("batch"));
  plan.patience = static_cast<size_t>(params.integer("patience"));
  plan.rate = params.real("learning_rate");
  plan.decay = params.real("weight_decay");

  std::vector<uint32_t> all(input.train.rows);
  std::iota(all.begin(), all.end(), 0U);
  std::vector<uint32_t> kept;
  std::set_difference(all.begin(), all.end(), input.held_back.begin(), input.held_back.end(), std::back_inserter(kept));
  const SoftmaxRows learned = training_rows(input, table, kept);
  const SoftmaxRows held = training_rows(input, table, input.held_back);
  const bool refit = params.flag("refit") && held.rows > 0;
  const SoftmaxRows whole = refit ? training_rows(input, table, all) : SoftmaxRows{};

  TransitionFit fit;
  std::vector<SoftmaxNet> nets;
  Json epochs = Json::array();
  for (int64_t m = 0; m < members; ++m) {
    const uint64_t seed = derive_seed(context.seed(), "member", static_cast<uint64_t>(m));
    Random random(seed, "start");
    SoftmaxNet net(widths, dropout, random);
    Learning learning;
    const SoftmaxNet start = net;
    const size_t best = net.train(learned, held, plan, seed, context, learning);
    epochs.push_back(best);
    if (refit) {
      net = start;
      survival::SoftmaxTraining again = plan;
      again.epochs = best;
      again.rates = learning.learning_rate;
      Learning unread;
      net.train(whole, {}, again, seed, context, unread);
    }
    fit.report.learning.push_back(std::move(learning));
    nets.push_back(std::move(net));
  }
  fit.report.details["epochs"] = std::move(epochs);
  fit.model = std::make_unique<SoftmaxModel>(std::move(table), std::move(nets));
  return fit;
}

}  // namespace obligor
