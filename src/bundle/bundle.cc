#include "bundle/bundle.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bundle/zip.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "plan/io.h"

namespace obligor {
namespace {

constexpr std::string_view kFormat = "obligor-bundle";
constexpr std::string_view kManifest = "manifest.json";
constexpr std::array<ZipLimit, 4> kMembers{{
    {kManifest, uint64_t{1} << 20U},
    {"bundle.json", uint64_t{256} << 20U},
    {"plan.json", uint64_t{1} << 30U},
    {"weights.safetensors", uint64_t{8} << 30U},
}};

[[noreturn]] void fail(const std::string& source, std::string_view what) { throw Error(ErrorCode::kData, fmt::format("{}: {}", source, what)); }

const std::string& member(const std::vector<ZipMember>& members, std::string_view name, const std::string& source) {
  for (const auto& one : members) {
    if (one.name == name) return one.bytes;
  }
  fail(source, fmt::format("has no member '{}'; it is not a bundle, or a part was lost: save it again", name));
}

void check_version(const Json& document, const std::string& source) {
  if (!document.is_object() || document.value("format", Json()) != Json(kFormat)) fail(source, "is not a bundle of Obligor");
  const auto version = json_get<int64_t>(document, "version", source);
  if (version > kBundleVersion) {
    fail(source, fmt::format("made by a newer Obligor (format {}); this one reads up to {}: update it", version, kBundleVersion));
  }
  if (version < 1) fail(source, fmt::format("states format {}, which never was", version));
}

}  // namespace

void save_bundle(const Bundle& bundle, const std::filesystem::path& path) {
  const PlanFiles plan = save_plan(bundle.plan);
  Json document{{"format", kFormat},
                {"version", kBundleVersion},
                {"task", bundle.task},
                {"dictionary", bundle.dictionary},
                {"fingerprint", bundle.fingerprint},
                {"metrics", bundle.metrics},
                {"reference", bundle.reference},
                {"policy", bundle.policy},
                {"card", bundle.card}};
  if (!bundle.proof.empty()) document["proof"] = bundle.proof;
  std::vector<ZipMember> members{{"bundle.json", dump_json(document)}, {"plan.json", plan.graph}, {"weights.safetensors", plan.weights}};
  Json digests = Json::object();
  for (const auto& one : members) digests[one.name] = sha256_hex(one.bytes);
  const Json manifest{{"format", kFormat}, {"version", kBundleVersion}, {"sha256", std::move(digests)}};
  members.insert(members.begin(), {std::string(kManifest), dump_json(manifest)});
  write_file(path, write_zip(members));
}

Bundle load_bundle(const std::filesystem::path& path) {
  const std::string source = path.string();
  const std::string bytes = read_file(path);
  const auto members = read_zip(bytes, source, kMembers);
  const Json manifest = parse_json(member(members, kManifest, source), source + ": manifest.json");
  check_version(manifest, source);
  const auto digests = json_get<Json>(manifest, "sha256", source + ": manifest.json");
  for (const auto& one : members) {
    if (one.name == kManifest) continue;
    if (json_get<std::string>(digests, one.name, source + ": manifest.json") != sha256_hex(one.bytes)) {
      fail(source, fmt::format("member '{}' was altered after it was saved (its digest differs): fetch or save it again", one.name));
    }
  }
  const Json document = parse_json(member(members, "bundle.json", source), source + ": bundle.json");
  check_version(document, source);
  Bundle bundle;
  bundle.plan = load_plan(member(members, "plan.json", source), member(members, "weights.safetensors", source), source);
  const std::pair<const char*, Json*> parts[] = {
      {"task", &bundle.task},       {"dictionary", &bundle.dictionary}, {"fingerprint", &bundle.fingerprint},
      {"metrics", &bundle.metrics}, {"reference", &bundle.reference},   {"policy", &bundle.policy},
      {"card", &bundle.card}};
  for (const auto& [name, part] : parts) {
    auto value = json_get<Json>(document, name, source + ": bundle.json");
    if (value.type() != part->type()) fail(source, fmt::format("bundle.json: '{}' has the wrong type", name));
    *part = std::move(value);
  }
  if (document.contains("proof")) {
    bundle.proof = document["proof"];
    if (!bundle.proof.is_object()) fail(source, "bundle.json: 'proof' has the wrong type");
  }
  return bundle;
}

}  // namespace obligor
