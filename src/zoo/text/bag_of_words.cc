// bag_of_words: logistic regression on the words of texts and the plain columns together. The design is sparse, the solver that of `logistic`.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>
#include <Eigen/Dense>

#include "core/error.h"
#include "zoo/linear/solver.h"
#include "zoo/text/columns.h"
#include "zoo/text/text.h"

namespace obligor {
namespace {

using text::TextColumns;
using text::TextLayout;

constexpr std::string_view kName = "bag_of_words";
constexpr size_t kWordsShown = 25;

struct Shape {
  TextLayout layout;
  bool by_length = false;  // words are divided by sqrt(1 + their number)
  bool length = false;     // ln(1 + number of words) is a column
};

// Coefficients as they are applied: b of the plain columns, for each text those of its words and of its length, the intercept.
struct Coefficients {
  std::vector<double> plain;
  std::vector<std::vector<double>> words;  // by text, by id
  std::vector<double> length;              // by text
  double intercept = 0;
};

double shrink(const Shape& shape, size_t words) { return shape.by_length ? 1 / std::sqrt(1 + static_cast<double>(words)) : 1.0; }

double log_odds(const Shape& shape, const Coefficients& b, const float* row) {
  double z = b.intercept;
  for (size_t j = 0; j < shape.layout.plain.size(); ++j) z += b.plain[j] * static_cast<double>(row[shape.layout.plain[j]]);
  for (size_t k = 0; k < shape.layout.texts.size(); ++k) {
    const TextColumns& columns = shape.layout.texts[k];
    const size_t n = columns.count(row);
    double sum = 0;
    for (size_t t = 0; t < n; ++t) sum += b.words[k][static_cast<size_t>(columns.id(row, t))];
    z += shrink(shape, n) * sum + b.length[k] * std::log1p(static_cast<double>(n));
  }
  return z;
}

class BagOfWords final : public Model {
 public:
  BagOfWords(Shape shape, Coefficients coefficients) : shape_(std::move(shape)), b_(std::move(coefficients)) {}

  [[nodiscard]] Scores predict(const Batch& batch) const override {
    Scores scores;
    scores.values.reserve(batch.rows);
    for (size_t r = 0; r < batch.rows; ++r) {
      scores.values.push_back(1 / (1 + std::exp(-log_odds(shape_, b_, batch.features.data() + r * batch.width))));
    }
    return scores;
  }

  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    const auto to_float = [](const std::vector<double>& values) { return std::vector<float>(values.begin(), values.end()); };
    std::vector<NodeId> parts;
    for (size_t k = 0; k < shape_.layout.texts.size(); ++k) {
      const TextColumns& columns = shape_.layout.texts[k];
      const auto nodes = text::lower_text_columns(builder, inputs.features, columns);
      const NodeId words = builder.embed(nodes.ids, to_float(b_.words[k]), 1);
      builder.name(words, columns.name + " (coefficients of its words)");
      NodeId sum = builder.affine(words, std::vector<float>(columns.length, 1), {0.0F}, 1);
      const NodeId logged = builder.activate(nodes.count, "log");
      if (shape_.by_length) sum = builder.multiply(sum, builder.activate(builder.scale(logged, {0.0F}, {-0.5F}), "exp"));
      parts.push_back(sum);
      if (shape_.length) parts.push_back(builder.affine(logged, {static_cast<float>(b_.length[k])}, {0.0F}, 1));
    }
    const auto intercept = static_cast<float>(b_.intercept);
    if (shape_.layout.plain.empty()) {
      parts.push_back(builder.affine(builder.concat(parts), std::vector<float>(parts.size(), 0), {intercept}, 1));
    } else {
      parts.push_back(builder.affine(builder.select(inputs.features, shape_.layout.plain), to_float(b_.plain), {intercept}, 1));
    }
    return {builder.sum(parts, std::vector<float>(parts.size(), 1)), ScoreKind::kLogOdds};
  }

 private:
  Shape shape_;
  Coefficients b_;
};

// The rows as a sparse matrix beside a dense one. Columns of words are scaled so that one penalty serves all.
class SparseLoss final : public linear::Loss {
 public:
  SparseLoss(const FitInput& input, const Shape& shape, std::vector<std::vector<double>> word_scale, double length_scale)
      : input_(input), shape_(shape), word_scale_(std::move(word_scale)), length_scale_(length_scale) {
    size_t at = shape.layout.plain.size();
    for (const TextColumns& columns : shape.layout.texts) {
      word_begin_.push_back(at);
      at += columns.levels + 1;  // and the length
    }
    size_ = at + 1;
    begins_.push_back(0);
    for (size_t r = 0; r < input.train.rows; ++r) {
      const float* row = input.train.features.data() + r * input.train.width;
      for (size_t k = 0; k < shape.layout.texts.size(); ++k) add_text(shape.layout.texts[k], k, row);
      begins_.push_back(entries_.size());
      total_ += weight(r);
    }
  }

