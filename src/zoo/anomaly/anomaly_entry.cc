// Registry row of isolation_forest.
#include "zoo/anomaly/anomaly.h"

namespace obligor {
namespace {

PrepSpec isolation_prep(const Params& params) {
  PrepSpec spec;
  spec.numbers = params.text("numbers") == "raw" ? NumberCoding::kRaw : NumberCoding::kQuantile;
  spec.missing_flag = params.flag("missing_flag");
  spec.one_hot_max_levels = static_cast<int>(params.integer("one_hot_levels"));
  return spec;
}

}  // namespace

ModelEntry isolation_forest_entry() {
  ModelEntry entry;
  entry.name = "isolation_forest";
  entry.title = "Isolation forest";
  entry.family = "anomaly";
  entry.paper = "Liu, Ting & Zhou, Isolation Forest, ICDM 2008";
  entry.summary = "how few random cuts part a row from the others";
  entry.params = {
      choice_param("fit_on", "goods", {"goods", "all"}, "the training rows that the trees are grown on: the goods, or all without their labels"),
      integer_param("trees", 200, 1, 100'000, "random trees"),
      integer_param("sample", 256, 2, 1'048'576, "rows that a tree is grown on, drawn without replacement"),
      choice_param("numbers", "raw", {"raw", "quantile"}, "how number columns are cut: as they are, or by their quantiles"),
      integer_param("one_hot_levels", 20, 0, 100'000, "a category with at most so many levels is one-hot encoded; others are left out"),
      flag_param("missing_flag", true, "a 0/1 column where a column has missing values"),
  };
  entry.prep = isolation_prep;
  entry.candidates = {{{"numbers", "raw"}}, {{"numbers", "quantile"}}};
  entry.tune_space = {{"trees", 50, 1000, true, {}}, {"sample", 32, 4096, true, {}}, {"numbers", 0, 0, false, {"raw", "quantile"}}};
  entry.on_request = true;
  return entry;
}

}  // namespace obligor
