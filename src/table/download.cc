#include "table/download.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include <exception>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "table/raw_file.h"

namespace obligor {
namespace {

struct CurlApi {
  decltype(&curl_easy_init) init;
  decltype(&curl_easy_setopt) setopt;
  decltype(&curl_easy_perform) perform;
  decltype(&curl_easy_cleanup) cleanup;
  decltype(&curl_easy_strerror) strerror;
};

template <typename Function>
void load(void* library, Function& function, const char* name) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) throw Error(ErrorCode::kUnsupported, fmt::format("libcurl has no function {}", name));
}

const CurlApi& curl_api() {
  static const CurlApi api = [] {
    void* library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) {
      throw Error(ErrorCode::kUnsupported, "libcurl.so.4, which fetches files, is not on this machine; install libcurl4 or use a local mirror");
    }
    CurlApi loaded{};
    load(library, loaded.init, "curl_easy_init");
    load(library, loaded.setopt, "curl_easy_setopt");
    load(library, loaded.perform, "curl_easy_perform");
    load(library, loaded.cleanup, "curl_easy_cleanup");
    load(library, loaded.strerror, "curl_easy_strerror");
    return loaded;
  }();
  return api;
}

// What the callbacks of one transfer share. Nothing may be thrown through libcurl: errors wait here.
struct Transfer {
  const Context* context = nullptr;
  std::string label;
  AtomicFile* file = nullptr;
  std::unique_ptr<ProgressTask> progress;
  int64_t total = 0;
  int64_t told = 0;
  std::exception_ptr error;
};

size_t on_bytes(char* bytes, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    transfer.file->write({bytes, size * count});
    return size * count;
  } catch (...) {
    transfer.error = std::current_exception();
    return 0;
  }
}

int on_progress(void* user, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.context->cancelled()) return 1;
  try {
    if (total > 0 && transfer.total == 0) {
      transfer.total = total;
      transfer.progress = std::make_unique<ProgressTask>(transfer.context->begin(transfer.label, total));
    }
    if (transfer.progress && now > transfer.told) {
      transfer.progress->advance(now - transfer.told, fmt::format("{:.1f} MB", static_cast<double>(now) / 1e6));
      transfer.told = now;
    }
  } catch (...) {
    transfer.error = std::current_exception();
    return 1;
  }
  return 0;
}

void fetch(const std::string& url, const std::filesystem::path& target, const Context& context) {
  const CurlApi& api = curl_api();
  const std::unique_ptr<CURL, decltype(api.cleanup)> handle(api.init(), api.cleanup);
  if (!handle) throw Error(ErrorCode::kInternal, "libcurl could not be started");
  AtomicFile file(target);
  Transfer transfer{&context, "download " + target.filename().string(), &file, nullptr, 0, 0, nullptr};
  std::string reason(CURL_ERROR_SIZE, '\0');
  const auto set = [&](CURLoption option, auto value) { api.setopt(handle.get(), option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_ERRORBUFFER, reason.data());
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 5L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_CONNECTTIMEOUT, 20L);
  set(CURLOPT_LOW_SPEED_LIMIT, 100L);
  set(CURLOPT_LOW_SPEED_TIME, 30L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, "obligor");
  // A redirect may lead to HTTPS alone.
  set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(CURLOPT_WRITEFUNCTION, &on_bytes);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);
  const CURLcode code = api.perform(handle.get());
  if (transfer.error) std::rethrow_exception(transfer.error);
  context.check_cancelled();
  if (code != CURLE_OK) {
    const std::string detail = reason[0] != '\0' ? reason.c_str() : api.strerror(code);
    throw Error(ErrorCode::kIo, fmt::format("{}: {}; try again, or use a local mirror", url, detail));
  }
  file.commit();
}

// Removes a file at the end of a scope.
struct Removed {
  std::filesystem::path path;
  ~Removed() {
    std::error_code status;
    std::filesystem::remove(path, status);
  }
};

}  // namespace

void download_raw(const std::string& url, const std::filesystem::path& target, const Context& context,
                  const std::function<void(const std::filesystem::path&)>& check) {
  Removed packed{target};
  packed.path += ".part";
  fetch(url, packed.path, context);
  check(packed.path);
  AtomicFile file(target);
  read_raw(packed.path, [&](std::string_view block) { file.write(block); });
  file.commit();
}

}  // namespace obligor
