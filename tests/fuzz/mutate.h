// A seeded mutator of byte strings: what libFuzzer does with feedback, here without, the same on every machine.
#pragma once

#include <span>
#include <string>

#include "core/random.h"

namespace obligor::fuzz {

// One to four changes: flip, set, insert, erase, repeat or move a stretch, cut short, a word of the format, a splice with another.
[[nodiscard]] std::string mutate(std::string bytes, std::span<const std::string> others, std::span<const std::string> words, Random& random);

}  // namespace obligor::fuzz
