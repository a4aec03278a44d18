// Text to words: the splitting rule of op `tokens`, which docs/plan.md states.
//
//   for (const WordRun& run : split_runs("Debt consolidation 2014")) ...        // "debt", "consolidation", "2014"
//   for (const std::string& word : split_words(text, known)) ...                // runs of Han and Kana cut by the words that `known` holds
//
// The obvious form; the native scorer has a fast one of its own (emit/native/tokeniser.h), compared with this one in tests. Nothing here
// fails: a byte that is not UTF-8 separates words like a blank.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace obligor {

inline constexpr size_t kMostWordBytes = 128;     // a longer word is a word that is not listed
inline constexpr size_t kMostWordLetters = 16;    // of a listed word of Han or Kana
inline constexpr char32_t kNotUtf8 = 0xFFFFFFFF;  // stands for a byte that begins no well-formed sequence

enum class Letter : uint8_t { kNone, kWord, kHan };

// What a code point is, after folding.
[[nodiscard]] constexpr Letter letter_of(char32_t c) {
  const auto within = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  if (c < 0x80) return within('0', '9') || within('a', 'z') ? Letter::kWord : Letter::kNone;
  if (c == 0xD7 || c == 0xF7) return Letter::kNone;
  if (c == 0xAA || c == 0xB5 || c == 0xBA || within(0xC0, 0x2AF) || within(0x300, 0x1FFF) || within(0xAC00, 0xD7A3)) return Letter::kWord;
  if (c == 0x3005 || c == 0x3007 || within(0x3041, 0x3096) || within(0x309D, 0x309F) || within(0x30A1, 0x30FA) || within(0x30FC, 0x30FF) ||
      within(0x3400, 0x4DBF) || within(0x4E00, 0x9FFF) || within(0xF900, 0xFAFF) || within(0x20000, 0x323AF)) {
    return Letter::kHan;
  }
  return Letter::kNone;
}

// Small letters for capital ones, ASCII for its full-width forms.
[[nodiscard]] constexpr char32_t folded(char32_t c) {
  const auto within = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  if (within('A', 'Z') || (within(0xC0, 0xDE) && c != 0xD7) || (within(0x391, 0x3A9) && c != 0x3A2) || within(0x410, 0x42F)) return c + 32;
  if (within(0x400, 0x40F)) return c + 80;
  if (within(0xFF10, 0xFF19) || within(0xFF41, 0xFF5A)) return c - 0xFEE0;
  if (within(0xFF21, 0xFF3A)) return c - 0xFEE0 + 32;
  return c;
}

// The code point that begins at `at`, which moves behind it; kNotUtf8 and one byte on where none does.
[[nodiscard]] char32_t next_letter(std::string_view text, size_t& at);
void append_utf8(std::string& text, char32_t c);

struct WordRun {
  std::string text;  // folded
  bool han = false;
};
[[nodiscard]] std::vector<WordRun> split_runs(std::string_view text);

using WordNumbers = std::unordered_map<std::string, int32_t>;

// The ends of the words that a run of Han is cut into: the longest listed one that begins where the last ended, else one letter.
[[nodiscard]] std::vector<std::string> cut_run(std::string_view run, const WordNumbers& known);

[[nodiscard]] std::vector<std::string> split_words(std::string_view text, const WordNumbers& known);

}  // namespace obligor
