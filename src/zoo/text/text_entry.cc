// Registry rows of the models of words: no torch here, every program lists them.
#include "zoo/net/columns.h"
#include "zoo/net/training.h"
#include "zoo/text/text.h"

namespace obligor {
namespace {

// How each of them has texts prepared.
std::vector<ParamSpec> word_params(int length, int min_count) {
  return {
      integer_param("words", length, 1, 65'536, "words of a text that are read; the rest of a longer one does not count"),
      integer_param("min_texts", min_count, 1, 1'000'000, "a word in fewer texts of the training rows is not listed"),
      integer_param("vocabulary", 20'000, 1, 1'000'000, "words listed at most, the most frequent ones"),
  };
}

void set_words(PrepSpec& spec, const Params& params) {
  spec.text_length = static_cast<int>(params.integer("words"));
  spec.text_min_count = static_cast<int>(params.integer("min_texts"));
  spec.text_max_words = static_cast<int>(params.integer("vocabulary"));
}

PrepSpec bag_prep(const Params& params) {
  PrepSpec spec;
  const std::string& numbers = params.text("numbers");
  if (numbers == "standard") spec.numbers = NumberCoding::kStandard;
  if (numbers == "quantile") spec.numbers = NumberCoding::kQuantile;
  if (numbers == "piecewise") spec.numbers = NumberCoding::kPiecewiseLinear;
  spec.bins = static_cast<int>(params.integer("bins"));
  spec.clip = 0.005;
  spec.log_skewed = true;
  spec.one_hot_max_levels = static_cast<int>(params.integer("one_hot_levels"));
  spec.target_statistics_min_levels = spec.one_hot_max_levels + 1;
  spec.prior_weight = 10;
  spec.min_count = 2;
  set_words(spec, params);
  return spec;
}

PrepSpec network_prep(const Params& params) {
  PrepSpec spec = net::column_prep(params);
  set_words(spec, params);
  return spec;
}

// Categories are tokens there, so they are not plain columns besides.
PrepSpec token_prep(const Params& params) {
  PrepSpec spec = network_prep(params);
  spec.one_hot_max_levels = 0;
  spec.target_statistics_min_levels = 0;
  spec.ordinal = true;
  spec.ordinal_missing = true;
  spec.min_count = 5;
  return spec;
}

void append(std::vector<ParamSpec>& to, std::vector<ParamSpec> more) {
  for (auto& spec : more) to.push_back(std::move(spec));
}

// Of a logistic regression behind bag_prep.
std::vector<ParamSpec> logistic_params() {
  return {
      integer_param("max_iterations", 500, 1, 100'000, "iterations at most"),
      choice_param("numbers", "standard", {"standard", "quantile", "piecewise"}, "how numbers are prepared"),
      integer_param("bins", 10, 2, 100, "pieces of a number when numbers = piecewise"),
      integer_param("one_hot_levels", 30, 0, 10'000, "categories with more levels enter by ordered target statistics instead"),
  };
}

std::vector<ParamSpec> vector_params() {
  return {
      integer_param("vector_width", 64, 1, 4096, "numbers of a word's vector"),
      choice_param("vectors", "skip_gram", {"skip_gram", "cbow", "random"},
                   "word2vec on the texts of the training rows, or vectors that start at random"),
      integer_param("vector_epochs", 5, 1, 10'000, "passes of word2vec over the texts"),
      integer_param("window", 5, 1, 1000, "words to either side that a word predicts"),
      integer_param("negatives", 5, 1, 1000, "words drawn against each true one"),
      flag_param("fixed_vectors", false, "vectors stay as word2vec left them"),
  };
}

// What every network here has: the end of its parameters, its traits.
ModelEntry finish(ModelEntry entry, double dropout, double weight_decay) {
  entry.params.push_back(real_param("dropout", dropout, 0, 0.9, "share of units dropped in training"));
  entry.params.push_back(integer_param("joint", 0, 0, 65'536, "units of a hidden layer over the encoding and the plain columns; 0: none"));
  append(entry.params, word_params(100, 5));
  append(entry.params, net::training_params(1e-3, weight_decay));
  append(entry.params, net::column_params());
  entry.family = "text";
  entry.traits.early_stopping = true;
  entry.traits.needs_gpu_aware = true;
  entry.traits.text = true;
  entry.prep = network_prep;
  entry.tune_space = {{"vector_width", 16, 200, true, {}},     {"dropout", 0, 0.7, false, {}},        {"joint", 0, 64, false, {}},
                      {"learning_rate", 1e-4, 1e-2, true, {}}, {"weight_decay", 1e-5, 0.1, true, {}}, {"min_texts", 2, 30, true, {}}};
  entry.on_request = true;
  return entry;
}

}  // namespace

ModelEntry wv_cnn_entry() {
  ModelEntry entry;
  entry.name = "wv_cnn";
  entry.title = "Word vectors and a convolutional network";
  entry.paper = "Zhao, Wu & Shi 2020 (loan texts); Kim, Convolutional neural networks for sentence classification, EMNLP 2014";
  entry.summary = "word2vec, filters over three, four and five words, the largest of each over the text";
  entry.parents = {"bag_of_words"};
  entry.params = {integer_param("filters", 100, 1, 4096, "filters of each of the widths 3, 4 and 5"),
                  real_param("max_norm", 3, 0, 1e6, "length of the weights behind the filters at most; 0: any")};
  append(entry.params, vector_params());
  return finish(std::move(entry), 0.5, 1e-4);
}

ModelEntry word2vec_lstm_entry() {
  ModelEntry entry;
  entry.name = "word2vec_lstm";
  entry.title = "Word vectors and a long short-term memory";
  entry.paper =
      "Wang, Han, Liu & Luo, A deep learning approach for credit scoring of peer-to-peer lending using attention mechanism LSTM, IEEE Access 7, 2019";
  entry.summary = "word2vec, an LSTM over the words, its last state or an attention over all of them";
  entry.parents = {"bag_of_words"};
  entry.params = {integer_param("hidden", 64, 1, 4096, "numbers of the LSTM's state"),
                  flag_param("attention", true, "the mean of the states, weighed by how much each matters; else the last state")};
  append(entry.params, vector_params());
  entry = finish(std::move(entry), 0.3, 1e-4);
  entry.tune_space.push_back({"hidden", 16, 128, true, {}});
  entry.tune_space.push_back({"attention", 0, 0, false, {}});
  return entry;
}

ModelEntry bm_linear_entry() {
  ModelEntry entry;
  entry.name = "bm_linear";
  entry.title = "Bag of words, self-attention, linear";
  entry.paper = "Journal of Systems & Management 32(1), 2023, 118-129; Devlin, Chang, Lee & Toutanova, BERT, NAACL 2019 (arXiv:1810.04805)";
  entry.summary = "categories and words as tokens of one bag, a Transformer encoder pre-trained by masked words, a linear head";
  entry.parents = {"bag_of_words", "ft_transformer"};
  entry.params = {integer_param("vector_width", 32, 1, 4096, "numbers of a token's vector; a multiple of heads"),
                  integer_param("heads", 4, 1, 64, "heads of the attention"),
                  integer_param("blocks", 1, 1, 12, "blocks of attention and feed-forward"),
                  integer_param("inner", 64, 1, 65'536, "units of the feed-forward layer of a block"),
                  integer_param("pretrain_steps", 500, 0, 100'000'000, "batches of 64 rows that learn to restore masked words; 0: none"),
                  real_param("mask", 0.15, 0.01, 0.9, "share of words masked there")};
  entry = finish(std::move(entry), 0.1, 1e-3);
  entry.prep = token_prep;
  entry.tune_space.front() = {"inner", 16, 256, true, {}};
  entry.tune_space.push_back({"blocks", 1, 3, false, {}});
  return entry;
}

ModelEntry doc2vec_entry() {
  ModelEntry entry;
  entry.name = "doc2vec";
  entry.title = "Vectors of texts, logistic";
  entry.family = "text";
  entry.paper = "Le & Mikolov, Distributed representations of sentences and documents, ICML 2014 (arXiv:1405.4053)";
  entry.summary = "a vector a text that predicts its words (PV-DBOW), then logistic regression on it and the plain columns";
  entry.parents = {"bag_of_words"};
  entry.params = {
      integer_param("vector_width", 32, 1, 1024, "numbers of a text's vector"),
      integer_param("vector_epochs", 20, 1, 10'000, "passes over the texts that learn the words' vectors"),
      integer_param("negatives", 5, 1, 1000, "words drawn against each true one"),
      integer_param("infer_steps", 10, 1, 1000, "gradient steps from 0 to a text's vector, in training and in scoring"),
      real_param("shrink", 0.1, 0, 100, "what keeps a text's vector short", true),
      real_param("strength", 10, 1e-6, 1e6, "L2 penalty of the coefficients against the summed log-loss", true),
  };
  append(entry.params, logistic_params());
  append(entry.params, word_params(256, 5));
  for (auto& spec : entry.params) {
    if (spec.name == "vocabulary") spec.default_value = "4000";
  }
  entry.traits.text = true;
  entry.prep = bag_prep;
  entry.candidates = {{{"vector_width", "32"}}, {{"vector_width", "64"}, {"vector_epochs", "40"}}};
  entry.tune_space = {{"vector_width", 8, 128, true, {}},
                      {"strength", 0.01, 1000, true, {}},
                      {"vector_epochs", 10, 60, true, {}},
                      {"shrink", 0.001, 1, true, {}},
                      {"numbers", 0, 0, false, {"standard", "quantile", "piecewise"}},
                      {"min_texts", 2, 30, true, {}}};
  entry.on_request = true;
  return entry;
}

ModelEntry bag_of_words_entry() {
  ModelEntry entry;
  entry.name = "bag_of_words";
  entry.title = "Bag of words, logistic";
  entry.family = "text";
  entry.paper = "Manning, Raghavan & Schuetze, Introduction to Information Retrieval, Cambridge 2008, chapters 6 and 13 to 15";
  entry.summary = "logistic regression on the words of texts and the plain columns together; says which words push";
  entry.parents = {"logistic"};
  entry.params = {
      choice_param("weighting", "tfidf", {"tfidf", "root", "count"},
                   "of words: their count; divided by sqrt(1 + words of the text); the same with rare words penalised less"),
      real_param("word_strength", 30, 1e-6, 1e6, "L2 penalty of the words' coefficients against the summed log-loss", true),
      real_param("strength", 1, 1e-6, 1e6, "L2 penalty of the plain columns' coefficients", true),
      flag_param("length", true, "ln(1 + words) of each text is a column too"),
  };
  append(entry.params, logistic_params());
  append(entry.params, word_params(256, 5));
  entry.traits.deterministic_convex = true;
  entry.traits.text = true;
  entry.prep = bag_prep;
  entry.candidates = {{{"word_strength", "30"}},
                      {{"word_strength", "3"}},
                      {{"word_strength", "300"}},
                      {{"word_strength", "100"}, {"numbers", "piecewise"}},
                      {{"word_strength", "1000"}, {"numbers", "piecewise"}}};
  entry.tune_space = {{"weighting", 0, 0, false, {"tfidf", "root", "count"}},
                      {"word_strength", 0.1, 3000, true, {}},
                      {"strength", 0.01, 1000, true, {}},
                      {"length", 0, 0, false, {}},
                      {"numbers", 0, 0, false, {"standard", "quantile", "piecewise"}},
                      {"bins", 4, 40, true, {}},
                      {"min_texts", 2, 30, true, {}}};
  entry.on_request = true;
  return entry;
}

}  // namespace obligor
