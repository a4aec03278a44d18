// The commands of `obligor`, one file each: each declares its options on the app and returns what to run.
#pragma once

#include "cli/frame.h"

namespace obligor::cli {

[[nodiscard]] Run setup_bin(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_data(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_embed(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_export(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_import(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_inspect(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_models(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_prove(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_reconcile(CLI::App& app, Globals& globals);
[[nodiscard]] Run setup_score(CLI::App& app, Globals& globals);

}  // namespace obligor::cli
