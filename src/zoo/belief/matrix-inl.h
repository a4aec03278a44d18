// Flat arrays seen as matrices, for the .cc files of this room.
#pragma once

#include <span>
#include <vector>

#include <Eigen/Dense>

#include "zoo/belief/layer.h"

namespace obligor::belief {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;
using RowMap = Eigen::Map<const Eigen::RowVectorXf>;

inline Eigen::Index index_of(size_t n) { return static_cast<Eigen::Index>(n); }
inline ConstMap matrix(std::span<const float> values, size_t columns) {
  return {values.data(), columns == 0 ? 0 : index_of(values.size() / columns), index_of(columns)};
}
inline RowMap row(const std::vector<float>& values) { return {values.data(), index_of(values.size())}; }
inline std::vector<float> flat(const Matrix& m) { return {m.data(), m.data() + m.size()}; }

inline Matrix sigmoid(const Matrix& z) { return (1 / (1 + (-z.array()).exp())).matrix(); }

inline Matrix hidden_of(const Layer& layer, const Eigen::Ref<const Matrix>& visible) {
  return sigmoid((visible * matrix(layer.weights, layer.visible).transpose()).rowwise() + row(layer.hidden_bias));
}

inline Matrix visible_of(const Layer& layer, const Eigen::Ref<const Matrix>& hidden) {
  Matrix z = (hidden * matrix(layer.weights, layer.visible)).rowwise() + row(layer.visible_bias);
  for (Eigen::Index c = 0; c < z.cols(); ++c) {
    if (layer.is_number[static_cast<size_t>(c)] <= 0) z.col(c) = (1 / (1 + (-z.col(c).array()).exp())).matrix();
  }
  return z;
}

}  // namespace obligor::belief
