#include "cli/frame.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <new>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/companion.h"
#include "cli/toml_config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"

namespace obligor::cli {
namespace {

std::atomic<std::atomic<bool>*> g_cancel{nullptr};
std::atomic<int> g_signals{0};
static_assert(std::atomic<std::atomic<bool>*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void on_signal(int /*signal*/) {
  std::atomic<bool>* cancel = g_cancel.load();
  if (g_signals.fetch_add(1) > 0 || cancel == nullptr) _exit(facts(ErrorCode::kCancelled).exit_status);
  cancel->store(true);
  constexpr std::string_view kNote = "\nstopping; press Ctrl-C again to stop at once\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kNote.data(), kNote.size());
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A file over the limit of the shell (ulimit -f) is then an error of write(), told like a full disk, not a death.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &ignore, nullptr);
}

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// The command among the arguments: the first word that is neither a global flag nor a global flag's value.
std::string_view find_command(int argc, char** argv) {
  constexpr std::array<std::string_view, 3> kWithValue{"--seed", "--threads", "--config"};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (std::find(kWithValue.begin(), kWithValue.end(), word) != kWithValue.end()) {
      ++i;
    } else if (!word.starts_with('-')) {
      return word;
    }
  }
  return {};
}

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option("--seed", globals.seed, "fixes everything that is random")->capture_default_str();
  app.add_option("--threads", globals.threads, "threads; 0: one a core")->capture_default_str()->check(CLI::Range(0, 4096));
  auto* quiet = app.add_flag("--quiet,-q", globals.quiet, "no progress, no warnings");
  app.add_flag("--verbose,-v", globals.verbose, "say more on stderr")->excludes(quiet);
  app.set_config("--config", "", "options from FILE.toml; flags win")->type_name("FILE");
}

// An unexpected word gets near candidates among the options of the command.
std::string extras_message(const CLI::App& app, const CLI::App* command) {
  const auto words = (command != nullptr ? *command : app).remaining(true);
  const std::string word = words.empty() ? app.remaining(true).front() : words.front();
  std::vector<std::string> names;
  if (word.starts_with('-')) {
    for (const CLI::App* part : {command, &app}) {
      if (part == nullptr) continue;
      for (const CLI::Option* option : part->get_options()) {
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
      }
    }
    return unknown_name("option", word.substr(0, word.find('=')), names).what();
  }
  if (command != nullptr) return fmt::format("unexpected argument '{}'", word);
  for (const CLI::App* part : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(part->get_name());
  return unknown_name("command", word, names).what();
}

int usage_error(const CLI::App* command, const std::string& message) {
  const std::string help = command != nullptr ? fmt::format("obligor {} --help", command->get_name()) : "obligor --help";
  fmt::print(stderr, "error: {}; see {}\n", one_line(message), help);
  return 2;
}

int parse_and_run(int argc, char** argv, std::span<const CommandSpec> commands) {
  CLI::App app("Obligor: finds, warns of and avoids credit risk. One program, from a loan file to a model that scores.", "obligor");
  app.option_defaults()->always_capture_default(false);
  app.set_help_flag("--help,-h", "this help");
  app.set_version_flag("--version", fmt::format("obligor {}", program_version()));
  app.get_formatter()->column_width(34);
  app.footer("Each command has --help with examples. Exit status: 0 done, 1 failed, 2 bad usage or bad input.");
  Globals globals;
  add_globals(app, globals);
  app.config_formatter(std::make_shared<TomlConfig>(app));
  for (int i = 0; i < argc; ++i) globals.command += (i == 0 ? "obligor" : " " + shell_quoted(argv[i]));

  std::vector<std::pair<CLI::App*, Run>> runs;
  for (const auto& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    sub->fallthrough();
    sub->set_help_flag("--help,-h", "this help");
    if (command.setup == nullptr) continue;
    sub->footer(
        fmt::format("Everywhere: --seed N, --threads N, --quiet, --verbose, --config FILE.toml (flags win).\n\nExamples:\n{}", command.examples));
    runs.emplace_back(sub, command.setup(*sub, globals));
  }
  const auto chosen = [&]() -> const CLI::App* {
    const auto parsed = app.get_subcommands();
    return parsed.empty() ? nullptr : parsed.front();
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return usage_error(chosen(), extras_message(app, chosen()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return usage_error(chosen(), error.what());
  }
  if (globals.quiet) set_log_level(LogLevel::kError);
  if (globals.verbose) set_log_level(LogLevel::kDebug);
  for (const auto& [sub, run] : runs) {
    if (sub->parsed()) return run();
  }
  fmt::print("{}", app.help());
  return argc > 1 ? 2 : 0;
}

}  // namespace

std::string_view program_version() { return OBLIGOR_VERSION; }

void check_writable(const std::string& path) {
  if (!path.empty()) const AtomicFile probe(path);
}

Context Globals::context() const {
  ContextOptions options;
  options.seed = seed;
  options.threads = threads;
  options.device = device;
  options.progress = quiet ? make_silent_progress() : make_stderr_progress();
  Context context(std::move(options));
  // Kept alive for the handler until the process ends.
  static std::shared_ptr<std::atomic<bool>> flag;
  flag = context.cancel_flag();
  g_cancel.store(flag.get());
  return context;
}

int report_current_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", one_line(error.what()));
    return facts(error.code()).exit_status;
  } catch (const std::system_error& error) {
    // fmt::print throws it when the stream takes no more.
    if (std::ferror(stdout) != 0) {
      std::fputs("error: standard output: could not be written; is the disk full?\n", stderr);
      return 1;
    }
    fmt::print(stderr, "error: {}\n", one_line(error.what()));
    return 1;
  } catch (const std::bad_alloc&) {
    std::fputs("error: out of memory; give fewer rows or --threads, or use a machine with more\n", stderr);
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {} (a fault of Obligor's own; please report it with the command)\n", one_line(error.what()));
    return 1;
  } catch (...) {
    std::fputs("error: of an unknown kind; please report it with the command\n", stderr);
    return 1;
  }
}

int run_program(int argc, char** argv, std::span<const CommandSpec> commands) {
  catch_signals();
  try {
    if (argc == 2 && std::string_view(argv[1]) == "--obligor-version") {
      fmt::print("{}\n", program_version());
      return 0;
    }
    check_starter();
    const std::string_view name = find_command(argc, argv);
    for (const auto& command : commands) {
      if (name == command.name && command.setup == nullptr) become_companion(argv);
    }
    const int status = parse_and_run(argc, argv, commands);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw Error(ErrorCode::kIo, "standard output: could not be written; is the disk full?");
    }
    return status;
  } catch (...) {
    return report_current_exception();
  }
}

}  // namespace obligor::cli
