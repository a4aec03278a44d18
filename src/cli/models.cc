// obligor models: the zoo with papers, parameters and how the models descend from each other. Needs neither torch nor LightGBM.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "core/json.h"
#include "zoo/registry.h"

namespace obligor::cli {
namespace {

struct Options {
  std::string model;
  bool json = false;
};

std::string_view type_name(ParamType type) {
  switch (type) {
    case ParamType::kReal: return "real";
    case ParamType::kInteger: return "integer";
    case ParamType::kFlag: return "flag";
    case ParamType::kChoice: return "choice";
    case ParamType::kText: return "text";
  }
  return "text";
}

Json param_json(const ParamSpec& spec) {
  Json json{{"name", spec.name}, {"type", type_name(spec.type)}, {"default", spec.default_value}};
  if (spec.type == ParamType::kReal || spec.type == ParamType::kInteger) {
    json["low"] = spec.low;
    json["high"] = spec.high;
  }
  if (spec.type == ParamType::kChoice) json["choices"] = spec.choices;
  json["help"] = spec.help;
  return json;
}

Json entry_json(const ModelEntry& entry) {
  Json params = Json::array();
  for (const auto& spec : entry.params) params.push_back(param_json(spec));
  Json tasks = Json::array();
  if (entry.traits.binary()) tasks.push_back("binary");
  if (entry.traits.rating) tasks.push_back("rating");
  if (entry.traits.ranking) tasks.push_back("ranking");
  if (entry.traits.multistate) tasks.push_back("multistate");
  return {{"name", entry.name},          {"title", entry.title},           {"family", entry.family},
          {"summary", entry.summary},    {"paper", entry.paper},           {"parents", entry.parents},
          {"params", std::move(params)}, {"on_request", entry.on_request}, {"tasks", std::move(tasks)}};
}

std::string allowed_text(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kReal:
    case ParamType::kInteger: return fmt::format("{:g} to {:g}", spec.low, spec.high);
    case ParamType::kFlag: return "true or false";
    case ParamType::kChoice: return fmt::format("{}", fmt::join(spec.choices, ", "));
    case ParamType::kText: return "text";
  }
  return {};
}

void print_entry(const ModelEntry& entry) {
  fmt::print("{}: {}\n  {}\n  family:  {}\n  paper:   {}\n", entry.name, entry.title, entry.summary, entry.family, entry.paper);
  if (!entry.parents.empty()) fmt::print("  builds on: {}\n", fmt::join(entry.parents, ", "));
  if (entry.params.empty()) return;
  fmt::print("  parameters:\n");
  size_t width = 0;
  for (const auto& spec : entry.params) width = std::max(width, spec.name.size());
  for (const auto& spec : entry.params) {
    fmt::print("    {:<{}}  {} (default {}; {})\n", spec.name, width, spec.help, spec.default_value.empty() ? "none" : spec.default_value,
               allowed_text(spec));
  }
}

// The zoo as a forest: a model stands under its first parent that is in the zoo.
void print_tree(std::span<const ModelEntry> entries, std::string_view parent, int depth) {
  for (const auto& entry : entries) {
    const auto known = std::find_if(entry.parents.begin(), entry.parents.end(), [&](const std::string& name) {
      return std::any_of(entries.begin(), entries.end(), [&](const ModelEntry& other) { return other.name == name && name != entry.name; });
    });
    const std::string_view under = known == entry.parents.end() ? std::string_view{} : *known;
    if (under != parent || depth > 16) continue;
    const std::string indented = fmt::format("{:{}}{}", "", depth * 2, entry.name);
    fmt::print("{:<20} {:<8} {}{}\n{:<30}{}\n", indented, entry.family, entry.summary, entry.on_request ? " *" : "", "", entry.paper);
    print_tree(entries, entry.name, depth + 1);
  }
}

int run(const Options& options) {
  if (!options.model.empty()) {
    const ModelEntry& entry = zoo::find(options.model);
    if (options.json) fmt::print("{}\n", dump_json(entry_json(entry)));
    else print_entry(entry);
    return 0;
  }
  if (options.json) {
    Json models = Json::array();
    for (const auto& entry : zoo::registry()) models.push_back(entry_json(entry));
    fmt::print("{}\n", dump_json({{"obligor", program_version()}, {"kind", "models"}, {"models", std::move(models)}}));
    return 0;
  }
  fmt::print("{:<20} {:<8} what it is, and its paper\n", "model", "family");
  print_tree(zoo::registry(), {}, 0);
  fmt::print("\nobligor models NAME shows a model's parameters. * takes long: compare fits it where it is named (--models {}, or --models all).\n",
             "NAME");
  return 0;
}

}  // namespace

Run setup_models(CLI::App& app, Globals& /*globals*/) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, "show this model and its parameters");
  app.add_flag("--json", options->json, "one JSON document on stdout");
  return [options] { return run(*options); };
}

}  // namespace obligor::cli
