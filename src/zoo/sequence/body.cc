#include <array>
#include <limits>
#include <vector>

#include "zoo/net/torch-inl.h"
#include "zoo/sequence/body-inl.h"
#include "zoo/sequence/lower.h"

namespace obligor::sequence {
namespace {

using at::Tensor;
using net::size_of;

class Body {
 public:
  explicit Body(const Pass& pass) : pass_(pass), shape_(pass.shape) {}

  Tensor run(const Tensor& columns) const {
    std::vector<Tensor> parts;
    for (size_t i = 0; i < shape_.inputs.size(); ++i) parts.push_back(drop(pooled(i, columns)));
    if (!shape_.plain.empty()) {
      Tensor chosen = at::empty({size_of(shape_.plain.size())}, at::kLong);
      std::copy(shape_.plain.begin(), shape_.plain.end(), chosen.data_ptr<int64_t>());
      parts.push_back(columns.index_select(1, chosen.to(columns.device())));
    }
    Tensor z = at::cat(parts, 1);
    if (shape_.head > 0) {
      z = at::linear(z, get("hidden W"), get("hidden b"));
      if (pass_.before_hidden != nullptr) *pass_.before_hidden = z;
      z = drop(at::relu(z));
    }
    return at::mv(z, get("head")) + get("head b");
  }

 private:
  [[nodiscard]] const Tensor& get(const std::string& name) const { return pass_.weights.at(name); }

  [[nodiscard]] Tensor drop(const Tensor& x) const {
    if (pass_.dropout == nullptr || shape_.dropout <= 0) return x;
    const double kept = 1 - shape_.dropout;
    return x * at::empty(x.sizes(), at::kFloat).bernoulli_(kept, *pass_.dropout).div_(kept).to(x.device());
  }

  // ln(1 + e) of the last step that was foretold and its mean over all of them, e the mean squared error of a step's channels; 0 where there is none.
  [[nodiscard]] Tensor surprise(size_t i, const Tensor& x, const Tensor& present, const Tensor& encoded) const {
    const int64_t steps = x.size(1);
    if (steps < 2) return at::zeros({x.size(0), 2}, x.options());
    const Tensor foretold = at::linear(encoded.narrow(1, 0, steps - 1), get(name_of(i, "next W")), get(name_of(i, "next b")));
    const Tensor error = (foretold - x.narrow(1, 1, steps - 1)).square().mean(2);
    const Tensor pair =
        present.defined() ? present.narrow(1, 0, steps - 1).logical_and(present.narrow(1, 1, steps - 1)) : at::ones_like(error, at::kBool);
    const Tensor there = pair.to(error.scalar_type());
    if (pass_.foresight != nullptr) {
      const Tensor mean = (error * there).sum() / there.sum().clamp_min(1);
      *pass_.foresight = pass_.foresight->defined() ? *pass_.foresight + mean : mean;
    }
    const Tensor logged = at::log1p(error);
    return at::cat({last_present(logged.unsqueeze(2), pair), ((logged * there).sum(1) / there.sum(1).clamp_min(1)).unsqueeze(1)}, 1);
  }

  [[nodiscard]] Tensor pooled(size_t i, const Tensor& columns) const {
    const Input& input = shape_.inputs[i];
    const int64_t rows = columns.size(0);
    const int64_t all_steps = size_of(input.steps);
    const int64_t held = all_steps * size_of(input.channels);
    Tensor x = columns.narrow(1, size_of(input.first), held).reshape({rows, all_steps, size_of(input.channels)});
    // Undefined where every step of every row is there: nothing needs to be masked then.
    Tensor present;
    int64_t first = 0;
    if (input.has_presence) {
      present = columns.narrow(1, size_of(input.first) + held, all_steps).gt(0);
      // Steps before the first and after the last that any of the rows has are not computed.
      const Tensor used = present.any(0).nonzero().cpu();
      first = used.size(0) == 0 ? all_steps - 1 : used[0].item<int64_t>();
      const int64_t steps = used.size(0) == 0 ? 1 : used[used.size(0) - 1].item<int64_t>() + 1 - first;
      x = x.narrow(1, first, steps);
      present = present.narrow(1, first, steps);
      if (present.all().item<bool>()) present = Tensor();
    }
    Tensor last;
    Tensor encoded;
    if (shape_.is_recurrent()) encoded = recurrent(i, x, present, last);
    else if (shape_.encoder == Encoder::kConvolution) encoded = convolution(i, x, present);
    else if (shape_.encoder == Encoder::kImage) {
      encoded = image(i, x, present);
      if (present.defined()) present = present.repeat_interleave(size_of(input.channels), 1);
    } else encoded = transformer(i, x, present, first);
    Tensor state = over_steps(i, encoded, present, last);
    return shape_.foresight > 0 ? at::cat({state, surprise(i, x, present, encoded)}, 1) : state;
  }

