// The reference interpreter. Each op is the formula of docs/plan.md over the rows of a tile, nothing cleverer.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"
#include "plan/executor.h"
#include "plan/functions.h"
#include "plan/sequence_ops.h"
#include "plan/words.h"

namespace obligor {
namespace {

constexpr size_t kTileRows = 512;
// A tile of a wide plan has fewer rows, so that its values stay within 256 MiB.
constexpr size_t kTileValues = size_t{1} << 26U;

// What a node yielded for the rows of the tile.
struct TileValue {
  std::vector<float> numbers;
  std::vector<int32_t> codes;
};

}  // namespace

struct Interpreter::Impl {
  ScorePlan plan;
  std::vector<ValueType> types;
  std::vector<std::unordered_map<std::string_view, int32_t>> vocabularies;  // by node, for kEncode
  std::vector<WordNumbers> token_words;                                     // by node, for kTokens
  std::vector<std::unordered_map<uint64_t, int32_t>> pairs;                 // by node, for kCross

  explicit Impl(ScorePlan given) : plan(std::move(given)), types(verify(plan)) {
    vocabularies.resize(plan.nodes.size());
    token_words.resize(plan.nodes.size());
    pairs.resize(plan.nodes.size());
    for (size_t id = 0; id < plan.nodes.size(); ++id) {
      const Node& node = plan.nodes[id];
      if (node.op == Op::kEncode) {
        const auto& words = plan.constants[node.constants[0]].strings();
        const auto& codes = plan.constants[node.constants[1]].ints();
        for (size_t i = 0; i < words.size(); ++i) vocabularies[id].emplace(words[i], codes[i]);
      }
      if (node.op == Op::kTokens) {
        const auto& listed = plan.constants[node.constants[0]].strings();
        for (size_t i = 0; i < listed.size(); ++i) token_words[id].emplace(listed[i], ints(node, 1)[i]);
      }
      if (node.op == Op::kCross) {
        const auto& triples = plan.constants[node.constants[0]].ints();
        for (size_t i = 0; i < triples.size(); i += 3) pairs[id].emplace(pair_key(triples[i], triples[i + 1]), triples[i + 2]);
      }
    }
  }

  static uint64_t pair_key(int32_t first, int32_t second) {
    return static_cast<uint64_t>(static_cast<uint32_t>(first)) << 32U | static_cast<uint32_t>(second);
  }

  const std::vector<float>& floats(const Node& node, size_t i) const { return plan.constants[node.constants[i]].floats(); }
  const std::vector<int32_t>& ints(const Node& node, size_t i) const { return plan.constants[node.constants[i]].ints(); }

  // The plan's code of each entry of the batch's dictionary, for every encode node: strings are looked up once a batch.
  std::vector<std::vector<int32_t>> translate(const InputBatch& batch) const {
    std::vector<std::vector<int32_t>> translated(plan.nodes.size());
    for (size_t id = 0; id < plan.nodes.size(); ++id) {
      const Node& node = plan.nodes[id];
      if (node.op != Op::kEncode) continue;
      const InputColumn& column = batch.columns[plan.nodes[node.inputs[0]].size];
      const int32_t unseen = ints(node, 2)[1];
      auto& codes = translated[id];
      codes.reserve(column.dictionary->size());
      for (const auto& word : *column.dictionary) {
        const auto found = vocabularies[id].find(word);
        codes.push_back(found == vocabularies[id].end() ? unseen : found->second);
      }
    }
    return translated;
  }

