// What each body learns beside the field vectors. Torch-free.
#pragma once

#include "zoo/field/layout.h"

namespace obligor::field {

void declare_body(const FieldShape& shape, Declarer& declarer);

// Numbers of a row where the field vectors stand side by side, after the numbers that are no fields.
[[nodiscard]] size_t flat_width(const FieldShape& shape);
// deep_crossing: whether a code field enters one-hot, and what a row's stack of fields holds.
[[nodiscard]] bool is_raw(const FieldShape& shape, size_t code_field);
[[nodiscard]] size_t stack_width(const FieldShape& shape);

}  // namespace obligor::field
