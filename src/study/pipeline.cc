#include "study/pipeline.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/digest.h"
#include "core/error.h"
#include "core/random.h"
#include "metric/roc.h"
#include "study/fingerprint.h"
#include "study/member.h"

namespace obligor {
namespace {

struct Candidate {
  const ModelEntry* entry = nullptr;  // the model's own row, or a part's
  Params params;
  ParamValues values;
  size_t number = 0;             // of its seeds
  std::vector<Member> members;   // one an inner fold
  std::vector<double> log_odds;  // inner out-of-fold, by position in `train`; NaN where no fold tested the row
  double auc = 0;
};

std::vector<uint8_t> targets(const Task& task, Rows rows) {
  std::vector<uint8_t> values;
  values.reserve(rows.size());
  for (const uint32_t row : rows) values.push_back(task.target[row]);
  return values;
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

// What a fit is made of, and the parts of its training rows.
struct Fitting {
  const ModelEntry& entry;
  const ParamValues& given;
  const Table& table;
  const Task& task;
  Rows train;
  const PipelineOptions& options;
  const Context& context;
  std::vector<uint8_t> target;
  std::vector<uint32_t> rejects;  // rejected applications beside `train`
  std::vector<Fold> folds;
  std::vector<std::vector<uint32_t>> fold_rejects;    // beside each fold's training rows
  std::vector<std::vector<uint32_t>> fold_positions;  // of each fold's test rows in `train`
};

// What the user gave wins over what a candidate would set.
Candidate make_candidate(const Fitting& fitting, const ParamValues& values, size_t number) {
  Params params = make_params(fitting.entry.params, join(values, fitting.given), fmt::format("model '{}'", fitting.entry.name));
  return {&fitting.entry, std::move(params), values, number, {}, {}, 0};
}

void make_room(const Fitting& fitting, Candidate& candidate) {
  candidate.members.resize(fitting.folds.size());
  candidate.log_odds.assign(fitting.train.size(), std::nan(""));
}

// Folds of one candidate may be fitted at once: each writes its own member and its own rows.
void fit_fold(const Fitting& fitting, Candidate& candidate, size_t f) {
  fitting.context.check_cancelled();
  const Fold& fold = fitting.folds[f];
  const Context context = fitting.context.with_seed(derive_seed(fitting.context.seed(), "member", candidate.number * 1000 + f));
  const Fit fit{*candidate.entry, candidate.params, fitting.table, fitting.task, fitting.options.executor, context};
  candidate.members[f] = fit_with_rejects(fit, fold.train, fold.test, fitting.fold_rejects[f], fitting.options.reject);
  const auto log_odds = run_plan(candidate.members[f].plan, fitting.table, fold.test, "log_odds", fitting.options.executor);
  for (size_t i = 0; i < log_odds.size(); ++i) candidate.log_odds[fitting.fold_positions[f][i]] = log_odds[i];
}

void fit_folds(const Fitting& fitting, Candidate& candidate) {
  make_room(fitting, candidate);
  for (size_t f = 0; f < fitting.folds.size(); ++f) fit_fold(fitting, candidate, f);
  candidate.auc = inner_auc(candidate.log_odds, fitting.fold_positions, fitting.target);
}

std::vector<ParamValues> declared_sets(const ModelEntry& entry, bool search) {
  return search && !entry.candidates.empty() ? entry.candidates : std::vector<ParamValues>{{}};
}

// Those of a blend: each named part's.
std::vector<Candidate> parts_candidates(const Fitting& fitting) {
  std::vector<Candidate> candidates;
  for (const ModelEntry* part : parts_of(fitting.entry, fitting.given)) {
    for (const auto& values : declared_sets(*part, fitting.options.search)) {
      candidates.push_back({part, make_params(part->params, values, fmt::format("model '{}'", part->name)), values, candidates.size(), {}, {}, 0});
    }
  }
  return candidates;
}

// The candidates without tuning; those that the user's values made equal are fitted once.
std::vector<Candidate> declared_candidates(const Fitting& fitting) {
  if (!fitting.entry.parts.empty()) return parts_candidates(fitting);
  std::vector<Candidate> candidates;
  for (const auto& values : declared_sets(fitting.entry, fitting.options.search)) {
    Candidate candidate = make_candidate(fitting, values, candidates.size());
    const Json params = candidate.params.json();
    const bool known = std::any_of(candidates.begin(), candidates.end(), [&](const auto& other) { return other.params.json() == params; });
    if (!known) candidates.push_back(std::move(candidate));
  }
  return candidates;
}

// Of the trials so many go on to the choice: their members are held in memory.
constexpr size_t kTrialsChosenFrom = 5;

// Trials of another model, other data, rows, parameters or seed are in another file.
std::filesystem::path trial_file(const Fitting& fitting, const SearchSpace& space) {
  if (fitting.options.tune_folder.empty()) return {};
  Sha256 digest;
  digest.update(fmt::format("trials 1;{};{};{};{};", fitting.context.seed(), fitting.folds.size(), fitting.task.target_name, fitting.task.positive));
  digest.update(fmt::format("{};{};", static_cast<int>(fitting.options.tune_method), dump_json(space.json(), -1)));
  digest.update(reject_key(fitting.options.reject, fitting.task));
  for (const auto& [name, value] : fitting.given) digest.update(fmt::format("{}={};", name, value));
  for (const auto& name : fitting.task.features) digest.update(name + ";");
  for (const auto& column : fitting.table.columns()) add_column(digest, column);
  for (const auto& fold : fitting.folds) digest.update({reinterpret_cast<const char*>(fold.test.data()), fold.test.size() * sizeof(uint32_t)});
  return fitting.options.tune_folder / fmt::format("{}-{}.jsonl", fitting.entry.name, digest.hex().substr(0, 16));
}

// The best trials, fitted; what was tried goes to `tuning`.
std::vector<Candidate> tuned_candidates(const Fitting& fitting, const std::vector<Candidate>& declared, int trials, Json& tuning) {
  const SearchSpace space(fitting.entry.params, fitting.entry.tune_space, fitting.given);
  std::vector<ParamValues> warm_start;
  warm_start.reserve(declared.size());
  for (const auto& candidate : declared) warm_start.push_back(candidate.values);

  std::map<int, Candidate> live;
  const EvaluateFold evaluate = [&](const ParamValues& set, int trial, size_t f) {
    if (f == 0) {  // alone, before the folds that run at once
      live[trial] = make_candidate(fitting, set, static_cast<size_t>(trial));
      make_room(fitting, live[trial]);
    }
    Candidate& candidate = live.at(trial);
    fit_fold(fitting, candidate, f);
    for (const uint32_t at : fitting.fold_positions[f]) {
      if (!std::isfinite(candidate.log_odds[at])) throw Error(ErrorCode::kNumeric, "a score is not a number; the fit diverged");
    }
    return inner_auc(candidate.log_odds, {fitting.fold_positions[f]}, fitting.target);
  };
  std::vector<std::pair<double, int>> best;  // (-value, number) of the trials that finished, the best first
  TuneOptions options;
  options.trials = trials;
  options.minutes = fitting.options.tune_minutes;
  options.method = fitting.options.tune_method;
  options.file = trial_file(fitting, space);
  options.label = fmt::format("tune {}", fitting.entry.name);
  for (const auto& positions : fitting.fold_positions) options.fold_weight.push_back(static_cast<double>(positions.size()));
  options.finished = [&](const Trial& trial) {
    if (trial.status == TrialStatus::kOk) best.emplace_back(-trial.value, trial.number);
    else live.erase(trial.number);
    std::sort(best.begin(), best.end());
    for (size_t i = kTrialsChosenFrom; i < best.size(); ++i) live.erase(best[i].second);
    best.resize(std::min(best.size(), kTrialsChosenFrom));
  };
  const TuneResult result = tune(space, warm_start, evaluate, options, fitting.context);

  tuning = {{"method", options.method == TuneMethod::kBayes ? "bayes" : "random"}, {"ended", result.ended}, {"space", space.json()}};
  for (const auto& trial : result.trials) tuning["trials"].push_back(trial_json(trial));
  std::vector<Candidate> candidates;
  for (const auto& [value, number] : best) {
    auto found = live.find(number);
    if (found != live.end()) {
      candidates.push_back(std::move(found->second));
      candidates.back().auc = -value;
    } else {  // taken up from an earlier run: only its figures were kept
      candidates.push_back(make_candidate(fitting, result.trials[static_cast<size_t>(number)].set, static_cast<size_t>(number)));
      fit_folds(fitting, candidates.back());
    }
  }
  return candidates;
}

}  // namespace

std::vector<const ModelEntry*> parts_of(const ModelEntry& entry, const ParamValues& given) {
  std::vector<const ModelEntry*> parts;
  if (entry.parts.empty()) return parts;
  const std::string owner = fmt::format("model '{}'", entry.name);
  const std::string names = make_params(entry.params, given, owner).text("models");
  std::vector<std::string> known;
  known.reserve(entry.parts.size());
  for (const auto& part : entry.parts) known.push_back(part.name);
  for (size_t begin = 0; begin < names.size();) {
    const size_t end = std::min(names.find(',', begin), names.size());
    const std::string name = names.substr(begin, end - begin);
    begin = end + 1;
    const auto part = std::find_if(entry.parts.begin(), entry.parts.end(), [&](const auto& row) { return row.name == name; });
    if (part == entry.parts.end()) {
      throw Error(ErrorCode::kInvalid, fmt::format("{}: models: {}", owner, unknown_name("model", name, known).what()));
    }
    if (std::find(parts.begin(), parts.end(), &*part) != parts.end()) {
      throw Error(ErrorCode::kInvalid, fmt::format("{}: models: '{}' is named twice; name it once", owner, name));
    }
    parts.push_back(&*part);
  }
  if (parts.empty()) throw Error(ErrorCode::kInvalid, fmt::format("{}: models: no model is named; known are {}", owner, fmt::join(known, ", ")));
  return parts;
}

FittedPipeline fit_pipeline(const ModelEntry& entry, const ParamValues& given, const Table& table, const Task& task, const Split& split, Rows train,
                            const PipelineOptions& options, const Context& context) {
  check_reject_options(options.reject, task);
  const auto rejects_of = [&](Rows rows) {
    return options.reject.method == RejectMethod::kNone ? std::vector<uint32_t>{} : rejects_beside(table, task, split, rows);
  };
  Fitting fitting{entry, given, table, task, train, options, context, targets(task, train), rejects_of(train), {}, {}, {}};
  const auto& target = fitting.target;
  const auto bads = static_cast<size_t>(std::count(target.begin(), target.end(), 1));
  if (bads == 0 || bads == target.size()) {
    throw Error(ErrorCode::kData, fmt::format("model '{}': the training rows are all of one class", entry.name));
  }
  std::vector<Candidate> candidates = declared_candidates(fitting);

  FittedPipeline result;
  int trials = options.tune > 0 ? options.tune : (options.search ? entry.tune_trials : 0);
  if (trials > 0 && entry.tune_space.empty()) {
    result.notes.emplace_back("tuning was asked for; this model has no range to tune");
    trials = 0;
  }
  const bool inner = entry.traits.early_stopping || candidates.size() > 1 || trials > 1;
  const int folds_wanted = static_cast<int>(std::min<size_t>({static_cast<size_t>(options.inner_folds), bads, target.size() - bads}));
  std::vector<const Member*> kept;
  std::vector<double> kept_weights;
  std::vector<Member> refitted;
  size_t first_choice = 0;

  if (inner && folds_wanted >= 2) {
    fitting.folds = inner_folds(table, task, split, train, folds_wanted, derive_seed(context.seed(), "inner-folds"));
    const auto& folds = fitting.folds;
    std::vector<uint32_t> position(table.rows());
    for (uint32_t i = 0; i < train.size(); ++i) position[train[i]] = i;
    auto& fold_positions = fitting.fold_positions;
    for (const auto& fold : folds) {
      fitting.fold_rejects.push_back(rejects_of(fold.train));
      auto& positions = fold_positions.emplace_back();
      for (const uint32_t row : fold.test) positions.push_back(position[row]);
    }
    if (trials > 0) {
      candidates = tuned_candidates(fitting, candidates, trials, result.tuning);
    } else {
      for (Candidate& candidate : candidates) fit_folds(fitting, candidate);
    }
    const int steps = entry.traits.early_stopping ? options.selection_steps : 1;
    const auto counts = select(candidates, fold_positions, target, steps);
    Json chosen = Json::array();
    int total = 0;
    for (const int count : counts) total += count;
    for (size_t c = 0; c < candidates.size(); ++c) {
      Json row;
      if (candidates[c].entry != &entry) row["model"] = candidates[c].entry->name;
      for (const auto& [name, value] : candidates[c].values) row["set"][name] = value;
      row["inner_auc"] = candidates[c].auc;
      if (trials > 0) row["trial"] = candidates[c].number;
      row["weight"] = static_cast<double>(counts[c]) / total;
      chosen.push_back(std::move(row));
      if (counts[c] > counts[first_choice]) first_choice = c;
    }
    result.inner_auc = inner_auc(blend(candidates, counts), fold_positions, target);
    result.params = (entry.parts.empty() ? candidates[first_choice].params : make_params(entry.params, given, entry.name)).json();
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
    const Fit fit{*candidates[first_choice].entry, candidates[first_choice].params, table, task, options.executor, context};
    refitted.push_back(fit_with_rejects(fit, train, {}, fitting.rejects, options.reject));
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
