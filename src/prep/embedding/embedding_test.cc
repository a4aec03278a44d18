#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/instruction_set.h"
#include "core/random.h"
#include "prep/embedding/draw.h"
#include "prep/embedding/graph.h"
#include "prep/embedding/skip_gram.h"
#include "prep/embedding/step_kernel.h"
#include "prep/embedding/walks.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Context context_of(uint64_t seed, int threads = 1) { return Context({.seed = seed, .threads = threads}); }

template <typename Body>
std::string caught(Body body, ErrorCode code) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  return "nothing was thrown";
}

std::vector<uint32_t> list(std::span<const uint32_t> values) { return {values.begin(), values.end()}; }

// Groups of nodes, joined within with one chance and between with another.
Graph planted(size_t groups, size_t size, double within, double between, uint64_t seed) {
  Random random(seed, "planted");
  GraphBuilder builder(groups * size, false);
  for (uint32_t a = 0; a < groups * size; ++a) {
    for (uint32_t b = a + 1; b < groups * size; ++b) {
      if (random.uniform() < (a / size == b / size ? within : between)) builder.add(a, b);
    }
  }
  return std::move(builder).build();
}

TEST(Graph, NeighboursAreSortedAtBothEndsAndTwiceIsOnceWithTheSum) {
  GraphBuilder builder(5, false);
  builder.add(2, 0, 1.5F);
  builder.add(0, 1, 2);
  builder.add(0, 2, 0.25F);
  builder.add(3, 3, 4);
  const Graph graph = std::move(builder).build();
  EXPECT_EQ(graph.nodes(), 5U);
  EXPECT_EQ(graph.ends(), 5U);
  EXPECT_THAT(list(graph.neighbours(0)), ElementsAre(1, 2));
  EXPECT_THAT(list(graph.neighbours(3)), ElementsAre(3));
  EXPECT_EQ(graph.degree(4), 0U);
  EXPECT_EQ(graph.weight(0, 2), 1.75F);
  EXPECT_EQ(graph.weight(2, 0), 1.75F);
  EXPECT_EQ(graph.weight(1, 2), 0);
  EXPECT_EQ(graph.total_weight(0), 3.75F);
  EXPECT_TRUE(graph.has_edge(1, 0));
  EXPECT_FALSE(graph.has_edge(1, 2));
}

TEST(Graph, ADirectedEdgeHasOneEndAndWeightsOfOneAreNotKept) {
  GraphBuilder builder(3, true);
  builder.add(0, 1);
  builder.add(2, 1);
  const Graph graph = std::move(builder).build();
  EXPECT_FALSE(graph.weighted());
  EXPECT_TRUE(graph.has_edge(0, 1));
  EXPECT_FALSE(graph.has_edge(1, 0));
  EXPECT_EQ(graph.degree(1), 0U);
  EXPECT_EQ(graph.total_weight(2), 1);
}

TEST(Graph, EndsOutOfRangeAndBadWeightsAreRefused) {
  GraphBuilder builder(2, false);
  EXPECT_THAT(caught([&] { builder.add(0, 2); }, ErrorCode::kData), HasSubstr("0 to 1"));
  for (const float weight : {0.0F, -1.0F, std::nanf(""), INFINITY}) {
    EXPECT_THAT(caught([&] { builder.add(0, 1, weight); }, ErrorCode::kData), HasSubstr("positive finite"));
  }
}

// Shares of the steps t -> v -> x, over x, against w(v, x) a(t, x).
void expect_second_order(const Graph& graph, double p, double q) {
  WalkCorpus walks(graph, {.walks = 3000, .length = 40, .p = p, .q = q}, context_of(11));
  std::map<std::pair<uint32_t, uint32_t>, std::map<uint32_t, double>> steps;
  std::vector<uint32_t> walk;
  while (walks.next(walk)) {
    for (size_t i = 2; i < walk.size(); ++i) ++steps[{walk[i - 2], walk[i - 1]}][walk[i]];
  }
  for (const auto& [arc, counts] : steps) {
    const auto [t, v] = arc;
    double seen = 0;
    for (const auto& [x, n] : counts) seen += n;
    double total = 0;
    std::map<uint32_t, double> mass;
    for (const uint32_t x : graph.neighbours(v)) {
      const double a = x == t ? 1 / p : graph.has_edge(t, x) ? 1 : 1 / q;
      total += mass[x] = static_cast<double>(graph.weight(v, x)) * a;
    }
    double chi = 0;
    for (const auto& [x, m] : mass) {
      const double expected = seen * m / total;
      const auto found = counts.find(x);
      chi += (found == counts.end() ? expected * expected : std::pow(found->second - expected, 2)) / expected;
    }
    // Mean plus five standard deviations of the chi-square.
    const auto freedom = static_cast<double>(mass.size() - 1);
    EXPECT_LT(chi, freedom + 5 * std::sqrt(2 * freedom) + 5) << t << " -> " << v << ", p " << p << ", q " << q;
  }
}

