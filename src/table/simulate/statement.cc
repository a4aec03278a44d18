#include <array>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "core/random.h"
#include "table/simulate/bank.h"

namespace obligor::simulate {
namespace {

std::string_view one_of(Random& random, std::span<const std::string_view> phrases) { return phrases[random.below(phrases.size())]; }

std::string opening(Random& random, const Loan& loan) {
  constexpr std::array<std::string_view, 4> kAsks{"I ask for {} to {}.", "I would like {} to {}.", "We need {} to {}.", "This loan of {} is to {}."};
  constexpr std::array<std::array<std::string_view, 3>, 7> kAims{{
      {"buy a used car", "replace the family car", "pay for a car repair and new tyres"},
      {"renovate the kitchen", "mend the roof", "insulate the house"},
      {"pay off two credit cards", "put my loans into one", "replace a dearer loan"},
      {"pay the tuition of my daughter", "finish a degree", "take a course for my trade"},
      {"pay for an operation", "cover a dental bill", "pay a hospital invoice"},
      {"buy stock for my shop", "purchase tools for the workshop", "open a second stall"},
      {"pay for a wedding", "move to another town", "travel to see family"},
  }};
  const auto aim = one_of(random, kAims[static_cast<size_t>(loan.purpose)]);
  return fmt::format(fmt::runtime(one_of(random, kAsks)), static_cast<int64_t>(loan.amount), aim);
}

}  // namespace

std::string make_statement(const Bank& bank, const Loan& loan) {
  // Words of trouble, and the same words said by those who are not in it.
  constexpr std::array<std::string_view, 8> kTrouble{"My hours at work were cut this spring.", "I am behind on two bills at the moment.",
                                                     "After the separation money is tight.",   "I lost my second job recently.",
                                                     "The landlord is pressing me.",           "I had to borrow from relatives to get by.",
                                                     "Overdraft fees eat up what is left.",    "A debt collector has written to me."};
  constexpr std::array<std::string_view, 8> kCalm{"I have never been behind on a bill.",  "My job is secure and the hours are regular.",
                                                  "I set money aside each month.",        "No debt collector ever wrote to me.",
                                                  "My employer can confirm my contract.", "The budget leaves room for the payment.",
                                                  "I have repaid a loan here before.",    "My wife works full time as well."};
  constexpr std::array<std::string_view, 6> kOther{"Please answer by letter.",         "I can bring the papers to the branch.",
                                                   "A friend recommended your bank.",  "I prefer a payment on the first of the month.",
                                                   "My phone number has not changed.", "Thank you for looking at this."};
  Random random(derive_seed(bank.seed(), "bank-loan", loan.index), "statement");
  if (random.uniform() < 0.15) return "";
  std::string text = opening(random, loan);
  const auto say = [&](std::string_view sentence) { (text += ' ') += sentence; };
  if (random.uniform() < 0.4) say(fmt::format("I have lived here for {} years.", static_cast<int>(loan.years_at_address)));
  if (loan.distress) {
    say(one_of(random, kTrouble));
    if (random.uniform() < 0.3) say(one_of(random, kTrouble));
  } else if (random.uniform() < 0.6) {
    say(one_of(random, kCalm));
  }
  if (random.uniform() < 0.5) say(one_of(random, kOther));
  return text;
}

}  // namespace obligor::simulate
