// Sentences of numbered tokens, one after the other, as often as wanted: what vectors are learned from (words of a text, nodes of a walk).
//
//   std::vector<uint32_t> sentence;
//   corpus.restart();
//   while (corpus.next(sentence)) ...
//
// Contract: restart() begins the same sentences again; every token is below tokens().
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace obligor {

class Corpus {
 public:
  virtual ~Corpus() = default;
  [[nodiscard]] virtual size_t tokens() const = 0;
  virtual void restart() = 0;
  // False, and no sentence, after the last one.
  virtual bool next(std::vector<uint32_t>& sentence) = 0;
};

// Sentences held in memory.
class SentenceCorpus final : public Corpus {
 public:
  SentenceCorpus(size_t tokens, std::vector<std::vector<uint32_t>> sentences) : tokens_(tokens), sentences_(std::move(sentences)) {}
  [[nodiscard]] size_t tokens() const override { return tokens_; }
  void restart() override { next_ = 0; }
  bool next(std::vector<uint32_t>& sentence) override {
    if (next_ == sentences_.size()) return false;
    sentence = sentences_[next_++];
    return true;
  }

 private:
  size_t tokens_;
  std::vector<std::vector<uint32_t>> sentences_;
  size_t next_ = 0;
};

}  // namespace obligor
