#include "prep/text.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "plan/words.h"
#include "prep/han.h"

namespace obligor::prep {
namespace {

// In how many texts each word stands.
class TextCounts {
 public:
  void begin_text() { ++text_; }
  void add(std::string_view word) {
    if (word.size() > kMostWordBytes) return;
    auto& seen = counts_[std::string(word)];
    if (seen.last == text_) return;
    seen.last = text_;
    ++seen.texts;
  }
  // Those in at least `least` texts, at most `most` of them.
  [[nodiscard]] std::vector<std::string> frequent(int least, int most) const {
    std::vector<std::pair<uint32_t, std::string_view>> order;
    for (const auto& [word, seen] : counts_) {
      if (static_cast<int64_t>(seen.texts) >= least) order.emplace_back(seen.texts, word);
    }
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
    if (order.size() > static_cast<size_t>(most)) order.resize(static_cast<size_t>(most));
    std::vector<std::string> words;
    for (const auto& [count, word] : order) words.emplace_back(word);
    return words;
  }

 private:
  struct Seen {
    uint32_t texts = 0;
    size_t last = 0;
  };
  std::unordered_map<std::string, Seen> counts_;
  size_t text_ = 0;
};

size_t letters(std::string_view word) {
  size_t count = 0;
  for (size_t at = 0; at < word.size(); ++count) (void)next_letter(word, at);
  return count;
}

// Candidates for cutting runs of Han, found by a dictionary; those of one letter need none.
WordNumbers han_words(const std::vector<std::vector<WordRun>>& texts, int least, int most) {
  std::optional<HanSegmenter> segmenter;
  TextCounts counts;
  for (const auto& runs : texts) {
    counts.begin_text();
    for (const WordRun& run : runs) {
      if (!run.han) continue;
      if (!segmenter) segmenter.emplace();
      segmenter->cut(run.text, [&](std::string_view word) {
        const size_t size = letters(word);
        if (size > 1 && size <= kMostWordLetters) counts.add(word);
      });
    }
  }
  WordNumbers words;
  for (auto& word : counts.frequent(least, most)) words.emplace(std::move(word), 0);
  return words;
}

}  // namespace

TextWords fit_words(const TextData& text, Rows rows, const PrepSpec& spec) {
  std::vector<std::vector<WordRun>> texts;
  for (const uint32_t row : rows) {
    if (text.missing[row] == 0) texts.push_back(split_runs(text.at(row)));
  }
  const WordNumbers known = han_words(texts, spec.text_min_count, spec.text_max_words);
  TextCounts counts;
  for (const auto& runs : texts) {
    counts.begin_text();
    for (const WordRun& run : runs) {
      if (!run.han) counts.add(run.text);
      else
        for (const auto& word : cut_run(run.text, known)) counts.add(word);
    }
  }
  return {counts.frequent(spec.text_min_count, spec.text_max_words)};
}

std::optional<TextBlock> lower_text(PlanBuilder& builder, const Column& column, Rows rows, const PrepSpec& spec) {
  TextWords fitted = fit_words(column.text(), rows, spec);
  if (fitted.words.empty()) return std::nullopt;
  TextBlock made;
  made.group.kind = FeatureGroup::Kind::kText;
  made.group.name = column.name();
  made.group.steps = static_cast<size_t>(spec.text_length);
  made.group.words = fitted.words;
  made.group.words.emplace_back("(any other)");
  std::vector<int32_t> ids(fitted.words.size());
  std::iota(ids.begin(), ids.end(), 0);
  const int32_t other = fitted.other();
  made.block.node = builder.tokens(builder.input(column.name(), InputKind::kCategory, "text"), std::move(fitted.words), std::move(ids), other,
                                   static_cast<uint32_t>(spec.text_length));
  for (int t = 0; t < spec.text_length; ++t) made.block.names.push_back(fmt::format("{} (word {})", column.name(), t + 1));
  made.block.source = column.name();
  return made;
}

}  // namespace obligor::prep