  [[nodiscard]] Eigen::Index size() const override { return static_cast<Eigen::Index>(size_); }
  [[nodiscard]] double total_weight() const override { return total_; }

  double evaluate(const Eigen::VectorXd& beta, Eigen::VectorXd* gradient, Eigen::MatrixXd* /*hessian*/) const override {
    if (gradient != nullptr) gradient->setZero(size());
    double loss = 0;
    const auto& plain = shape_.layout.plain;
    for (size_t r = 0; r < input_.train.rows; ++r) {
      const float* row = input_.train.features.data() + r * input_.train.width;
      double z = beta[size() - 1];
      for (size_t j = 0; j < plain.size(); ++j) z += beta[static_cast<Eigen::Index>(j)] * static_cast<double>(row[plain[j]]);
      for (size_t e = begins_[r]; e < begins_[r + 1]; ++e) z += beta[entries_[e].column] * entries_[e].value;
      const double w = weight(r);
      const double y = input_.target[r] != 0 ? 1.0 : 0.0;
      const double e = std::exp(-std::fabs(z));
      loss += w * (std::max(z, 0.0) - y * z + std::log1p(e));
      if (gradient == nullptr) continue;
      const double slope = w * ((z >= 0 ? 1 / (1 + e) : e / (1 + e)) - y);
      for (size_t j = 0; j < plain.size(); ++j) (*gradient)[static_cast<Eigen::Index>(j)] += slope * static_cast<double>(row[plain[j]]);
      for (size_t i = begins_[r]; i < begins_[r + 1]; ++i) (*gradient)[entries_[i].column] += slope * entries_[i].value;
      (*gradient)[size() - 1] += slope;
    }
    return loss;
  }

  [[nodiscard]] Coefficients coefficients(const Eigen::VectorXd& beta) const {
    Coefficients b;
    b.plain.assign(beta.data(), beta.data() + shape_.layout.plain.size());
    for (size_t k = 0; k < shape_.layout.texts.size(); ++k) {
      auto& words = b.words.emplace_back();
      for (size_t id = 0; id < shape_.layout.texts[k].levels; ++id) {
        words.push_back(beta[static_cast<Eigen::Index>(word_begin_[k] + id)] * word_scale_[k][id]);
      }
      b.length.push_back(beta[static_cast<Eigen::Index>(word_begin_[k] + words.size())] * length_scale_);
    }
    b.intercept = beta[size() - 1];
    return b;
  }

 private:
  struct Entry {
    Eigen::Index column;
    double value;
  };

  [[nodiscard]] double weight(size_t row) const { return input_.weight.empty() ? 1.0 : input_.weight[row]; }

  void add_text(const TextColumns& columns, size_t k, const float* row) {
    const size_t n = columns.count(row);
    ids_.clear();
    for (size_t t = 0; t < n; ++t) ids_.push_back(columns.id(row, t));
    std::sort(ids_.begin(), ids_.end());
    const double share = shrink(shape_, n);
    for (size_t i = 0; i < n;) {
      size_t end = i;
      while (end < n && ids_[end] == ids_[i]) ++end;
      const auto id = static_cast<size_t>(ids_[i]);
      const double value = word_scale_[k][id] * share * static_cast<double>(end - i);
      if (value != 0) entries_.push_back({static_cast<Eigen::Index>(word_begin_[k] + id), value});
      i = end;
    }
    if (shape_.length && n > 0) {
      entries_.push_back({static_cast<Eigen::Index>(word_begin_[k] + columns.levels), length_scale_ * std::log1p(static_cast<double>(n))});
    }
  }

  const FitInput& input_;
  const Shape& shape_;
  std::vector<std::vector<double>> word_scale_;
  double length_scale_;
  std::vector<size_t> word_begin_;
  size_t size_ = 0;
  std::vector<size_t> begins_;
  std::vector<Entry> entries_;
  std::vector<int32_t> ids_;
  double total_ = 0;
};

// In how much weight of rows each word stands.
std::vector<std::vector<double>> weight_with_word(const FitInput& input, const TextLayout& layout) {
  std::vector<std::vector<double>> found;
  for (const TextColumns& columns : layout.texts) {
    auto& weight = found.emplace_back(columns.levels, 0.0);
    std::vector<size_t> last(columns.levels, std::numeric_limits<size_t>::max());
    for (size_t r = 0; r < input.train.rows; ++r) {
      const float* row = input.train.features.data() + r * input.train.width;
      for (size_t t = 0; t < columns.count(row); ++t) {
        const auto id = static_cast<size_t>(columns.id(row, t));
        if (last[id] == r) continue;
        last[id] = r;
        weight[id] += input.weight.empty() ? 1.0 : input.weight[r];
      }
    }
  }
  return found;
}

// The words that push furthest each way: coefficient times the square root of how often they come.
Json strongest_words(const TextColumns& columns, const std::vector<double>& coefficients, const std::vector<double>& weight) {
  std::vector<size_t> order(columns.levels - 1);
  std::iota(order.begin(), order.end(), size_t{0});
  const auto push = [&](size_t id) { return coefficients[id] * std::sqrt(weight[id]); };
  const auto rows = [&](bool bad) {
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return bad ? push(a) > push(b) : push(a) < push(b); });
    Json list = Json::array();
    for (size_t i = 0; i < std::min(kWordsShown, order.size()); ++i) {
      if (bad ? push(order[i]) <= 0 : push(order[i]) >= 0) break;
      list.push_back({{"word", columns.words[order[i]]}, {"coefficient", coefficients[order[i]]}, {"texts", weight[order[i]]}});
    }
    return list;
  };
  return {{"column", columns.name}, {"words", columns.levels - 1}, {"bad", rows(true)}, {"good", rows(false)}};
}

