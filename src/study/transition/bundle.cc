#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/digest.h"
#include "core/random.h"
#include "study/transition/fit.h"

namespace obligor {
namespace {

std::string digest_of(const Panel& panel) {
  Sha256 digest;
  const auto bytes = [&](const auto& values) {
    digest.update(std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0])));
  };
  for (const auto& state : panel.states) digest.update(fmt::format("{}:{};", state.size(), state));
  bytes(panel.rows);
  bytes(panel.account);
  bytes(panel.period);
  bytes(panel.from);
  bytes(panel.to);
  return digest.hex();
}

}  // namespace

Bundle transition_bundle(const TransitionRequest& request, const Table& table, const Panel& panel, const Json& document,
                         const ExecutorFactory& executor, const Context& context) {
  std::vector<uint32_t> all(panel.size());
  std::iota(all.begin(), all.end(), 0U);
  // A sixth of the accounts chooses when to stop, as in the folds by account; what is kept is fitted on all rows.
  PanelFold fold{all, {}, {}};
  if (panel.accounts >= 12) {
    const auto parts = account_folds(panel, 6, context.seed());
    fold.held_back = parts.front().test;
  }
  const Context fit_context = context.with_seed(derive_seed(context.seed(), request.entry.name));
  const auto fitted = transition::fit(request, table, panel, fold.train, fold.held_back, executor, fit_context);

  PlanBuilder builder;
  TransitionNodes nodes{fitted.prep.lower(builder).features, {}};
  const size_t states = panel.states.size();
  if (!panel.spec.state.empty() && !panel.has_horizons()) {
    std::vector<int32_t> codes(states);
    std::iota(codes.begin(), codes.end(), 0);
    const auto unseen = static_cast<int32_t>(states);
    nodes.from = builder.encode(builder.input(panel.spec.state, InputKind::kCategory), panel.states, std::move(codes), unseen, unseen,
                                static_cast<uint32_t>(states + 1));
  }
  NodeId p = fitted.fit.model->lower(builder, nodes);
  size_t outputs = states;
  if (panel.has_horizons()) {
    // p(within h) = the sum over the horizons up to h, so that it never falls from one to the next.
    outputs = panel.spec.within.size();
    std::vector<float> sums(outputs * states, 0.0F);
    for (size_t h = 0; h < outputs; ++h) std::fill_n(sums.begin() + static_cast<std::ptrdiff_t>(h * states), h + 1, 1.0F);
    p = builder.affine(p, std::move(sums), std::vector<float>(outputs, 0.0F), static_cast<uint32_t>(outputs));
  }
  for (size_t s = 0; s < outputs; ++s) builder.output("p_" + panel.states[s], builder.select(p, {static_cast<int32_t>(s)}));

  Bundle bundle;
  bundle.plan = builder.build();
  bundle.task = panel_json(panel);
  for (const auto& input : bundle.plan.inputs) {
    const Column& column = table.column(input.name);
    bundle.dictionary.push_back(
        {{"name", input.name}, {"kind", input.kind == InputKind::kNumber ? "number" : "category"}, {"missing", column.missing_count()}});
  }
  bundle.fingerprint = {{"source", panel.source},
                        {"rows", panel.size()},
                        {"digest", digest_of(panel)},
                        {"seed", context.seed()},
                        {"command", document.value("command", "")},
                        {"obligor", document.value("obligor", "")}};
  for (const auto& model : document.value("models", Json::array())) {
    if (model.value("name", "") != request.entry.name || !model.contains("metrics")) continue;
    bundle.metrics = {{"split", document["split"]}, {"folds", document["folds"]}, {"rows", document["rows"]}, {"values", model["metrics"]}};
  }
  bundle.card = {{"model", request.entry.name},    {"title", request.entry.title},     {"paper", request.entry.paper},
                 {"params", fitted.params.json()}, {"notes", fitted.fit.report.notes}, {"details", fitted.fit.report.details}};
  return bundle;
}

}  // namespace obligor
