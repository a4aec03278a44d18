// Where scores go: CSV on stdout or in a file, Parquet by the ending of the file's name. Pulls tables, keeps none.
//
//   write_scores("s.parquet", columns, next);         // empty path: CSV on stdout
//
// Contract: the first column is `row`, each row's source_row; the rest as named, in order. Missing cells are empty (CSV) or NULL.
// Numbers in CSV have up to 9 digits, so that the float32 comes back as it was. A file appears only when it is whole.
// Errors: Error{kIo}; Error{kInvalid} for another ending than .csv and .parquet; what `next` throws.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "table/source.h"

namespace obligor::cli {

void write_scores(const std::string& path, const std::vector<StreamColumn>& columns, const std::function<std::optional<Table>()>& next);
// Before any work is done.
void check_score_path(const std::string& path);

}  // namespace obligor::cli
