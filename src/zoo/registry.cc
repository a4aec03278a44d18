#include "zoo/registry.h"

#include <vector>

#include "core/error.h"
#include "zoo/anomaly/anomaly.h"
#include "zoo/belief/belief.h"
#include "zoo/blend.h"
#include "zoo/boost/boost.h"
#include "zoo/field/field.h"
#include "zoo/linear/linear.h"
#include "zoo/net/net.h"
#include "zoo/recsys/recsys.h"
#include "zoo/scorecard/scorecard.h"
#include "zoo/sequence/conv_autoencoder.h"
#include "zoo/sequence/sequence.h"
#include "zoo/survival/survival.h"
#include "zoo/text/text.h"
#include "zoo/tree/tree.h"

namespace obligor::zoo {

std::span<const ModelEntry> registry() {
  static const std::vector<ModelEntry> entries{
      logistic_entry(),
      scorecard_entry(),
      lightgbm_entry(),
      bo_lightgbm_entry(),
      ann_entry(),
      dnn_entry(),
      fm_entry(),
      nfm_entry(),
      deepfm_entry(),
      wide_deep_entry(),
      deep_crossing_entry(),
      pnn_entry(),
      afm_entry(),
      dcn_v2_entry(),
      resnet_entry(),
      tabm_entry(),
      ft_transformer_entry(),
      cart_entry(),
      chaid_entry(),
      c50_entry(),
      tree_vote_entry(),
      dbn_entry(),
      sdae_entry(),
      autoencoder_entry(),
      isolation_forest_entry(),
      conv_autoencoder_entry(),
      dec_entry(),
      rnn_entry(),
      lstm_entry(),
      gru_entry(),
      attention_lstm_entry(),
      lstm_fraud_entry(),
      network_lstm_entry(),
      cnn_entry(),
      transformer_entry(),
      blend_entry(),
      bag_of_words_entry(),
      doc2vec_entry(),
      wv_cnn_entry(),
      word2vec_lstm_entry(),
      bm_linear_entry(),
      autorec_entry(),
      biased_mf_entry(),
      neural_cf_entry(),
      pure_svd_entry(),
      item_knn_entry(),
      top_popular_entry(),
      transition_matrix_entry(),
      multinomial_logit_entry(),
      transition_ann_entry(),
      mortgage_dnn_entry(),
  };
  return entries;
}

const ModelEntry& find(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& entry : registry()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw unknown_name("model", name, names);
}

}  // namespace obligor::zoo
