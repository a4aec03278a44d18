#include "table/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"

namespace obligor {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::Not;

auto finding(const std::string& kind, const std::string& column) { return AllOf(Field(&Guard::kind, kind), Field(&Guard::column, column)); }

std::vector<Guard> guards_of(TableBuilder& builder, std::vector<int32_t> bad) {
  builder.add_categories("bad", std::move(bad), {"0", "1"});
  const Table table = builder.build();
  TaskSpec spec;
  spec.target = "bad";
  spec.positive = "1";
  const Task task = make_task(table, spec);
  return leak_guards(table, task, make_split(table, task, {.kind = SplitKind::kKFold, .folds = 4}, 1));
}

struct Sample {
  std::vector<float> key, amount, noise, leak, half_missing;
  std::vector<int32_t> bad, zip, outcome;
};

Sample make_sample() {
  Random random(3, "guards");
  Sample s;
  for (int i = 0; i < 400; ++i) {
    s.bad.push_back(static_cast<int32_t>(random.below(3) == 0));
    s.key.push_back(static_cast<float>(100'000 + i));
    s.amount.push_back(static_cast<float>(random.below(10'000'000)));
    s.noise.push_back(static_cast<float>(random.normal()));
    s.leak.push_back(s.bad.back() != 0 ? static_cast<float>(1 + random.uniform()) : 0.0F);
    s.half_missing.push_back(s.bad.back() != 0 ? kMissing : static_cast<float>(random.normal()));
    s.zip.push_back(static_cast<int32_t>(random.below(150)));
    s.outcome.push_back(s.bad.back() != 0 ? 1 : 0);
  }
  return s;
}

TEST(Guards, FindAKeyButNotAnAmount) {
  const Sample s = make_sample();
  TableBuilder builder;
  builder.add_numbers("key", s.key).add_numbers("amount", s.amount).add_numbers("noise", s.noise);
  const auto guards = guards_of(builder, s.bad);
  EXPECT_THAT(guards, Contains(AllOf(finding("id_like", "key"), Field(&Guard::drop, true))));
  EXPECT_THAT(guards, Not(Contains(finding("id_like", "amount"))));
  EXPECT_THAT(guards, Not(Contains(finding("id_like", "noise"))));
}

TEST(Guards, FindAColumnThatKnowsTheOutcome) {
  const Sample s = make_sample();
  TableBuilder builder;
  std::vector<std::string> zips;
  for (int i = 0; i < 150; ++i) zips.push_back("z" + std::to_string(i));
  builder.add_numbers("loss", s.leak).add_numbers("noise", s.noise).add_numbers("only_goods_have_it", s.half_missing);
  builder.add_categories("status", s.outcome, {"paid", "charged off"}).add_categories("zip", s.zip, zips);
  const auto guards = guards_of(builder, s.bad);
  EXPECT_THAT(guards, Contains(finding("leak", "loss")));
  EXPECT_THAT(guards, Contains(finding("leak", "only_goods_have_it")));
  EXPECT_THAT(guards, Contains(finding("leak", "status")));
  EXPECT_THAT(guards, Not(Contains(finding("leak", "noise"))));
  EXPECT_THAT(guards, Not(Contains(finding("leak", "zip"))));
}

TEST(Guards, FindConstantMissingAndRepeatedColumns) {
  const Sample s = make_sample();
  TableBuilder builder;
  builder.add_numbers("one", std::vector<float>(400, 7)).add_numbers("none", std::vector<float>(400, kMissing));
  builder.add_numbers("noise", s.noise).add_numbers("again", s.noise);
  const auto guards = guards_of(builder, s.bad);
  EXPECT_THAT(guards, Contains(finding("constant", "one")));
  EXPECT_THAT(guards, Contains(finding("all_missing", "none")));
  EXPECT_THAT(guards, Contains(finding("repeated", "again")));
  EXPECT_THAT(guards, Not(Contains(finding("repeated", "noise"))));
}

TEST(Guards, CountTestRowsThatTrainingHasToo) {
  Sample s = make_sample();
  TableBuilder fresh;
  fresh.add_numbers("noise", s.noise);
  EXPECT_THAT(guards_of(fresh, s.bad), Not(Contains(finding("duplicates", ""))));
  for (size_t i = 0; i < 100; ++i) s.noise[i] = s.noise[i + 100];
  TableBuilder twice;
  twice.add_numbers("noise", s.noise);
  EXPECT_THAT(guards_of(twice, s.bad), Contains(finding("duplicates", "")));
}

}  // namespace
}  // namespace obligor
