// The words of a text as ids, without allocation: op `tokens`.
//
//   Tokeniser tokeniser(words, ids, other);   tokeniser.fill(text, 100, out, stride);      // out[0], out[stride], ...
//
// Equals plan/words.h word for word, which says what a word is.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emit/native/vocabulary.h"
#include "plan/words.h"

namespace obligor::native {

class Tokeniser {
 public:
  Tokeniser(const std::vector<std::string>& words, std::span<const int32_t> ids, int32_t other) : words_(words, ids), other_(other) {
    for (const std::string& word : words) most_letters_ = std::max(most_letters_, han_letters(word));
  }

  // `length` ids, NaN after the last.
  void fill(std::string_view text, size_t length, float* out, size_t stride) const {
    Line line{out, stride, length};
    Word word;
    for (size_t at = 0; at < text.size() && line.filled < length;) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if (byte < 0x80) {
        ++at;
        const char32_t c = folded(byte);
        if (letter_of(c) == Letter::kWord) word.put(static_cast<char>(c));
        else close(word, line);
        continue;
      }
      const size_t begin = at;
      const char32_t c = folded(next_letter(text, at));
      switch (letter_of(c)) {
        case Letter::kNone: close(word, line); break;
        case Letter::kWord:
          if (c < 0x80) word.put(static_cast<char>(c));
          else if (c < 0x800) word.put_two(c);
          else word.put(text.substr(begin, at - begin));
          break;
        case Letter::kHan:
          close(word, line);
          at = han(text, begin, at, line);
          break;
      }
    }
    close(word, line);
    for (size_t i = line.filled; i < length; ++i) out[i * stride] = std::nanf("");
  }

 private:
  struct Line {
    float* out;
    size_t stride;
    size_t length;
    size_t filled = 0;
    void put(int32_t id) {
      if (id < 0 || filled == length) return;
      out[filled++ * stride] = static_cast<float>(id);
    }
  };

  // A word under way; beyond the longest only its length counts.
  struct Word {
    std::array<char, kMostWordBytes> bytes;
    size_t size = 0;
    void put(char c) {
      if (size < bytes.size()) bytes[size] = c;
      ++size;
    }
    void put(std::string_view letter) {
      if (size + letter.size() <= bytes.size()) std::memcpy(bytes.data() + size, letter.data(), letter.size());
      size += letter.size();
    }
    void put_two(char32_t c) {
      put(static_cast<char>(static_cast<unsigned char>(0xC0U | c >> 6U)));
      put(static_cast<char>(static_cast<unsigned char>(0x80U | (c & 0x3FU))));
    }
  };

  void close(Word& word, Line& line) const {
    if (word.size == 0) return;
    line.put(word.size <= kMostWordBytes ? words_.find({word.bytes.data(), word.size}, other_) : other_);
    word.size = 0;
  }

  // How many letters a listed word has, 0 where not all are of Han or Kana or there are too many.
  static size_t han_letters(std::string_view word) {
    size_t count = 0;
    for (size_t at = 0; at < word.size(); ++count) {
      if (letter_of(folded(next_letter(word, at))) != Letter::kHan) return 0;
    }
    return count <= kMostWordLetters ? count : 0;
  }

  // The longest listed word that begins at `begin`, whose first letter ends at `end`; where it ends.
  size_t han(std::string_view text, size_t begin, size_t end, Line& line) const {
    std::array<size_t, kMostWordLetters> ends;
    ends[0] = end;
    size_t letters = 1;
    for (size_t at = end; letters < most_letters_ && at < text.size(); ++letters) {
      if (letter_of(folded(next_letter(text, at))) != Letter::kHan) break;
      ends[letters] = at;
    }
    constexpr int32_t kAbsent = -2;
    for (size_t last = letters - 1; last > 0; --last) {
      const int32_t id = words_.find(text.substr(begin, ends[last] - begin), kAbsent);
      if (id == kAbsent) continue;
      line.put(id);
      return ends[last];
    }
    line.put(words_.find(text.substr(begin, end - begin), other_));
    return end;
  }

  Vocabulary words_;
  int32_t other_;
  size_t most_letters_ = 1;
};

}  // namespace obligor::native
