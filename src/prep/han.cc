#include "prep/han.h"

#include <fmt/format.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include "core/error.h"

namespace obligor::prep {
namespace {

void check(UErrorCode status) {
  if (U_FAILURE(status) != 0) throw Error(ErrorCode::kInternal, fmt::format("words of a text: ICU reports {}", u_errorName(status)));
}

}  // namespace

struct HanSegmenter::Impl {
  UBreakIterator* iterator = nullptr;
  UText text = UTEXT_INITIALIZER;
  Impl() {
    UErrorCode status = U_ZERO_ERROR;
    iterator = ubrk_open(UBRK_WORD, "zh", nullptr, 0, &status);
    check(status);
  }
  ~Impl() {
    ubrk_close(iterator);
    utext_close(&text);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

HanSegmenter::HanSegmenter() : impl_(std::make_unique<Impl>()) {}
HanSegmenter::~HanSegmenter() = default;

void HanSegmenter::cut(std::string_view run, const std::function<void(std::string_view)>& take) {
  UErrorCode status = U_ZERO_ERROR;
  utext_openUTF8(&impl_->text, run.data(), static_cast<int64_t>(run.size()), &status);
  ubrk_setUText(impl_->iterator, &impl_->text, &status);
  check(status);
  auto begin = static_cast<size_t>(ubrk_first(impl_->iterator));
  for (int32_t end = ubrk_next(impl_->iterator); end != UBRK_DONE; end = ubrk_next(impl_->iterator)) {
    take(run.substr(begin, static_cast<size_t>(end) - begin));
    begin = static_cast<size_t>(end);
  }
}

}  // namespace obligor::prep
