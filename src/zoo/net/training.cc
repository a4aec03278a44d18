#include "zoo/net/training.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"
#include "zoo/net/buckets.h"

namespace obligor::net {

LayerState& state_of(std::vector<LayerState>& states, std::string_view layer) {
  auto found = std::find_if(states.begin(), states.end(), [&](const auto& state) { return state.layer == layer; });
  if (found == states.end()) found = states.insert(states.end(), LayerState{.layer = std::string(layer)});
  return *found;
}

std::vector<float> mean_one_weights(std::span<const double> weight, size_t rows) {
  std::vector<float> weights(rows, 1.0F);
  const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  for (size_t r = 0; r < weight.size(); ++r) weights[r] = static_cast<float>(weight[r] * static_cast<double>(rows) / total);
  return weights;
}

namespace {

// Steps between two looks at the cancel flag.
constexpr size_t kStepsPerCheck = 8;

class NetModel final : public Model {
 public:
  explicit NetModel(std::unique_ptr<Trainable> network) : network_(std::move(network)) {}
  [[nodiscard]] Scores predict(const Batch& batch) const override { return {ScoreKind::kProbability, network_->predict(batch)}; }
  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override { return network_->lower(builder, inputs); }

 private:
  std::unique_ptr<Trainable> network_;
};

struct Plan {
  size_t epochs = 0;
  size_t steps = 0;  // an epoch
  size_t batch = 0;  // the largest
};

// Batches of equal size (they differ by one row at most). By itself the batch grows with the data, so that an epoch of ten million
// rows is some thousands of large products and not forty thousand small ones.
Plan plan_epochs(size_t rows, const Params& params) {
  auto batch = static_cast<size_t>(params.integer("batch"));
  if (batch == 0) {
    batch = 256;
    while (batch < 4096 && rows / batch > 1000) batch *= 2;
  }
  Plan plan;
  plan.steps = std::max<size_t>(1, (rows + batch / 2) / batch);
  plan.batch = rows / plan.steps + 1;
  plan.epochs = static_cast<size_t>(params.integer("epochs"));
  if (plan.epochs == 0) plan.epochs = std::clamp<size_t>(static_cast<size_t>(params.integer("steps")) / plan.steps, 10, 200);
  return plan;
}

// The learning rate as a share of its highest value, at `progress` in [0, 1) of the whole run.
double schedule_share(std::string_view schedule, double progress) {
  constexpr double kRise = 0.3;  // of one-cycle
  const auto fall = [](double t) { return 0.5 * (1 + std::cos(std::numbers::pi * t)); };
  if (schedule == "cosine") return fall(progress);
  if (schedule == "one_cycle") return progress < kRise ? progress / kRise : fall((progress - kRise) / (1 - kRise));
  return 1;
}

double log_loss(std::span<const double> p, std::span<const uint8_t> target, std::span<const double> weight) {
  double total = 0;
  double mass = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    const double w = weight.empty() ? 1.0 : weight[i];
    const double q = std::clamp(target[i] != 0 ? p[i] : 1 - p[i], 1e-12, 1.0);
    total -= w * std::log(q);
    mass += w;
  }
  return total / mass;
}

double precision_recall(std::span<const double> p, std::span<const uint8_t> target, std::span<const double> weight) {
  const metric::RankedSample sample(p, target, weight);
  return metric::pr_auc(sample, sample.weights());
}

void record(Learning& learning, const std::vector<LayerState>& states) {
  const auto put = [](Learning::Curves& curves, const std::string& layer, double value) {
    auto found = std::find_if(curves.begin(), curves.end(), [&](const auto& curve) { return curve.first == layer; });
    if (found == curves.end()) found = curves.insert(curves.end(), {layer, {}});
    found->second.push_back(value);
  };
  for (const LayerState& state : states) {
    put(learning.gradient_norm, state.layer, state.gradient_norm);
    if (!state.active) continue;
    put(learning.signal, state.layer, state.signal);
    put(learning.saturation, state.layer, state.saturation);
  }
}

bool two_classes(std::span<const uint8_t> target) {
  return std::find(target.begin(), target.end(), 0) != target.end() && std::find(target.begin(), target.end(), 1) != target.end();
}

}  // namespace

