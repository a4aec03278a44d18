// Parameters that networks share, for registry rows: no torch and no metric here, so that every program may list them.
#include "zoo/net/columns.h"
#include "zoo/net/network.h"
#include "zoo/net/training.h"

namespace obligor::net {

std::vector<ParamSpec> training_params(double learning_rate, double weight_decay) {
  return {
      real_param("learning_rate", learning_rate, 1e-6, 1, "AdamW step size at its highest", true),
      real_param("weight_decay", weight_decay, 0, 10, "decoupled decay of weights (not of biases, scales and norms)", true),
      real_param("clip", 0, 0, 1e6, "the gradient is scaled down to this length where it is longer; 0: never"),
      choice_param("schedule", "constant", {"constant", "cosine", "one_cycle", "plateau"}, "how the learning rate goes over the epochs"),
      integer_param("epochs", 0, 0, 100000, "passes over the data at most; 0: as many as `steps` needs"),
      integer_param("steps", 1500, 1, 100000000, "batches at most when `epochs` is 0 (never under 10 epochs or over 200)"),
      integer_param("batch", 0, 0, 1048576, "rows a step; 0: 256, more on large data"),
      integer_param("patience", 16, 1, 100000, "epochs without a better validation value before it stops"),
      choice_param("stop_on", "loss", {"loss", "auc", "pr_auc"},
                   "the validation value that picks the epoch; pr_auc: area under precision and recall, for the rarest events"),
  };
}

ParamSpec engine_param() {
  return choice_param("engine", "auto", {"auto", "fused", "torch"},
                      "what computes the steps: the fused step on the CPU (not with gelu), libtorch, or the first where it can");
}

std::vector<ParamSpec> column_params() {
  return {
      choice_param("numbers", "piecewise", {"standard", "robust", "quantile", "piecewise", "both"}, "how number columns are prepared"),
      integer_param("bins", 16, 2, 256, "pieces of the piecewise-linear encoding"),
      integer_param("one_hot_levels", 20, 0, 100000, "a category with at most so many levels is one-hot encoded"),
      integer_param("statistic_levels", 3, 0, 1000000, "a category with at least so many levels gets its ordered target statistic; 0: none"),
  };
}

PrepSpec column_prep(const Params& params) {
  PrepSpec spec;
  const std::string& numbers = params.text("numbers");
  if (numbers == "standard") spec.numbers = NumberCoding::kStandard;
  if (numbers == "robust") spec.numbers = NumberCoding::kRobust;
  if (numbers == "quantile") spec.numbers = NumberCoding::kQuantile;
  if (numbers == "piecewise" || numbers == "both") spec.numbers = NumberCoding::kPiecewiseLinear;
  spec.both_quantile = numbers == "both";
  spec.bins = static_cast<int>(params.integer("bins"));
  spec.one_hot_max_levels = static_cast<int>(params.integer("one_hot_levels"));
  spec.target_statistics_min_levels = static_cast<int>(params.integer("statistic_levels"));
  spec.codes = params.has("embedding") && params.integer("embedding") > 0;
  return spec;
}

}  // namespace obligor::net