  void trees(const Node& node, const std::vector<float>& x, size_t width, std::vector<float>& out) const {
    const auto& roots = ints(node, 0);
    const auto& feature = ints(node, 1);
    const auto& threshold = floats(node, 2);
    const auto& left = ints(node, 3);
    const auto& right = ints(node, 4);
    const auto& flags = plan.constants[node.constants[5]].bytes();
    const auto& leaves = floats(node, 6);
    const auto& bit_begin = ints(node, 7);
    const auto& bit_end = ints(node, 8);
    const auto& words = ints(node, 9);
    const auto goes_left = [&](size_t n, float value) {
      if (std::isnan(value)) return (flags[n] & 1U) != 0;
      if ((flags[n] & 2U) == 0) return value <= threshold[n];
      const double code = std::trunc(static_cast<double>(value));
      const double bits = 32.0 * (bit_end[n] - bit_begin[n]);
      if (code < 0 || code >= bits) return false;
      const auto bit = static_cast<uint32_t>(code);
      const auto word = static_cast<uint32_t>(words[static_cast<size_t>(bit_begin[n]) + bit / 32]);
      return (word >> (bit % 32U) & 1U) != 0;
    };
    for (size_t r = 0; r < out.size(); ++r) {
      const float* row = x.data() + r * width;
      double total = 0;
      for (int32_t at : roots) {
        while (at >= 0) {
          const auto n = static_cast<size_t>(at);
          at = goes_left(n, row[feature[n]]) ? left[n] : right[n];
        }
        total += static_cast<double>(leaves[~static_cast<size_t>(static_cast<int64_t>(at))]);
      }
      out[r] = static_cast<float>(total);
    }
  }

  void normalise(const Node& node, const std::vector<float>& x, std::vector<float>& out) const {
    const auto& gain = floats(node, 0);
    const auto& shift = floats(node, 1);
    const auto epsilon = static_cast<double>(floats(node, 2)[0]);
    const size_t group = gain.size();
    const auto count = static_cast<double>(group);
    for (size_t begin = 0; begin < x.size(); begin += group) {
      double mean = 0;
      for (size_t c = 0; c < group; ++c) mean += static_cast<double>(x[begin + c]);
      mean /= count;
      double variance = 0;
      for (size_t c = 0; c < group; ++c) {
        const double distance = static_cast<double>(x[begin + c]) - mean;
        variance += distance * distance;
      }
      const double deviation = std::sqrt(variance / count + epsilon);
      for (size_t c = 0; c < group; ++c) {
        const double unit = (static_cast<double>(x[begin + c]) - mean) / deviation;
        out[begin + c] = static_cast<float>(unit * static_cast<double>(gain[c]) + static_cast<double>(shift[c]));
      }
    }
  }

  // The ids of one cell's words.
  void tokens(size_t id, const std::string& text, float* out) const {
    const Node& node = plan.nodes[id];
    const int32_t other = ints(node, 2)[0];
    size_t filled = 0;
    for (const std::string& word : split_words(text, token_words[id])) {
      const auto found = word.size() <= kMostWordBytes ? token_words[id].find(word) : token_words[id].end();
      const int32_t number = found == token_words[id].end() ? other : found->second;
      if (number < 0) continue;
      if (filled == node.size) return;
      out[filled++] = static_cast<float>(number);
    }
  }

