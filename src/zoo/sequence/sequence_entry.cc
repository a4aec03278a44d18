// Registry rows of the models over a history: no torch here, every program lists them.
#include "zoo/net/columns.h"
#include "zoo/net/training.h"
#include "zoo/sequence/sequence.h"

namespace obligor {
namespace {

PrepSpec prep_of(const Params& params) {
  PrepSpec spec = net::column_prep(params);
  spec.sequences = true;
  return spec;
}

ModelEntry entry_of(std::string name, std::vector<ParamSpec> own) {
  ModelEntry entry;
  entry.name = std::move(name);
  entry.family = "sequence";
  entry.params = std::move(own);
  entry.params.push_back(
      integer_param("head", 64, 0, 65536, "hidden units between the pooled history with the other columns and the score; 0: none"));
  entry.params.push_back(real_param("dropout", 0.1, 0, 0.9, "share dropped in training: between layers, of the pooled history, of the hidden units"));
  entry.params.push_back(flag_param("bucket", true, "rows with histories of like length share a batch, so that few absent steps are computed"));
  for (auto& spec : net::training_params(2e-3, 3e-4)) {
    if (spec.name == "clip") spec.default_value = "1";
    entry.params.push_back(std::move(spec));
  }
  for (auto& spec : net::column_params()) entry.params.push_back(std::move(spec));
  entry.traits.early_stopping = true;
  entry.traits.needs_gpu_aware = true;
  entry.prep = prep_of;
  entry.candidates = {{{"numbers", "piecewise"}}, {{"numbers", "quantile"}}};
  entry.tune_space = {{"layers", 1, 3, false, {}},
                      {"hidden", 16, 128, true, {}},
                      {"head", 16, 256, true, {}},
                      {"dropout", 0, 0.5, false, {}},
                      {"learning_rate", 3e-4, 1e-2, true, {}},
                      {"weight_decay", 1e-5, 0.1, true, {}},
                      {"numbers", 0, 0, false, {"standard", "quantile", "piecewise", "both"}}};
  entry.on_request = true;
  return entry;
}

std::vector<ParamSpec> cell_params(bool pools) {
  std::vector<ParamSpec> params{integer_param("layers", 1, 1, 8, "cells one above the other"),
                                integer_param("hidden", 64, 1, 4096, "numbers of the state"),
                                flag_param("both_ways", false, "a second cell reads the history from the newest step to the oldest"),
                                integer_param("bptt", 0, 0, 65536, "steps that a gradient goes back through the state; 0: all of them")};
  if (pools) {
    params.push_back(choice_param("pool", "last", {"last", "attention", "max", "mean"}, "what is taken of the states: the last one, or all, pooled"));
  }
  return params;
}

}  // namespace

ModelEntry rnn_entry() {
  ModelEntry entry = entry_of("rnn", cell_params(true));
  entry.title = "Recurrent network (Elman)";
  entry.paper = "Elman, Finding structure in time, Cognitive Science 14(2), 1990";
  entry.summary = "a tanh state carried over the steps of a history";
  entry.parents = {"dnn"};
  return entry;
}

ModelEntry lstm_entry() {
  ModelEntry entry = entry_of("lstm", cell_params(true));
  entry.title = "Long short-term memory";
  entry.paper =
      "Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997; Gers, Schmidhuber & Cummins, Neural Computation 12(10), 2000";
  entry.summary = "a memory that gates write, keep and read over the steps of a history";
  entry.parents = {"rnn"};
  return entry;
}

ModelEntry gru_entry() {
  ModelEntry entry = entry_of("gru", cell_params(true));
  entry.title = "Gated recurrent unit";
  entry.paper = "Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014 (arXiv:1406.1078)";
  entry.summary = "a state with an update and a reset gate over the steps of a history";
  entry.parents = {"lstm"};
  return entry;
}

ModelEntry attention_lstm_entry() {
  ModelEntry entry = entry_of("attention_lstm", cell_params(false));
  entry.title = "Attention LSTM";
  entry.paper =
      "Wang, Han, Liu & Luo, A deep learning approach for credit scoring of peer-to-peer lending using attention mechanism LSTM, IEEE Access 7, 2019";
  entry.summary = "an LSTM whose states are averaged by learned attention to the steps";
  entry.parents = {"lstm"};
  return entry;
}

ModelEntry lstm_fraud_entry() {
  ModelEntry entry = entry_of("lstm_fraud", cell_params(true));
  entry.title = "LSTM over the transactions of a card";
  entry.paper = "Jurgovsky et al., Sequence classification for credit-card fraud detection, Expert Systems with Applications 100, 2018";
  entry.summary = "stacked LSTM over the card's last transactions and the time between them, stopped by precision and recall";
  entry.parents = {"lstm"};
  for (auto& spec : entry.params) {
    if (spec.name == "layers") spec.default_value = "2";
    if (spec.name == "stop_on") spec.default_value = "pr_auc";
  }
  return entry;
}

ModelEntry network_lstm_entry() {
  std::vector<ParamSpec> own = cell_params(true);
  std::erase_if(own, [](const auto& spec) { return spec.name == "both_ways"; });  // a way back has seen the step that is foretold
  own.push_back(real_param("foresight", 0.01, 0, 1000, "weight of foretelling a node's next vector, whose error is read too; 0: a plain LSTM"));
  ModelEntry entry = entry_of("network_lstm", std::move(own));
  entry.title = "LSTM over a node's vectors";
  entry.paper = "Huang et al. 2021 (network embedding and LSTM for abnormal trading); Hamilton, Leskovec & Jurafsky, ACL 2016 (vectors over time)";
  entry.summary = "the vectors of a network's node, period by period, and how far each is from what those before foretold";
  entry.parents = {"lstm"};
  for (auto& spec : entry.params) {
    if (spec.name == "numbers") spec.default_value = "standard";
  }
  entry.candidates = {{{"numbers", "standard"}}, {{"numbers", "quantile"}}};
  entry.tune_space.push_back({"foresight", 0.001, 10, true, {}});
  return entry;
}

ModelEntry cnn_entry() {
  ModelEntry entry =
      entry_of("cnn", {integer_param("layers", 2, 1, 8, "layers of filters, each twice as far apart as those below"),
                       integer_param("hidden", 64, 1, 4096, "filters of a layer"),
                       integer_param("taps", 3, 1, 64, "steps under a filter (and columns, as over a picture)"),
                       choice_param("form", "temporal", {"temporal", "image"},
                                    "filters over neighbouring steps; or over neighbouring steps and columns, as over a picture, never apart"),
                       choice_param("pool", "max", {"max", "mean", "last", "attention"}, "how the steps become one; last: of the temporal form")});
  entry.title = "Temporal convolutional network";
  entry.paper =
      "Waibel et al., Phoneme recognition using time-delay neural networks, IEEE Trans. ASSP 37(3), 1989; Yu & Koltun, ICLR 2016 (dilation)";
  entry.summary = "filters over neighbouring steps of a history, pooled over time";
  entry.parents = {"dnn"};
  return entry;
}

ModelEntry transformer_entry() {
  ModelEntry entry = entry_of("transformer", {integer_param("layers", 2, 1, 8, "blocks of attention and two maps"),
                                              integer_param("hidden", 32, 1, 4096, "numbers of a token, a multiple of `heads`"),
                                              integer_param("heads", 4, 1, 64, "heads of attention"),
                                              choice_param("pool", "mean", {"mean", "max", "last", "attention"}, "how the steps become one")});
  entry.title = "Transformer over a history";
  entry.paper = "Vaswani et al., Attention is all you need, NeurIPS 2017 (arXiv:1706.03762); Xiong et al., ICML 2020 (norms first)";
  entry.summary = "every step of a history attends to every other, with a learned place";
  entry.parents = {"attention_lstm", "ft_transformer"};
  std::erase_if(entry.tune_space, [](const auto& range) { return range.name == "hidden"; });
  return entry;
}

}  // namespace obligor
