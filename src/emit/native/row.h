// One row without a batch: the steps of a Program over a row of plain numbers.
//
//   std::vector<RowStep> steps = row_steps(program);           // empty: the plan holds an operation that only tiles know
//   row_kernels().run(steps.data(), steps.size(), needed, {cells, row}, numbers, codes);
//
// The workspace is that of a tile of one row: column c of the program stands at numbers[c], without padding. Each step is one cache
// line, so that reading the plan costs little beside running it. What a row yields equals, bit for bit, what it yields in a tile.
#pragma once

#include <cstdint>
#include <vector>

#include "emit/native/program.h"
#include "emit/native/raw_column.h"

namespace obligor::native {

// The keys of an attention that one row takes without a tile, and the numbers of one head of them.
inline constexpr size_t kMostRowKeys = 512;
inline constexpr size_t kMostRowKeyCells = 8192;

struct RowStep {
  Op op = Op::kInput;
  Function function = Function::kIdentity;
  bool rounds = false;
  uint32_t in = 0;
  uint32_t second = 0;  // column of the second code or of presence; raw column of an input
  uint32_t out = 0;
  uint32_t width = 1;
  uint32_t count = 0;  // of what `a` or `data` lists; of kRecur the column of its scratch, of kEmbed its ids
  uint64_t outputs = 0;
  const void* data = nullptr;  // what `op` says: program.h
  const float* a = nullptr;
  const float* b = nullptr;
};

// Points into the program, which must stay where it is.
[[nodiscard]] std::vector<RowStep> row_steps(const Program& program);

struct RowCells {
  const RawColumn* columns = nullptr;
  size_t row = 0;
};

struct RowKernels {
  void (*run)(const RowStep* steps, size_t count, uint64_t needed, RowCells cells, float* numbers, int32_t* codes);
};
[[nodiscard]] const RowKernels& row_kernels();

}  // namespace obligor::native
