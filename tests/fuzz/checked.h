// Private to the targets: what may escape a reader, and bytes as a file without a disk.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "targets.h"

namespace obligor::fuzz {

// Runs a reader. False when it refused its input as it should.
template <typename Work>
bool accepted(const Work& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    const std::string message = error.what();
    const bool about_input = error.code() == ErrorCode::kData || error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kInvalid ||
                             error.code() == ErrorCode::kNotFound;
    if (!about_input) throw Broken(fmt::format("refused with code {}: {}", facts(error.code()).name, message));
    if (message.empty() || message.find('\n') != std::string::npos) throw Broken("a message that is not one line: " + message);
    return false;
  } catch (const Broken&) {
    throw;
  } catch (const std::exception& error) {
    throw Broken(fmt::format("an exception that is not ours: {}", error.what()));
  }
}

inline void require(bool holds, const char* what) {
  if (!holds) throw Broken(what);
}

// A file in memory, by a path that a reader can open as often as it likes.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    for (size_t done = 0; descriptor_ >= 0 && done < bytes.size();) {
      const ssize_t count = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
      if (count <= 0) break;
      done += static_cast<size_t>(count);
    }
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::filesystem::path path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

// A gzip file of some bytes.
[[nodiscard]] std::string gzip(std::string_view bytes);
[[nodiscard]] std::string zstd(std::string_view bytes);

}  // namespace obligor::fuzz
