// Writes the first corpus: FOLDER/TARGET/seed-N, and FOLDER/TARGET.dict with the words of the format.
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "targets.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: obligor_fuzz_seeds FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  for (const auto& target : obligor::fuzz::targets()) {
    std::filesystem::create_directories(folder / target.name);
    size_t number = 0;
    for (const auto& seed : target.seeds()) std::ofstream(folder / target.name / fmt::format("seed-{}", number++), std::ios::binary) << seed;
    std::ofstream words(folder / fmt::format("{}.dict", target.name));
    for (const auto& word : target.words()) {
      words << '"';
      for (const char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0) words << c;
        else words << fmt::format("\\x{:02X}", byte);
      }
      words << "\"\n";
    }
  }
  return 0;
}
