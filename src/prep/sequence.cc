// A sequence: its channels are coded by what they hold over all steps together, so that a balance means the same in every month.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "prep/fitted.h"

namespace obligor::prep {
namespace {

constexpr int kMostLevels = 20;

bool is_number(const Column& column) { return column.kind() == ColumnKind::kNumber || column.kind() == ColumnKind::kDate; }

// The cells of the columns of a sequence in the training rows.
class Cells {
 public:
  Cells(const Table& table, const SequenceSpec& sequence, Rows rows, std::span<const double> weights)
      : table_(table), rows_(rows), weights_(weights), present_(sequence.steps(), std::vector<uint8_t>(rows.size(), 0)) {
    for (const auto& channel : sequence.channels) {
      for (size_t t = 0; t < channel.columns.size(); ++t) {
        const Column& column = table.column(channel.columns[t]);
        for (size_t i = 0; i < rows.size(); ++i)
          if (!column.is_missing(rows[i])) present_[t][i] = 1;
      }
    }
  }

  // Of the steps that are there.
  [[nodiscard]] Sample numbers(const SequenceSpec::Channel& channel) const {
    std::vector<float> values;
    std::vector<double> weights;
    for (size_t t = 0; t < channel.columns.size(); ++t) {
      const auto all = numeric_values(table_.column(channel.columns[t]));
      for (size_t i = 0; i < rows_.size(); ++i) {
        if (present_[t][i] == 0) continue;
        values.push_back(all[rows_[i]]);
        if (!weights_.empty()) weights.push_back(weights_[i]);
      }
    }
    return {values, weights};
  }

