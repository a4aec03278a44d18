#include "prep/preprocessor.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "prep/fitted.h"
#include "prep/text.h"

namespace obligor {

using prep::Block;
using prep::TargetStatistic;
using prep::Vocabulary;

struct Preprocessor::Fitted {
  ScorePlan plan;
  std::unique_ptr<Executor> executor;
  std::vector<std::string> names;
  std::vector<std::string> sources;
  std::vector<uint8_t> categorical;
  std::vector<uint8_t> days;
  std::vector<std::vector<std::string>> feature_levels;
  std::vector<uint32_t> code_levels;
  std::vector<Binning> binnings;
  std::vector<int32_t> feature_binning;
  std::vector<FeatureGroup> groups;
};

namespace {

// Training values of a prepared column that differ from what the plan gives (ordered target statistics).
struct Ordered {
  size_t column = 0;
  std::vector<float> values;
};

struct PairChoice {
  size_t first = 0;
  size_t second = 0;
  double gain = 0;
};

// Of the target under given log-odds against the prior, in nats a row. What a pair gains is this over the better of its two members.
double log_likelihood(const std::vector<float>& log_odds, std::span<const uint8_t> target, double prior_log_odds) {
  double total = 0;
  for (size_t i = 0; i < log_odds.size(); ++i) {
    const double z = static_cast<double>(log_odds[i]) + prior_log_odds;
    total -= std::log1p(std::exp(target[i] != 0 ? -z : z));
  }
  return total / static_cast<double>(std::max<size_t>(1, log_odds.size()));
}

// The codes of a pair of vocabularies among the training rows, numbered by first appearance.
struct PairCodes {
  std::vector<int32_t> triples;
  std::vector<int32_t> row_codes;
  uint32_t pairs = 0;
};

PairCodes pair_codes(const Vocabulary& a, const Vocabulary& b) {
  PairCodes result;
  std::unordered_map<uint64_t, int32_t> known;
  result.row_codes.reserve(a.row_codes.size());
  for (size_t i = 0; i < a.row_codes.size(); ++i) {
    const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(a.row_codes[i])) << 32U | static_cast<uint32_t>(b.row_codes[i]);
    const auto [found, added] = known.try_emplace(key, static_cast<int32_t>(result.pairs));
    if (added) {
      result.triples.insert(result.triples.end(), {a.row_codes[i], b.row_codes[i], static_cast<int32_t>(result.pairs)});
      ++result.pairs;
    }
    result.row_codes.push_back(found->second);
  }
  return result;
}

class Fitter {
 public:
  Fitter(const Table& table, const Task& task, const TrainingRows& train, const PrepSpec& spec, const Context& context)
      : table_(table), features_(task.features), rows_(train.rows), spec_(spec), context_(context), target_(train.target), weights_(train.weight) {
    if (!spec.sequences) return;
    sequences_ = task.sequences;
    for (const auto& sequence : sequences_) {
      for (const auto& channel : sequence.channels) {
        for (const auto& column : channel.columns) std::erase(features_, column);
      }
    }
  }

  std::unique_ptr<Preprocessor::Fitted> run() {
    auto binnings = prep::fit_woe(table_, features_, rows_, target_, weights_, spec_, context_);
    for (size_t f = 0; f < features_.size(); ++f) {
      const std::string& name = features_[f];
      const Column& column = table_.column(name);
      if (binnings[f]) {
        feature_binning_.emplace_back(width_, static_cast<int32_t>(binnings_.size()));
        add({binnings[f]->lower_woe(builder_), {name + " (WoE)"}, name, false});
        binnings_.push_back(std::move(*binnings[f]));
      }
      if (spec_.numbers == NumberCoding::kWoe && column.kind() != ColumnKind::kCategory) continue;
      if (column.kind() == ColumnKind::kNumber || column.kind() == ColumnKind::kDate) {
        for (auto& block : prep::lower_number(builder_, column, rows_, weights_, spec_)) add(std::move(block));
      } else if (column.kind() == ColumnKind::kCategory) {
        category(column);
      } else if (column.kind() == ColumnKind::kText && spec_.text_length > 0) {
        if (auto text = prep::lower_text(builder_, column, rows_, spec_)) {
          text->group.first = width_;
          groups_.push_back(std::move(text->group));
          add(std::move(text->block));
        }
      }
    }
    pairs();
    for (const auto& sequence : sequences_) {
      auto made = prep::lower_sequence(builder_, table_, sequence, rows_, weights_, spec_);
      if (made.block.names.empty()) continue;
      made.group.first = width_;
      groups_.push_back(std::move(made.group));
      add(std::move(made.block));
    }
    if (blocks_.empty() && codes_.empty()) {
      throw Error(ErrorCode::kData, fmt::format("{}: no usable feature is left: every column is constant, missing, or left out", table_.source()));
    }
    return finish();
  }

