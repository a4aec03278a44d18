// Registry rows of dbn, sdae and autoencoder: no torch here, every program lists them.
#include "zoo/belief/belief.h"
#include "zoo/net/columns.h"
#include "zoo/net/network.h"
#include "zoo/net/training.h"

namespace obligor {
namespace {

// Numbers by their quantiles: pre-training by gradient steps wants columns of like size without far outliers.
std::vector<ParamSpec> unlabelled_columns() {
  return {
      choice_param("numbers", "quantile", {"standard", "robust", "quantile"}, "how number columns are prepared"),
      integer_param("one_hot_levels", 20, 0, 100000, "a category with at most so many levels is one-hot encoded"),
      integer_param("statistic_levels", 21, 0, 1000000, "a category with at least so many levels gets its ordered target statistic; 0: none"),
  };
}

PrepSpec unlabelled_prep(const Params& params) {
  PrepSpec spec;
  const std::string& numbers = params.text("numbers");
  spec.numbers = numbers == "standard" ? NumberCoding::kStandard : numbers == "robust" ? NumberCoding::kRobust : NumberCoding::kQuantile;
  if (numbers != "quantile") spec.clip = 0.01;
  spec.one_hot_max_levels = static_cast<int>(params.integer("one_hot_levels"));
  spec.target_statistics_min_levels = static_cast<int>(params.integer("statistic_levels"));
  return spec;
}

// A row of a stack: `own` are the parameters of its pre-training alone.
ModelEntry stack_entry(std::vector<ParamSpec> own) {
  ModelEntry entry;
  entry.family = "belief";
  entry.params = {
      integer_param("layers", 2, 1, 32, "hidden layers"),
      integer_param("hidden", 64, 1, 65536, "units of each hidden layer"),
      integer_param("pretrain_steps", 2000, 0, 100000000, "batches that pre-train each layer (never under 5 epochs or over 200); 0: no pre-training"),
      real_param("pretrain_rate", 0.1, 1e-6, 10, "step size of pre-training; a layer that sees numbers takes a tenth of it", true),
      real_param("weight_cost", 2e-4, 0, 1, "weight decay of pre-training", true),
  };
  for (auto& spec : own) entry.params.push_back(std::move(spec));
  entry.params.push_back(choice_param("activation", "sigmoid", {"sigmoid", "tanh"},
                                      "what a hidden unit does in fine-tuning; tanh starts from the same function, scaled"));
  entry.params.push_back(real_param("dropout", 0.1, 0, 0.9, "share of hidden units dropped in fine-tuning"));
  for (auto& spec : net::training_params(1e-2, 3e-4)) entry.params.push_back(std::move(spec));
  for (auto& spec : unlabelled_columns()) entry.params.push_back(std::move(spec));
  entry.params.push_back(net::engine_param());
  entry.traits.early_stopping = true;
  entry.traits.needs_gpu_aware = true;
  entry.prep = unlabelled_prep;
  entry.candidates = {{{"hidden", "64"}}, {{"hidden", "128"}}};
  entry.tune_space = {{"layers", 1, 4, false, {}},
                      {"hidden", 16, 512, true, {}},
                      {"pretrain_steps", 200, 10000, true, {}},
                      {"learning_rate", 3e-4, 3e-2, true, {}},
                      {"dropout", 0, 0.6, false, {}}};
  entry.on_request = true;
  return entry;
}

}  // namespace

ModelEntry dbn_entry() {
  ModelEntry entry = stack_entry({integer_param("cd_steps", 1, 1, 1000, "steps of the chain of contrastive divergence (k of CD-k)")});
  entry.name = "dbn";
  entry.title = "Deep belief network";
  entry.paper = "Hinton, Osindero & Teh, A fast learning algorithm for deep belief nets, Neural Computation 18, 2006";
  entry.summary = "layers pre-trained as restricted Boltzmann machines, then fine-tuned";
  entry.parents = {"ann"};
  return entry;
}

ModelEntry sdae_entry() {
  ModelEntry entry = stack_entry({real_param("corruption", 0.2, 0, 0.95, "share of the cells that a layer sees as 0 while it is pre-trained")});
  entry.name = "sdae";
  entry.title = "Stacked denoising autoencoder";
  entry.paper = "Vincent, Larochelle, Lajoie, Bengio & Manzagol, Stacked denoising autoencoders, JMLR 11, 2010";
  entry.summary = "layers pre-trained to restore rows with cells blanked out, then fine-tuned";
  entry.parents = {"dbn"};
  return entry;
}

ModelEntry autoencoder_entry() {
  ModelEntry entry;
  entry.name = "autoencoder";
  entry.title = "Autoencoder";
  entry.family = "belief";
  entry.paper = "Hinton & Salakhutdinov, Reducing the dimensionality of data with neural networks, Science 313, 2006";
  entry.summary = "how badly a row is reconstructed by a network that has seen goods alone";
  entry.parents = {"ann"};
  entry.params = {
      choice_param("fit_on", "goods", {"goods", "all"}, "the training rows to reconstruct: the goods, or all without their labels"),
      integer_param("layers", 1, 0, 16, "hidden layers on each side of the code"),
      integer_param("hidden", 64, 1, 65536, "units of each of them"),
      integer_param("code", 8, 1, 65536, "units of the narrowest layer"),
      choice_param("activation", "tanh", {"tanh", "relu", "sigmoid"}, "what a hidden unit does"),
      integer_param("epochs", 200, 1, 100000, "passes over the rows at most"),
      integer_param("batch", 128, 1, 1048576, "rows a step"),
      integer_param("patience", 10, 1, 100000, "epochs without a better held-back reconstruction before it stops"),
      real_param("learning_rate", 1e-3, 1e-6, 1, "Adam step size", true),
      real_param("weight_decay", 1e-5, 0, 10, "decoupled decay", true),
  };
  for (auto& spec : unlabelled_columns()) entry.params.push_back(std::move(spec));
  entry.traits.early_stopping = true;
  entry.prep = unlabelled_prep;
  entry.candidates = {{{"code", "8"}}, {{"code", "3"}}, {{"code", "16"}}};
  entry.tune_space = {{"layers", 0, 3, false, {}}, {"hidden", 16, 256, true, {}}, {"code", 1, 32, true, {}}};
  entry.on_request = true;
  return entry;
}

ModelEntry dec_entry() {
  ModelEntry entry;
  entry.name = "dec";
  entry.title = "Deep embedded clustering";
  entry.family = "belief";
  entry.paper = "Xie, Girshick & Farhadi, Unsupervised deep embedding for clustering analysis, ICML 2016 (arXiv:1511.06335)";
  entry.summary = "clusters in the code of an autoencoder, found without labels, each with its bad rate";
  entry.parents = {"autoencoder"};
  entry.params = {
      integer_param("clusters", 16, 2, 4096, "clusters"),
      integer_param("layers", 1, 0, 16, "hidden layers on each side of the code"),
      integer_param("hidden", 64, 1, 65536, "units of each of them"),
      integer_param("code", 8, 1, 65536, "numbers of the code, in which rows are clustered"),
      choice_param("activation", "relu", {"relu", "tanh", "sigmoid"}, "what a hidden unit does"),
      integer_param("epochs", 50, 1, 100000, "passes over the rows at most that train the autoencoder"),
      integer_param("batch", 128, 1, 1048576, "rows a step"),
      integer_param("patience", 5, 1, 100000, "epochs without a better held-back reconstruction before the autoencoder stops"),
      real_param("learning_rate", 1e-3, 1e-6, 1, "Adam step size of the autoencoder", true),
      real_param("weight_decay", 1e-5, 0, 10, "decoupled decay of the autoencoder", true),
      integer_param("cluster_epochs", 30, 0, 100000, "passes at most that pull code and clusters together; 0: k-means in the code alone"),
      real_param("cluster_rate", 0.01, 1e-6, 10, "step size of these passes, by plain descent with momentum 0.9", true),
      real_param("tolerance", 0.001, 0, 1, "share of rows whose cluster changes in a pass, under which they end"),
  };
  for (auto& spec : unlabelled_columns()) entry.params.push_back(std::move(spec));
  entry.traits.early_stopping = true;
  entry.prep = unlabelled_prep;
  entry.candidates = {{{"clusters", "16"}}, {{"clusters", "64"}}};
  entry.tune_space = {{"clusters", 4, 256, true, {}}, {"layers", 0, 3, false, {}}, {"hidden", 16, 256, true, {}}, {"code", 2, 32, true, {}}};
  entry.on_request = true;
  return entry;
}

}  // namespace obligor
