// What trains runs in a companion executable beside this program, started with the same arguments and inherited streams, so that
// Ctrl-C, exit codes, --json and progress behave as in one program (libtorch costs every process a quarter of a second).
//
// Contract: both are of one version. The program states its own in the environment; the companion refuses another, which costs
// no extra start. Errors: Error{kNotFound} when the companion is missing, Error{kUnsupported} when the versions differ.
#pragma once

#include <filesystem>

namespace obligor::cli {

// Replaces this process; returns only by throwing.
[[noreturn]] void become_companion(char** argv);
// In any program of ours: the version of the program that started it, if one did, is this one.
void check_starter();

// For tests: where the companion is looked for.
[[nodiscard]] std::filesystem::path companion_path();

}  // namespace obligor::cli
