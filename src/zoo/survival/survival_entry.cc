// Registry rows of the models of states: no torch here, every program lists them.
#include "zoo/survival/survival.h"

namespace obligor {
namespace {

PrepSpec panel_prep(const Params& params) {
  PrepSpec spec;
  spec.numbers = params.text("numbers") == "standard" ? NumberCoding::kStandard : NumberCoding::kQuantile;
  if (spec.numbers == NumberCoding::kStandard) spec.clip = 0.001;
  spec.one_hot_max_levels = static_cast<int>(params.integer("one_hot_levels"));
  return spec;
}

// What every one of them reads besides its columns.
ModelEntry state_entry() {
  ModelEntry entry;
  entry.family = "survival";
  entry.params = {flag_param("masked", true, "a transition that no training row makes has probability 0")};
  entry.prep = panel_prep;
  entry.traits.multistate = true;
  return entry;
}

void add_columns(ModelEntry& entry) {
  entry.params.push_back(choice_param("numbers", "standard", {"standard", "quantile"}, "how number columns are prepared"));
  entry.params.push_back(
      integer_param("one_hot_levels", 64, 0, 100'000, "a category with at most so many levels is one-hot encoded; others are left out"));
}

void add_hidden(ModelEntry& entry, int layers, int first, int members, double dropout) {
  entry.params.push_back(integer_param("layers", layers, 0, 32, "hidden layers"));
  entry.params.push_back(integer_param("first", first, 1, 65'536, "units of the first hidden layer"));
  entry.params.push_back(integer_param("hidden", 140, 1, 65'536, "units of each further one"));
  entry.params.push_back(real_param("dropout", dropout, 0, 0.9, "share of hidden units dropped in training"));
  entry.params.push_back(integer_param("members", members, 1, 1000, "networks from different starts, whose probabilities are averaged"));
}

void add_training(ModelEntry& entry, double learning_rate, int patience) {
  entry.params.push_back(integer_param("epochs", 300, 1, 100'000, "passes over the rows at most"));
  entry.params.push_back(integer_param("batch", 1024, 1, 1'048'576, "rows a step"));
  entry.params.push_back(integer_param("patience", patience, 1, 100'000, "epochs without a better loss on the held-back rows before it stops"));
  entry.params.push_back(
      real_param("learning_rate", learning_rate, 1e-6, 1, "AdamW step size at the start; halved while the held-back loss does not fall", true));
  entry.params.push_back(real_param("weight_decay", 1e-3, 0, 100, "decoupled decay of the weights", true));
  entry.params.push_back(flag_param("refit", true, "fit once more on all training rows, for as many epochs as were best"));
  entry.traits.early_stopping = true;
}

}  // namespace

ModelEntry transition_matrix_entry() {
  ModelEntry entry = state_entry();
  entry.name = "transition_matrix";
  entry.title = "Transition matrix";
  entry.paper = "Anderson & Goodman, Statistical Inference about Markov Chains, Annals of Mathematical Statistics 28(1), 1957";
  entry.summary = "the share of each next state among the training rows of a state; no column is looked at";
  entry.params.push_back(real_param("prior", 0.5, 0, 1e6, "rows added to every allowed transition"));
  add_columns(entry);
  return entry;
}

ModelEntry multinomial_logit_entry() {
  ModelEntry entry = state_entry();
  entry.name = "multinomial_logit";
  entry.title = "Multinomial logit of states";
  entry.paper = "McFadden, Conditional logit analysis of qualitative choice behavior, in Frontiers in Econometrics, 1974";
  entry.summary = "log-odds of each next state as a weighted sum of the columns and the present state";
  entry.parents = {"logistic", "transition_matrix"};
  add_training(entry, 0.01, 30);
  add_columns(entry);
  return entry;
}

ModelEntry transition_ann_entry() {
  ModelEntry entry = state_entry();
  entry.name = "transition_ann";
  entry.title = "Network of states, one hidden layer";
  entry.paper =
      "Sirignano, Sadhwani & Giesecke, Deep Learning for Mortgage Risk, Journal of Financial Econometrics 19(2), 2021 (its shallow baseline)";
  entry.summary = "multinomial logit over one hidden layer";
  entry.parents = {"ann", "multinomial_logit"};
  add_hidden(entry, 1, 140, 1, 0.2);
  add_training(entry, 1e-3, 12);
  add_columns(entry);
  return entry;
}

ModelEntry mortgage_dnn_entry() {
  ModelEntry entry = state_entry();
  entry.name = "mortgage_dnn";
  entry.title = "Deep network of states";
  entry.paper = "Sirignano, Sadhwani & Giesecke, Deep Learning for Mortgage Risk, Journal of Financial Econometrics 19(2), 2021";
  entry.summary = "softmax over next period's state from five hidden layers over the present state, the loan and the economy; an ensemble";
  entry.parents = {"transition_ann"};
  add_hidden(entry, 5, 200, 5, 0);
  add_training(entry, 1e-3, 12);
  add_columns(entry);
  return entry;
}

}  // namespace obligor
