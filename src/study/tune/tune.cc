#include "study/tune/tune.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/random.h"
#include "study/tune/acquire.h"
#include "study/tune/gp.h"

namespace obligor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kFinishedBeforePruning = 5;
constexpr size_t kFoldsLookedAt = 2;
constexpr double kStandardErrors = 2;

constexpr std::array<std::string_view, 5> kOrigins{"default", "candidate", "design", "model", "random"};
constexpr std::array<std::string_view, 3> kStatuses{"ok", "pruned", "failed"};

double weighted_mean(const std::vector<double>& values, const std::vector<double>& weights) {
  double sum = 0;
  double total = 0;
  for (size_t f = 0; f < values.size(); ++f) {
    sum += weights[f] * values[f];
    total += weights[f];
  }
  return sum / total;
}

const Trial* best_of(const std::vector<Trial>& trials) {
  const Trial* best = nullptr;
  for (const auto& trial : trials) {
    if (trial.status == TrialStatus::kOk && (best == nullptr || trial.value > best->value)) best = &trial;
  }
  return best;
}

std::vector<double> differences(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> result;
  for (size_t f = 0; f < std::min(a.size(), b.size()); ++f) result.push_back(a[f] - b[f]);
  return result;
}

double mean_of(const std::vector<double>& values) { return weighted_mean(values, std::vector<double>(values.size(), 1.0)); }

// The loop's state: what has been tried, and how the next is chosen.
class Tuning {
 public:
  Tuning(const SearchSpace& space, const std::vector<ParamValues>& warm_start, const EvaluateFold& evaluate, const TuneOptions& options,
         const Context& context)
      : space_(space), evaluate_(evaluate), options_(options), context_(context) {
    for (const auto& set : warm_start) start_.emplace_back(set, set.empty() ? TrialOrigin::kDefault : TrialOrigin::kCandidate);
    if (options.method == TuneMethod::kBayes) {
      Random random(context.seed(), "tune-design");
      const size_t count = std::clamp<size_t>(space.axes().size(), 4, 8);
      for (const auto& point : space.latin_hypercube(count, random)) {
        if (!space.empty()) start_.emplace_back(space.decode(point), TrialOrigin::kDesign);
      }
    }
    if (!options.file.empty()) kept_ = kept_trials(options.file);
  }

  TuneResult run() {
    const auto start = Clock::now();
    auto progress = context_.begin(options_.label, options_.trials);
    TuneResult result;
    result.ended = "trials";
    while (static_cast<int>(trials_.size()) < options_.trials) {
      context_.check_cancelled();
      const double minutes = std::chrono::duration<double>(Clock::now() - start).count() / 60;
      if (options_.minutes > 0 && minutes >= options_.minutes && best_of(trials_) != nullptr) {
        result.ended = "time";
        break;
      }
      auto next = next_trial();
      if (!next) {
        result.ended = "space";
        break;
      }
      trials_.push_back(take_up(*next) ? std::move(*next) : evaluated(std::move(*next)));
      known_.insert(trials_.back().point);
      if (options_.finished) options_.finished(trials_.back());
      progress.advance(1, note(trials_.back()));
    }
    if (best_of(trials_) == nullptr && first_error_) std::rethrow_exception(first_error_);
    result.trials = std::move(trials_);
    return result;
  }

 private:
  std::optional<Trial> next_trial() {
    Trial trial;
    trial.number = static_cast<int>(trials_.size());
    // A set that rounding made equal to an earlier one is passed over.
    while (at_start_ < start_.size()) {
      std::tie(trial.set, trial.origin) = start_[at_start_++];
      trial.point = space_.encode(trial.set);
      if (trial.origin != TrialOrigin::kDesign || !known_.contains(trial.point)) return trial;
    }
    if (space_.empty()) return std::nullopt;
    Random random(derive_seed(context_.seed(), "tune-trial", static_cast<uint64_t>(trial.number)), "propose");
    std::optional<Point> point;
    trial.origin = options_.method == TuneMethod::kBayes ? TrialOrigin::kModel : TrialOrigin::kRandom;
    if (options_.method == TuneMethod::kBayes) point = from_model(random);
    for (int attempt = 0; attempt < 200 && !point; ++attempt) {
      auto drawn = space_.random_point(random);
      if (!known_.contains(drawn)) point = std::move(drawn);
    }
    if (!point) return std::nullopt;
    trial.point = std::move(*point);
    trial.set = space_.decode(trial.point);
    return trial;
  }

