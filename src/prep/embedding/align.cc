#include "prep/embedding/align.h"

#include <algorithm>

#include <fmt/format.h>
#include <Eigen/Dense>

#include "core/error.h"

namespace obligor {

Aligner::Aligner(size_t nodes, size_t width) : width_(width), latest_(nodes * width, 0), known_(nodes, 0) {}

void Aligner::turn(Embedding& embedding) {
  if (embedding.width != width_ || embedding.tokens() != known_.size()) {
    throw Error(ErrorCode::kInvalid, fmt::format("align: an embedding of {} nodes x {} numbers; {} x {} are wanted", embedding.tokens(),
                                                 embedding.width, known_.size(), width_));
  }
  const auto width = static_cast<Eigen::Index>(width_);
  const auto row = [&](const std::vector<float>& vectors, size_t node) {
    return Eigen::Map<const Eigen::VectorXf>(vectors.data() + node * width_, width).cast<double>();
  };
  Eigen::MatrixXd product = Eigen::MatrixXd::Zero(width, width);
  bool any = false;
  for (size_t node = 0; node < known_.size(); ++node) {
    if (known_[node] == 0 || embedding.counts[node] == 0) continue;
    product += row(embedding.vectors, node) * row(latest_, node).transpose();
    any = true;
  }
  Eigen::MatrixXd turn = Eigen::MatrixXd::Identity(width, width);
  if (any) {
    const Eigen::JacobiSVD<Eigen::MatrixXd> parts(product, Eigen::ComputeFullU | Eigen::ComputeFullV);
    turn = parts.matrixU() * parts.matrixV().transpose();
  }
  for (size_t node = 0; node < known_.size(); ++node) {
    if (embedding.counts[node] == 0) continue;
    float* vector = embedding.vectors.data() + node * width_;
    const Eigen::VectorXd turned = turn.transpose() * row(embedding.vectors, node);
    for (size_t i = 0; i < width_; ++i) vector[i] = static_cast<float>(turned[static_cast<Eigen::Index>(i)]);
    std::copy_n(vector, width_, latest_.data() + node * width_);
    known_[node] = 1;
  }
}

}  // namespace obligor
