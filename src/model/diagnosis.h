// diagnose: what the curves of a training run say about its gradients, and what to change.
//
//   const Diagnosis found = diagnose(runs, params.json());        // runs: the Learning of each fold and member
//   for (const Finding& finding : found.findings) fmt::print("{}\n", finding_text(finding));
//   document["diagnosis"] = diagnosis_json(found);
//
// Rules, each over the first batch of every epoch. A rule on a layer holds where it holds in the first epoch (the network as it starts)
// or in more than half of the epochs. s_l is the signal of hidden layer l (root mean square of d loss / d input of its activation), s_L
// that of the hidden layer next to the head.
//   vanishing  s_l / s_L < 0.01.  By the chain rule the ratio is a product over the layers between, so that it falls or grows
//              geometrically with depth (Bengio, Simard & Frasconi 1994; Glorot & Bengio, AISTATS 2010, section 4). The lowest is named.
//   exploding  s_l / s_L > 100 (Schoenholz et al., ICLR 2017: too large starting weights, the chaotic phase); the highest is named.
//              Or a gradient or loss that is not finite. Or the norm of the whole gradient over 10 times its median in the epochs
//              before, three or more of them (Pascanu, Mikolov & Bengio, ICML 2013, set the threshold of clipping by that average).
//   saturated  over half of a layer's values where a bounded activation (tanh, sigmoid, selu) is flat (Glorot & Bengio 2010, section 3).
//   dead       over half of the units of a layer flat on every row of the batch (relu, gelu, silu).
// The papers name the quantities; the limits 0.01, 100, 10 and a half are this project's own.
//
// Flat: where the derivative is under 0.02 of its highest. Remedies are sets of parameters of the model itself, best first, among those
// that it has and that are not set so already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "model/model.h"

namespace obligor {

inline constexpr double kVanishingBelow = 0.01;
inline constexpr double kExplodingAbove = 100;
inline constexpr double kSpikeAbove = 10;
inline constexpr double kFlatAbove = 0.5;

enum class Ailment : uint8_t { kVanishing, kExploding, kSaturated, kDead };
[[nodiscard]] std::string_view ailment_name(Ailment ailment);  // "vanishing", ...

struct Remedy {
  std::string kind;  // initialisation, normalisation, clipping, activation, residual, learning rate
  std::vector<std::pair<std::string, std::string>> set;
  std::string why;
};

struct Finding {
  Ailment ailment = Ailment::kVanishing;
  std::string layer;     // where it is worst; "all" where it is of the whole gradient
  double epoch = 0;      // where it was first seen
  double value = 0;      // the worst, over epochs and runs
  double limit = 0;      // what it is held against
  std::string evidence;  // in words
  size_t runs = 1;       // in which it was found
  std::vector<Remedy> remedies;
};

struct Diagnosis {
  size_t runs = 0;
  bool measured = false;    // some layer's signal or gradient was recorded
  double lowest_ratio = 1;  // of s_l / s_L, over layers, epochs and runs
  double highest_ratio = 1;
  double highest_saturation = 0;
  std::vector<Finding> findings;  // one a rule: the layer where it is worst
};

// `params`: those of the model, as Params::json() writes them.
[[nodiscard]] Diagnosis diagnose(std::span<const Learning> runs, const Json& params);

[[nodiscard]] Json diagnosis_json(const Diagnosis& diagnosis);
// "layer 1 vanishes: ...; remedy: init = glorot, init_scale = 1 (initialisation: ...)", from a finding or from its JSON.
[[nodiscard]] std::string finding_text(const Json& finding);
[[nodiscard]] std::string finding_text(const Finding& finding);

}  // namespace obligor
