#include "table/sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace obligor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Sequence, RangesCountBothWaysAndJoinWithNames) {
  const SequenceSpec spec = parse_sequence("history: status=PAY_6..PAY_2|PAY_0, BILL_AMT1..BILL_AMT6");
  EXPECT_EQ(spec.name, "history");
  ASSERT_EQ(spec.channels.size(), 2U);
  EXPECT_EQ(spec.channels[0].name, "status");
  EXPECT_THAT(spec.channels[0].columns, ElementsAre("PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0"));
  EXPECT_EQ(spec.channels[1].name, "BILL_AMT");
  EXPECT_THAT(spec.channels[1].columns, ElementsAre("BILL_AMT1", "BILL_AMT2", "BILL_AMT3", "BILL_AMT4", "BILL_AMT5", "BILL_AMT6"));
  EXPECT_EQ(spec.steps(), 6U);
}

TEST(Sequence, ANumberMayStandInTheMiddleAndHaveZeros) {
  const SequenceSpec spec = parse_sequence("h: m09_paid..m11_paid");
  EXPECT_THAT(spec.channels[0].columns, ElementsAre("m09_paid", "m10_paid", "m11_paid"));
  EXPECT_EQ(spec.channels[0].name, "m");
  EXPECT_EQ(parse_sequence("h: x1y9..x1y10").channels[0].name, "x1y");
  EXPECT_THAT(parse_sequence("h: x1y9..x1y10").channels[0].columns, ElementsAre("x1y9", "x1y10"));
  EXPECT_THAT(parse_sequence("h: a=only").channels[0].columns, ElementsAre("only"));
}

TEST(Sequence, WhatIsNotOfTheFormIsRefusedWithTheReason) {
  const auto refusal = [](std::string_view text) {
    try {
      (void)parse_sequence(text);
      return std::string("no error");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalid);
      return std::string(error.what());
    }
  };
  EXPECT_THAT(refusal("a..b"), HasSubstr("has no name"));
  EXPECT_THAT(refusal("h: a1..b2"), HasSubstr("do not differ in one number"));
  EXPECT_THAT(refusal("h: a1x..a3y"), HasSubstr("do not differ in one number"));
  EXPECT_THAT(refusal("h: a1..a3, b1..b2"), HasSubstr("'b' has 2"));
  EXPECT_THAT(refusal("h: a=x1..x2, a=y1..y2"), HasSubstr("two channels are named 'a'"));
  EXPECT_THAT(refusal("h: first|second"), HasSubstr("name the channel"));
  EXPECT_THAT(refusal("h: a1..a2,,"), HasSubstr("a channel is empty"));
  EXPECT_THAT(refusal("h: a=x1||x2"), HasSubstr("a column has no name"));
  EXPECT_THAT(refusal("h: a1..a999999999"), HasSubstr("more than 4096 steps"));
  EXPECT_THAT(refusal("h: a99999999999999999999..a1"), HasSubstr("do not differ in one number"));
}

}  // namespace
}  // namespace obligor
