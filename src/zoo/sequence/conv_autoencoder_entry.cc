// Registry row of conv_autoencoder: no torch here.
#include "zoo/net/columns.h"
#include "zoo/net/training.h"
#include "zoo/sequence/conv_autoencoder.h"

namespace obligor {

ModelEntry conv_autoencoder_entry() {
  ModelEntry entry;
  entry.name = "conv_autoencoder";
  entry.title = "Stacked dilated convolutional autoencoder";
  entry.family = "anomaly";
  entry.paper =
      "Yu, Long & Cai, Network intrusion detection through stacking dilated convolutional autoencoders, Security and Communication Networks, 2017";
  entry.summary = "filters that first learn to restore unlabelled rows, then what the labels say";
  entry.parents = {"cnn", "sdae"};
  entry.params = {
      integer_param("layers", 2, 1, 8, "layers of filters, each twice as far apart as those below"),
      integer_param("hidden", 16, 1, 4096, "filters of a layer"),
      integer_param("taps", 3, 1, 64, "columns under a filter"),
      integer_param("head", 64, 0, 65536, "hidden units between the filters and the score; 0: none"),
      real_param("dropout", 0.1, 0, 0.9, "share dropped in fine-tuning: between layers, of the filters' values, of the hidden units"),
      integer_param("pretrain_steps", 1000, 0, 100'000'000, "batches of 128 rows that pre-train each layer; 0: no pre-training"),
      real_param("pretrain_rate", 1e-3, 1e-6, 1, "Adam step size of pre-training", true),
      real_param("corruption", 0.2, 0, 0.95, "share of the values that a layer sees as 0 while it is pre-trained"),
      real_param("labelled", 1, 1e-6, 1, "share of the training rows whose labels are used; the others serve in pre-training alone"),
  };
  for (auto& spec : net::training_params(1e-3, 3e-4)) {
    if (spec.name == "clip") spec.default_value = "1";
    entry.params.push_back(std::move(spec));
  }
  for (auto& spec : net::column_params()) {
    if (spec.name == "numbers") spec.default_value = "quantile";
    entry.params.push_back(std::move(spec));
  }
  entry.traits.early_stopping = true;
  entry.traits.needs_gpu_aware = true;
  entry.prep = net::column_prep;
  entry.candidates = {{{"hidden", "16"}}, {{"hidden", "32"}}};
  entry.tune_space = {{"layers", 1, 4, false, {}},
                      {"hidden", 8, 64, true, {}},
                      {"head", 16, 256, true, {}},
                      {"dropout", 0, 0.5, false, {}},
                      {"learning_rate", 1e-4, 1e-2, true, {}},
                      {"pretrain_steps", 100, 10'000, true, {}}};
  entry.on_request = true;
  return entry;
}

}  // namespace obligor
