// One training step (forward, backward, optimiser) of the networks over fields: the fused step beside libtorch's autograd.
//
//   build/release/obligor_zoo_field_bench --benchmark_filter=nfm
//
// Ten category fields with the level counts of Frappe (Baltrunas et al. 2015), codes at random; vectors of 64 numbers, one hidden layer of
// 64 units. ft_transformer: vectors of 32 and two blocks of four heads; tabm, which reads numbers: 40 columns, 32 members of two layers of 128
// (their defaults). The same step in PyTorch's own loop: bench/peers/field_step.py.
#include <benchmark/benchmark.h>

#include <vector>

#include "core/random.h"
#include "zoo/field/fused.h"

namespace obligor::field {
namespace {

constexpr size_t kRows = 16384;
constexpr size_t kNumbers = 40;

struct Data {
  std::vector<uint32_t> levels{957, 4082, 7, 7, 2, 3, 2, 9, 80, 233};
  std::vector<std::vector<int32_t>> codes;
  std::vector<float> numbers;
  std::vector<uint8_t> target;
};

const Data& data() {
  static const Data made = [] {
    Data d;
    Random random(1, "step bench");
    for (const uint32_t levels : d.levels) {
      d.codes.emplace_back();
      for (size_t r = 0; r < kRows; ++r) d.codes.back().push_back(static_cast<int32_t>(random.below(levels)));
    }
    for (size_t i = 0; i < kRows * kNumbers; ++i) d.numbers.push_back(static_cast<float>(random.normal()));
    for (size_t r = 0; r < kRows; ++r) d.target.push_back(random.uniform() < 0.3 ? 1 : 0);
    return d;
  }();
  return made;
}

Batch batch_of(Kind kind) {
  const Data& d = data();
  if (kind == Kind::kTabM) return {kRows, kNumbers, d.numbers, {}};
  return {kRows, 0, {}, {d.codes.begin(), d.codes.end()}};
}

FieldShape shape_of(Kind kind) {
  const Data& d = data();
  FitInput input;
  input.train = batch_of(kind);
  input.target = d.target;
  if (kind != Kind::kTabM) input.code_levels = d.levels;
  FieldShape shape;
  shape.kind = kind;
  shape.space = fit_space(input, NumbersAs::kDirect, 4);
  shape.embedding = 64;
  shape.hidden = {64};
  shape.optimiser = Optimiser::kAdagrad;
  shape.batch_norm = kind == Kind::kNfm;
  shape.dropout = 0.3;
  shape.field_dropout = 0.3;
  shape.linear = kind == Kind::kFm || kind == Kind::kNfm || kind == Kind::kDeepFm || kind == Kind::kAfm;
  shape.attended = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  shape.inner = true;
  shape.blocks = 2;
  shape.wide_ftrl = kind == Kind::kWideDeep;
  if (kind == Kind::kFtTransformer) {
    shape.embedding = 32;
    shape.heads = 4;
    shape.feed_forward = 43;
  }
  if (kind == Kind::kTabM) {
    shape.hidden = {128, 128};
    shape.members = 32;
  }
  return shape;
}

void run(benchmark::State& state, Kind kind, Engine engine) {
  const Data& d = data();
  const auto rows = static_cast<size_t>(state.range(0));
  const auto network = make_network(shape_of(kind), Context({.seed = 1, .threads = 1}), engine);
  network->set_data(batch_of(kind), d.target, {}, rows);
  network->set_order(Random(2, "order").permutation(kRows));
  size_t begin = 0;
  for (auto _ : state) {
    if (begin + rows > kRows) begin = 0;
    network->gradients(begin, begin + rows);
    network->update(0.02, 0);
    begin += rows;
  }
  state.SetItemsProcessed(static_cast<int64_t>(rows) * state.iterations());
}

void add_all() {
  const std::vector<std::pair<const char*, Kind>> kinds{
      {"fm", Kind::kFm},   {"nfm", Kind::kNfm}, {"deepfm", Kind::kDeepFm}, {"wide_deep", Kind::kWideDeep}, {"deep_crossing", Kind::kDeepCrossing},
      {"pnn", Kind::kPnn}, {"afm", Kind::kAfm}, {"dcn_v2", Kind::kDcnV2},  {"tabm", Kind::kTabM},          {"ft_transformer", Kind::kFtTransformer}};
  for (const auto& [name, kind] : kinds) {
    for (const Engine engine : {Engine::kFused, Engine::kTorch}) {
      const std::string label = std::string(name) + (engine == Engine::kFused ? "/fused" : "/torch");
      benchmark::RegisterBenchmark(label.c_str(), [kind = kind, engine](benchmark::State& state) { run(state, kind, engine); })
          ->Arg(128)
          ->Arg(4096)
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

const bool registered = (add_all(), true);

}  // namespace
}  // namespace obligor::field
