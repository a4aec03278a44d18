// Registry rows of the factorisation and crossing networks and of the modern tabular ones: no torch here, every program lists them.
#include "zoo/field/field.h"

#include <string>
#include <utility>

#include "zoo/net/columns.h"
#include "zoo/net/network.h"
#include "zoo/net/training.h"

namespace obligor {
namespace {

PrepSpec prep(const Params& params) {
  PrepSpec spec;
  const std::string& numbers = params.text("numbers");
  if (numbers == "standard") spec.numbers = NumberCoding::kStandard;
  if (numbers == "robust") spec.numbers = NumberCoding::kRobust;
  if (numbers == "quantile") spec.numbers = NumberCoding::kQuantile;
  if (numbers == "uniform") spec.numbers = NumberCoding::kUniform;
  spec.target_statistics_min_levels = static_cast<int>(params.integer("statistic_levels"));
  spec.codes = true;
  return spec;
}

// As the paper has it: the 10,000 most frequent levels, and how frequent a level is as a number beside it.
PrepSpec capped_prep(const Params& params) {
  PrepSpec spec = prep(params);
  spec.max_levels = 10'000;
  spec.frequency = true;
  return spec;
}

void append(std::vector<ParamSpec>& params, std::vector<ParamSpec> more) {
  for (auto& spec : more) params.push_back(std::move(spec));
}

// How the columns become fields. `ways` are those that the network knows, its default first.
std::vector<ParamSpec> field_params(int embedding, const std::vector<std::string>& ways, const std::string& numbers) {
  std::string help = "a number column's vector:";
  for (const auto& way : ways) {
    help += &way == &ways.front() ? " " : "; ";
    if (way == "value") help += "value times a vector";
    if (way == "piecewise") help += "a piecewise-linear path over quantiles";
    if (way == "bins") help += "one of each quantile bin";
    if (way == "direct") help += "none, the number itself stands beside the vectors";
  }
  return {
      integer_param("embedding", embedding, 1, 512, "numbers of a field's vector"),
      real_param("start", 0.01, 1e-6, 1, "standard deviation of the field vectors at the start", true),
      choice_param("numbers_as", ways.front(), ways, help),
      integer_param("bins", 16, 2, 256, "quantile bins or pieces of a number column"),
      choice_param("numbers", numbers, {"standard", "robust", "quantile", "uniform"}, "how number columns are scaled first"),
      integer_param("statistic_levels", 3, 0, 1000000, "a category with at least so many levels gets its ordered target statistic; 0: none"),
      choice_param("optimiser", "adamw", {"adamw", "adam", "adagrad"},
                   "AdamW; Adam (weight_decay joins the gradient, and every step moves whole tables); Adagrad (it wants a larger learning_rate)"),
      choice_param("decays", "all", {"all", "vectors"}, "what weight_decay shrinks: the weights and the field vectors, or the vectors alone"),
  };
}

ParamSpec field_dropout(double share) {
  return real_param("field_dropout", share, 0, 0.9, "share dropped, in training, of what is made of the field vectors");
}

// Of the deep part.
std::vector<ParamSpec> deep_params(int layers, int hidden, double dropout) {
  return {
      integer_param("layers", layers, 1, 32, "hidden layers of the deep part"),
      integer_param("hidden", hidden, 1, 65536, "units of each hidden layer"),
      choice_param("activation", "relu", {"relu", "selu", "tanh", "gelu", "silu"}, "what a hidden unit does"),
      real_param("dropout", dropout, 0, 0.9, "share of hidden units dropped in training"),
  };
}

ParamSpec loss_param() {
  return choice_param("loss", "log", {"log", "square"},
                      "log-loss, or the square loss of targets +-1, whose scores are no probabilities before they are calibrated");
}

ParamSpec norm_param(const std::string& norm) { return choice_param("norm", norm, {"none", "batch"}, "normalisation before each activation"); }

ModelEntry common_entry(std::string name, std::string title, std::string paper, std::string summary, std::vector<std::string> parents) {
  ModelEntry entry;
  entry.name = std::move(name);
  entry.title = std::move(title);
  entry.family = "field";
  entry.paper = std::move(paper);
  entry.summary = std::move(summary);
  entry.parents = std::move(parents);
  entry.traits.early_stopping = true;
  entry.traits.needs_gpu_aware = true;
  entry.on_request = true;
  entry.prep = prep;
  entry.tune_space = {{"learning_rate", 3e-4, 3e-2, true, {}}, {"weight_decay", 1e-5, 1, true, {}}};
  return entry;
}

void widen(ModelEntry& entry, std::vector<TuneRange> ranges) {
  for (auto& range : ranges) entry.tune_space.push_back(std::move(range));
}

// Parameters, candidates and ranges of a network over fields.
void add_fields(ModelEntry& entry, int embedding, const std::vector<std::string>& ways, const std::string& numbers) {
  entry.params = field_params(embedding, ways, numbers);
  for (const auto& way : ways) entry.candidates.push_back({{"numbers_as", way}});
  widen(entry, {{"embedding", 4, 64, true, {}}, {"numbers_as", 0, 0, false, ways}, {"bins", 4, 48, true, {}}});
}

void add_deep(ModelEntry& entry, int layers, int hidden, double dropout) {
  append(entry.params, deep_params(layers, hidden, dropout));
  widen(entry, {{"layers", 1, 4, false, {}},
                {"hidden", 16, 512, true, {}},
                {"activation", 0, 0, false, {"relu", "selu", "tanh", "gelu", "silu"}},
                {"dropout", 0, 0.6, false, {}}});
}

void add_field_dropout(ModelEntry& entry, double share) {
  entry.params.push_back(field_dropout(share));
  widen(entry, {{"field_dropout", 0, 0.6, false, {}}});
}

const std::vector<std::string> embedded{"piecewise", "bins", "value"};
const std::vector<std::string> direct{"piecewise", "direct", "bins"};

}  // namespace

ModelEntry fm_entry() {
  ModelEntry entry = common_entry("fm", "Factorisation machine", "Rendle, Factorization Machines, ICDM 2010",
                                  "a weight for every feature and a product of vectors for every pair", {"logistic"});
  add_fields(entry, 16, embedded, "quantile");
  add_field_dropout(entry, 0.1);
  append(entry.params, net::training_params(3e-3, 0.1));
  entry.params.push_back(loss_param());
  entry.params.push_back(net::engine_param());
  return entry;
}

ModelEntry nfm_entry() {
  ModelEntry entry = common_entry("nfm", "Neural factorisation machine",
                                  "He & Chua, Neural Factorization Machines for Sparse Predictive Analytics, SIGIR 2017 (arXiv:1708.05027)",
                                  "the pairwise products of the field vectors, summed, then an MLP", {"fm", "ann"});
  add_fields(entry, 16, embedded, "quantile");
  add_field_dropout(entry, 0.1);
  add_deep(entry, 1, 64, 0.2);
  entry.params.push_back(norm_param("batch"));
  append(entry.params, net::training_params(2e-3, 0.1));
  entry.params.push_back(loss_param());
  entry.params.push_back(net::engine_param());
  return entry;
}

ModelEntry deepfm_entry() {
  ModelEntry entry = common_entry("deepfm", "DeepFM",
                                  "Guo, Tang, Ye, Li & He, DeepFM: A Factorization-Machine based Neural Network for CTR Prediction, IJCAI 2017 "
                                  "(arXiv:1703.04247)",
                                  "a factorisation machine and an MLP over the same field vectors, added", {"fm", "wide_deep"});
  add_fields(entry, 16, embedded, "quantile");
  add_field_dropout(entry, 0.1);
  add_deep(entry, 2, 64, 0.2);
  entry.params.push_back(norm_param("none"));
  append(entry.params, net::training_params(2e-3, 0.1));
  entry.params.push_back(loss_param());
  entry.params.push_back(net::engine_param());
  return entry;
}

ModelEntry wide_deep_entry() {
  ModelEntry entry =
      common_entry("wide_deep", "Wide & Deep", "Cheng et al., Wide & Deep Learning for Recommender Systems, DLRS 2016 (arXiv:1606.07792)",
                   "a linear model over features and crossed columns, and an MLP, trained at once", {"logistic", "dnn"});
  add_fields(entry, 16, direct, "uniform");
  entry.params.push_back(integer_param("crosses", 8, 0, 1000, "crossed columns of the wide part at most, chosen from the training rows"));
  entry.params.push_back(
      choice_param("wide_optimiser", "ftrl", {"ftrl", "adamw"}, "what trains the wide part: FTRL, or (adamw) the optimiser of the rest"));
  entry.params.push_back(real_param("wide_rate", 0.1, 1e-4, 10, "step size of FTRL", true));
  entry.params.push_back(real_param("wide_l1", 0.1, 0, 1000, "L1 of FTRL: weights that matter little are 0"));
  entry.params.push_back(real_param("wide_l2", 1, 0, 1000, "L2 of FTRL"));
  add_field_dropout(entry, 0.1);
  add_deep(entry, 3, 64, 0.2);
  entry.params.push_back(norm_param("none"));
  append(entry.params, net::training_params(2e-3, 0.1));
  entry.params.push_back(loss_param());
  entry.params.push_back(net::engine_param());
  return entry;
}

ModelEntry deep_crossing_entry() {
  ModelEntry entry = common_entry("deep_crossing", "Deep Crossing",
                                  "Shan, Hoens, Jiao, Wang, Yu & Mao, Deep Crossing: Web-Scale Modeling without Manually Crafted Combinatorial "
                                  "Features, KDD 2016",
                                  "embedded and raw fields stacked, then residual units", {"dnn"});
  entry.prep = capped_prep;
  add_fields(entry, 16, direct, "quantile");
  entry.params.push_back(integer_param("raw_levels", 256, 0, 100000, "a field of at most so many levels enters one-hot, without an embedding"));
  entry.params.push_back(integer_param("blocks", 2, 1, 32, "residual units (the paper has five)"));
  entry.params.push_back(integer_param("hidden", 64, 1, 65536, "units between the two layers of a residual unit"));
  entry.params.push_back(real_param("dropout", 0.2, 0, 0.9, "share of hidden units dropped in training"));
  add_field_dropout(entry, 0.1);
  widen(entry, {{"blocks", 1, 5, false, {}}, {"hidden", 16, 512, true, {}}, {"dropout", 0, 0.6, false, {}}});
  append(entry.params, net::training_params(1e-3, 0.1));
  entry.params.push_back(loss_param());
  entry.params.push_back(net::engine_param());
  return entry;
}

ModelEntry pnn_entry() {
  ModelEntry entry = common_entry("pnn", "Product-based neural network",
                                  "Qu, Cai, Ren, Zhang, Yu, Wen & Wang, Product-based Neural Networks for User Response Prediction, ICDM 2016 "
                                  "(arXiv:1611.00144)",
                                  "products of the field vectors as a layer below an MLP", {"fm", "dnn"});
  add_fields(entry, 10, embedded, "quantile");
  entry.params.push_back(choice_param("product", "inner", {"inner", "outer", "both"}, "which products of the field vectors the first layer reads"));
  widen(entry, {{"product", 0, 0, false, {"inner", "outer", "both"}}});
  add_field_dropout(entry, 0.1);
  add_deep(entry, 3, 64, 0.3);
  append(entry.params, net::training_params(2e-3, 0.1));
  entry.params.push_back(loss_param());
  entry.params.push_back(net::engine_param());
  return entry;
}

ModelEntry afm_entry() {
  ModelEntry entry = common_entry("afm", "Attentional factorisation machine",
                                  "Xiao, Ye, He, Zhang, Wu & Chua, Attentional Factorization Machines, IJCAI 2017 (arXiv:1708.04617)",
                                  "the pairs of a factorisation machine, weighted by attention", {"fm"});
  add_fields(entry, 16, embedded, "quantile");
  entry.params.push_back(integer_param("attention", 8, 1, 1024, "units of the attention network"));
  entry.params.push_back(
      integer_param("fields", 24, 2, 200, "fields whose pairs are looked at, the strongest alone first; all have a first-order weight"));
  widen(entry, {{"attention", 4, 64, true, {}}, {"fields", 8, 40, false, {}}});
  add_field_dropout(entry, 0.2);
  append(entry.params, net::training_params(3e-3, 0.1));
  entry.params.push_back(loss_param());
  entry.params.push_back(net::engine_param());
  return entry;
}

ModelEntry dcn_v2_entry() {
  ModelEntry entry = common_entry("dcn_v2", "Deep & Cross network V2",
                                  "Wang, Shivanna, Cheng, Jain, Lin, Hong & Chi, DCN V2: Improved Deep & Cross Network, WWW 2021 (arXiv:2008.13535)",
                                  "layers that multiply by the input, and an MLP on top or beside", {"deep_crossing", "wide_deep"});
  add_fields(entry, 16, direct, "quantile");
  entry.params.push_back(integer_param("blocks", 2, 1, 16, "cross layers"));
  entry.params.push_back(integer_param("rank", 0, 0, 4096, "rank of the cross matrices; 0: full"));
  entry.params.push_back(choice_param("structure", "parallel", {"stacked", "parallel"}, "the deep part on top of the cross layers, or beside them"));
  widen(entry, {{"blocks", 1, 4, false, {}}, {"structure", 0, 0, false, {"stacked", "parallel"}}});
  add_field_dropout(entry, 0.1);
  add_deep(entry, 2, 64, 0.2);
  entry.params.push_back(norm_param("none"));
  append(entry.params, net::training_params(1e-3, 0.1));
  entry.params.push_back(loss_param());
  entry.params.push_back(net::engine_param());
  return entry;
}

ModelEntry resnet_entry() {
  ModelEntry entry = common_entry("resnet", "Residual network",
                                  "Gorishniy, Rubachev, Khrulkov & Babenko, Revisiting Deep Learning Models for Tabular Data, NeurIPS 2021 "
                                  "(arXiv:2106.11959)",
                                  "an MLP of residual blocks with batch norm", {"dnn"});
  entry.prep = net::column_prep;
  entry.candidates = {{{"numbers", "piecewise"}}, {{"numbers", "quantile"}}};
  entry.params = {
      integer_param("blocks", 2, 1, 64, "residual blocks"),
      integer_param("hidden", 64, 1, 65536, "width between blocks"),
      real_param("widening", 2, 0.25, 16, "units inside a block, as a multiple of `hidden`"),
      real_param("dropout", 0.3, 0, 0.9, "share of a block's inner units dropped in training"),
      real_param("residual_dropout", 0.1, 0, 0.9, "share of what a block adds dropped in training"),
  };
  append(entry.params, net::training_params(1e-3, 0.1));
  entry.params.push_back(net::engine_param());
  append(entry.params, net::column_params());
  widen(entry, {{"blocks", 1, 6, false, {}},
                {"hidden", 16, 512, true, {}},
                {"widening", 1, 4, false, {}},
                {"dropout", 0, 0.6, false, {}},
                {"residual_dropout", 0, 0.5, false, {}},
                {"numbers", 0, 0, false, {"standard", "quantile", "piecewise", "both"}},
                {"bins", 4, 48, true, {}}});
  return entry;
}

ModelEntry tabm_entry() {
  ModelEntry entry = common_entry("tabm", "TabM",
                                  "Gorishniy, Kotelnikov & Babenko, TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling, ICLR "
                                  "2025 (arXiv:2410.24210)",
                                  "many networks in one: shared matrices, scales of each member at every layer", {"dnn"});
  entry.prep = net::column_prep;
  entry.candidates = {{{"numbers", "piecewise"}}, {{"numbers", "quantile"}}};
  entry.params = {
      integer_param("members", 32, 1, 256, "members, each with scales, biases and a head of its own"),
      integer_param("layers", 2, 1, 32, "hidden layers"),
      integer_param("hidden", 128, 1, 65536, "units of each hidden layer"),
      choice_param("activation", "relu", {"relu", "selu", "tanh", "gelu", "silu"}, "what a hidden unit does"),
      real_param("dropout", 0.1, 0, 0.9, "share of hidden units dropped in training"),
  };
  append(entry.params, net::training_params(2e-3, 3e-4));
  append(entry.params, net::column_params());
  entry.params.push_back(net::engine_param());
  widen(entry, {{"layers", 1, 4, false, {}},
                {"hidden", 32, 512, true, {}},
                {"dropout", 0, 0.6, false, {}},
                {"numbers", 0, 0, false, {"standard", "quantile", "piecewise", "both"}},
                {"bins", 4, 48, true, {}}});
  return entry;
}

ModelEntry ft_transformer_entry() {
  ModelEntry entry = common_entry("ft_transformer", "FT-Transformer",
                                  "Gorishniy, Rubachev, Khrulkov & Babenko, Revisiting Deep Learning Models for Tabular Data, NeurIPS 2021 "
                                  "(arXiv:2106.11959)",
                                  "attention between fields, each a token", {"deepfm"});
  add_fields(entry, 32, {"value", "piecewise", "bins"}, "quantile");
  entry.params.push_back(integer_param("blocks", 2, 1, 16, "transformer blocks"));
  entry.params.push_back(integer_param("heads", 4, 1, 64, "attention heads; embedding is a multiple of it"));
  entry.params.push_back(real_param("widening", 1.333, 0.25, 8, "units of a block's feed-forward part, as a multiple of embedding"));
  entry.params.push_back(real_param("dropout", 0.1, 0, 0.9, "share of feed-forward units dropped in training"));
  entry.params.push_back(real_param("attention_dropout", 0.2, 0, 0.9, "share of attention weights dropped in training"));
  entry.tune_space = {{"learning_rate", 1e-4, 1e-2, true, {}},
                      {"weight_decay", 1e-6, 0.1, true, {}},
                      {"blocks", 1, 4, false, {}},
                      {"numbers_as", 0, 0, false, {"value", "piecewise", "bins"}},
                      {"widening", 0.67, 2.67, false, {}},
                      {"dropout", 0, 0.5, false, {}},
                      {"attention_dropout", 0, 0.5, false, {}}};
  append(entry.params, net::training_params(1e-3, 1e-3));
  entry.params.push_back(net::engine_param());
  return entry;
}

}  // namespace obligor
