// One training step (forward, backward, AdamW) of dnn: the fused step beside libtorch's.
//
//   build/release/obligor_zoo_net_bench
//
// Ten category fields with the level counts of Frappe (Baltrunas et al. 2015), codes at random, embeddings of 10 numbers, three hidden layers
// of 400 units, dropout 0.2, one member. `flops`: of the matrix products alone. The same step in PyTorch's own loop: bench/peers/field_step.py.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "core/random.h"
#include "zoo/net/fused_network.h"
#include "zoo/net/start.h"

namespace obligor::net {
namespace {

constexpr size_t kRows = 16384;

struct Data {
  NetworkShape shape{.width = 0,
                     .code_levels = {957, 4082, 7, 7, 2, 3, 2, 9, 80, 233},
                     .embedding = 10,
                     .layers = 3,
                     .hidden = 400,
                     .members = 1,
                     .activation = Activation::kRelu,
                     .dropout = 0.2};
  std::vector<std::vector<int32_t>> codes;
  std::vector<uint8_t> target;
  [[nodiscard]] Batch batch() const { return {kRows, 0, {}, {codes.begin(), codes.end()}}; }
};

const Data& data() {
  static const Data made = [] {
    Data d;
    Random random(1, "step bench");
    for (const uint32_t levels : d.shape.code_levels) {
      d.codes.emplace_back();
      for (size_t r = 0; r < kRows; ++r) d.codes.back().push_back(static_cast<int32_t>(random.below(levels)));
    }
    for (size_t r = 0; r < kRows; ++r) d.target.push_back(random.uniform() < 0.3 ? 1 : 0);
    return d;
  }();
  return made;
}

// A product forward, one for the weights and one for the inputs.
double operations(const NetworkShape& shape) {
  size_t weights = shape.hidden * shape.members;
  for (size_t l = 0; l < shape.layers; ++l) weights += shape.hidden * shape.members * (l == 0 ? inputs_of(shape) : shape.hidden);
  return 6 * static_cast<double>(weights);
}

void run(benchmark::State& state, Engine engine) {
  const Data& d = data();
  const auto rows = static_cast<size_t>(state.range(0));
  const auto network = make_network(d.shape, Context({.seed = 1, .threads = 1}), engine);
  network->set_data(d.batch(), d.target, {}, rows);
  network->set_order(Random(2, "order").permutation(kRows));
  size_t begin = 0;
  for (auto _ : state) {
    if (begin + rows > kRows) begin = 0;
    network->gradients(begin, begin + rows);
    network->update(0.001, 1e-4);
    begin += rows;
  }
  state.SetItemsProcessed(static_cast<int64_t>(rows) * state.iterations());
  state.counters["flops"] =
      benchmark::Counter(operations(d.shape) * static_cast<double>(rows) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void add_all() {
  for (const auto& [label, engine] : {std::pair{"dnn/fused", Engine::kFused}, std::pair{"dnn/torch", Engine::kTorch}}) {
    benchmark::RegisterBenchmark(label, [engine = engine](benchmark::State& state) { run(state, engine); })
        ->Arg(128)
        ->Arg(4096)
        ->Unit(benchmark::kMicrosecond);
  }
}

const bool registered = (add_all(), true);

}  // namespace
}  // namespace obligor::net