FitResult train(std::unique_ptr<Trainable> trained, const FitInput& input, const Params& params, const Context& context, std::string_view name) {
  if (!two_classes(input.target)) {
    throw Error(ErrorCode::kData, fmt::format("model '{}': the training rows hold one class only; both are needed", name));
  }
  const std::string& schedule = params.text("schedule");
  const double highest_rate = params.real("learning_rate");
  const double decay = params.real("weight_decay");
  const double clip = params.real("clip");
  const auto patience = static_cast<size_t>(params.integer("patience"));
  const Plan plan = plan_epochs(input.train.rows, params);
  const bool has_valid = input.valid.rows > 0;
  const bool has_auc = has_valid && two_classes(input.valid_target);
  const std::string& stop_on = params.text("stop_on");
  const bool ranks = has_auc && stop_on != "loss";
  const auto lengths = params.has("bucket") && params.flag("bucket") ? row_lengths(input.train, input.groups) : std::vector<uint32_t>{};

  Trainable& network = *trained;
  network.set_data(input.train, input.target, input.weight, plan.batch);
  Random random(context.seed(), "batches");
  Learning learning;
  double best = std::numeric_limits<double>::infinity();
  size_t best_epoch = 0;
  double plateau_share = 1;
  size_t plateau_wait = 0;
  size_t epoch = 0;
  for (; epoch < plan.epochs; ++epoch) {
    auto order = random.permutation(input.train.rows);
    if (!lengths.empty()) bucket_rows(order, lengths, plan.steps, random);
    network.set_order(order);
    double rate = highest_rate;
    for (size_t step = 0; step < plan.steps; ++step) {
      if (step % kStepsPerCheck == 0) context.check_cancelled();
      const double progress =
          (static_cast<double>(epoch) + (static_cast<double>(step) + 0.5) / static_cast<double>(plan.steps)) / static_cast<double>(plan.epochs);
      rate = highest_rate * plateau_share * schedule_share(schedule, progress);
      const size_t begin = batch_begin(step, input.train.rows, plan.steps);
      const size_t end = batch_begin(step + 1, input.train.rows, plan.steps);
      if (step == 0) record(learning, network.watched_gradients(begin, end));
      else network.gradients(begin, end);
      if (clip > 0) network.clip(clip);
      network.update(rate, decay);
    }
    const double loss = network.take_loss();
    if (!std::isfinite(loss)) {
      throw Error(ErrorCode::kNumeric, fmt::format("model '{}': the loss is no longer finite in epoch {}; lower learning_rate (now {}), "
                                                   "clip the gradient (clip = 1), or prepare the numbers by quantiles (numbers = quantile)",
                                                   name, epoch + 1, highest_rate));
    }
    learning.epoch.push_back(static_cast<double>(epoch + 1));
    learning.train_loss.push_back(loss);
    learning.learning_rate.push_back(rate);
    if (!has_valid) continue;

    const std::vector<double> p = network.predict(input.valid);
    const double valid_loss = log_loss(p, input.valid_target, input.valid_weight);
    learning.valid_loss.push_back(valid_loss);
    if (has_auc) learning.valid_auc.push_back(metric::auc(p, input.valid_target, input.valid_weight));
    double value = valid_loss;
    if (ranks) value = stop_on == "auc" ? -learning.valid_auc.back() : -precision_recall(p, input.valid_target, input.valid_weight);
    if (value < best - 1e-6) {
      best = value;
      best_epoch = epoch;
      plateau_wait = 0;
      network.keep();
      continue;
    }
    ++plateau_wait;
    if (schedule == "plateau" && plateau_wait >= std::max<size_t>(1, patience / 3)) {
      plateau_share *= 0.5;
      plateau_wait = 0;
    }
    if (epoch - best_epoch >= patience) break;
  }
  network.restore();
  network.forget_data();

  FitResult result;
  const size_t epochs_run = learning.epoch.size();
  result.report.details["epochs"] = epochs_run;
  result.report.details["best_epoch"] = has_valid ? best_epoch + 1 : epochs_run;
  result.report.details["batch"] = plan.batch;
  if (ranks && stop_on == "pr_auc") result.report.details["valid_pr_auc"] = -best;
  if (has_valid && best_epoch + 1 == plan.epochs && schedule == "constant") {
    result.report.notes.emplace_back("epochs: the last epoch was the best one; more epochs (or steps) may help");
  }
  result.report.learning.push_back(std::move(learning));
  result.model = std::make_unique<NetModel>(std::move(trained));
  return result;
}

}  // namespace obligor::net
