// The registry rows of the models of pairs.
#include "zoo/recsys/recsys.h"

namespace obligor::zoo {
namespace {

ParamSpec patience_param() { return integer_param("patience", 5, 1, 10'000, "epochs without a better value on the held-back pairs before it stops"); }

ParamSpec held_back_param() { return real_param("held_back", 0.1, 0.001, 0.5, "share of the training pairs held back to choose the epoch"); }

ParamSpec refit_param() { return flag_param("refit", true, "fit once more on all training pairs, for as many epochs as were best"); }

}  // namespace

ModelEntry autorec_entry() {
  ModelEntry entry;
  entry.name = "autorec";
  entry.title = "AutoRec";
  entry.family = "recsys";
  entry.paper = "Sedhain, Menon, Sanner, Xie: AutoRec: Autoencoders Meet Collaborative Filtering, WWW 2015";
  entry.summary = "an autoencoder over a product's (or a customer's) ratings, its loss over the known ones alone";
  entry.params = {
      choice_param("based", "item", {"item", "user"}, "whose vector of ratings is encoded: a product's, or a customer's"),
      integer_param("hidden", 500, 1, 100'000, "hidden units"),
      choice_param("activation", "sigmoid", {"sigmoid", "tanh", "relu", "identity"}, "of the hidden units; the output is linear"),
      real_param("l2", 50, 0, 1e6, "weight of half the squared size of both weight matrices, beside the sum of squared errors", true),
      real_param("learning_rate", 0.001, 1e-6, 1, "step size of Adam", true),
      integer_param("batch", 256, 1, 1'000'000, "vectors of ratings a step"),
      integer_param("epochs", 200, 1, 100'000, "passes over the data at most"),
      patience_param(),
      held_back_param(),
      refit_param(),
  };
  entry.traits.rating = true;
  entry.traits.early_stopping = true;
  return entry;
}

ModelEntry biased_mf_entry() {
  ModelEntry entry;
  entry.name = "biased_mf";
  entry.title = "Biased matrix factorisation";
  entry.family = "recsys";
  entry.paper = "Koren, Bell, Volinsky: Matrix Factorization Techniques for Recommender Systems, Computer 42(8), 2009";
  entry.summary = "mean, customer's and product's offset, and the product of their vectors, by stochastic gradient descent";
  entry.params = {
      integer_param("factors", 32, 0, 4096, "numbers of a customer's and a product's vector; 0: offsets alone"),
      real_param("l2", 0.05, 0, 100, "penalty on vectors and offsets, for each rating", true),
      real_param("learning_rate", 0.01, 1e-6, 1, "step size", true),
      real_param("start", 0.1, 1e-6, 1, "standard deviation of the vectors at the start"),
      integer_param("epochs", 200, 1, 100'000, "passes over the data at most"),
      patience_param(),
      held_back_param(),
      refit_param(),
  };
  entry.traits.rating = true;
  entry.traits.early_stopping = true;
  return entry;
}

ModelEntry neural_cf_entry() {
  ModelEntry entry;
  entry.name = "neural_cf";
  entry.title = "Neural collaborative filtering (NeuMF)";
  entry.family = "recsys";
  entry.paper = "He, Liao, Zhang, Nie, Hu, Chua: Neural Collaborative Filtering, WWW 2017";
  entry.parents = {"biased_mf"};
  entry.summary = "product of two vectors (GMF) and a tower over two others (MLP) in one log-odds; negatives are drawn anew in every batch";
  entry.params = {
      choice_param("part", "neumf", {"neumf", "gmf", "mlp"}, "both halves, or one"),
      integer_param("factors", 8, 1, 4096, "numbers of a vector of the product half, and width of the last layer of the tower"),
      integer_param("layers", 3, 0, 10, "layers of the tower, each half as wide as what it reads; 0: none, the head reads the vectors"),
      integer_param("negatives", 4, 1, 1000, "unused products drawn for each used one"),
      integer_param("batch", 256, 1, 1'000'000, "examples a step, negatives included"),
      real_param("learning_rate", 0.001, 1e-6, 1, "step size of Adam", true),
      real_param("start", 0.01, 1e-6, 1, "standard deviation of the vectors at the start"),
      integer_param("epochs", 40, 1, 100'000, "passes over the pairs at most"),
      patience_param(),
      flag_param("pretrain", false, "train both halves alone first, then both together by plain gradient steps"),
      real_param("alpha", 0.5, 0, 1, "with pretrain: share of the product half in the first head"),
  };
  entry.traits.ranking = true;
  entry.traits.early_stopping = true;
  return entry;
}

ModelEntry pure_svd_entry() {
  ModelEntry entry;
  entry.name = "pure_svd";
  entry.title = "PureSVD";
  entry.family = "recsys";
  entry.paper = "Cremonesi, Koren, Turrin: Performance of Recommender Algorithms on Top-N Recommendation Tasks, RecSys 2010";
  entry.summary = "a customer's row of the 0/1 matrix, projected on its leading singular vectors";
  entry.params = {
      integer_param("factors", 60, 1, 10'000, "singular vectors kept"),
      integer_param("sweeps", 60, 1, 10'000, "sweeps of the subspace iteration at most"),
  };
  entry.traits.ranking = true;
  return entry;
}

ModelEntry item_knn_entry() {
  ModelEntry entry;
  entry.name = "item_knn";
  entry.title = "Nearest products";
  entry.family = "recsys";
  entry.paper = "Sarwar, Karypis, Konstan, Riedl: Item-Based Collaborative Filtering Recommendation Algorithms, WWW 2001";
  entry.summary = "how near a product is to those the customer has, by the cosine of who uses them";
  entry.params = {
      integer_param("neighbours", 100, 1, 1'000'000, "nearest products that count for each product"),
      real_param("shrink", 10, 0, 1e9, "added to the denominator of the cosine, so that few shared customers count for less"),
  };
  entry.traits.ranking = true;
  return entry;
}

ModelEntry top_popular_entry() {
  ModelEntry entry;
  entry.name = "top_popular";
  entry.title = "Most used";
  entry.family = "recsys";
  entry.paper = "the baseline of Cremonesi, Koren, Turrin, RecSys 2010";
  entry.summary = "how many customers use a product, the same for all: what a recommender has to beat";
  entry.traits.ranking = true;
  return entry;
}

}  // namespace obligor::zoo
