#include <algorithm>
#include <array>
#include <cmath>

#include "core/random.h"
#include "table/simulate/bank.h"

namespace obligor::simulate {
namespace {

constexpr int kMonthsBefore = 3;
constexpr int kNoDefault = 1000;

int last_month(const Loan& loan) { return loan.bad ? loan.default_month : kHorizon; }
int months_to_default(const Loan& loan, int month) { return loan.bad ? loan.default_month - month : kNoDefault; }
// 0 far from a default, 1 in its month.
double stress(int to_default) { return to_default >= kNoDefault ? 0 : std::exp(-to_default / 3.0); }
double cents(double value) { return std::round(value * 100) / 100; }

}  // namespace

std::vector<AccountMonth> make_behaviour(const Bank& bank, const Loan& loan) {
  Random random(derive_seed(bank.seed(), "bank-loan", loan.index), "behaviour");
  std::vector<AccountMonth> months;
  double balance = loan.amount;
  double arrears = 0;
  int missed = 0;
  const double level = loan.income * std::exp(-0.9 + 0.4 * random.normal() + 0.3 * loan.temper);
  for (int k = 1; k <= last_month(loan); ++k) {
    AccountMonth month;
    month.month_on_book = k;
    month.day = first_day(loan.decision_month + k);
    const int left = months_to_default(loan, k);
    const double pressure = stress(left);
    balance += balance * loan.rate / 1200;
    month.due = std::min(balance, cents(loan.installment + arrears));
    const double chance = random.uniform();
    if (left <= 2) {
      ++missed;
    } else if (left == 3) {
      month.paid = cents(month.due * (0.5 + 0.5 * chance));
      missed = 0;
    } else if (missed == 0 && chance < 0.008 + 0.25 * loan.true_pd) {
      ++missed;
    } else {
      month.paid = month.due;
      missed = 0;
    }
    arrears = month.due - month.paid;
    balance = std::max(0.0, balance - month.paid);
    month.balance = cents(balance);
    month.days_past_due = 30 * missed;
    month.deposits = cents(level * std::exp(0.35 * random.normal()) * (1 - 0.9 * pressure) * (missed > 0 && !loan.bad ? 0.5 : 1.0));
    const double use = loan.utilisation + 0.06 * random.normal();
    month.card_utilisation = std::clamp(cents(use + (1.1 - use) * 0.8 * pressure), 0.0, 1.2);
    months.push_back(month);
  }
  return months;
}

std::vector<Transaction> make_transactions(const Bank& bank, const Loan& loan) {
  Random random(derive_seed(bank.seed(), "bank-loan", loan.index), "transactions");
  const std::vector<AccountMonth> account = make_behaviour(bank, loan);
  const bool loses_job = random.uniform() < 0.5;
  const bool gambles = random.uniform() < 0.12 - 0.08 * std::clamp(loan.temper, -2.0, 1.0);
  const double housing = loan.income * (loan.housing == Housing::kRent || loan.housing == Housing::kMortgage ? 0.28 : 0.10);
  std::vector<Transaction> all;
  for (int k = -kMonthsBefore; k <= last_month(loan); ++k) {
    const int64_t first = first_day(loan.decision_month + k);
    const auto add = [&](uint64_t day, TransactionKind kind, double amount) {
      if (std::abs(amount) >= 0.01) all.push_back({first + static_cast<int64_t>(day), kind, cents(amount)});
    };
    const int left = months_to_default(loan, k);
    const double pressure = stress(left);
    const double salary = loan.income * (1 + 0.03 * random.normal());
    const bool paid_salary = !(loses_job && left <= 4);
    add(24 + random.below(4), TransactionKind::kSalary, paid_salary ? salary : 0.35 * salary);
    add(random.below(5), TransactionKind::kHousing, -housing * (left <= 1 ? 0 : 1));
    for (int i = 0; i < 2; ++i) add(random.below(28), TransactionKind::kCard, -loan.income * 0.15 * std::exp(0.4 * random.normal()));
    if (random.uniform() < 0.5 + 0.4 * pressure) add(random.below(28), TransactionKind::kCash, -20.0 * static_cast<double>(1 + random.below(10)));
    if (gambles && random.uniform() < 0.6) {
      add(random.below(28), TransactionKind::kGambling, -10 * std::exp(1.2 + 0.8 * random.normal()) * (1 + pressure));
    }
    if (random.uniform() < 0.02 + 0.6 * pressure) add(random.below(28), TransactionKind::kFee, -25);
    if (k >= 1) add(random.below(3), TransactionKind::kLoanPayment, -account[static_cast<size_t>(k - 1)].paid);
  }
  std::stable_sort(all.begin(), all.end(), [](const Transaction& a, const Transaction& b) { return a.day < b.day; });
  return all;
}

}  // namespace obligor::simulate
