#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/random.h"
#include "table/simulate/bank.h"

namespace obligor::simulate {
namespace {

// The level that a uniform number falls on, by weights.
size_t pick(Random& random, std::span<const double> weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  double left = random.uniform() * sum;
  for (size_t i = 0; i + 1 < weights.size(); ++i) {
    if (left < weights[i]) return i;
    left -= weights[i];
  }
  return weights.size() - 1;
}

int poisson(Random& random, double mean) {
  const double limit = std::exp(-mean);
  int count = 0;
  for (double product = random.uniform(); product > limit; product *= random.uniform()) ++count;
  return count;
}

double round_to(double value, double step) { return std::round(value / step) * step; }

Employment draw_employment(Random& random, double age) {
  if (age >= 66) return random.uniform() < 0.9 ? Employment::kRetired : Employment::kSelfEmployed;
  if (age < 26 && random.uniform() < 0.25) return Employment::kStudent;
  constexpr std::array kWeights{0.62, 0.16, 0.15, 0.02, 0.0, 0.05};
  return static_cast<Employment>(pick(random, kWeights));
}

double log_income_shift(Employment employment) {
  switch (employment) {
    case Employment::kSelfEmployed: return 0.10;
    case Employment::kRetired: return -0.35;
    case Employment::kStudent: return -0.90;
    case Employment::kUnemployed: return -0.75;
    default: return 0;
  }
}

void draw_borrower(Random& random, const Bank& bank, Loan& loan) {
  loan.temper = random.normal();
  loan.age = std::floor(21 + 54 * std::pow(random.uniform(), 1.4));
  loan.female = random.uniform() < 0.48;
  loan.area = std::min(kAreas - 1, static_cast<int>(kAreas * std::pow(random.uniform(), 2.2)));
  loan.employment = draw_employment(random, loan.age);
  const bool works = loan.employment != Employment::kUnemployed && loan.employment != Employment::kStudent;
  loan.years_employed = works ? std::floor((loan.age - 20) * std::pow(random.uniform(), 1.5)) : 0;
  loan.years_at_address = std::floor((loan.age - 18) * std::pow(random.uniform(), 2.0));
  const double log_income = 7.85 + 0.42 * random.normal() + 0.10 * loan.temper + log_income_shift(loan.employment) +
                            bank.areas()[static_cast<size_t>(loan.area)].wealth - (loan.female ? 0.10 : 0.0) +
                            0.006 * (std::min(loan.age, 55.0) - 40);
  loan.income = round_to(std::exp(log_income), 10);
  const double old = std::clamp((loan.age - 25) / 30, 0.0, 1.0);
  const std::array housing{0.05 + 0.35 * old, 0.25 + 0.10 * old, 0.50 - 0.30 * old, 0.20 - 0.15 * old};
  loan.housing = static_cast<Housing>(pick(random, housing));
  loan.savings = round_to(loan.income * std::exp(-0.2 + 0.9 * random.normal() + 0.5 * loan.temper), 10);
}

void draw_bureau(Random& random, Loan& loan) {
  loan.score = std::clamp(std::round(655 + 62 * loan.temper + 38 * random.normal() + 0.6 * (loan.age - 42)), 300.0, 850.0);
  loan.utilisation = std::clamp(round_to(0.45 - 0.18 * loan.temper + 0.24 * random.normal(), 0.01), 0.0, 1.2);
  loan.inquiries = std::min(12, poisson(random, std::exp(0.1 - 0.25 * loan.temper)));
  loan.open_accounts = 1 + poisson(random, 4.5);
  const double late = 1 / (1 + std::exp(1.2 + 0.9 * loan.temper));
  loan.months_since_delinquency = random.uniform() < late ? static_cast<int>(random.below(84)) : -9;
  loan.has_bureau_file = random.uniform() >= (loan.age < 26 ? 0.40 : 0.05);
}

void draw_terms(Random& random, const Bank& bank, Loan& loan) {
  constexpr std::array kPurposes{0.22, 0.16, 0.30, 0.06, 0.06, 0.08, 0.12};
  constexpr std::array kChannels{0.42, 0.38, 0.20};
  constexpr std::array kTerms{12, 24, 36, 48, 60};
  loan.purpose = static_cast<Purpose>(pick(random, kPurposes));
  loan.channel = static_cast<Channel>(pick(random, kChannels));
  loan.amount = std::clamp(round_to(loan.income * std::exp(0.9 + 0.6 * random.normal()), 100), 500.0, 60000.0);
  const double long_run = std::clamp(std::log(loan.amount / 2000) / 3, 0.05, 0.95);
  const std::array weights{1.2 - long_run, 1.1 - long_run / 2, 1.0, 0.3 + long_run, 0.2 + 1.5 * long_run};
  loan.term = kTerms[pick(random, weights)];
  const double policy = bank.economy()[static_cast<size_t>(loan.decision_month)].policy_rate;
  loan.rate = std::clamp(round_to(policy + 5.5 + 1.6 * (650 - loan.score) / 80 + 0.5 * random.normal(), 0.01), 1.5, 29.0);
  const double monthly = loan.rate / 1200;
  loan.installment = round_to(loan.amount * monthly / (1 - std::pow(1 + monthly, -loan.term)), 0.01);
  const double base = loan.housing == Housing::kRent || loan.housing == Housing::kMortgage ? 0.16 : 0.03;
  loan.other_payments = round_to(loan.income * (base + 0.30 * random.uniform() * random.uniform()), 1);
  loan.debt_ratio = std::min(1.5, round_to((loan.installment + loan.other_payments) / loan.income, 0.001));
}

void draw_what_is_missing(Random& random, Loan& loan) {
  loan.address_known = random.uniform() >= 0.03;
  const double hidden_income = 0.02 + (loan.employment == Employment::kSelfEmployed ? 0.18 : 0) + (loan.channel == Channel::kBroker ? 0.08 : 0);
  loan.income_known = random.uniform() >= hidden_income;
  loan.utilisation_known = random.uniform() >= (loan.utilisation > 0.85 ? 0.30 : 0.03);
  loan.savings_known = random.uniform() >= 0.10;
}

void draw_outcome(Random& random, Loan& loan) {
  constexpr std::array<double, 10> kWhen{2, 4, 6, 8, 9, 9, 8, 7, 6, 5};  // months 3 to 12
  loan.true_pd = 1 / (1 + std::exp(-loan.logit));
  const double luck = random.uniform();
  const size_t when = pick(random, kWhen);
  loan.bad = luck < loan.true_pd;
  loan.default_month = loan.bad ? 3 + static_cast<int>(when) : 0;
}

double employment_effect(Employment employment) {
  switch (employment) {
    case Employment::kSelfEmployed: return 0.35;
    case Employment::kUnemployed: return 0.70;
    case Employment::kStudent: return 0.15;
    case Employment::kPublic: return -0.30;
    default: return 0;
  }
}

double purpose_effect(Purpose purpose) {
  switch (purpose) {
    case Purpose::kBusiness: return 0.30;
    case Purpose::kMedical: return 0.20;
    case Purpose::kConsolidation: return 0.15;
    case Purpose::kCar: return -0.20;
    default: return 0;
  }
}

}  // namespace

double true_logit(const Bank& bank, const Loan& loan) {
  const MacroMonth& economy = bank.economy()[static_cast<size_t>(loan.decision_month)];
  const bool owns = loan.housing == Housing::kOwner || loan.housing == Housing::kMortgage;
  const double s = (650 - loan.score) / 80;
  const double d = std::clamp((loan.debt_ratio - 0.35) / 0.15, -2.0, 3.0);
  const double u = (loan.utilisation - 0.45) / 0.30;
  double logit = -3.60 + 0.80 * s + 0.40 * d + 0.30 * u;
  logit += 0.25 * std::max(0.0, s) * std::max(0.0, d);
  logit += 0.35 * std::max(0.0, loan.utilisation - 0.85) / 0.15;
  logit += 0.08 * loan.inquiries + 0.15 * (loan.channel == Channel::kBroker ? std::min(loan.inquiries, 6) : 0);
  logit += loan.months_since_delinquency >= 0 ? 0.70 * std::exp(-loan.months_since_delinquency / 24.0) : 0;
  logit += -0.20 * std::log1p(loan.years_employed) + 0.0008 * (loan.age - 45) * (loan.age - 45);
  logit += -0.25 * std::log1p(loan.savings / loan.income);
  logit += employment_effect(loan.employment) + purpose_effect(loan.purpose) + bank.areas()[static_cast<size_t>(loan.area)].effect;
  logit += loan.distress ? 0.80 : 0;
  logit += 0.15 * (economy.unemployment - 5.5) * (loan.employment == Employment::kSelfEmployed ? 1.8 : 1.0);
  logit += -0.03 * economy.house_price_growth * (owns ? 1 : 0);
  logit += 0.10 * (economy.policy_rate - 2.5) * (loan.debt_ratio > 0.40 ? 1 : 0);
  return logit;
}

Loan make_loan(const Bank& bank, uint64_t index) {
  Loan loan;
  loan.index = index;
  Random random(derive_seed(bank.seed(), "bank-loan", index), "application");
  loan.decision_month = kFirstDecision + static_cast<int>(random.below(kLastDecision - kFirstDecision + 1));
  loan.decision_day = first_day(loan.decision_month) + static_cast<int64_t>(random.below(28));
  draw_borrower(random, bank, loan);
  draw_bureau(random, loan);
  draw_terms(random, bank, loan);
  loan.distress = random.uniform() < 0.15;
  draw_what_is_missing(random, loan);
  loan.logit = true_logit(bank, loan);
  draw_outcome(random, loan);
  return loan;
}

}  // namespace obligor::simulate
