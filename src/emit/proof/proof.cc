#include "emit/proof/proof.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/digest.h"
#include "core/error.h"
#include "core/instruction_set.h"
#include "emit/native/native.h"
#include "emit/onnx/runtime.h"
#include "emit/proof/raw_rows.h"
#include "emit/proof/sql_executor.h"
#include "plan/io.h"

namespace obligor {
namespace {

constexpr size_t kBaseRows = 2'000;  // of the data, on which edge rows are made

double difference(float a, float b, bool is_probability) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  if (std::isnan(a) || std::isnan(b) || std::isinf(a) || std::isinf(b)) return std::numeric_limits<double>::infinity();
  const double apart = std::fabs(static_cast<double>(a) - static_cast<double>(b));
  return is_probability ? apart : apart / (1 + std::fabs(static_cast<double>(a)));
}

struct Backend {
  BackendProof proof;
  std::unique_ptr<Executor> executor;
  bool empty_is_missing = false;
};

}  // namespace

struct Prover::Impl {
  ScorePlan plan;
  ProofOptions options;
  Interpreter interpreter;
  std::vector<std::string> outputs;
  bool is_probability = false;
  std::vector<Backend> backends;
  RawRows base;
  size_t rows = 0;

  Impl(const ScorePlan& given, ProofOptions wanted) : plan(given), options(std::move(wanted)), interpreter(given) {
    const auto types = verify(plan);
    for (const PlanOutput& output : plan.outputs) {
      if (output.name == "probability") is_probability = true;
      if (types[output.node].kind == ValueType::Kind::kNumber && types[output.node].width == 1) outputs.push_back(output.name);
    }
    if (is_probability) outputs = {"probability"};
    if (outputs.empty()) throw Error(ErrorCode::kUnsupported, "prove: the plan has no output of one number to compare");
    base.numbers.resize(plan.inputs.size());
    base.codes.resize(plan.inputs.size());
    base.dictionaries.resize(plan.inputs.size());
    for (const auto& name : options.backends) add(name);
  }

  void add(const std::string& name) {
    Backend backend;
    backend.proof.name = name;
    backend.proof.tolerance = name == "sql" ? options.sql_tolerance : options.tolerance;
    backend.empty_is_missing = name != "native";
    if (name != "native" && name != "sql" && name != "onnx") {
      const std::vector<std::string> known{"native", "sql", "onnx"};
      throw unknown_name("backend", name, known);
    }
    if (name == "onnx" && !OnnxRuntimeExecutor::missing_because().empty()) {
      backend.proof.status = "not_found";
      backend.proof.note = OnnxRuntimeExecutor::missing_because();
    } else {
      attempt(backend, [&] {
        if (name == "native") {
          backend.executor = std::make_unique<NativeExecutor>(plan);
          backend.proof.note = set_name(chosen_set());
        } else if (name == "sql") {
          backend.executor = std::make_unique<SqlExecutor>(plan, options.sql_terms);
          backend.proof.note = "duckdb";
        } else {
          backend.executor = std::make_unique<OnnxRuntimeExecutor>(plan);
          backend.proof.note = "ONNX Runtime " + OnnxRuntimeExecutor::version();
        }
        backend.proof.status = "compared";
      });
    }
    backends.push_back(std::move(backend));
  }