TEST(Walks, StepsHaveTheChancesOfNode2vec) {
  GraphBuilder plain(7, false);
  GraphBuilder weighted(7, false);
  GraphBuilder directed(7, true);
  const std::vector<std::pair<uint32_t, uint32_t>> edges{{0, 1}, {0, 2}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {3, 5}, {5, 6}, {6, 0}, {1, 6}};
  for (size_t e = 0; e < edges.size(); ++e) {
    plain.add(edges[e].first, edges[e].second);
    weighted.add(edges[e].first, edges[e].second, 0.5F + static_cast<float>(e % 4));
    directed.add(edges[e].first, edges[e].second, 1 + static_cast<float>(e % 3));
    if (e % 2 == 0) directed.add(edges[e].second, edges[e].first);
  }
  const Graph graphs[] = {std::move(plain).build(), std::move(weighted).build(), std::move(directed).build()};
  for (const Graph& graph : graphs) {
    for (const auto& [p, q] : std::vector<std::pair<double, double>>{{1, 1}, {0.25, 4}, {4, 0.25}, {0.25, 0.25}, {2, 3}})
      expect_second_order(graph, p, q);
  }
}

TEST(Walks, EveryNodeWithAnEdgeStartsEachRoundAndThreadsDoNotMatter) {
  const Graph graph = planted(3, 40, 0.2, 0.02, 5);
  const WalkSpec spec{.walks = 4, .length = 12, .p = 0.5, .q = 2};
  WalkCorpus one(graph, spec, context_of(3, 1));
  WalkCorpus three(graph, spec, context_of(3, 3));
  std::vector<uint32_t> walk;
  std::vector<uint32_t> same;
  std::vector<int> starts(graph.nodes(), 0);
  while (one.next(walk)) {
    ASSERT_TRUE(three.next(same));
    EXPECT_EQ(walk, same);
    EXPECT_EQ(walk.size(), 12U);
    ++starts[walk[0]];
    for (size_t i = 1; i < walk.size(); ++i) ASSERT_TRUE(graph.has_edge(walk[i - 1], walk[i]));
  }
  EXPECT_FALSE(three.next(same));
  for (uint32_t n = 0; n < graph.nodes(); ++n) EXPECT_EQ(starts[n], graph.degree(n) > 0 ? 4 : 0);
  // Again from the start: the same.
  one.restart();
  three.restart();
  ASSERT_TRUE(one.next(walk));
  ASSERT_TRUE(three.next(same));
  EXPECT_EQ(walk, same);
}

TEST(Walks, EndWhereNoEdgeLeadsOnAndLoopsAreWalked) {
  GraphBuilder builder(4, true);
  builder.add(0, 1);
  builder.add(2, 2);
  const Graph graph = std::move(builder).build();
  WalkCorpus walks(graph, {.walks = 1, .length = 5, .p = 0.5, .q = 2}, context_of(1));
  std::map<uint32_t, std::vector<uint32_t>> by_start;
  std::vector<uint32_t> walk;
  while (walks.next(walk)) by_start[walk[0]] = walk;
  EXPECT_EQ(by_start.size(), 2U);
  EXPECT_THAT(by_start[0], ElementsAre(0, 1));
  EXPECT_THAT(by_start[2], ElementsAre(2, 2, 2, 2, 2));
}

TEST(Walks, SpecsOutOfRangeAreRefused) {
  const Graph graph = planted(1, 5, 1, 0, 1);
  EXPECT_THAT(caught([&] { WalkCorpus(graph, {.walks = 0}, context_of(1)); }, ErrorCode::kInvalid), HasSubstr("walks"));
  EXPECT_THAT(caught([&] { WalkCorpus(graph, {.length = 1}, context_of(1)); }, ErrorCode::kInvalid), HasSubstr("length"));
  EXPECT_THAT(caught([&] { WalkCorpus(graph, {.p = 0}, context_of(1)); }, ErrorCode::kInvalid), HasSubstr("p = 0"));
  EXPECT_THAT(caught([&] { WalkCorpus(graph, {.q = -1}, context_of(1)); }, ErrorCode::kInvalid), HasSubstr("q = -1"));
}

