// The training step of neural collaborative filtering in processor time; bench/peers/neural_cf.py sets it beside PyTorch's on the same examples.
//
//   obligor_zoo_recsys_bench                    drawn examples of the size of MovieLens-1M
//   obligor_zoo_recsys_bench EXAMPLES           uint32 customers, products, n, then n triples of uint32: customer, product, label
//
// Prints, for each batch size: microseconds a step (the least of five), and the share of its arithmetic in the peak that a product of matrices in
// the cache reaches in the same run.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "core/random.h"
#include "zoo/recsys/neural_step.h"

namespace {

using obligor::Floats;
using obligor::recsys::kernels;
using obligor::recsys::NeuralShape;
using obligor::recsys::NeuralStep;

struct Examples {
  uint32_t customers = 6040;
  uint32_t products = 3706;
  std::vector<uint32_t> customer, product;
  std::vector<float> label;
};

Examples drawn() {
  Examples examples;
  obligor::Random random(1, "bench");
  for (int i = 0; i < 1'000'000; ++i) {
    examples.customer.push_back(static_cast<uint32_t>(random.below(examples.customers)));
    examples.product.push_back(static_cast<uint32_t>(random.below(examples.products)));
    examples.label.push_back(random.below(5) == 0 ? 1.0F : 0.0F);
  }
  return examples;
}

Examples read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  uint32_t head[3] = {};
  file.read(reinterpret_cast<char*>(head), sizeof(head));
  Examples examples{head[0], head[1], {}, {}, {}};
  std::vector<uint32_t> triples(size_t{3} * head[2]);
  file.read(reinterpret_cast<char*>(triples.data()), static_cast<std::streamsize>(triples.size() * sizeof(uint32_t)));
  for (size_t i = 0; i < head[2]; ++i) {
    examples.customer.push_back(triples[3 * i]);
    examples.product.push_back(triples[3 * i + 1]);
    examples.label.push_back(static_cast<float>(triples[3 * i + 2]));
  }
  return examples;
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

template <typename Work>
double least(const Work& work) {
  double best = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const double start = processor_seconds();
    work();
    best = std::min(best, processor_seconds() - start);
  }
  return best;
}

// GFLOP/s of a 256 x 64 by 64 x 64 product, all of it in the nearest cache.
double product_peak() {
  Floats a(256 * 64);
  Floats b(64 * 64);
  Floats c(256 * 64);
  constexpr int kRounds = 2000;
  const double seconds = least([&] {
    for (int i = 0; i < kRounds; ++i) kernels().product({256, 64, 64, a.data(), 64, 1, b.data(), 64, c.data(), 64, nullptr, false});
  });
  return 2.0 * 256 * 64 * 64 * kRounds / seconds / 1e9;
}

void run(const Examples& examples, size_t factors, size_t batch) {
  const NeuralShape shape{.customers = examples.customers,
                          .products = examples.products,
                          .factors = factors,
                          .embedding = 4 * factors,
                          .layers = {4 * factors, 2 * factors, factors}};
  NeuralStep net(shape, 1);
  const size_t steps = std::min<size_t>(400, examples.label.size() / batch);
  size_t at = 0;
  const auto go = [&] {
    for (size_t s = 0; s < steps; ++s) {
      if (at + batch > examples.label.size()) at = 0;
      (void)net.adam_step({examples.customer.data() + at, batch}, {examples.product.data() + at, batch}, {examples.label.data() + at, batch}, 0.001);
      at += batch;
    }
  };
  go();
  const double seconds = least(go) / static_cast<double>(steps);
  // Forward, and twice as much back.
  const auto f = static_cast<double>(factors);
  const double flops = 3 * 2 * static_cast<double>(batch) * (8 * f * 4 * f + 4 * f * 2 * f + 2 * f * f);
  fmt::print("neumf {} batch {}: {:.1f} us a step, {:.1f} GFLOP/s in the tower\n", factors, batch, seconds * 1e6, flops / seconds / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  const Examples examples = argc > 1 && argv[1][0] != '-' ? read(argv[1]) : drawn();
  fmt::print("product of matrices: {:.1f} GFLOP/s\n", product_peak());
  for (const size_t batch : {size_t{256}, size_t{1024}, size_t{4096}}) run(examples, 8, batch);
  return 0;
}
