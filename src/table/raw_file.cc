#include "table/raw_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr size_t kBlock = size_t{1} << 20;
using Sink = std::function<void(std::string_view)>;

class Input {
 public:
  explicit Input(const std::filesystem::path& path) : path_(path) {
    std::error_code status;
    if (!std::filesystem::exists(path, status)) {
      throw Error(ErrorCode::kNotFound, fmt::format("{}: there is no such file; check the path", path.string()));
    }
    if (std::filesystem::is_directory(path, status)) {
      throw Error(ErrorCode::kNotFound, fmt::format("{}: this is a directory; a file is wanted", path.string()));
    }
    file_.reset(std::fopen(path.c_str(), "rb"));
    if (!file_) throw Error(ErrorCode::kIo, fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
    buffer_.resize(kBlock);
  }
  std::string_view next() {
    const size_t count = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) {
      throw Error(ErrorCode::kIo, fmt::format("{}: cannot be read: {}", path_.string(), std::strerror(errno)));
    }
    return {buffer_.data(), count};
  }
  [[noreturn]] void broken(const char* what) const {
    throw Error(ErrorCode::kData, fmt::format("{}: the {} data is broken or cut short; get the file again", path_.string(), what));
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<char> buffer_;
};

void inflate_zstd(Input& input, std::string_view bytes, const Sink& sink) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> stream(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  std::vector<char> out(kBlock);
  size_t pending = 0;  // what the last call wanted more of; 0 at the end of a frame
  for (; !bytes.empty(); bytes = input.next()) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    // A full output buffer may leave more behind in the decoder, even when all input is taken.
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer target{out.data(), out.size(), 0};
      pending = ZSTD_decompressStream(stream.get(), &target, &in);
      if (ZSTD_isError(pending) != 0) input.broken("zstd");
      if (target.pos > 0) sink({out.data(), target.pos});
      full = target.pos == target.size;
      if (pending == 0) full = false;
    }
  }
  if (pending != 0) input.broken("zstd");
}

void inflate_gzip(Input& input, std::string_view bytes, const Sink& sink) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw Error(ErrorCode::kInternal, "zlib could not be started");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &inflateEnd);
  std::vector<char> out(kBlock);
  bool at_end = false;
  for (; !bytes.empty(); bytes = input.next()) {
    std::vector<Bytef> in(bytes.begin(), bytes.end());
    stream.next_in = in.data();
    stream.avail_in = static_cast<uInt>(in.size());
    do {
      if (at_end && stream.avail_in > 0) {
        // A gzip file may hold several members one after another.
        if (inflateReset(&stream) != Z_OK) input.broken("gzip");
      }
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      const int status = inflate(&stream, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) input.broken("gzip");
      at_end = status == Z_STREAM_END;
      const size_t produced = out.size() - stream.avail_out;
      if (produced > 0) sink({out.data(), produced});
    } while (stream.avail_in > 0 || stream.avail_out == 0);
  }
  if (!at_end) input.broken("gzip");
}

}  // namespace

void read_raw(const std::filesystem::path& path, const Sink& block) {
  Input input(path);
  const std::string_view first = input.next();
  if (first.starts_with("\x28\xB5\x2F\xFD")) {
    inflate_zstd(input, first, block);
  } else if (first.starts_with("\x1F\x8B")) {
    inflate_gzip(input, first, block);
  } else {
    for (std::string_view bytes = first; !bytes.empty(); bytes = input.next()) block(bytes);
  }
}

std::string read_raw_file(const std::filesystem::path& path) {
  std::string content;
  read_raw(path, [&](std::string_view block) { content += block; });
  return content;
}

}  // namespace obligor
