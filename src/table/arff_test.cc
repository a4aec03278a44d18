#include "table/arff.h"

#include "core/random.h"
#include "table/test_support.h"

namespace obligor {
namespace {

using testing::HasSubstr;
using testing_support::caught;

TEST(Arff, ReadsNamesTypesAndWhereTheDataStarts) {
  const std::string text =
      "\xEF\xBB\xBF% a comment\r\n@RELATION 'polish'\r\n\r\n@attribute Attr1 numeric\n@ATTRIBUTE 'net profit / assets' REAL\n"
      "@attribute \"it's\" {a, b}\n@attribute class{0,1}\n@attribute note string\n@attribute day date \"yyyy-MM-dd\"\n@DATA\n1,2\n";
  const ArffHead head = parse_arff_head(text, "x.arff");
  ASSERT_EQ(head.attributes.size(), 6U);
  EXPECT_EQ(head.attributes[1].name, "net profit / assets");
  EXPECT_EQ(head.attributes[1].type, ArffType::kNumber);
  EXPECT_EQ(head.attributes[2].name, "it's");
  EXPECT_EQ(head.attributes[3].name, "class");
  EXPECT_EQ(head.attributes[3].type, ArffType::kNominal);
  EXPECT_EQ(head.attributes[4].type, ArffType::kString);
  EXPECT_EQ(head.attributes[5].type, ArffType::kDate);
  EXPECT_EQ(text.substr(head.data_offset), "1,2\n");
  EXPECT_EQ(head.data_line, 10U);
}

TEST(Arff, NamesTheLineOfAFault) {
  const auto message = [](const std::string& text) { return caught([&] { (void)parse_arff_head(text, "x.arff"); }).message; };
  EXPECT_THAT(message("@relation a\nage,income\n1,2\n"), HasSubstr("x.arff:2: 'age,income' where @relation"));
  EXPECT_THAT(message("@attribute a numbr\n@data\n"), HasSubstr("x.arff:1: attribute 'a' has type 'numbr'"));
  EXPECT_THAT(message("@attribute\n@data\n"), HasSubstr("x.arff:1: an attribute without a name"));
  EXPECT_THAT(message("@attribute 'a numeric\n@data\n"), HasSubstr("x.arff:1: an attribute without a name"));
  EXPECT_THAT(message("@relation a\n@data\n"), HasSubstr("x.arff:2: @data before any @attribute"));
  EXPECT_THAT(message("@attribute a numeric\n"), HasSubstr("x.arff: the ARFF head has no @data line"));
  EXPECT_THAT(message("@attribute a relational\n"), HasSubstr("relational attributes cannot be read"));
}

// Random damage to a good head ends in a head or in an Error that names the file, never in anything else.
TEST(Arff, DamagedHeadsAreReadOrRefused) {
  const std::string good = "% x\n@relation r\n@attribute 'a b' numeric\n@attribute c {x,'y z'}\n@attribute d date\n@data\n1,x,?\n";
  Random random(11, "arff");
  size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (uint64_t edits = 1 + random.below(4); edits > 0 && !text.empty(); --edits) {
      const size_t at = random.below(text.size());
      switch (random.below(4)) {
        case 0: text.erase(at, 1 + random.below(8)); break;
        case 1: text[at] = static_cast<char>(random.below(256)); break;
        case 2: text.insert(at, 1, "'\"@{}%\n\\"[random.below(8)]); break;
        default: text.resize(at); break;
      }
    }
    try {
      const ArffHead head = parse_arff_head(text, "x.arff");
      EXPECT_FALSE(head.attributes.empty());
      EXPECT_LE(head.data_offset, text.size());
    } catch (const Error& error) {
      ++refused;
      EXPECT_THAT(error.what(), testing::StartsWith("x.arff"));
    }
  }
  EXPECT_GT(refused, 5000U);
  EXPECT_LT(refused, 19'000U);
}

}  // namespace
}  // namespace obligor
