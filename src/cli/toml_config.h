// --config FILE.toml for CLI11: the keys of the file as options of the command at hand (the rules are in cli/frame.h).
//
//   app.set_config("--config", "", "...");  app.config_formatter(std::make_shared<TomlConfig>(app));
//
// Errors: Error{kData} file:line of text that is not TOML; Error{kNotFound} an unknown key or section, with near candidates.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace obligor::cli {

// Options of this group are the keys of the table [task].
inline constexpr const char* kTaskGroup = "Task";
// And those of [reject], with the prefix: flag is --reject-flag.
inline constexpr const char* kRejectGroup = "Rejected applications";
inline constexpr const char* kRejectPrefix = "reject-";
// The hidden option that takes the tables [models.NAME], as items NAME.PARAMETER=VALUE.
inline constexpr const char* kModelTables = "--model-tables";

class TomlConfig final : public CLI::Config {
 public:
  explicit TomlConfig(const CLI::App& app) : app_(app) {}
  std::string to_config(const CLI::App* app, bool defaults, bool describe, std::string prefix) const override;
  std::vector<CLI::ConfigItem> from_config(std::istream& stream) const override;

 private:
  const CLI::App& app_;
};

}  // namespace obligor::cli
