#include "core/digest.h"

#include <gtest/gtest.h>

namespace obligor {
namespace {

// NIST, "Secure Hashing: example values" (SHA-256), and the empty and million-letter messages of FIPS 180-2, appendix B.
TEST(Sha256, MatchesThePublishedExamples) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesAreCut) {
  std::string text;
  for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i * 7));
  for (size_t length = 0; length <= text.size(); ++length) {
    const std::string_view part(text.data(), length);
    Sha256 digest;
    for (size_t begin = 0, step = 1; begin < length; begin += step, step = step % 67 + 1) digest.update(part.substr(begin, step));
    ASSERT_EQ(digest.hex(), sha256_hex(part)) << length;
  }
}

TEST(Sha256, StartsAnewAfterItsEnd) {
  Sha256 digest;
  digest.update("something else");
  (void)digest.hex();
  digest.update("abc");
  EXPECT_EQ(digest.hex(), sha256_hex("abc"));
}

}  // namespace
}  // namespace obligor
