#include "plan/words.h"

#include <algorithm>
#include <array>

namespace obligor {

char32_t next_letter(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t first = byte(at++);
  if (first < 0x80) return first;
  const size_t more = first >= 0xC2 && first <= 0xDF ? 1 : (first >= 0xE0 && first <= 0xEF ? 2 : (first >= 0xF0 && first <= 0xF4 ? 3 : 0));
  if (more == 0 || text.size() - at < more) return kNotUtf8;
  char32_t c = first & (0x3FU >> more);
  for (size_t i = 0; i < more; ++i) {
    const uint32_t next = byte(at + i);
    if ((next & 0xC0U) != 0x80) return kNotUtf8;
    c = c << 6U | (next & 0x3FU);
  }
  // The shortest form only, no halves of a surrogate pair, nothing beyond Unicode.
  constexpr std::array<char32_t, 4> kLeast{0, 0x80, 0x800, 0x10000};
  if (c < kLeast.at(more) || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) return kNotUtf8;
  at += more;
  return c;
}

void append_utf8(std::string& text, char32_t c) {
  const auto put = [&](uint32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
  const auto tail = [&](unsigned shift) { put(0x80U | (c >> shift & 0x3FU)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | c >> 6U);
    tail(0);
  } else if (c < 0x10000) {
    put(0xE0U | c >> 12U);
    tail(6);
    tail(0);
  } else {
    put(0xF0U | c >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::vector<WordRun> split_runs(std::string_view text) {
  std::vector<WordRun> runs;
  Letter before = Letter::kNone;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = folded(next_letter(text, at));
    const Letter letter = letter_of(c);
    if (letter != Letter::kNone) {
      if (letter != before) runs.push_back({{}, letter == Letter::kHan});
      append_utf8(runs.back().text, c);
    }
    before = letter;
  }
  return runs;
}

std::vector<std::string> cut_run(std::string_view run, const WordNumbers& known) {
  std::vector<size_t> ends;  // of each letter
  for (size_t at = 0; at < run.size();) {
    (void)next_letter(run, at);
    ends.push_back(at);
  }
  std::vector<std::string> words;
  size_t begin = 0;
  for (size_t letter = 0; letter < ends.size();) {
    size_t last = std::min(letter + kMostWordLetters, ends.size()) - 1;
    while (last > letter && !known.contains(std::string(run.substr(begin, ends[last] - begin)))) --last;
    words.emplace_back(run.substr(begin, ends[last] - begin));
    begin = ends[last];
    letter = last + 1;
  }
  return words;
}

std::vector<std::string> split_words(std::string_view text, const WordNumbers& known) {
  std::vector<std::string> words;
  for (WordRun& run : split_runs(text)) {
    if (!run.han) {
      words.push_back(std::move(run.text));
      continue;
    }
    for (auto& word : cut_run(run.text, known)) words.push_back(std::move(word));
  }
  return words;
}

}  // namespace obligor
