#include "model/diagnosis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>

namespace obligor {
namespace {

constexpr size_t kEpochsBeforeSpike = 3;

std::string text_of(const Json& params, const char* name, const char* otherwise) {
  return params.contains(name) && params[name].is_string() ? params[name].get<std::string>() : std::string(otherwise);
}

double number_of(const Json& params, const char* name, double otherwise) {
  return params.contains(name) && params[name].is_number() ? params[name].get<double>() : otherwise;
}

bool bounded(const std::string& activation) { return activation == "tanh" || activation == "sigmoid" || activation == "selu"; }

// Glorot & Bengio 2010 for odd, bounded units; He et al. 2015 for rectified ones; Klambauer et al. 2017 for SELU.
const char* suited_start(const std::string& activation) {
  if (activation == "selu") return "lecun";
  return bounded(activation) ? "glorot" : "he";
}

// What may be proposed for a model with these parameters.
class Cabinet {
 public:
  Cabinet(const Json& params, double median_norm) : params_(params), median_norm_(median_norm), activation_(text_of(params, "activation", "relu")) {}

  [[nodiscard]] std::vector<Remedy> against(Ailment ailment, bool of_whole) const {
    std::vector<Remedy> out;
    const auto add = [&](std::optional<Remedy> remedy) {
      if (remedy) out.push_back(std::move(*remedy));
    };
    if (of_whole) {
      add(clipping());
      add(slower());
      add(normalisation());
    } else if (ailment == Ailment::kExploding) {
      add(start());
      add(normalisation());
      add(clipping());
    } else if (ailment == Ailment::kDead) {
      add(start());
      add(normalisation());
      add(slower());
      add(other_activation());
    } else {
      // A sigmoid's slope is at most 1/4: no starting weights make up for that over many layers.
      if (activation_ == "sigmoid" && ailment == Ailment::kVanishing) add(other_activation());
      add(start());
      add(normalisation());
      add(residual());
      if (activation_ != "sigmoid" || ailment != Ailment::kVanishing) add(other_activation());
    }
    return out;
  }

 private:
  [[nodiscard]] std::optional<Remedy> start() const {
    if (!params_.contains("init")) return std::nullopt;
    const std::string suited = suited_start(activation_);
    Remedy remedy{"initialisation", {}, "starting weights that keep the variance of the signal from layer to layer"};
    if (text_of(params_, "init", "") != suited) remedy.set.emplace_back("init", suited);
    if (number_of(params_, "init_scale", 1) != 1) remedy.set.emplace_back("init_scale", "1");
    if (remedy.set.empty()) return std::nullopt;
    return remedy;
  }
  [[nodiscard]] std::optional<Remedy> normalisation() const {
    if (text_of(params_, "norm", "batch") != "none") return std::nullopt;
    return Remedy{"normalisation", {{"norm", "batch"}}, "what a layer reads keeps mean 0 and variance 1 whatever the weights"};
  }
  [[nodiscard]] std::optional<Remedy> residual() const {
    if (!params_.contains("residual") || params_["residual"] != Json(false)) return std::nullopt;
    return Remedy{"residual", {{"residual", "true"}}, "the gradient has a way past each layer"};
  }
  [[nodiscard]] std::optional<Remedy> other_activation() const {
    if (!params_.contains("activation")) return std::nullopt;
    if (activation_ == "sigmoid") return Remedy{"activation", {{"activation", "tanh"}}, "its slope at 0 is 1 and not 1/4"};
    if (bounded(activation_)) return Remedy{"activation", {{"activation", "relu"}}, "its slope is 1 wherever a unit is on"};
    return Remedy{"activation", {{"activation", "selu"}}, "it is flat on neither side near 0"};
  }
  [[nodiscard]] std::optional<Remedy> clipping() const {
    if (!params_.contains("clip") || number_of(params_, "clip", 0) > 0) return std::nullopt;
    // The usual norm, to one digit.
    double threshold = 1;
    if (std::isfinite(median_norm_) && median_norm_ > 0) {
      const double unit = std::pow(10, std::floor(std::log10(median_norm_)));
      threshold = std::round(median_norm_ / unit) * unit;
    }
    return Remedy{"clipping", {{"clip", fmt::format("{:g}", threshold)}}, "no step is longer than that of a gradient of the usual norm"};
  }
  [[nodiscard]] std::optional<Remedy> slower() const {
    if (!params_.contains("learning_rate")) return std::nullopt;
    return Remedy{"learning rate", {{"learning_rate", fmt::format("{:.2g}", number_of(params_, "learning_rate", 1e-3) / 10)}}, "smaller steps"};
  }

  const Json& params_;
  double median_norm_;
  std::string activation_;
};

double median(std::vector<double> values) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); }), values.end());
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

double epoch_at(const Learning& run, size_t i) { return i < run.epoch.size() ? run.epoch[i] : static_cast<double>(i + 1); }

// Whether a rule holds, where it was first seen, and the worst value.
struct Verdict {
  bool holds = false;
  double epoch = 0;
  double worst = 0;
};

