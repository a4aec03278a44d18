// What every model of the registry must do. The suite takes its models from the registry and asks their traits and parameters, so
// that a new model is covered by being there.
//
//   TEST_P(Conformance, BatchOfOneIsBatchOfMany) { const Fit fit(entry(), loans(), small(entry())); ... }
//
// A check is small: 300 rows and few iterations (`small`). A model whose work is bounded by a parameter of another name adds that
// name to the list in conformance.cc.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/context.h"
#include "core/error.h"
#include "model/model.h"
#include "prep/preprocessor.h"
#include "study/pipeline.h"
#include "study/study_test_data.h"

namespace obligor::conformance {

using study_test::Book;
using study_test::Loans;

inline constexpr uint64_t kSeed = 5;
inline constexpr double kTolerance = 1e-6;  // in probability, between a model's own prediction and its plan

[[nodiscard]] Context one_thread(uint64_t seed = kSeed);

// Values under which the model fits in well under a second: iterations, epochs, units and members as few as allowed and useful.
[[nodiscard]] ParamValues small(const ModelEntry& entry);
// Values under which an iterative fit would go on for minutes.
[[nodiscard]] ParamValues endless(const ModelEntry& entry);
// Values without sampling of rows and columns, without a choice by folds, and with leaves of any size.
[[nodiscard]] ParamValues without_sampling(const ModelEntry& entry);

// Deals the training rows to folds of its own, and there is no way to do without: a row twice may then stand in two of them.
[[nodiscard]] bool chooses_by_folds(const ModelEntry& entry);

[[nodiscard]] Loans loans_of(const Book& book);
// The first fold's training rows fitted by the whole pipeline, without search.
[[nodiscard]] FittedPipeline fit_small(const ModelEntry& entry, const Loans& loans, const Context& context);

// One fit of the model alone, on prepared columns: two thirds of the rows train, the rest are held back.
class Fit {
 public:
  Fit(const ModelEntry& entry, const Loans& loans, const ParamValues& values, const Context& context = one_thread());

  [[nodiscard]] const FitResult& result() const { return result_; }
  [[nodiscard]] const Design& train() const { return train_; }
  [[nodiscard]] std::vector<double> predict(const Batch& batch) const;
  // Prep and model as one plan with the output "probability".
  [[nodiscard]] const ScorePlan& plan() const { return plan_; }
  // The columns that the model was given are, to the byte, what they were before the fit.
  [[nodiscard]] bool inputs_untouched() const;

 private:
  Design train_;
  Design valid_;
  Design train_before_;
  Design valid_before_;
  std::vector<uint8_t> target_;
  std::vector<uint8_t> target_before_;
  FitResult result_;
  ScorePlan plan_;
};

// "probability" of some rows by the interpreter.
[[nodiscard]] std::vector<double> probabilities(const ScorePlan& plan, const Table& table);

// Largest difference; the test fails on unequal lengths.
[[nodiscard]] double distance(const std::vector<double>& a, const std::vector<double>& b);
// Every value is a probability.
void expect_probabilities(const std::vector<double>& values);

// Number columns by hand, for fits without prep.
struct Numbers {
  size_t width = 0;
  std::vector<float> x;  // row-major
  std::vector<uint8_t> y;
  std::vector<double> weight;
  std::vector<std::string> names;
  std::vector<uint8_t> categorical;
  std::vector<FeatureGroup> groups;
  [[nodiscard]] size_t rows() const { return y.size(); }
  [[nodiscard]] FitInput input(size_t valid_rows = 0) const;  // the first rows are held back as well as trained on
};
// Columns of 12 whole values each, the target drawn from them.
// For a model of words the last so many columns are the words of a text.
[[nodiscard]] Numbers make_numbers(size_t rows, size_t width, uint64_t seed, size_t words = 0);

class Conformance : public testing::TestWithParam<ModelEntry> {
 protected:
  [[nodiscard]] static const ModelEntry& entry() { return GetParam(); }
  [[nodiscard]] static Numbers numbers_for(size_t rows, size_t width) { return make_numbers(rows, width, kSeed, entry().traits.text ? 6 : 0); }
  // Its columns are the weight of evidence of fitted bins, so columns made by hand say nothing to it.
  [[nodiscard]] static bool reads_bins() { return entry().prep(make_params(entry().params, {}, entry().name)).numbers == NumberCoding::kWoe; }
};

}  // namespace obligor::conformance
