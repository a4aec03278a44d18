#include "conformance.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "plan/executor.h"
#include "zoo/bind.h"

namespace obligor::conformance {
namespace {

// A parameter by name and the value that suits a purpose, held to the declared range.
struct Wish {
  std::string_view name;
  double value;
};

constexpr Wish kFew[] = {{"epochs", 3},          {"steps", 20},  {"ensemble", 2},     {"members", 2},      {"hidden", 8},
                         {"units", 8},           {"trees", 10},  {"rounds", 10},      {"batch", 64},       {"max_iterations", 15},
                         {"pretrain_steps", 10}, {"filters", 8}, {"vector_width", 8}, {"vector_epochs", 1}};
constexpr Wish kMany[] = {{"epochs", 1e18},   {"steps", 1e18},          {"trees", 1e18}, {"rounds", 1e18},       {"max_iterations", 1e18},
                          {"patience", 1e18}, {"early_stopping", 1e18}, {"batch", 64},   {"learning_rate", 1e-4}};
constexpr Wish kWhole[] = {{"bagging_fraction", 1}, {"feature_fraction", 1},  {"subsample", 1},        {"colsample", 1},
                           {"dropout", 0},          {"min_child_samples", 1}, {"min_samples_leaf", 1}, {"early_stopping", 1e18}};

// Nothing that folds of the rows choose: a row twice may fall in two folds.
const ParamValues kWithoutFolds{{"prune", "none"}};

ParamValues grant(const ModelEntry& entry, std::span<const Wish> wishes) {
  ParamValues values;
  for (const ParamSpec& spec : entry.params) {
    if (spec.type != ParamType::kReal && spec.type != ParamType::kInteger) continue;
    for (const Wish& wish : wishes) {
      if (spec.name != wish.name) continue;
      const double value = std::clamp(wish.value, spec.low, spec.high);
      values.emplace_back(spec.name, spec.type == ParamType::kInteger ? fmt::format("{:.0f}", value) : fmt::format("{}", value));
    }
  }
  return values;
}

std::vector<uint8_t> targets_of(const Task& task, Rows rows) {
  std::vector<uint8_t> values;
  values.reserve(rows.size());
  for (const uint32_t row : rows) values.push_back(task.target[row]);
  return values;
}

// NaN is equal to itself here.
bool same_bytes(const Design& a, const Design& b) {
  return a.codes == b.codes && std::equal(a.features.begin(), a.features.end(), b.features.begin(), b.features.end(),
                                          [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

Context one_thread(uint64_t seed) { return Context({.seed = seed, .threads = 1}); }

ParamValues small(const ModelEntry& entry) {
  // A convex fit is to be the optimum, not what some steps reach.
  return entry.traits.deterministic_convex ? ParamValues{} : grant(entry, kFew);
}

ParamValues endless(const ModelEntry& entry) { return grant(entry, kMany); }

ParamValues without_sampling(const ModelEntry& entry) {
  ParamValues values = grant(entry, kWhole);
  for (const ParamSpec& spec : entry.params) {
    for (const auto& [name, value] : kWithoutFolds) {
      if (spec.name == name && std::find(spec.choices.begin(), spec.choices.end(), value) != spec.choices.end()) values.emplace_back(name, value);
    }
  }
  return values;
}

bool chooses_by_folds(const ModelEntry& entry) {
  const auto has = [&](std::string_view name) {
    return std::any_of(entry.params.begin(), entry.params.end(), [&](const ParamSpec& spec) { return spec.name == name; });
  };
  return has("folds") && std::none_of(kWithoutFolds.begin(), kWithoutFolds.end(), [&](const auto& way) { return has(way.first); });
}

namespace {

// What a borrower writes follows the salary alone, which every check may change by itself.
Column notes(const Book& book) {
  const std::vector<std::string> words{"rent", "car", "debt", "school", "house", "repair"};
  TextData text;
  text.offsets.push_back(0);
  for (size_t i = 0; i < book.rows(); ++i) {
    const float salary = book.salary[i];
    const bool known = std::isfinite(salary) && salary > 0;
    const auto size = known ? static_cast<size_t>(std::log1p(static_cast<double>(salary))) : 0;
    for (size_t w = 0; known && w < size % 7; ++w) text.bytes += words[(size + w * w + i) % words.size()] + (w % 2 == 0 ? " " : ", ");
    text.offsets.push_back(text.bytes.size());
    text.missing.push_back(known ? 0 : 1);
  }
  return {"note", std::move(text)};
}

}  // namespace

Loans loans_of(const Book& book) {
  SplitSpec split;
  split.folds = 3;
  Loans loans = to_loans(book, study_test::bad_is_yes(), split, kSeed);
  loans.table = loans.table.with_column(notes(book));
  loans.task = make_task(loans.table, study_test::bad_is_yes());
  return loans;
}

FittedPipeline fit_small(const ModelEntry& entry, const Loans& loans, const Context& context) {
  PipelineOptions options;
  options.inner_folds = 2;
  options.search = false;
  return fit_pipeline(entry, small(entry), loans.table, loans.task, loans.split, loans.split.folds[0].train, options, context);
}

Fit::Fit(const ModelEntry& entry, const Loans& loans, const ParamValues& values, const Context& context) {
  const Params params = make_params(entry.params, values, entry.name);
  const Fold& fold = loans.split.folds[0];
  auto [prep, design] = Preprocessor::fit_transform(loans.table, loans.task, fold.train, entry.prep(params), context);
  train_ = std::move(design);
  target_ = targets_of(loans.task, fold.train);
  const auto valid_target = targets_of(loans.task, fold.test);
  FitInput input;
  input.train = train_.batch();
  input.target = target_;
  if (entry.traits.early_stopping) {
    valid_ = prep.apply(loans.table, fold.test);
    input.valid = valid_.batch();
    input.valid_target = valid_target;
  }
  input.feature_names = prep.feature_names();
  input.code_levels = prep.code_levels();
  input.categorical = prep.categorical();
  input.feature_source = prep.feature_source();
  input.feature_levels = prep.feature_levels();
  input.binnings = prep.binnings();
  input.feature_binning = prep.feature_binning();
  input.groups = prep.groups();
  train_before_ = train_;
  valid_before_ = valid_;
  target_before_ = target_;
  result_ = entry.fit(input, params, context);

  PlanBuilder builder;
  const auto nodes = prep.lower(builder);
  const Lowered lowered = result_.model->lower(builder, {nodes.features, nodes.codes});
  builder.output("probability", lowered.kind == ScoreKind::kProbability ? lowered.node : builder.activate(lowered.node, "sigmoid"));
  plan_ = builder.build();
}

std::vector<double> Fit::predict(const Batch& batch) const {
  Scores scores = result_.model->predict(batch);
  EXPECT_EQ(scores.kind, ScoreKind::kProbability);
  return std::move(scores.values);
}

bool Fit::inputs_untouched() const { return same_bytes(train_, train_before_) && same_bytes(valid_, valid_before_) && target_ == target_before_; }

std::vector<double> probabilities(const ScorePlan& plan, const Table& table) { return score(plan, table, all_rows(table.rows())); }

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (std::isnan(a[i]) != std::isnan(b[i])) return std::numeric_limits<double>::infinity();
    if (!std::isnan(a[i])) largest = std::max(largest, std::fabs(a[i] - b[i]));
  }
  return largest;
}

void expect_probabilities(const std::vector<double>& values) {
  for (const double p : values) ASSERT_TRUE(p >= 0 && p <= 1) << p;
}

FitInput Numbers::input(size_t valid_rows) const {
  FitInput in;
  in.train.rows = rows();
  in.train.width = width;
  in.train.features = x;
  in.target = y;
  in.weight = weight;
  if (valid_rows > 0) {
    in.valid.rows = valid_rows;
    in.valid.width = width;
    in.valid.features = std::span(x).first(valid_rows * width);
    in.valid_target = std::span(y).first(valid_rows);
    if (!weight.empty()) in.valid_weight = std::span(weight).first(valid_rows);
  }
  in.feature_names = names;
  in.feature_source = names;
  in.categorical = categorical;
  in.groups = groups;
  return in;
}

Numbers make_numbers(size_t rows, size_t width, uint64_t seed, size_t words) {
  Random random(seed, "numbers");
  Numbers numbers;
  numbers.width = width + words;
  numbers.categorical.assign(numbers.width, 0);
  for (size_t c = 0; c < width; ++c) numbers.names.push_back(fmt::format("x{}", c));
  for (size_t r = 0; r < rows; ++r) {
    double z = -0.5;
    for (size_t c = 0; c < width; ++c) {
      const double value = (static_cast<double>(random.below(12)) - 5.5) / 4;
      numbers.x.push_back(static_cast<float>(value));
      z += (c % 2 == 0 ? 1.0 : -0.7) * value;
    }
    // Words that say a little, NaN after the last.
    const uint64_t length = words > 0 ? random.below(words + 1) : 0;
    for (uint64_t t = 0; t < words; ++t) {
      const uint64_t id = random.below(5);
      numbers.x.push_back(t < length ? static_cast<float>(id) : kMissing);
      if (t < length) z += id == 0 ? 0.5 : (id == 1 ? -0.5 : 0.0);
    }
    numbers.y.push_back(random.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  for (size_t t = 0; t < words; ++t) numbers.names.push_back(fmt::format("note (word {})", t + 1));
  if (words > 0) {
    numbers.groups.push_back(
        {.kind = FeatureGroup::Kind::kText, .name = "note", .first = width, .steps = words, .words = {"a", "b", "c", "d", "(any other)"}});
  }
  return numbers;
}

// A blend has no fit of its own: study/pipeline_test.cc holds it. Models of pairs and of states have other contracts: zoo/recsys and study/recommend,
// zoo/survival and study/transition hold them.
std::vector<ModelEntry> models_that_fit() {
  auto entries = zoo::bound_registry();
  std::erase_if(entries, [](const auto& entry) { return !entry.parts.empty() || !entry.traits.binary(); });
  return entries;
}

INSTANTIATE_TEST_SUITE_P(Zoo, Conformance, testing::ValuesIn(models_that_fit()), [](const auto& tested) { return tested.param.name; });

}  // namespace obligor::conformance
