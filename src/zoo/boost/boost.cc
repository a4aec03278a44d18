#include "zoo/boost/boost.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <LightGBM/c_api.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/log.h"
#include "core/random.h"
#include "metric/roc.h"
#include "zoo/boost/tree_text.h"

namespace obligor::zoo {
namespace {

void check(int status, std::string_view what) {
  if (status != 0) throw Error(ErrorCode::kInternal, fmt::format("LightGBM failed to {}: {}", what, LGBM_GetLastError()));
}

// LightGBM prints to stdout unless told otherwise, and stdout is for results.
void route_log() {
  static std::once_flag once;
  std::call_once(once, [] { (void)LGBM_RegisterLogCallback([](const char* text) { log_debug(text); }); });
}

struct FreeDataset {
  void operator()(void* handle) const { (void)LGBM_DatasetFree(handle); }
};
struct FreeBooster {
  void operator()(void* handle) const { (void)LGBM_BoosterFree(handle); }
};
using Dataset = std::unique_ptr<void, FreeDataset>;
using Booster = std::unique_ptr<void, FreeBooster>;

int32_t size32(size_t value, std::string_view what) {
  if (value > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    throw Error(ErrorCode::kUnsupported, fmt::format("model 'lightgbm': {} {} are more than LightGBM takes (2147483647)", value, what));
  }
  return static_cast<int32_t>(value);
}

// "age:-,utilisation:+" to one sign a prepared column; empty when nothing is constrained.
std::vector<int> monotone_signs(const FitInput& input, const std::string& text) {
  if (text.empty()) return {};
  std::vector<int> signs(input.train.width, 0);
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string item = text.substr(begin, end - begin);
    begin = end + 1;
    item.erase(0, item.find_first_not_of(' '));
    item.erase(item.find_last_not_of(' ') + 1);
    const size_t colon = item.rfind(':');
    const std::string sign = colon == std::string::npos ? "" : item.substr(colon + 1);
    if (colon == 0 || (sign != "+" && sign != "-")) {
      throw Error(ErrorCode::kInvalid, fmt::format("model 'lightgbm': parameter 'monotone' holds '{}'; wanted is column:+ (risk may only rise with "
                                                   "it) or column:- (only fall), separated by commas",
                                                   item));
    }
    const std::string column = item.substr(0, colon);
    bool known = false;
    bool constrained = false;
    for (size_t i = 0; i < signs.size(); ++i) {
      if (input.feature_source[i] != column) continue;
      known = true;
      if (input.categorical[i] != 0) continue;
      signs[i] = sign == "+" ? 1 : -1;
      constrained = true;
    }
    if (!known) {
      std::vector<std::string> names(input.feature_source.begin(), input.feature_source.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
      throw Error(ErrorCode::kInvalid, fmt::format("model 'lightgbm': parameter 'monotone': {}", unknown_name("column", column, names).what()));
    }
    if (!constrained) {
      throw Error(ErrorCode::kInvalid, fmt::format("model 'lightgbm': parameter 'monotone': column '{}' is a category here; only numbers can be "
                                                   "constrained",
                                                   column));
    }
  }
  return signs;
}

std::string train_parameters(const FitInput& input, const Params& params, const Context& context) {
  const auto seed = static_cast<int32_t>(derive_seed(context.seed(), "lightgbm") & 0x7fffffffU);
  std::string text = fmt::format(
      "objective=binary boost_from_average=true metric=none verbosity=-1 num_threads=1 deterministic=true force_col_wise=true "
      "feature_pre_filter=false seed={} learning_rate={} num_leaves={} max_depth={} min_data_in_leaf={} lambda_l1={} lambda_l2={} "
      "min_gain_to_split={} path_smooth={} feature_fraction={} feature_fraction_bynode={} bagging_fraction={} bagging_freq={} extra_trees={} "
      "max_bin={} "
      "cat_smooth={} cat_l2={} min_data_per_group={}",
      seed, params.real("learning_rate"), params.integer("num_leaves"), params.integer("max_depth") == 0 ? -1 : params.integer("max_depth"),
      params.integer("min_child_samples"), params.real("lambda_l1"), params.real("lambda_l2"), params.real("min_split_gain"),
      params.real("path_smooth"), params.real("feature_fraction"), params.real("feature_fraction_bynode"), params.real("bagging_fraction"),
      params.real("bagging_fraction") < 1 ? 1 : 0, params.flag("extra_trees"), params.integer("max_bin"), params.real("cat_smooth"),
      params.real("cat_l2"), params.integer("cat_min_rows"));
  std::string categories;
  for (size_t i = 0; i < input.categorical.size(); ++i) {
    if (input.categorical[i] != 0) categories += fmt::format("{}{}", categories.empty() ? "" : ",", i);
  }
  if (!categories.empty()) text += " categorical_feature=" + categories;
  if (const std::vector<int> signs = monotone_signs(input, params.text("monotone")); !signs.empty()) {
    text += fmt::format(" monotone_constraints_method=intermediate monotone_constraints={}", fmt::join(signs, ","));
  }
  return text;
}

Dataset make_dataset(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight, const std::string& parameters,
                     const Dataset& reference) {
  void* handle = nullptr;
  const int32_t rows = size32(batch.rows, "rows");
  check(LGBM_DatasetCreateFromMat(batch.features.data(), C_API_DTYPE_FLOAT32, rows, size32(batch.width, "columns"), 1, parameters.c_str(),
                                  reference.get(), &handle),
        "bin the columns");
  Dataset dataset(handle);
  const std::vector<float> label(target.begin(), target.end());
  check(LGBM_DatasetSetField(handle, "label", label.data(), rows, C_API_DTYPE_FLOAT32), "take the target");
  if (!weight.empty()) {
    std::vector<float> weights(weight.size());
    std::transform(weight.begin(), weight.end(), weights.begin(), [](double w) { return static_cast<float>(w); });
    check(LGBM_DatasetSetField(handle, "weight", weights.data(), rows, C_API_DTYPE_FLOAT32), "take the weights");
  }
  return dataset;
}

double log_loss(std::span<const double> probability, std::span<const uint8_t> target, std::span<const double> weight) {
  double sum = 0;
  double total = 0;
  for (size_t i = 0; i < probability.size(); ++i) {
    const double w = weight.empty() ? 1.0 : weight[i];
    const double p = std::clamp(probability[i], 1e-15, 1 - 1e-15);
    sum -= w * std::log(target[i] != 0 ? p : 1 - p);
    total += w;
  }
  return sum / total;
}

// The probabilities that the booster holds for its training (0) or held-back (1) rows.
void current_predictions(const Booster& booster, int part, std::vector<double>& values) {
  int64_t length = 0;
  check(LGBM_BoosterGetPredict(booster.get(), part, &length, values.data()), "give its predictions");
}

bool has_both_classes(std::span<const uint8_t> target, std::span<const double> weight) {
  double sum[2] = {0, 0};
  for (size_t i = 0; i < target.size(); ++i) sum[target[i] != 0 ? 1 : 0] += weight.empty() ? 1.0 : weight[i];
  return sum[0] > 0 && sum[1] > 0;
}

// A report shows a curve some hundred points wide; thousands of iterations are thinned, the last one kept.
void thin(Learning& learning, size_t limit) {
  const size_t n = learning.epoch.size();
  if (n <= limit) return;
  const auto keep = [&](std::vector<double>& values) {
    for (size_t i = 0; i < limit; ++i) values[i] = values[i * (n - 1) / (limit - 1)];
    values.resize(limit);
  };
  keep(learning.epoch);
  keep(learning.train_loss);
  keep(learning.learning_rate);
  if (!learning.valid_loss.empty()) keep(learning.valid_loss);
  if (!learning.valid_auc.empty()) keep(learning.valid_auc);
}

class LightGbm final : public Model {
 public:
  LightGbm(const std::string& text, size_t width) : width_(width), trees_(read_lightgbm_text(text, "LightGBM's model")) {
    int iterations = 0;
    void* handle = nullptr;
    check(LGBM_BoosterLoadModelFromString(text.c_str(), &iterations, &handle), "read its own model");
    booster_.reset(handle);
  }

