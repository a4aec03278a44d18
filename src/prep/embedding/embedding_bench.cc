// How fast walks are made and vectors learned. OBLIGOR_BENCH_EDGES names a file of "u v" lines; without it a random graph of 10,000 nodes and 300,000
// edges is taken. bench/peers/embedding.py runs this beside other tools.
#include <cmath>
#include <cstdlib>
#include <fstream>

#include <benchmark/benchmark.h>

#include "core/random.h"
#include "prep/embedding/skip_gram.h"
#include "prep/embedding/walks.h"

namespace obligor {
namespace {

const Graph& bench_graph() {
  static const Graph graph = [] {
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    uint32_t nodes = 10000;
    if (const char* path = std::getenv("OBLIGOR_BENCH_EDGES"); path != nullptr && *path != '\0') {
      std::ifstream file(path);
      uint32_t u = 0;
      uint32_t v = 0;
      nodes = 0;
      while (file >> u >> v) {
        edges.emplace_back(u, v);
        nodes = std::max({nodes, u + 1, v + 1});
      }
    } else {
      Random random(1, "bench");
      // Squared shares: some nodes have many edges, most have few.
      const auto node = [&] { return static_cast<uint32_t>(std::pow(random.uniform(), 2) * nodes); };
      for (int e = 0; e < 300000; ++e) edges.emplace_back(node(), node());
    }
    GraphBuilder builder(nodes, false);
    for (const auto& [u, v] : edges) builder.add(u, v);
    return std::move(builder).build();
  }();
  return graph;
}

uint64_t walk_all(WalkCorpus& walks) {
  std::vector<uint32_t> walk;
  uint64_t steps = 0;
  walks.restart();
  while (walks.next(walk)) steps += walk.size();
  return steps;
}

void walks(benchmark::State& state, double p, double q) {
  const Context context({.threads = 1});
  WalkCorpus corpus(bench_graph(), {.walks = 10, .length = 80, .p = p, .q = q}, context);
  uint64_t steps = 0;
  for (auto _ : state) steps += walk_all(corpus);
  state.SetItemsProcessed(static_cast<int64_t>(steps));
}
BENCHMARK_CAPTURE(walks, first_order, 1, 1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(walks, second_order, 0.25, 4)->Unit(benchmark::kMillisecond);

void skip_gram(benchmark::State& state, bool hierarchical) {
  const Context context({.threads = 1});
  WalkCorpus corpus(bench_graph(), {.walks = 1, .length = 80}, context);
  const SkipGramSpec spec{.width = 128, .window = 10, .negatives = 5, .hierarchical = hierarchical};
  uint64_t tokens = 0;
  for (auto _ : state) tokens += train_skip_gram(corpus, spec, context).trained;
  state.SetItemsProcessed(static_cast<int64_t>(tokens));
}
BENCHMARK_CAPTURE(skip_gram, negatives, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(skip_gram, hierarchical, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace obligor
