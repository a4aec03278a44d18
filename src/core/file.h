// Whole files, written so that nothing half-written is ever left under the final name.
//
//   write_file("runs/a/fold-0.json", text);            // beside, fsync, rename
//   AtomicFile file("scores.csv");  file.write(...);  file.commit();     // without commit() the temporary is removed
//
// Errors: Error{kNotFound} when a file to read is absent; Error{kIo} with the system's reason (disk full, permission).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace obligor {

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view content);

// A file that appears under its name only when commit() succeeds.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void commit();
  // Where the bytes go until commit(), for a vendor that wants to write the file itself (then call commit()).
  [[nodiscard]] const std::filesystem::path& temporary_path() const { return temporary_; }

 private:
  void flush_buffer();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::string buffer_;
  int descriptor_ = -1;
};

// The peak resident memory of this process, in bytes.
[[nodiscard]] int64_t peak_memory_bytes();
// The processor's name for people, as Linux gives it; empty where it gives none. Times without it say little.
[[nodiscard]] std::string processor_name();

}  // namespace obligor
