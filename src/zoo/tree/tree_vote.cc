// The weighted vote of CART, CHAID and C5.0, after the combined early-warning model of Pang et al. (2021).
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/random.h"
#include "metric/roc.h"
#include "zoo/tree/columns.h"
#include "zoo/tree/tree.h"

namespace obligor::zoo {
namespace {

struct Kind {
  std::string_view name;
  ModelEntry (*entry)();
  FitFunction fit;
};
constexpr std::array<Kind, 3> kKinds{{{"cart", cart_entry, fit_cart}, {"chaid", chaid_entry, fit_chaid}, {"c50", c50_entry, fit_c50}}};

Params member_params(const Kind& kind, const Params& params) {
  std::vector<std::pair<std::string, std::string>> given;
  const auto pass = [&](const char* name, const std::string& value) { given.emplace_back(name, value); };
  // Boosting leaves little for a node above to add.
  if (kind.name != "c50") pass("parent_prior", fmt::format("{}", params.real("parent_prior")));
  if (kind.name == "cart") {
    pass("prune", params.text("cart_prune"));
    pass("missing", params.text("cart_missing"));
    pass("se", fmt::format("{}", params.real("cart_se")));
    pass("min_leaf", fmt::format("{}", params.real("cart_min_leaf")));
    pass("min_split", fmt::format("{}", 2 * params.real("cart_min_leaf")));
  }
  if (kind.name == "chaid") {
    pass("alpha_split", fmt::format("{}", params.real("chaid_alpha_split")));
    pass("max_depth", fmt::format("{}", params.integer("chaid_max_depth")));
  }
  if (kind.name == "c50") {
    pass("trials", fmt::format("{}", params.integer("c50_trials")));
    pass("min_cases", fmt::format("{}", params.real("c50_min_cases")));
  }
  return make_params(kind.entry().params, given, fmt::format("model '{}'", kind.name));
}

// Some rows of the training data, owned.
struct Part {
  std::vector<float> features;
  std::vector<uint8_t> target;
  std::vector<double> weight;

  Part(const FitInput& input, std::span<const uint8_t> fold, uint8_t left_out, bool inside) {
    const size_t width = input.train.width;
    for (size_t r = 0; r < input.train.rows; ++r) {
      if ((fold[r] == left_out) == inside) continue;
      const auto row = input.train.features.subspan(r * width, width);
      features.insert(features.end(), row.begin(), row.end());
      target.push_back(input.target[r]);
      if (!input.weight.empty()) weight.push_back(input.weight[r]);
    }
  }
  [[nodiscard]] FitInput input(const FitInput& whole) const {
    FitInput part = whole;
    part.train.rows = target.size();
    part.train.features = features;
    part.target = target;
    part.weight = weight;
    return part;
  }
};

// How well each kind does on rows that it was not fitted on: AUC and the share of right classes, means over the folds.
struct HeldBack {
  std::array<double, 3> auc{};
  std::array<double, 3> accuracy{};
};

HeldBack held_back(const FitInput& input, const Params& params, size_t folds, const Context& context) {
  HeldBack result;
  const auto fold = tree::deal_folds(input.target, folds, derive_seed(context.seed(), "tree-vote"));
  for (size_t f = 0; f < folds; ++f) {
    const Part inside(input, fold, static_cast<uint8_t>(f), true);
    const Part outside(input, fold, static_cast<uint8_t>(f), false);
    for (size_t k = 0; k < kKinds.size(); ++k) {
      const FitResult fitted = kKinds[k].fit(inside.input(input), member_params(kKinds[k], params), context);
      const FitInput judged = outside.input(input);
      const std::vector<double> p = fitted.model->predict(judged.train).values;
      result.auc[k] += metric::auc(p, judged.target, judged.weight) / static_cast<double>(folds);
      double right = 0;
      double all = 0;
      for (size_t i = 0; i < p.size(); ++i) {
        const double w = judged.weight.empty() ? 1.0 : judged.weight[i];
        all += w;
        right += (p[i] > 0.5) == (judged.target[i] != 0) ? w : 0;
      }
      result.accuracy[k] += right / all / static_cast<double>(folds);
    }
  }
  return result;
}

class TreeVote final : public Model {
 public:
  TreeVote(std::array<std::unique_ptr<Model>, 3> members, std::array<double, 3> weights) : members_(std::move(members)), weights_(weights) {}

