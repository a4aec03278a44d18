// doc2vec: logistic regression on the vectors of texts (documents.h) and the plain columns together.
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <Eigen/Dense>

#include "core/error.h"
#include "core/random.h"
#include "zoo/linear/solver.h"
#include "zoo/text/documents.h"
#include "zoo/text/text.h"

namespace obligor {
namespace {

using text::DocumentSpace;
using text::TextColumns;
using text::TextLayout;

constexpr std::string_view kName = "doc2vec";

std::vector<int32_t> words_of(const TextColumns& columns, const float* row) {
  std::vector<int32_t> ids;
  for (size_t t = 0; t < columns.count(row); ++t) ids.push_back(columns.id(row, t));
  return ids;
}

class Doc2Vec final : public Model {
 public:
  Doc2Vec(TextLayout layout, std::vector<DocumentSpace> spaces) : layout_(std::move(layout)), spaces_(std::move(spaces)) {}

  // The vectors of its texts, then the plain columns.
  void features(const float* row, std::vector<float>& out) const {
    for (size_t k = 0; k < spaces_.size(); ++k) {
      for (const double value : spaces_[k].infer(words_of(layout_.texts[k], row))) out.push_back(static_cast<float>(value));
    }
    for (const int32_t column : layout_.plain) out.push_back(row[column]);
  }
  [[nodiscard]] size_t width() const {
    size_t width = layout_.plain.size();
    for (const auto& space : spaces_) width += space.width();
    return width;
  }
  // As they are applied; the intercept last.
  void set_coefficients(std::vector<double> coefficients) { b_ = std::move(coefficients); }

  [[nodiscard]] Scores predict(const Batch& batch) const override {
    Scores scores;
    std::vector<float> x;
    for (size_t r = 0; r < batch.rows; ++r) {
      x.clear();
      features(batch.features.data() + r * batch.width, x);
      double z = b_.back();
      for (size_t i = 0; i < x.size(); ++i) z += b_[i] * static_cast<double>(x[i]);
      scores.values.push_back(1 / (1 + std::exp(-z)));
    }
    return scores;
  }

  [[nodiscard]] Lowered lower(PlanBuilder& builder, const LoweredInputs& inputs) const override {
    std::vector<NodeId> parts;
    for (size_t k = 0; k < spaces_.size(); ++k) {
      const auto nodes = text::lower_text_columns(builder, inputs.features, layout_.texts[k]);
      parts.push_back(spaces_[k].lower(builder, nodes, layout_.texts[k].length));
    }
    if (!layout_.plain.empty()) parts.push_back(builder.select(inputs.features, layout_.plain));
    return {builder.affine(builder.concat(std::move(parts)), {b_.begin(), b_.end() - 1}, {static_cast<float>(b_.back())}, 1), ScoreKind::kLogOdds};
  }

 private:
  TextLayout layout_;
  std::vector<DocumentSpace> spaces_;
  std::vector<double> b_;
};

}  // namespace

FitResult fit_doc2vec(const FitInput& input, const Params& params, const Context& context) {
  TextLayout layout = text::text_layout(input, kName);
  text::check_classes(input, kName);
  text::DocumentSpec spec;
  spec.width = static_cast<size_t>(params.integer("vector_width"));
  spec.negatives = static_cast<size_t>(params.integer("negatives"));
  spec.epochs = static_cast<size_t>(params.integer("vector_epochs"));
  spec.steps = static_cast<size_t>(params.integer("infer_steps"));
  spec.shrink = params.real("shrink");
  std::vector<DocumentSpace> spaces;
  for (size_t k = 0; k < layout.texts.size(); ++k) {
    std::vector<std::vector<int32_t>> texts;
    for (size_t r = 0; r < input.train.rows; ++r) texts.push_back(words_of(layout.texts[k], input.train.features.data() + r * input.train.width));
    spaces.push_back(text::train_documents(texts, layout.texts[k].levels, spec, context.with_seed(derive_seed(context.seed(), "text", k))));
  }
  auto model = std::make_unique<Doc2Vec>(layout, std::move(spaces));

  const size_t width = model->width();
  std::vector<float> x;
  for (size_t r = 0; r < input.train.rows; ++r) {
    if (r % 64 == 0) context.check_cancelled();
    model->features(input.train.features.data() + r * input.train.width, x);
  }
  Batch design;
  design.rows = input.train.rows;
  design.width = width;
  design.features = x;
  // The numbers of a vector are brought to spread 1, so that one penalty serves them all; the plain columns have theirs from the preparation.
  const Eigen::VectorXd spread = linear::Likelihood(design, input.target, input.weight).column_spread();
  std::vector<double> factor(width, 1);
  for (size_t c = 0; c + layout.plain.size() < width; ++c) {
    const double s = spread[static_cast<Eigen::Index>(c)];
    factor[c] = s > 1e-9 ? 1 / s : 0;
    for (size_t r = 0; r < design.rows; ++r) x[r * width + c] = static_cast<float>(static_cast<double>(x[r * width + c]) * factor[c]);
  }
  const linear::Likelihood likelihood(design, input.target, input.weight);
  linear::Penalty penalty;
  penalty.l2 = params.real("strength");
  const auto solution = linear::solve_lbfgs(likelihood, penalty, static_cast<int>(params.integer("max_iterations")), context);
  if (!solution.beta.allFinite()) {
    throw Error(ErrorCode::kNumeric, fmt::format("model '{}': the coefficients are not finite; raise 'strength'", kName));
  }
  FitResult result;
  std::vector<double> coefficients(solution.beta.data(), solution.beta.data() + solution.beta.size());
  result.report.importance.assign(layout.width, 0);
  size_t at = 0;
  for (const TextColumns& columns : layout.texts) {
    for (size_t i = 0; i < spec.width; ++i, ++at) result.report.importance[columns.first] += std::fabs(coefficients[at]);
  }
  for (const int32_t column : layout.plain) {
    result.report.importance[static_cast<size_t>(column)] = std::fabs(coefficients[at]) * spread[static_cast<Eigen::Index>(at)];
    ++at;
  }
  for (size_t c = 0; c < width; ++c) coefficients[c] *= factor[c];
  model->set_coefficients(std::move(coefficients));
  if (!solution.converged) {
    result.report.notes.push_back(fmt::format("not converged after {} iterations; raise max_iterations or strength", solution.iterations));
  }
  result.report.details["iterations"] = solution.iterations;
  result.model = std::move(model);
  return result;
}

}  // namespace obligor
