// Rating models by epochs: part of the ratings is held back to choose how many, then all are fitted for as many. Private to the room.
//
//   return fit_with_held_back<Descent>(pairs, params, context);
//
// A Trainer is made of (pairs, params, context), does epoch() -> training RMSE, and gives factors(). Its parameters are held_back, epochs,
// patience and refit. With too few pairs to hold any back it trains for a tenth of the epochs.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/context.h"
#include "core/random.h"
#include "model/params.h"
#include "zoo/recsys/factor_model.h"
#include "zoo/recsys/lists.h"

namespace obligor::recsys {

[[nodiscard]] inline double rmse_of(const PairModel& model, const Interactions& pairs) {
  const auto predicted = model.predict(pairs.customer, pairs.product);
  double squares = 0;
  for (size_t i = 0; i < predicted.size(); ++i) squares += std::pow(predicted[i] - static_cast<double>(pairs.rating[i]), 2);
  return std::sqrt(squares / static_cast<double>(predicted.size()));
}

template <typename Trainer>
InteractionFit fit_with_held_back(const Interactions& pairs, const Params& params, const Context& context) {
  const auto epochs = static_cast<size_t>(params.integer("epochs"));
  const HeldBack parts = hold_back(pairs, params.real("held_back"), derive_seed(context.seed(), "epochs"));
  InteractionFit fit;
  Learning learning;
  size_t best = std::max<size_t>(1, epochs / 10);
  if (parts.held.size() > 0 && parts.kept.size() > 0) {
    Trainer trainer(parts.kept, params, context);
    double least = INFINITY;
    for (size_t epoch = 1; epoch <= epochs; ++epoch) {
      context.check_cancelled();
      const double train = trainer.epoch();
      auto model = make_factor_model(trainer.factors());
      const double held = rmse_of(*model, parts.held);
      learning.epoch.push_back(static_cast<double>(epoch));
      learning.train_loss.push_back(train);
      learning.valid_loss.push_back(held);
      if (held < least) {
        least = held;
        best = epoch;
        fit.model = std::move(model);
      }
      if (epoch - best >= static_cast<size_t>(params.integer("patience"))) break;
    }
    fit.report.notes.push_back(fmt::format("held-back RMSE {:.4f} after {} epochs", least, best));
    fit.report.details["held_back_rmse"] = least;
  }
  fit.report.details["epochs"] = best;
  if (fit.model == nullptr || params.flag("refit")) {
    Trainer trainer(pairs, params, context);
    for (size_t epoch = 0; epoch < best; ++epoch) {
      context.check_cancelled();
      (void)trainer.epoch();
    }
    fit.model = make_factor_model(trainer.factors());
  }
  fit.report.learning.push_back(std::move(learning));
  return fit;
}

}  // namespace obligor::recsys
