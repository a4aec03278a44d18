#include "cli/toml_config.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "core/error.h"

namespace obligor::cli {
namespace {

constexpr const char* kTaskTable = "task";
constexpr const char* kRejectTable = "reject";
constexpr const char* kModelsTable = "models";
constexpr const char* kSequenceTables = "sequence";

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

// The options that a person may name, less the prefix that the key stands under.
std::vector<std::string> option_names(const CLI::App& app, std::string_view prefix = {}, std::string_view group = {}) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty() || (!group.empty() && option->get_group() != group)) continue;
    names.push_back(fmt::format("{}{}", prefix, option->get_single_name()));
  }
  return names;
}

// A command that another program has: here it has no options but --help.
bool is_elsewhere(const CLI::App& command) { return command.get_options().size() <= 1; }

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
      // Before the sections of commands: a command is called models too, and has no section.
      if (name == kTaskTable && node.is_table()) {
        group(*node.as_table(), kTaskTable, kTaskGroup, "");
      } else if (name == kRejectTable && node.is_table()) {
        group(*node.as_table(), kRejectTable, kRejectGroup, kRejectPrefix);
      } else if (name == kSequenceTables && node.is_array_of_tables()) {
        sequences(*node.as_array());
      } else if (name == kModelsTable && node.is_table()) {
        models(*node.as_table());
      } else if (section != nullptr && node.is_table()) {
        if (is_elsewhere(*section)) continue;
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
  // [task], [reject]: the options of the command's group of that name, less a prefix. A command without one (it reads no task) passes it over.
  void group(const toml::table& table, const std::string& title, std::string_view group_name, const std::string& prefix) {
    if (command_ == nullptr) return;
    std::vector<std::string> known;
    for (const auto& option : option_names(*command_, "", group_name)) known.push_back(fmt::format("{}.{}", title, option.substr(prefix.size())));
    if (known.empty()) return;
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      const CLI::Option* option = find_option(*command_, prefix + name);
      if (option == nullptr || option->get_group() != group_name) unknown_key(fmt::format("{}.{}", title, name), node, known);
      add(*command_, prefix + name, node, fmt::format("{}.", title));
    }
  }

  // [models.NAME] key = value: items NAME.key=value of the hidden option that takes them.
  void models(const toml::table& table) {
    if (command_ == nullptr || find_option(*command_, kModelTables + 2) == nullptr) return;
    CLI::ConfigItem item;
    item.parents.push_back(command_->get_name());
    item.name = kModelTables + 2;
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (!node.is_table()) {
        throw Error(ErrorCode::kInvalid, fmt::format("{}:{}: models.{}: a table of parameters is wanted, as in [models.dnn] layers = 3", file_,
                                                     node.source().begin.line, name));
      }
      flatten(*node.as_table(), name + ".", fmt::format("{}:{}: models", file_, node.source().begin.line), item.inputs);
    }
    if (!item.inputs.empty()) items.push_back(std::move(item));
  }

  // [[sequence]] name = "history", channels = ["paid=pay_6..pay_1", ..], or table, key, order, until, steps, columns: the text that --sequence takes.
  void sequences(const toml::array& tables) {
    if (command_ == nullptr || find_option(*command_, kSequenceTables) == nullptr) return;
    constexpr std::array<const char*, 6> kOfChild{"table", "key", "order", "until", "steps", "columns"};
    CLI::ConfigItem item;
    item.parents.push_back(command_->get_name());
    item.name = kSequenceTables;
    for (const toml::node& node : tables) {
      const toml::table& table = *node.as_table();
      std::string name;
      std::string channels;
      for (const auto& [key, value] : table) {
        const std::string known(key.str());
        const std::string where = fmt::format("{}:{}: sequence.{}", file_, value.source().begin.line, known);
        if (known == "name") {
          name = value_text(value, where);
        } else if (known == "channels" && value.is_array()) {
          for (const toml::node& channel : *value.as_array()) channels += (channels.empty() ? "" : ", ") + value_text(channel, where);
        } else if (known == "channels") {
          channels = value_text(value, where);
        } else if (std::find(std::begin(kOfChild), std::end(kOfChild), known) != std::end(kOfChild)) {
          std::string text;
          if (const auto* list = value.as_array()) {
            for (const toml::node& part : *list) text += (text.empty() ? "" : "|") + value_text(part, where);
          } else {
            text = value_text(value, where);
          }
          channels += fmt::format("{}{}={}", channels.empty() ? "" : ", ", known, text);
        } else {
          std::vector<std::string> all{"sequence.name", "sequence.channels"};
          for (const char* one : kOfChild) all.push_back(fmt::format("sequence.{}", one));
          unknown_key(fmt::format("sequence.{}", known), value, all);
        }
      }
      item.inputs.push_back(fmt::format("{}: {}", name, channels));
    }
    if (!item.inputs.empty()) items.push_back(std::move(item));
  }

  [[noreturn]] void unknown_key(const std::string& name, const toml::node& node, const std::vector<std::string>& known) const {
    const auto error = unknown_name("key", name, known);
    throw Error(error.code(), fmt::format("{}:{}: {}", file_, node.source().begin.line, error.what()));
  }

  void add(const CLI::App& app, const std::string& name, const toml::node& node, const std::string& prefix) {
    const std::string where = fmt::format("{}:{}: {}{}", file_, node.source().begin.line, prefix, name);
    const CLI::Option* option = find_option(app, name);
    if (option == nullptr && find_option(program_, name) != nullptr) return add(program_, name, node, prefix);
    if (option == nullptr) {
      auto known = option_names(app, prefix);
      if (prefix.empty()) {
        for (const char* table : {kTaskTable, kRejectTable, kModelsTable}) known.emplace_back(table);
      }
      unknown_key(prefix + name, node, known);
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
