#include "zoo/sequence/lower.h"

#include <cmath>
#include <numeric>
#include <optional>

namespace obligor::sequence {
namespace {

class Lowerer {
 public:
  Lowerer(const Shape& shape, const std::vector<net::NamedArray>& arrays, PlanBuilder& builder, NodeId features)
      : shape_(shape), arrays_(arrays), builder_(builder), features_(features) {}

  Lowered run() {
    std::vector<NodeId> parts;
    for (size_t i = 0; i < shape_.inputs.size(); ++i) parts.push_back(pooled(i));
    if (!shape_.plain.empty()) parts.push_back(builder_.select(features_, shape_.plain));
    NodeId z = builder_.concat(std::move(parts));
    if (shape_.head > 0) {
      z = builder_.activate(builder_.affine(z, get("hidden W"), get("hidden b"), static_cast<uint32_t>(shape_.head)), "relu");
    }
    return {builder_.affine(z, get("head"), get("head b"), 1), ScoreKind::kLogOdds};
  }

 private:
  [[nodiscard]] const std::vector<float>& get(const std::string& name) const { return arrays_.get(name); }

  NodeId run_of(size_t first, size_t count) {
    std::vector<int32_t> columns;
    for (size_t c = 0; c < count; ++c) columns.push_back(static_cast<int32_t>(first + c));
    return builder_.select(features_, std::move(columns));
  }
  // `width` numbers a step, the steps in the other order.
  NodeId turned(NodeId x, size_t steps, size_t width) {
    std::vector<int32_t> columns;
    for (size_t t = steps; t-- > 0;) {
      for (size_t c = 0; c < width; ++c) columns.push_back(static_cast<int32_t>(t * width + c));
    }
    return builder_.select(x, std::move(columns));
  }
  // A vector that is the same for every row.
  NodeId fixed(NodeId present, const std::vector<float>& values) {
    const auto width = static_cast<uint32_t>(values.size());
    return builder_.affine(present, std::vector<float>(values.size() * builder_.type(present).width, 0.0F), values, width);
  }
  NodeId each_step(NodeId x, const std::string& weight, const std::string& bias, uint32_t steps) {
    return builder_.convolve(x, get(weight), get(bias), steps);
  }

  NodeId pooled(size_t i) {
    const Input& input = shape_.inputs[i];
    auto steps = static_cast<uint32_t>(input.steps);
    const NodeId x = run_of(input.first, input.steps * input.channels);
    if (!input.has_presence && shape_.pool == Pool::kAll) return convolution(i, x, std::nullopt);
    NodeId present = input.has_presence ? run_of(input.first + input.steps * input.channels, input.steps)
                                        : builder_.affine(x, std::vector<float>(input.steps * builder_.type(x).width, 0.0F),
                                                          std::vector<float>(input.steps, 1.0F), steps);
    NodeId last = 0;
    NodeId encoded = 0;
    if (shape_.is_recurrent()) encoded = recurrent(i, x, present, last);
    else if (shape_.encoder == Encoder::kConvolution) encoded = convolution(i, x, present);
    else if (shape_.encoder == Encoder::kImage) {
      present = spread(present, input.steps, input.channels);
      encoded = image(i, x, present);
      steps *= static_cast<uint32_t>(input.channels);
    } else encoded = transformer(i, x, present);
    const NodeId state = over_steps(i, encoded, present, last, steps);
    return shape_.foresight > 0 ? builder_.concat({state, surprise(i, x, present, encoded)}) : state;
  }

  // ln(1 + mean squared error) of the last step that was foretold, and its mean over all of them.
  NodeId surprise(size_t i, NodeId x, NodeId present, NodeId encoded) {
    const Input& input = shape_.inputs[i];
    if (input.steps < 2) return fixed(present, {0, 0});
    const auto pairs = static_cast<uint32_t>(input.steps - 1);
    const auto part = [&](NodeId from, size_t first, size_t width) {
      std::vector<int32_t> columns(pairs * width);
      std::iota(columns.begin(), columns.end(), static_cast<int32_t>(first * width));
      return builder_.select(from, std::move(columns));
    };
    const NodeId foretold = each_step(part(encoded, 0, shape_.hidden), name_of(i, "next W"), name_of(i, "next b"), pairs);
    const NodeId gap = builder_.sum({foretold, part(x, 1, input.channels)}, {1, -1});
    const std::vector<float> share(input.channels, 1 / static_cast<float>(input.channels));
    const NodeId error = builder_.activate(builder_.convolve(builder_.multiply(gap, gap), share, {0.0F}, pairs), "log");
    const NodeId pair = builder_.multiply(part(present, 0, 1), part(present, 1, 1));
    return builder_.concat({builder_.pool(error, pair, "last"), builder_.pool(error, pair, "mean")});
  }