  [[nodiscard]] Tensor over_steps(size_t i, const Tensor& encoded, const Tensor& present, const Tensor& last) const {
    switch (shape_.pool) {
      case Pool::kLast: return shape_.is_recurrent() ? last : last_present(encoded, present);
      case Pool::kMax: {
        if (!present.defined()) return encoded.amax(1);
        const Tensor most = encoded.masked_fill(present.logical_not().unsqueeze(2), -std::numeric_limits<double>::infinity()).amax(1);
        return most.masked_fill(present.any(1).logical_not().unsqueeze(1), 0);
      }
      case Pool::kMean: {
        if (!present.defined()) return encoded.mean(1);
        const Tensor there = present.to(encoded.scalar_type()).unsqueeze(2);
        return (encoded * there).sum(1) / there.sum(1).clamp_min(1);
      }
      case Pool::kAll: return encoded.flatten(1);
      case Pool::kAttention: break;
    }
    // alpha_t = softmax(u' tanh(W h_t + b)) (Wang, Han, Liu & Luo 2019).
    const Tensor scores =
        at::matmul(at::tanh(at::linear(encoded, get(name_of(i, "attend W")), get(name_of(i, "attend b")))), get(name_of(i, "attend u")));
    return (encoded * softmax(scores, present).unsqueeze(2)).sum(1);
  }

  // Over the last axis; where nothing is present the weights are 0.
  static Tensor softmax(const Tensor& scores, const Tensor& present) {
    if (!present.defined()) return at::softmax(scores, -1);
    const Tensor absent = present.logical_not();
    // A finite mask, so that rows without any step have no NaN, in the gradient neither.
    return at::softmax(scores.masked_fill(absent, -1e30), -1).masked_fill(absent, 0);
  }

  static Tensor last_present(const Tensor& encoded, const Tensor& present) {
    if (!present.defined()) return encoded.select(1, encoded.size(1) - 1);
    const Tensor place = at::arange(1, encoded.size(1) + 1, at::TensorOptions().dtype(at::kLong).device(encoded.device()));
    const Tensor found = (place * present).amax(1);  // 0: none
    const Tensor at_place = (found - 1).clamp_min(0).view({-1, 1, 1}).expand({-1, 1, encoded.size(2)});
    return encoded.gather(1, at_place).squeeze(1).masked_fill(found.eq(0).unsqueeze(1), 0);
  }

  // Rows x steps x hidden, one way; in the order in which the steps are visited where `back`, turned again at the end.
  [[nodiscard]] Tensor states(size_t i, size_t l, const Tensor& x, const Tensor& present, bool back, Tensor& last) const {
    const int64_t hidden = size_of(shape_.hidden);
    const int64_t steps = x.size(1);
    const Tensor& state_weight = get(name_of(i, l, "U", back));
    const Tensor& bias = get(name_of(i, l, "b", back));
    const int64_t rows_of_gates = size_of(shape_.gates()) * hidden;
    const Tensor of_input = at::linear(x, get(name_of(i, l, "W", back)), bias.narrow(0, 0, rows_of_gates));
    Tensor h = at::zeros({x.size(0), hidden}, x.options());
    Tensor c = h;
    const Tensor turned = state_weight.t();
    std::vector<Tensor> all(static_cast<size_t>(steps));
    const int64_t cut = size_of(shape_.bptt);
    for (int64_t k = 0; k < steps; ++k) {
      // Truncated (Williams & Peng 1990): cut so that the steps visited last have a whole run of `bptt` steps.
      if (cut > 0 && k > 0 && (steps - k) % cut == 0) {
        h = h.detach();
        c = c.detach();
      }
      const int64_t t = back ? steps - 1 - k : k;
      const Tensor a = of_input.select(1, t);
      Tensor fresh;
      Tensor cell;
      switch (shape_.encoder) {
        case Encoder::kLstm: {
          const Tensor sum = at::addmm(a, h, turned);
          const auto part = [&](int64_t g) { return sum.narrow(1, g * hidden, hidden); };
          const Tensor open = at::sigmoid(sum.narrow(1, 0, 2 * hidden));
          cell = open.narrow(1, hidden, hidden) * c + open.narrow(1, 0, hidden) * at::tanh(part(2));
          fresh = at::sigmoid(part(3)) * at::tanh(cell);
          break;
        }
        case Encoder::kGru: {
          const Tensor b = at::addmm(bias.narrow(0, rows_of_gates, rows_of_gates), h, turned);
          const Tensor open = at::sigmoid(a.narrow(1, 0, 2 * hidden) + b.narrow(1, 0, 2 * hidden));
          const Tensor n = at::tanh(a.narrow(1, 2 * hidden, hidden) + open.narrow(1, 0, hidden) * b.narrow(1, 2 * hidden, hidden));
          fresh = n + open.narrow(1, hidden, hidden) * (h - n);
          break;
        }
        default: fresh = at::tanh(at::addmm(a, h, turned));
      }
      if (present.defined()) {
        const Tensor there = present.narrow(1, t, 1);
        h = at::where(there, fresh, h);
        if (cell.defined()) c = at::where(there, cell, c);
      } else {
        h = fresh;
        if (cell.defined()) c = cell;
      }
      all[static_cast<size_t>(t)] = h;
    }
    last = h;
    return at::stack(all, 1);
  }

