// The bodies of bodies.cc as operations of a tape, and the fields before them.
//
//   const FusedBody body = build_fused(tape, shape, layout, weights, source, seed);
//   source = {...};  tape.forward(rows);                                 // logits in tape.value(body.logits)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "zoo/field/layout.h"
#include "zoo/field/pair_attention.h"
#include "zoo/net/tape.h"

namespace obligor::field {

// The rows that a pass reads: row i of it is row order[i] of the arrays, or row i where there is no order.
struct Source {
  const float* numbers = nullptr;    // rows x width
  const int32_t* codes = nullptr;    // rows x code fields, rows of the joint table
  const int32_t* crosses = nullptr;  // rows x crosses
  const uint32_t* order = nullptr;
  [[nodiscard]] size_t row(size_t i) const { return order != nullptr ? order[i] : i; }
};

// Where the gradient of the rows of a table goes: rows are begun at zero when a batch first meets them, and listed.
class TouchedRows {
 public:
  // `whole`: rows x columns, where each row has its place; null: as many rows as a batch can hold, in the order in which they are met.
  void prepare(size_t rows, size_t columns, float* whole, size_t most);
  void begin_batch();
  // The gradient of a row of the table.
  float* at(int32_t row);
  [[nodiscard]] const std::vector<uint32_t>& rows() const { return rows_; }
  [[nodiscard]] float* gradient(size_t i) { return whole_ != nullptr ? whole_ + rows_[i] * columns_ : own_.data() + i * columns_; }

 private:
  size_t columns_ = 0;
  float* whole_ = nullptr;
  std::vector<float> own_;
  std::vector<uint32_t> rows_;
  std::vector<uint32_t> place_;  // of each row of the table, in `rows_`
  std::vector<uint32_t> stamp_;  // the batch that met it last
  uint32_t batch_ = 0;
};

struct FusedWeights {
  float* flat = nullptr;
  float* gradient = nullptr;                                     // null in prediction
  float* table = nullptr;                                        // the joint table: in `flat`, or alone
  std::map<std::string, std::vector<float>>* running = nullptr;  // NAME.mean and NAME.variance of the batch norms
  TouchedRows* rows = nullptr;                                   // of the joint table; null in prediction
  TouchedRows* wide_rows = nullptr;                              // of wide.table, one column
  TouchedRows* cross_rows = nullptr;                             // of wide.crosses
};

// What goes into an activation, by the layer that it belongs to.
struct WatchedSlot {
  std::string layer;
  net::Slot z = 0;
  net::Activation activation = net::Activation::kRelu;
  const PairAttention* pairs = nullptr;  // afm: knows of them without a slot
};

struct FusedBody {
  net::Slot logits = 0;  // one a row; tabm: one a member
  std::vector<WatchedSlot> watched;
};
[[nodiscard]] FusedBody build_fused(net::Tape& tape, const FieldShape& shape, const Layout& layout, const FusedWeights& weights, const Source& source,
                                    uint64_t seed);

}  // namespace obligor::field
