#include "cli/companion.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/frame.h"
#include "core/error.h"

namespace obligor::cli {
namespace {

constexpr const char* kName = "obligor-train";
constexpr const char* kStarter = "OBLIGOR_STARTER_VERSION";

}  // namespace

std::filesystem::path companion_path() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw Error(ErrorCode::kIo, fmt::format("/proc/self/exe: could not be read ({}); is /proc mounted?", error.message()));
  return self.parent_path() / kName;
}

void become_companion(char** argv) {
  const auto path = companion_path();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw Error(ErrorCode::kNotFound, fmt::format("{}: the program that trains is missing; it belongs beside 'obligor': install both, or build "
                                                  "the target obligor-train",
                                                  path.string()));
  }
  setenv(kStarter, std::string(program_version()).c_str(), 1);
  execv(path.c_str(), argv);
  throw Error(ErrorCode::kIo, fmt::format("{}: could not be started: {}", path.string(), std::strerror(errno)));
}

void check_starter() {
  const char* starter = std::getenv(kStarter);
  if (starter == nullptr) return;
  const std::string version = starter;
  unsetenv(kStarter);  // not for what this process starts itself
  if (version == program_version()) return;
  throw Error(ErrorCode::kUnsupported,
              fmt::format("obligor is version {} and {} beside it is {}; install both from one version", version, kName, program_version()));
}

}  // namespace obligor::cli
