#include "table/simulate/bank.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "core/error.h"
#include "table/simulate/tables.h"

namespace obligor::simulate {
namespace {

constexpr size_t kLoans = 40000;

const Bank& bank() {
  static const Bank made(11);
  return made;
}

const std::vector<Loan>& loans() {
  static const std::vector<Loan> made = [] {
    std::vector<Loan> all;
    for (uint64_t i = 0; i < kLoans; ++i) all.push_back(make_loan(bank(), i));
    return all;
  }();
  return made;
}

double bads(std::span<const Loan> part) {
  return static_cast<double>(std::count_if(part.begin(), part.end(), [](const Loan& loan) { return loan.bad; }));
}

// Defaults minus their expectation, in standard deviations of a sum of independent draws.
double surprise(std::span<const Loan> part) {
  double mean = 0;
  double variance = 0;
  for (const Loan& loan : part) {
    mean += loan.true_pd;
    variance += loan.true_pd * (1 - loan.true_pd);
  }
  return (bads(part) - mean) / std::sqrt(variance);
}

TEST(SimulatedBank, DefaultsComeAsOftenAsTheTruePdSaysInAllAndInEachTenth) {
  std::vector<Loan> sorted = loans();
  EXPECT_LT(std::abs(surprise(sorted)), 4);
  const double rate = bads(sorted) / kLoans;
  EXPECT_GT(rate, 0.03);
  EXPECT_LT(rate, 0.12);
  std::sort(sorted.begin(), sorted.end(), [](const Loan& a, const Loan& b) { return a.true_pd < b.true_pd; });
  for (size_t tenth = 0; tenth < 10; ++tenth) {
    EXPECT_LT(std::abs(surprise(std::span<const Loan>(sorted).subspan(tenth * kLoans / 10, kLoans / 10))), 4) << tenth;
  }
}

// If outcomes are drawn with the true PDs p, then of the pairs (i bad, j good) a share of sum p_i (1 - p_j) [p_i > p_j] / sum p_i (1 - p_j)
// is expected in order: the AUC that no model can beat but by luck.
TEST(SimulatedBank, AucOfTheTruePdIsTheOneThatItsDistributionImplies) {
  std::vector<Loan> sorted = loans();
  std::sort(sorted.begin(), sorted.end(), [](const Loan& a, const Loan& b) { return a.true_pd < b.true_pd; });
  double good_mass = 0;
  double bad_mass = 0;
  double expected = 0;
  double goods = 0;
  double ordered = 0;
  for (const Loan& loan : sorted) {
    expected += loan.true_pd * good_mass;
    good_mass += 1 - loan.true_pd;
    bad_mass += loan.true_pd;
    if (loan.bad) ordered += goods;
    else ++goods;
  }
  expected /= good_mass * bad_mass;
  const double count = bads(sorted);
  const double observed = ordered / (count * goods);
  // Hanley and McNeil (1982), equation 2.
  const double q1 = expected / (2 - expected);
  const double q2 = 2 * expected * expected / (1 + expected);
  const double square = expected * expected;
  const double error = std::sqrt((expected * (1 - expected) + (count - 1) * (q1 - square) + (goods - 1) * (q2 - square)) / (count * goods));
  EXPECT_NEAR(observed, expected, 4 * error);
  EXPECT_GT(expected, 0.78);
  EXPECT_LT(expected, 0.88);
}

// The worked example of docs/simulated-bank.md.
TEST(SimulatedBank, LogitIsTheFormulaOfItsPage) {
  Loan loan;
  loan.decision_month = 20;
  loan.area = 7;
  loan.employment = Employment::kSelfEmployed;
  loan.housing = Housing::kMortgage;
  loan.purpose = Purpose::kBusiness;
  loan.channel = Channel::kBroker;
  loan.age = 35;
  loan.years_employed = 4;
  loan.income = 2000;
  loan.savings = 1000;
  loan.debt_ratio = 0.5;
  loan.score = 610;
  loan.utilisation = 0.9;
  loan.inquiries = 3;
  loan.months_since_delinquency = 12;
  loan.distress = true;
  const MacroMonth& economy = bank().economy()[20];
  const double outside =
      bank().areas()[7].effect + 0.27 * (economy.unemployment - 5.5) - 0.03 * economy.house_price_growth + 0.10 * (economy.policy_rate - 2.5);
  // Term by term: -3.6 +.4 +.4 +.45 +.125 +.116667 +.24 +.45 +.424571 -.321888 +.08 -.101366 +.35 +.30 +.80
  EXPECT_NEAR(true_logit(bank(), loan) - outside, 0.112984, 1e-6);
  Loan same = loan;
  same.female = !loan.female;
  same.years_at_address = 30;
  same.open_accounts = 12;
  EXPECT_EQ(true_logit(bank(), same), true_logit(bank(), loan));
}

TEST(SimulatedBank, AccountsOfDefaultersDeteriorateToNinetyDaysAndOthersNeverGetThere) {
  double early = 0;
  double late = 0;
  double early_use = 0;
  double late_use = 0;
  size_t seen = 0;
  for (const Loan& loan : std::span<const Loan>(loans()).first(10000)) {
    const auto months = make_behaviour(bank(), loan);
    ASSERT_EQ(months.size(), static_cast<size_t>(loan.bad ? loan.default_month : kHorizon));
    if (!loan.bad) {
      for (const AccountMonth& month : months) EXPECT_LE(month.days_past_due, 30);
      continue;
    }
    ASSERT_GE(months.size(), 3U);
    for (size_t back = 0; back < 3; ++back) EXPECT_EQ(months[months.size() - 1 - back].days_past_due, 90 - 30 * static_cast<int>(back));
    if (months.size() < 9) continue;
    ++seen;
    early += months[0].deposits / loan.income;
    late += months.back().deposits / loan.income;
    early_use += months[0].card_utilisation;
    late_use += months.back().card_utilisation;
  }
  ASSERT_GT(seen, 100U);
  EXPECT_LT(late, 0.3 * early);
  EXPECT_GT(late_use, 1.3 * early_use);
}

TEST(SimulatedBank, TransactionsAreSortedAndLieOnBothSidesOfTheDecision) {
  for (const Loan& loan : std::span<const Loan>(loans()).first(2000)) {
    const auto all = make_transactions(bank(), loan);
    ASSERT_FALSE(all.empty());
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const Transaction& a, const Transaction& b) { return a.day < b.day; }));
    EXPECT_LT(all.front().day, loan.decision_day);
    EXPECT_GT(all.back().day, loan.decision_day);
    const int last = loan.bad ? loan.default_month : kHorizon;
    EXPECT_LT(all.back().day, first_day(loan.decision_month + last + 1));
    for (const Transaction& transaction : all) {
      EXPECT_TRUE(transaction.kind != TransactionKind::kLoanPayment || transaction.day > loan.decision_day);
    }
  }
}

