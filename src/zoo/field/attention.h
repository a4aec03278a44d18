// The parts of ft_transformer as operations of a tape: a row holds tokens of k numbers each, one behind the other.
//
//   Slot x = first_token(tape, vectors, cls, k);                         // [cls] before the fields
//   x = layer_norm(tape, x, gain, shift, k);
//   const Slot mixed = attention(tape, {query, key, value}, {k, heads}, 0.2, seed);
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "zoo/net/tape.h"

namespace obligor::field {

// A learned token of k numbers, the same for all rows, before those of x.
[[nodiscard]] net::Slot first_token(net::Tape& tape, net::Slot x, net::Weight token, size_t k);
// The first `count` numbers of each row.
[[nodiscard]] net::Slot first_numbers(net::Tape& tape, net::Slot x, size_t count);
// Each row holds `tokens` of them: the first half of each token, and the second.
[[nodiscard]] std::pair<net::Slot, net::Slot> halves(net::Tape& tape, net::Slot x, size_t tokens);
// Over each token of k numbers; gain and shift k.
[[nodiscard]] net::Slot layer_norm(net::Tape& tape, net::Slot x, net::Weight gain, net::Weight shift, size_t k);

struct Heads {
  size_t width = 0;  // numbers of a token
  size_t count = 1;  // divides it
};
// query: asked x k; key and value: tokens x k; to asked x k. `share` of the attention weights are dropped in training.
[[nodiscard]] net::Slot attention(net::Tape& tape, const std::array<net::Slot, 3>& query_key_value, const Heads& heads, double share, uint64_t seed);

}  // namespace obligor::field