// Weighted standard deviation of what each prepared column adds to the log-odds; a text's stands at its first word.
std::vector<double> spreads(const FitInput& input, const Shape& shape, const Coefficients& b) {
  std::vector<double> result(shape.layout.width, 0);
  const auto spread = [&](const auto& value) {
    double sum = 0;
    double squares = 0;
    double mass = 0;
    for (size_t r = 0; r < input.train.rows; ++r) {
      const double w = input.weight.empty() ? 1.0 : input.weight[r];
      const double x = value(input.train.features.data() + r * input.train.width);
      sum += w * x;
      squares += w * x * x;
      mass += w;
    }
    return std::sqrt(std::max(0.0, squares / mass - sum / mass * (sum / mass)));
  };
  for (size_t j = 0; j < shape.layout.plain.size(); ++j) {
    const auto column = static_cast<size_t>(shape.layout.plain[j]);
    result[column] = std::fabs(b.plain[j]) * spread([&](const float* row) { return static_cast<double>(row[column]); });
  }
  for (size_t k = 0; k < shape.layout.texts.size(); ++k) {
    Shape alone{{shape.layout.width, {shape.layout.texts[k]}, {}}, shape.by_length, shape.length};
    const Coefficients own{{}, {b.words[k]}, {b.length[k]}, 0};
    result[shape.layout.texts[k].first] = spread([&](const float* row) { return log_odds(alone, own, row); });
  }
  return result;
}

}  // namespace

FitResult fit_bag_of_words(const FitInput& input, const Params& params, const Context& context) {
  Shape shape{text::text_layout(input, kName), params.text("weighting") != "count", params.flag("length")};
  text::check_classes(input, kName);
  const double strength = params.real("strength");
  const double word_strength = params.real("word_strength");
  const auto texts_with = weight_with_word(input, shape.layout);
  double rows = 0;
  for (size_t r = 0; r < input.train.rows; ++r) rows += input.weight.empty() ? 1.0 : input.weight[r];
  // c = scale x beta: a penalty of `strength` on beta is one of strength / scale^2 on c.
  std::vector<std::vector<double>> scale;
  for (const auto& weight : texts_with) {
    auto& of_text = scale.emplace_back();
    for (size_t id = 0; id < weight.size(); ++id) {
      const double idf = params.text("weighting") == "tfidf" ? 1 + std::log((1 + rows) / (1 + weight[id])) : 1.0;
      of_text.push_back(id + 1 < weight.size() ? std::sqrt(strength / word_strength) * idf : 0.0);  // a word that is not listed says nothing
    }
  }
  const SparseLoss loss(input, shape, std::move(scale), 1);
  linear::Penalty penalty;
  penalty.l2 = strength;
  const auto solution = linear::solve_lbfgs(loss, penalty, static_cast<int>(params.integer("max_iterations")), context);
  if (!solution.beta.allFinite()) {
    throw Error(ErrorCode::kNumeric, fmt::format("model '{}': the coefficients are not finite; raise 'strength' or 'word_strength'", kName));
  }
  Coefficients coefficients = loss.coefficients(solution.beta);
  FitResult result;
  if (!solution.converged) {
    result.report.notes.push_back(fmt::format("not converged after {} iterations; raise max_iterations or word_strength", solution.iterations));
  }
  result.report.importance = spreads(input, shape, coefficients);
  result.report.details["iterations"] = solution.iterations;
  Json texts = Json::array();
  for (size_t k = 0; k < shape.layout.texts.size(); ++k) {
    Json one = strongest_words(shape.layout.texts[k], coefficients.words[k], texts_with[k]);
    if (shape.length) one["length_coefficient"] = coefficients.length[k];
    texts.push_back(std::move(one));
  }
  result.report.details["texts"] = std::move(texts);
  result.model = std::make_unique<BagOfWords>(std::move(shape), std::move(coefficients));
  return result;
}

}  // namespace obligor
