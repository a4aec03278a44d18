#include "study/report/report.h"

#include <string_view>

#include "core/error.h"
#include "study/report/template.h"

namespace obligor {
namespace {

constexpr std::string_view kMarker = "__OBLIGOR_DATA__";

}  // namespace

std::string render_report(const Json& document) {
  if (!document.is_object()) {
    throw Error(ErrorCode::kInvalid, "report: the document is not a JSON object; give the one that obligor compare --json prints");
  }
  const std::string_view page = report_template();
  const size_t marker = page.find(kMarker);
  if (marker == std::string_view::npos) {
    throw Error(ErrorCode::kInternal, "report: the embedded page has no data marker; rebuild it (npm run build in web/)");
  }
  const std::string json = dump_json(document, -1);
  std::string result;
  result.reserve(page.size() + json.size() + json.size() / 64);
  result.append(page.substr(0, marker));
  // In JSON '<' occurs only inside strings, where its escape means the same; without it no tag or comment can begin.
  for (const char c : json) {
    if (c == '<') result.append("\\u003c");
    else result.push_back(c);
  }
  result.append(page.substr(marker + kMarker.size()));
  return result;
}

}  // namespace obligor