  std::optional<Point> from_model(Random& random) const {
    std::vector<Point> points;
    std::vector<double> values;
    const double worst = worst_value();
    for (const auto& trial : trials_) {
      points.push_back(trial.point);
      values.push_back(trial.status == TrialStatus::kFailed ? worst : trial.value);
    }
    if (points.size() < 2) return std::nullopt;
    const auto gp = GaussianProcess::fit(points, values, space_.categories(), derive_seed(context_.seed(), "tune-gp", trials_.size()));
    return propose(gp, space_, points, random);
  }

  [[nodiscard]] double worst_value() const {
    double worst = 0;
    bool any = false;
    for (const auto& trial : trials_) {
      if (trial.status == TrialStatus::kFailed) continue;
      worst = any ? std::min(worst, trial.value) : trial.value;
      any = true;
    }
    return worst;
  }

  // A kept trial is one of this run's only when it is the one that would be tried now; from the first that is not on, they are dropped.
  bool take_up(Trial& trial) {
    const auto at = static_cast<size_t>(trial.number);
    if (at >= kept_.size()) return false;
    Trial& kept = kept_[at];
    const bool whole = kept.status != TrialStatus::kOk || kept.fold_auc.size() == options_.fold_weight.size();
    if (kept.set != trial.set || !whole) {
      log_warn(fmt::format("{}: trial {} and those after it belong to another run and are made again", options_.file.string(), trial.number));
      kept_.resize(at);
      rewrite();
      return false;
    }
    kept.point = trial.point;
    kept.origin = trial.origin;
    kept.taken_up = true;
    trial = kept;
    if (trial.status == TrialStatus::kFailed && !first_error_) first_error_ = std::make_exception_ptr(Error(ErrorCode::kNumeric, trial.reason));
    return true;
  }

  void rewrite() const {
    std::string text;
    for (const auto& trial : kept_) text += dump_json(trial_json(trial), -1) + "\n";
    write_file(options_.file, text);
  }

  void keep(const Trial& trial) {
    if (options_.file.empty()) return;
    if (!appending_) {
      rewrite();  // what was taken up, without a line that a crash cut short
      appending_ = true;
    }
    std::ofstream out(options_.file, std::ios::app | std::ios::binary);
    out << dump_json(trial_json(trial), -1) << '\n';
    out.flush();
    if (!out) throw Error(ErrorCode::kIo, fmt::format("{}: a trial cannot be written", options_.file.string()));
  }

  Trial evaluated(Trial trial) {
    const auto start = Clock::now();
    const size_t folds = options_.fold_weight.size();
    try {
      for (size_t f = 0; f < std::min(kFoldsLookedAt, folds) && trial.status == TrialStatus::kOk; ++f) {
        context_.check_cancelled();
        trial.fold_auc.push_back(value_of(trial, f));
        if (trial.fold_auc.size() < folds && hopeless(trial.fold_auc, trials_)) trial.status = TrialStatus::kPruned;
      }
      if (trial.status == TrialStatus::kOk && folds > kFoldsLookedAt) {
        std::vector<double> rest(folds - kFoldsLookedAt);
        parallel_for(context_, rest.size(), [&](size_t i) {
          context_.check_cancelled();
          rest[i] = value_of(trial, kFoldsLookedAt + i);
        });
        trial.fold_auc.insert(trial.fold_auc.end(), rest.begin(), rest.end());
      }
      if (trial.status == TrialStatus::kOk) {
        trial.value = weighted_mean(trial.fold_auc, options_.fold_weight);
      } else {
        const Trial& best = *best_of(trials_);
        trial.value = best.value + mean_of(differences(trial.fold_auc, best.fold_auc));
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      if (!first_error_) first_error_ = std::current_exception();
      trial.status = TrialStatus::kFailed;
      trial.reason = error.what();
      trial.fold_auc.clear();
    }
    trial.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    keep(trial);
    return trial;
  }

  double value_of(const Trial& trial, size_t fold) const {
    const double auc = evaluate_(trial.set, trial.number, fold);
    if (!std::isfinite(auc)) throw Error(ErrorCode::kNumeric, "the inner AUC is not a number");
    return auc;
  }

  [[nodiscard]] std::string note(const Trial& trial) const {
    if (trial.status == TrialStatus::kFailed) return fmt::format("trial {}: failed: {}", trial.number, trial.reason);
    const Trial* best = best_of(trials_);
    const std::string best_text = best != nullptr ? fmt::format(", best {:.4f}", best->value) : "";
    if (trial.status == TrialStatus::kPruned) return fmt::format("trial {}: pruned after fold {}{}", trial.number, trial.fold_auc.size(), best_text);
    return fmt::format("trial {}: inner auc {:.4f}{}", trial.number, trial.value, best_text);
  }

  const SearchSpace& space_;
  const EvaluateFold& evaluate_;
  const TuneOptions& options_;
  const Context& context_;
  std::vector<std::pair<ParamValues, TrialOrigin>> start_;
  size_t at_start_ = 0;
  std::vector<Trial> kept_;
  std::vector<Trial> trials_;
  std::set<Point> known_;
  std::exception_ptr first_error_;
  bool appending_ = false;
};

size_t find_name(std::span<const std::string_view> names, const std::string& name, std::string_view source) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw_json_error(source, name, "is no known word");
  return static_cast<size_t>(found - names.begin());
}

}  // namespace

