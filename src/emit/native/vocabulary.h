// Vocabulary: the codes of an encode node by open addressing, and the pairs of a cross node.
//
//   Vocabulary words(strings, codes);   words.find("clerk", unseen)
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace obligor::native {

// A table twice as large as its entries, probed in a line; an empty slot ends a search.
class Vocabulary {
 public:
  // Of equal words the first counts.
  Vocabulary(const std::vector<std::string>& words, std::span<const int32_t> codes) : slots_(std::bit_ceil(2 * words.size() + 1)) {
    for (size_t i = 0; i < words.size(); ++i) {
      Slot& slot = place(words[i]);
      if (slot.length >= 0) continue;
      slot = {static_cast<uint32_t>(hash(words[i])), codes[i], static_cast<int64_t>(bytes_.size()), static_cast<int64_t>(words[i].size())};
      bytes_ += words[i];
    }
  }

  [[nodiscard]] int32_t find(std::string_view word, int32_t unseen) const {
    const Slot& slot = const_cast<Vocabulary*>(this)->place(word);  // NOLINT(cppcoreguidelines-pro-type-const-cast): read alone
    return slot.length < 0 ? unseen : slot.code;
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    int32_t code = 0;
    int64_t begin = 0;
    int64_t length = -1;  // -1: empty
  };

  // Eight bytes at a time, each mixed by a multiplication (the constants are odd and random).
  static uint64_t hash(std::string_view word) {
    uint64_t h = 0x9E3779B97F4A7C15ULL ^ word.size();
    while (word.size() >= 8) {
      uint64_t part = 0;
      std::memcpy(&part, word.data(), 8);
      h = (h ^ part) * 0xD6E8FEB86659FD93ULL;
      h ^= h >> 32U;
      word.remove_prefix(8);
    }
    uint64_t rest = 0;
    if (!word.empty()) std::memcpy(&rest, word.data(), word.size());
    h = (h ^ rest) * 0xD6E8FEB86659FD93ULL;
    h ^= h >> 32U;
    return h * 0xD6E8FEB86659FD93ULL >> 16U;
  }

  Slot& place(std::string_view word) {
    const auto h = static_cast<uint32_t>(hash(word));
    for (size_t at = h;; ++at) {
      Slot& slot = slots_[at & (slots_.size() - 1)];
      if (slot.length < 0) return slot;
      if (slot.hash == h && word == std::string_view(bytes_).substr(static_cast<size_t>(slot.begin), static_cast<size_t>(slot.length))) return slot;
    }
  }

  std::vector<Slot> slots_;
  std::string bytes_;
};

// (first, second) -> code: a full table where it is small, else open addressing.
class PairTable {
 public:
  PairTable(std::span<const int32_t> triples, uint32_t first_levels, uint32_t second_levels, int32_t unseen)
      : second_(second_levels), unseen_(unseen) {
    constexpr uint64_t kSmall = 1U << 16U;
    dense_ = static_cast<uint64_t>(first_levels) * second_levels <= kSmall;
    slots_.resize(dense_ ? static_cast<size_t>(first_levels) * second_levels : std::bit_ceil(2 * (triples.size() / 3) + 1));
    for (size_t i = 0; i < triples.size(); i += 3) {
      Slot& slot = slots_[place(triples[i], triples[i + 1])];
      if (slot.first < 0) slot = {triples[i], triples[i + 1], triples[i + 2]};
    }
  }
  [[nodiscard]] int32_t find(int32_t first, int32_t second) const {
    const Slot& slot = slots_[place(first, second)];
    return slot.first < 0 ? unseen_ : slot.code;
  }

 private:
  struct Slot {
    int32_t first = -1;  // -1: empty
    int32_t second = 0;
    int32_t code = 0;
  };
  [[nodiscard]] size_t place(int32_t first, int32_t second) const {
    const uint64_t a = static_cast<uint32_t>(first);
    const uint64_t b = static_cast<uint32_t>(second);
    if (dense_) return static_cast<size_t>(a * second_ + b);
    auto at = static_cast<size_t>((a << 32U | b) * 0x9E3779B97F4A7C15ULL >> 20U);
    while (true) {
      const Slot& slot = slots_[at & (slots_.size() - 1)];
      if (slot.first < 0 || (slot.first == first && slot.second == second)) return at & (slots_.size() - 1);
      ++at;
    }
  }

  std::vector<Slot> slots_;
  uint64_t second_;
  int32_t unseen_;
  bool dense_ = false;
};

}  // namespace obligor::native
