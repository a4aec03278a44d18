#include "cli/model_options.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/toml_config.h"
#include "core/error.h"
#include "emit/native/native.h"
#include "zoo/bind.h"

namespace obligor::cli {
namespace {

struct Setting {
  std::string model;  // empty: the one that is asked for
  std::string name;
  std::string value;
};

Setting parse_setting(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t dot = text.find('.');
  const size_t start = dot == std::string::npos || dot > equals ? 0 : dot + 1;
  if (equals == std::string::npos || equals == start) {
    throw Error(ErrorCode::kInvalid, fmt::format("--param {}: MODEL.NAME=VALUE is wanted, as in dnn.layers=3", text));
  }
  return {start == 0 ? "" : text.substr(0, dot), text.substr(start, equals - start), text.substr(equals + 1)};
}

ModelRequest* find_request(std::vector<ModelRequest>& requests, const std::string& model) {
  const auto found = std::find_if(requests.begin(), requests.end(), [&](const auto& request) { return request.entry.name == model; });
  return found == requests.end() ? nullptr : &*found;
}

// One of a few names; another one is told as an unknown model is, with the near candidates.
template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& option, Value& value, std::vector<std::pair<std::string, Value>> choices,
                        const std::string& help) {
  const auto choose = [option, &value, choices = std::move(choices)](const std::string& given) {
    std::vector<std::string> names;
    for (const auto& [name, meant] : choices) {
      if (name == given) {
        value = meant;
        return;
      }
      names.push_back(name);
    }
    throw unknown_name("value of " + option, given, names);
  };
  return app.add_option_function<std::string>(option, choose, help)->type_name("NAME");
}

}  // namespace

void add_model_options(CLI::App& app, ModelOptions& options) {
  options.pipeline.executor = make_native;
  app.add_option("--param", options.params, "MODEL.NAME=VALUE, repeatable; `obligor models NAME` lists them")->group("Model");
  app.add_option(kModelTables, options.tables, "")->group("");
  app.add_option("--inner-folds", options.pipeline.inner_folds, "for early stopping and choice")
      ->check(CLI::Range(2, 50))
      ->capture_default_str()
      ->group("Model");
  app.add_flag("!--no-search", options.pipeline.search, "the model's defaults, without the choice among its candidates")->group("Model");
  app.add_option("--tune", options.pipeline.tune, "trials of Bayesian optimisation on the inner folds, for each model; default: what its row says")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N")
      ->group("Model");
  app.add_option("--tune-minutes", options.pipeline.tune_minutes, "a fit begins no new trial after so many minutes")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("MINUTES")
      ->group("Model");
  add_choice(app, "--tune-method", options.pipeline.tune_method, {{"bayes", TuneMethod::kBayes}, {"random", TuneMethod::kRandom}},
             "bayes, or random to compare with")
      ->group("Model");
  std::vector<std::pair<std::string, RejectMethod>> inference;
  for (const auto method :
       {RejectMethod::kNone, RejectMethod::kAugmentation, RejectMethod::kParcelling, RejectMethod::kFuzzy, RejectMethod::kHardCutoff}) {
    inference.emplace_back(reject_method_name(method), method);
  }
  add_choice(app, "--reject-inference", options.pipeline.reject.method, std::move(inference),
             "what rejected applications add to the fit: none, augmentation, parcelling, fuzzy or hard_cutoff; default: none")
      ->group(kRejectGroup);
  app.add_option("--reject-odds-factor", options.pipeline.reject.odds_factor,
                 "by how much the odds of bad are higher among rejected than among accepted applications that look the same")
      ->capture_default_str()
      ->group(kRejectGroup);
}

std::vector<ModelRequest> make_requests(const std::vector<std::string>& names, const ModelOptions& options, TaskKind task) {
  const auto entries = zoo::bound_registry();
  std::vector<std::string> known;
  known.reserve(entries.size());
  for (const auto& entry : entries) known.push_back(entry.name);
  const auto find_entry = [&](const std::string& name) -> const ModelEntry& {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == name; });
    if (found == entries.end()) throw unknown_name("model", name, known);
    return *found;
  };

  const auto takes = [&](const ModelEntry& entry) {
    if (task == TaskKind::kRating) return entry.traits.rating;
    if (task == TaskKind::kRanking) return entry.traits.ranking;
    if (task == TaskKind::kMultistate) return entry.traits.multistate;
    return entry.traits.binary();
  };
  std::vector<std::string> suited;
  for (const auto& entry : entries) {
    if (takes(entry)) suited.push_back(entry.name);
  }
  const bool all = names.size() == 1 && names.front() == "all";
  std::vector<std::string> usual;
  for (const auto& entry : entries) {
    if (takes(entry) && (all || !entry.on_request)) usual.push_back(entry.name);
  }
  std::vector<ModelRequest> requests;
  for (const auto& name : names.empty() || all ? usual : names) {
    if (find_request(requests, name) != nullptr) throw Error(ErrorCode::kInvalid, fmt::format("model '{}' is named twice; name it once", name));
    const ModelEntry& entry = find_entry(name);
    if (!takes(entry)) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("model '{}' does not take a {} task; these do: {}", name, task_kind_name(task), fmt::join(suited, ", ")));
    }
    requests.push_back({entry, {}});
  }
  for (const auto& text : options.tables) {
    const Setting setting = parse_setting(text);
    const std::pair<std::string, std::string> value{setting.name, setting.value};
    (void)make_params(find_entry(setting.model).params, std::array{value}, fmt::format("[models.{}]", setting.model));
    if (ModelRequest* request = find_request(requests, setting.model)) request->given.push_back(value);
  }
  for (const auto& text : options.params) {
    const Setting setting = parse_setting(text);
    if (setting.model.empty() && requests.size() != 1) {
      throw Error(ErrorCode::kInvalid, fmt::format("--param {}: MODEL.NAME=VALUE is wanted, as in dnn.layers=3", text));
    }
    ModelRequest* request = setting.model.empty() ? requests.data() : find_request(requests, setting.model);
    if (request == nullptr) {
      (void)find_entry(setting.model);
      throw Error(ErrorCode::kInvalid, fmt::format("--param {}: model '{}' does not take part; name it in --models", text, setting.model));
    }
    request->given.emplace_back(setting.name, setting.value);
  }
  for (const auto& request : requests) (void)parts_of(request.entry, request.given);
  return requests;
}

}  // namespace obligor::cli
