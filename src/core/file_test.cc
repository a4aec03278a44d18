#include "core/file.h"

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/error.h"

namespace obligor {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

fs::path scratch() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const fs::path path = fs::path(testing::TempDir()) / "obligor_core" / info->name();
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

ErrorCode code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

TEST(AtomicFiles, LeaveNothingWithoutCommit) {
  const fs::path folder = fs::temp_directory_path() / "obligor-core-test-atomic";
  fs::remove_all(folder);
  fs::create_directories(folder);
  {
    AtomicFile file(folder / "a.txt");
    file.write("half");
  }
  EXPECT_TRUE(fs::is_empty(folder));
  write_file(folder / "a.txt", "whole");
  EXPECT_EQ(read_file(folder / "a.txt"), "whole");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}), 1);
}

TEST(AtomicFiles, AFullDiskIsAnErrorAndTheOldFileStays) {
  // A tiny file-size limit stands in for a full disk: writes past it fail as they do when no space is left.
  const fs::path folder = fs::temp_directory_path() / "obligor-core-test-full";
  fs::remove_all(folder);
  fs::create_directories(folder);
  write_file(folder / "a.txt", "old");
  const auto write_past_the_limit = [&] {
    const rlimit limit{.rlim_cur = 1024, .rlim_max = 1024};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    try {
      write_file(folder / "a.txt", std::string(5U << 20U, 'x'));
    } catch (const Error& error) {
      exit(error.code() == ErrorCode::kIo ? 42 : 1);
    }
    exit(0);
  };
  EXPECT_EXIT(write_past_the_limit(), testing::ExitedWithCode(42), "");
  EXPECT_EQ(read_file(folder / "a.txt"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}), 1);
}

TEST(AtomicFiles, ADiskThatFillsAtTheLastByteLeavesTheOldFile) {
  // Less than the buffer: nothing is written before commit().
  const fs::path folder = scratch();
  write_file(folder / "a.txt", "old");
  const auto commit_past_the_limit = [&] {
    const rlimit limit{.rlim_cur = 1024, .rlim_max = 1024};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    try {
      AtomicFile file(folder / "a.txt");
      file.write(std::string(1025, 'x'));
      file.commit();
    } catch (const Error& error) {
      const bool says_so = std::string(error.what()).find("nothing was left half-written") != std::string::npos;
      exit(error.code() == ErrorCode::kIo && says_so ? 42 : 1);
    }
    exit(0);
  };
  EXPECT_EXIT(commit_past_the_limit(), testing::ExitedWithCode(42), "");
  EXPECT_EQ(read_file(folder / "a.txt"), "old");
  EXPECT_THAT(names_in(folder), testing::ElementsAre("a.txt"));
}

TEST(AtomicFiles, AnExceptionBetweenLeavesTheOldFile) {
  const fs::path folder = scratch();
  write_file(folder / "a.txt", "old");
  try {
    AtomicFile file(folder / "a.txt");
    file.write(std::string(3U << 20U, 'x'));
    throw std::runtime_error("the fit failed");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(read_file(folder / "a.txt"), "old");
  EXPECT_THAT(names_in(folder), testing::ElementsAre("a.txt"));
}

TEST(AtomicFiles, AFolderInTheWayIsAnErrorAndLeavesNothing) {
  const fs::path folder = scratch();
  fs::create_directories(folder / "taken" / "inside");
  EXPECT_EQ(code_of([&] { write_file(folder / "taken", "text"); }), ErrorCode::kIo);
  EXPECT_THAT(names_in(folder), testing::ElementsAre("taken"));
  write_file(folder / "file", "text");
  EXPECT_EQ(code_of([&] { write_file(folder / "file" / "below", "text"); }), ErrorCode::kIo);
  EXPECT_EQ(read_file(folder / "file"), "text");
}

TEST(AtomicFiles, AVendorMayWriteTheTemporaryFileItself) {
  const fs::path folder = scratch();
  {
    AtomicFile file(folder / "a.txt");
    std::ofstream(file.temporary_path()) << "by another";
    EXPECT_FALSE(fs::exists(folder / "a.txt"));
    file.commit();
  }
  EXPECT_EQ(read_file(folder / "a.txt"), "by another");
  {
    // One that replaces the file rather than writing into it.
    AtomicFile file(folder / "b.txt");
    std::ofstream(folder / "other") << "replaced";
    fs::rename(folder / "other", file.temporary_path());
    file.commit();
  }
  EXPECT_EQ(read_file(folder / "b.txt"), "replaced");
  EXPECT_THAT(names_in(folder), testing::UnorderedElementsAre("a.txt", "b.txt"));
}

TEST(AtomicFiles, FoldersOnTheWayAreMade) {
  const fs::path folder = scratch();
  write_file(folder / "x" / "y" / "a.txt", "deep");
  EXPECT_EQ(read_file(folder / "x" / "y" / "a.txt"), "deep");
  const auto mode = fs::status(folder / "x" / "y" / "a.txt").permissions();
  EXPECT_EQ(mode & fs::perms::others_read, fs::perms::others_read);
}

TEST(Files, WhatCannotBeReadSaysWhy) {
  const fs::path folder = scratch();
  EXPECT_EQ(code_of([&] { (void)read_file(folder / "absent"); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { (void)read_file(folder); }), ErrorCode::kInvalid);
  write_file(folder / "empty", "");
  EXPECT_EQ(read_file(folder / "empty"), "");
}

TEST(Machine, NamesItsProcessorWhereLinuxDoes) {
  const std::string all = std::filesystem::exists("/proc/cpuinfo") ? read_file("/proc/cpuinfo") : "";
  const std::string name = processor_name();
  EXPECT_EQ(name.empty(), all.find("model name") == std::string::npos);
  EXPECT_THAT(all, testing::HasSubstr(name));
  EXPECT_THAT(name, testing::Not(testing::AnyOf(testing::HasSubstr("\n"), testing::StartsWith(":"), testing::StartsWith(" "))));
}

}  // namespace
}  // namespace obligor
