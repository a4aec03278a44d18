#include "zoo/blend.h"

namespace obligor {

ModelEntry blend_entry() {
  ModelEntry entry;
  entry.name = "blend";
  entry.title = "Blend of models";
  entry.family = "blend";
  entry.paper = "Caruana, Niculescu-Mizil, Crew & Ksikes, Ensemble selection from libraries of models, ICML 2004";
  entry.summary = "the mean log-odds of several models, weighted by the inner folds";
  entry.parents = {"logistic", "lightgbm", "dnn"};
  entry.params = {text_param("models", "logistic,lightgbm,dnn", "which models it may be made of, separated by commas")};
  entry.traits.early_stopping = true;
  entry.on_request = true;
  return entry;
}

}  // namespace obligor
