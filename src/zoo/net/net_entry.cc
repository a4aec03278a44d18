// Registry rows of the feed-forward networks: no torch here, every program lists them.
#include "zoo/net/columns.h"
#include "zoo/net/net.h"
#include "zoo/net/network.h"
#include "zoo/net/training.h"

namespace obligor {
namespace {

std::vector<ParamSpec> shared_params() {
  std::vector<ParamSpec> params{
      integer_param("ensemble", 8, 1, 64, "members trained at once with shared weights; their probabilities are averaged"),
      choice_param("activation", "relu", {"relu", "selu", "tanh", "gelu", "silu", "sigmoid"}, "what a hidden unit does"),
      choice_param("init", "default", {"default", "glorot", "he", "lecun"}, "how the weights of the hidden layers start"),
      real_param("init_scale", 1, 1e-3, 1e3, "times those starting weights", true),
      real_param("dropout", 0.1, 0, 0.9, "share of hidden units dropped in training"),
  };
  for (auto& spec : net::training_params(3e-3, 3e-4)) params.push_back(std::move(spec));
  for (auto& spec : net::column_params()) params.push_back(std::move(spec));
  params.push_back(integer_param("embedding", 0, 0, 256, "width of a learned embedding of each category; 0: none"));
  params.push_back(net::engine_param());
  return params;
}

// Ranges that both networks share; `hidden` is of each layer.
std::vector<TuneRange> shared_ranges() {
  return {{"hidden", 16, 512, true, {}},
          {"activation", 0, 0, false, {"relu", "selu", "tanh", "gelu", "silu"}},
          {"dropout", 0, 0.6, false, {}},
          {"learning_rate", 3e-4, 3e-2, true, {}},
          {"weight_decay", 1e-5, 0.1, true, {}},
          {"numbers", 0, 0, false, {"standard", "quantile", "piecewise", "both"}},
          {"bins", 4, 48, true, {}}};
}

}  // namespace

ModelEntry ann_entry() {
  ModelEntry entry;
  entry.name = "ann";
  entry.title = "Neural network, one hidden layer";
  entry.family = "net";
  entry.paper = "Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, Nature 323, 1986";
  entry.summary = "one hidden layer, several members averaged";
  entry.parents = {"logistic"};
  entry.params = {integer_param("hidden", 128, 1, 65536, "units of the hidden layer")};
  for (auto& spec : shared_params()) entry.params.push_back(std::move(spec));
  entry.traits.early_stopping = true;
  entry.traits.needs_gpu_aware = true;
  entry.prep = net::column_prep;
  entry.candidates = {{{"numbers", "piecewise"}}, {{"numbers", "quantile"}}};
  entry.tune_space = shared_ranges();
  return entry;
}

ModelEntry dnn_entry() {
  ModelEntry entry;
  entry.name = "dnn";
  entry.title = "Deep neural network";
  entry.family = "net";
  entry.paper =
      "Gorishniy, Kotelnikov & Babenko, TabM: advancing tabular deep learning with parameter-efficient ensembling, ICLR 2025 "
      "(arXiv:2410.24210)";
  entry.summary = "several hidden layers, batch norm and dropout, several members averaged";
  entry.parents = {"ann"};
  entry.params = {
      integer_param("layers", 2, 1, 32, "hidden layers"),
      integer_param("hidden", 128, 1, 65536, "units of each hidden layer"),
      choice_param("norm", "none", {"none", "batch"}, "normalisation before each activation"),
      flag_param("residual", false, "each layer from the second adds its input to its output"),
  };
  for (auto& spec : shared_params()) entry.params.push_back(std::move(spec));
  entry.traits.early_stopping = true;
  entry.traits.needs_gpu_aware = true;
  entry.prep = net::column_prep;
  entry.candidates = {{{"numbers", "piecewise"}}, {{"numbers", "quantile"}}};
  entry.tune_space = {{"layers", 1, 4, false, {}}, {"norm", 0, 0, false, {"none", "batch"}}, {"residual", 0, 0, false, {}}};
  for (auto& range : shared_ranges()) entry.tune_space.push_back(std::move(range));
  return entry;
}

}  // namespace obligor
