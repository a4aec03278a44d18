#include "emit/proof/raw_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"
#include "plan/builder.h"

namespace obligor {
namespace {

constexpr size_t kMostListed = 2'000;   // strings of a category, and codes of a tree's sets
constexpr size_t kLongString = 70'000;  // bytes
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Which raw input each column of a value is, unchanged; -1: none. Empty: none of them.
using Origin = std::vector<int32_t>;

class Edges {
 public:
  explicit Edges(const ScorePlan& plan) : plan_(plan), types_(verify(plan)), numbers_(plan.inputs.size()), words_(plan.inputs.size()) {
    std::vector<Origin> origins(plan.nodes.size());
    for (NodeId id = 0; id < plan.nodes.size(); ++id) origins[id] = visit(plan.nodes[id], id, origins);
  }

  // Each value once, in ascending order, NaN last.
  [[nodiscard]] std::vector<float> numbers(size_t input) const {
    if (plan_.inputs[input].from == "date") return days(input);
    std::vector<float> values{0.0F,
                              1.0F,
                              -1.0F,
                              kInfinity,
                              -kInfinity,
                              std::numeric_limits<float>::max(),
                              std::numeric_limits<float>::lowest(),
                              std::numeric_limits<float>::denorm_min()};
    for (const float value : numbers_[input]) {
      if (std::isnan(value)) continue;
      values.push_back(value);
      values.push_back(std::nextafter(value, kInfinity));
      values.push_back(std::nextafter(value, -kInfinity));
    }
    return sorted(std::move(values));
  }

  [[nodiscard]] std::vector<float> thresholds(size_t input) const {
    std::vector<float> values = sorted(numbers_[input]);
    values.pop_back();
    return values;
  }

