// Private to the room: what fitting a column leaves behind, before it is lowered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "plan/builder.h"
#include "prep/binning/binning.h"
#include "prep/spec.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor::prep {

// One block of prepared columns made from one raw column (or a pair), as nodes still to be concatenated.
struct Block {
  NodeId node = 0;
  std::vector<std::string> names;  // one a column
  std::string source;              // raw column
  bool categorical = false;
  std::vector<std::string> levels;   // of a category's codes, when categorical
  bool days = false;                 // the columns are days since 1970-01-01 as read
  std::vector<std::string> sources;  // one a column, where they differ
};

// Values and weights of the training rows, the sorted finite ones first: the basis of every quantile.
class Sample {
 public:
  Sample(std::span<const float> values, std::span<const double> weights);

  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] bool has_missing() const { return has_missing_; }
  [[nodiscard]] bool has_infinite() const { return has_infinite_; }
  [[nodiscard]] float low() const { return values_.front(); }
  [[nodiscard]] float high() const { return values_.back(); }
  [[nodiscard]] const std::vector<float>& distinct() const { return values_; }
  [[nodiscard]] const std::vector<double>& weight() const { return weights_; }
  // The smallest value whose cumulative weight reaches the share.
  [[nodiscard]] float quantile(double share) const;
  // Share of weight below a distinct value plus half of its own (mid-rank), by index into distinct().
  [[nodiscard]] double mid_rank(size_t index) const;
  [[nodiscard]] double total() const { return cumulative_.empty() ? 0 : cumulative_.back(); }
  // Without some values.
  [[nodiscard]] Sample without(const std::vector<float>& removed) const;
  // Distinct inner cut points that part the sample in at most `bins` bins of about equal weight.
  [[nodiscard]] std::vector<float> cuts(int bins) const;

 private:
  Sample() = default;
  void accumulate();
  std::vector<float> values_;  // distinct, ascending, finite
  std::vector<double> weights_;
  std::vector<double> cumulative_;
  bool has_missing_ = false;
  bool has_infinite_ = false;
};

// Values that stand far outside of all others and occur often: codes, not measurements (365243, -9999, 999).
[[nodiscard]] std::vector<float> find_special_codes(const Sample& sample);

// Nodes for a number column. Empty when the column says nothing (constant, all missing).
[[nodiscard]] std::vector<Block> lower_number(PlanBuilder& builder, const Column& column, Rows rows, std::span<const double> weights,
                                              const PrepSpec& spec);

// The same of values that `x` yields: what they are in training, whatever column they stand in.
[[nodiscard]] std::vector<Block> lower_values(PlanBuilder& builder, NodeId x, const std::string& name, bool is_date, const Sample& values,
                                              const PrepSpec& spec);

// The channels of a sequence, prepared jointly over its steps, and the group that they make. No columns where no channel says anything.
struct SequenceBlock {
  Block block;
  FeatureGroup group;  // `first` is still to be set
};
[[nodiscard]] SequenceBlock lower_sequence(PlanBuilder& builder, const Table& table, const SequenceSpec& sequence, Rows rows,
                                           std::span<const double> weights, const PrepSpec& spec);

// Optimal bins of the features that `spec` wants as WoE; none for the others, and for a column whose bins say nothing.
[[nodiscard]] std::vector<std::optional<Binning>> fit_woe(const Table& table, const std::vector<std::string>& features, Rows rows,
                                                          std::span<const uint8_t> target, std::span<const double> weights, const PrepSpec& spec,
                                                          const Context& context);

// A fitted vocabulary: code 0..levels-1 by falling count, then missing, then other (rare and unseen).
struct Vocabulary {
  std::vector<std::string> words;  // listed words (kept and folded)
  std::vector<int32_t> codes;      // of the words
  uint32_t kept = 0;
  bool has_missing = false;
  bool has_other = false;          // some training level was folded
  std::vector<int32_t> row_codes;  // of the training rows
  std::vector<double> weight;      // by code, kept + 2 long
  [[nodiscard]] int32_t missing() const { return static_cast<int32_t>(kept); }
  [[nodiscard]] int32_t other() const { return static_cast<int32_t>(kept) + 1; }
  [[nodiscard]] uint32_t levels() const { return kept + 2; }
};
[[nodiscard]] Vocabulary fit_vocabulary(const Column& column, Rows rows, std::span<const double> weights, const PrepSpec& spec);

// Target statistics of codes, as log-odds against the prior. `full` is what a new row gets; `ordered` what each training row gets.
struct TargetStatistic {
  std::vector<float> full;                  // by code
  std::vector<std::vector<float>> ordered;  // by permutation, by training row
};
[[nodiscard]] TargetStatistic fit_target_statistic(std::span<const int32_t> row_codes, uint32_t levels, std::span<const uint8_t> target,
                                                   std::span<const double> weights, double prior_weight, int permutations, uint64_t seed);

}  // namespace obligor::prep