template <typename Bad>
Verdict verdict_of(const Learning& run, const std::vector<double>& values, bool low_is_bad, const Bad& bad) {
  Verdict verdict;
  size_t count = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || !bad(values[i])) continue;
    if (count == 0) verdict.epoch = epoch_at(run, i);
    if (count == 0 || (low_is_bad ? values[i] < verdict.worst : values[i] > verdict.worst)) verdict.worst = values[i];
    ++count;
  }
  verdict.holds = count > 0 && (bad(values.front()) || 2 * count > values.size());
  return verdict;
}

std::vector<double> whole_norms(const Learning& run) {
  size_t epochs = 0;
  for (const auto& [layer, values] : run.gradient_norm) epochs = std::max(epochs, values.size());
  std::vector<double> out(epochs);
  for (const auto& [layer, values] : run.gradient_norm) {
    for (size_t i = 0; i < values.size(); ++i) out[i] += values[i] * values[i];
  }
  for (double& value : out) value = std::sqrt(value);
  return out;
}

void judge_signal(const Learning& run, Diagnosis& found, std::vector<Finding>& out) {
  if (run.signal.size() < 2) return;
  const auto& [last_layer, last] = run.signal.back();
  std::optional<Finding> lowest;
  std::optional<Finding> highest;
  for (size_t l = 0; l + 1 < run.signal.size(); ++l) {
    const auto& [layer, values] = run.signal[l];
    std::vector<double> ratio;
    for (size_t i = 0; i < std::min(values.size(), last.size()); ++i) {
      // A head that has not begun to learn sends no signal at all: nothing to compare.
      ratio.push_back(last[i] > 0 ? values[i] / last[i] : std::numeric_limits<double>::quiet_NaN());
      if (!std::isfinite(ratio.back())) continue;
      found.lowest_ratio = std::min(found.lowest_ratio, ratio.back());
      found.highest_ratio = std::max(found.highest_ratio, ratio.back());
    }
    const auto between = static_cast<double>(run.signal.size() - 1 - l);
    const auto consider = [&](std::optional<Finding>& worst, Ailment ailment, const Verdict& verdict, double limit) {
      if (!verdict.holds) return;
      const bool worse = !worst || (ailment == Ailment::kVanishing ? verdict.worst < worst->value : verdict.worst > worst->value);
      if (!worse) return;
      worst = Finding{ailment, layer, verdict.epoch, verdict.worst, limit, {}, 1, {}};
      worst->evidence = fmt::format("the signal that comes back to it is {:.3g} times that of {}, a factor of {:.2g} a layer (limit {:g})",
                                    verdict.worst, last_layer, std::pow(verdict.worst, 1 / between), limit);
    };
    consider(lowest, Ailment::kVanishing, verdict_of(run, ratio, true, [](double r) { return r < kVanishingBelow; }), kVanishingBelow);
    consider(highest, Ailment::kExploding, verdict_of(run, ratio, false, [](double r) { return r > kExplodingAbove; }), kExplodingAbove);
  }
  if (lowest) out.push_back(std::move(*lowest));
  if (highest) out.push_back(std::move(*highest));
}

void judge_norm(const Learning& run, const std::vector<double>& norms, std::vector<Finding>& out) {
  for (size_t i = 0; i < std::max(norms.size(), run.train_loss.size()); ++i) {
    const bool finite = (i >= norms.size() || std::isfinite(norms[i])) && (i >= run.train_loss.size() || std::isfinite(run.train_loss[i]));
    if (finite) continue;
    Finding finding{Ailment::kExploding, "all", epoch_at(run, i), std::numeric_limits<double>::infinity(), 0, {}, 1, {}};
    finding.evidence = "the loss or the gradient is no longer a finite number";
    for (const auto& [layer, values] : run.gradient_norm) {
      if (i < values.size() && !std::isfinite(values[i])) {
        finding.layer = layer;
        break;
      }
    }
    out.push_back(std::move(finding));
    return;
  }
  std::optional<Finding> spike;
  for (size_t i = kEpochsBeforeSpike; i < norms.size(); ++i) {
    const double usual = median({norms.begin(), norms.begin() + static_cast<std::ptrdiff_t>(i)});
    if (!(usual > 0) || norms[i] <= kSpikeAbove * usual) continue;
    const double times = norms[i] / usual;
    if (spike && times <= spike->value) continue;
    spike = Finding{Ailment::kExploding, "all", spike ? spike->epoch : epoch_at(run, i), times, kSpikeAbove, {}, 1, {}};
    spike->evidence = fmt::format("the norm of the whole gradient jumps to {:.3g} times its median before (limit {:g})", times, kSpikeAbove);
  }
  if (spike) out.push_back(std::move(*spike));
}

