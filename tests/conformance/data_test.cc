// Data that real loan files hold sooner or later: a column that says nothing, one class, one row, levels never seen, infinities.
#include <limits>

#include "conformance.h"

namespace obligor::conformance {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST_P(Conformance, AConstantColumnSaysNothing) {
  Book book = study_test::make_book(300, kSeed);
  std::fill(book.exposure.begin(), book.exposure.end(), 3.0F);
  std::fill(book.job.begin(), book.job.end(), "clerk");
  const Loans loans = loans_of(book);
  const auto fitted = fit_small(entry(), loans, one_thread());
  const auto p = probabilities(fitted.plan, loans.table);
  expect_probabilities(p);
  std::fill(book.exposure.begin(), book.exposure.end(), -8.0F);
  std::fill(book.job.begin(), book.job.end(), "pilot");
  EXPECT_EQ(probabilities(fitted.plan, loans_of(book).table), p);
}

TEST_P(Conformance, AnAllMissingColumnSaysNothing) {
  Book book = study_test::make_book(300, kSeed);
  std::fill(book.age.begin(), book.age.end(), kMissing);
  std::fill(book.zip.begin(), book.zip.end(), std::nullopt);
  const Loans loans = loans_of(book);
  const auto fitted = fit_small(entry(), loans, one_thread());
  const auto p = probabilities(fitted.plan, loans.table);
  expect_probabilities(p);
  std::fill(book.age.begin(), book.age.end(), 44.0F);
  std::fill(book.zip.begin(), book.zip.end(), "z1");
  EXPECT_EQ(probabilities(fitted.plan, loans_of(book).table), p);
}

TEST_P(Conformance, APreparedColumnMayBeConstant) {
  if (reads_bins()) GTEST_SKIP() << "reads bins, not columns made by hand; its own tests hold this";
  // An inner fold can leave one so, even where prep dropped those of the whole.
  Numbers numbers = numbers_for(300, 3);
  for (size_t r = 0; r < 300; ++r) numbers.x[r * 3 + 1] = 1.0F;
  const auto fitted =
      entry().fit(numbers.input(entry().traits.early_stopping ? 100 : 0), make_params(entry().params, small(entry()), entry().name), one_thread());
  expect_probabilities(fitted.model->predict(numbers.input().train).values);
}

TEST_P(Conformance, OneClassIsRefused) {
  if (reads_bins()) GTEST_SKIP() << "reads bins, not columns made by hand; its own tests hold this";
  // A model that is another one tuned has that one's fit, which names itself.
  const std::string named = entry().tune_trials > 0 ? entry().parents.front() : entry().name;
  for (const uint8_t only : {uint8_t{0}, uint8_t{1}}) {
    Numbers numbers = numbers_for(100, 3);
    std::fill(numbers.y.begin(), numbers.y.end(), only);
    try {
      (void)entry().fit(numbers.input(), make_params(entry().params, small(entry()), entry().name), one_thread());
      FAIL() << "it was fitted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kData);
      EXPECT_THAT(error.what(), testing::HasSubstr(named));
      EXPECT_THAT(error.what(), testing::HasSubstr("one class"));
    }
  }
}

TEST_P(Conformance, OneRowIsRefused) {
  if (reads_bins()) GTEST_SKIP() << "reads bins, not columns made by hand; its own tests hold this";
  const Numbers numbers = numbers_for(1, 3);
  EXPECT_THROW((void)entry().fit(numbers.input(), make_params(entry().params, small(entry()), entry().name), one_thread()), Error);
}

TEST_P(Conformance, AHandfulOfRowsIsFittedOrRefused) {
  for (const size_t rows : {2U, 3U, 5U, 9U}) {
    Book book = study_test::make_book(rows, kSeed);
    for (size_t i = 0; i < rows; ++i) book.bad[i] = i % 2 == 0 ? "no" : "yes";
    TaskSpec spec = study_test::bad_is_yes();
    TableBuilder builder;
    Loans loans;
    builder.add_numbers("age", book.age).add_numbers("salary", book.salary).add_strings("job", book.job).add_strings("bad", book.bad);
    loans.table = builder.build();
    loans.task = make_task(loans.table, spec);
    loans.split.folds.push_back({all_rows(rows), {}});
    try {
      expect_probabilities(probabilities(fit_small(entry(), loans, one_thread()).plan, loans.table));
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << rows << " rows: " << error.what();
    }
  }
}

TEST_P(Conformance, LevelsNeverSeenScoreAlike) {
  Book book = study_test::make_book(300, kSeed);
  const auto fitted = fit_small(entry(), loans_of(book), one_thread());
  std::fill(book.job.begin(), book.job.end(), "astronaut");
  std::fill(book.zip.begin(), book.zip.end(), "");
  const auto first = probabilities(fitted.plan, loans_of(book).table);
  expect_probabilities(first);
  for (size_t i = 0; i < book.rows(); ++i) {
    book.job[i] = "job " + std::to_string(i);
    book.zip[i] = "place " + std::to_string(i);
  }
  EXPECT_EQ(probabilities(fitted.plan, loans_of(book).table), first);
}

TEST_P(Conformance, InfinitiesAndHugeValuesAreFittedAndScored) {
  Book book = study_test::make_book(300, kSeed);
  const std::vector<float> extremes{kInf, -kInf, 3.0e38F, -3.0e38F, 1e-44F, -0.0F};
  for (size_t i = 0; i < 60; ++i) {
    book.age[i * 5] = extremes[i % 6];
    book.salary[i * 5 + 1] = extremes[(i + 1) % 6];
  }
  const Loans loans = loans_of(book);
  const auto fitted = fit_small(entry(), loans, one_thread());
  expect_probabilities(probabilities(fitted.plan, loans.table));
  // And rows that hold them when none did in training.
  const auto plain = fit_small(entry(), loans_of(study_test::make_book(300, kSeed)), one_thread());
  expect_probabilities(probabilities(plain.plan, loans.table));
}

TEST_P(Conformance, ARowOfNothingButMissingCellsIsScored) {
  Book book = study_test::make_book(300, kSeed);
  const auto fitted = fit_small(entry(), loans_of(book), one_thread());
  std::fill(book.age.begin(), book.age.end(), kMissing);
  std::fill(book.salary.begin(), book.salary.end(), kMissing);
  std::fill(book.exposure.begin(), book.exposure.end(), kMissing);
  std::fill(book.opened.begin(), book.opened.end(), kMissingDate);
  std::fill(book.job.begin(), book.job.end(), std::nullopt);
  std::fill(book.zip.begin(), book.zip.end(), std::nullopt);
  const auto p = probabilities(fitted.plan, loans_of(book).table);
  expect_probabilities(p);
  EXPECT_EQ(p, std::vector<double>(p.size(), p.front()));
}

}  // namespace
}  // namespace obligor::conformance
