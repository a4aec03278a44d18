// Registry rows of the factorisation and crossing networks: no torch here, every program lists them.
#include "zoo/field/field.h"

#include <utility>

#include "zoo/net/training.h"

namespace obligor {
namespace {

PrepSpec prep(const Params& params) {
  PrepSpec spec;
  const std::string& numbers = params.text("numbers");
  if (numbers == "standard") spec.numbers = NumberCoding::kStandard;
  if (numbers == "robust") spec.numbers = NumberCoding::kRobust;
  if (numbers == "quantile") spec.numbers = NumberCoding::kQuantile;
  spec.target_statistics_min_levels = static_cast<int>(params.integer("statistic_levels"));
  spec.codes = true;
  return spec;
}

void append(std::vector<ParamSpec>& params, std::vector<ParamSpec> more) {
  for (auto& spec : more) params.push_back(std::move(spec));
}

// Of every network that reads field vectors.
std::vector<ParamSpec> field_params() {
  return {
      integer_param("embedding", 16, 1, 512, "numbers of a field's vector"),
      real_param("field_dropout", 0.1, 0, 0.9, "share dropped, in training, of what is made of the field vectors"),
      real_param("start", 0.01, 1e-6, 1, "standard deviation of the field vectors at the start", true),
      choice_param("numbers_as", "bins", {"value", "piecewise", "bins"},
                   "a number column's vector: value times a vector, a piecewise-linear path, or one of each quantile bin"),
      integer_param("bins", 16, 2, 256, "quantile bins or pieces of a number column"),
      choice_param("numbers", "quantile", {"standard", "robust", "quantile"}, "how number columns are scaled first"),
      integer_param("statistic_levels", 3, 0, 1000000, "a category with at least so many levels gets its ordered target statistic; 0: none"),
      choice_param("optimiser", "adamw", {"adamw", "adagrad"}, "AdamW, or Adagrad (which wants a larger learning_rate)"),
  };
}

// Of the deep part.
std::vector<ParamSpec> deep_params(int layers, int hidden, double dropout, const std::string& norm) {
  return {
      integer_param("layers", layers, 1, 32, "hidden layers of the deep part"),
      integer_param("hidden", hidden, 1, 65536, "units of each hidden layer"),
      choice_param("activation", "relu", {"relu", "selu", "tanh", "gelu", "silu"}, "what a hidden unit does"),
      choice_param("norm", norm, {"none", "batch"}, "normalisation before each activation"),
      real_param("dropout", dropout, 0, 0.9, "share of hidden units dropped in training"),
  };
}

ModelEntry field_entry(std::string name, std::string title, std::string paper, std::string summary, std::vector<std::string> parents) {
  ModelEntry entry;
  entry.name = std::move(name);
  entry.title = std::move(title);
  entry.family = "field";
  entry.paper = std::move(paper);
  entry.summary = std::move(summary);
  entry.parents = std::move(parents);
  entry.traits.early_stopping = true;
  entry.traits.needs_gpu_aware = true;
  entry.prep = prep;
  entry.candidates = {{{"numbers_as", "bins"}}, {{"numbers_as", "piecewise"}}, {{"numbers_as", "value"}}};
  entry.tune_space = {
      {"embedding", 4, 64, true, {}}, {"field_dropout", 0, 0.6, false, {}},    {"numbers_as", 0, 0, false, {"value", "piecewise", "bins"}},
      {"bins", 4, 48, true, {}},      {"learning_rate", 3e-4, 3e-2, true, {}}, {"weight_decay", 1e-5, 1, true, {}}};
  return entry;
}

void add_deep_ranges(ModelEntry& entry) {
  for (auto& range : std::vector<TuneRange>{{"layers", 1, 4, false, {}},
                                            {"hidden", 16, 512, true, {}},
                                            {"activation", 0, 0, false, {"relu", "selu", "tanh", "gelu", "silu"}},
                                            {"dropout", 0, 0.6, false, {}}}) {
    entry.tune_space.push_back(std::move(range));
  }
}

}  // namespace

ModelEntry fm_entry() {
  ModelEntry entry = field_entry("fm", "Factorisation machine", "Rendle, Factorization Machines, ICDM 2010",
                                 "a weight for every feature and a product of vectors for every pair", {"logistic"});
  entry.params = field_params();
  append(entry.params, net::training_params(3e-3, 0.1));
  return entry;
}

ModelEntry nfm_entry() {
  ModelEntry entry = field_entry("nfm", "Neural factorisation machine",
                                 "He & Chua, Neural Factorization Machines for Sparse Predictive Analytics, SIGIR 2017 (arXiv:1708.05027)",
                                 "the pairwise products of the field vectors, summed, then an MLP", {"fm", "ann"});
  entry.params = field_params();
  append(entry.params, deep_params(1, 64, 0.2, "batch"));
  append(entry.params, net::training_params(2e-3, 0.1));
  add_deep_ranges(entry);
  return entry;
}

ModelEntry deepfm_entry() {
  ModelEntry entry = field_entry("deepfm", "DeepFM",
                                 "Guo, Tang, Ye, Li & He, DeepFM: A Factorization-Machine based Neural Network for CTR Prediction, IJCAI 2017 "
                                 "(arXiv:1703.04247)",
                                 "a factorisation machine and an MLP over the same field vectors, added", {"fm", "dnn"});
  entry.params = field_params();
  append(entry.params, deep_params(2, 64, 0.2, "none"));
  append(entry.params, net::training_params(2e-3, 0.1));
  add_deep_ranges(entry);
  return entry;
}

}  // namespace obligor
