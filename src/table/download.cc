#include "table/download.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include <chrono>
#include <exception>
#include <memory>
#include <thread>
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
  decltype(&curl_easy_getinfo) getinfo;
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
    load(library, loaded.getinfo, "curl_easy_getinfo");
    return loaded;
  }();
  return api;
}

constexpr int kAttempts = 4;
constexpr int64_t kStep = 1000;  // progress is told in kB

// What the callbacks of one download share. Nothing may be thrown through libcurl: errors wait here.
struct Transfer {
  const Context* context = nullptr;
  std::string label;
  std::unique_ptr<AtomicFile> file;
  std::unique_ptr<ProgressTask> progress;
  int64_t got = 0;    // bytes written to the file
  int64_t start = 0;  // bytes that were there before this attempt
  int64_t told = 0;
  std::exception_ptr error;
};

size_t on_bytes(char* bytes, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    transfer.file->write({bytes, size * count});
    transfer.got += static_cast<int64_t>(size * count);
    return size * count;
  } catch (...) {
    transfer.error = std::current_exception();
    return 0;
  }
}

int on_progress(void* user, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.context->cancelled()) return 1;
  try {
    if (total > 0 && !transfer.progress) {
      const int64_t whole = (transfer.start + static_cast<int64_t>(total) + kStep - 1) / kStep;
      transfer.progress = std::make_unique<ProgressTask>(transfer.context->begin(transfer.label, whole));
    }
    if (transfer.progress && transfer.got / kStep > transfer.told) {
      transfer.progress->advance(transfer.got / kStep - transfer.told);
      transfer.told = transfer.got / kStep;
    }
  } catch (...) {
    transfer.error = std::current_exception();
    return 1;
  }
  return 0;
}

struct Attempt {
  CURLcode code = CURLE_OK;
  long status = 0;  // of HTTP
  std::string reason;
};

Attempt attempt(const std::string& url, Transfer& transfer) {
  const CurlApi& api = curl_api();
  const std::unique_ptr<CURL, decltype(api.cleanup)> handle(api.init(), api.cleanup);
  if (!handle) throw Error(ErrorCode::kInternal, "libcurl could not be started");
  transfer.start = transfer.got;
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
  set(CURLOPT_PROTOCOLS_STR, "https,http,file");
  // A redirect may lead to HTTPS alone.
  set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.start));
  set(CURLOPT_WRITEFUNCTION, &on_bytes);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);
  Attempt outcome;
  outcome.code = api.perform(handle.get());
  api.getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &outcome.status);
  outcome.reason = reason[0] != '\0' ? reason.c_str() : api.strerror(outcome.code);
  return outcome;
}

// The connection broke on the way: what came is good, and the rest may come yet.
bool worth_another(const Attempt& outcome) {
  switch (outcome.code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_RANGE_ERROR: return true;
    case CURLE_HTTP_RETURNED_ERROR: return outcome.status >= 500;
    default: return false;
  }
}

Error failure(const std::string& url, const Attempt& outcome, int64_t got) {
  switch (outcome.code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return {ErrorCode::kIo, fmt::format("{}: there seems to be no network to it ({})", url, outcome.reason)};
    case CURLE_HTTP_RETURNED_ERROR:
      if (outcome.status == 404 || outcome.status == 410) return {ErrorCode::kNotFound, fmt::format("{}: not there (HTTP {})", url, outcome.status)};
      return {ErrorCode::kIo, fmt::format("{}: refused (HTTP {})", url, outcome.status)};
    case CURLE_FILE_COULDNT_READ_FILE: return {ErrorCode::kNotFound, fmt::format("{}: not there", url)};
    case CURLE_UNSUPPORTED_PROTOCOL: return {ErrorCode::kInvalid, fmt::format("{}: an address is http://, https:// or file://", url)};
    default: return {ErrorCode::kIo, fmt::format("{}: the connection broke after {} bytes ({})", url, got, outcome.reason)};
  }
}

void fetch(const std::string& url, const std::filesystem::path& target, const Context& context) {
  Transfer transfer;
  transfer.context = &context;
  transfer.label = target.stem().string() + ", kB";
  for (int tries = 1;; ++tries) {
    if (!transfer.file) transfer.file = std::make_unique<AtomicFile>(target);
    const Attempt outcome = attempt(url, transfer);
    if (transfer.error) std::rethrow_exception(transfer.error);
    context.check_cancelled();
    if (outcome.code == CURLE_OK) break;
    if (tries == kAttempts || !worth_another(outcome)) throw failure(url, outcome, transfer.got);
    if (outcome.code == CURLE_RANGE_ERROR) {  // the server cannot go on from the middle
      transfer.file.reset();
      transfer.got = 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200 * tries));
  }
  transfer.file->commit();
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
