#include "zoo/linear/likelihood.h"

#include <algorithm>
#include <cmath>

namespace obligor::linear {
namespace {
constexpr size_t kTileRows = 256;
using Tile = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
}  // namespace

Likelihood::Likelihood(const Batch& batch, std::span<const uint8_t> target, std::span<const double> weight)
    : batch_(batch), target_(target), weight_(weight) {
  if (weight.empty()) total_weight_ = static_cast<double>(batch.rows);
  for (const double w : weight) total_weight_ += w;
}

// body(tile with a last column of ones, first row)
template <typename F>
void Likelihood::for_tiles(const F& body) const {
  const auto width = static_cast<Eigen::Index>(batch_.width);
  for (size_t begin = 0; begin < batch_.rows; begin += kTileRows) {
    const auto rows = static_cast<Eigen::Index>(std::min(kTileRows, batch_.rows - begin));
    const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> source(
        batch_.features.data() + begin * batch_.width, rows, width);
    Tile tile(rows, width + 1);
    tile.leftCols(width) = source.cast<double>();
    tile.col(width).setOnes();
    body(tile, begin);
  }
}

double Likelihood::evaluate(const Eigen::VectorXd& beta, Eigen::VectorXd* gradient, Eigen::MatrixXd* hessian) const {
  double loss = 0;
  if (gradient != nullptr) gradient->setZero(size());
  if (hessian != nullptr) hessian->setZero(size(), size());
  for_tiles([&](Tile& tile, size_t begin) {
    const Eigen::VectorXd z = tile * beta;
    Eigen::VectorXd slope(tile.rows());
    Eigen::VectorXd curvature(tile.rows());
    for (Eigen::Index r = 0; r < tile.rows(); ++r) {
      const size_t row = begin + static_cast<size_t>(r);
      const double w = weight_.empty() ? 1.0 : weight_[row];
      const double y = target_[row] != 0 ? 1.0 : 0.0;
      const double e = std::exp(-std::fabs(z[r]));
      const double p = z[r] >= 0 ? 1 / (1 + e) : e / (1 + e);
      loss += w * (std::max(z[r], 0.0) - y * z[r] + std::log1p(e));
      slope[r] = w * (p - y);
      curvature[r] = w * p * (1 - p);
    }
    if (gradient != nullptr) gradient->noalias() += tile.transpose() * slope;
    if (hessian != nullptr) {
      tile.array().colwise() *= curvature.array().sqrt();
      hessian->selfadjointView<Eigen::Lower>().rankUpdate(tile.transpose());
    }
  });
  if (hessian != nullptr) hessian->triangularView<Eigen::StrictlyUpper>() = hessian->transpose();
  return loss;
}

Eigen::VectorXd Likelihood::log_odds(const Eigen::VectorXd& beta) const {
  Eigen::VectorXd all(static_cast<Eigen::Index>(batch_.rows));
  for_tiles([&](const Tile& tile, size_t begin) { all.segment(static_cast<Eigen::Index>(begin), tile.rows()) = tile * beta; });
  return all;
}

Eigen::VectorXd Likelihood::column_spread() const {
  const Eigen::Index width = size() - 1;
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(width);
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(width);
  for_tiles([&](const Tile& tile, size_t begin) {
    for (Eigen::Index r = 0; r < tile.rows(); ++r) {
      const double w = weight_.empty() ? 1.0 : weight_[begin + static_cast<size_t>(r)];
      sum += w * tile.row(r).head(width).transpose();
      squares += w * tile.row(r).head(width).array().square().matrix().transpose();
    }
  });
  const Eigen::ArrayXd mean = sum.array() / total_weight_;
  return (squares.array() / total_weight_ - mean.square()).max(0.0).sqrt().matrix();
}

double Likelihood::curvature_bound() const {
  Eigen::VectorXd direction = Eigen::VectorXd::Ones(size()).normalized();
  double largest = 0;
  for (int i = 0; i < 30; ++i) {
    Eigen::VectorXd next = Eigen::VectorXd::Zero(size());
    for_tiles([&](const Tile& tile, size_t begin) {
      Eigen::VectorXd z = tile * direction;
      if (!weight_.empty()) {
        for (Eigen::Index r = 0; r < z.size(); ++r) z[r] *= weight_[begin + static_cast<size_t>(r)];
      }
      next.noalias() += tile.transpose() * z;
    });
    largest = next.norm();
    if (largest <= 0) return 1.0;
    direction = next / largest;
  }
  return 1.02 * largest / 4;
}

}  // namespace obligor::linear
