#include "study/recommend/recommend.h"

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "metric/recommend.h"

namespace obligor {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Job {
  FitReport report;
  std::vector<double> values;  // predictions of the test rows, or scores block by block
  double fit_seconds = 0;
  double score_seconds = 0;
  std::string reason;
};

// What is asked of a fitted model.
struct Questions {
  std::vector<uint32_t> customer;
  std::vector<uint32_t> product;
};

Job run_job(const PairRequest& request, const Params& params, const Interactions& train, const Questions& questions, const Context& context) {
  Job job;
  try {
    const auto start = std::chrono::steady_clock::now();
    InteractionFit fit = request.entry.fit_interactions({train}, params, context);
    job.fit_seconds = seconds_since(start);
    const auto scoring = std::chrono::steady_clock::now();
    job.values = fit.model->predict(questions.customer, questions.product);
    job.score_seconds = seconds_since(scoring);
    job.report = std::move(fit.report);
    for (const double value : job.values) {
      if (!std::isfinite(value)) throw Error(ErrorCode::kNumeric, "a prediction is not a finite number; a smaller learning_rate may help");
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    job.reason = error.what();
  } catch (const std::bad_alloc&) {
    job.reason = "out of memory";
  }
  return job;
}

// All jobs of a comparison, model by model. Says on the way how far it is.
std::vector<std::vector<Job>> run_jobs(const std::vector<PairRequest>& requests, const std::vector<Interactions>& train,
                                       const std::vector<Questions>& questions, PairComparison& comparison, const Context& context) {
  std::vector<Params> params;
  for (const auto& request : requests) {
    params.push_back(make_params(request.entry.params, request.given, fmt::format("model '{}'", request.entry.name)));
    comparison.models.push_back({request.entry, params.back().json(), false, {}, 0, 0, 0, {}, {}, {}, {}});
  }
  const size_t folds = train.size();
  std::vector<std::vector<Job>> jobs(requests.size(), std::vector<Job>(folds));
  auto progress = context.begin("compare", static_cast<int64_t>(requests.size() * folds));
  try {
    parallel_for(context, requests.size() * folds, [&](size_t j) {
      const size_t m = j / folds;
      const size_t f = j % folds;
      const auto& name = requests[m].entry.name;
      jobs[m][f] = run_job(requests[m], params[m], train[f], questions[f], context.with_seed(derive_seed(context.seed(), name, f)));
      const Job& job = jobs[m][f];
      progress.advance(
          1, job.reason.empty() ? fmt::format("{} fold {}: {:.1f} s", name, f + 1, job.fit_seconds) : fmt::format("{} fold {} failed", name, f + 1));
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    comparison.stopped = true;
  }
  for (size_t m = 0; m < requests.size(); ++m) {
    PairOutcome& outcome = comparison.models[m];
    outcome.ok = true;
    for (size_t f = 0; f < folds; ++f) {
      Job& job = jobs[m][f];
      outcome.fit_seconds += job.fit_seconds;
      outcome.score_seconds += job.score_seconds;
      outcome.scored += job.values.size();
      if (job.reason.empty() && job.values.size() == questions[f].customer.size()) continue;
      outcome.ok = false;
      if (outcome.reason.empty()) outcome.reason = job.reason.empty() ? "stopped before it was finished" : job.reason;
    }
    outcome.report = std::move(jobs[m].front().report);
  }
  return jobs;
}

}  // namespace

PairComparison compare_ratings(const std::vector<PairRequest>& requests, const PairTask& task, const std::vector<Part>& parts,
                               const Context& context) {
  PairComparison comparison;
  comparison.kind = TaskKind::kRating;
  comparison.folds = parts.size();
  std::vector<Interactions> train;
  std::vector<Questions> questions;
  for (const Part& part : parts) {
    train.push_back(pick_pairs(task.pairs, part.train));
    Interactions test = pick_pairs(task.pairs, part.test);
    comparison.rows.insert(comparison.rows.end(), part.test.begin(), part.test.end());
    comparison.customer.insert(comparison.customer.end(), test.customer.begin(), test.customer.end());
    questions.push_back({std::move(test.customer), std::move(test.product)});
  }
  auto jobs = run_jobs(requests, train, questions, comparison, context);
  for (size_t m = 0; m < requests.size(); ++m) {
    if (!comparison.models[m].ok) continue;
    for (const Job& job : jobs[m]) {
      comparison.models[m].predicted.insert(comparison.models[m].predicted.end(), job.values.begin(), job.values.end());
    }
  }
  return comparison;
}

PairComparison compare_rankings(const std::vector<PairRequest>& requests, const PairTask& task, const RankingPlan& plan, size_t k,
                                const Context& context) {
  PairComparison comparison;
  comparison.kind = TaskKind::kRanking;
  comparison.folds = 1;
  comparison.k = k;
  comparison.split_detail = plan.detail;
  comparison.warnings = plan.warnings;
  comparison.customer = plan.customer;
  Questions questions;
  for (size_t c = 0; c < plan.customer.size(); ++c) {
    const size_t others = plan.begin[c + 1] - plan.begin[c];
    comparison.negatives = std::max(comparison.negatives, others);
    questions.customer.insert(questions.customer.end(), 1 + others, plan.customer[c]);
    questions.product.push_back(plan.held_back[c]);
    const auto first = plan.others.begin() + static_cast<std::ptrdiff_t>(plan.begin[c]);
    questions.product.insert(questions.product.end(), first, first + static_cast<std::ptrdiff_t>(others));
  }
  // Events alone: a ranking does not look at ratings.
  Interactions events = pick_pairs(task.pairs, plan.train);
  events.rating.clear();
  auto jobs = run_jobs(requests, {std::move(events)}, {questions}, comparison, context);
  for (size_t m = 0; m < requests.size(); ++m) {
    PairOutcome& outcome = comparison.models[m];
    if (!outcome.ok) continue;
    const std::vector<double>& scores = jobs[m].front().values;
    for (size_t c = 0, at = 0; c < plan.customer.size(); ++c) {
      const size_t others = plan.begin[c + 1] - plan.begin[c];
      const auto share = metric::rank_share(scores[at], std::span(scores).subspan(at + 1, others), k);
      outcome.hit.push_back(share.hit);
      outcome.ndcg.push_back(share.ndcg);
      at += 1 + others;
    }
  }
  return comparison;
}

}  // namespace obligor
