#include "mutate.h"

#include <algorithm>
#include <array>

namespace obligor::fuzz {
namespace {

constexpr size_t kLongest = 1U << 16U;

// A stretch of at most 64 bytes inside the text.
std::pair<size_t, size_t> stretch(const std::string& bytes, Random& random) {
  const size_t begin = random.below(bytes.size());
  return {begin, 1 + random.below(std::min<size_t>(64, bytes.size() - begin))};
}

void change(std::string& bytes, std::span<const std::string> others, std::span<const std::string> words, Random& random) {
  constexpr std::array<char, 10> kOdd{'\0', '\x01', '\x7F', '\x80', '\xFF', '-', '9', '"', '\n', ' '};
  const auto place = [&] { return bytes.begin() + static_cast<int64_t>(random.below(bytes.size() + 1)); };
  if (bytes.empty()) bytes = "x";
  switch (random.below(10)) {
    case 0: bytes[random.below(bytes.size())] ^= static_cast<char>(1U << random.below(8)); break;
    case 1: bytes[random.below(bytes.size())] = kOdd[random.below(kOdd.size())]; break;
    case 2: bytes.insert(place(), static_cast<char>(random.below(256))); break;
    case 3: {
      const auto [begin, length] = stretch(bytes, random);
      bytes.erase(begin, length);
      break;
    }
    case 4: {
      const auto [begin, length] = stretch(bytes, random);
      const std::string copy = bytes.substr(begin, length);
      const uint64_t times = 1 + random.below(8);
      for (uint64_t i = 0; i < times; ++i) bytes.insert(begin, copy);
      break;
    }
    case 5: {
      const auto [begin, length] = stretch(bytes, random);
      const std::string copy = bytes.substr(begin, length);
      bytes.erase(begin, length);
      bytes.insert(random.below(bytes.size() + 1), copy);
      break;
    }
    case 6: bytes.resize(random.below(bytes.size() + 1)); break;
    case 7:
    case 8:
      if (!words.empty()) {
        const std::string& word = words[random.below(words.size())];
        const size_t at = random.below(bytes.size() + 1);
        if (random.below(2) == 0) bytes.insert(at, word);
        else bytes.replace(at, std::min(word.size(), bytes.size() - at), word);
      }
      break;
    default: {
      const std::string& other = others[random.below(others.size())];
      bytes = bytes.substr(0, random.below(bytes.size() + 1)) + other.substr(std::min(other.size(), random.below(other.size() + 1)));
    }
  }
  if (bytes.size() > kLongest) bytes.resize(kLongest);
}

}  // namespace

std::string mutate(std::string bytes, std::span<const std::string> others, std::span<const std::string> words, Random& random) {
  const uint64_t changes = 1 + random.below(4);
  for (uint64_t i = 0; i < changes; ++i) change(bytes, others, words, random);
  return bytes;
}

}  // namespace obligor::fuzz