  [[nodiscard]] const std::vector<Ordered>& ordered() const { return ordered_; }

 private:
  void add(Block block) {
    width_ += block.names.size();
    blocks_.push_back(std::move(block));
  }

  void statistic(NodeId code, std::span<const int32_t> row_codes, uint32_t levels, const std::string& name, const std::string& source) {
    const uint64_t seed = derive_seed(context_.seed(), name);
    TargetStatistic fitted = prep::fit_target_statistic(row_codes, levels, target_, weights_, spec_.prior_weight, spec_.permutations, seed);
    const NodeId looked = builder_.look_up(code, fitted.full, 1);
    for (size_t p = 0; p < fitted.ordered.size(); ++p) {
      const std::string suffix = fitted.ordered.size() == 1 ? "" : fmt::format(" {}", p + 1);
      ordered_.push_back({width_, std::move(fitted.ordered[p])});
      add({looked, {fmt::format("{} (target statistic{})", name, suffix)}, source, false});
    }
  }

  static std::vector<std::string> level_names(const Vocabulary& vocabulary) {
    std::vector<std::string> names = vocabulary.words;
    names.emplace_back("missing");
    names.emplace_back("other");
    return names;
  }

  // The code as a number, NaN where the cell is missing or holds a level that training did not show.
  NodeId known_code(NodeId code, const Vocabulary& vocabulary) {
    std::vector<float> table;
    for (uint32_t level = 0; level < vocabulary.kept; ++level) table.push_back(static_cast<float>(level));
    table.push_back(kMissing);
    table.push_back(vocabulary.has_other ? static_cast<float>(vocabulary.other()) : kMissing);
    return builder_.look_up(code, std::move(table), 1);
  }

  void category(const Column& column) {
    Vocabulary vocabulary = prep::fit_vocabulary(column, rows_, weights_, spec_);
    const std::string& name = column.name();
    const uint32_t seen = vocabulary.kept + (vocabulary.has_missing ? 1 : 0) + (vocabulary.has_other ? 1 : 0);
    if (seen < 2) return;  // one level: nothing to tell apart
    const NodeId code = builder_.encode(builder_.input(name, InputKind::kCategory), vocabulary.words, vocabulary.codes, vocabulary.missing(),
                                        vocabulary.other(), vocabulary.levels());
    const auto kept = static_cast<int>(vocabulary.kept);
    if (spec_.one_hot_max_levels > 0 && kept <= spec_.one_hot_max_levels) {
      Block block{0, {}, name, false};
      std::vector<int32_t> columns(vocabulary.levels(), -1);
      const auto give_column = [&](uint32_t level, const std::string& text) {
        columns[level] = static_cast<int32_t>(block.names.size());
        block.names.push_back(fmt::format("{} = {}", name, text));
      };
      for (uint32_t level = 0; level < vocabulary.kept; ++level) give_column(level, vocabulary.words[level]);
      if (vocabulary.has_missing) give_column(vocabulary.kept, "missing");
      if (vocabulary.has_other) give_column(vocabulary.kept + 1, "other");
      block.node = builder_.one_hot(code, std::move(columns), static_cast<uint32_t>(block.names.size()));
      add(std::move(block));
    }
    if (spec_.ordinal && (spec_.ordinal_max_levels == 0 || kept <= spec_.ordinal_max_levels)) {
      add({spec_.ordinal_missing ? known_code(code, vocabulary) : builder_.code_number(code), {name}, name, true, level_names(vocabulary)});
    }
    if (spec_.codes) {
      codes_.push_back(code);
      code_levels_.push_back(vocabulary.levels());
    }
    if (spec_.target_statistics_min_levels > 0 && kept >= spec_.target_statistics_min_levels) {
      statistic(code, vocabulary.row_codes, vocabulary.levels(), name, name);
      if (spec_.frequency) {
        std::vector<float> share;
        double total = 0;
        for (const double w : vocabulary.weight) total += w;
        for (const double w : vocabulary.weight) share.push_back(static_cast<float>(std::log((w + 1) / (total + 1))));
        add({builder_.look_up(code, std::move(share), 1), {name + " (frequency)"}, name, false});
      }
    }
    if (spec_.pair_statistics > 0) pair_candidates_.push_back({name, code, std::move(vocabulary)});
  }

