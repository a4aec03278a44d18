// Random walks over a graph as a corpus: DeepWalk's first-order ones and node2vec's second-order ones.
//
//   WalkCorpus walks(graph, {.walks = 10, .length = 80, .p = 0.25, .q = 0.25}, context);
//   Embedding embedding = train_skip_gram(walks, {.window = 10}, context);
//
// From v, having come from t, node2vec goes to a neighbour x with a chance proportional to w(v, x) a(t, x), a = 1/p for x = t, 1 for x a
// neighbour of t, 1/q for any other (Grover & Leskovec 2016, section 3.2; "neighbour of t" is an edge from t to x). p = q = 1 is DeepWalk
// (Perozzi, Al-Rfou & Skiena 2014). No table of edges of edges is made: a neighbour is drawn by its weight alone and taken with the chance
// a / max(1, 1/q), and what 1/p exceeds that bound by is set aside for the way back (rejection sampling as in KnightKing, Yang et al., SOSP 2019).
//
// Contract: each round visits the nodes that have an edge in a new random order; a walk ends early only where no edge leads on (directed
// graphs). The same seed gives the same walks with any number of threads. Errors: kInvalid for a spec out of range.
#pragma once

#include <cstdint>
#include <vector>

#include "core/context.h"
#include "prep/embedding/corpus.h"
#include "prep/embedding/graph.h"

namespace obligor {

struct WalkSpec {
  int walks = 10;   // from each node, >= 1
  int length = 80;  // nodes a walk, >= 2
  double p = 1;     // > 0; large: seldom back
  double q = 1;     // > 0; large: stays near, small: goes far
};

// Throws Error{kInvalid} for a value out of range.
void check_spec(const WalkSpec& spec);

class WalkCorpus final : public Corpus {
 public:
  WalkCorpus(const Graph& graph, const WalkSpec& spec, Context context);
  [[nodiscard]] size_t tokens() const override { return graph_.nodes(); }
  void restart() override;
  bool next(std::vector<uint32_t>& sentence) override;

 private:
  void fill_block();

  const Graph& graph_;
  WalkSpec spec_;
  Context context_;
  std::vector<uint32_t> starts_;              // nodes with an edge, in the order of the round
  std::vector<std::vector<uint32_t>> block_;  // walks made ahead, in parallel
  size_t in_block_ = 0;                       // walks of the block that are there
  size_t taken_ = 0;                          // walks of the block that were given out
  size_t at_ = 0;                             // the next start of the round
  int round_ = 0;
};

}  // namespace obligor
