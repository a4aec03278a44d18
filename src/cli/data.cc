// obligor data: the registry of public credit data (list, info, get); simulate has a file of its own.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/data_simulate.h"
#include "core/json.h"
#include "table/fetch.h"
#include "table/registry.h"

namespace obligor::cli {
namespace {

constexpr size_t kLabelWidth = 11;
constexpr size_t kLineWidth = 110;

struct Options {
  std::string name;
  std::vector<std::string> mirrors;
  std::string to;
  bool json = false;
};

std::string local_path(const DataSet& set, const std::vector<std::string>& mirrors) {
  for (const std::string& mirror : mirrors) {
    if (const auto file = find_local(set, mirror)) return file->string();
  }
  const auto file = find_local(set, {});
  return file ? file->string() : "";
}

std::string with_commas(uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

Json read_json(const ReadOptions& read) {
  Json json = Json::object();
  if (!read.format.empty()) json["format"] = read.format;
  if (!read.delimiter.empty()) json["delimiter"] = read.delimiter;
  if (!read.header) json["header"] = false;
  if (read.skip_lines > 0) json["skip_lines"] = read.skip_lines;
  if (!read.column_names.empty()) json["columns"] = read.column_names;
  if (!read.null_strings.empty()) json["null"] = read.null_strings;
  if (!read.categories.empty()) json["categories"] = read.categories;
  if (!read.numbers.empty()) json["numbers"] = read.numbers;
  if (!read.dates.empty()) json["dates"] = read.dates;
  if (!read.texts.empty()) json["texts"] = read.texts;
  if (!read.select.empty()) json["select"] = read.select;
  return json;
}

Json task_spec_json(const TaskSpec& task) {
  Json json{{"kind", task_kind_name(task.kind)}, {"target", task.target}, {"positive", task.positive}};
  if (!task.ids.empty()) json["id"] = task.ids;
  if (!task.time.empty()) json["time"] = task.time;
  if (!task.group.empty()) json["group"] = task.group;
  if (!task.protect.empty()) json["protect"] = task.protect;
  if (!task.ignore.empty()) json["ignore"] = task.ignore;
  if (task.cost_false_negative > 0)
    json["costs"] = {{"bad_taken_as_good", task.cost_false_negative}, {"good_taken_as_bad", task.cost_false_positive}};
  return json;
}

Json set_json(const DataSet& set, const std::string& local) {
  Json json{{"name", set.name},   {"title", set.title},         {"task", task_spec_json(set.task)},
            {"rows", set.rows},   {"licence", set.licence},     {"source", set.citation},
            {"urls", set.urls},   {"file", set.file},           {"sha256", set.sha256},
            {"leaks", set.leaks}, {"read", read_json(set.read)}};
  json["local"] = local.empty() ? Json() : Json(local);
  return json;
}

int run_list(const Options& options) {
  if (options.json) {
    Json sets = Json::array();
    for (const DataSet& set : data_sets()) sets.push_back(set_json(set, local_path(set, options.mirrors)));
    fmt::print("{}\n", dump_json({{"obligor", program_version()}, {"kind", "data_list"}, {"sets", std::move(sets)}}));
    return 0;
  }
  size_t width = 4;
  for (const DataSet& set : data_sets()) width = std::max(width, set.name.size());
  fmt::print("{:<{}}  {:>6}  {:<6}  {:<6}  what it is\n", "set", width, "rows", "task", "where");
  for (const DataSet& set : data_sets()) {
    const char* where = !local_path(set, options.mirrors).empty() ? "here" : set.urls.empty() ? "mirror" : "get";
    fmt::print("{:<{}}  {:>6}  {:<6}  {:<6}  {}\n", set.name, width, with_commas(set.rows), task_kind_name(set.task.kind), where, set.title);
  }
  fmt::print(
      "\n"
      "here    on this machine: 'obligor compare NAME' reads it\n"
      "get     'obligor data get NAME' downloads it\n"
      "mirror  no public address has these bytes: name a mirror with --mirror\n"
      "'obligor data info NAME' shows licence, source and what leaks.\n");
  return 0;
}

// "  label      text", with the text broken at blanks and indented below itself.
void print_line(std::string_view label, std::string_view text) {
  const size_t room = kLineWidth - kLabelWidth - 2;
  std::string_view shown = label;
  while (!text.empty()) {
    size_t end = text.size();
    if (end > room) {
      end = text.rfind(' ', room);
      if (end == std::string_view::npos || end == 0) end = std::min(text.find(' '), text.size());
    }
    fmt::print("  {:<{}}{}\n", shown, kLabelWidth, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    shown = "";
  }
}

void print_names(std::string_view label, const std::vector<std::string>& names) {
  if (!names.empty()) print_line(label, fmt::format("{}", fmt::join(names, ", ")));
}

void print_read(const ReadOptions& read) {
  std::string how = read.format.empty() ? "by the file's ending" : read.format;
  if (!read.delimiter.empty()) how += fmt::format(", delimiter '{}'", read.delimiter);
  if (!read.header) how += ", no header";
  if (read.skip_lines > 0) how += fmt::format(", the first {} line(s) skipped", read.skip_lines);
  if (!read.null_strings.empty()) how += fmt::format(", missing: {}", fmt::join(read.null_strings, " "));
  print_line("read", how);
  print_names("columns", read.column_names);
  print_names("categories", read.categories);
  print_names("numbers", read.numbers);
  print_names("dates", read.dates);
  print_names("texts", read.texts);
  if (!read.select.empty()) print_line("select", read.select);
}

int run_info(const Options& options) {
  const DataSet& set = find_data_set(options.name);
  const std::string local = local_path(set, options.mirrors);
  if (options.json) {
    Json json{{"obligor", program_version()}, {"kind", "data_info"}};
    json.update(set_json(set, local));
    fmt::print("{}\n", dump_json(json));
    return 0;
  }
  fmt::print("{}: {}\n", set.name, set.title);
  print_line("rows", with_commas(set.rows));
  print_line("task", fmt::format("{}; target {}, bad is {}", task_kind_name(set.task.kind), set.task.target, set.task.positive));
  print_names("keys", set.task.ids);
  if (!set.task.time.empty()) print_line("time", set.task.time);
  if (!set.task.group.empty()) print_line("group", set.task.group + " (its rows are kept together)");
  print_names("protected", set.task.protect);
  print_names("left out", set.task.ignore);
  if (set.task.cost_false_negative > 0) {
    print_line("costs",
               fmt::format("a bad taken as good {:g}, a good taken as bad {:g}", set.task.cost_false_negative, set.task.cost_false_positive));
  }
  print_line("leaks", set.leaks.empty() ? "none known" : set.leaks);
  print_line("source", set.citation);
  print_line("licence", set.licence);
  print_read(set.read);
  print_line("file", set.file + " in a mirror");
  print_line("sha256", set.sha256 + " (unpacked)");
  for (const std::string& url : set.urls) print_line("address", url);
  if (set.urls.empty()) print_line("address", "none that gives these bytes; from a mirror alone");
  print_line("here", local.empty() ? "no; obligor data get " + set.name : local);
  print_line("use", "obligor compare " + set.name);
  return 0;
}

int run_get(const Options& options, const Globals& globals) {
  const DataSet& set = find_data_set(options.name);
  const Fetched got = fetch_data_set(set, {options.mirrors, options.to}, globals.context());
  if (options.json) {
    fmt::print("{}\n", dump_json({{"obligor", program_version()},
                                  {"kind", "data_get"},
                                  {"name", set.name},
                                  {"path", got.path.string()},
                                  {"from", got.from},
                                  {"already", got.already},
                                  {"sha256", set.sha256}}));
    return 0;
  }
  fmt::print("{}: {} ({}, sha256 verified)\n", set.name, got.path.string(), got.already ? "was there" : "from " + got.from);
  fmt::print("licence: {}; source: {}\n", set.licence, set.citation);
  if (!set.leaks.empty()) fmt::print("careful: {}\n", set.leaks);
  if (options.to.empty()) {
    fmt::print("use: obligor compare {}\n", set.name);
  } else {
    fmt::print("use: obligor compare {} --mirror {}\n", set.name, options.to);
  }
  return 0;
}

CLI::App* add(CLI::App& app, const char* name, const char* help) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->fallthrough();
  sub->set_help_flag("--help,-h", "this help");
  return sub;
}

}  // namespace

Run setup_data(CLI::App& app, Globals& globals) {
  app.require_subcommand(1);
  auto options = std::make_shared<Options>();
  const CLI::App* list = add(app, "list", "what the registry knows, and what is on this machine");
  const CLI::App* info = add(app, "info", "one set: task, source, licence, how it is read, what leaks");
  const CLI::App* get = add(app, "get", "verify a set that is here, or download and verify it");
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub != list) sub->add_option("name", options->name, "of the set; see obligor data list")->required();
    sub->add_option("--mirror", options->mirrors,
                    sub == get ? "a folder or an http(s) address that holds the registry's files; may be repeated"
                               : "a folder that holds the registry's files; may be repeated");
    if (sub == get) sub->add_option("--to", options->to, "the folder to put the file into; default: a cache in the home folder");
    sub->add_flag("--json", options->json, "one JSON document on stdout");
  }
  CLI::App* made = add(app, "simulate", "a bank of any size with the true PD of every loan, by seed");
  const Run simulate = setup_data_simulate(*made, globals);
  return [options, &globals, list, info, made, simulate] {
    if (made->parsed()) return simulate();
    if (list->parsed()) return run_list(*options);
    return info->parsed() ? run_info(*options) : run_get(*options, globals);
  };
}

}  // namespace obligor::cli
