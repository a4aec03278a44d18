// obligor inspect: what is inside a bundle, as text or JSON. Reads the bundle alone; light.
#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bundle/bundle.h"
#include "cli/commands.h"
#include "core/json.h"
#include "plan/plan.h"

namespace obligor::cli {
namespace {

struct Options {
  std::string bundle;
  bool plan = false;
  bool json = false;
};

size_t constant_bytes(const Constant& constant) {
  struct Bytes {
    size_t operator()(const std::vector<float>& values) const { return values.size() * sizeof(float); }
    size_t operator()(const std::vector<int32_t>& values) const { return values.size() * sizeof(int32_t); }
    size_t operator()(const std::vector<uint8_t>& values) const { return values.size(); }
    size_t operator()(const std::vector<std::string>& values) const {
      size_t bytes = 0;
      for (const auto& value : values) bytes += value.size();
      return bytes;
    }
  };
  return std::visit(Bytes(), constant.data);
}

Json plan_json(const ScorePlan& plan) {
  std::map<Op, size_t> counts;
  for (const Node& node : plan.nodes) ++counts[node.op];
  Json ops = Json::object();
  for (const auto& [op, count] : counts) ops[std::string(op_name(op))] = count;
  size_t bytes = 0;
  for (const Constant& constant : plan.constants) bytes += constant_bytes(constant);
  Json outputs = Json::array();
  for (const auto& output : plan.outputs) outputs.push_back(output.name);
  return {{"version", plan.version},
          {"inputs", plan.inputs.size()},
          {"nodes", plan.nodes.size()},
          {"ops", ops},
          {"constants", plan.constants.size()},
          {"constant_bytes", bytes},
          {"outputs", outputs}};
}

Json inspect_json(const Options& options, const Bundle& bundle) {
  Json document{{"obligor", program_version()},
                {"kind", "inspect"},
                {"bundle", options.bundle},
                {"format", kBundleVersion},
                {"card", bundle.card},
                {"task", bundle.task},
                {"dictionary", bundle.dictionary},
                {"fingerprint", bundle.fingerprint},
                {"metrics", bundle.metrics},
                {"reference", bundle.reference},
                {"policy", bundle.policy},
                {"plan", plan_json(bundle.plan)}};
  if (!bundle.proof.empty()) document["proof"] = bundle.proof;
  if (options.plan) document["plan"]["dump"] = dump(bundle.plan);
  return document;
}

// A value as a person reads it. A bundle's parts are data from a file: every one may be absent or of another type.
std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_null()) return "-";
  if (value.is_array()) {
    std::vector<std::string> items;
    for (const auto& item : value) items.push_back(text_of(item));
    return fmt::format("{}", fmt::join(items, ", "));
  }
  if (value.is_object()) {
    std::vector<std::string> items;
    for (const auto& [key, item] : value.items()) items.push_back(fmt::format("{} {}", key, text_of(item)));
    return fmt::format("{}", fmt::join(items, ", "));
  }
  return value.dump();
}

const Json& part(const Json& object, const char* key) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

double number(const Json& value) { return value.is_number() ? value.get<double>() : 0; }

std::string percent(const Json& share) { return share.is_number() ? fmt::format("{:.1f} %", 100 * share.get<double>()) : "-"; }

void heading(std::string_view text) { fmt::print("\n{}\n", text); }

void row(std::string_view name, const Json& value) {
  if (!value.is_null()) fmt::print("  {:<18} {}\n", name, text_of(value));
}

// Code points, not bytes, so that columns stand straight; at most `width`.
std::string fitted(const std::string& text, size_t width) {
  std::string shown;
  size_t count = 0;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (starts && ++count > width) return shown.substr(0, shown.size()) + "…";
    shown += c;
  }
  return shown + std::string(width + 1 - std::min(width, count), ' ');
}

std::string range_of(const Json& input) {
  if (!part(input, "levels").is_null()) return fmt::format("{} levels", text_of(part(input, "levels")));
  if (!part(input, "min").is_null()) return fmt::format("{} to {}", text_of(part(input, "min")), text_of(part(input, "max")));
  return "-";
}

void print_dictionary(const Json& dictionary) {
  heading("inputs");
  size_t width = 4;
  for (const auto& input : dictionary) width = std::max(width, text_of(part(input, "name")).size());
  width = std::min<size_t>(width, 48);
  fmt::print("  {} {:<9} {:>8}  {:<26} {}\n", fitted("name", width), "kind", "missing", "range", "reference");
  for (const auto& input : dictionary) {
    fmt::print("  {} {:<9} {:>8}  {:<26} {}\n", fitted(text_of(part(input, "name")), width), text_of(part(input, "kind")),
               percent(part(input, "missing")), range_of(input), text_of(part(input, "reference")));
  }
}

