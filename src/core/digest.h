// SHA-256 (FIPS 180-4), for the digests of bundle members, downloads and training data.
//
//   std::string hex = sha256_hex(bytes);              // 64 lower-case hexadecimal digits
//   Sha256 digest;  while (...) digest.update(block);  std::string same = digest.hex();
//
// Contract: any cut of the same bytes into blocks gives the same digest. hex() ends the digest: a later update() starts a new one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace obligor {

class Sha256 {
 public:
  Sha256() { reset(); }
  void update(std::string_view bytes);
  [[nodiscard]] std::string hex();

 private:
  void reset();
  void compress(const unsigned char* block);

  std::array<uint32_t, 8> state_{};
  std::array<unsigned char, 64> block_{};
  size_t filled_ = 0;
  uint64_t length_ = 0;  // in bytes
};

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace obligor
