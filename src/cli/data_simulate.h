// obligor data simulate: a bank with a known true PD, written as files. A part of the command `data`.
#pragma once

#include "cli/frame.h"

namespace obligor::cli {

[[nodiscard]] Run setup_data_simulate(CLI::App& app, Globals& globals);

}  // namespace obligor::cli
