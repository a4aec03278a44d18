// Words in runs of Han and Kana letters, as the dictionary of ICU finds them: candidates for a fitted vocabulary. Scoring never comes here, since
// a plan cuts by the words that it holds (docs/plan.md, op `tokens`). Private to the room.
//
//   HanSegmenter segmenter;
//   segmenter.cut("申请贷款", [&](std::string_view word) { ... });
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace obligor::prep {

class HanSegmenter {
 public:
  HanSegmenter();
  ~HanSegmenter();
  HanSegmenter(const HanSegmenter&) = delete;
  HanSegmenter& operator=(const HanSegmenter&) = delete;
  // The run is valid UTF-8.
  void cut(std::string_view run, const std::function<void(std::string_view)>& take);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obligor::prep
