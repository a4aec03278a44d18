#include "zoo/belief/clusters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace obligor::belief {
namespace {

using Eigen::Index;

constexpr size_t kStarts = 10;
constexpr size_t kMoves = 100;

// Each next centre is a row drawn by its squared distance to the nearest one so far.
Cells first_centres(const Cells& codes, size_t k, Random& random) {
  const Index n = codes.rows();
  std::vector<Index> chosen{static_cast<Index>(random.below(static_cast<uint64_t>(n)))};
  Eigen::VectorXd distance = Eigen::VectorXd::Constant(n, std::numeric_limits<double>::infinity());
  while (chosen.size() < k) {
    distance = distance.cwiseMin((codes.rowwise() - codes.row(chosen.back())).rowwise().squaredNorm());
    const double total = distance.sum();
    if (!(total > 0)) break;  // every row is a centre already
    double left = random.uniform() * total;
    Index next = n - 1;
    for (Index r = 0; r < n; ++r) {
      left -= distance[r];
      if (left < 0) {
        next = r;
        break;
      }
    }
    chosen.push_back(next);
  }
  Cells centres(static_cast<Index>(chosen.size()), codes.cols());
  for (size_t j = 0; j < chosen.size(); ++j) centres.row(static_cast<Index>(j)) = codes.row(chosen[j]);
  return centres;
}

Clusters moved(const Cells& codes, Cells centres, const Context& context) {
  Clusters out{std::move(centres), std::vector<uint32_t>(static_cast<size_t>(codes.rows()), 0), 0};
  for (size_t move = 0; move < kMoves; ++move) {
    context.check_cancelled();
    bool changed = move == 0;
    out.inertia = 0;
    Cells sums = Cells::Zero(out.centres.rows(), codes.cols());
    std::vector<double> counts(static_cast<size_t>(out.centres.rows()), 0);
    const Eigen::ArrayXXd by_column = out.centres.array();  // a column of all centres lies together
    Eigen::ArrayXd distance(out.centres.rows());
    for (Index r = 0; r < codes.rows(); ++r) {
      distance.setZero();
      for (Index c = 0; c < codes.cols(); ++c) distance += (by_column.col(c) - codes(r, c)).square();
      Index nearest = 0;
      out.inertia += distance.minCoeff(&nearest);
      auto& mine = out.cluster[static_cast<size_t>(r)];
      changed = changed || mine != static_cast<uint32_t>(nearest);
      mine = static_cast<uint32_t>(nearest);
      sums.row(nearest) += codes.row(r);
      counts[static_cast<size_t>(nearest)] += 1;
    }
    if (!changed) break;
    for (Index j = 0; j < out.centres.rows(); ++j) {
      const double count = counts[static_cast<size_t>(j)];
      if (count > 0) out.centres.row(j) = sums.row(j) / count;  // a centre that lost its rows stays
    }
  }
  return out;
}

// 1 / (1 + squared distance), n x k.
Cells nearness(const Cells& codes, const Cells& centres) {
  Cells out(codes.rows(), centres.rows());
  for (Index j = 0; j < centres.rows(); ++j) {
    out.col(j) = (1 + (codes.rowwise() - centres.row(j)).rowwise().squaredNorm().array()).inverse().matrix();
  }
  return out;
}

}  // namespace

Clusters k_means(const Cells& codes, size_t k, Random& random, const Context& context) {
  Clusters best;
  best.inertia = std::numeric_limits<double>::infinity();
  for (size_t start = 0; start < kStarts; ++start) {
    Clusters found = moved(codes, first_centres(codes, k, random), context);
    if (found.inertia < best.inertia) best = std::move(found);
  }
  return best;
}

Cells soft_assignment(const Cells& codes, const Cells& centres) {
  Cells q = nearness(codes, centres);
  const Eigen::VectorXd total = q.rowwise().sum();
  q.array().colwise() /= total.array();
  return q;
}

Cells sharpened(const Cells& q) {
  const Eigen::RowVectorXd size = q.colwise().sum().cwiseMax(1e-12);
  Cells p = (q.array().square().rowwise() / size.array()).matrix();
  const Eigen::VectorXd total = p.rowwise().sum();
  p.array().colwise() /= total.array();
  return p;
}

Pull divergence_gradient(const Cells& codes, const Cells& centres, const Cells& p) {
  const Cells near = nearness(codes, centres);
  const Eigen::VectorXd total = near.rowwise().sum();
  const Cells q = (near.array().colwise() / total.array()).matrix();
  const double share = 1 / static_cast<double>(codes.rows());
  Pull out;
  for (Index r = 0; r < p.rows(); ++r) {
    for (Index j = 0; j < p.cols(); ++j) {
      if (p(r, j) > 0) out.divergence += share * p(r, j) * std::log(p(r, j) / std::max(q(r, j), 1e-300));
    }
  }
  // d/dz_i = 2 sum_j (p_ij - q_ij) (z_i - m_j) / (1 + |z_i - m_j|^2); the centres get the opposite, summed over the rows.
  const Cells force = (2 * share * near.array() * (p - q).array()).matrix();
  const Eigen::VectorXd of_row = force.rowwise().sum();
  const Eigen::VectorXd of_centre = force.colwise().sum().transpose();
  out.codes = (codes.array().colwise() * of_row.array()).matrix() - force * centres;
  out.centres = (centres.array().colwise() * of_centre.array()).matrix() - force.transpose() * codes;
  return out;
}

}  // namespace obligor::belief