  // The pairs whose ordered statistics explain the training target best beyond their members.
  void pairs() {
    if (spec_.pair_statistics <= 0 || pair_candidates_.size() < 2) return;
    double total = 0;
    double bad = 0;
    for (size_t i = 0; i < target_.size(); ++i) {
      const double w = weights_.empty() ? 1.0 : weights_[i];
      total += w;
      if (target_[i] != 0) bad += w;
    }
    const double prior = std::log(std::max(bad, 0.5) / std::max(total - bad, 0.5));
    const auto fit_of = [&](std::span<const int32_t> row_codes, uint32_t levels) {
      const auto fitted =
          prep::fit_target_statistic(row_codes, levels, target_, weights_, spec_.prior_weight, 1, derive_seed(context_.seed(), "pairs"));
      return log_likelihood(fitted.ordered[0], target_, prior);
    };
    std::vector<double> single(pair_candidates_.size());
    parallel_for(context_, single.size(),
                 [&](size_t i) { single[i] = fit_of(pair_candidates_[i].vocabulary.row_codes, pair_candidates_[i].vocabulary.levels()); });
    std::vector<PairChoice> choices;
    for (size_t a = 0; a < pair_candidates_.size(); ++a) {
      for (size_t b = a + 1; b < pair_candidates_.size(); ++b) choices.push_back({a, b, 0});
    }
    parallel_for(context_, choices.size(), [&](size_t i) {
      context_.check_cancelled();
      PairChoice& choice = choices[i];
      const auto codes = pair_codes(pair_candidates_[choice.first].vocabulary, pair_candidates_[choice.second].vocabulary);
      choice.gain = fit_of(codes.row_codes, codes.pairs + 1) - std::max(single[choice.first], single[choice.second]);
    });
    std::stable_sort(choices.begin(), choices.end(), [](const auto& a, const auto& b) { return a.gain > b.gain; });
    for (size_t i = 0; i < choices.size() && i < static_cast<size_t>(spec_.pair_statistics); ++i) {
      if (choices[i].gain <= 0) break;
      const auto& a = pair_candidates_[choices[i].first];
      const auto& b = pair_candidates_[choices[i].second];
      PairCodes codes = pair_codes(a.vocabulary, b.vocabulary);
      const NodeId node = builder_.cross(a.code, b.code, std::move(codes.triples), static_cast<int32_t>(codes.pairs), codes.pairs + 1);
      statistic(node, codes.row_codes, codes.pairs + 1, fmt::format("{} x {}", a.name, b.name), a.name);
    }
  }

  std::unique_ptr<Preprocessor::Fitted> finish() {
    auto fitted = std::make_unique<Preprocessor::Fitted>();
    std::vector<NodeId> parts;
    for (const auto& block : blocks_) {
      parts.push_back(block.node);
      for (size_t i = 0; i < block.names.size(); ++i) {
        fitted->names.push_back(block.names[i]);
        fitted->sources.push_back(block.sources.empty() ? block.source : block.sources[i]);
        fitted->categorical.push_back(block.categorical ? 1 : 0);
        fitted->days.push_back(block.days ? 1 : 0);
        fitted->feature_levels.push_back(block.levels);
      }
    }
    if (!parts.empty()) builder_.output("features", builder_.concat(std::move(parts)));
    for (size_t i = 0; i < codes_.size(); ++i) builder_.output(fmt::format("code:{}", i), codes_[i]);
    fitted->code_levels = std::move(code_levels_);
    fitted->binnings = std::move(binnings_);
    fitted->groups = std::move(groups_);
    fitted->feature_binning.assign(width_, -1);
    for (const auto& [column, binning] : feature_binning_) fitted->feature_binning[column] = binning;
    fitted->plan = builder_.build();
    return fitted;
  }

  struct Candidate {
    std::string name;
    NodeId code = 0;
    Vocabulary vocabulary;
  };

