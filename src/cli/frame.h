// The frame that both programs share: `obligor` (light: scores and inspects) and its companion `obligor-train` (libtorch, LightGBM).
//
//   constexpr CommandSpec kCommands[] = {
//       {"inspect", "what is inside a bundle", "  obligor inspect m.obligor --plan\n", setup_inspect},
//       {"compare", "train the zoo on the same folds", "", nullptr},          // null: the companion has it
//   };
//   int main(int argc, char** argv) { return cli::run_program(argc, argv, kCommands); }
//
//   cli::Run setup_inspect(CLI::App& app, cli::Globals& globals) {
//     auto options = std::make_shared<Options>();                             // CLI11 writes into it while it parses
//     app.add_option("bundle", options->path, "...")->required();
//     return [options, &globals] { return run_inspect(*options, globals.context()); };
//   }
//
// Contract: text for people and --json on stdout, everything else on stderr. Exit status: what run() returns, or by
// core/error.h for an Error (one line on stderr); 2 for bad usage. Flags win over --config FILE.toml. Its keys are the long names
// of options: at the top of the file for the command at hand, or in a section [COMMAND]; a table under the name of a repeatable
// option NAME becomes NAME=VALUE items: [param] dnn.layers = 3 is --param dnn.layers=3. [task] holds the options of the group Task
// (target, positive, id, ...), [models.NAME] the parameters of a model, for whichever command at hand has them.
// Ctrl-C (and SIGTERM) sets the cancel flag of the context; a second one ends at once with 130.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "core/context.h"

namespace obligor::cli {

[[nodiscard]] std::string_view program_version();

struct Globals {
  uint64_t seed = 1;
  int threads = 0;  // 0: one a core
  bool quiet = false;
  bool verbose = false;
  Device device = Device::kCpu;  // set by commands that have --device
  std::string command;           // the exact command line, quoted for a shell; for reports

  // The context of the run. Call it once: it starts the pool, and Ctrl-C cancels the last one made.
  [[nodiscard]] Context context() const;
};

using Run = std::function<int()>;

struct CommandSpec {
  const char* name;
  const char* help;                                         // one line
  const char* examples;                                     // indented lines
  Run (*setup)(CLI::App& app, Globals& globals) = nullptr;  // null: runs in the companion `obligor-train`
};

[[nodiscard]] int run_program(int argc, char** argv, std::span<const CommandSpec> commands);

// That a file can be written where the user wants it, before hours of work; an empty path is none. Error{kIo}.
void check_writable(const std::string& path);

// One error line on stderr and the exit status for it; what run_program does with an exception, for use inside a catch.
[[nodiscard]] int report_current_exception() noexcept;

}  // namespace obligor::cli
