// What reads files that others made, each as a function over bytes: fuzzed by libFuzzer (`make fuzz`) and replayed by ctest.
//
//   for (const Target& target : targets()) for (const std::string& seed : target.seeds()) target.run(seed);
//
// Contract: run() returns when the bytes were read or refused as they should be: refused means obligor::Error with a code that
// says "your input" and a message of one line. Everything else (another exception, another code, a property of what was read that
// does not hold) is thrown on as Broken. Seeds are made here; no data of others.
#pragma once

#include <functional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace obligor::fuzz {

struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};

struct Target {
  std::string_view name;
  void (*run)(std::string_view bytes);
  std::vector<std::string> (*seeds)();
  std::vector<std::string> (*words)();  // of the format, for mutation; quoted by libFuzzer's dictionary
  friend std::ostream& operator<<(std::ostream& out, const Target& target) { return out << target.name; }
};

[[nodiscard]] std::span<const Target> targets();
[[nodiscard]] const Target& find_target(std::string_view name);

}  // namespace obligor::fuzz
