#include "study/fingerprint.h"

#include <fmt/format.h>

namespace obligor {

void add_column(Sha256& digest, const Column& column) {
  // Lengths stand before what they count, so that no two columns run into each other.
  digest.update(fmt::format("{}:{};{};{};", column.name().size(), column.name(), kind_name(column.kind()), column.size()));
  const auto add = [&](const auto& values) {
    if (!values.empty()) digest.update({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0])});
  };
  switch (column.kind()) {
    case ColumnKind::kNumber: add(column.numbers()); break;
    case ColumnKind::kCategory:
      add(column.codes());
      for (const auto& level : column.dictionary()) digest.update(fmt::format("{}:{};", level.size(), level));
      break;
    case ColumnKind::kDate: add(column.dates()); break;
    case ColumnKind::kText:
      add(column.text().offsets);
      add(column.text().missing);
      digest.update(column.text().bytes);
      break;
    case ColumnKind::kSequence:
      add(column.sequences().offsets);
      for (const auto& child : column.sequences().child->columns()) add_column(digest, child);
      break;
  }
}

}  // namespace obligor
