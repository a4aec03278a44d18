#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/digest.h"
#include "core/random.h"
#include "study/recommend/recommend.h"

namespace obligor {
namespace {

// The code of a name as fitted; one past the last for a name that was never seen or is missing.
NodeId id_code(PlanBuilder& builder, const std::string& column, const std::vector<std::string>& names) {
  std::vector<int32_t> codes(names.size());
  std::iota(codes.begin(), codes.end(), 0);
  const auto unseen = static_cast<int32_t>(names.size());
  return builder.encode(builder.input(column, InputKind::kCategory), names, std::move(codes), unseen, unseen,
                        static_cast<uint32_t>(names.size() + 1));
}

std::string digest_of(const PairTask& task) {
  Sha256 digest;
  const auto bytes = [&](const auto& values) {
    digest.update(std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0])));
  };
  for (const auto* names : {&task.customers, &task.products}) {
    for (const auto& name : *names) {
      digest.update(name);
      digest.update(std::string_view("\0", 1));
    }
  }
  bytes(task.pairs.customer);
  bytes(task.pairs.product);
  bytes(task.pairs.rating);
  return digest.hex();
}

}  // namespace

std::optional<Bundle> pair_bundle(const PairRequest& request, const PairTask& task, const Json& document, const Context& context) {
  const bool rating = task.spec.kind == TaskKind::kRating;
  const Params params = make_params(request.entry.params, request.given, fmt::format("model '{}'", request.entry.name));
  Interactions pairs = task.pairs;
  if (!rating) pairs.rating.clear();
  const Context fit_context = context.with_seed(derive_seed(context.seed(), request.entry.name));
  const InteractionFit fit = request.entry.fit_interactions({pairs}, params, fit_context);
  PlanBuilder builder;
  const PairInputs inputs{id_code(builder, task.spec.customer, task.customers), id_code(builder, task.spec.product, task.products)};
  const auto node = fit.model->lower(builder, inputs);
  if (!node) return std::nullopt;
  builder.output(rating ? "rating" : "score", *node);

  Bundle bundle;
  bundle.plan = builder.build();
  bundle.task = pair_task_json(task);
  for (const auto& [column, names] : {std::pair{task.spec.customer, task.customers.size()}, std::pair{task.spec.product, task.products.size()}}) {
    bundle.dictionary.push_back({{"name", column}, {"kind", "category"}, {"levels", names}, {"missing", 0}});
  }
  bundle.fingerprint = {{"source", task.source},
                        {"rows", task.pairs.size()},
                        {"digest", digest_of(task)},
                        {"seed", context.seed()},
                        {"command", document.value("command", "")},
                        {"obligor", document.value("obligor", "")}};
  for (const auto& model : document.value("models", Json::array())) {
    if (model.value("name", "") != request.entry.name || !model.contains("metrics")) continue;
    bundle.metrics = {{"split", document["split"]}, {"folds", document["folds"]}, {"rows", document["rows"]}, {"values", model["metrics"]}};
  }
  bundle.card = {{"model", request.entry.name}, {"title", request.entry.title}, {"paper", request.entry.paper},
                 {"params", params.json()},     {"notes", fit.report.notes},    {"details", fit.report.details}};
  return bundle;
}

}  // namespace obligor
