#include "study/report/report.h"

#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/error.h"

namespace obligor {
namespace {

size_t count_of(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

// What a browser would hand to JSON.parse: the text up to the first end tag after the data element's start.
std::string data_of(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const size_t begin = page.find(open) + open.size();
  return page.substr(begin, page.find("</script", begin) - begin);
}

TEST(Report, HoldsTheDocumentUnchanged) {
  const Json document = {{"kind", "compare"}, {"rows", 1000}, {"models", {{{"name", "dnn"}, {"metrics", {{"auc", {{"value", 0.783}}}}}}}}};
  EXPECT_EQ(Json::parse(data_of(render_report(document))), document);
}

TEST(Report, KeepsTextThatWouldCloseTheDataElementInside) {
  const Json plain = {{"best", "dnn"}};
  const Json hostile = {{"best", "</script><img src=x onerror=alert(1)><!--"}, {"</SCRIPT>", "__OBLIGOR_DATA__"}};
  const std::string page = render_report(hostile);
  EXPECT_EQ(Json::parse(data_of(page)), hostile);
  EXPECT_EQ(count_of(page, "</script"), count_of(render_report(plain), "</script"));
  EXPECT_EQ(count_of(page, "<img"), count_of(render_report(plain), "<img"));
}

TEST(Report, IsOnePageThatLoadsNothing) {
  const std::string page = render_report(Json::object());
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_EQ(count_of(page, "__OBLIGOR_DATA__"), 0U);
  EXPECT_EQ(count_of(page, "<script src"), 0U);
  EXPECT_EQ(count_of(page, "rel=\"stylesheet\""), 0U);
  EXPECT_EQ(count_of(page, "default-src 'none'"), 1U);
  EXPECT_LT(page.size(), 700U * 1024U);
}

TEST(Report, WritesBrokenTextAndNumbersAsValidJson) {
  const Json document = {{"best", "a\xff\n"}, {"seconds", std::numeric_limits<double>::quiet_NaN()}};
  const Json read = Json::parse(data_of(render_report(document)));
  EXPECT_EQ(read["best"], "a\xEF\xBF\xBD\n");
  EXPECT_TRUE(read["seconds"].is_null());
}

TEST(Report, RefusesWhatIsNotAnObject) {
  try {
    (void)render_report(Json::array());
    FAIL() << "an array was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace obligor