  [[nodiscard]] Scores predict(const Batch& batch) const override {
    if (batch.width != width_) {
      throw Error(ErrorCode::kInternal, fmt::format("model 'lightgbm' was fitted on {} columns and is given {}", width_, batch.width));
    }
    Scores scores{ScoreKind::kProbability, std::vector<double>(batch.rows)};
    if (batch.rows == 0) return scores;
    int64_t length = 0;
    check(LGBM_BoosterPredictForMat(booster_.get(), batch.features.data(), C_API_DTYPE_FLOAT32, size32(batch.rows, "rows"), size32(width_, "columns"),
                                    1, C_API_PREDICT_NORMAL, 0, -1, "num_threads=1 verbosity=-1", &length, scores.values.data()),
          "predict");
    return scores;
  }

  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    return {builder.trees(inputs.features, trees_), ScoreKind::kLogOdds};
  }

 private:
  size_t width_;
  TreeArrays trees_;
  Booster booster_;
};

}  // namespace

FitResult fit_lightgbm(const FitInput& input, const Params& params, const Context& context) {
  route_log();
  if (input.train.width == 0) throw Error(ErrorCode::kData, "model 'lightgbm': no column is left to train on");
  if (!has_both_classes(input.target, input.weight)) {
    throw Error(ErrorCode::kData, "model 'lightgbm': the training rows hold one class only; both good and bad rows are needed");
  }
  const std::string parameters = train_parameters(input, params, context);
  const Dataset train = make_dataset(input.train, input.target, input.weight, parameters, nullptr);
  Dataset valid;
  void* handle = nullptr;
  check(LGBM_BoosterCreate(train.get(), parameters.c_str(), &handle), "start");
  const Booster booster(handle);
  const bool has_valid = input.valid.rows > 0;
  if (has_valid) {
    valid = make_dataset(input.valid, input.valid_target, input.valid_weight, parameters, train);
    check(LGBM_BoosterAddValidData(booster.get(), valid.get()), "take the held-back part");
  }
  const bool rank_valid = has_valid && has_both_classes(input.valid_target, input.valid_weight);
  const bool by_auc = rank_valid && params.text("stop_metric") == "auc";

  const double learning_rate = params.real("learning_rate");
  int64_t limit = params.integer("max_iterations");
  if (!has_valid) limit = std::min(limit, static_cast<int64_t>(std::lround(5.0 / learning_rate)));
  const int64_t patience = params.integer("early_stopping");

  FitResult result;
  Learning learning;
  std::vector<double> train_probability(input.train.rows);
  std::vector<double> valid_probability(input.valid.rows);
  double best = -std::numeric_limits<double>::infinity();
  int64_t best_iteration = 0;
  for (int64_t iteration = 1; iteration <= limit; ++iteration) {
    context.check_cancelled();
    int finished = 0;
    check(LGBM_BoosterUpdateOneIter(booster.get(), &finished), "grow a tree");
    if (finished != 0) break;  // no split gains anything any more
    current_predictions(booster, 0, train_probability);
    learning.epoch.push_back(static_cast<double>(iteration));
    learning.train_loss.push_back(log_loss(train_probability, input.target, input.weight));
    learning.learning_rate.push_back(learning_rate);
    auto quality = static_cast<double>(iteration);
    if (has_valid) {
      current_predictions(booster, 1, valid_probability);
      learning.valid_loss.push_back(log_loss(valid_probability, input.valid_target, input.valid_weight));
      if (rank_valid) learning.valid_auc.push_back(metric::auc(valid_probability, input.valid_target, input.valid_weight));
      quality = by_auc ? learning.valid_auc.back() : -learning.valid_loss.back();
    }
    if (quality > best) {
      best = quality;
      best_iteration = iteration;
    } else if (iteration - best_iteration >= patience) {
      break;
    }
  }

  int trained = 0;
  check(LGBM_BoosterGetCurrentIteration(booster.get(), &trained), "count its trees");
  if (best_iteration == 0) {
    best_iteration = trained;
    result.report.notes.emplace_back("no column splits the training rows: the score is the same for every row");
  }
  const int kept = static_cast<int>(best_iteration);
  int64_t length = 0;
  check(LGBM_BoosterSaveModelToString(booster.get(), 0, kept, C_API_FEATURE_IMPORTANCE_GAIN, 0, &length, nullptr), "write its model");
  std::string text(static_cast<size_t>(length), '\0');
  check(LGBM_BoosterSaveModelToString(booster.get(), 0, kept, C_API_FEATURE_IMPORTANCE_GAIN, length, &length, text.data()), "write its model");
  text.resize(static_cast<size_t>(length) - 1);  // without the closing zero
  result.report.importance.resize(input.train.width);
  check(LGBM_BoosterFeatureImportance(booster.get(), kept, C_API_FEATURE_IMPORTANCE_GAIN, result.report.importance.data()), "weigh its columns");
  result.report.details["iterations"] = best_iteration;
  result.report.details["trained_iterations"] = trained;
  if (has_valid && best_iteration == params.integer("max_iterations")) {
    result.report.notes.push_back(fmt::format("still improving after {} iterations; raise max_iterations or learning_rate", best_iteration));
  }
  thin(learning, 256);
  result.report.learning.push_back(std::move(learning));
  result.model = std::make_unique<LightGbm>(text, input.train.width);
  return result;
}

}  // namespace obligor::zoo