std::string_view name_of(TrialOrigin origin) { return kOrigins.at(static_cast<size_t>(origin)); }
std::string_view name_of(TrialStatus status) { return kStatuses.at(static_cast<size_t>(status)); }

TuneResult tune(const SearchSpace& space, const std::vector<ParamValues>& warm_start, const EvaluateFold& evaluate, const TuneOptions& options,
                const Context& context) {
  return Tuning(space, warm_start, evaluate, options, context).run();
}

bool hopeless(const std::vector<double>& done, const std::vector<Trial>& trials) {
  const Trial* best = best_of(trials);
  if (best == nullptr || done.empty()) return false;
  double squares = 0;
  double freedom = 0;
  size_t finished = 0;
  for (const auto& trial : trials) {
    if (trial.status != TrialStatus::kOk) continue;
    ++finished;
    if (&trial == best) continue;
    const auto off = differences(trial.fold_auc, best->fold_auc);
    const double mean = mean_of(off);
    for (const double d : off) squares += (d - mean) * (d - mean);
    freedom += static_cast<double>(off.size()) - 1;
  }
  if (finished < kFinishedBeforePruning || freedom <= 0) return false;
  const double scatter = std::sqrt(squares / freedom);
  const double unseen = 1 / static_cast<double>(done.size()) - 1 / static_cast<double>(best->fold_auc.size());
  return mean_of(differences(done, best->fold_auc)) + kStandardErrors * scatter * std::sqrt(std::max(0.0, unseen)) < 0;
}

Json trial_json(const Trial& trial) {
  Json json;
  json["trial"] = trial.number;
  json["by"] = name_of(trial.origin);
  json["status"] = name_of(trial.status);
  json["set"] = Json::object();
  for (const auto& [name, value] : trial.set) json["set"][name] = value;
  if (trial.status != TrialStatus::kFailed) json["inner_auc"] = trial.value;
  json["fold_auc"] = trial.fold_auc;
  json["seconds"] = trial.seconds;
  if (!trial.reason.empty()) json["reason"] = trial.reason;
  return json;
}

std::vector<Trial> kept_trials(const std::filesystem::path& file) {
  std::vector<Trial> trials;
  if (!std::filesystem::exists(file)) return trials;
  const std::string text = read_file(file);
  const std::string source = file.string();
  size_t at = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; at = end + 1, end = text.find('\n', at)) {
    try {
      const Json json = parse_json(std::string_view(text).substr(at, end - at), source);
      Trial trial;
      trial.number = json_get<int>(json, "trial", source);
      if (trial.number != static_cast<int>(trials.size())) break;
      trial.origin = static_cast<TrialOrigin>(find_name(kOrigins, json_get<std::string>(json, "by", source), source));
      trial.status = static_cast<TrialStatus>(find_name(kStatuses, json_get<std::string>(json, "status", source), source));
      for (const auto& [name, value] : json.at("set").items()) trial.set.emplace_back(name, value.get<std::string>());
      if (trial.status != TrialStatus::kFailed) trial.value = json_get<double>(json, "inner_auc", source);
      trial.fold_auc = json_get<std::vector<double>>(json, "fold_auc", source);
      trial.seconds = json_get<double>(json, "seconds", source);
      if (json.contains("reason")) trial.reason = json_get<std::string>(json, "reason", source);
      trials.push_back(std::move(trial));
    } catch (const std::exception& error) {
      log_warn(fmt::format("{}: a kept trial cannot be read; it and those after it are made again ({})", source, error.what()));
      break;
    }
  }
  return trials;
}

}  // namespace obligor
