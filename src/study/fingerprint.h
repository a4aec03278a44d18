// What data a result came from: a digest of columns, the same for a kept job and for a bundle.
//
//   Sha256 digest;  for (const auto& column : table.columns()) add_column(digest, column);   digest.hex();
#pragma once

#include "core/digest.h"
#include "table/table.h"

namespace obligor {

// The column's name, kind and every cell.
void add_column(Sha256& digest, const Column& column);

}  // namespace obligor
