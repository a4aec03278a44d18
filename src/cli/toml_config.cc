#include "cli/toml_config.h"

#include <iterator>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "core/error.h"

namespace obligor::cli {
namespace {

// A value as a person would have typed it after the flag.
std::string value_text(const toml::node& node, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* date = node.as_date()) return fmt::format("{:04}-{:02}-{:02}", date->get().year, date->get().month, date->get().day);
  throw Error(ErrorCode::kData,
              fmt::format("{}: a value of this type is not known here; use a text, number, true/false, date or a list of them", where));
}

void flatten(const toml::table& table, const std::string& prefix, const std::string& where, std::vector<std::string>& items) {
  for (const auto& [key, node] : table) {
    std::string name = prefix;
    name += key.str();
    if (const auto* inner = node.as_table()) {
      flatten(*inner, fmt::format("{}.", name), where, items);
    } else {
      items.push_back(fmt::format("{}={}", name, value_text(node, fmt::format("{}.{}", where, name))));
    }
  }
}

const CLI::Option* find_option(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = app.get_option_no_throw("--" + name);
  return option != nullptr ? option : app.get_option_no_throw(name);
}

const CLI::App* find_section(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_single_name());
  return names;
}

class Collector {
 public:
  Collector(const CLI::App& program, std::string file) : program_(program), file_(std::move(file)) {
    const auto parsed = program.get_subcommands();
    if (!parsed.empty()) command_ = parsed.front();
  }

  void top(const toml::table& document) {
    for (const auto& [key, node] : document) {
      const std::string name(key.str());
      const CLI::App* section = find_section(program_, name);
      if (section != nullptr && node.is_table()) {
        for (const auto& [inner, value] : *node.as_table()) add(*section, std::string(inner.str()), value, name + ".");
      } else if (find_option(program_, name) != nullptr) {
        add(program_, name, node, "");
      } else if (command_ != nullptr) {
        add(*command_, name, node, "");
      }
    }
  }

  std::vector<CLI::ConfigItem> items;

 private:
  void add(const CLI::App& app, const std::string& name, const toml::node& node, const std::string& prefix) {
    const std::string where = fmt::format("{}:{}: {}{}", file_, node.source().begin.line, prefix, name);
    const CLI::Option* option = find_option(app, name);
    if (option == nullptr && find_option(program_, name) != nullptr) return add(program_, name, node, prefix);
    if (option == nullptr) {
      const auto error = unknown_name("key", prefix + name, option_names(app));
      throw Error(error.code(), fmt::format("{}:{}: {}", file_, node.source().begin.line, error.what()));
    }
    if (&app != &program_ && &app != command_) return;  // a section of another command, checked all the same
    CLI::ConfigItem item;
    if (&app != &program_) item.parents.push_back(app.get_name());
    item.name = name;
    if (const auto* list = node.as_array()) {
      for (const auto& element : *list) item.inputs.push_back(value_text(element, where));
    } else if (const auto* table = node.as_table()) {
      flatten(*table, "", where, item.inputs);
    } else {
      item.inputs.push_back(value_text(node, where));
    }
    if (!item.inputs.empty()) items.push_back(std::move(item));
  }

  const CLI::App& program_;
  std::string file_;
  const CLI::App* command_ = nullptr;
};

}  // namespace

std::string TomlConfig::to_config(const CLI::App* /*app*/, bool /*defaults*/, bool /*describe*/, std::string /*prefix*/) const { return {}; }

std::vector<CLI::ConfigItem> TomlConfig::from_config(std::istream& stream) const {
  const std::string file = app_.get_config_ptr()->results().front();
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  try {
    const toml::table document = toml::parse(text);
    Collector collector(app_, file);
    collector.top(document);
    return collector.items;
  } catch (const toml::parse_error& error) {
    throw Error(ErrorCode::kData, fmt::format("{}:{}: not valid TOML: {}", file, error.source().begin.line, error.description()));
  }
}

}  // namespace obligor::cli