  [[nodiscard]] std::vector<std::string> listed(size_t input) const {
    std::vector<std::string> all = words_[input];
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  [[nodiscard]] std::vector<std::string> words(size_t input) const {
    std::vector<std::string> all = listed(input);
    std::string unseen = "never seen";
    while (std::binary_search(all.begin(), all.end(), unseen)) unseen += '!';
    const std::string near = all.empty() ? " " : all.front() + " ";
    all.push_back(unseen);
    all.push_back(near);
    all.emplace_back(kLongString, 'x');
    all.emplace_back("\xC3\xA9\xE2\x82\xAC'\",;\\");
    all.emplace_back();
    return all;
  }

 private:
  static std::vector<float> sorted(std::vector<float> values) {
    std::erase_if(values, [](float value) { return std::isnan(value); });
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    values.push_back(std::numeric_limits<float>::quiet_NaN());
    return values;
  }

  // Dates are whole days that a calendar has.
  [[nodiscard]] std::vector<float> days(size_t input) const {
    std::vector<float> values{0.0F, 1.0F, -1.0F, 40'000.0F, -40'000.0F};
    for (const float value : numbers_[input]) {
      if (!(std::fabs(value) < 500'000.0F)) continue;
      for (const float day : {std::floor(value) - 1, std::floor(value), std::floor(value) + 1}) values.push_back(day);
    }
    return sorted(std::move(values));
  }

  void look(const Origin& origin, size_t column, float value) {
    if (column < origin.size() && origin[column] >= 0) numbers_[static_cast<size_t>(origin[column])].push_back(value);
  }
  void look(const Origin& origin, size_t column, const std::vector<float>& values) {
    for (const float value : values) look(origin, column, value);
  }

  Origin visit(const Node& node, NodeId id, const std::vector<Origin>& origins) {
    const auto floats = [&](size_t i) -> const std::vector<float>& { return plan_.constants[node.constants[i]].floats(); };
    const auto ints = [&](size_t i) -> const std::vector<int32_t>& { return plan_.constants[node.constants[i]].ints(); };
    const auto in = [&](size_t i) -> const Origin& { return origins[node.inputs[i]]; };
    switch (node.op) {
      case Op::kInput: return types_[id].kind == ValueType::Kind::kNumber ? Origin{static_cast<int32_t>(node.size)} : Origin{};
      case Op::kEncode: {
        const auto& words = plan_.constants[node.constants[0]].strings();
        auto& kept = words_[plan_.nodes[node.inputs[0]].size];
        for (size_t i = 0; i < words.size() && kept.size() < kMostListed; ++i) kept.push_back(words[i]);
        return {};
      }
      case Op::kTokens: {
        // Words alone and joined, so that a row has several.
        const auto& words = plan_.constants[node.constants[0]].strings();
        auto& kept = words_[plan_.nodes[node.inputs[0]].size];
        std::string all;
        for (size_t i = 0; i < words.size() && kept.size() < kMostListed; ++i) {
          kept.push_back(words[i]);
          all += words[i] + (i % 3 == 0 ? ", " : " ");
          if (i % 17 == 0) kept.push_back(all);
          if (i % 51 == 0) all = "\xFF" + words[i];
        }
        return {};
      }
      case Op::kSpecial:
        for (size_t c = 0; c < in(0).size(); ++c) look(in(0), c, floats(0));
        return in(0);
      case Op::kImpute: return in(0);
      case Op::kClip:
        for (size_t c = 0; c < in(0).size(); ++c) {
          look(in(0), c, floats(0)[c]);
          look(in(0), c, floats(1)[c]);
        }
        return in(0);
      case Op::kBin:
        look(in(0), 0, floats(0));
        look(in(0), 0, floats(1));
        return {};
      case Op::kInterpolate:
      case Op::kPiecewiseLinear: look(in(0), 0, floats(0)); return {};
      case Op::kConcat: {
        Origin all;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
          Origin part = in(i);
          part.resize(types_[node.inputs[i]].width, -1);
          all.insert(all.end(), part.begin(), part.end());
        }
        return all;
      }
      case Op::kSelect: {
        Origin some;
        for (const int32_t column : ints(0)) some.push_back(static_cast<size_t>(column) < in(0).size() ? in(0)[static_cast<size_t>(column)] : -1);
        return some;
      }
      case Op::kTrees: look_at_trees(node, in(0)); return {};
      default: return {};
    }
  }

  void look_at_trees(const Node& node, const Origin& origin) {
    const auto& feature = plan_.constants[node.constants[1]].ints();
    const auto& threshold = plan_.constants[node.constants[2]].floats();
    const auto& flags = plan_.constants[node.constants[5]].bytes();
    const auto& begin = plan_.constants[node.constants[7]].ints();
    const auto& end = plan_.constants[node.constants[8]].ints();
    size_t listed = 0;
    for (size_t n = 0; n < feature.size(); ++n) {
      const auto column = static_cast<size_t>(feature[n]);
      if ((flags[n] & TreeArrays::kCategorical) == 0) {
        look(origin, column, threshold[n]);
        continue;
      }
      for (int32_t code = 0; code <= 32 * (end[n] - begin[n]) && listed < kMostListed; ++code, ++listed)
        look(origin, column, static_cast<float>(code));
    }
  }

  const ScorePlan& plan_;
  std::vector<ValueType> types_;
  std::vector<std::vector<float>> numbers_;
  std::vector<std::vector<std::string>> words_;
};

// The base's cells of a category as codes of the edge rows' own dictionary.
std::vector<int32_t> own_codes(const InputColumn& column, std::vector<std::string>& dictionary) {
  std::unordered_map<std::string_view, int32_t> known;
  const std::vector<std::string> before = dictionary;
  for (size_t i = 0; i < before.size(); ++i) known.emplace(before[i], static_cast<int32_t>(i));
  std::vector<int32_t> translated;
  for (const auto& word : *column.dictionary) {
    const auto found = known.find(word);
    if (found != known.end()) {
      translated.push_back(found->second);
      continue;
    }
    translated.push_back(static_cast<int32_t>(dictionary.size()));
    dictionary.push_back(word);
  }
  return translated;
}

}  // namespace

InputBatch RawRows::batch(size_t begin, size_t count) const {
  InputBatch made;
  made.rows = count;
  for (size_t c = 0; c < numbers.size(); ++c) {
    InputColumn column;
    if (numbers[c].empty() && !dictionaries[c].empty()) {
      column.codes = std::span(codes[c]).subspan(begin, count);
      column.dictionary = &dictionaries[c];
    } else {
      column.numbers = std::span(numbers[c]).subspan(begin, count);
    }
    made.columns.push_back(column);
  }
  return made;
}

LookedAt looked_at(const ScorePlan& plan) {
  const Edges edges(plan);
  LookedAt made;
  for (size_t c = 0; c < plan.inputs.size(); ++c) {
    made.thresholds.push_back(edges.thresholds(c));
    made.words.push_back(edges.listed(c));
  }
  return made;
}

RawRows edge_rows(const ScorePlan& plan, const InputBatch& base, Random& random, size_t most) {
  const Edges edges(plan);
  const size_t inputs = plan.inputs.size();
  RawRows made;
  made.numbers.resize(inputs);
  made.codes.resize(inputs);
  made.dictionaries.resize(inputs);
  std::vector<std::vector<float>> values(inputs);
  std::vector<size_t> choices(inputs);
  size_t longest = 1;
  for (size_t c = 0; c < inputs; ++c) {
    if (plan.inputs[c].kind == InputKind::kCategory) {
      made.dictionaries[c] = edges.words(c);
      choices[c] = made.dictionaries[c].size() + 1;  // and missing
    } else {
      values[c] = edges.numbers(c);
      choices[c] = values[c].size();
    }
    longest = std::max(longest, choices[c]);
  }
  const auto put = [&](size_t c, size_t choice) {
    if (plan.inputs[c].kind == InputKind::kCategory) made.codes[c].push_back(static_cast<int32_t>(choice) - 1);
    else made.numbers[c].push_back(values[c][choice]);
  };
  // All inputs at once: every value of the longest list once, the shorter ones again and again.
  const size_t together = std::min(longest, std::max<size_t>(1, most / 2));
  for (size_t c = 0; c < inputs; ++c) {
    for (size_t done = 0; done < together;) {
      for (const uint32_t choice : random.permutation(choices[c])) {
        if (done == together) break;
        put(c, choice);
        ++done;
      }
    }
  }
  made.rows = together;
  // One input at a time, on rows that look like the data.
  std::vector<std::vector<int32_t>> translated(inputs);
  for (size_t c = 0; c < inputs; ++c) {
    if (base.rows > 0 && plan.inputs[c].kind == InputKind::kCategory) translated[c] = own_codes(base.columns[c], made.dictionaries[c]);
  }
  size_t wanted = 0;
  for (const size_t count : choices) wanted += count;
  const size_t room = most - std::min(most, together);
  for (size_t c = 0; c < inputs; ++c) {
    // An equal share for each input when there is not room for all.
    const size_t share = wanted <= room ? choices[c] : std::min(choices[c], room / inputs);
    const auto order = random.permutation(choices[c]);
    for (size_t k = 0; k < share; ++k) {
      const size_t row = base.rows > 0 ? static_cast<size_t>(random.below(base.rows)) : 0;
      for (size_t other = 0; other < inputs; ++other) {
        if (other == c) {
          put(c, order[k]);
        } else if (base.rows == 0) {
          put(other, static_cast<size_t>(random.below(choices[other])));
        } else if (plan.inputs[other].kind == InputKind::kCategory) {
          const int32_t code = base.columns[other].codes[row];
          made.codes[other].push_back(code < 0 ? -1 : translated[other][static_cast<size_t>(code)]);
        } else {
          made.numbers[other].push_back(base.columns[other].numbers[row]);
        }
      }
      ++made.rows;
    }
  }
  return made;
}

RawRows without_empty_strings(const ScorePlan& plan, const InputBatch& batch) {
  RawRows made;
  made.rows = batch.rows;
  for (size_t c = 0; c < batch.columns.size(); ++c) {
    const InputColumn& column = batch.columns[c];
    auto& numbers = made.numbers.emplace_back(column.numbers.begin(), column.numbers.end());
    auto& codes = made.codes.emplace_back(column.codes.begin(), column.codes.end());
    auto& dictionary = made.dictionaries.emplace_back();
    if (plan.inputs[c].kind != InputKind::kCategory) continue;
    numbers.clear();
    dictionary = *column.dictionary;
    if (dictionary.empty()) dictionary.emplace_back("-");  // so that it is known for a category
    for (auto& code : codes) {
      if (code >= 0 && dictionary[static_cast<size_t>(code)].empty()) code = -1;
    }
  }
  return made;
}

Json row_json(const ScorePlan& plan, const InputBatch& batch, size_t row) {
  constexpr size_t kShown = 40;
  Json made = Json::object();
  for (size_t c = 0; c < plan.inputs.size(); ++c) {
    const InputColumn& column = batch.columns[c];
    Json& cell = made[plan.inputs[c].name];
    if (plan.inputs[c].kind == InputKind::kCategory) {
      if (column.codes[row] < 0) continue;
      const std::string& word = (*column.dictionary)[static_cast<size_t>(column.codes[row])];
      cell = word.size() <= kShown ? word : fmt::format("{}... ({} bytes)", word.substr(0, 8), word.size());
    } else if (std::isinf(column.numbers[row])) {
      cell = column.numbers[row] > 0 ? "infinity" : "-infinity";
    } else if (!std::isnan(column.numbers[row])) {
      cell = static_cast<double>(column.numbers[row]);
    }
  }
  return made;
}

}  // namespace obligor