TEST(AliasTable, DrawsInProportionAndNeverWhatHasNoMass) {
  const std::vector<double> mass{1, 0, 5, 0.5, 3.5};
  const embedding::AliasTable table(mass);
  Random random(4, "alias");
  std::vector<double> drawn(mass.size(), 0);
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) ++drawn[table.draw(random)];
  EXPECT_EQ(drawn[1], 0);
  for (size_t i = 0; i < mass.size(); ++i) EXPECT_NEAR(drawn[i] / kDraws, mass[i] / 10, 0.005);
}

TEST(HuffmanCodes, NoCodeBeginsAnotherAndTheirCostIsThatOfTheMerges) {
  const std::vector<uint64_t> counts{5, 9, 0, 12, 13, 16, 45};
  const auto codes = embedding::huffman_codes(counts);
  EXPECT_EQ(codes.inner_nodes, 5U);
  std::vector<std::string> words;
  uint64_t cost = 0;
  for (size_t t = 0; t < counts.size(); ++t) {
    std::string word;
    for (uint64_t i = codes.offsets[t]; i < codes.offsets[t + 1]; ++i) word += static_cast<char>('0' + codes.bits[i]);
    cost += counts[t] * word.size();
    if (counts[t] > 0) words.push_back(word);
  }
  EXPECT_EQ(cost, 224U);  // 14 + 25 + 30 + 55 + 100
  for (const auto& a : words) {
    for (const auto& b : words) EXPECT_TRUE(&a == &b || !b.starts_with(a)) << a << " " << b;
  }
}

TEST(LogisticStep, EveryInstructionSetGivesTheSameBytes) {
  const Graph graph = planted(2, 20, 0.4, 0.05, 8);
  WalkCorpus walks(graph, {.walks = 2, .length = 10}, context_of(2));
  std::vector<std::vector<float>> vectors;
  for (const InstructionSet set : present_sets()) {
    use_set(set);
    vectors.push_back(train_skip_gram(walks, {.width = 21, .window = 3}, context_of(7)).vectors);
  }
  use_set(std::nullopt);
  for (const auto& other : vectors) EXPECT_EQ(other, vectors.front());
}

TEST(LogisticStep, IsTheGradientStepInDoubles) {
  constexpr size_t kWidth = 37;
  Random random(9, "step");
  embedding::Rows rows(5, kWidth);
  for (size_t r = 0; r < 4; ++r) {
    for (size_t i = 0; i < kWidth; ++i) rows[r][i] = static_cast<float>(random.normal() * 0.4);
  }
  std::vector<std::vector<double>> before(4);
  for (size_t r = 0; r < 4; ++r) before[r].assign(rows[r], rows[r] + kWidth);
  float* outputs[] = {rows[1], rows[2], rows[3]};
  const float labels[] = {1, 0, 0};
  float products[3];
  embedding::logistic_step(embedding::kernels(), rows[0], outputs, labels, 3, rows.padded(), 0.1F, products, rows[4]);
  for (size_t i = 0; i < kWidth; ++i) {
    double error = 0;
    for (size_t o = 0; o < 3; ++o) {
      const double product = std::inner_product(before[0].begin(), before[0].end(), before[o + 1].begin(), 0.0);
      const double g = 0.1 * (static_cast<double>(labels[o]) - 1 / (1 + std::exp(-product)));
      error += g * before[o + 1][i];
      EXPECT_NEAR(static_cast<double>(outputs[o][i]), before[o + 1][i] + g * before[0][i], 1e-6);
    }
    EXPECT_NEAR(static_cast<double>(rows[4][i]), error, 1e-6);
  }
  for (size_t i = kWidth; i < rows.padded(); ++i) EXPECT_EQ(rows[4][i], 0);
}

// Share of tokens whose nearest other token, by cosine, is of their own group.
double nearest_of_own_group(const Embedding& embedding, size_t group) {
  double own = 0;
  for (size_t a = 0; a < embedding.tokens(); ++a) {
    size_t nearest = a;
    for (size_t b = 0; b < embedding.tokens(); ++b) {
      if (b != a && (nearest == a || cosine(embedding.of(a), embedding.of(b)) > cosine(embedding.of(a), embedding.of(nearest)))) nearest = b;
    }
    own += a / group == nearest / group ? 1 : 0;
  }
  return own / static_cast<double>(embedding.tokens());
}