void print_metrics(const Json& metrics) {
  const Json& values = part(metrics, "values");
  if (!values.is_object() || values.empty()) {
    heading("metrics: none (the bundle was made without an estimate)");
    return;
  }
  heading(fmt::format("metrics out of fold: {}, {} rows", text_of(part(part(metrics, "split"), "detail")), text_of(part(metrics, "rows"))));
  for (const auto& [name, metric] : values.items()) {
    fmt::print("  {:<18} {:.4f}  [{:.4f}, {:.4f}]\n", name, number(part(metric, "value")), number(part(metric, "low")), number(part(metric, "high")));
  }
}

// The card as a committee reads it: characteristics with their attributes and points.
void print_scorecard(const Json& card) {
  const Json& characteristics = part(card, "characteristics");
  if (!characteristics.is_array()) return;
  heading(fmt::format("scorecard: {} characteristics, {} attributes, {} to {} points", characteristics.size(), text_of(part(card, "attributes")),
                      text_of(part(card, "points_low")), text_of(part(card, "points_high"))));
  constexpr size_t kWidth = 44;
  fmt::print("  {} {:>7} {:>8} {:>8} {:>9}\n", fitted("", kWidth), "points", "share", "bad rate", "WoE");
  for (const auto& characteristic : characteristics) {
    fmt::print("  {} IV {}\n", text_of(part(characteristic, "name")), text_of(part(characteristic, "iv")));
    const Json& attributes = part(characteristic, "attributes");
    if (!attributes.is_array()) continue;
    for (const auto& attribute : attributes) {
      fmt::print("    {} {:>5.0f} {:>8} {:>8} {:>9.3f}\n", fitted(text_of(part(attribute, "label")), kWidth), number(part(attribute, "points")),
                 percent(part(attribute, "share")), percent(part(attribute, "event_rate")), number(part(attribute, "woe")));
    }
  }
  const Json& dropped = part(card, "dropped");
  if (!dropped.is_array() || dropped.empty()) return;
  fmt::print("  left out:\n");
  for (const auto& gone : dropped) fmt::print("    {} {}\n", fitted(text_of(part(gone, "name")), 30), text_of(part(gone, "reason")));
}

void print_plan(const Json& plan) {
  heading(fmt::format("plan: {} nodes, {} constants, {:.1f} KiB; outputs {}", text_of(plan["nodes"]), text_of(plan["constants"]),
                      number(plan["constant_bytes"]) / 1024, text_of(plan["outputs"])));
  for (const auto& [name, count] : plan["ops"].items()) fmt::print("  {:<18} {}\n", name, count.dump());
}

void print_bundle(const Bundle& bundle, const Json& plan) {
  const Json& card = bundle.card;
  fmt::print("{}: {}\n", text_of(part(card, "model")), text_of(part(card, "title")));
  row("paper", part(card, "paper"));
  heading("task");
  for (const char* key : {"kind", "target", "positive", "rows", "bad"}) row(key, part(bundle.task, key));
  fmt::print("  {:<18} {}\n", "bad rate", percent(part(bundle.task, "bad_rate")));
  for (const char* key : {"time", "weight", "group", "ids", "protect", "ignore"}) row(key, part(bundle.task, key));
  print_metrics(bundle.metrics);
  heading("parameters");
  if (part(card, "params").is_object()) {
    for (const auto& [name, value] : card["params"].items()) {
      if (name != "candidates") row(name, value);
    }
  }
  print_dictionary(bundle.dictionary);
  print_scorecard(part(part(card, "details"), "scorecard"));
  const Json& importance = part(card, "importance");
  if (importance.is_array() && !importance.empty()) {
    heading("importance");
    for (const auto& feature : importance) fmt::print("  {:>7}  {}\n", percent(part(feature, "share")), text_of(part(feature, "feature")));
  }
  heading("trained from");
  for (const char* key : {"source", "rows", "digest", "seed", "command", "obligor"}) row(key, part(bundle.fingerprint, key));
  heading("scores of the training rows");
  row("mean probability", part(bundle.reference, "mean_probability"));
  row("deciles", part(bundle.reference, "score_deciles"));
  heading("policy");
  for (const auto& [name, value] : bundle.policy.items()) row(name, value);
  if (part(card, "notes").is_array()) {
    for (const auto& note : card["notes"]) fmt::print("\nnote: {}\n", text_of(note));
  }
  print_plan(plan);
}

int run(const Options& options) {
  const Bundle bundle = load_bundle(options.bundle);
  if (options.json) {
    fmt::print("{}\n", dump_json(inspect_json(options, bundle)));
    return 0;
  }
  print_bundle(bundle, plan_json(bundle.plan));
  if (options.plan) fmt::print("\n{}", dump(bundle.plan));
  return 0;
}

}  // namespace

Run setup_inspect(CLI::App& app, Globals& /*globals*/) {
  auto options = std::make_shared<Options>();
  app.add_option("bundle", options->bundle, "what train or compare --save wrote")->required();
  app.add_flag("--plan", options->plan, "every node of the plan too");
  app.add_flag("--json", options->json, "one JSON document on stdout");
  return [options] { return run(*options); };
}

}  // namespace obligor::cli
