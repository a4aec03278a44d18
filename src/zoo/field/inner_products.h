// The inner products of a product-based neural network, as one operation of a tape.
//
//   auto products = std::make_unique<InnerProducts>(tape, vectors, fields, weights, units);
//   const Slot z = products->out();                                     // units a row
//   tape.add(std::move(products));
//
//   z_u = || sum_f theta_uf e_f ||^2, the sum over pairs of theta_uf theta_ug <e_f, e_g>
//
// (Qu et al., ICDM 2016, equation 9.) The sums inside are units x k numbers a row, more than all the rest of the network has; so a row is worked
// on alone, in the first cache, and they are made again on the way back.
#pragma once

#include <vector>

#include "core/floats.h"
#include "zoo/field/inner_kernels.h"
#include "zoo/net/tape.h"

namespace obligor::field {

class InnerProducts final : public net::Operation {
 public:
  // vectors: fields x k a row; weights: units x fields.
  InnerProducts(net::Tape& tape, net::Slot vectors, size_t fields, net::Weight weights, size_t units);
  [[nodiscard]] net::Slot out() const { return out_; }
  void forward(size_t rows) override;
  void backward(size_t rows) override;

 private:
  const net::Tape& tape_;
  net::Weight weights_;
  net::Slot out_;
  InnerWork work_;
  Floats memory_;  // of the arrays of work_
  const InnerKernels& kernels_ = inner_kernels();
};

}  // namespace obligor::field
