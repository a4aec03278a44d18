#include "zoo/bind.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "zoo/anomaly/anomaly.h"
#include "zoo/belief/belief.h"
#include "zoo/boost/boost.h"
#include "zoo/field/field.h"
#include "zoo/linear/linear.h"
#include "zoo/net/net.h"
#include "zoo/recsys/recsys.h"
#include "zoo/registry.h"
#include "zoo/scorecard/scorecard.h"
#include "zoo/sequence/conv_autoencoder.h"
#include "zoo/sequence/sequence.h"
#include "zoo/survival/survival.h"
#include "zoo/text/text.h"
#include "zoo/tree/tree.h"

namespace obligor::zoo {

std::vector<ModelEntry> bound_registry() {
  constexpr auto kFits = std::to_array<std::pair<std::string_view, FitFunction>>({
      {"logistic", fit_logistic},
      {"scorecard", fit_scorecard},
      {"lightgbm", fit_lightgbm},
      {"bo_lightgbm", fit_lightgbm},
      {"ann", fit_ann},
      {"dnn", fit_dnn},
      {"cart", fit_cart},
      {"chaid", fit_chaid},
      {"c50", fit_c50},
      {"tree_vote", fit_tree_vote},
      {"fm", fit_fm},
      {"nfm", fit_nfm},
      {"deepfm", fit_deepfm},
      {"wide_deep", fit_wide_deep},
      {"deep_crossing", fit_deep_crossing},
      {"pnn", fit_pnn},
      {"afm", fit_afm},
      {"dcn_v2", fit_dcn_v2},
      {"resnet", fit_resnet},
      {"tabm", fit_tabm},
      {"ft_transformer", fit_ft_transformer},
      {"dbn", fit_dbn},
      {"sdae", fit_sdae},
      {"autoencoder", fit_autoencoder},
      {"isolation_forest", fit_isolation_forest},
      {"conv_autoencoder", fit_conv_autoencoder},
      {"dec", fit_dec},
      {"rnn", fit_rnn},
      {"lstm", fit_lstm},
      {"gru", fit_gru},
      {"attention_lstm", fit_attention_lstm},
      {"lstm_fraud", fit_lstm_fraud},
      {"network_lstm", fit_network_lstm},
      {"cnn", fit_cnn},
      {"transformer", fit_transformer},
      {"bag_of_words", fit_bag_of_words},
      {"doc2vec", fit_doc2vec},
      {"wv_cnn", fit_wv_cnn},
      {"word2vec_lstm", fit_word2vec_lstm},
      {"bm_linear", fit_bm_linear},
  });
  constexpr auto kPairFits = std::to_array<std::pair<std::string_view, FitInteractions>>({
      {"autorec", fit_autorec},
      {"biased_mf", fit_biased_mf},
      {"neural_cf", fit_neural_cf},
      {"pure_svd", fit_pure_svd},
      {"item_knn", fit_item_knn},
      {"top_popular", fit_top_popular},
  });
  constexpr auto kStateFits = std::to_array<std::pair<std::string_view, FitTransitions>>({
      {"transition_matrix", fit_transition_matrix},
      {"multinomial_logit", fit_softmax_transitions},
      {"transition_ann", fit_softmax_transitions},
      {"mortgage_dnn", fit_softmax_transitions},
  });
  std::vector<ModelEntry> entries(registry().begin(), registry().end());
  for (auto& entry : entries) {
    for (const auto& [name, fit] : kFits) {
      if (entry.name == name) entry.fit = fit;
    }
    for (const auto& [name, fit] : kPairFits) {
      if (entry.name == name) entry.fit_interactions = fit;
    }
    for (const auto& [name, fit] : kStateFits) {
      if (entry.name == name) entry.fit_transitions = fit;
    }
    if (entry.fit == nullptr && entry.fit_interactions == nullptr && entry.fit_transitions == nullptr && entry.family != "blend")
      throw Error(ErrorCode::kInternal, fmt::format("model '{}' has no fit", entry.name));
  }
  std::vector<ModelEntry> parts;
  for (const auto& entry : entries) {
    if (entry.fit != nullptr) parts.push_back(entry);
  }
  for (auto& entry : entries) {
    if (entry.family == "blend") entry.parts = parts;
  }
  return entries;
}

}  // namespace obligor::zoo
