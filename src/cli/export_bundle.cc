#include "cli/export_bundle.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include "cli/plan_columns.h"
#include "core/error.h"
#include "emit/native/native.h"
#include "emit/proof/raw_rows.h"
#include "plan/narrow.h"
#include "prep/preprocessor.h"
#include "table/source.h"

namespace obligor::cli {
namespace {

constexpr size_t kEdgeRows = 20'000;

// Of a probability (or what the plan gives first), between the two plans.
struct ScoreError {
  size_t rows = 0;
  double largest = 0;
  double sum = 0;

  void add(const std::vector<float>& a, const std::vector<float>& b) {
    for (size_t r = 0; r < a.size(); ++r) {
      if (std::isnan(a[r]) && std::isnan(b[r])) continue;
      const double apart = std::fabs(static_cast<double>(a[r]) - static_cast<double>(b[r]));
      largest = std::isnan(apart) ? std::numeric_limits<double>::infinity() : std::max(largest, apart);
      sum += apart;
    }
    rows += a.size();
  }
};

ScoreError measure(const ScorePlan& exact, const ScorePlan& narrow, const ExportBundleRequest& request, const Globals& globals) {
  const NativeExecutor first(exact);
  const NativeExecutor second(narrow);
  const std::vector<std::string> wanted{exact.find_output("probability") ? "probability" : exact.outputs.front().name};
  ScoreError error;
  const auto compare = [&](const InputBatch& batch) { error.add(first.run(batch, wanted)[0].numbers, second.run(batch, wanted)[0].numbers); };
  const Context context = globals.context();
  if (request.data.empty()) {
    Random random(globals.seed, "narrow weights");
    const RawRows rows = edge_rows(exact, {}, random, kEdgeRows);
    compare(rows.batch(0, rows.rows));
    return error;
  }
  ReadOptions read;
  read.threads = context.threads();
  RowStream stream(request.data, false, read, plan_columns(exact));
  while (const auto chunk = stream.next()) {
    context.check_cancelled();
    const auto rows = all_rows(chunk->rows());
    const GatheredInputs inputs(*chunk, rows, exact.inputs);
    compare(inputs.batch());
  }
  return error;
}

}  // namespace

void export_bundle(const Bundle& bundle, const std::string& path, const ExportBundleRequest& request, const Globals& globals) {
  if (request.out.empty()) throw Error(ErrorCode::kInvalid, "export: --to bundle writes a bundle and needs --out FILE");
  const auto kind = std::find_if(kWeightKinds.begin(), kWeightKinds.end(), [&](const auto& known) { return known.first == request.weights; });
  if (kind == kWeightKinds.end()) {
    std::vector<std::string> names;
    names.reserve(kWeightKinds.size());
    for (const auto& known : kWeightKinds) names.emplace_back(known.first);
    throw unknown_name("kind of weights", request.weights, names);
  }
  if (bundle.plan.outputs.empty()) throw Error(ErrorCode::kData, path + ": its plan has no output");
  Bundle made = bundle;
  made.plan = narrow_weights(bundle.plan, kind->second);
  const size_t halves = made.plan.meta["bf16"].size();
  const size_t quarters = made.plan.meta["int8"].size();
  if (halves + quarters == 0)
    throw Error(ErrorCode::kUnsupported, path + ": holds no weights that could be narrower: networks and embeddings have some, cards and trees none");
  const ScoreError error = measure(bundle.plan, made.plan, request, globals);
  const double mean = error.rows == 0 ? 0 : error.sum / static_cast<double>(error.rows);
  const std::string on = request.data.empty() ? "generated edge rows" : request.data;
  made.proof = Json::object();  // it is about the other plan
  if (!made.card.is_object()) made.card = Json::object();
  made.card["weights"] = {{"kind", request.weights}, {"rows", error.rows}, {"on", on}, {"largest_error", error.largest}, {"mean_error", mean}};
  save_bundle(made, request.out);
  const auto bytes = std::filesystem::file_size(request.out);
  fmt::print("of {} constants {} as int8 and {} as bfloat16: {} bytes, before {}\n", made.plan.constants.size(), quarters, halves, bytes,
             std::filesystem::file_size(path));
  fmt::print("score error on {} rows ({}): largest {:.2g}, mean {:.2g}\n{}\n", error.rows, on, error.largest, mean, request.out);
}

}  // namespace obligor::cli
