// The commands of the companion `obligor-train`.
#pragma once

#include "cli/frame.h"

namespace obligor::cli {

[[nodiscard]] Run setup_compare(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_train(CLI::App& app, Globals& globals);

}  // namespace obligor::cli