  // One node over the rows [begin, begin + rows) of the batch.
  void evaluate(size_t id, const InputBatch& batch, const std::vector<std::vector<int32_t>>& translated, size_t begin, size_t rows,
                std::vector<TileValue>& values) const {
    const Node& node = plan.nodes[id];
    TileValue& out = values[id];
    const ValueType& type = types[id];
    if (type.kind == ValueType::Kind::kNumber) out.numbers.resize(rows * type.width);
    if (type.kind == ValueType::Kind::kCode) out.codes.resize(rows);
    const auto in_numbers = [&](size_t i) -> const std::vector<float>& { return values[node.inputs[i]].numbers; };
    const auto in_codes = [&](size_t i) -> const std::vector<int32_t>& { return values[node.inputs[i]].codes; };
    const auto in_width = [&](size_t i) -> size_t { return types[node.inputs[i]].width; };
    // Elementwise over a number: f(x, column).
    const auto each = [&](const auto& f) {
      const auto& x = in_numbers(0);
      const size_t width = type.width;
      for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < width; ++c) out.numbers[r * width + c] = f(x[r * width + c], c);
      }
    };
    switch (node.op) {
      case Op::kInput: {
        if (type.kind == ValueType::Kind::kString) return;
        const auto source = batch.columns[node.size].numbers.subspan(begin, rows);
        std::copy(source.begin(), source.end(), out.numbers.begin());
        return;
      }
      case Op::kEncode: {
        const auto source = batch.columns[plan.nodes[node.inputs[0]].size].codes.subspan(begin, rows);
        const int32_t missing = ints(node, 2)[0];
        for (size_t r = 0; r < rows; ++r) out.codes[r] = source[r] < 0 ? missing : translated[id][static_cast<size_t>(source[r])];
        return;
      }
      case Op::kSpecial: {
        const auto& specials = floats(node, 0);
        each([&](float x, size_t) { return std::find(specials.begin(), specials.end(), x) != specials.end() ? std::nanf("") : x; });
        return;
      }
      case Op::kMissingFlag: each([](float x, size_t) { return std::isnan(x) ? 1.0F : 0.0F; }); return;
      case Op::kImpute: {
        const auto& value = floats(node, 0);
        each([&](float x, size_t c) { return std::isnan(x) ? value[c] : x; });
        return;
      }
      case Op::kClip: {
        const auto& low = floats(node, 0);
        const auto& high = floats(node, 1);
        each([&](float x, size_t c) { return x < low[c] ? low[c] : (x > high[c] ? high[c] : x); });
        return;
      }
      case Op::kScale: {
        const auto& shift = floats(node, 0);
        const auto& factor = floats(node, 1);
        each([&](float x, size_t c) {
          return static_cast<float>((static_cast<double>(x) - static_cast<double>(shift[c])) * static_cast<double>(factor[c]));
        });
        return;
      }
      case Op::kInterpolate: {
        const auto& knots = floats(node, 0);
        const auto& to = floats(node, 1);
        each([&](float x, size_t) {
          if (std::isnan(x)) return x;
          if (x <= knots.front()) return to.front();
          if (x >= knots.back()) return to.back();
          const auto i = static_cast<size_t>(std::upper_bound(knots.begin(), knots.end(), x) - knots.begin());
          const auto a = static_cast<double>(knots[i - 1]);
          const double share = (static_cast<double>(x) - a) / (static_cast<double>(knots[i]) - a);
          const auto from = static_cast<double>(to[i - 1]);
          return static_cast<float>(from + share * (static_cast<double>(to[i]) - from));
        });
        return;
      }
      case Op::kPiecewiseLinear: {
        const auto& edges = floats(node, 0);
        const auto& x = in_numbers(0);
        const size_t pieces = type.width;
        for (size_t r = 0; r < rows; ++r) {
          for (size_t t = 0; t < pieces; ++t) {
            double share = 0;
            if (!std::isnan(x[r])) {
              const auto a = static_cast<double>(edges[t]);
              share = (static_cast<double>(x[r]) - a) / (static_cast<double>(edges[t + 1]) - a);
              share = std::clamp(share, 0.0, 1.0);
            }
            out.numbers[r * pieces + t] = static_cast<float>(share);
          }
        }
        return;
      }
      case Op::kBin: {
        const auto& thresholds = floats(node, 0);
        const auto& specials = floats(node, 1);
        const auto& x = in_numbers(0);
        const auto missing = static_cast<int32_t>(thresholds.size() + 1);
        for (size_t r = 0; r < rows; ++r) {
          if (std::isnan(x[r])) {
            out.codes[r] = missing;
          } else if (const auto found = std::find(specials.begin(), specials.end(), x[r]); found != specials.end()) {
            out.codes[r] = missing + 1 + static_cast<int32_t>(found - specials.begin());
          } else {
            out.codes[r] = static_cast<int32_t>(std::upper_bound(thresholds.begin(), thresholds.end(), x[r]) - thresholds.begin());
          }
        }
        return;
      }
      case Op::kLookUp: {
        const auto& table = floats(node, 0);
        const auto& codes = in_codes(0);
        for (size_t r = 0; r < rows; ++r) {
          std::copy_n(table.begin() + static_cast<int64_t>(codes[r]) * type.width, type.width,
                      out.numbers.begin() + static_cast<int64_t>(r * type.width));
        }
        return;
      }
      case Op::kOneHot: {
        const auto& columns = ints(node, 0);
        const auto& codes = in_codes(0);
        std::fill(out.numbers.begin(), out.numbers.end(), 0.0F);
        for (size_t r = 0; r < rows; ++r) {
          const int32_t column = columns[static_cast<size_t>(codes[r])];
          if (column >= 0) out.numbers[r * type.width + static_cast<size_t>(column)] = 1.0F;
        }
        return;
      }
      case Op::kCross: {
        const auto& first = in_codes(0);
        const auto& second = in_codes(1);
        const int32_t unseen = ints(node, 1)[0];
        for (size_t r = 0; r < rows; ++r) {
          const auto found = pairs[id].find(pair_key(first[r], second[r]));
          out.codes[r] = found == pairs[id].end() ? unseen : found->second;
        }
        return;
      }
      case Op::kCodeNumber: {
        const auto& codes = in_codes(0);
        for (size_t r = 0; r < rows; ++r) out.numbers[r] = static_cast<float>(codes[r]);
        return;
      }
      case Op::kConcat: {
        size_t at = 0;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
          const auto& x = in_numbers(i);
          const size_t width = in_width(i);
          for (size_t r = 0; r < rows; ++r) std::copy_n(x.data() + r * width, width, out.numbers.data() + r * type.width + at);
          at += width;
        }
        return;
      }
      case Op::kSelect: {
        const auto& columns = ints(node, 0);
        const auto& x = in_numbers(0);
        for (size_t r = 0; r < rows; ++r) {
          for (size_t c = 0; c < columns.size(); ++c) out.numbers[r * type.width + c] = x[r * in_width(0) + static_cast<size_t>(columns[c])];
        }
        return;
      }
      case Op::kAffine: {
        const auto& weights = floats(node, 0);
        const auto& bias = floats(node, 1);
        const auto& x = in_numbers(0);
        const size_t width = in_width(0);
        for (size_t r = 0; r < rows; ++r) {
          for (size_t o = 0; o < type.width; ++o) {
            double total = 0;
            for (size_t c = 0; c < width; ++c) total += static_cast<double>(weights[o * width + c]) * static_cast<double>(x[r * width + c]);
            out.numbers[r * type.width + o] = static_cast<float>(total + static_cast<double>(bias[o]));
          }
        }
        return;
      }
      case Op::kActivate: {
        const ScalarFunction function = *find_function(node.function);
        each([&](float x, size_t) { return static_cast<float>(function(static_cast<double>(x))); });
        return;
      }
      case Op::kTrees: trees(node, in_numbers(0), in_width(0), out.numbers); return;
      case Op::kSum: {
        const auto& weights = floats(node, 0);
        for (size_t j = 0; j < out.numbers.size(); ++j) {
          double total = 0;
          for (size_t i = 0; i < node.inputs.size(); ++i) total += static_cast<double>(weights[i]) * static_cast<double>(in_numbers(i)[j]);
          out.numbers[j] = static_cast<float>(total);
        }
        return;
      }
      case Op::kMultiply: {
        const auto& x = in_numbers(0);
        const auto& z = in_numbers(1);
        for (size_t j = 0; j < out.numbers.size(); ++j) out.numbers[j] = static_cast<float>(static_cast<double>(x[j]) * static_cast<double>(z[j]));
        return;
      }
      case Op::kNormalise: normalise(node, in_numbers(0), out.numbers); return;
      case Op::kAttend: {
        const auto& extents = ints(node, 0);
        interpret_attend(attend_shape(extents[0], extents[1], in_width(0), in_width(1), in_width(2)), rows, in_numbers(0), in_numbers(1),
                         in_numbers(2), node.inputs.size() == 4 ? &in_numbers(3) : nullptr, out.numbers);
        return;
      }
      case Op::kRecur:
        interpret_recur(recur_shape(node.function, node.size, in_width(0), floats(node, 2).size()), rows, in_numbers(0), in_numbers(1),
                        {floats(node, 0), floats(node, 1), floats(node, 2)}, out.numbers);
        return;
      case Op::kConvolve:
        interpret_convolve(convolve_shape(ints(node, 2), in_width(0), floats(node, 0).size(), floats(node, 1).size()), rows, in_numbers(0),
                           floats(node, 0), floats(node, 1), out.numbers);
        return;
      case Op::kPool: interpret_pool(find_pooling(node.function), rows, in_width(1), in_numbers(0), in_numbers(1), out.numbers); return;
      case Op::kTokens: {
        const InputColumn& column = batch.columns[plan.nodes[node.inputs[0]].size];
        std::fill(out.numbers.begin(), out.numbers.end(), std::nanf(""));
        for (size_t r = 0; r < rows; ++r) {
          const int32_t code = column.codes[begin + r];
          if (code >= 0) tokens(id, (*column.dictionary)[static_cast<size_t>(code)], out.numbers.data() + r * type.width);
        }
        return;
      }
      case Op::kEmbed: {
        const auto& table = floats(node, 0);
        const auto& x = in_numbers(0);
        const auto known = static_cast<float>(table.size() / node.size);
        for (size_t j = 0; j < x.size(); ++j) {
          float* to = out.numbers.data() + j * node.size;
          if (x[j] >= 0 && x[j] < known) std::copy_n(table.data() + static_cast<size_t>(x[j]) * node.size, node.size, to);
          else std::fill_n(to, node.size, 0.0F);
        }
        return;
      }
      case Op::kPoints: {
        const auto factor = static_cast<double>(floats(node, 0)[0]);
        const auto offset = static_cast<double>(floats(node, 0)[1]);
        const bool rounds = node.function == "round";
        each([&](float x, size_t) {
          const double exact = offset - factor * static_cast<double>(x);
          return static_cast<float>(rounds ? std::round(exact) : exact);
        });
        return;
      }
    }
  }
};

