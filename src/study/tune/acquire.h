// Where to look next: expected improvement over the best so far, maximised over a mixed space.
//
//   std::optional<Point> next = propose(gp, space, seen, random);
//
// EI of maximising: (m - b) Phi(z) + s phi(z), z = (m - b) / s (Jones, Schonlau & Welch 1998, eq. 15). b is the largest posterior mean at
// the points seen, which a lucky noisy value does not raise (Picheny, Wagner & Ginsbourger 2013). Maximised by random points and by
// steps of shrinking size around the best points seen and the best found; each is rounded to what can be run before it is valued, and
// what was run is never proposed again. Compared by its logarithm, which does not underflow.
#pragma once

#include <optional>
#include <span>

#include "study/tune/gp.h"
#include "study/tune/space.h"

namespace obligor {

[[nodiscard]] double expected_improvement(double mean, double sd, double best);
// Its logarithm, accurate where EI itself is 0 in double; minus infinity when sd is 0 and mean is not above best.
[[nodiscard]] double log_expected_improvement(double mean, double sd, double best);

// Nothing when every point that was tried has been seen: the space is exhausted.
[[nodiscard]] std::optional<Point> propose(const GaussianProcess& gp, const SearchSpace& space, std::span<const Point> seen, Random& random);

}  // namespace obligor
