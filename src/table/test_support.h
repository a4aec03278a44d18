// Shared by the room's tests: where the real data is, and what an error says.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace obligor::testing_support {

inline std::filesystem::path data_dir() {
  if (const char* dir = std::getenv("OBLIGOR_DATA_DIR")) return dir;
  return std::filesystem::path(OBLIGOR_SOURCE_DIR) / ".." / "shared" / "data";
}

inline std::filesystem::path folds_dir() { return data_dir().parent_path() / "folds"; }

// A folder for one test, empty at the start.
inline std::filesystem::path scratch() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto path = std::filesystem::path(::testing::TempDir()) / "obligor_table" / (std::string(info->test_suite_name()) + "." + info->name());
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

inline std::filesystem::path write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

// The code and message of the error that `work` throws; the test fails when it throws none.
struct Caught {
  ErrorCode code = ErrorCode::kInternal;
  std::string message = "no error was thrown";
};

template <typename Work>
Caught caught(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

}  // namespace obligor::testing_support
