#include "explain/reasons.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

[[noreturn]] void fail(std::string_view source, std::string_view input, std::string_view what) {
  throw Error(ErrorCode::kData, fmt::format("{}: input '{}' {}; save the bundle again with this version of train or compare", source, input, what));
}

const Json& reference_of(const Json& dictionary, std::string_view input, std::string_view source) {
  for (const auto& entry : dictionary) {
    if (!entry.is_object() || entry.value("name", Json()) != Json(input)) continue;
    const auto found = entry.find("reference");
    if (found == entry.end()) break;
    return *found;
  }
  fail(source, input, "has no reference value in the dictionary, which reasons are measured from");
}

}  // namespace

ReasonCoder::ReasonCoder(const Bundle& bundle, std::string_view source) {
  for (const PlanInput& input : bundle.plan.inputs) {
    const Json& value = reference_of(bundle.dictionary, input.name, source);
    Reference reference;
    reference.name = input.name;
    reference.is_category = input.kind == InputKind::kCategory;
    if (reference.is_category) {
      if (!value.is_null() && !value.is_string()) fail(source, input.name, "has a reference that is not a level");
      if (value.is_string()) reference.level.push_back(value.get<std::string>());
    } else {
      if (!value.is_null() && !value.is_number()) fail(source, input.name, "has a reference that is not a number");
      reference.number = value.is_null() ? std::numeric_limits<float>::quiet_NaN() : value.get<float>();
    }
    references_.push_back(std::move(reference));
  }
}

Pushes ReasonCoder::pushes(const Executor& executor, const InputBatch& batch) const {
  const std::array<std::string, 1> output{"log_odds"};
  const auto own = executor.run(batch, output);
  Pushes pushes{references_.size(), std::vector<float>(batch.rows * references_.size())};
  std::vector<float> number(batch.rows);
  std::vector<int32_t> code(batch.rows);
  InputBatch changed = batch;
  for (size_t j = 0; j < references_.size(); ++j) {
    const Reference& reference = references_[j];
    if (reference.is_category) {
      std::fill(code.begin(), code.end(), reference.level.empty() ? -1 : 0);
      changed.columns[j] = {{}, code, &reference.level};
    } else {
      std::fill(number.begin(), number.end(), reference.number);
      changed.columns[j] = {number, {}, nullptr};
    }
    const auto other = executor.run(changed, output);
    for (size_t r = 0; r < batch.rows; ++r) pushes.values[r * pushes.inputs + j] = own[0].numbers[r] - other[0].numbers[r];
    changed.columns[j] = batch.columns[j];
  }
  return pushes;
}

std::vector<Reason> top_reasons(const Pushes& pushes, size_t row, size_t k) {
  std::vector<Reason> reasons;
  for (size_t j = 0; j < pushes.inputs; ++j) {
    const float push = pushes.values[row * pushes.inputs + j];
    if (push > 0) reasons.push_back({static_cast<uint32_t>(j), push});
  }
  std::stable_sort(reasons.begin(), reasons.end(), [](const Reason& a, const Reason& b) { return a.push > b.push; });
  if (reasons.size() > k) reasons.resize(k);
  return reasons;
}

}  // namespace obligor