  [[nodiscard]] Tensor recurrent(size_t i, Tensor x, const Tensor& present, Tensor& last) const {
    for (size_t l = 0; l < shape_.layers; ++l) {
      if (l > 0) x = drop(x);
      Tensor ahead = states(i, l, x, present, false, last);
      if (shape_.both_ways) {
        Tensor first;
        const Tensor back = states(i, l, x, present, true, first);
        ahead = at::cat({ahead, back}, 2);
        last = at::cat({last, first}, 1);
      }
      x = ahead;
    }
    return x;
  }

  [[nodiscard]] Tensor convolution(size_t i, const Tensor& given, const Tensor& present) const {
    Tensor x = given.transpose(1, 2);
    for (size_t l = 0; l < shape_.layers; ++l) {
      const int64_t dilation = int64_t{1} << l;
      const int64_t reach = (size_of(shape_.taps) - 1) * dilation;
      const Tensor padded = at::constant_pad_nd(x, {reach - reach / 2, reach / 2});
      const std::array<int64_t, 1> one{1};
      const std::array<int64_t, 1> none{0};
      const std::array<int64_t, 1> apart{dilation};
      x = at::relu(at::conv1d(padded, get(name_of(i, l, "W")).transpose(1, 2), get(name_of(i, l, "b")), at::IntArrayRef(one), at::IntArrayRef(none),
                              at::IntArrayRef(apart)));
      if (present.defined()) x = x * present.to(x.scalar_type()).unsqueeze(1);
      if (l + 1 < shape_.layers) x = drop(x);
    }
    return x.transpose(1, 2);
  }

  [[nodiscard]] Tensor image(size_t i, const Tensor& given, const Tensor& present) const {
    Tensor x = given.unsqueeze(1);  // rows x depth x steps x channels
    const int64_t reach = size_of(shape_.taps) - 1;
    for (size_t l = 0; l < shape_.layers; ++l) {
      const Tensor padded = at::constant_pad_nd(x, {reach - reach / 2, reach / 2, reach - reach / 2, reach / 2});
      x = at::relu(at::conv2d(padded, get(name_of(i, l, "W")).permute({2, 3, 0, 1}), get(name_of(i, l, "b"))));
      if (present.defined()) x = x * present.to(x.scalar_type()).view({x.size(0), 1, x.size(2), 1});
      if (l + 1 < shape_.layers) x = drop(x);
    }
    return x.flatten(2).transpose(1, 2);
  }

  [[nodiscard]] Tensor transformer(size_t i, const Tensor& given, const Tensor& present, int64_t first) const {
    const int64_t width = size_of(shape_.hidden);
    const int64_t heads = size_of(shape_.heads);
    const int64_t steps = given.size(1);
    const int64_t of_head = width / heads;
    const auto map = [&](const Tensor& x, size_t l, const char* what) {
      return at::linear(x, get(name_of(i, l, what)), get(name_of(i, l, std::string(what) + " b")));
    };
    const auto norm = [&](const Tensor& x, const std::string& name) { return at::layer_norm(x, {width}, get(name), get(name + " b"), kNormEpsilon); };
    Tensor x = at::linear(given, get(name_of(i, "token W")), get(name_of(i, "token b"))) +
               get(name_of(i, "place")).view({-1, width}).narrow(0, first, steps);
    for (size_t l = 0; l < shape_.layers; ++l) {
      const Tensor seen = norm(x, name_of(i, l, "norm 1"));
      const auto split = [&](const char* what) { return map(seen, l, what).view({-1, steps, heads, of_head}).transpose(1, 2); };
      const Tensor scores = at::matmul(split("Q"), split("K").transpose(2, 3)) / std::sqrt(static_cast<double>(of_head));
      const Tensor mask = present.defined() ? present.view({-1, 1, 1, steps}) : Tensor();
      const Tensor mixed = at::matmul(softmax(scores, mask), split("V")).transpose(1, 2).reshape({-1, steps, width});
      x = x + drop(map(mixed, l, "O"));
      x = x + drop(map(at::relu(map(norm(x, name_of(i, l, "norm 2")), l, "F")), l, "G"));
    }
    return norm(x, name_of(i, "norm"));
  }

  const Pass& pass_;
  const Shape& shape_;
};

}  // namespace

Tensor forward(const Pass& pass, const Tensor& columns) { return Body(pass).run(columns); }

}  // namespace obligor::sequence
