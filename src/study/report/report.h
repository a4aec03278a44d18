// The HTML report: one file that opens without a network, with the document of `obligor compare` inside.
//
//   write_file("report.html", render_report(document));     // document: see docs/compare-json.md
//
// Contract: the page is the front end built from web/ and embedded in this library; the document goes into its data
// element and is drawn by the page's script. Nothing in the document can leave that element: every '<' is written as its
// JSON escape, so names and levels of a data set may hold any text, "</script>" included. Bytes that are not UTF-8 become
// U+FFFD, non-finite numbers null. Every part of the document may be absent; Error{kInvalid} only when it is not an object.
#pragma once

#include <string>

#include "core/json.h"

namespace obligor {

[[nodiscard]] std::string render_report(const Json& document);

}  // namespace obligor
