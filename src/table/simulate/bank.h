// A bank whose loans have a known true PD: the generating model. docs/simulated-bank.md states every formula.
//
//   const Bank bank(1);                                        // the seed fixes the economy, the areas and every loan
//   const Loan loan = make_loan(bank, 41);                     // the 42nd loan, the same however many there are
//   for (const AccountMonth& month : make_behaviour(bank, loan)) ...
//   for (const Transaction& transaction : make_transactions(bank, loan)) ...
//
// Contract: pure functions of (seed, index), each with a random stream of its own, so that rows do not depend on the number of
// loans, on the order in which they are made, or on threads. Money in units of currency, rates in percent a year, dates in days since
// 1970-01-01. Fields hold the truth; what a bank would not see is marked by a `*_known` flag or a special code when tables are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace obligor::simulate {

inline constexpr int kFirstYear = 2015;
inline constexpr int kMonths = 120;        // of the economy
inline constexpr int kFirstDecision = 12;  // months of the economy in which loans are decided: [kFirstDecision, kLastDecision]
inline constexpr int kLastDecision = 107;
inline constexpr int kHorizon = 12;  // months on book in which a default counts
inline constexpr int kAreas = 600;

struct MacroMonth {
  int64_t day = 0;                // the first of the month
  double unemployment = 0;        // percent
  double policy_rate = 0;         // percent a year
  double house_price = 0;         // index, 100 in the first month
  double house_price_growth = 0;  // percent over twelve months (over those there are, in the first year)
};

struct Area {
  double effect = 0;  // on the logit of PD
  double wealth = 0;  // on the logarithm of income
};

class Bank {
 public:
  explicit Bank(uint64_t seed);
  [[nodiscard]] uint64_t seed() const { return seed_; }
  [[nodiscard]] const std::vector<MacroMonth>& economy() const { return economy_; }
  [[nodiscard]] const std::vector<Area>& areas() const { return areas_; }

 private:
  uint64_t seed_;
  std::vector<MacroMonth> economy_;
  std::vector<Area> areas_;
};

enum class Employment { kSalaried, kPublic, kSelfEmployed, kRetired, kStudent, kUnemployed };
enum class Housing { kOwner, kMortgage, kRent, kFamily };
enum class Purpose { kCar, kHome, kConsolidation, kEducation, kMedical, kBusiness, kOther };
enum class Channel { kBranch, kOnline, kBroker };

struct Loan {
  uint64_t index = 0;
  int decision_month = 0;  // of the economy
  int64_t decision_day = 0;
  int area = 0;
  Employment employment{};
  Housing housing{};
  Purpose purpose{};
  Channel channel{};
  bool female = false;
  double age = 0;
  double years_employed = 0;
  double years_at_address = 0;
  double income = 0;          // a month
  double other_payments = 0;  // a month
  double savings = 0;
  double amount = 0;
  int term = 0;            // months
  double rate = 0;         // percent a year
  double installment = 0;  // a month
  double debt_ratio = 0;   // (installment + other payments) / income, at most 1.5
  double score = 0;        // of the credit bureau, 300 to 850
  double utilisation = 0;  // of revolving limits, 0 to 1.2
  int inquiries = 0;       // in six months
  int open_accounts = 0;
  int months_since_delinquency = 0;  // -9: never
  bool distress = false;             // the borrower is in trouble, which the statement tells where there is one
  bool has_bureau_file = true;
  bool income_known = true;
  bool utilisation_known = true;
  bool address_known = true;
  bool savings_known = true;
  double logit = 0;       // of the true PD
  double true_pd = 0;     // probability of default within kHorizon months
  bool bad = false;       // drawn with that probability
  int default_month = 0;  // on book, 3 to 12; 0 = none
  double temper = 0;      // how the borrower handles money: standard normal, high is careful; the bureau's score sees part of it
};

// The logit of the true PD from the true fields of the loan, the area and the economy at decision. No random part.
[[nodiscard]] double true_logit(const Bank& bank, const Loan& loan);
[[nodiscard]] Loan make_loan(const Bank& bank, uint64_t index);
// Sentences of the application, "" = none was written; distress shows in the words alone.
[[nodiscard]] std::string make_statement(const Bank& bank, const Loan& loan);

struct AccountMonth {
  int month_on_book = 0;  // 1 ..
  int64_t day = 0;        // the first of that month
  double due = 0;
  double paid = 0;
  double balance = 0;  // owed after the payment
  int days_past_due = 0;
  double deposits = 0;          // on the current account
  double card_utilisation = 0;  // 0 to 1.2
};

// One row a month on book up to the default or the horizon. A defaulted loan ends at 90 days past due; its deposits fall and
// its card use rises in the months before. Other loans miss a payment at times and make it good.
[[nodiscard]] std::vector<AccountMonth> make_behaviour(const Bank& bank, const Loan& loan);

enum class TransactionKind { kSalary, kHousing, kCard, kCash, kGambling, kLoanPayment, kFee };

struct Transaction {
  int64_t day = 0;
  TransactionKind kind{};
  double amount = 0;  // what comes in is positive
};

// From three months before the decision to the end of the behaviour, by date.
[[nodiscard]] std::vector<Transaction> make_transactions(const Bank& bank, const Loan& loan);

// The first day of a month of the economy.
[[nodiscard]] int64_t first_day(int month);

}  // namespace obligor::simulate
