#include "study/reject.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"

namespace obligor {
namespace {

constexpr std::array<std::string_view, 5> kMethods{"none", "augmentation", "parcelling", "fuzzy", "hard_cutoff"};
constexpr double kLeastAccepted = 10;  // rows of a band that speak for the rejected ones in it
constexpr double kPriorRows = 20;      // of parcelling: a band's bad rate is drawn to the model's mean as if by so many rows

double weight_at(const std::vector<double>& weights, size_t i) { return weights.empty() ? 1.0 : weights[i]; }

double sum_of(const std::vector<double>& weights, size_t rows) {
  return weights.empty() ? static_cast<double>(rows) : std::accumulate(weights.begin(), weights.end(), 0.0);
}

double with_factor(double p, double factor) { return factor * p / (factor * p + (1 - p)); }

std::vector<size_t> rising(const std::vector<double>& score) {
  std::vector<size_t> order(score.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return score[a] < score[b]; });
  return order;
}

// Lower limits of the bands after the first: about equal weight of the given rows in each, equal scores together.
std::vector<double> limits_of(const std::vector<double>& score, const std::vector<double>& weight, int bands) {
  const double total = sum_of(weight, score.size());
  std::vector<double> limits;
  double passed = 0;
  int next = 1;
  for (const size_t i : rising(score)) {
    if (next < bands && passed >= total * next / bands && (limits.empty() || score[i] > limits.back())) {
      if (passed > 0) limits.push_back(score[i]);
      while (next < bands && passed >= total * next / bands) ++next;
    }
    passed += weight_at(weight, i);
  }
  return limits;
}

size_t band_of(const std::vector<double>& limits, double score) {
  return static_cast<size_t>(std::upper_bound(limits.begin(), limits.end(), score) - limits.begin());
}

void add(TrainingRows& rows, uint32_t row, uint8_t target, double weight) {
  if (weight <= 0) return;
  rows.rows.push_back(row);
  rows.target.push_back(target);
  rows.weight.push_back(weight);
}

// Accepted rows with weights written out, so that others can join.
TrainingRows weighted(const TrainingRows& accepted) {
  TrainingRows rows = accepted;
  if (rows.weight.empty()) rows.weight.assign(rows.rows.size(), 1.0);
  return rows;
}

Inferred augment(const ScoredAccepted& accepted, const ScoredRejects& rejects, const RejectOptions& options) {
  std::vector<double> score = accepted.score;
  score.insert(score.end(), rejects.score.begin(), rejects.score.end());
  std::vector<double> weight;
  for (size_t i = 0; i < accepted.score.size(); ++i) weight.push_back(weight_at(accepted.rows.weight, i));
  for (size_t i = 0; i < rejects.score.size(); ++i) weight.push_back(weight_at(rejects.weight, i));
  std::vector<double> limits = limits_of(score, weight, options.bands);
  struct Band {
    double accepted = 0;
    double rejected = 0;
    size_t rows = 0;
  };
  std::vector<Band> bands(limits.size() + 1);
  for (size_t i = 0; i < score.size(); ++i) {
    Band& band = bands[band_of(limits, score[i])];
    const bool is_accepted = i < accepted.score.size();
    (is_accepted ? band.accepted : band.rejected) += weight[i];
    band.rows += is_accepted ? 1 : 0;
  }
  // A band with too few accepted rows joins the next less rejected one: the nearest that can speak for it.
  for (size_t b = bands.size(); b-- > 1;) {
    if (static_cast<double>(bands[b].rows) >= kLeastAccepted) continue;
    bands[b - 1].accepted += bands[b].accepted;
    bands[b - 1].rejected += bands[b].rejected;
    bands[b - 1].rows += bands[b].rows;
    bands.erase(bands.begin() + static_cast<std::ptrdiff_t>(b));
    limits.erase(limits.begin() + static_cast<std::ptrdiff_t>(b) - 1);
  }
  Inferred result{weighted(accepted.rows), {}};
  double largest = 0;
  double sum = 0;
  double squares = 0;
  for (size_t i = 0; i < accepted.score.size(); ++i) {
    const Band& band = bands[band_of(limits, accepted.score[i])];
    const double factor = band.accepted > 0 ? (band.accepted + band.rejected) / band.accepted : 1.0;
    largest = std::max(largest, factor);
    result.rows.weight[i] *= factor;
    sum += result.rows.weight[i];
    squares += result.rows.weight[i] * result.rows.weight[i];
  }
  result.summary = {{"bands", bands.size()}, {"largest_factor", largest}, {"effective_rows", squares > 0 ? sum * sum / squares : 0.0}};
  return result;
}

Inferred parcel(const ScoredAccepted& accepted, const ScoredRejects& rejects, const RejectOptions& options, uint64_t seed) {
  const auto limits = limits_of(rejects.score, rejects.weight, options.bands);
  struct Band {
    double count = 0;  // accepted
    double bad = 0;
    double predicted = 0;  // sums over the rejected
    double rejected = 0;
    std::vector<size_t> members;
  };
  std::vector<Band> bands(limits.size() + 1);
  for (size_t i = 0; i < accepted.score.size(); ++i) {
    Band& band = bands[band_of(limits, accepted.score[i])];
    band.count += weight_at(accepted.rows.weight, i);
    band.bad += weight_at(accepted.rows.weight, i) * accepted.rows.target[i];
  }
  for (size_t i = 0; i < rejects.score.size(); ++i) {
    Band& band = bands[band_of(limits, rejects.score[i])];
    band.members.push_back(i);
    band.rejected += weight_at(rejects.weight, i);
    band.predicted += weight_at(rejects.weight, i) * rejects.score[i];
  }
  Inferred result{weighted(accepted.rows), Json::object()};
  Random random(seed, "parcelling");
  for (const Band& band : bands) {
    if (band.members.empty() || band.rejected <= 0) continue;
    const double rate = (band.bad + kPriorRows * band.predicted / band.rejected) / (band.count + kPriorRows);
    double wanted = with_factor(rate, options.odds_factor) * band.rejected;
    for (const size_t at : random.permutation(band.members.size())) {
      const size_t i = band.members[at];
      const double weight = weight_at(rejects.weight, i);
      // The last one that is bad in part is so by chance, so that the mean over seeds is right.
      const bool bad = wanted >= weight || (wanted > 0 && random.uniform() * weight < wanted);
      wanted -= weight;
      add(result.rows, rejects.rows[i], bad ? 1 : 0, weight);
    }
  }
  result.summary["bands"] = bands.size();
  return result;
}

Inferred split_each(const ScoredAccepted& accepted, const ScoredRejects& rejects, const RejectOptions& options) {
  Inferred result{weighted(accepted.rows), Json::object()};
  for (size_t i = 0; i < rejects.rows.size(); ++i) {
    const double p = with_factor(rejects.score[i], options.odds_factor);
    const double weight = weight_at(rejects.weight, i);
    add(result.rows, rejects.rows[i], 1, weight * p);
    add(result.rows, rejects.rows[i], 0, weight * (1 - p));
  }
  return result;
}

Inferred cut(const ScoredAccepted& accepted, const ScoredRejects& rejects, const RejectOptions& options) {
  double promised = 0;
  for (size_t i = 0; i < rejects.rows.size(); ++i) promised += weight_at(rejects.weight, i) * with_factor(rejects.score[i], options.odds_factor);
  auto order = rising(rejects.score);
  std::reverse(order.begin(), order.end());
  // The cut falls between two scores: equal ones are of one kind.
  double passed = 0;
  double cut_off = std::numeric_limits<double>::infinity();
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    double group = 0;
    while (end < order.size() && rejects.score[order[end]] == rejects.score[order[begin]]) group += weight_at(rejects.weight, order[end++]);
    if (passed + group / 2 > promised) break;
    cut_off = rejects.score[order[begin]];
    passed += group;
    begin = end;
  }
  Inferred result{weighted(accepted.rows), {{"cut_off", std::isfinite(cut_off) ? Json(cut_off) : Json()}}};
  for (size_t i = 0; i < rejects.rows.size(); ++i) {
    add(result.rows, rejects.rows[i], rejects.score[i] >= cut_off ? 1 : 0, weight_at(rejects.weight, i));
  }
  return result;
}

