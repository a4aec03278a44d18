#include "bundle/zip.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <zip.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr time_t kFixedTime = 1'577'880'000;  // 2020-01-01 12:00 UTC: the day is the same in every time zone that zip's local time may mean

[[noreturn]] void damaged(std::string_view source, std::string_view what) {
  throw Error(ErrorCode::kData, fmt::format("{}: {}; the file is truncated, altered or not a bundle: fetch or save it again", source, what));
}

[[noreturn]] void failed(std::string_view doing) {
  throw Error(ErrorCode::kIo, fmt::format("a bundle could not be {}: out of memory or disk", doing));
}

struct ArchiveDeleter {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct SourceDeleter {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
struct FileDeleter {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

}  // namespace

std::string write_zip(std::span<const ZipMember> members) {
  zip_error_t error;
  zip_error_init(&error);
  const std::unique_ptr<zip_source_t, SourceDeleter> memory(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (!memory) failed("made");
  zip_source_keep(memory.get());  // the archive takes one reference, we keep one to read what it wrote
  std::unique_ptr<zip_t, ArchiveDeleter> archive(zip_open_from_source(memory.get(), ZIP_TRUNCATE, &error));
  if (!archive) {
    zip_source_free(memory.get());
    failed("made");
  }
  for (const ZipMember& member : members) {
    zip_source_t* bytes = zip_source_buffer(archive.get(), member.bytes.data(), member.bytes.size(), 0);
    const zip_int64_t index = bytes == nullptr ? -1 : zip_file_add(archive.get(), member.name.c_str(), bytes, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      if (bytes != nullptr) zip_source_free(bytes);
      failed("made");
    }
    const auto at = static_cast<zip_uint64_t>(index);
    if (zip_set_file_compression(archive.get(), at, ZIP_CM_DEFLATE, 6) != 0 || zip_file_set_mtime(archive.get(), at, kFixedTime, 0) != 0 ||
        zip_file_set_external_attributes(archive.get(), at, 0, ZIP_OPSYS_UNIX, 0100644U << 16U) != 0) {
      failed("made");
    }
  }
  if (zip_close(archive.get()) != 0) failed("written");
  (void)archive.release();  // zip_close has freed it
  if (zip_source_open(memory.get()) != 0) failed("read back");
  zip_source_seek(memory.get(), 0, SEEK_END);
  const zip_int64_t size = zip_source_tell(memory.get());
  zip_source_seek(memory.get(), 0, SEEK_SET);
  std::string bytes(static_cast<size_t>(std::max<zip_int64_t>(size, 0)), '\0');
  const zip_int64_t got = zip_source_read(memory.get(), bytes.data(), bytes.size());
  zip_source_close(memory.get());
  if (size <= 0 || got != size) failed("read back");
  return bytes;
}

std::vector<ZipMember> read_zip(std::string_view bytes, std::string_view source, std::span<const ZipLimit> limits) {
  // To libzip no bytes at all are an empty archive.
  if (bytes.empty()) damaged(source, "is not a whole zip file");
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* memory = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (memory == nullptr) failed("read");
  const std::unique_ptr<zip_t, ArchiveDeleter> archive(zip_open_from_source(memory, ZIP_RDONLY | ZIP_CHECKCONS, &error));
  if (!archive) {
    zip_source_free(memory);
    damaged(source, "is not a whole zip file");
  }
  std::vector<ZipMember> members;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(i), 0, &stat) != 0 || (stat.valid & ZIP_STAT_NAME) == 0 ||
        (stat.valid & ZIP_STAT_SIZE) == 0) {
      damaged(source, "has a member without name or size");
    }
    const std::string name = stat.name;
    const auto limit = std::find_if(limits.begin(), limits.end(), [&](const ZipLimit& one) { return one.name == name; });
    if (limit == limits.end()) damaged(source, fmt::format("holds a member '{}' that no bundle has", name));
    if (std::any_of(members.begin(), members.end(), [&](const ZipMember& one) { return one.name == name; })) {
      damaged(source, fmt::format("holds '{}' twice", name));
    }
    if (stat.size > limit->bytes)
      damaged(source, fmt::format("member '{}' has {} bytes where at most {} are allowed", name, stat.size, limit->bytes));
    const std::unique_ptr<zip_file_t, FileDeleter> file(zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(i), 0));
    if (!file) damaged(source, fmt::format("member '{}' cannot be opened", name));
    // Grown as bytes really come, so that a stated size alone takes no memory.
    ZipMember member{name, {}};
    std::vector<char> block(size_t{1} << 20U);
    for (;;) {
      const zip_int64_t got = zip_fread(file.get(), block.data(), block.size());
      if (got < 0) damaged(source, fmt::format("member '{}' cannot be read", name));
      if (got == 0) break;
      member.bytes.append(block.data(), static_cast<size_t>(got));
      if (member.bytes.size() > stat.size) damaged(source, fmt::format("member '{}' is longer than it says", name));
    }
    if (member.bytes.size() != stat.size) damaged(source, fmt::format("member '{}' is shorter than it says", name));
    members.push_back(std::move(member));
  }
  return members;
}

}  // namespace obligor
