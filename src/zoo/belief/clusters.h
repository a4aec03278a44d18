// Clusters of rows in a space of few numbers: k-means, and the soft clusters of deep embedded clustering.
//
//   Clusters found = k_means(codes, 16, random, context);
//   Cells q = soft_assignment(codes, found.centres);        // n x k, rows sum to 1: Student's t with one degree of freedom (equation 1)
//   Cells p = sharpened(q);                                 // n x k: the target that q is pulled to (equation 3)
//   Pull pull = divergence_gradient(codes, found.centres, p);
//
// Equations are those of Xie, Girshick & Farhadi, ICML 2016, with alpha = 1.
#pragma once

#include <cstdint>
#include <vector>

#include <Eigen/Dense>

#include "core/context.h"
#include "core/random.h"

namespace obligor::belief {

using Cells = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Clusters {
  Cells centres;  // k x d; fewer than were asked for where there are fewer rows that differ
  std::vector<uint32_t> cluster;
  double inertia = 0;  // sum of the squared distances to the own centre
};

// The best of ten starts by k-means++ (Arthur & Vassilvitskii 2007), each moved until nothing changes, 100 times at most. codes: n x d, n > 0.
// Errors: kCancelled.
[[nodiscard]] Clusters k_means(const Cells& codes, size_t k, Random& random, const Context& context);

[[nodiscard]] Cells soft_assignment(const Cells& codes, const Cells& centres);
[[nodiscard]] Cells sharpened(const Cells& q);

// Of KL(p || q), the mean over the rows.
struct Pull {
  double divergence = 0;
  Cells codes;    // n x d (equation 4)
  Cells centres;  // k x d (equation 5)
};
[[nodiscard]] Pull divergence_gradient(const Cells& codes, const Cells& centres, const Cells& p);

}  // namespace obligor::belief
