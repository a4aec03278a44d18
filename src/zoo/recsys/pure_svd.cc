// pure_svd: the leading singular vectors of the 0/1 matrix by subspace iteration with Rayleigh-Ritz.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <Eigen/Dense>

#include "core/random.h"
#include "zoo/recsys/factor_model.h"
#include "zoo/recsys/lists.h"
#include "zoo/recsys/recsys.h"

namespace obligor::zoo {
namespace {

using recsys::Lists;
// Row-major: a row of a customer or product is in one piece.
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Row r of the result is the sum of the rows of `x` that list r names.
Rows sums(const Lists& lists, const Rows& x) {
  Rows result = Rows::Zero(static_cast<Eigen::Index>(lists.size()), x.cols());
  for (size_t r = 0; r < lists.size(); ++r) {
    auto row = result.row(static_cast<Eigen::Index>(r));
    for (const uint32_t item : lists.of(r)) row += x.row(item);
  }
  return result;
}

Rows orthonormal(const Rows& x) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(x);
  return qr.householderQ() * Eigen::MatrixXd::Identity(x.rows(), x.cols());
}

struct Svd {
  Rows right;  // products x factors
  Eigen::VectorXd values;
  int sweeps = 0;
};

// The squared singular values grow to theirs from below; the iteration ends when their sum does no more.
Svd leading(const Lists& by_customer, const Lists& by_product, size_t products, size_t factors, int sweeps, const Context& context) {
  const auto n = static_cast<Eigen::Index>(products);
  const auto wanted = std::min(n, static_cast<Eigen::Index>(factors));
  const auto block = std::min(n, wanted + std::max<Eigen::Index>(10, wanted / 2));
  Random random(context.seed(), "pure_svd");
  Rows start(n, block);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index k = 0; k < block; ++k) start(i, k) = random.normal();
  }
  Svd svd;
  Rows basis = orthonormal(start);
  double before = 0;
  for (svd.sweeps = 1;; ++svd.sweeps) {
    context.check_cancelled();
    const Rows image = sums(by_product, sums(by_customer, basis));
    const Eigen::MatrixXd small = basis.transpose() * image;
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(0.5 * (small + small.transpose()));
    // Ascending: the leading ones are the last.
    const Eigen::MatrixXd turn = solver.eigenvectors().rightCols(wanted).rowwise().reverse();
    const double sum = solver.eigenvalues().tail(wanted).sum();
    if (svd.sweeps >= sweeps || std::fabs(sum - before) <= 1e-9 * sum) {
      svd.right = basis * turn;
      svd.values = solver.eigenvalues().tail(wanted).reverse().cwiseMax(0).cwiseSqrt();
      return svd;
    }
    before = sum;
    basis = orthonormal(image);
  }
}

}  // namespace

InteractionFit fit_pure_svd(const InteractionInput& input, const Params& params, const Context& context) {
  recsys::check_pairs(input.train, false, "pure_svd");
  const auto& pairs = input.train;
  const Lists by_customer = recsys::lists_by_customer(pairs);
  const Svd svd = leading(by_customer, recsys::lists_by_product(pairs), pairs.products, static_cast<size_t>(params.integer("factors")),
                          static_cast<int>(params.integer("sweeps")), context);
  const Rows customers = sums(by_customer, svd.right);
  recsys::Factors factors;
  factors.width = static_cast<size_t>(svd.right.cols());
  // The added row is that of an id which has used, or was used by, nothing: 0.
  factors.customer.assign((pairs.customers + 1) * factors.width, 0.0F);
  factors.product.assign((pairs.products + 1) * factors.width, 0.0F);
  std::transform(customers.data(), customers.data() + customers.size(), factors.customer.begin(), [](double x) { return static_cast<float>(x); });
  std::transform(svd.right.data(), svd.right.data() + svd.right.size(), factors.product.begin(), [](double x) { return static_cast<float>(x); });
  InteractionFit fit{recsys::make_factor_model(std::move(factors)), {}};
  fit.report.notes.push_back(fmt::format("{} sweeps", svd.sweeps));
  fit.report.details["singular_values"] = std::vector<double>(svd.values.data(), svd.values.data() + svd.values.size());
  return fit;
}

}  // namespace obligor::zoo
