// Metrics of recommendation: where one held-back product lands among others, how far ratings are off, and whether two models differ.
//
//   const RankShare share = rank_share(score_of_held_back, scores_of_others, 10);      // of one customer
//   share.hit; share.ndcg;                                                             // HR@10 and NDCG@10 of that customer
//   const Interval r = cluster_mean(cluster_sums(squares, customer_of_row, customers), Transform::kSquareRoot, {.seed = 1});
//
// HR@K = 1 where the held-back product is among the first K; NDCG@K = 1 / log2(position + 1) there, 0 beyond (one relevant product, so that the
// ideal is 1). Products of equal score stand in every order equally often: hit and ndcg are the means over those orders, so that a model that
// scores all alike gets K / n and nothing depends on the order of a file.
// Intervals resample customers, who are what is independent, not rows: a drawn customer brings all of its rows. Percentiles at `confidence`.
// Papers: He et al., WWW 2017, section 4.1 (protocol); Jarvelin & Kekalainen, ACM TOIS 20 (2002) (NDCG); Cameron, Gelbach, Miller, Review of
// Economics and Statistics 90 (2008) (resampling whole clusters).
// Errors: kInvalid for no values, sizes that differ, a customer out of range or K of 0; kNumeric for a value that is not finite.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "metric/bootstrap.h"

namespace obligor::metric {

struct RankShare {
  double hit = 0;
  double ndcg = 0;
};

[[nodiscard]] RankShare rank_share(double held_back, std::span<const double> others, size_t k);

// Sums by customer of what a model made of the customer's rows: the mean over all rows is sum / count.
struct ClusterSums {
  std::vector<double> sum;    // a value a customer
  std::vector<double> count;  // rows of it
};
[[nodiscard]] ClusterSums cluster_sums(std::span<const double> values, std::span<const uint32_t> customer, size_t customers);

// transform(sum of sums / sum of counts): the identity, or a square root.
enum class Transform : uint8_t { kNone, kSquareRoot };
[[nodiscard]] Interval cluster_mean(const ClusterSums& sums, Transform transform, const BootstrapOptions& options = {});

// a less b on the same customers (and the same rows of them). The p-value is that of the difference of the means before the transform, two-sided,
// normal, with its variance over customers; 1 where all differences are 0.
struct ClusterDifference {
  Interval difference;
  double p = 1;
};
[[nodiscard]] ClusterDifference cluster_difference(const ClusterSums& a, const ClusterSums& b, Transform transform,
                                                   const BootstrapOptions& options = {});

// AUC of rows that come in clusters (the months of a loan), its interval over whole clusters. A resample of one class is left out.
// Errors: those of RankedSample too.
[[nodiscard]] Interval cluster_auc(std::span<const double> scores, std::span<const uint8_t> target, std::span<const uint32_t> cluster,
                                   const BootstrapOptions& options = {});

}  // namespace obligor::metric
