// Shared by the room's tests: a loan book with every kind of column, and models that need no vendor.
//
//   Loans loans = make_loans(300, 7);
//   run_comparison({{bound_logistic(), {}}, {descent_entry(), {}}}, loans.table, loans.task, loans.split, {}, context);
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/context.h"
#include "core/error.h"
#include "core/random.h"
#include "model/model.h"
#include "study/compare.h"
#include "table/split.h"
#include "zoo/linear/linear.h"

namespace obligor::study_test {

// The cells of a loan book before they become a table, so that a test can change some and build it again.
struct Book {
  std::vector<float> age;     // some missing
  std::vector<float> salary;  // a heavy tail, a special code
  std::vector<int64_t> opened;
  std::vector<std::optional<std::string>> job;
  std::vector<std::optional<std::string>> zip;  // many levels
  std::vector<float> exposure;
  std::vector<std::optional<std::string>> bad;
  [[nodiscard]] size_t rows() const { return age.size(); }
};

inline Book make_book(size_t rows, uint64_t seed) {
  Random random(seed, "book");
  const std::vector<std::string> jobs{"clerk", "farmer", "pilot"};
  Book book;
  for (size_t i = 0; i < rows; ++i) {
    const auto age = static_cast<float>(20 + random.below(50));
    const auto salary = static_cast<float>(std::exp(8 + random.normal()));
    const size_t job = random.below(3);
    const uint64_t zip = random.below(60);
    const double z = -0.03 * static_cast<double>(age) + 0.8 * static_cast<double>(job) + 0.7 * (static_cast<double>(zip % 5) - 2) + random.normal();
    book.age.push_back(random.uniform() < 0.1 ? kMissing : age);
    book.salary.push_back(random.uniform() < 0.05 ? 9.0e7F : salary);
    book.opened.push_back(static_cast<int64_t>(random.below(3000)) * 86'400'000'000);
    book.job.push_back(random.uniform() < 0.05 ? std::nullopt : std::optional(jobs[job]));
    book.zip.emplace_back("z" + std::to_string(zip));
    book.exposure.push_back(static_cast<float>(1 + random.below(3)));
    book.bad.emplace_back(z > 0 ? "yes" : "no");
  }
  return book;
}

// The same book with some rows' targets turned round and, when asked, each of their cells replaced by what no other row holds: new
// levels change the order of the dictionaries too. The other rows keep every cell.
inline Book with_other_rows(Book book, const std::vector<uint32_t>& rows, bool features_too) {
  for (const uint32_t row : rows) {
    book.bad[row] = book.bad[row] == "yes" ? "no" : "yes";
    if (!features_too) continue;
    book.age[row] = -1.0e6F - static_cast<float>(row);
    book.salary[row] = kMissing;
    book.opened[row] = kMissingDate;
    book.job[row] = "astronaut";
    book.zip[row] = "nowhere " + std::to_string(row);
    book.exposure[row] = 1000.0F;
  }
  return book;
}

struct Loans {
  Table table;
  Task task;
  Split split;
};

inline Loans to_loans(const Book& book, const TaskSpec& spec, const SplitSpec& split, uint64_t seed) {
  TableBuilder builder;
  builder.source("book").add_numbers("age", book.age).add_numbers("salary", book.salary);
  builder.add(Column("opened", DateData{book.opened}));
  builder.add_strings("job", book.job).add_strings("zip", book.zip).add_numbers("exposure", book.exposure).add_strings("bad", book.bad);
  Loans loans;
  loans.table = builder.build();
  loans.task = make_task(loans.table, spec);
  loans.split = make_split(loans.table, loans.task, split, seed);
  return loans;
}

inline TaskSpec bad_is_yes() {
  TaskSpec spec;
  spec.target = "bad";
  spec.positive = "yes";
  return spec;
}

inline Loans make_loans(size_t rows, uint64_t seed, int folds = 3) {
  SplitSpec split;
  split.folds = folds;
  return to_loans(make_book(rows, seed), bad_is_yes(), split, seed);
}

inline ModelEntry bound_logistic() {
  ModelEntry entry = logistic_entry();
  entry.fit = fit_logistic;
  return entry;
}

// Logistic regression by plain gradient descent that stops on the held-back part: the smallest model that has members, a learning
// curve, an importance and something to choose.
class Descent final : public Model {
 public:
  explicit Descent(std::vector<double> beta) : beta_(std::move(beta)) {}
  [[nodiscard]] Scores predict(const Batch& batch) const override {
    Scores scores{ScoreKind::kProbability, {}};
    for (size_t r = 0; r < batch.rows; ++r) scores.values.push_back(1 / (1 + std::exp(-log_odds(batch, r))));
    return scores;
  }
  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    const std::vector<float> weights(beta_.begin(), beta_.end() - 1);
    return {builder.affine(inputs.features, weights, {static_cast<float>(beta_.back())}, 1), ScoreKind::kLogOdds};
  }
  [[nodiscard]] double log_odds(const Batch& batch, size_t row) const {
    double z = beta_.back();
    for (size_t c = 0; c < batch.width; ++c) z += beta_[c] * static_cast<double>(batch.features[row * batch.width + c]);
    return z;
  }

 private:
  std::vector<double> beta_;
};

inline double mean_loss(const Descent& model, const Batch& batch, std::span<const uint8_t> target) {
  double loss = 0;
  for (size_t r = 0; r < batch.rows; ++r) loss += std::log1p(std::exp(target[r] != 0 ? -model.log_odds(batch, r) : model.log_odds(batch, r)));
  return loss / static_cast<double>(batch.rows);
}

inline FitResult fit_descent(const FitInput& input, const Params& params, const Context& context) {
  const size_t width = input.train.width;
  Random random(context.seed(), "start");
  std::vector<double> beta(width + 1);
  for (double& b : beta) b = 0.01 * random.normal();
  std::vector<double> best = beta;
  double best_loss = std::numeric_limits<double>::infinity();
  Learning learning;
  for (int64_t epoch = 0; epoch < params.integer("epochs"); ++epoch) {
    context.check_cancelled();
    std::vector<double> gradient(width + 1, 0);
    const Descent model(beta);
    for (size_t r = 0; r < input.train.rows; ++r) {
      const double error = 1 / (1 + std::exp(-model.log_odds(input.train, r))) - input.target[r];
      for (size_t c = 0; c < width; ++c) gradient[c] += error * static_cast<double>(input.train.features[r * width + c]);
      gradient[width] += error;
    }
    for (size_t c = 0; c <= width; ++c) beta[c] -= params.real("rate") * gradient[c] / static_cast<double>(input.train.rows);
    const Descent stepped(beta);
    learning.epoch.push_back(static_cast<double>(epoch + 1));
    learning.train_loss.push_back(mean_loss(stepped, input.train, input.target));
    if (input.valid.rows > 0) learning.valid_loss.push_back(mean_loss(stepped, input.valid, input.valid_target));
    const double loss = input.valid.rows > 0 ? learning.valid_loss.back() : learning.train_loss.back();
    if (loss < best_loss) {
      best_loss = loss;
      best = beta;
    }
  }
  FitResult result;
  for (size_t c = 0; c < width; ++c) result.report.importance.push_back(std::fabs(best[c]));
  learning.gradient_norm.emplace_back("only", std::vector<double>(learning.epoch.size(), 0.5));
  result.report.learning.push_back(std::move(learning));
  result.report.notes.emplace_back("descended");
  result.model = std::make_unique<Descent>(std::move(best));
  return result;
}

// Everything that looks at the target before the model does: ordered statistics, of pairs too, in one of the candidates.
inline PrepSpec descent_prep(const Params& params) {
  PrepSpec spec;
  spec.numbers = NumberCoding::kQuantile;
  spec.one_hot_max_levels = 5;
  spec.target_statistics_min_levels = 3;
  spec.frequency = true;
  spec.min_count = 2;
  spec.permutations = 2;
  spec.pair_statistics = static_cast<int>(params.integer("pairs"));
  return spec;
}

inline ModelEntry descent_entry() {
  ModelEntry entry;
  entry.name = "descent";
  entry.title = "Gradient descent";
  entry.params = {integer_param("epochs", 15, 1, 1'000'000'000, "steps"), real_param("rate", 0.5, 0, 10, "step size"),
                  integer_param("pairs", 0, 0, 10, "pairs of categories")};
  entry.traits.early_stopping = true;
  entry.prep = descent_prep;
  entry.candidates = {{}, {{"pairs", "2"}}, {{"rate", "0.1"}}};
  entry.fit = fit_descent;
  return entry;
}

// The same with ranges to tune; nothing is tuned unless the options or `trials` say so.
inline ModelEntry tuned_descent_entry(int trials) {
  ModelEntry entry = descent_entry();
  entry.name = "tuned_descent";
  entry.tune_space = {{"epochs", 3, 30, true, {}}, {"rate", 0.02, 2, true, {}}, {"pairs", 0, 3, false, {}}};
  entry.tune_trials = trials;
  return entry;
}

// A model whose fit is what a test says.
inline ModelEntry entry_of(std::string name, FitFunction fit) {
  ModelEntry entry;
  entry.name = std::move(name);
  entry.title = entry.name;
  entry.prep = [](const Params&) { return PrepSpec{}; };
  entry.fit = fit;
  return entry;
}

// A folder for one test, not there at the start.
inline std::filesystem::path scratch() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto path = std::filesystem::path(::testing::TempDir()) / "obligor_study" / (std::string(info->test_suite_name()) + "." + info->name());
  std::filesystem::remove_all(path);
  return path;
}

}  // namespace obligor::study_test
