// Bundle: NAME.obligor, a zip of plan, weights, task, dictionary, metrics and card. Data only: loading it can never run code.
//
//   Bundle bundle;  bundle.plan = plan;  save_bundle(bundle, "m.obligor");    // written beside, fsync, renamed
//   Bundle loaded = load_bundle("m.obligor");
//
// Members: bundle.json (format, version, task, dictionary, fingerprint, metrics, reference, policy, card, proof), plan.json,
// weights.safetensors; each with its sha256 in manifest.json.
// Errors: Error{kData}, one line each: not a bundle, truncated, altered (a digest differs), a newer version ("made by a newer
// Obligor (format 2); this one reads up to 1: update it"), a member over its size limit, a plan that verify() refuses.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "plan/plan.h"

namespace obligor {

inline constexpr int kBundleVersion = 1;

struct Bundle {
  ScorePlan plan;
  Json task = Json::object();         // target, positive class, features, kinds
  Json dictionary = Json::array();    // of each input column: name, kind, levels or range, missing share in train
  Json fingerprint = Json::object();  // rows, bad rate, digest of the training data, seed, command, version
  Json metrics = Json::object();      // with intervals and the split they came from
  Json reference = Json::object();    // distributions of scores and inputs in train, for monitoring
  Json policy = Json::object();       // threshold, points scaling
  Json card = Json::object();         // model card: name, parameters, notes
  Json proof = Json::object();        // of `obligor prove`: largest differences by backend; empty until there is one
};

void save_bundle(const Bundle& bundle, const std::filesystem::path& path);
[[nodiscard]] Bundle load_bundle(const std::filesystem::path& path);

}  // namespace obligor
