// Rows a second of the native scorer and of the reference interpreter on the same rows in the same run, in the thread's processor
// time, so that what else the machine does hardly counts: counter `times_faster`. The argument is the batch size. Rows differ from
// call to call: scoring the same row again would only show that its branches are already learnt.
//
//   cmake --build build/release --target obligor_emit_native_bench && build/release/obligor_emit_native_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>

#include "emit/native/native.h"
#include "emit/native/peak_bench.h"
#include "emit/native/random_plan.h"

namespace obligor::native {
namespace {

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Float32 operations a second of one thread at the most.
void peak(benchmark::State& state) {
  double best = 0;
  for (auto _ : state) {
    const double start = thread_seconds();
    const double operations = run_multiply_adds(200'000);
    const double took = thread_seconds() - start;
    state.SetIterationTime(took);
    best = std::max(best, operations / took);
  }
  state.counters["gflops"] = 1e-9 * best;
}
BENCHMARK(peak)->UseManualTime()->MinTime(0.2);

// Two operations a weight of the affine maps.
double affine_operations(const ScorePlan& plan) {
  double operations = 0;
  for (const Node& node : plan.nodes) {
    if (node.op == Op::kAffine) operations += 2 * static_cast<double>(plan.constants[node.constants[0]].floats().size());
  }
  return operations;
}

// 20 numbers by quantiles (512 knots), as `dnn` takes them.
NodeId quantile_inputs(PlanBuilder& builder, Random& random) {
  std::vector<NodeId> parts;
  for (int c = 0; c < 20; ++c) {
    const NodeId x = builder.impute(builder.input("x" + std::to_string(c), InputKind::kNumber), {0.0F});
    std::vector<float> knots;
    std::vector<float> values;
    for (int k = 0; k < 512; ++k) {
      const double share = (k + 0.5) / 512;
      knots.push_back(static_cast<float>(std::log(share / (1 - share)) * 0.6));  // near enough to a normal
      values.push_back(static_cast<float>(std::log(share / (1 - share)) * 0.5 + 0.01 * random.uniform()));
    }
    parts.push_back(builder.interpolate(x, knots, values));
  }
  return builder.concat(parts);
}

NodeId layer(PlanBuilder& builder, Random& random, NodeId x, uint32_t out, const char* function) {
  const uint32_t in = builder.type(x).width;
  return builder.activate(builder.affine(x, random_weights(random, in, out), random_values(random, out, -0.1, 0.1), out), function);
}

ScorePlan dnn() {
  Random random(1, "bench-dnn");
  PlanBuilder builder;
  const NodeId hidden = layer(builder, random, layer(builder, random, quantile_inputs(builder, random), 128, "relu"), 64, "relu");
  builder.output("probability", layer(builder, random, hidden, 1, "sigmoid"));
  return builder.build();
}

// Members that share their inputs, as zoo/net lowers them.
ScorePlan wide_ensemble() {
  constexpr int32_t kMembers = 16;
  constexpr int32_t kHidden = 128;
  Random random(2, "bench-ensemble");
  PlanBuilder builder;
  const NodeId first = layer(builder, random, quantile_inputs(builder, random), kMembers * kHidden, "relu");
  std::vector<NodeId> members;
  for (int32_t m = 0; m < kMembers; ++m) {
    std::vector<int32_t> columns;
    for (int32_t c = 0; c < kHidden; ++c) columns.push_back(m * kHidden + c);
    NodeId x = builder.select(first, columns);
    for (int l = 0; l < 2; ++l) x = layer(builder, random, x, kHidden, "relu");
    members.push_back(layer(builder, random, x, 1, "sigmoid"));
  }
  builder.output("probability", builder.sum(members, std::vector<float>(kMembers, 1.0F / kMembers)));
  return builder.build();
}

// Nothing but maps: what the dense kernels reach of the peak.
ScorePlan dense() {
  Random random(5, "bench-dense");
  PlanBuilder builder;
  std::vector<NodeId> parts;
  for (int c = 0; c < 64; ++c) parts.push_back(builder.input("x" + std::to_string(c), InputKind::kNumber));
  NodeId x = builder.concat(parts);
  for (int l = 0; l < 3; ++l) x = layer(builder, random, x, 256, "relu");
  builder.output("probability", layer(builder, random, x, 1, "sigmoid"));
  return builder.build();
}

// Fields as vectors, their attention to each other, products and layer normalisation: the ops of the networks over fields.
ScorePlan fields() {
  constexpr uint32_t kFields = 24;
  constexpr uint32_t kWidth = 16;
  Random random(6, "bench-fields");
  PlanBuilder builder;
  std::vector<NodeId> parts;
  for (uint32_t c = 0; c < kFields; ++c) {
    const NodeId code = builder.bin(builder.input("x" + std::to_string(c), InputKind::kNumber), {-1.5F, -1.0F, -0.5F, 0.0F, 0.5F, 1.0F, 1.5F});
    parts.push_back(builder.look_up(code, random_values(random, builder.type(code).levels * kWidth, -1, 1), kWidth));
  }
  const NodeId all = builder.concat(parts);
  const NodeId attended = builder.attend(all, all, all, 2, kFields);
  const NodeId normal =
      builder.normalise(builder.multiply(attended, all), random_values(random, kWidth, 0.5, 1.5), random_values(random, kWidth, -0.1, 0.1), 1e-5F);
  builder.output("probability", layer(builder, random, layer(builder, random, normal, 64, "relu"), 1, "sigmoid"));
  return builder.build();
}

// Twelve months of a balance, a payment and a delay, by a cell of 32 numbers; an older month may be missing.
ScorePlan history() {
  constexpr int kSteps = 12;
  constexpr int kChannels = 3;
  constexpr uint32_t kHidden = 32;
  Random random(7, "bench-history");
  PlanBuilder builder;
  std::vector<NodeId> parts;
  std::vector<NodeId> there;
  for (int t = 0; t < kSteps; ++t) {
    for (int c = 0; c < kChannels; ++c) {
      const NodeId x = builder.input("x" + std::to_string(t) + "_" + std::to_string(c), InputKind::kNumber);
      parts.push_back(builder.impute(x, {0.0F}));
      if (c == 0) there.push_back(builder.affine(builder.missing_flag(x), {-1.0F}, {1.0F}, 1));
    }
  }
  const NodeId present = builder.concat(there);
  const NodeId steps = builder.concat(parts);
  const NodeId states = builder.recur(steps, present, "lstm", random_values(random, 4 * kHidden * kChannels, -0.5, 0.5),
                                      random_values(random, 4 * kHidden * kHidden, -0.2, 0.2), random_values(random, 4 * kHidden, -0.1, 0.1));
  const NodeId filtered = builder.activate(
      builder.convolve(steps, random_values(random, kHidden * 3 * kChannels, -0.5, 0.5), random_values(random, kHidden, -0.1, 0.1), kSteps, 1, 2, 0),
      "relu");
  const NodeId both = builder.concat({builder.pool(states, present, "last"), builder.pool(filtered, present, "max")});
  builder.output("probability", layer(builder, random, both, 1, "sigmoid"));
  return builder.build();
}

ScorePlan trees(size_t leaves) {
  Random random(3, "bench-trees");
  PlanBuilder builder;
  std::vector<NodeId> parts;
  for (int c = 0; c < 30; ++c) parts.push_back(builder.input("x" + std::to_string(c), InputKind::kNumber));
  const NodeId sum = builder.trees(builder.concat(parts), random_trees(random, 500, leaves, 30, 0, true));
  builder.output("probability", builder.activate(sum, "sigmoid"));
  return builder.build();
}
ScorePlan small_trees() { return trees(31); }
ScorePlan large_trees() { return trees(255); }

ScorePlan card() {
  Random random(4, "bench-card");
  PlanBuilder builder;
  std::vector<NodeId> parts;
  for (int c = 0; c < 12; ++c) {
    const NodeId code = builder.bin(builder.input("x" + std::to_string(c), InputKind::kNumber), {-1.5F, -1.0F, -0.5F, 0.0F, 0.5F, 1.0F, 1.5F});
    parts.push_back(builder.look_up(code, random_values(random, builder.type(code).levels, -1, 1), 1));
  }
  std::vector<std::string> words;
  std::vector<int32_t> codes;
  for (int32_t k = 0; k < 8; ++k) {
    words.push_back("word" + std::to_string(k));
    codes.push_back(k);
  }
  for (int c = 0; c < 3; ++c) {
    const NodeId code = builder.encode(builder.input("s" + std::to_string(c), InputKind::kCategory), words, codes, 8, 9, 10);
    parts.push_back(builder.look_up(code, random_values(random, 10, -1, 1), 1));
  }
  const NodeId log_odds = builder.affine(builder.concat(parts), random_weights(random, 15, 1), {-2.0F}, 1);
  builder.output("probability", builder.activate(log_odds, "sigmoid"));
  builder.output("points", builder.points(log_odds, 28.85F, 487.1F, "round"));
  return builder.build();
}

template <ScorePlan (*kMake)()>
void score(benchmark::State& state) {
  const ScorePlan plan = kMake();
  Random random(9, "bench-rows");
  constexpr size_t kPool = 65536;
  const Sample sample = random_sample(plan, kPool, random, false);
  const NativeExecutor native(plan);
  const Interpreter interpreter(plan);
  const auto rows = static_cast<size_t>(state.range(0));
  const std::vector<std::string> outputs{"probability"};

  // The interpreter takes its time: as many rows as fit in a third of a second.
  double slow_seconds = 0;
  size_t slow_rows = 0;
  for (size_t begin = 0; slow_seconds < 0.3; begin = (begin + rows) % kPool) {
    const size_t count = std::min({rows, size_t{512}, kPool - begin});
    const InputBatch batch = sample.batch(begin, count);
    const double start = thread_seconds();
    benchmark::DoNotOptimize(interpreter.run(batch, outputs));
    slow_seconds += thread_seconds() - start;
    slow_rows += count;
  }
  // Several calls a measurement where the batch is small: reading the clock costs as much as a row.
  const size_t calls = std::max<size_t>(1, 1024 / rows);
  double seconds = 0;
  // Of the peak, which is measured after each turn: the clock changes with what the neighbours do.
  constexpr double kWorthAShare = 1000;
  const double operations = affine_operations(plan);
  std::vector<double> shares;
  size_t done = 0;
  size_t begin = 0;
  for (auto _ : state) {
    const double start = thread_seconds();
    for (size_t call = 0; call < calls; ++call) {
      benchmark::DoNotOptimize(native.run(sample.batch(begin, rows), outputs));
      begin = begin + 2 * rows > kPool ? 0 : begin + rows;
    }
    const double took = thread_seconds() - start;
    state.SetIterationTime(took);
    seconds += took;
    if (operations > kWorthAShare) {
      const double rested = thread_seconds();
      const double made = run_multiply_adds(50'000);
      shares.push_back(static_cast<double>(rows * calls) / took * operations * (thread_seconds() - rested) / made);
    }
    done += rows * calls;
  }
  const double fast = static_cast<double>(done) / seconds;
  const double slow = static_cast<double>(slow_rows) / slow_seconds;
  state.counters["rows_per_second"] = fast;
  state.counters["us_per_row"] = 1e6 / fast;
  state.counters["interpreter_rows_per_second"] = slow;
  if (!shares.empty()) {
    const auto middle = shares.begin() + static_cast<std::ptrdiff_t>(shares.size() / 2);
    std::nth_element(shares.begin(), middle, shares.end());
    state.counters["share_of_peak"] = *middle;
  }
  state.counters["times_faster"] = fast / slow;
}

// One row a call without a batch, each call another row, against the interpreter on single rows. `batch_us` is the same row through the
// batch interface.
template <ScorePlan (*kMake)()>
void one_row(benchmark::State& state) {
  const ScorePlan plan = kMake();
  Random random(9, "bench-rows");
  constexpr size_t kPool = 65536;
  const Sample sample = random_sample(plan, kPool, random, false);
  const NativeExecutor native(plan);
  const Interpreter interpreter(plan);
  const std::vector<std::string> names{"probability"};
  // A row comes in as a caller's record: its numbers side by side, its strings where they are.
  const size_t width = plan.inputs.size();
  std::vector<float> records(kPool * width);
  std::vector<const char*> words(kPool * width, nullptr);
  for (size_t c = 0; c < width; ++c) {
    for (size_t r = 0; r < kPool; ++r) {
      if (!sample.numbers[c].empty()) records[r * width + c] = sample.numbers[c][r];
      else if (sample.codes[c][r] >= 0) words[r * width + c] = sample.dictionary[static_cast<size_t>(sample.codes[c][r])].c_str();
    }
  }
  std::vector<RawColumn> columns(width);
  const auto seconds_a_row = [&](size_t rows, const auto& score_row) {
    const double start = thread_seconds();
    for (size_t r = 0; r < rows; ++r) score_row((r * 7919) % kPool);
    return (thread_seconds() - start) / static_cast<double>(rows);
  };
  const double slow = seconds_a_row(2000, [&](size_t r) { benchmark::DoNotOptimize(interpreter.run(sample.batch(r, 1), names)); });
  const double batch = seconds_a_row(20000, [&](size_t r) { benchmark::DoNotOptimize(native.run(sample.batch(r, 1), names)); });
  const std::vector<size_t> outputs{0};
  float result = 0;
  float* to = &result;
  double seconds = 0;
  size_t calls = 0;
  size_t next = 0;
  for (auto _ : state) {
    const double start = thread_seconds();
    for (size_t call = 0; call < 1024; ++call) {
      for (size_t c = 0; c < width; ++c) {
        columns[c].numbers = records.data() + next * width + c;
        columns[c].strings = words.data() + next * width + c;
      }
      native.score(columns.data(), 0, 1, outputs, &to);
      benchmark::DoNotOptimize(result);
      next = (next + 1) % kPool;
    }
    const double took = thread_seconds() - start;
    state.SetIterationTime(took);
    seconds += took;
    calls += 1024;
  }
  const double fast = seconds / static_cast<double>(calls);
  state.counters["us_per_row"] = 1e6 * fast;
  state.counters["batch_us"] = 1e6 * batch;
  state.counters["interpreter_us"] = 1e6 * slow;
  state.counters["times_faster"] = slow / fast;
}

#define OBLIGOR_BENCH(plan)                                                    \
  BENCHMARK(one_row<plan>)->Name(#plan "/row")->UseManualTime()->MinTime(0.2); \
  BENCHMARK(score<plan>)->Name(#plan)->Arg(1)->Arg(64)->Arg(1024)->Arg(65536)->UseManualTime()->MinTime(0.3)
OBLIGOR_BENCH(dnn);
OBLIGOR_BENCH(wide_ensemble);
OBLIGOR_BENCH(dense);
OBLIGOR_BENCH(fields);
OBLIGOR_BENCH(history);
OBLIGOR_BENCH(small_trees);
OBLIGOR_BENCH(large_trees);
OBLIGOR_BENCH(card);

}  // namespace
}  // namespace obligor::native
