// Universal Binary JSON (draft 12) as a Json document: what XGBoost writes under the ending .ubj.
//
//   Json document = parse_ubjson(bytes, "model.ubj");
//
// Contract: objects, arrays, and the strongly typed arrays of either ("[$d#L..."); numbers are big-endian. Refused with Error{kData}: a document that
// ends early, a marker that is not known, nesting deeper than 64 levels, a length that the bytes cannot hold, bytes after the document.
#pragma once

#include <string_view>

#include "core/json.h"

namespace obligor {

[[nodiscard]] Json parse_ubjson(std::string_view bytes, std::string_view source);

}  // namespace obligor