double bad_rate(const TrainingRows& rows, size_t from) {
  double total = 0;
  double bad = 0;
  for (size_t i = from; i < rows.rows.size(); ++i) {
    total += weight_at(rows.weight, i);
    bad += weight_at(rows.weight, i) * rows.target[i];
  }
  return total > 0 ? bad / total : 0;
}

}  // namespace

std::string_view reject_method_name(RejectMethod method) { return kMethods[static_cast<size_t>(method)]; }

RejectMethod parse_reject_method(std::string_view name) {
  const auto found = std::find(kMethods.begin(), kMethods.end(), name);
  if (found == kMethods.end()) throw unknown_name("reject inference", name, std::vector<std::string>(kMethods.begin(), kMethods.end()));
  return static_cast<RejectMethod>(found - kMethods.begin());
}

void check_reject_options(const RejectOptions& options, const Task& task) {
  const auto method = reject_method_name(options.method);
  if (options.method != RejectMethod::kNone && task.rejects.empty()) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("reject inference '{}' needs rejected applications; name their flag with --reject-flag and --reject-value", method));
  }
  if (!(options.odds_factor > 0) || std::isinf(options.odds_factor)) {
    throw Error(ErrorCode::kInvalid, fmt::format("reject odds factor {}: a positive number is wanted; 1 means that rejected and accepted "
                                                 "applications of one score are alike",
                                                 options.odds_factor));
  }
  const bool takes_factor =
      options.method == RejectMethod::kParcelling || options.method == RejectMethod::kFuzzy || options.method == RejectMethod::kHardCutoff;
  if (options.odds_factor != 1 && !takes_factor) {
    throw Error(ErrorCode::kInvalid, fmt::format("reject odds factor {}: reject inference '{}' does not use it; parcelling, fuzzy and hard_cutoff do",
                                                 options.odds_factor, method));
  }
  if (options.bands < 1) throw Error(ErrorCode::kInvalid, fmt::format("{} bands of reject inference; 1 or more are allowed", options.bands));
}