TEST(SimulatedBank, CellsAreMissingByTheirMechanisms) {
  const auto share = [](auto&& among, auto&& missing) {
    double all = 0;
    double hit = 0;
    for (const Loan& loan : loans()) {
      if (!among(loan)) continue;
      ++all;
      if (missing(loan)) ++hit;
    }
    return hit / all;
  };
  const auto income = [](const Loan& loan) { return !loan.income_known; };
  const auto by_work = [](Employment employment) {
    return [=](const Loan& loan) { return loan.employment == employment && loan.channel == Channel::kBranch; };
  };
  EXPECT_NEAR(share(by_work(Employment::kSelfEmployed), income), 0.20, 0.04);
  EXPECT_NEAR(share(by_work(Employment::kSalaried), income), 0.02, 0.01);
  const auto use = [](const Loan& loan) { return !loan.utilisation_known; };
  EXPECT_NEAR(share([](const Loan& loan) { return loan.utilisation > 0.85; }, use), 0.30, 0.04);
  EXPECT_NEAR(share([](const Loan& loan) { return loan.utilisation <= 0.85; }, use), 0.03, 0.01);
  EXPECT_NEAR(share([](const Loan& loan) { return loan.age < 26; }, [](const Loan& loan) { return !loan.has_bureau_file; }), 0.40, 0.04);
}

TEST(SimulatedBank, TroubleIsToldOnlyByThoseWhoAreInIt) {
  size_t told = 0;
  for (const Loan& loan : std::span<const Loan>(loans()).first(5000)) {
    const bool words = make_statement(bank(), loan).find("My hours at work were cut") != std::string::npos;
    if (words) ++told;
    EXPECT_TRUE(!words || loan.distress);
  }
  EXPECT_GT(told, 20U);
}

std::string all_cells(const Table& table, size_t rows) {
  std::string text;
  for (size_t row = 0; row < rows; ++row) {
    for (const Column& column : table.columns()) (text += column.cell_text(row)) += '|';
  }
  return text;
}

TEST(SimulatedBank, RowsDoNotChangeWhenTheBankGrowsAndDifferFromSeedToSeed) {
  for (const BankTable table : kBankTables) {
    const Table few = make_block(bank(), table, 0, 20);
    const Table more = make_block(bank(), table, 0, 60);
    EXPECT_EQ(all_cells(few, few.rows()), all_cells(more, few.rows())) << table_name(table);
    EXPECT_EQ(few.names().size(), table_columns(table).size());
    const Table other = make_block(Bank(12), table, 0, 20);
    EXPECT_NE(all_cells(few, few.rows()), all_cells(other, other.rows())) << table_name(table);
  }
}

TEST(SimulatedBank, BlocksComeInOrderWhateverTheThreads) {
  const auto stream_text = [](int threads) {
    const Context context({.threads = threads, .progress = make_silent_progress()});
    BlockStream stream(bank(), BankTable::kTruth, 20000, context);
    std::string text;
    size_t rows = 0;
    while (const auto block = stream.next()) {
      text += all_cells(*block, block->rows());
      rows += block->rows();
    }
    EXPECT_EQ(rows, 20000U);
    return text;
  };
  EXPECT_EQ(stream_text(1), stream_text(2));
}

TEST(SimulatedBank, AStreamStopsWhenItIsCancelled) {
  const Context context({.threads = 1, .progress = make_silent_progress()});
  BlockStream stream(bank(), BankTable::kTruth, 1000000, context);
  EXPECT_TRUE(stream.next().has_value());
  context.cancel();
  EXPECT_THROW((void)stream.next(), Error);
}

}  // namespace
}  // namespace obligor::simulate
