// Contrastive divergence against a machine small enough to be enumerated: the exact likelihood, its gradient and the exact CD-1 update.
#include "zoo/belief/rbm.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "core/instruction_set.h"
#include "zoo/belief/pretrain_kernels.h"

namespace obligor::belief {
namespace {

constexpr size_t kVisible = 4;
constexpr size_t kHidden = 3;

Layer tiny(double deviation) {
  Random random(3, "tiny-rbm");
  Layer layer{kVisible, kHidden, std::vector<float>(kVisible, 0), {}, {}, {}};
  const auto draw = [&] { return static_cast<float>(deviation * random.normal()); };
  for (size_t i = 0; i < kVisible * kHidden; ++i) layer.weights.push_back(draw());
  for (size_t i = 0; i < kVisible; ++i) layer.visible_bias.push_back(draw());
  for (size_t i = 0; i < kHidden; ++i) layer.hidden_bias.push_back(draw());
  return layer;
}

// Rows in which the first two columns agree and the last two differ, mostly.
std::vector<float> patterns(size_t n) {
  Random random(4, "patterns");
  std::vector<float> rows;
  for (size_t r = 0; r < n; ++r) {
    const float a = random.uniform() < 0.6 ? 1.0F : 0.0F;
    const float b = random.uniform() < 0.3 ? 1.0F : 0.0F;
    rows.insert(rows.end(), {a, random.uniform() < 0.9 ? a : 1 - a, b, random.uniform() < 0.9 ? 1 - b : b});
  }
  return rows;
}

double bit(size_t state, size_t i) { return static_cast<double>((state >> i) & 1U); }

std::vector<double> hidden_given(const Layer& layer, const std::vector<double>& v) {
  std::vector<double> p(kHidden);
  for (size_t j = 0; j < kHidden; ++j) {
    auto z = static_cast<double>(layer.hidden_bias[j]);
    for (size_t i = 0; i < kVisible; ++i) z += static_cast<double>(layer.weights[j * kVisible + i]) * v[i];
    p[j] = 1 / (1 + std::exp(-z));
  }
  return p;
}

double minus_energy(const Layer& layer, size_t v, size_t h) {
  double sum = 0;
  for (size_t i = 0; i < kVisible; ++i) sum += static_cast<double>(layer.visible_bias[i]) * bit(v, i);
  for (size_t j = 0; j < kHidden; ++j) {
    sum += static_cast<double>(layer.hidden_bias[j]) * bit(h, j);
    for (size_t i = 0; i < kVisible; ++i) sum += static_cast<double>(layer.weights[j * kVisible + i]) * bit(h, j) * bit(v, i);
  }
  return sum;
}

// P(v), by enumeration.
std::vector<double> visible_shares(const Layer& layer) {
  std::vector<double> p(1U << kVisible);
  for (size_t v = 0; v < p.size(); ++v) {
    for (size_t h = 0; h < (1U << kHidden); ++h) p[v] += std::exp(minus_energy(layer, v, h));
  }
  const double total = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& share : p) share /= total;
  return p;
}

size_t state_of(const float* row) {
  size_t state = 0;
  for (size_t i = 0; i < kVisible; ++i) state |= (row[i] > 0.5F ? size_t{1} : size_t{0}) << i;
  return state;
}

double log_likelihood(const Layer& layer, const std::vector<float>& rows) {
  const auto p = visible_shares(layer);
  double sum = 0;
  for (size_t r = 0; r < rows.size(); r += kVisible) sum += std::log(p[state_of(rows.data() + r)]);
  return sum * kVisible / static_cast<double>(rows.size());
}

// E[h v'] where v is drawn by `shares`, as hidden x visible.
std::vector<double> products(const Layer& layer, const std::vector<double>& shares) {
  std::vector<double> out(kHidden * kVisible);
  for (size_t state = 0; state < shares.size(); ++state) {
    std::vector<double> v(kVisible);
    for (size_t i = 0; i < kVisible; ++i) v[i] = bit(state, i);
    const auto h = hidden_given(layer, v);
    for (size_t j = 0; j < kHidden; ++j) {
      for (size_t i = 0; i < kVisible; ++i) out[j * kVisible + i] += shares[state] * h[j] * v[i];
    }
  }
  return out;
}

std::vector<double> shares_of(const std::vector<float>& rows) {
  std::vector<double> shares(1U << kVisible);
  for (size_t r = 0; r < rows.size(); r += kVisible) shares[state_of(rows.data() + r)] += kVisible / static_cast<double>(rows.size());
  return shares;
}

// Where one step of the chain leads from `shares`, exactly: sum over h and the next v.
std::vector<double> one_step(const Layer& layer, const std::vector<double>& shares) {
  std::vector<double> next(shares.size());
  for (size_t state = 0; state < shares.size(); ++state) {
    std::vector<double> v(kVisible);
    for (size_t i = 0; i < kVisible; ++i) v[i] = bit(state, i);
    const auto up = hidden_given(layer, v);
    for (size_t h = 0; h < (1U << kHidden); ++h) {
      double share = shares[state];
      for (size_t j = 0; j < kHidden; ++j) share *= bit(h, j) > 0 ? up[j] : 1 - up[j];
      std::vector<double> p(kVisible);
      for (size_t i = 0; i < kVisible; ++i) {
        auto z = static_cast<double>(layer.visible_bias[i]);
        for (size_t j = 0; j < kHidden; ++j) z += static_cast<double>(layer.weights[j * kVisible + i]) * bit(h, j);
        p[i] = 1 / (1 + std::exp(-z));
      }
      for (size_t w = 0; w < shares.size(); ++w) {
        double reach = share;
        for (size_t i = 0; i < kVisible; ++i) reach *= bit(w, i) > 0 ? p[i] : 1 - p[i];
        next[w] += reach;
      }
    }
  }
  return next;
}

LayerGradient divergence(const Layer& layer, const std::vector<float>& rows, int steps, Random& random) {
  LayerGradient down;
  ContrastiveDivergence(steps, Reconstruction::kDrawn, random)(layer, rows, down);
  return down;
}

TEST(Rbm, CdOneIsWhatEnumerationOfTheChainGives) {
  const Layer layer = tiny(0.8);
  const std::vector<float> rows = patterns(40000);
  Random random(9, "cd");
  const LayerGradient down = divergence(layer, rows, 1, random);
  const auto shares = shares_of(rows);
  const auto data = products(layer, shares);
  const auto after = products(layer, one_step(layer, shares));
  // 40,000 chains: a mean of values within [0, 1] has a standard error under 0.0025.
  for (size_t i = 0; i < data.size(); ++i) EXPECT_NEAR(-static_cast<double>(down.weights[i]), data[i] - after[i], 0.01) << i;
}

TEST(Rbm, CdOfManyStepsIsTheGradientOfTheLikelihood) {
  Layer layer = tiny(0.8);
  const std::vector<float> rows = patterns(40000);
  Random random(9, "cd");
  const LayerGradient down = divergence(layer, rows, 60, random);
  constexpr double kStep = 1e-2;
  for (size_t i = 0; i < layer.weights.size(); ++i) {
    const float kept = layer.weights[i];
    layer.weights[i] = kept + static_cast<float>(kStep);
    const double above = log_likelihood(layer, rows);
    layer.weights[i] = kept - static_cast<float>(kStep);
    const double below = log_likelihood(layer, rows);
    layer.weights[i] = kept;
    EXPECT_NEAR(-static_cast<double>(down.weights[i]), (above - below) / (2 * kStep), 0.01) << i;
  }
}

TEST(Rbm, PreTrainingRaisesTheLikelihoodAndLowersTheError) {
  const std::vector<float> rows = patterns(1000);
  Random random(5, "pretrain");
  Layer layer = make_layer(rows, kVisible, kHidden, random);
  const double before = log_likelihood(layer, rows);
  const Context context({.seed = 1, .threads = 1});
  const auto errors = pretrain(layer, rows, {.epochs = 60}, ContrastiveDivergence(1, Reconstruction::kMean, random), random, context);
  const double after = log_likelihood(layer, rows);
  // The entropy of the patterns bounds both: H = H(a) + H(b) + 2 H(0.9) = 0.673 + 0.611 + 0.650 = 1.934.
  EXPECT_GT(after, before + 0.3);
  EXPECT_LT(after, -1.85);
  EXPECT_LT(errors.back(), 0.8 * errors.front());
}

TEST(Rbm, GaussianUnitsTakeTheMeanOfTheirColumnAndDecodeToNumbers) {
  Random random(6, "gauss");
  std::vector<float> rows;
  for (size_t r = 0; r < 2000; ++r) {
    const double z = random.normal();
    rows.push_back(static_cast<float>(2 + z));
    rows.push_back(static_cast<float>(-z + 0.1 * random.normal()));
    rows.push_back(random.uniform() < 0.25 ? 1.0F : 0.0F);
  }
  Layer layer = make_layer(rows, 3, 8, random);
  EXPECT_EQ(layer.is_number, (std::vector<float>{1, 1, 0}));
  EXPECT_NEAR(static_cast<double>(layer.visible_bias[0]), 2, 0.1);
  EXPECT_NEAR(static_cast<double>(layer.visible_bias[2]), std::log(0.25 / 0.75), 0.15);
  const auto errors =
      pretrain(layer, rows, {.epochs = 30}, ContrastiveDivergence(1, Reconstruction::kMean, random), random, Context({.seed = 1, .threads = 1}));
  EXPECT_LT(errors.back(), errors.front());
  // The two numbers move against each other: the reconstruction of a row high in the first is low in the second.
  const std::vector<float> high{3.5F, -1.5F, 0};
  const std::vector<float> low{0.5F, 1.5F, 0};
  const auto made_high = decode(layer, encode(layer, high));
  const auto made_low = decode(layer, encode(layer, low));
  EXPECT_GT(made_high[0], made_low[0]);
  EXPECT_LT(made_high[1], made_low[1]);
}

// The draws come from a hash of their place: no bias by place, by probability or by key, and 0 and 1 are certain.
TEST(Rbm, UnitsAreDrawnWithTheirProbabilities) {
  constexpr size_t kUnits = 4097;
  for (const float p : {0.0F, 0.03F, 0.5F, 0.97F, 1.0F}) {
    const std::vector<float> shares(kUnits, p);
    std::vector<float> units(kUnits);
    std::vector<size_t> by_place(16);
    size_t ones = 0;
    for (uint32_t pass = 0; pass < 50; ++pass) {
      pretrain_kernels().draw(kUnits, pass * 2654435761U, shares.data(), units.data());
      for (size_t i = 0; i < kUnits; ++i) {
        ASSERT_TRUE(units[i] == 0 || units[i] == 1);
        ones += units[i] > 0 ? 1U : 0U;
        by_place[i % 16] += units[i] > 0 ? 1U : 0U;
      }
    }
    const auto expected = static_cast<double>(p);
    EXPECT_NEAR(static_cast<double>(ones) / (50 * kUnits), expected, 4.5 * std::sqrt(expected * (1 - expected) / (50 * kUnits)));
    for (size_t place = 0; place < by_place.size(); ++place) {
      const size_t units_there = (kUnits - place + 15) / 16;
      const auto draws = 50 * static_cast<double>(units_there);
      EXPECT_NEAR(static_cast<double>(by_place[place]) / draws, expected, 5 * std::sqrt(expected * (1 - expected) / draws));
    }
  }
}

// Every instruction set against the plain expressions, at widths that are no whole vectors.
TEST(Rbm, EncodingAndDecodingAreTheirFormulas) {
  Random random(8, "formulas");
  std::vector<float> rows;
  for (size_t i = 0; i < size_t{9} * 21; ++i) rows.push_back(static_cast<float>(i % 21 < 5 ? random.normal() : random.uniform()));
  Layer layer = make_layer(rows, 21, 19, random);
  for (float& w : layer.weights) w = static_cast<float>(0.7 * random.normal());
  for (float& b : layer.hidden_bias) b = static_cast<float>(random.normal());
  const auto sigmoid = [](double z) { return 1 / (1 + std::exp(-z)); };
  for (const InstructionSet set : present_sets()) {
    use_set(set);
    const auto hidden = encode(layer, rows);
    const auto made = decode(layer, hidden);
    use_set({});
    ASSERT_EQ(hidden.size(), 9U * 19);
    ASSERT_EQ(made.size(), rows.size());
    for (size_t r = 0; r < 9; ++r) {
      for (size_t h = 0; h < 19; ++h) {
        auto z = static_cast<double>(layer.hidden_bias[h]);
        for (size_t v = 0; v < 21; ++v) z += static_cast<double>(layer.weights[h * 21 + v]) * static_cast<double>(rows[r * 21 + v]);
        EXPECT_NEAR(static_cast<double>(hidden[r * 19 + h]), sigmoid(z), 1e-6) << set_name(set);
      }
      for (size_t v = 0; v < 21; ++v) {
        auto z = static_cast<double>(layer.visible_bias[v]);
        for (size_t h = 0; h < 19; ++h) z += static_cast<double>(layer.weights[h * 21 + v]) * static_cast<double>(hidden[r * 19 + h]);
        EXPECT_NEAR(static_cast<double>(made[r * 21 + v]), v < 5 ? z : sigmoid(z), 1e-5) << set_name(set);
      }
    }
  }
}

}  // namespace
}  // namespace obligor::belief