std::string reject_key(const RejectOptions& options, const Task& task) {
  if (options.method == RejectMethod::kNone) return {};
  return fmt::format("reject {} {} {} by {}={};", reject_method_name(options.method), options.odds_factor, options.bands, task.spec.reject_flag,
                     task.spec.reject_value);
}

Inferred infer_rejects(const ScoredAccepted& accepted, const ScoredRejects& rejects, const RejectOptions& options, uint64_t seed) {
  Inferred result{accepted.rows, Json::object()};
  switch (options.method) {
    case RejectMethod::kNone: break;
    case RejectMethod::kAugmentation: result = augment(accepted, rejects, options); break;
    case RejectMethod::kParcelling: result = parcel(accepted, rejects, options, seed); break;
    case RejectMethod::kFuzzy: result = split_each(accepted, rejects, options); break;
    case RejectMethod::kHardCutoff: result = cut(accepted, rejects, options); break;
  }
  Json summary{{"method", reject_method_name(options.method)},
               {"accepted", accepted.rows.rows.size()},
               {"rejects", rejects.rows.size()},
               {"accepted_bad_rate", bad_rate(accepted.rows, 0)}};
  if (options.method == RejectMethod::kAugmentation) {
    summary["all_bad_rate"] = bad_rate(result.rows, 0);
  } else if (options.method != RejectMethod::kNone) {
    summary["rejects_bad_rate"] = bad_rate(result.rows, accepted.rows.rows.size());
    summary["odds_factor"] = options.odds_factor;
  }
  summary.update(result.summary);
  result.summary = std::move(summary);
  return result;
}

}  // namespace obligor