Interpreter::Interpreter(ScorePlan plan) : impl_(std::make_unique<Impl>(std::move(plan))) {}
Interpreter::~Interpreter() = default;

std::unique_ptr<Executor> make_interpreter(const ScorePlan& plan) { return std::make_unique<Interpreter>(plan); }

const ScorePlan& Interpreter::plan() const { return impl_->plan; }

std::vector<Value> Interpreter::run(const InputBatch& batch, std::span<const std::string> outputs) const {
  const ScorePlan& plan = impl_->plan;
  if (batch.columns.size() != plan.inputs.size()) {
    throw Error(ErrorCode::kInternal, fmt::format("plan: a batch of {} columns for {} inputs", batch.columns.size(), plan.inputs.size()));
  }
  std::vector<NodeId> wanted;
  if (outputs.empty()) {
    for (const auto& output : plan.outputs) wanted.push_back(output.node);
  } else {
    for (const auto& name : outputs) {
      const auto node = plan.find_output(name);
      if (!node) {
        std::vector<std::string> names;
        for (const auto& output : plan.outputs) names.push_back(output.name);
        throw unknown_name("plan output", name, names);
      }
      wanted.push_back(*node);
    }
  }
  // Only what the wanted outputs need is computed.
  std::vector<uint8_t> needed(plan.nodes.size(), 0);
  for (const NodeId id : wanted) needed[id] = 1;
  for (size_t id = plan.nodes.size(); id-- > 0;) {
    if (needed[id] == 0) continue;
    for (const NodeId input : plan.nodes[id].inputs) needed[input] = 1;
  }

  size_t row_values = 1;
  for (size_t id = 0; id < plan.nodes.size(); ++id) row_values += needed[id] != 0 ? impl_->types[id].width : 0;
  const size_t tile_rows = std::clamp<size_t>(kTileValues / row_values, 1, kTileRows);

  std::vector<Value> results(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const ValueType& type = impl_->types[wanted[i]];
    results[i].width = type.width;
    if (type.kind == ValueType::Kind::kNumber) results[i].numbers.resize(batch.rows * type.width);
    if (type.kind == ValueType::Kind::kCode) results[i].codes.resize(batch.rows);
  }
  const auto translated = impl_->translate(batch);
  std::vector<TileValue> values(plan.nodes.size());
  for (size_t begin = 0; begin < batch.rows; begin += tile_rows) {
    const size_t rows = std::min(tile_rows, batch.rows - begin);
    for (size_t id = 0; id < plan.nodes.size(); ++id) {
      if (needed[id] != 0) impl_->evaluate(id, batch, translated, begin, rows, values);
    }
    for (size_t i = 0; i < wanted.size(); ++i) {
      const TileValue& value = values[wanted[i]];
      std::copy(value.numbers.begin(), value.numbers.end(), results[i].numbers.begin() + static_cast<int64_t>(begin * results[i].width));
      std::copy(value.codes.begin(), value.codes.end(), results[i].codes.begin() + static_cast<int64_t>(begin));
    }
  }
  return results;
}

}  // namespace obligor
