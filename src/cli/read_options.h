// How a file is read: the options that every command over data shares.
#pragma once

#include <CLI/CLI.hpp>

#include "table/source.h"

namespace obligor::cli {

// `options` must live as long as the app's parsing.
void add_read_options(CLI::App& app, ReadOptions& options);

}  // namespace obligor::cli
