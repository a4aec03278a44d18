#include "targets.h"

#include <array>

#include "import_targets.h"
#include "plan_targets.h"
#include "table_targets.h"

namespace obligor::fuzz {

std::span<const Target> targets() {
  static const std::array<Target, 13> all{plan_target(),    bundle_target(),    facts_target(),       trees_target(), csv_target(),
                                          raw_target(),     arff_target(),      folds_target(),       toml_target(),  lightgbm_target(),
                                          xgboost_target(), scorecard_target(), coefficients_target()};
  return all;
}

const Target& find_target(std::string_view name) {
  for (const Target& target : targets()) {
    if (target.name == name) return target;
  }
  throw std::invalid_argument("no fuzz target is named " + std::string(name));
}

}  // namespace obligor::fuzz