  NodeId over_steps(size_t i, NodeId encoded, NodeId present, NodeId last, uint32_t steps) {
    switch (shape_.pool) {
      case Pool::kLast: return shape_.is_recurrent() ? last : builder_.pool(encoded, present, "last");
      case Pool::kMax: return builder_.pool(encoded, present, "max");
      case Pool::kMean: return builder_.pool(encoded, present, "mean");
      case Pool::kAll: return encoded;
      case Pool::kAttention: break;
    }
    const NodeId keys = builder_.activate(each_step(encoded, name_of(i, "attend W"), name_of(i, "attend b"), steps), "tanh");
    return builder_.attend(fixed(present, get(name_of(i, "attend u"))), keys, encoded, present, 1, steps);
  }

  // The states, and the last of each way.
  NodeId recurrent(size_t i, NodeId x, NodeId present, NodeId& last) {
    const size_t steps = shape_.inputs[i].steps;
    const size_t hidden = shape_.hidden;
    const auto last_of = [&](NodeId states) {
      std::vector<int32_t> columns;
      for (size_t c = 0; c < hidden; ++c) columns.push_back(static_cast<int32_t>((steps - 1) * hidden + c));
      return builder_.select(states, std::move(columns));
    };
    for (size_t l = 0; l < shape_.layers; ++l) {
      const auto cell = [&](NodeId from, NodeId there, bool back) {
        return builder_.recur(from, there, cell_name(shape_.encoder), get(name_of(i, l, "W", back)), get(name_of(i, l, "U", back)),
                              get(name_of(i, l, "b", back)));
      };
      const NodeId ahead = cell(x, present, false);
      if (!shape_.both_ways) {
        x = ahead;
        last = last_of(ahead);
        continue;
      }
      const size_t width = l == 0 ? shape_.inputs[i].channels : shape_.encoded();
      const NodeId back = cell(turned(x, steps, width), turned(present, steps, 1), true);
      last = builder_.concat({last_of(ahead), last_of(back)});
      std::vector<int32_t> columns;
      for (size_t t = 0; t < steps; ++t) {
        for (size_t c = 0; c < hidden; ++c) columns.push_back(static_cast<int32_t>(t * hidden + c));
        for (size_t c = 0; c < hidden; ++c) columns.push_back(static_cast<int32_t>((2 * steps - 1 - t) * hidden + c));
      }
      x = builder_.select(builder_.concat({ahead, back}), std::move(columns));
    }
    return x;
  }

  // Each of `count` columns so many times.
  NodeId spread(NodeId x, size_t count, size_t times) {
    std::vector<int32_t> columns;
    for (size_t c = 0; c < count; ++c) columns.insert(columns.end(), times, static_cast<int32_t>(c));
    return builder_.select(x, std::move(columns));
  }

  // A layer is the sum over the taps of a map of every place, read so much aside. `present`: of each place.
  NodeId image(size_t i, NodeId x, NodeId present) {
    const Input& input = shape_.inputs[i];
    const size_t places = input.steps * input.channels;
    const size_t taps = shape_.taps;
    const size_t before = (taps - 1) - (taps - 1) / 2;
    const NodeId mask = spread(present, places, shape_.hidden);
    size_t depth = 1;
    for (size_t l = 0; l < shape_.layers; ++l) {
      const std::vector<float>& weights = get(name_of(i, l, "W"));  // taps x taps x filters x depth
      const size_t share = shape_.hidden * depth;
      // One column of zeros behind the others stands for every place beyond the edge.
      const NodeId padded = builder_.concat({x, builder_.affine(x, std::vector<float>(places * depth, 0.0F), {0.0F}, 1)});
      std::vector<NodeId> parts;
      for (size_t tap = 0; tap < taps * taps; ++tap) {
        std::vector<int32_t> columns;
        for (size_t place = 0; place < places; ++place) {
          const size_t t = place / input.channels + tap / taps;  // by `before` too large
          const size_t c = place % input.channels + tap % taps;
          const bool inside = t >= before && t < input.steps + before && c >= before && c < input.channels + before;
          const size_t from = inside ? ((t - before) * input.channels + c - before) * depth : places * depth;
          for (size_t d = 0; d < depth; ++d) columns.push_back(static_cast<int32_t>(inside ? from + d : from));
        }
        const auto first = weights.begin() + static_cast<std::ptrdiff_t>(tap * share);
        parts.push_back(builder_.convolve(builder_.select(padded, std::move(columns)), {first, first + static_cast<std::ptrdiff_t>(share)},
                                          tap == 0 ? get(name_of(i, l, "b")) : std::vector<float>(shape_.hidden, 0.0F),
                                          static_cast<uint32_t>(places)));
      }
      const std::vector<float> ones(parts.size(), 1.0F);
      x = builder_.multiply(builder_.activate(builder_.sum(std::move(parts), ones), "relu"), mask);
      depth = shape_.hidden;
    }
    return x;
  }