void judge_flatness(const Learning& run, const std::string& activation, Diagnosis& found, std::vector<Finding>& out) {
  const Ailment ailment = bounded(activation) ? Ailment::kSaturated : Ailment::kDead;
  std::optional<Finding> worst;
  for (const auto& [layer, values] : run.saturation) {
    for (const double value : values) found.highest_saturation = std::max(found.highest_saturation, value);
    const Verdict verdict = verdict_of(run, values, false, [](double share) { return share > kFlatAbove; });
    if (!verdict.holds || (worst && verdict.worst <= worst->value)) continue;
    worst = Finding{ailment, layer, verdict.epoch, verdict.worst, kFlatAbove, {}, 1, {}};
    worst->evidence =
        ailment == Ailment::kSaturated
            ? fmt::format("{:.0f} % of its values lie where {} is flat (limit {:.0f} %)", 100 * verdict.worst, activation, 100 * kFlatAbove)
            : fmt::format("{:.0f} % of its units are off on every row of the batch (limit {:.0f} %)", 100 * verdict.worst, 100 * kFlatAbove);
  }
  if (worst) out.push_back(std::move(*worst));
}

bool worse(const Finding& a, const Finding& b) { return a.ailment == Ailment::kVanishing ? a.value < b.value : a.value > b.value; }

}  // namespace

std::string_view ailment_name(Ailment ailment) {
  constexpr std::array<std::string_view, 4> kNames{"vanishing", "exploding", "saturated", "dead"};
  return kNames[static_cast<size_t>(ailment)];
}

Diagnosis diagnose(std::span<const Learning> runs, const Json& params) {
  Diagnosis found;
  found.runs = runs.size();
  const std::string activation = text_of(params, "activation", "relu");
  std::vector<double> all_norms;
  for (const Learning& run : runs) {
    const std::vector<double> norms = whole_norms(run);
    all_norms.insert(all_norms.end(), norms.begin(), norms.end());
    found.measured = found.measured || !norms.empty() || !run.signal.empty();
    std::vector<Finding> here;
    judge_norm(run, norms, here);
    judge_signal(run, found, here);
    judge_flatness(run, activation, found, here);
    for (Finding& finding : here) {
      const auto same = std::find_if(found.findings.begin(), found.findings.end(),
                                     [&](const Finding& known) { return known.ailment == finding.ailment && known.limit == finding.limit; });
      if (same == found.findings.end()) {
        found.findings.push_back(std::move(finding));
        continue;
      }
      finding.runs = same->runs + 1;
      finding.epoch = std::min(same->epoch, finding.epoch);
      if (worse(finding, *same)) *same = std::move(finding);
      else {
        same->runs = finding.runs;
        same->epoch = finding.epoch;
      }
    }
  }
  const Cabinet cabinet(params, median(all_norms));
  for (Finding& finding : found.findings) {
    const bool of_whole = finding.ailment == Ailment::kExploding && finding.limit != kExplodingAbove;
    finding.remedies = cabinet.against(finding.ailment, of_whole);
  }
  return found;
}

Json diagnosis_json(const Diagnosis& diagnosis) {
  Json json{{"runs", diagnosis.runs}, {"measured", diagnosis.measured}};
  json["signal_ratio"] = {{"lowest", diagnosis.lowest_ratio}, {"highest", diagnosis.highest_ratio}};
  json["saturation"] = diagnosis.highest_saturation;
  json["findings"] = Json::array();
  for (const Finding& finding : diagnosis.findings) {
    Json row{{"ailment", std::string(ailment_name(finding.ailment))},
             {"layer", finding.layer},
             {"epoch", finding.epoch},
             {"value", finding.value},
             {"limit", finding.limit},
             {"evidence", finding.evidence},
             {"runs", finding.runs}};
    row["remedies"] = Json::array();
    for (const Remedy& remedy : finding.remedies) {
      Json entry{{"kind", remedy.kind}, {"set", Json::object()}, {"why", remedy.why}};
      for (const auto& [name, value] : remedy.set) entry["set"][name] = value;
      row["remedies"].push_back(std::move(entry));
    }
    json["findings"].push_back(std::move(row));
  }
  return json;
}

std::string finding_text(const Json& finding) {
  const auto ailment = finding["ailment"].get<std::string>();
  const char* does = ailment == "vanishing" ? "vanishes" : ailment == "exploding" ? "explodes" : ailment == "saturated" ? "is saturated" : "is dead";
  const auto layer = finding["layer"].get<std::string>();
  std::string text =
      fmt::format("{} {} (epoch {:g}, {} run{}): {}", layer == "all" ? "the gradient" : layer, does, finding["epoch"].get<double>(),
                  finding["runs"].get<size_t>(), finding["runs"].get<size_t>() == 1 ? "" : "s", finding["evidence"].get<std::string>());
  const char* lead = "; remedy: ";
  for (const Json& remedy : finding["remedies"]) {
    std::string set;
    for (const auto& [name, value] : remedy["set"].items()) {
      set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", name, value.get<std::string>());
    }
    const bool first = &remedy == &finding["remedies"].front();
    text +=
        fmt::format("{}{} ({}{}{})", lead, set, remedy["kind"].get<std::string>(), first ? ": " : "", first ? remedy["why"].get<std::string>() : "");
    lead = "; or ";
  }
  return text;
}

std::string finding_text(const Finding& finding) {
  Diagnosis alone;
  alone.findings.push_back(finding);
  return finding_text(diagnosis_json(alone)["findings"][0]);
}

}  // namespace obligor
