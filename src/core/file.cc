#include "core/file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20U;

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view doing, int error) {
  throw Error(ErrorCode::kIo, fmt::format("{}: could not {}: {}; nothing was left half-written", path.string(), doing, std::strerror(error)));
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw Error(ErrorCode::kNotFound, fmt::format("{}: no such file", path.string()));
  if (std::filesystem::is_directory(path, error)) throw Error(ErrorCode::kInvalid, fmt::format("{}: is a folder, a file is wanted", path.string()));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(ErrorCode::kIo, fmt::format("{}: could not open: {}", path.string(), std::strerror(errno)));
  std::string content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) throw Error(ErrorCode::kIo, fmt::format("{}: could not read", path.string()));
  return content;
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code error;
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path(), error);
  std::string pattern = path_.string() + ".XXXXXX";
  descriptor_ = mkstemp(pattern.data());
  if (descriptor_ < 0) fail(path_, "open for writing", errno);
  temporary_ = pattern;
  (void)fchmod(descriptor_, 0644);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) {
    close(descriptor_);
    unlink(temporary_.c_str());
  }
}

void AtomicFile::flush_buffer() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t written = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(path_, "write", errno);
    }
    done += static_cast<size_t>(written);
  }
  buffer_.clear();
}

void AtomicFile::write(std::string_view bytes) {
  buffer_.append(bytes);
  if (buffer_.size() >= kBufferBytes) flush_buffer();
}

void AtomicFile::commit() {
  flush_buffer();
  // A vendor may have replaced the file behind the descriptor; what is under the name is what must reach the disk.
  const int reopened = open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
  if (reopened < 0) fail(path_, "write", errno);
  const int synced = fsync(reopened);
  const int error = errno;
  close(reopened);
  if (synced != 0) fail(path_, "write", error);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, "rename into place", errno);
  close(descriptor_);
  descriptor_ = -1;
}

int64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

std::string processor_name() {
  std::ifstream stream("/proc/cpuinfo");
  std::string line;
  while (std::getline(stream, line)) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

}  // namespace obligor
