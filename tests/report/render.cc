// obligor_report_render IN.json OUT.html: the report of a document, for the test that looks at it in a browser.
#include <cstdio>
#include <exception>

#include "core/file.h"
#include "core/json.h"
#include "study/report/report.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: obligor_report_render IN.json OUT.html\n", stderr);
    return 2;
  }
  try {
    obligor::write_file(argv[2], obligor::render_report(obligor::parse_json(obligor::read_file(argv[1]), argv[1])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
