#include "study/report/template.h"

// The assembler copies the file into the read-only data; a string literal of this size would cost the compiler seconds.
// OBLIGOR_REPORT_TEMPLATE is the path of the built page, given by CMake.
__asm__(
    ".pushsection .rodata\n"
    ".global obligor_report_template_begin\n"
    ".global obligor_report_template_end\n"
    "obligor_report_template_begin:\n"
    ".incbin \"" OBLIGOR_REPORT_TEMPLATE
    "\"\n"
    "obligor_report_template_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" const char obligor_report_template_begin[];
extern "C" const char obligor_report_template_end[];

namespace obligor {

std::string_view report_template() {
  return {obligor_report_template_begin, static_cast<size_t>(obligor_report_template_end - obligor_report_template_begin)};
}

}  // namespace obligor