  // Weight of each level over the steps, by falling weight and then by name; and whether a present step misses it.
  struct Levels {
    std::vector<std::pair<std::string, double>> known;
    bool has_missing = false;
  };
  [[nodiscard]] Levels levels(const SequenceSpec::Channel& channel) const {
    std::map<std::string, double> weight;
    Levels result;
    for (size_t t = 0; t < channel.columns.size(); ++t) {
      const Column& column = table_.column(channel.columns[t]);
      std::vector<double> of_code(column.dictionary().size(), 0);
      for (size_t i = 0; i < rows_.size(); ++i) {
        const int32_t code = column.codes()[rows_[i]];
        if (code >= 0) of_code[static_cast<size_t>(code)] += weights_.empty() ? 1.0 : weights_[i];
        else result.has_missing = result.has_missing || present_[t][i] != 0;
      }
      for (size_t code = 0; code < of_code.size(); ++code) {
        if (of_code[code] > 0) weight[column.dictionary()[code]] += of_code[code];
      }
    }
    result.known.assign(weight.begin(), weight.end());
    std::stable_sort(result.known.begin(), result.known.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    return result;
  }

 private:
  const Table& table_;
  Rows rows_;
  std::span<const double> weights_;
  std::vector<std::vector<uint8_t>> present_;  // by step, then by row
};

// What is being made: for each step its columns and whether the raw cells are there.
struct Step {
  std::vector<NodeId> columns;
  std::vector<NodeId> seen;
};

std::string at_step(const SequenceSpec& sequence, size_t t) { return fmt::format("{}[-{}]", sequence.name, sequence.steps() - t); }

void add_numbers(PlanBuilder& builder, const SequenceSpec::Channel& channel, const Table& table, const Sample& sample, const PrepSpec& spec,
                 std::vector<Step>& steps, std::vector<std::string>& names) {
  for (size_t t = 0; t < steps.size(); ++t) {
    const bool is_date = table.column(channel.columns[t]).kind() == ColumnKind::kDate;
    const NodeId x = builder.input(channel.columns[t], InputKind::kNumber, is_date ? "date" : "");
    steps[t].seen.push_back(builder.scale(builder.missing_flag(x), {1}, {-1}));
    if (sample.empty()) continue;
    for (const Block& block : lower_values(builder, x, channel.name, is_date, sample, spec)) {
      steps[t].columns.push_back(block.node);
      if (t == 0) names.insert(names.end(), block.names.begin(), block.names.end());
    }
  }
}

void add_category(PlanBuilder& builder, const SequenceSpec::Channel& channel, const Cells::Levels& levels, const PrepSpec& spec,
                  std::vector<Step>& steps, std::vector<std::string>& names) {
  const int most = spec.one_hot_max_levels > 0 ? spec.one_hot_max_levels : kMostLevels;
  const size_t kept = std::min(levels.known.size(), static_cast<size_t>(most));
  std::vector<std::string> words;
  std::vector<int32_t> codes;
  std::vector<int32_t> columns;
  for (size_t i = 0; i < kept; ++i) {
    words.push_back(levels.known[i].first);
    codes.push_back(static_cast<int32_t>(i));
    columns.push_back(static_cast<int32_t>(i));
  }
  auto width = static_cast<int32_t>(kept);
  columns.push_back(levels.has_missing ? width++ : -1);
  columns.push_back(kept < levels.known.size() ? width++ : -1);
  const auto missing = static_cast<int32_t>(kept);
  const auto count = static_cast<uint32_t>(kept + 2);
  std::vector<float> there(count, 1.0F);
  there[kept] = 0;
  for (size_t t = 0; t < steps.size(); ++t) {
    const NodeId code = builder.encode(builder.input(channel.columns[t], InputKind::kCategory), words, codes, missing, missing + 1, count);
    steps[t].seen.push_back(builder.look_up(code, there, 1));
    if (width >= 2) steps[t].columns.push_back(builder.one_hot(code, columns, static_cast<uint32_t>(width)));
  }
  if (width < 2) return;  // one level: nothing to tell apart
  for (const std::string& word : words) names.push_back(fmt::format("{} = {}", channel.name, word));
  if (levels.has_missing) names.push_back(channel.name + " = missing");
  if (kept < levels.known.size()) names.push_back(channel.name + " = other");
}

}  // namespace

SequenceBlock lower_sequence(PlanBuilder& builder, const Table& table, const SequenceSpec& sequence, Rows rows, std::span<const double> weights,
                             const PrepSpec& spec) {
  const size_t count = sequence.steps();
  const Cells cells(table, sequence, rows, weights);
  std::vector<Step> steps(count);
  std::vector<std::string> names;                        // of the columns of a step
  std::vector<std::vector<std::string>> sources(count);  // raw columns, by step
  for (const auto& channel : sequence.channels) {
    const auto kind_differs = [&](const std::string& name) { return is_number(table.column(name)) != is_number(table.column(channel.columns[0])); };
    const auto odd = std::find_if(channel.columns.begin(), channel.columns.end(), kind_differs);
    const auto text = std::find_if(channel.columns.begin(), channel.columns.end(), [&](const std::string& name) {
      return !is_number(table.column(name)) && table.column(name).kind() != ColumnKind::kCategory;
    });
    if (odd != channel.columns.end() || text != channel.columns.end()) {
      const std::string& which = odd != channel.columns.end() ? *odd : *text;
      throw Error(ErrorCode::kData,
                  fmt::format("{}: sequence '{}', channel '{}': column '{}' is a {} column; the columns of a channel are all numbers "
                              "(or dates) or all categories: read them so with --numbers or --categories",
                              table.source(), sequence.name, channel.name, which, kind_name(table.column(which).kind())));
    }
    const size_t before = names.size();
    if (is_number(table.column(channel.columns[0]))) {
      add_numbers(builder, channel, table, cells.numbers(channel), spec, steps, names);
    } else {
      add_category(builder, channel, cells.levels(channel), spec, steps, names);
    }
    for (size_t t = 0; t < count; ++t) sources[t].insert(sources[t].end(), names.size() - before, channel.columns[t]);
  }
  SequenceBlock made;
  if (names.empty()) return made;
  made.group = {FeatureGroup::Kind::kSequence, sequence.name, 0, count, names.size(), {}};
  std::vector<NodeId> values;
  std::vector<NodeId> presence;
  std::vector<int32_t> spread;  // of the presence over the columns of its step
  for (size_t t = 0; t < count; ++t) {
    values.insert(values.end(), steps[t].columns.begin(), steps[t].columns.end());
    const NodeId seen = builder.sum(steps[t].seen, std::vector<float>(steps[t].seen.size(), 1.0F));
    presence.push_back(builder.clip(seen, {0}, {1}));
    spread.insert(spread.end(), names.size(), static_cast<int32_t>(t));
    for (size_t c = 0; c < names.size(); ++c) {
      made.block.names.push_back(fmt::format("{}.{}", at_step(sequence, t), names[c]));
      made.block.sources.push_back(sources[t][c]);
    }
  }
  const NodeId there = builder.concat(std::move(presence));
  // An imputed value of a step that is not there says nothing.
  const NodeId kept = builder.multiply(builder.concat(std::move(values)), builder.select(there, std::move(spread)));
  made.block.node = builder.concat({kept, there});
  for (size_t t = 0; t < count; ++t) {
    made.block.names.push_back(at_step(sequence, t) + " is there");
    made.block.sources.push_back(sequence.channels[0].columns[t]);
  }
  return made;
}

}  // namespace obligor::prep