  [[nodiscard]] Scores predict(const Batch& batch) const override {
    Scores scores{ScoreKind::kProbability, std::vector<double>(batch.rows, 0)};
    for (size_t k = 0; k < members_.size(); ++k) {
      const Scores own = members_[k]->predict(batch);
      for (size_t r = 0; r < batch.rows; ++r) scores.values[r] += weights_[k] * own.values[r];
    }
    return scores;
  }

  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    std::vector<NodeId> parts;
    std::vector<float> weights;
    for (size_t k = 0; k < members_.size(); ++k) {
      if (!(weights_[k] > 0)) continue;
      parts.push_back(members_[k]->lower(builder, inputs).node);
      weights.push_back(static_cast<float>(weights_[k]));
    }
    return {builder.sum(std::move(parts), std::move(weights)), ScoreKind::kProbability};
  }

 private:
  std::array<std::unique_ptr<Model>, 3> members_;
  std::array<double, 3> weights_;
};

}  // namespace

FitResult fit_tree_vote(const FitInput& input, const Params& params, const Context& context) {
  const tree::Columns checked = tree::columns_of(input, "model 'tree_vote'");
  const auto bads = static_cast<size_t>(std::count(checked.target.begin(), checked.target.end(), 1));
  const size_t folds = std::min({static_cast<size_t>(params.integer("folds")), bads, checked.rows - bads});
  std::array<double, 3> weights{1, 1, 1};
  FitResult result;
  Json& details = result.report.details;
  // Each fold's training part needs both classes, and so does the part it is judged on; rows of weight 0 could leave either without.
  const bool judged = params.text("weights") != "equal" && folds >= 2 && checked.rows == input.train.rows;
  HeldBack measured;
  if (judged) {
    measured = held_back(input, params, folds, context);
    for (size_t k = 0; k < kKinds.size(); ++k) {
      weights[k] = params.text("weights") == "accuracy" ? measured.accuracy[k] : std::max(0.0, 2 * measured.auc[k] - 1);
    }
  } else if (params.text("weights") != "equal") {
    result.report.notes.emplace_back("too few rows of a class, or rows of weight 0: the three trees have equal weights");
  }
  double total = weights[0] + weights[1] + weights[2];
  if (!(total > 0)) {
    weights = {1, 1, 1};
    total = 3;
  }
  std::array<std::unique_ptr<Model>, 3> members;
  result.report.importance.assign(input.train.width, 0);
  for (size_t k = 0; k < kKinds.size(); ++k) {
    weights[k] /= total;
    FitResult fitted = kKinds[k].fit(input, member_params(kKinds[k], params), context);
    members[k] = std::move(fitted.model);
    double sum = 0;
    for (const double gain : fitted.report.importance) sum += gain;
    for (size_t f = 0; f < input.train.width && sum > 0; ++f) result.report.importance[f] += weights[k] * fitted.report.importance[f] / sum;
    Json member{{"name", std::string(kKinds[k].name)}, {"weight", weights[k]}};
    if (judged) {
      member["held_back_auc"] = measured.auc[k];
      member["held_back_accuracy"] = measured.accuracy[k];
    }
    if (fitted.report.details.contains("trials")) member["trials"] = fitted.report.details["trials"];
    member["leaves"] = fitted.report.details["leaves"];
    member["nodes"] = fitted.report.details["nodes"];
    member["rules"] = fitted.report.details["rules"];
    details["trees"].push_back(std::move(member));
    for (auto& note : fitted.report.notes) result.report.notes.push_back(fmt::format("{}: {}", kKinds[k].name, note));
  }
  result.model = std::make_unique<TreeVote>(std::move(members), weights);
  return result;
}

}  // namespace obligor::zoo