  // No `present`: every step is there.
  NodeId convolution(size_t i, NodeId x, std::optional<NodeId> present) {
    const auto steps = static_cast<uint32_t>(shape_.inputs[i].steps);
    std::optional<NodeId> mask;
    if (present) mask = spread(*present, steps, shape_.hidden);
    for (size_t l = 0; l < shape_.layers; ++l) {
      const auto dilation = static_cast<uint32_t>(size_t{1} << l);
      const auto reach = static_cast<uint32_t>(shape_.taps - 1) * dilation;
      const NodeId y = builder_.convolve(x, get(name_of(i, l, "W")), get(name_of(i, l, "b")), steps, dilation, reach - reach / 2, reach / 2);
      x = builder_.activate(y, "relu");
      if (mask) x = builder_.multiply(x, *mask);
    }
    return x;
  }

  NodeId transformer(size_t i, NodeId x, NodeId present) {
    const auto steps = static_cast<uint32_t>(shape_.inputs[i].steps);
    const auto heads = static_cast<uint32_t>(shape_.heads);
    const auto norm = [&](NodeId y, const std::string& name) {
      return builder_.normalise(y, get(name), get(name + " b"), static_cast<float>(kNormEpsilon));
    };
    x = each_step(x, name_of(i, "token W"), name_of(i, "token b"), steps);
    std::vector<float> shift = get(name_of(i, "place"));
    for (float& value : shift) value = -value;
    const size_t all = shift.size();
    x = builder_.scale(x, std::move(shift), std::vector<float>(all, 1.0F));
    for (size_t l = 0; l < shape_.layers; ++l) {
      const NodeId seen = norm(x, name_of(i, l, "norm 1"));
      // The scores' scale is folded into the queries.
      const size_t of_a_head = shape_.hidden / shape_.heads;
      const double scale = 1 / std::sqrt(static_cast<double>(of_a_head));
      const auto scaled = [&](std::vector<float> values) {
        for (float& value : values) value = static_cast<float>(scale * static_cast<double>(value));
        return values;
      };
      const NodeId q = builder_.convolve(seen, scaled(get(name_of(i, l, "Q"))), scaled(get(name_of(i, l, "Q b"))), steps);
      const NodeId k = each_step(seen, name_of(i, l, "K"), name_of(i, l, "K b"), steps);
      const NodeId v = each_step(seen, name_of(i, l, "V"), name_of(i, l, "V b"), steps);
      const NodeId mixed = each_step(builder_.attend(q, k, v, present, heads, steps), name_of(i, l, "O"), name_of(i, l, "O b"), steps);
      x = builder_.sum({x, mixed}, {1, 1});
      const NodeId wide = builder_.activate(each_step(norm(x, name_of(i, l, "norm 2")), name_of(i, l, "F"), name_of(i, l, "F b"), steps), "relu");
      x = builder_.sum({x, each_step(wide, name_of(i, l, "G"), name_of(i, l, "G b"), steps)}, {1, 1});
    }
    return norm(x, name_of(i, "norm"));
  }

  const Shape& shape_;
  const net::Lookup arrays_;
  PlanBuilder& builder_;
  NodeId features_;
};

}  // namespace

Lowered lower_network(const Shape& shape, const std::vector<net::NamedArray>& parameters, PlanBuilder& builder, const LoweredInputs& inputs) {
  return Lowerer(shape, parameters, builder, inputs.features).run();
}

}  // namespace obligor::sequence
