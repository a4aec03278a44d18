#include "table/raw_file.h"

#include <vector>

#include <zlib.h>
#include <zstd.h>

#include "core/random.h"
#include "table/fold_file.h"
#include "table/test_support.h"

namespace obligor {
namespace {

using testing::HasSubstr;
using testing_support::caught;
using testing_support::scratch;
using testing_support::write;

std::string zstd(const std::string& raw) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 3));
  return out;
}

std::string gzip(const std::filesystem::path& path, const std::string& raw) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, raw.data(), static_cast<unsigned>(raw.size()));
  gzclose(file);
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Some compressible bytes and some that are not, over several blocks.
std::string sample() {
  Random random(7, "raw file");
  std::string raw;
  for (int i = 0; i < 300'000; ++i) raw += "row " + std::to_string(random.below(1000)) + "\n";
  for (int i = 0; i < 1'500'000; ++i) raw += static_cast<char>(random.below(256));
  return raw + std::string(3'000'000, 'x');
}

TEST(RawFile, GivesTheSameBytesFromPlainGzipAndZstd) {
  const auto dir = scratch();
  const std::string raw = sample();
  EXPECT_EQ(read_raw_file(write(dir / "a.csv", raw)), raw);
  EXPECT_EQ(read_raw_file(write(dir / "a.csv.zst", zstd(raw))), raw);
  const std::string packed = gzip(dir / "a.csv.gz", raw);
  EXPECT_EQ(read_raw_file(dir / "a.csv.gz"), raw);
  // Two members, two frames, one after another.
  EXPECT_EQ(read_raw_file(write(dir / "b.csv.gz", packed + packed)), raw + raw);
  EXPECT_EQ(read_raw_file(write(dir / "b.csv.zst", zstd(raw) + zstd("end"))), raw + "end");
  EXPECT_EQ(read_raw_file(write(dir / "empty", "")), "");
}

TEST(RawFile, SaysWhenTheFileIsAbsentOrCutShort) {
  const auto dir = scratch();
  const auto absent = caught([&] { (void)read_raw_file(dir / "none.csv"); });
  EXPECT_EQ(absent.code, ErrorCode::kNotFound);
  EXPECT_THAT(absent.message, HasSubstr("none.csv: there is no such file"));
  const std::string packed = zstd(sample());
  const auto cut = caught([&] { (void)read_raw_file(write(dir / "cut.zst", packed.substr(0, packed.size() / 2))); });
  EXPECT_EQ(cut.code, ErrorCode::kData);
  EXPECT_THAT(cut.message, HasSubstr("cut.zst: the zstd data is broken or cut short"));
  const std::string gz = gzip(dir / "g.gz", sample());
  EXPECT_EQ(caught([&] { (void)read_raw_file(write(dir / "cut.gz", gz.substr(0, gz.size() / 2))); }).code, ErrorCode::kData);
  std::string altered = gz;
  altered[gz.size() / 2] = static_cast<char>(altered[gz.size() / 2] ^ 0x55);
  EXPECT_EQ(caught([&] { (void)read_raw_file(write(dir / "bad.gz", altered)); }).code, ErrorCode::kData);
}

TEST(FoldFile, ReadsColumnsByNameAndNamesTheLineOfABadCell) {
  const auto dir = scratch();
  const auto rows = read_fold_file(write(dir / "f.csv",
                                         "\xEF\xBB\xBF"
                                         "fold,x,row\r\n2,a,10\r\n0,b,3\r\n"));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].row, 10U);
  EXPECT_EQ(rows[0].fold, 2U);
  EXPECT_EQ(rows[1].line, 3U);
  EXPECT_THAT(caught([&] { (void)read_fold_file(write(dir / "g.csv", "row,fold\n1,0\n-2,0\n")); }).message, HasSubstr("g.csv:3: column 'row': '-2'"));
  EXPECT_THAT(caught([&] { (void)read_fold_file(write(dir / "g.csv", "row,part\n1,0\n")); }).message,
              HasSubstr("a fold file has the columns row,fold"));
  EXPECT_THAT(caught([&] { (void)read_fold_file(write(dir / "g.csv", "row,fold\n1\n")); }).message, HasSubstr("g.csv:2: 1 cells"));
  EXPECT_EQ(caught([&] { (void)read_fold_file(write(dir / "g.csv", "row,fold\n")); }).code, ErrorCode::kData);
}

}  // namespace
}  // namespace obligor
