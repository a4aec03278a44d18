// The training step of neural collaborative filtering, written out: forward, backward and optimiser over a batch of (customer, product, label), in
// buffers that are made once. Private to the room.
//
//   NeuralStep net(shape, seed);
//   double loss = net.adam_step(customers, products, labels, 0.001);      // mean log-loss of the batch before the step
//   net.score(customers, products, logits);
//
// Network (He et al., WWW 2017): log-odds = h . [p_u * q_i ; tower([p'_u ; q'_i])] + bias, of which either half may be absent. The tower is ReLU
// layers. Loss: the mean log-loss of the batch. A customer's rows p and p' are one row of a table, a product's likewise.
// Steps cost what the batch holds, never what the tables hold: rows that a batch does not touch catch up when they are touched next
// (zoo/recsys/lazy_adam.h), with the result of Adam over whole tables.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "zoo/recsys/kernels.h"
#include "zoo/recsys/lazy_adam.h"

namespace obligor::recsys {

struct NeuralShape {
  size_t customers = 0;
  size_t products = 0;
  size_t factors = 0;             // of the product half; 0: absent
  size_t embedding = 0;           // of a customer and of a product in the tower half; 0: absent
  std::vector<size_t> layers;     // widths of the tower, without its input
  double start_deviation = 0.01;  // of the embeddings
};

// Plain copies, unpadded, row-major: what a finished model keeps, and what pre-training hands over.
struct NeuralWeights {
  std::vector<float> customer_product;  // customers x factors: p
  std::vector<float> product_product;   // products x factors: q
  std::vector<float> customer_tower;    // customers x embedding: p'
  std::vector<float> product_tower;     // products x embedding: q'
  struct Layer {
    std::vector<float> weight;  // out x in
    std::vector<float> bias;
  };
  std::vector<Layer> layers;
  std::vector<float> head;  // factors, then the last layer's width
  float bias = 0;
};

class NeuralStep {
 public:
  NeuralStep(NeuralShape shape, uint64_t seed);

  // Codes are below customers and products. Batches may differ in size.
  double adam_step(std::span<const uint32_t> customer, std::span<const uint32_t> product, std::span<const float> label, double rate);
  double plain_step(std::span<const uint32_t> customer, std::span<const uint32_t> product, std::span<const float> label, double rate);
  // The gradient of the batch's mean loss, all rows of all tables; nothing changes.
  [[nodiscard]] NeuralWeights gradient(std::span<const uint32_t> customer, std::span<const uint32_t> product, std::span<const float> label);
  void score(std::span<const uint32_t> customer, std::span<const uint32_t> product, std::span<float> log_odds);

  [[nodiscard]] const NeuralShape& shape() const { return shape_; }
  [[nodiscard]] NeuralWeights weights();
  void set_weights(const NeuralWeights& weights);  // and no memory of earlier steps

 private:
  // A table whose rows are [tower part | product part], each padded, with Adam's moments beside them.
  struct Table {
    size_t width = 0;
    Floats rows;                  // of 3 width
    std::vector<uint32_t> last;   // step that last touched a row
    std::vector<uint32_t> slot;   // of the batch at hand
    std::vector<uint32_t> stamp;  // which batch `slot` is of
    std::vector<uint32_t> touched;
    std::vector<uint32_t> slots;  // of each row of the batch
    Floats gradient;              // by slot
    [[nodiscard]] float* row(size_t r) { return rows.data() + r * 3 * width; }
  };
  struct Layer {
    size_t in = 0;  // padded
    size_t out = 0;
    size_t weight = 0;  // offsets in the flat arrays: in x out, then the bias
    size_t bias = 0;
    Floats output;     // batch x out
    Floats delta;      // its gradient
    Floats transpose;  // out x in
  };

  void start(uint64_t seed);
  void make_room(size_t batch);
  void gather(Table& table, std::span<const uint32_t> ids);
  void catch_up(Table& table, uint32_t row);
  void catch_up_all();
  void forward(std::span<const uint32_t> customer, std::span<const uint32_t> product);
  double backward(std::span<const float> label);
  void backward_tower(size_t batch);

  NeuralShape shape_;
  const Kernels& kernels_;
  LazyAdam adam_;
  size_t factors_ = 0;    // padded
  size_t embedding_ = 0;  // padded
  size_t top_ = 0;        // width of what the tower gives, padded
  Table customers_;
  Table products_;
  std::vector<Layer> layers_;
  size_t head_ = 0;  // offset: product half, tower half, then kPad of which the first is the bias
  Floats dense_, dense_gradient_, dense_first_, dense_second_;
  uint32_t stamp_ = 0;
  size_t room_ = 0;  // rows that the buffers hold
  Floats input_;     // batch x 2 embedding
  Floats input_delta_;
  Floats crossed_;  // batch x factors
  Floats log_odds_;
};

}  // namespace obligor::recsys
