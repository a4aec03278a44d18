// The training loop's parameters, for registry rows: no torch and no metric here, so that every program may list them.
#include "zoo/net/training.h"

namespace obligor::net {

std::vector<ParamSpec> training_params(double learning_rate, double weight_decay) {
  return {
      real_param("learning_rate", learning_rate, 1e-6, 1, "AdamW step size at its highest", true),
      real_param("weight_decay", weight_decay, 0, 10, "decoupled decay of weights (not of biases, scales and norms)", true),
      choice_param("schedule", "constant", {"constant", "cosine", "one_cycle", "plateau"}, "how the learning rate goes over the epochs"),
      integer_param("epochs", 0, 0, 100000, "passes over the data at most; 0: as many as `steps` needs"),
      integer_param("steps", 1500, 1, 100000000, "batches at most when `epochs` is 0 (never under 10 epochs or over 200)"),
      integer_param("batch", 0, 0, 1048576, "rows a step; 0: 256, more on large data"),
      integer_param("patience", 16, 1, 100000, "epochs without a better validation value before it stops"),
      choice_param("stop_on", "loss", {"loss", "auc"}, "the validation value that picks the epoch"),
  };
}

}  // namespace obligor::net