  template <typename Work>
  static void attempt(Backend& backend, const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      backend.executor.reset();
      backend.proof.status = error.code() == ErrorCode::kUnsupported ? "refused" : "failed";
      backend.proof.note = error.what();
    }
  }

  void compare(const InputBatch& batch, std::string_view what, size_t first) {
    const RawRows filled = without_empty_strings(plan, batch);
    const InputBatch filled_batch = filled.batch(0, filled.rows);
    const auto expected = interpreter.run(batch, outputs);
    std::vector<Value> expected_filled;
    for (Backend& backend : backends) {
      if (backend.executor == nullptr) continue;
      attempt(backend, [&] {
        if (backend.empty_is_missing && expected_filled.empty()) expected_filled = interpreter.run(filled_batch, outputs);
        const InputBatch& rows_of = backend.empty_is_missing ? filled_batch : batch;
        const auto& wanted = backend.empty_is_missing ? expected_filled : expected;
        note(backend.proof, wanted, backend.executor->run(rows_of, outputs), rows_of, what, first);
      });
    }
  }

  void note(BackendProof& proof, const std::vector<Value>& expected, const std::vector<Value>& found, const InputBatch& batch, std::string_view what,
            size_t first) const {
    const bool is_data = what == "data";
    (is_data ? proof.rows : proof.edge_rows) += batch.rows;
    for (size_t i = 0; i < expected.size(); ++i) {
      for (size_t r = 0; r < batch.rows; ++r) {
        const double apart = difference(expected[i].numbers[r], found[i].numbers[r], is_probability);
        if (is_data) proof.largest_on_data = std::max(proof.largest_on_data, apart);
        if (!(apart > proof.largest)) continue;
        proof.largest = apart;
        proof.where = fmt::format("{} row {}", what, first + r);
        proof.row = row_json(plan, batch, r);
        proof.expected = static_cast<double>(expected[i].numbers[r]);
        proof.found = static_cast<double>(found[i].numbers[r]);
      }
    }
  }

  // Keeps the first rows of the data as the base of edge rows.
  void keep(const InputBatch& batch) {
    const size_t count = std::min(batch.rows, kBaseRows - std::min(kBaseRows, base.rows));
    for (size_t c = 0; c < plan.inputs.size() && count > 0; ++c) {
      const InputColumn& column = batch.columns[c];
      if (plan.inputs[c].kind != InputKind::kCategory) {
        base.numbers[c].insert(base.numbers[c].end(), column.numbers.begin(), column.numbers.begin() + static_cast<std::ptrdiff_t>(count));
        continue;
      }
      // Each batch has a dictionary of its own; the base holds one after another.
      const auto shift = static_cast<int32_t>(base.dictionaries[c].size());
      base.dictionaries[c].insert(base.dictionaries[c].end(), column.dictionary->begin(), column.dictionary->end());
      if (base.dictionaries[c].empty()) base.dictionaries[c].emplace_back("-");
      for (size_t r = 0; r < count; ++r) base.codes[c].push_back(column.codes[r] < 0 ? -1 : column.codes[r] + shift);
    }
    base.rows += count;
  }
};

Prover::Prover(const ScorePlan& plan, const ProofOptions& options) : impl_(std::make_unique<Impl>(plan, options)) {}
Prover::~Prover() = default;

void Prover::check(const InputBatch& batch, size_t first_row) {
  if (batch.rows == 0) return;
  impl_->keep(batch);
  impl_->compare(batch, "data", first_row);
  impl_->rows += batch.rows;
}

Proof Prover::finish() {
  Random random(impl_->options.seed, "proof-edges");
  const InputBatch base = impl_->base.rows > 0 ? impl_->base.batch(0, impl_->base.rows) : InputBatch{};
  const RawRows edges = edge_rows(impl_->plan, base, random, impl_->options.edge_rows);
  impl_->compare(edges.batch(0, edges.rows), "edge", 0);
  Proof proof;
  proof.plan_digest = plan_digest(impl_->plan);
  proof.seed = impl_->options.seed;
  proof.rows = impl_->rows;
  proof.edge_rows = edges.rows;
  proof.holds = true;
  for (const Backend& backend : impl_->backends) {
    proof.holds = proof.holds && backend.proof.holds();
    proof.backends.push_back(backend.proof);
  }
  return proof;
}

std::string plan_digest(const ScorePlan& plan) {
  const PlanFiles files = save_plan(plan);
  Sha256 digest;
  digest.update(files.graph);
  digest.update(files.weights);
  return digest.hex();
}

Json proof_json(const Proof& proof) {
  Json backends = Json::array();
  for (const BackendProof& one : proof.backends) {
    Json entry{{"name", one.name}, {"status", one.status}, {"note", one.note}};
    if (one.status == "compared") {
      entry["holds"] = one.holds();
      entry["tolerance"] = one.tolerance;
      entry["rows"] = one.rows;
      entry["edge_rows"] = one.edge_rows;
      entry["largest_difference"] = one.largest;
      entry["largest_on_data"] = one.largest_on_data;
      if (!one.where.empty()) {
        entry["where"] = one.where;
        entry["row"] = one.row;
        entry["interpreter"] = one.expected;
        entry["found"] = one.found;
      }
    }
    backends.push_back(std::move(entry));
  }
  return {{"holds", proof.holds}, {"plan_digest", proof.plan_digest}, {"seed", proof.seed},
          {"rows", proof.rows},   {"edge_rows", proof.edge_rows},     {"backends", std::move(backends)}};
}

}  // namespace obligor