  const Table& table_;
  std::vector<std::string> features_;  // beside those of sequences
  std::vector<SequenceSpec> sequences_;
  std::vector<FeatureGroup> groups_;
  Rows rows_;
  const PrepSpec& spec_;
  const Context& context_;
  std::span<const uint8_t> target_;
  std::span<const double> weights_;
  PlanBuilder builder_;
  std::vector<Block> blocks_;
  size_t width_ = 0;
  std::vector<NodeId> codes_;
  std::vector<uint32_t> code_levels_;
  std::vector<Ordered> ordered_;
  std::vector<Candidate> pair_candidates_;
  std::vector<Binning> binnings_;
  std::vector<std::pair<size_t, int32_t>> feature_binning_;  // column and binning
};

}  // namespace

Batch Design::batch() const {
  Batch batch;
  batch.rows = rows;
  batch.width = width;
  batch.features = features;
  for (const auto& column : codes) batch.codes.emplace_back(column);
  return batch;
}

Preprocessor::Preprocessor(std::unique_ptr<Fitted> fitted) : fitted_(std::move(fitted)) {}
Preprocessor::~Preprocessor() = default;
Preprocessor::Preprocessor(Preprocessor&&) noexcept = default;
Preprocessor& Preprocessor::operator=(Preprocessor&&) noexcept = default;

std::pair<Preprocessor, Design> Preprocessor::fit_transform(const Table& table, const Task& task, Rows rows, const PrepSpec& spec,
                                                            const Context& context, const ExecutorFactory& executor) {
  return fit_transform(table, task, training_rows(task, rows), spec, context, executor);
}

std::pair<Preprocessor, Design> Preprocessor::fit_transform(const Table& table, const std::vector<std::string>& features, const TrainingRows& train,
                                                            const PrepSpec& spec, const Context& context, const ExecutorFactory& executor) {
  Task task;
  task.features = features;
  return fit_transform(table, task, train, spec, context, executor);
}

std::pair<Preprocessor, Design> Preprocessor::fit_transform(const Table& table, const Task& task, const TrainingRows& train, const PrepSpec& spec,
                                                            const Context& context, const ExecutorFactory& executor) {
  Fitter fitter(table, task, train, spec, context);
  Preprocessor prep(fitter.run());
  prep.fitted_->executor = executor(prep.fitted_->plan);
  Design design = prep.apply(table, train.rows);
  for (const Ordered& column : fitter.ordered()) {
    for (size_t r = 0; r < design.rows; ++r) design.features[r * design.width + column.column] = column.values[r];
  }
  return {std::move(prep), std::move(design)};
}

Design Preprocessor::apply(const Table& table, Rows rows) const {
  const GatheredInputs inputs(table, rows, fitted_->plan.inputs);
  auto values = fitted_->executor->run(inputs.batch(), {});
  Design design;
  design.rows = rows.size();
  for (auto& value : values) {
    if (value.codes.empty() && !value.numbers.empty()) {
      design.width = value.width;
      design.features = std::move(value.numbers);
    } else {
      design.codes.push_back(std::move(value.codes));
    }
  }
  return design;
}

Preprocessor::Nodes Preprocessor::lower(PlanBuilder& builder) const {
  const auto outputs = builder.splice(fitted_->plan);
  Nodes nodes;
  size_t at = 0;
  if (fitted_->plan.find_output("features")) nodes.features = outputs[at++];
  nodes.codes.assign(outputs.begin() + static_cast<int64_t>(at), outputs.end());
  return nodes;
}

const ScorePlan& Preprocessor::plan() const { return fitted_->plan; }
const std::vector<std::string>& Preprocessor::feature_names() const { return fitted_->names; }
const std::vector<std::string>& Preprocessor::feature_source() const { return fitted_->sources; }
const std::vector<uint8_t>& Preprocessor::categorical() const { return fitted_->categorical; }
const std::vector<uint8_t>& Preprocessor::days() const { return fitted_->days; }
const std::vector<std::vector<std::string>>& Preprocessor::feature_levels() const { return fitted_->feature_levels; }
const std::vector<uint32_t>& Preprocessor::code_levels() const { return fitted_->code_levels; }
const std::vector<FeatureGroup>& Preprocessor::groups() const { return fitted_->groups; }
const std::vector<Binning>& Preprocessor::binnings() const { return fitted_->binnings; }
const std::vector<int32_t>& Preprocessor::feature_binning() const { return fitted_->feature_binning; }

}  // namespace obligor
