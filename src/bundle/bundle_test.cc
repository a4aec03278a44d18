#include "bundle/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "bundle/zip.h"
#include "core/error.h"
#include "core/file.h"
#include "plan/builder.h"

namespace obligor {
namespace {

class Bundles : public testing::Test {
 protected:
  Bundles() : folder_(std::filesystem::temp_directory_path() / ("obligor_bundle_" + std::to_string(getpid()))) {
    PlanBuilder builder;
    const NodeId x = builder.impute(builder.input("age", InputKind::kNumber), {35.0F});
    builder.output("log_odds", builder.affine(x, {0.1F}, {-2.0F}, 1));
    bundle_.plan = builder.build();
    bundle_.task["target"] = "default";
    bundle_.card["name"] = "logistic";
    bundle_.dictionary.push_back({{"name", "age"}, {"kind", "number"}});
    save_bundle(bundle_, path());
    bytes_ = read_file(path());
  }
  ~Bundles() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path path() const { return folder_ / "m.obligor"; }

  std::string refusal(const std::string& bytes) const {
    write_file(path(), bytes);
    try {
      (void)load_bundle(path());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kData) << error.what();
      return error.what();
    }
    return "accepted";
  }

  std::vector<ZipMember> members() const {
    constexpr ZipLimit kLimits[] = {{"manifest.json", 1 << 20}, {"bundle.json", 1 << 20}, {"plan.json", 1 << 20}, {"weights.safetensors", 1 << 20}};
    return read_zip(bytes_, "m", kLimits);
  }

  std::filesystem::path folder_;
  Bundle bundle_;
  std::string bytes_;
};

TEST_F(Bundles, LoadGivesBackWhatWasSaved) {
  const Bundle loaded = load_bundle(path());
  EXPECT_EQ(dump(loaded.plan), dump(bundle_.plan));
  EXPECT_EQ(loaded.task, bundle_.task);
  EXPECT_EQ(loaded.dictionary, bundle_.dictionary);
  EXPECT_EQ(loaded.card, bundle_.card);
}

TEST_F(Bundles, SameBundleSameBytes) {
  save_bundle(load_bundle(path()), folder_ / "again.obligor");
  EXPECT_EQ(read_file(folder_ / "again.obligor"), bytes_);
}

TEST_F(Bundles, RefusesEveryTruncation) {
  for (size_t n = 0; n < bytes_.size(); n += 7) EXPECT_NE(refusal(bytes_.substr(0, n)), "accepted") << n;
  EXPECT_NE(refusal(bytes_.substr(0, bytes_.size() - 1)), "accepted");
}

// A changed byte may fall where the zip format ignores it (a time stamp); then the content is the saved one. Else it is refused.
TEST_F(Bundles, AnAlteredByteNeverChangesWhatIsLoaded) {
  int refused = 0;
  for (size_t at = 0; at < bytes_.size(); ++at) {
    std::string altered = bytes_;
    altered[at] = static_cast<char>(altered[at] ^ 0x55);
    if (refusal(altered) != "accepted") {
      ++refused;
    } else {
      const Bundle loaded = load_bundle(path());
      EXPECT_EQ(dump(loaded.plan), dump(bundle_.plan)) << at;
      EXPECT_EQ(loaded.task, bundle_.task) << at;
    }
  }
  EXPECT_GT(refused, static_cast<int>(bytes_.size()) / 2);
}

TEST_F(Bundles, RefusesAnAlteredMember) {
  auto parts = members();
  for (auto& part : parts) {
    if (part.name == "bundle.json") part.bytes.replace(part.bytes.find("default"), 7, "DEFAULT");
  }
  EXPECT_THAT(refusal(write_zip(parts)), testing::HasSubstr("'bundle.json' was altered"));
}

TEST_F(Bundles, RefusesANewerVersion) {
  auto parts = members();
  parts[0].bytes.replace(parts[0].bytes.find("\"version\": 1"), 12, "\"version\": 2");
  EXPECT_THAT(refusal(write_zip(parts)), testing::HasSubstr("made by a newer Obligor (format 2); this one reads up to 1: update it"));
}

TEST_F(Bundles, RefusesAMissingMember) {
  for (size_t i = 0; i < 4; ++i) {
    auto parts = members();
    const std::string name = parts[i].name;
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_THAT(refusal(write_zip(parts)), testing::HasSubstr("has no member '" + name + "'"));
  }
}

TEST_F(Bundles, RefusesMembersThatNoBundleHas) {
  for (const char* name : {"../../etc/passwd", "/etc/passwd", "plan.json/", "run.py"}) {
    auto parts = members();
    parts.push_back({name, "x"});
    EXPECT_THAT(refusal(write_zip(parts)), testing::HasSubstr("that no bundle has")) << name;
  }
}

TEST_F(Bundles, RefusesAMemberOverItsLimitBeforeInflatingIt) {
  auto parts = members();
  parts[0].bytes = std::string(size_t{64} << 20U, ' ');  // 64 MiB of blanks: some 64 KiB in the file
  EXPECT_THAT(refusal(write_zip(parts)), testing::HasSubstr("where at most 1048576 are allowed"));
}

TEST_F(Bundles, RefusesWhatIsNotABundle) {
  EXPECT_THAT(refusal("age,default\n22,1\n"), testing::HasSubstr("is not a whole zip file"));
  EXPECT_THAT(refusal(""), testing::HasSubstr("is not a whole zip file"));
  EXPECT_THROW((void)load_bundle(folder_ / "absent.obligor"), Error);
}

}  // namespace
}  // namespace obligor
