#include "table/registry.h"

#include "table/test_support.h"

namespace obligor {
namespace {

struct PanelRow {
  const char* name;
  size_t rows, bad, features;
};

// The counts of the panel, as published with its folds.
TEST(Registry, PanelSetsHaveTheKnownRowsBadsAndFeatures) {
  const auto mirror = testing_support::data_dir();
  if (!std::filesystem::exists(mirror)) GTEST_SKIP() << "no data at " << mirror;
  for (const PanelRow& row : std::vector<PanelRow>{{"german", 1000, 300, 20},
                                                   {"taiwan", 30000, 6636, 23},
                                                   {"hmeq", 5960, 1189, 12},
                                                   {"lending", 39786, 5670, 15},
                                                   {"homecredit", 11873, 946, 120},
                                                   {"polish5", 5910, 410, 64},
                                                   {"taiwanese", 6819, 220, 95},
                                                   {"spanish", 4454, 1254, 13},
                                                   {"pakdd2009", 39988, 7917, 26},
                                                   {"sba", 2101, 686, 21},
                                                   {"adult", 32561, 7841, 14},
                                                   {"adult_test", 16281, 3846, 14}}) {
    try {
      const DataSet& set = find_data_set(row.name);
      const Task task = make_task(read_data_set(set, mirror), set.task);
      EXPECT_EQ(task.rows.size(), row.rows) << row.name;
      EXPECT_EQ(task.bad_count(), row.bad) << row.name;
      EXPECT_EQ(task.features.size(), row.features) << row.name;
    } catch (const Error& error) {
      ADD_FAILURE() << row.name << ": " << error.what();
    }
  }
}

TEST(Registry, FurtherSetsAreReadToTheirTask) {
  const auto mirror = testing_support::data_dir();
  if (!std::filesystem::exists(mirror)) GTEST_SKIP() << "no data at " << mirror;
  for (const char* name : {"south_german", "lending2018", "lending_fico", "polish1", "slovak", "american", "mortgage_dcr", "sba_national",
                           "ulb_fraud", "hmda", "aer_credit_card", "kiva"}) {
    try {
      const DataSet& set = find_data_set(name);
      EXPECT_GT(make_task(read_data_set(set, mirror), set.task).bad_count(), 0U) << name;
    } catch (const Error& error) {
      ADD_FAILURE() << name << ": " << error.what();
    }
  }
}

TEST(Registry, UnknownNamesSuggestTheNearest) {
  EXPECT_EQ(testing_support::caught([] { (void)find_data_set("taiwann"); }).code, ErrorCode::kNotFound);
  EXPECT_TRUE(is_data_set("german"));
  EXPECT_FALSE(is_data_set("german.csv"));
}

}  // namespace
}  // namespace obligor
