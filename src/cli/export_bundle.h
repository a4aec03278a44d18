// obligor export --to bundle: the bundle with narrower weights, and what that does to its scores.
#pragma once

#include <string>

#include "bundle/bundle.h"
#include "cli/frame.h"

namespace obligor::cli {

struct ExportBundleRequest {
  std::string weights = "bf16";
  std::string data;  // rows to measure the error on; empty: generated edge rows
  std::string out;
};

// Writes the bundle and prints the sizes and the error.
void export_bundle(const Bundle& bundle, const std::string& path, const ExportBundleRequest& request, const Globals& globals);

}  // namespace obligor::cli