TEST(SkipGram, NodesOfOneGroupComeTogetherInEveryForm) {
  const Graph graph = planted(3, 30, 0.4, 0.02, 8);
  WalkCorpus walks(graph, {.walks = 20, .length = 30}, context_of(2));
  for (const bool hierarchical : {false, true}) {
    for (const bool cbow : {false, true}) {
      const SkipGramSpec spec{.width = 20, .window = 4, .hierarchical = hierarchical, .cbow = cbow, .epochs = 2};
      const Embedding embedding = train_skip_gram(walks, spec, context_of(2));
      EXPECT_GT(nearest_of_own_group(embedding, 30), 0.8) << "hierarchical " << hierarchical << ", cbow " << cbow;
      EXPECT_EQ(embedding.trained, std::accumulate(embedding.counts.begin(), embedding.counts.end(), uint64_t{0}) * 2);
    }
  }
}

TEST(SkipGram, TheSameSeedGivesTheSameBytesAndAnotherDoesNot) {
  const Graph graph = planted(2, 20, 0.4, 0.05, 8);
  WalkCorpus one(graph, {.walks = 3, .length = 10}, context_of(2, 1));
  WalkCorpus two(graph, {.walks = 3, .length = 10}, context_of(2, 3));
  const SkipGramSpec spec{.width = 8, .window = 3, .sample = 0.01};
  const Embedding a = train_skip_gram(one, spec, context_of(7, 1));
  EXPECT_EQ(a.vectors, train_skip_gram(two, spec, context_of(7, 3)).vectors);
  EXPECT_NE(a.vectors, train_skip_gram(one, spec, context_of(8, 1)).vectors);
}

TEST(SkipGram, TokensThatNeverComeAreZeroAndFrequentOnesAreThinnedOut) {
  std::vector<std::vector<uint32_t>> sentences;
  for (uint32_t i = 0; i < 200; ++i) sentences.push_back({0, 1 + i % 3, 0, 2 + i % 2});
  SentenceCorpus corpus(6, sentences);
  const Embedding embedding = train_skip_gram(corpus, {.width = 4, .window = 2, .sample = 1e-3}, context_of(1));
  EXPECT_THAT(list(std::vector<uint32_t>(embedding.counts.begin(), embedding.counts.end())), ElementsAre(400, 67, 167, 166, 0, 0));
  for (const float value : embedding.of(5)) EXPECT_EQ(value, 0);
  EXPECT_EQ(cosine(embedding.of(5), embedding.of(0)), 0);
  EXPECT_NEAR(cosine(embedding.of(1), embedding.of(1)), 1, 1e-12);
}

TEST(SkipGram, NothingToLearnFromAndBadSpecsAreRefused) {
  SentenceCorpus lonely(3, {{0}, {}, {2}});
  EXPECT_THAT(caught([&] { (void)train_skip_gram(lonely, {}, context_of(1)); }, ErrorCode::kData), HasSubstr("two tokens"));
  SentenceCorpus corpus(3, {{0, 1, 2}});
  const auto refusal = [&](const SkipGramSpec& spec) {
    return caught([&] { (void)train_skip_gram(corpus, spec, context_of(1)); }, ErrorCode::kInvalid);
  };
  EXPECT_THAT(refusal({.width = 0}), HasSubstr("width = 0"));
  EXPECT_THAT(refusal({.window = 0}), HasSubstr("window"));
  EXPECT_THAT(refusal({.negatives = 0}), HasSubstr("negatives"));
  EXPECT_THAT(refusal({.sample = 2}), HasSubstr("sample"));
  EXPECT_THAT(refusal({.learning_rate = -1}), HasSubstr("learning_rate"));
  EXPECT_THAT(refusal({.epochs = 0}), HasSubstr("epochs"));
  const Graph graph = planted(1, 5, 1, 0, 1);
  const Context stopped = context_of(1);
  stopped.cancel();
  WalkCorpus walks(graph, {}, stopped);
  EXPECT_THAT(caught([&] { (void)train_skip_gram(walks, {}, stopped); }, ErrorCode::kCancelled), HasSubstr("stop"));
}

}  // namespace
}  // namespace obligor
