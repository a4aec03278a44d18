// The network against libtorch's own autograd and AdamW, and against its lowered plan.
#include "zoo/net/network.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.h"
#include "core/random.h"
#include "plan/builder.h"
#include "plan/executor.h"

namespace obligor::net {
namespace {

struct Data {
  std::vector<float> features;
  std::vector<int32_t> codes;
  std::vector<uint8_t> target;
  std::vector<double> weight;
  size_t width = 0;
  [[nodiscard]] Batch batch(bool with_codes) const {
    Batch out{.rows = target.size(), .width = width, .features = features, .codes = {}};
    if (with_codes) out.codes.emplace_back(codes);
    return out;
  }
};

Data make_data(size_t rows, size_t width) {
  Random random(7, "network-test");
  Data data;
  data.width = width;
  for (size_t i = 0; i < rows * width; ++i) data.features.push_back(static_cast<float>(random.normal()));
  for (size_t i = 0; i < rows; ++i) {
    data.codes.push_back(static_cast<int32_t>(random.below(4)));
    data.target.push_back(static_cast<double>(data.features[i * width]) + 0.5 * random.normal() > 0.3 ? 1 : 0);
    data.weight.push_back(0.5 + random.uniform());
  }
  return data;
}

std::vector<uint32_t> first(size_t n) {
  std::vector<uint32_t> out(n);
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<uint32_t>(i);
  return out;
}

std::map<std::string, torch::Tensor> tensors(const std::vector<NamedArray>& arrays, bool gradient) {
  std::map<std::string, torch::Tensor> out;
  for (const auto& array : arrays) {
    auto tensor = torch::tensor(array.values).view(array.shape).to(torch::kDouble);
    const bool state = array.name.starts_with("mean:") || array.name.starts_with("variance:");
    out[array.name] = tensor.requires_grad_(gradient && !state);
  }
  return out;
}

// The formula of network.h, member by member, in double, by autograd.
torch::Tensor reference_logits(const NetworkShape& shape, std::map<std::string, torch::Tensor>& p, const Data& data, bool training) {
  const auto rows = static_cast<int64_t>(data.target.size());
  auto x = torch::tensor(data.features).view({rows, static_cast<int64_t>(data.width)}).to(torch::kDouble);
  if (!shape.code_levels.empty()) x = torch::cat({x, p["embedding:0"].index_select(0, torch::tensor(data.codes).to(torch::kLong))}, 1);
  std::vector<torch::Tensor> logits;
  for (int64_t e = 0; e < static_cast<int64_t>(shape.members); ++e) {
    auto a = shape.members > 1 ? x * p["input_scale"][e] : x;
    for (size_t l = 0; l < shape.layers; ++l) {
      const std::string n = std::to_string(l);
      auto z = torch::matmul(a, p["weight:" + n].t());
      if (shape.batch_norm) {
        const auto mean = training ? z.mean(0) : p["mean:" + n][e];
        const auto variance = training ? z.var(0, false) : p["variance:" + n][e];
        z = (z - mean) / torch::sqrt(variance + 1e-5) * p["norm:" + n][e];
      }
      z = z + p["bias:" + n][e];
      torch::Tensor y;
      switch (shape.activation) {
        case Activation::kRelu: y = torch::relu(z); break;
        case Activation::kSelu: y = torch::selu(z); break;
        case Activation::kTanh: y = torch::tanh(z); break;
        case Activation::kGelu: y = torch::gelu(z); break;
        case Activation::kSilu: y = torch::silu(z); break;
        case Activation::kSigmoid: y = torch::sigmoid(z); break;
      }
      a = shape.residual && l > 0 ? y + a : y;
    }
    logits.push_back(torch::matmul(a, p["head"][e]) + p["head_bias"][e]);
  }
  return torch::stack(logits);
}

std::vector<NetworkShape> shapes() {
  std::vector<NetworkShape> out;
  for (const auto activation :
       {Activation::kRelu, Activation::kSelu, Activation::kTanh, Activation::kGelu, Activation::kSilu, Activation::kSigmoid}) {
    out.push_back({.width = 6, .code_levels = {}, .layers = 3, .hidden = 10, .members = 4, .activation = activation});
  }
  out.push_back({.width = 6, .code_levels = {4}, .embedding = 3, .layers = 3, .hidden = 9, .members = 3, .batch_norm = true, .residual = true});
  out.push_back({.width = 6, .code_levels = {}, .layers = 1, .hidden = 16, .members = 1});
  out.push_back({.width = 6, .code_levels = {4}, .embedding = 2, .layers = 2, .hidden = 8, .members = 1, .batch_norm = true});
  return out;
}

TEST(Network, GradientsEqualAutograd) {
  const Data data = make_data(37, 6);
  for (const auto& shape : shapes()) {
    Network network(shape, Context({.seed = 3, .threads = 1}));
    network.set_data(data.batch(true), data.target, data.weight, data.target.size());
    network.set_order(first(data.target.size()));
    network.gradients(0, data.target.size());
    auto p = tensors(network.parameters(), true);
    const auto logits = reference_logits(shape, p, data, true);
    auto weight = torch::tensor(data.weight, torch::kDouble);
    weight = weight / weight.mean();
    std::vector<double> y(data.target.begin(), data.target.end());
    const auto target = torch::tensor(y, torch::kDouble);
    const auto loss = (weight * torch::binary_cross_entropy_with_logits(logits, target.expand_as(logits), {}, {}, at::Reduction::None)).mean();
    loss.backward();
    EXPECT_NEAR(network.take_loss(), loss.item<double>(), 1e-6);
    for (const auto& gradient : network.last_gradients()) {
      const auto expected = p[gradient.name].grad().contiguous();
      ASSERT_EQ(static_cast<size_t>(expected.numel()), gradient.values.size());
      for (size_t i = 0; i < gradient.values.size(); ++i) {
        EXPECT_NEAR(static_cast<double>(gradient.values[i]), expected.data_ptr<double>()[i], 1e-5)
            << gradient.name << "[" << i << "], " << activation_name(shape.activation) << ", " << shape.members << " members";
      }
    }
  }
}

TEST(Network, UpdateIsAdamWithDecayOfWeightsOnly) {
  const Data data = make_data(20, 6);
  const NetworkShape shape{.width = 6, .code_levels = {}, .layers = 2, .hidden = 5, .members = 2};
  Network network(shape, Context({.seed = 3, .threads = 1}));
  network.set_data(data.batch(false), data.target, {}, data.target.size());
  network.set_order(first(data.target.size()));
  std::map<std::string, std::vector<double>> value, m, v;
  for (const auto& array : network.parameters()) {
    value[array.name].assign(array.values.begin(), array.values.end());
    m[array.name].resize(array.values.size());
    v[array.name].resize(array.values.size());
  }
  for (int step = 1; step <= 3; ++step) {
    network.gradients(0, data.target.size());
    for (const auto& gradient : network.last_gradients()) {
      const bool decayed = gradient.name.starts_with("weight") || gradient.name == "head";
      for (size_t i = 0; i < gradient.values.size(); ++i) {
        // Loshchilov & Hutter 2019, algorithm 2.
        const double g = static_cast<double>(gradient.values[i]);
        double& mi = m[gradient.name][i];
        double& vi = v[gradient.name][i];
        mi = 0.9 * mi + 0.1 * g;
        vi = 0.999 * vi + 0.001 * g * g;
        double& x = value[gradient.name][i];
        x -= 0.01 * (mi / (1 - std::pow(0.9, step)) / (std::sqrt(vi / (1 - std::pow(0.999, step))) + 1e-8) + (decayed ? 0.1 * x : 0));
      }
    }
    network.update(0.01, 0.1);
  }
  for (const auto& array : network.parameters()) {
    for (size_t i = 0; i < array.values.size(); ++i) EXPECT_NEAR(static_cast<double>(array.values[i]), value[array.name][i], 2e-6) << array.name;
  }
}

TEST(Network, DropoutKeepsTheExpectedShareAndIsOffInPrediction) {
  const Data data = make_data(64, 6);
  NetworkShape shape{.width = 6, .code_levels = {}, .layers = 1, .hidden = 32, .members = 2};
  Network plain(shape, Context({.seed = 5, .threads = 1}));
  shape.dropout = 0.4;
  Network dropped(shape, Context({.seed = 5, .threads = 1}));
  EXPECT_EQ(plain.predict(data.batch(false)), dropped.predict(data.batch(false)));
  for (Network* network : {&plain, &dropped}) {
    network->set_data(data.batch(false), data.target, {}, data.target.size());
    network->set_order(first(data.target.size()));
  }
  // The head's gradient is linear in the kept units, so that its mean over many masks is the gradient without dropout up to the
  // change of the residual; a unit's mask is 0 in a share of 0.4 of the rows and 1 / 0.6 in the others.
  plain.gradients(0, data.target.size());
  dropped.gradients(0, data.target.size());
  EXPECT_NE(plain.take_loss(), dropped.take_loss());
  const auto without = plain.last_gradients();
  std::vector<double> mean(64);
  constexpr int kDraws = 400;
  for (int draw = 0; draw < kDraws; ++draw) {
    dropped.gradients(0, data.target.size());
    for (const auto& gradient : dropped.last_gradients()) {
      if (gradient.name != "head") continue;
      for (size_t i = 0; i < mean.size(); ++i) mean[i] += static_cast<double>(gradient.values[i]) / kDraws;
    }
  }
  for (const auto& gradient : without) {
    if (gradient.name != "head") continue;
    for (size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(mean[i], static_cast<double>(gradient.values[i]), 0.02);
  }
}

TEST(Network, PlanGivesTheSameProbabilities) {
  const Data data = make_data(50, 6);
  for (const auto& shape : shapes()) {
    Network network(shape, Context({.seed = 11, .threads = 1}));
    network.set_data(data.batch(true), data.target, {}, data.target.size());
    network.set_order(first(data.target.size()));
    for (int step = 0; step < 20; ++step) {
      network.gradients(0, data.target.size());
      network.update(0.01, 1e-3);
    }
    PlanBuilder builder;
    LoweredInputs inputs;
    std::vector<NodeId> columns;
    for (size_t c = 0; c < data.width; ++c) columns.push_back(builder.input("x" + std::to_string(c), InputKind::kNumber));
    inputs.features = builder.concat(columns);
    const std::vector<std::string> levels{"0", "1", "2", "3"};
    if (!shape.code_levels.empty()) {
      inputs.codes.push_back(builder.encode(builder.input("code", InputKind::kCategory), levels, {0, 1, 2, 3}, 0, 0, 4));
    }
    const Lowered lowered = network.lower(builder, inputs);
    builder.output("probability", lowered.kind == ScoreKind::kLogOdds ? builder.activate(lowered.node, "sigmoid") : lowered.node);
    InputBatch raw{.rows = data.target.size(), .columns = {}};
    std::vector<std::vector<float>> stored(data.width);
    for (size_t c = 0; c < data.width; ++c) {
      for (size_t r = 0; r < raw.rows; ++r) stored[c].push_back(data.features[r * data.width + c]);
      raw.columns.push_back({.numbers = stored[c], .codes = {}, .dictionary = nullptr});
    }
    if (!shape.code_levels.empty()) raw.columns.push_back({.numbers = {}, .codes = data.codes, .dictionary = &levels});
    const std::vector<std::string> wanted{"probability"};
    const auto values = Interpreter(builder.build()).run(raw, wanted);
    const auto predicted = network.predict(data.batch(true));
    auto p = tensors(network.parameters(), false);
    const auto reference = torch::sigmoid(reference_logits(shape, p, data, false)).mean(0).contiguous();
    for (size_t r = 0; r < raw.rows; ++r) {
      EXPECT_NEAR(predicted[r], reference.data_ptr<double>()[r], 1e-6);
      EXPECT_NEAR(static_cast<double>(values[0].numbers[r]), predicted[r], 1e-6);
    }
  }
}

TEST(Network, WatchedGradientsAreTheSameAndTheirSignalIsThatOfAutograd) {
  const Data data = make_data(37, 6);
  const NetworkShape shape{.width = 6, .code_levels = {}, .layers = 2, .hidden = 10, .members = 3, .activation = Activation::kTanh};
  Network network(shape, Context({.seed = 3, .threads = 1}));
  network.set_data(data.batch(false), data.target, {}, data.target.size());
  network.set_order(first(data.target.size()));
  network.gradients(0, data.target.size());
  const auto plain = network.last_gradients();
  const auto states = network.watched_gradients(0, data.target.size());
  const auto watched = network.last_gradients();
  for (size_t p = 0; p < plain.size(); ++p) EXPECT_EQ(plain[p].values, watched[p].values);
  ASSERT_EQ(states.size(), 3U);
  EXPECT_EQ(states[0].layer, "layer 1");
  EXPECT_EQ(states[2].layer, "head");
  EXPECT_FALSE(states[2].active);
  // By autograd: the input of the first activation is a leaf, and the loss is that of all rows, mean over members.
  auto p = tensors(network.parameters(), false);
  const auto rows = static_cast<int64_t>(data.target.size());
  const auto x = torch::tensor(data.features).view({rows, 6}).to(torch::kDouble);
  std::vector<double> y(data.target.begin(), data.target.end());
  double squares = 0;
  double norm = 0;
  for (int64_t e = 0; e < 3; ++e) {
    auto z = (torch::matmul(x * p["input_scale"][e], p["weight:0"].t()) + p["bias:0"][e]).detach().requires_grad_(true);
    const auto a = torch::tanh(torch::matmul(torch::tanh(z), p["weight:1"].t()) + p["bias:1"][e]);
    const auto logit = torch::matmul(a, p["head"][e]) + p["head_bias"][e];
    torch::binary_cross_entropy_with_logits(logit, torch::tensor(y, torch::kDouble), {}, {}, at::Reduction::Sum).backward();
    squares += z.grad().pow(2).sum().item<double>();
  }
  EXPECT_NEAR(states[0].signal, std::sqrt(squares / (37 * 10 * 3)), 1e-6);
  for (const auto& gradient : plain) {
    if (gradient.name != "head" && gradient.name != "head_bias") continue;
    for (const float g : gradient.values) norm += static_cast<double>(g) * static_cast<double>(g);
  }
  EXPECT_NEAR(states[2].gradient_norm, std::sqrt(norm), 1e-6);
}

TEST(Network, ClippingScalesALongGradientAndLeavesAShortOne) {
  const Data data = make_data(37, 6);
  const NetworkShape shape{.width = 6, .code_levels = {}, .layers = 2, .hidden = 10};
  Network network(shape, Context({.seed = 3, .threads = 1}));
  network.set_data(data.batch(false), data.target, {}, data.target.size());
  network.set_order(first(data.target.size()));
  network.gradients(0, data.target.size());
  const auto flat = [&] {
    std::vector<double> out;
    for (const auto& gradient : network.last_gradients()) out.insert(out.end(), gradient.values.begin(), gradient.values.end());
    return out;
  };
  const auto length = [](const std::vector<double>& values) {
    double squares = 0;
    for (const double v : values) squares += v * v;
    return std::sqrt(squares);
  };
  const auto before = flat();
  network.clip(2 * length(before));
  EXPECT_EQ(flat(), before);
  network.clip(0.25 * length(before));
  const auto after = flat();
  EXPECT_NEAR(length(after), 0.25 * length(before), 1e-6);
  for (size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(after[i], 0.25 * before[i], 1e-6);
}

TEST(Network, CudaIsAClearErrorWhereThereIsNone) {
  if (torch::cuda::is_available()) GTEST_SKIP() << "this machine has a CUDA device";
  try {
    const Network network({.width = 2, .code_levels = {}}, Context({.threads = 1, .device = Device::kCuda}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_NE(std::string(error.what()).find("--device cpu"), std::string::npos);
  }
}

}  // namespace
}  // namespace obligor::net
