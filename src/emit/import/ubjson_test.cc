#include "emit/import/ubjson.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace obligor {
namespace {

using namespace std::string_literals;

std::string message_of(std::string_view bytes) {
  try {
    (void)parse_ubjson(bytes, "m");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kData);
    return error.what();
  }
  return "no error";
}

TEST(Ubjson, EveryTypeIsReadBigEndian) {
  const Json document = parse_ubjson(
      "{i\x01"s
      "aU\xFF" +
          "i\x01"s
          "bI\xFF\xFE"s +
          "i\x01"s
          "cl\x00\x01\x00\x00"s +
          "i\x01"s
          "dL\x00\x00\x00\x00\x00\x00\x00\x05"s +
          "i\x01"s
          "ed\x3F\x80\x00\x00"s +
          "i\x01"s
          "fD\xC0\x00\x00\x00\x00\x00\x00\x00"s +
          "i\x01"s
          "gT"s +
          "i\x01"s
          "hSi\x02hi"s +
          "i\x01"s
          "iN[ZF]"s +
          "}",
      "m");
  EXPECT_EQ(document.dump(), R"({"a":255,"b":-2,"c":65536,"d":5,"e":1.0,"f":-2.0,"g":true,"h":"hi","i":[null,false]})");
}

TEST(Ubjson, TypedArraysHaveOneMarkerForAll) {
  EXPECT_EQ(parse_ubjson("[$l#i\x02\x00\x00\x00\x07\xFF\xFF\xFF\xFF"s, "m").dump(), "[7,-1]");
  EXPECT_EQ(parse_ubjson("[#U\x02i\x01T"s, "m").dump(), "[1,true]");
}

TEST(Ubjson, WhatIsNotWholeIsRefused) {
  EXPECT_THAT(message_of(""), testing::HasSubstr("ends early"));
  EXPECT_THAT(message_of("{i\x01"s
                         "a"),
              testing::HasSubstr("ends early"));
  EXPECT_THAT(message_of("Tx"), testing::HasSubstr("bytes follow"));
  EXPECT_THAT(message_of("[$Z#L\x00\x00\x00\x7F\xFF\xFF\xFF\xFF"s), testing::HasSubstr("no bytes"));
  EXPECT_THAT(message_of("[$d#L\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s), testing::HasSubstr("length"));
  EXPECT_THAT(message_of(std::string(100, '[')), testing::HasSubstr("64 levels"));
}

}  // namespace
}  // namespace obligor
