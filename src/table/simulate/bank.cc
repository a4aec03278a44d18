#include "table/simulate/bank.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/random.h"

namespace obligor::simulate {
namespace {

constexpr int kRecessionMonths = 14;

std::vector<MacroMonth> make_economy(uint64_t seed) {
  Random random(seed, "bank-economy");
  const int recession = 36 + static_cast<int>(random.below(36));
  std::vector<MacroMonth> months(kMonths);
  double unemployment = 5.5;
  double rate = 2.5;
  double house = std::log(100.0);
  for (int t = 0; t < kMonths; ++t) {
    const bool worse = t >= recession && t < recession + kRecessionMonths;
    if (t > 0) {
      unemployment += 0.05 * (5.5 - unemployment) + 0.10 * random.normal() + (worse ? 0.38 : 0.0);
      rate += 0.04 * (2.5 - rate) + 0.07 * random.normal() - (worse ? 0.12 : 0.0);
      house += 0.0030 + 0.0025 * random.normal() - (worse ? 0.0140 : 0.0);
    }
    auto& month = months[static_cast<size_t>(t)];
    month.day = first_day(t);
    month.unemployment = unemployment = std::max(1.0, unemployment);
    month.policy_rate = rate = std::max(0.0, rate);
    month.house_price = std::exp(house);
    month.house_price_growth = 100 * (month.house_price / months[static_cast<size_t>(std::max(0, t - 12))].house_price - 1);
  }
  return months;
}

std::vector<Area> make_areas(uint64_t seed) {
  Random random(seed, "bank-areas");
  std::vector<Area> areas(kAreas);
  for (Area& area : areas) {
    const double shared = random.normal();
    area.effect = 0.30 * random.normal() - 0.12 * shared;
    area.wealth = 0.15 * shared;
  }
  return areas;
}

}  // namespace

int64_t first_day(int month) {
  using std::chrono::day;
  using std::chrono::year;
  const std::chrono::year_month_day date{year(kFirstYear + month / 12), std::chrono::month(static_cast<unsigned>(month % 12 + 1)), day(1)};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

Bank::Bank(uint64_t seed) : seed_(seed), economy_(make_economy(seed)), areas_(make_areas(seed)) {}

}  // namespace obligor::simulate
