#include "plan/sequence_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace obligor {
namespace {

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

// From `start` on in order: row `row` of the matrix times x.
double product(const std::vector<float>& matrix, size_t row, const float* x, size_t width) {
  double total = 0;
  const float* weights = matrix.data() + row * width;
  for (size_t c = 0; c < width; ++c) total += static_cast<double>(weights[c]) * static_cast<double>(x[c]);
  return total;
}

// The state of one row; float32 between the steps.
class Cell {
 public:
  Cell(const RecurShape& shape, const RecurWeights& weights)
      : shape_(shape), weights_(weights), of_x_(shape.rows()), of_state_(shape.rows()), cell_(shape.hidden) {}

  void reset() { std::fill(cell_.begin(), cell_.end(), 0.0F); }

  void step(const float* x, const float* before, float* after) {
    const size_t hidden = shape_.hidden;
    const bool is_gru = shape_.cell == RecurShape::Cell::kGru;
    for (size_t g = 0; g < shape_.rows(); ++g) {
      of_x_[g] = product(weights_.input, g, x, shape_.channels) + static_cast<double>(weights_.bias[g]);
      of_state_[g] = product(weights_.state, g, before, hidden) + (is_gru ? static_cast<double>(weights_.bias[shape_.rows() + g]) : 0.0);
    }
    for (size_t k = 0; k < hidden; ++k) {
      const auto sum = [&](size_t gate) { return of_x_[gate * hidden + k] + of_state_[gate * hidden + k]; };
      switch (shape_.cell) {
        case RecurShape::Cell::kTanh: after[k] = static_cast<float>(std::tanh(sum(0))); break;
        case RecurShape::Cell::kLstm: {
          const double cell = sigmoid(sum(1)) * static_cast<double>(cell_[k]) + sigmoid(sum(0)) * std::tanh(sum(2));
          cell_[k] = static_cast<float>(cell);
          after[k] = static_cast<float>(sigmoid(sum(3)) * std::tanh(static_cast<double>(cell_[k])));
          break;
        }
        case RecurShape::Cell::kGru: {
          const double update = sigmoid(sum(1));
          const double fresh = std::tanh(of_x_[2 * hidden + k] + sigmoid(sum(0)) * of_state_[2 * hidden + k]);
          after[k] = static_cast<float>((1 - update) * fresh + update * static_cast<double>(before[k]));
          break;
        }
      }
    }
  }

 private:
  const RecurShape& shape_;
  const RecurWeights& weights_;
  std::vector<double> of_x_;
  std::vector<double> of_state_;
  std::vector<float> cell_;
};

}  // namespace

void interpret_attend(const AttendShape& shape, size_t rows, const std::vector<float>& queries, const std::vector<float>& keys,
                      const std::vector<float>& values, const std::vector<float>* present, std::vector<float>& out) {
  std::vector<double> weight(shape.keys);
  for (size_t r = 0; r < rows; ++r) {
    const auto is_there = [&](size_t j) { return present == nullptr || (*present)[r * shape.keys + j] > 0; };
    for (size_t i = 0; i < shape.queries; ++i) {
      for (size_t h = 0; h < shape.heads; ++h) {
        const float* q = queries.data() + ((r * shape.queries + i) * shape.heads + h) * shape.width;
        double largest = -std::numeric_limits<double>::infinity();
        bool any = false;
        for (size_t j = 0; j < shape.keys; ++j) {
          if (!is_there(j)) continue;
          any = true;
          const float* k = keys.data() + ((r * shape.keys + j) * shape.heads + h) * shape.width;
          weight[j] = 0;
          for (size_t c = 0; c < shape.width; ++c) weight[j] += static_cast<double>(q[c]) * static_cast<double>(k[c]);
          if (weight[j] > largest) largest = weight[j];
        }
        double total = 0;
        for (size_t j = 0; j < shape.keys; ++j) {
          if (!is_there(j)) continue;
          weight[j] = std::exp(weight[j] - largest);
          total += weight[j];
        }
        for (size_t c = 0; c < shape.value_width; ++c) {
          double sum = 0;
          for (size_t j = 0; j < shape.keys; ++j) {
            if (!is_there(j)) continue;
            sum += weight[j] * static_cast<double>(values[((r * shape.keys + j) * shape.heads + h) * shape.value_width + c]);
          }
          out[((r * shape.queries + i) * shape.heads + h) * shape.value_width + c] = any ? static_cast<float>(sum / total) : 0.0F;
        }
      }
    }
  }
}

void interpret_recur(const RecurShape& shape, size_t rows, const std::vector<float>& x, const std::vector<float>& present,
                     const RecurWeights& weights, std::vector<float>& out) {
  Cell cell(shape, weights);
  const std::vector<float> start(shape.hidden, 0.0F);
  for (size_t r = 0; r < rows; ++r) {
    cell.reset();
    const float* before = start.data();
    for (size_t t = 0; t < shape.steps; ++t) {
      float* after = out.data() + (r * shape.steps + t) * shape.hidden;
      if (present[r * shape.steps + t] > 0) {
        cell.step(x.data() + (r * shape.steps + t) * shape.channels, before, after);
      } else {
        std::copy_n(before, shape.hidden, after);
      }
      before = after;
    }
  }
}

void interpret_convolve(const ConvolveShape& shape, size_t rows, const std::vector<float>& x, const std::vector<float>& weights,
                        const std::vector<float>& bias, std::vector<float>& out) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t t = 0; t < shape.out_steps; ++t) {
      for (size_t f = 0; f < shape.filters; ++f) {
        double total = 0;
        for (size_t k = 0; k < shape.taps; ++k) {
          const size_t padded = t + k * shape.dilation;
          if (padded < shape.left || padded - shape.left >= shape.steps) continue;
          const float* from = x.data() + (r * shape.steps + padded - shape.left) * shape.channels;
          const float* by = weights.data() + (f * shape.taps + k) * shape.channels;
          for (size_t c = 0; c < shape.channels; ++c) total += static_cast<double>(by[c]) * static_cast<double>(from[c]);
        }
        out[(r * shape.out_steps + t) * shape.filters + f] = static_cast<float>(total + static_cast<double>(bias[f]));
      }
    }
  }
}

void interpret_pool(Pooling pooling, size_t rows, size_t steps, const std::vector<float>& x, const std::vector<float>& present,
                    std::vector<float>& out) {
  const size_t channels = out.size() / rows;
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < channels; ++c) {
      double total = 0;
      size_t count = 0;
      float chosen = 0;
      for (size_t t = 0; t < steps; ++t) {
        if (!(present[r * steps + t] > 0)) continue;
        const float value = x[(r * steps + t) * channels + c];
        total += static_cast<double>(value);
        if (count == 0 || pooling == Pooling::kLast || value > chosen || std::isnan(value)) chosen = value;
        ++count;
      }
      float& to = out[r * channels + c];
      if (pooling == Pooling::kMean) to = count == 0 ? 0.0F : static_cast<float>(total / static_cast<double>(count));
      else if (pooling == Pooling::kSum) to = static_cast<float>(total);
      else to = chosen;
    }
  }
}

}  // namespace obligor
