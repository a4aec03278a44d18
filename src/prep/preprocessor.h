// Preprocessor: fitted on training rows, then nothing but the plan that it lowers to. The second central type.
//
//   auto [prep, train] = Preprocessor::fit_transform(table, task, rows, spec, context);   // `train`: the training columns
//   Design test = prep.apply(table, test_rows);       // = the lowered plan, run by the executor
//   Preprocessor::Nodes nodes = prep.lower(builder);  // the same, as nodes of a plan under construction
//
// The one difference between the two: a training row's target statistic is made from the rows before it in a random order
// (CatBoost, Prokhorenkova et al. 2018, section 3), a new row's from all training rows. Everything else is the plan in both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/context.h"
#include "plan/builder.h"
#include "plan/executor.h"
#include "prep/binning/binning.h"
#include "prep/spec.h"
#include "table/table.h"
#include "table/task.h"

namespace obligor {

// Prepared columns that own their storage.
struct Design {
  size_t rows = 0;
  size_t width = 0;
  std::vector<float> features;              // rows x width, row-major
  std::vector<std::vector<int32_t>> codes;  // one vector a code column
  [[nodiscard]] Batch batch() const;
};

class Preprocessor {
 public:
  struct Fitted;
  // The features of the task over rows with their targets and weights, which stand for those of the task. The plan is run by what `executor`
  // makes of it. Errors: Error{kData} when no usable column is left.
  static std::pair<Preprocessor, Design> fit_transform(const Table& table, const Task& task, const TrainingRows& train, const PrepSpec& spec,
                                                       const Context& context, const ExecutorFactory& executor = make_interpreter);
  // The named features, none of them a part of a sequence.
  static std::pair<Preprocessor, Design> fit_transform(const Table& table, const std::vector<std::string>& features, const TrainingRows& train,
                                                       const PrepSpec& spec, const Context& context,
                                                       const ExecutorFactory& executor = make_interpreter);
  // With the features, targets and weights of the task.
  static std::pair<Preprocessor, Design> fit_transform(const Table& table, const Task& task, Rows rows, const PrepSpec& spec, const Context& context,
                                                       const ExecutorFactory& executor = make_interpreter);
  ~Preprocessor();
  Preprocessor(Preprocessor&&) noexcept;
  Preprocessor& operator=(Preprocessor&&) noexcept;

  [[nodiscard]] Design apply(const Table& table, Rows rows) const;
  // The features node and the code nodes.
  struct Nodes {
    NodeId features = 0;
    std::vector<NodeId> codes;
  };
  Nodes lower(PlanBuilder& builder) const;
  [[nodiscard]] const ScorePlan& plan() const;  // outputs "features", "code:0", ...

  [[nodiscard]] const std::vector<std::string>& feature_names() const;
  [[nodiscard]] const std::vector<std::string>& feature_source() const;  // raw column of each feature
  [[nodiscard]] const std::vector<uint8_t>& categorical() const;
  [[nodiscard]] const std::vector<uint8_t>& days() const;                             // 1 where a feature is a date, in days since 1970-01-01
  [[nodiscard]] const std::vector<std::vector<std::string>>& feature_levels() const;  // names of the codes of a categorical feature
  [[nodiscard]] const std::vector<uint32_t>& code_levels() const;
  [[nodiscard]] const std::vector<FeatureGroup>& groups() const;
  // The binnings behind the columns of WoE, and for each feature which of them it is (-1 = none).
  [[nodiscard]] const std::vector<Binning>& binnings() const;
  [[nodiscard]] const std::vector<int32_t>& feature_binning() const;

 private:
  explicit Preprocessor(std::unique_ptr<Fitted> fitted);
  std::unique_ptr<Fitted> fitted_;
};

// The raw columns of some rows as a plan wants them: numbers gathered, categories as codes with the table's dictionary, texts as levels.
class GatheredInputs {
 public:
  GatheredInputs(const Table& table, Rows rows, const std::vector<PlanInput>& inputs);
  [[nodiscard]] InputBatch batch() const;

 private:
  void add_text(const TextData& text, Rows rows);
  size_t rows_ = 0;
  std::vector<std::vector<float>> numbers_;
  std::vector<std::vector<int32_t>> codes_;
  std::vector<std::vector<std::string>> texts_;
  std::vector<InputColumn> columns_;
};

}  // namespace obligor
