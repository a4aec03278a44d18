#include "study/member.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "prep/preprocessor.h"
#include "table/split.h"

namespace obligor {
namespace {

constexpr int kCrossFits = 3;

double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

// Log-odds of the rows of the task from fits that did not see them, and of `others` the mean of those fits.
struct CrossFit {
  std::vector<double> own;
  std::vector<double> others;
};

CrossFit cross_fit(const Fit& fit, Rows others) {
  const Task& task = fit.task;
  const size_t bads = task.bad_count();
  const auto folds_wanted = static_cast<int>(std::min<size_t>({kCrossFits, bads, task.rows.size() - bads}));
  CrossFit result{std::vector<double>(task.rows.size(), 0), std::vector<double>(others.size(), 0)};
  const auto score = [&](const Member& member, Rows rows) { return run_plan(member.plan, fit.table, rows, "log_odds", fit.executor); };
  if (folds_wanted < 2) {
    const Member member = fit_member(fit, training_rows(task, task.rows), {});
    return {score(member, task.rows), score(member, others)};
  }
  std::vector<uint32_t> position(fit.table.rows());
  for (uint32_t i = 0; i < task.rows.size(); ++i) position[task.rows[i]] = i;
  const auto folds = inner_folds(fit.table, task, {}, task.rows, folds_wanted, derive_seed(fit.context.seed(), "reject folds"));
  for (size_t f = 0; f < folds.size(); ++f) {
    fit.context.check_cancelled();
    const Context context = fit.context.with_seed(derive_seed(fit.context.seed(), "reject member", f));
    const Member member =
        fit_member({fit.entry, fit.params, fit.table, task, fit.executor, context}, training_rows(task, folds[f].train), folds[f].test);
    const auto held = score(member, folds[f].test);
    for (size_t i = 0; i < held.size(); ++i) result.own[position[folds[f].test[i]]] = held[i];
    const auto rest = score(member, others);
    for (size_t i = 0; i < rest.size(); ++i) result.others[i] += rest[i] / static_cast<double>(folds.size());
  }
  return result;
}

// The task over other rows, or with being rejected in the place of being bad.
Task task_over(const Task& task, Rows rows) {
  Task part = task;
  part.rows.assign(rows.begin(), rows.end());
  std::sort(part.rows.begin(), part.rows.end());
  part.rejects.clear();
  return part;
}

std::vector<double> probabilities(const std::vector<double>& log_odds) {
  std::vector<double> p;
  p.reserve(log_odds.size());
  for (const double z : log_odds) p.push_back(sigmoid(z));
  return p;
}

}  // namespace

std::vector<double> run_plan(const ScorePlan& plan, const Table& table, Rows rows, const std::string& output, const ExecutorFactory& factory) {
  if (rows.empty()) return {};
  const auto executor = factory(plan);
  const GatheredInputs inputs(table, rows, plan.inputs);
  const auto values = executor->run(inputs.batch(), std::vector<std::string>{output});
  return {values[0].numbers.begin(), values[0].numbers.end()};
}

Member fit_member(const Fit& fit, const TrainingRows& train, Rows valid) {
  const PrepSpec spec = fit.entry.prep(fit.params);
  auto [prep, design] = Preprocessor::fit_transform(fit.table, fit.task, train, spec, fit.context, fit.executor);
  Design valid_design;
  if (!valid.empty() && fit.entry.traits.early_stopping) valid_design = prep.apply(fit.table, valid);
  const TrainingRows held = training_rows(fit.task, valid);
  FitInput input;
  input.train = design.batch();
  input.target = train.target;
  input.weight = train.weight;
  if (valid_design.rows > 0) {
    input.valid = valid_design.batch();
    input.valid_target = held.target;
    input.valid_weight = held.weight;
  }
  input.feature_names = prep.feature_names();
  input.code_levels = prep.code_levels();
  input.categorical = prep.categorical();
  input.feature_source = prep.feature_source();
  input.days = prep.days();
  input.feature_levels = prep.feature_levels();
  input.binnings = prep.binnings();
  input.feature_binning = prep.feature_binning();
  input.groups = prep.groups();
  FitResult result = fit.entry.fit(input, fit.params, fit.context);

  PlanBuilder builder;
  const auto nodes = prep.lower(builder);
  const Lowered lowered = result.model->lower(builder, {nodes.features, nodes.codes});
  const NodeId log_odds = lowered.kind == ScoreKind::kProbability ? builder.activate(lowered.node, "logit") : lowered.node;
  builder.output("log_odds", log_odds);
  return {builder.build(), std::move(result.report), prep.feature_source()};
}

Member fit_with_rejects(const Fit& fit, Rows train, Rows valid, Rows rejects, const RejectOptions& options) {
  if (options.method == RejectMethod::kNone || rejects.empty()) return fit_member(fit, training_rows(fit.task, train), valid);
  ScoredAccepted accepted{training_rows(fit.task, train), {}};
  ScoredRejects turned_down{{rejects.begin(), rejects.end()}, {}, {}};
  if (!fit.task.weight.empty()) {
    for (const uint32_t row : rejects) turned_down.weight.push_back(fit.task.weight[row]);
  }
  std::string note;
  const auto with_task = [&](const Task& task) { return Fit{fit.entry, fit.params, fit.table, task, fit.executor, fit.context}; };
  if (options.method == RejectMethod::kAugmentation) {
    std::vector<uint32_t> all(train.begin(), train.end());
    all.insert(all.end(), rejects.begin(), rejects.end());
    Task choice = task_over(fit.task, all);
    std::fill(choice.target.begin(), choice.target.end(), uint8_t{0});
    for (const uint32_t row : rejects) choice.target[row] = 1;
    std::vector<double> by_row(fit.table.rows(), 0);
    try {
      const auto propensity = probabilities(cross_fit(with_task(choice), {}).own);
      for (size_t i = 0; i < choice.rows.size(); ++i) by_row[choice.rows[i]] = propensity[i];
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kData) throw;
      note = fmt::format("accepted and rejected applications could not be told apart, so every accepted row has the same weight ({})", error.what());
    }
    for (const uint32_t row : train) accepted.score.push_back(by_row[row]);
    for (const uint32_t row : rejects) turned_down.score.push_back(by_row[row]);
  } else if (options.method == RejectMethod::kParcelling) {
    const Task own = task_over(fit.task, train);
    const CrossFit scores = cross_fit(with_task(own), rejects);
    std::vector<double> by_row(fit.table.rows(), 0);
    for (size_t i = 0; i < own.rows.size(); ++i) by_row[own.rows[i]] = sigmoid(scores.own[i]);
    for (const uint32_t row : train) accepted.score.push_back(by_row[row]);
    turned_down.score = probabilities(scores.others);
  } else {
    const Member known = fit_member(fit, accepted.rows, valid);
    turned_down.score = probabilities(run_plan(known.plan, fit.table, rejects, "log_odds", fit.executor));
  }
  const Inferred inferred = infer_rejects(accepted, turned_down, options, fit.context.seed());
  Member member = fit_member(fit, inferred.rows, valid);
  member.report.details["reject_inference"] = inferred.summary;
  if (!note.empty()) member.report.notes.push_back(std::move(note));
  if (options.method != RejectMethod::kAugmentation) {
    member.report.notes.push_back(
        fmt::format("the outcomes of {} rejected applications are inferred ({}); standard errors and p-values count them as if "
                    "they had been seen",
                    rejects.size(), reject_method_name(options.method)));
  }
  return member;
}

}  // namespace obligor
