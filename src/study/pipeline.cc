#include "study/pipeline.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"
#include "plan/executor.h"
#include "prep/preprocessor.h"

namespace obligor {
namespace {

// A fitted preprocessor and model, lowered, with what the fit said.
struct Member {
  ScorePlan plan;  // output "log_odds"
  FitReport report;
  std::vector<std::string> sources;  // raw column of each prepared column
};

struct Candidate {
  Params params;
  ParamValues values;
  std::vector<Member> members;   // one an inner fold
  std::vector<double> log_odds;  // inner out-of-fold, by position in `train`; NaN where no fold tested the row
  double auc = 0;
};

std::vector<double> run_plan(const ScorePlan& plan, const Table& table, Rows rows, const std::string& output, const ExecutorFactory& factory) {
  if (rows.empty()) return {};
  const auto executor = factory(plan);
  const GatheredInputs inputs(table, rows, plan.inputs);
  const auto values = executor->run(inputs.batch(), std::vector<std::string>{output});
  return {values[0].numbers.begin(), values[0].numbers.end()};
}

std::vector<uint8_t> targets(const Task& task, Rows rows) {
  std::vector<uint8_t> values;
  values.reserve(rows.size());
  for (const uint32_t row : rows) values.push_back(task.target[row]);
  return values;
}

std::vector<double> weights(const Task& task, Rows rows) {
  std::vector<double> values;
  if (task.weight.empty()) return values;
  values.reserve(rows.size());
  for (const uint32_t row : rows) values.push_back(task.weight[row]);
  return values;
}

Member fit_member(const ModelEntry& entry, const Params& params, const Table& table, const Task& task, Rows train, Rows valid,
                  const ExecutorFactory& executor, const Context& context) {
  const PrepSpec spec = entry.prep(params);
  auto [prep, design] = Preprocessor::fit_transform(table, task, train, spec, context, executor);
  Design valid_design;
  if (!valid.empty() && entry.traits.early_stopping) valid_design = prep.apply(table, valid);
  const auto target = targets(task, train);
  const auto weight = weights(task, train);
  const auto valid_target = targets(task, valid);
  const auto valid_weight = weights(task, valid);
  FitInput input;
  input.train = design.batch();
  input.target = target;
  input.weight = weight;
  if (valid_design.rows > 0) {
    input.valid = valid_design.batch();
    input.valid_target = valid_target;
    input.valid_weight = valid_weight;
  }
  input.feature_names = prep.feature_names();
  input.code_levels = prep.code_levels();
  input.categorical = prep.categorical();
  input.feature_source = prep.feature_source();
  input.feature_levels = prep.feature_levels();
  input.binnings = prep.binnings();
  input.feature_binning = prep.feature_binning();
  FitResult result = entry.fit(input, params, context);

  PlanBuilder builder;
  const auto nodes = prep.lower(builder);
  const Lowered lowered = result.model->lower(builder, {nodes.features, nodes.codes});
  const NodeId log_odds = lowered.kind == ScoreKind::kProbability ? builder.activate(lowered.node, "logit") : lowered.node;
  builder.output("log_odds", log_odds);
  return {builder.build(), std::move(result.report), prep.feature_source()};
}

// AUC over the rows that an inner fold tested. Each fold is ranked on its own: members differ in level.
double inner_auc(const std::vector<double>& log_odds, const std::vector<std::vector<uint32_t>>& fold_positions, const std::vector<uint8_t>& target) {
  double total = 0;
  double weight = 0;
  for (const auto& positions : fold_positions) {
    std::vector<double> scores;
    std::vector<uint8_t> truth;
    for (const uint32_t at : positions) {
      scores.push_back(log_odds[at]);
      truth.push_back(target[at]);
    }
    total += metric::auc(scores, truth) * static_cast<double>(positions.size());
    weight += static_cast<double>(positions.size());
  }
  return weight > 0 ? total / weight : 0;
}

std::vector<double> blend(const std::vector<Candidate>& candidates, const std::vector<int>& counts) {
  std::vector<double> mean(candidates.front().log_odds.size(), 0);
  double total = 0;
  for (size_t c = 0; c < candidates.size(); ++c) {
    if (counts[c] == 0) continue;
    total += counts[c];
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += counts[c] * candidates[c].log_odds[i];
  }
  for (double& value : mean) value /= total;
  return mean;
}

// How many times each candidate is taken: the best first, then whichever raises the blend's inner AUC most, while it rises.
std::vector<int> select(const std::vector<Candidate>& candidates, const std::vector<std::vector<uint32_t>>& folds, const std::vector<uint8_t>& target,
                        int steps) {
  std::vector<int> counts(candidates.size(), 0);
  size_t best = 0;
  for (size_t c = 1; c < candidates.size(); ++c) {
    if (candidates[c].auc > candidates[best].auc) best = c;
  }
  counts[best] = 1;
  double current = candidates[best].auc;
  for (int step = 1; step < steps && candidates.size() > 1; ++step) {
    double step_auc = current;
    size_t chosen = candidates.size();
    for (size_t c = 0; c < candidates.size(); ++c) {
      auto tried = counts;
      ++tried[c];
      const double auc = inner_auc(blend(candidates, tried), folds, target);
      if (auc > step_auc + 1e-5) {
        step_auc = auc;
        chosen = c;
      }
    }
    if (chosen == candidates.size()) break;
    ++counts[chosen];
    current = step_auc;
  }
  return counts;
}

std::vector<FeatureImportance> importance_of(const std::vector<const Member*>& members) {
  std::map<std::string, double> sums;
  for (const Member* member : members) {
    double total = 0;
    for (const double value : member->report.importance) total += value;
    if (total <= 0) continue;
    for (size_t c = 0; c < member->report.importance.size(); ++c) sums[member->sources[c]] += member->report.importance[c] / total;
  }
  double total = 0;
  for (const auto& [feature, value] : sums) total += value;
  std::vector<FeatureImportance> result;
  result.reserve(sums.size());
  for (const auto& [feature, value] : sums) result.push_back({feature, value / total});
  std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
  return result;
}

ParamValues join(const ParamValues& base, const ParamValues& more) {
  ParamValues joined = base;
  joined.insert(joined.end(), more.begin(), more.end());
  return joined;
}

}  // namespace

FittedPipeline fit_pipeline(const ModelEntry& entry, const ParamValues& given, const Table& table, const Task& task, const Split& split, Rows train,
                            const PipelineOptions& options, const Context& context) {
  const std::string owner = fmt::format("model '{}'", entry.name);
  const auto target = targets(task, train);
  const auto bads = static_cast<size_t>(std::count(target.begin(), target.end(), 1));
  if (bads == 0 || bads == target.size()) throw Error(ErrorCode::kData, fmt::format("{}: the training rows are all of one class", owner));

  std::vector<Candidate> candidates;
  if (options.search && !entry.candidates.empty()) {
    for (const auto& overrides : entry.candidates) {
      // What the user gave wins over what a candidate would set.
      candidates.push_back({make_params(entry.params, join(overrides, given), owner), overrides, {}, {}, 0});
    }
  } else {
    candidates.push_back({make_params(entry.params, given, owner), {}, {}, {}, 0});
  }
  // Candidates that the user's values made equal are fitted once.
  for (size_t c = candidates.size(); c-- > 1;) {
    for (size_t d = 0; d < c; ++d) {
      if (candidates[c].params.json() == candidates[d].params.json()) {
        candidates.erase(candidates.begin() + static_cast<int64_t>(c));
        break;
      }
    }
  }

  FittedPipeline result;
  const bool inner = entry.traits.early_stopping || candidates.size() > 1;
  const int folds_wanted = static_cast<int>(std::min<size_t>({static_cast<size_t>(options.inner_folds), bads, target.size() - bads}));
  std::vector<const Member*> kept;
  std::vector<double> kept_weights;
  std::vector<Member> refitted;
  size_t first_choice = 0;

  if (inner && folds_wanted >= 2) {
    const auto folds = inner_folds(table, task, split, train, folds_wanted, derive_seed(context.seed(), "inner-folds"));
    std::vector<uint32_t> position(table.rows());
    for (uint32_t i = 0; i < train.size(); ++i) position[train[i]] = i;
    std::vector<std::vector<uint32_t>> fold_positions;
    for (const auto& fold : folds) {
      auto& positions = fold_positions.emplace_back();
      for (const uint32_t row : fold.test) positions.push_back(position[row]);
    }
    for (size_t c = 0; c < candidates.size(); ++c) {
      Candidate& candidate = candidates[c];
      candidate.log_odds.assign(train.size(), std::nan(""));
      for (size_t f = 0; f < folds.size(); ++f) {
        context.check_cancelled();
        const Context member_context = context.with_seed(derive_seed(context.seed(), "member", c * 1000 + f));
        candidate.members.push_back(
            fit_member(entry, candidate.params, table, task, folds[f].train, folds[f].test, options.executor, member_context));
        const auto log_odds = run_plan(candidate.members.back().plan, table, folds[f].test, "log_odds", options.executor);
        for (size_t i = 0; i < log_odds.size(); ++i) candidate.log_odds[fold_positions[f][i]] = log_odds[i];
      }
      candidate.auc = inner_auc(candidate.log_odds, fold_positions, target);
    }
    const int steps = entry.traits.early_stopping ? options.selection_steps : 1;
    const auto counts = select(candidates, fold_positions, target, steps);
    Json chosen = Json::array();
    int total = 0;
    for (const int count : counts) total += count;
    for (size_t c = 0; c < candidates.size(); ++c) {
      Json row;
      for (const auto& [name, value] : candidates[c].values) row["set"][name] = value;
      row["inner_auc"] = candidates[c].auc;
      row["weight"] = static_cast<double>(counts[c]) / total;
      chosen.push_back(std::move(row));
      if (counts[c] > counts[first_choice]) first_choice = c;
    }
    result.inner_auc = inner_auc(blend(candidates, counts), fold_positions, target);
    result.params = candidates[first_choice].params.json();
    if (candidates.size() > 1) result.params["candidates"] = std::move(chosen);
    if (entry.traits.early_stopping) {
      for (size_t c = 0; c < candidates.size(); ++c) {
        if (counts[c] == 0) continue;
        for (const Member& member : candidates[c].members) {
          kept.push_back(&member);
          kept_weights.push_back(static_cast<double>(counts[c]) / (total * static_cast<double>(folds.size())));
        }
      }
    }
  } else {
    result.params = candidates[first_choice].params.json();
  }
  if (kept.empty()) {
    refitted.push_back(fit_member(entry, candidates[first_choice].params, table, task, train, {}, options.executor, context));
    kept.push_back(&refitted.back());
    kept_weights.push_back(1.0);
  }

  PlanBuilder builder;
  std::vector<NodeId> parts;
  parts.reserve(kept.size());
  for (const Member* member : kept) parts.push_back(builder.splice(member->plan)[0]);
  NodeId log_odds = parts.front();
  if (parts.size() > 1) log_odds = builder.sum(parts, std::vector<float>(kept_weights.begin(), kept_weights.end()));
  builder.output("log_odds", log_odds);
  builder.output("probability", builder.activate(log_odds, "sigmoid"));
  builder.meta()["model"] = entry.name;
  builder.meta()["members"] = kept.size();
  result.plan = builder.build();

  for (size_t m = 0; m < kept.size(); ++m) {
    for (const auto& note : kept[m]->report.notes) {
      if (std::find(result.notes.begin(), result.notes.end(), note) == result.notes.end()) result.notes.push_back(note);
    }
    for (const auto& learning : kept[m]->report.learning) result.learning.push_back({static_cast<int>(m), learning});
  }
  result.importance = importance_of(kept);
  result.details = kept.front()->report.details;
  return result;
}

std::vector<double> score(const ScorePlan& plan, const Table& table, Rows rows, const ExecutorFactory& executor) {
  return run_plan(plan, table, rows, "probability", executor);
}

}  // namespace obligor
