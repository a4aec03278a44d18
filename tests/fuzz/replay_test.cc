// Every fuzz target over its seeds and some thousand changed ones, the same each time. What broke once is a case of its own below.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "mutate.h"
#include "targets.h"

namespace obligor::fuzz {
namespace {

// OBLIGOR_FUZZ_RUNS asks for more than the usual count, OBLIGOR_FUZZ_SEED for another stream.
uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::filesystem::path corpus_of(const Target& target) { return std::filesystem::path(OBLIGOR_SOURCE_DIR) / "tests/fuzz/corpus" / target.name; }

// Those of which models are kept as the tools wrote them.
std::vector<Target> kept_targets() {
  std::vector<Target> kept(targets().begin(), targets().end());
  std::erase_if(kept, [](const Target& target) { return !std::filesystem::exists(corpus_of(target)); });
  return kept;
}

class Fuzz : public testing::TestWithParam<Target> {};
class KeptCorpus : public testing::TestWithParam<Target> {};

TEST_P(Fuzz, SeedsAreReadAndShortenedOnesRefusedOrRead) {
  for (const std::string& seed : GetParam().seeds()) {
    EXPECT_NO_THROW(GetParam().run(seed));
    const size_t step = std::max<size_t>(1, seed.size() / 400);
    for (size_t length = 0; length < seed.size(); length += step) {
      EXPECT_NO_THROW(GetParam().run(std::string_view(seed).substr(0, length))) << "cut to " << length;
    }
  }
}

TEST_P(Fuzz, ChangedSeedsAreReadOrRefused) {
  const uint64_t runs = number_from("OBLIGOR_FUZZ_RUNS", 3000);
  const auto words = GetParam().words();
  Random random(number_from("OBLIGOR_FUZZ_SEED", 1), GetParam().name);
  const auto seeds = GetParam().seeds();
  std::vector<std::string> pool = seeds;
  for (uint64_t run = 0; run < runs; ++run) {
    const auto& from = run % 2 == 0 ? seeds : pool;
    std::string bytes = mutate(from[random.below(from.size())], pool, words, random);
    try {
      GetParam().run(bytes);
    } catch (const std::exception& error) {
      const std::string path = testing::TempDir() + "fuzz-" + std::string(GetParam().name);
      std::ofstream(path, std::ios::binary) << bytes;
      FAIL() << "run " << run << ": " << error.what() << "; the bytes are in " << path;
    }
    // Some of what was made is built upon, so that changes add up.
    if (pool.size() < 64) pool.push_back(std::move(bytes));
    else pool[random.below(pool.size())] = std::move(bytes);
  }
}

// What is kept is read, and its shortened forms are read or refused.
TEST_P(KeptCorpus, IsReadWholeAndCut) {
  for (const auto& entry : std::filesystem::directory_iterator(corpus_of(GetParam()))) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    ASSERT_FALSE(bytes.empty()) << entry.path();
    for (size_t length = bytes.size(); length > 0; length -= std::min<size_t>(length, 7)) {
      EXPECT_NO_THROW(GetParam().run(std::string_view(bytes).substr(0, length))) << entry.path() << " cut to " << length;
    }
  }
}

std::string name_of(const testing::TestParamInfo<Target>& tested) { return std::string(tested.param.name); }

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, testing::ValuesIn(targets().begin(), targets().end()), name_of);
INSTANTIATE_TEST_SUITE_P(Targets, KeptCorpus, testing::ValuesIn(kept_targets()), name_of);

}  // namespace
}  // namespace obligor::fuzz
