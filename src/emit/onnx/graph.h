// An ONNX graph under construction, and its bytes. Field numbers are those of onnx.proto (IR version 8).
//
//   OnnxGraph graph;
//   std::string zero = graph.constant(std::vector<float>{0}, {1});
//   std::string y = graph.add("Where", {mask, zero, x});                       // the name of what it yields
//   std::string z = graph.add("Gather", {x, columns}, {int_attribute("axis", 1)});
//   std::string bytes = graph.bytes();
//
// Contract: a node yields one value, under a name of the graph's own ("/12") that no column has. Equal constants are stored once.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace obligor::onnx {

enum class Type : int32_t { kFloat = 1, kInt64 = 7, kString = 8, kBool = 9, kDouble = 11 };

// A serialised AttributeProto.
struct Attribute {
  std::string bytes;
};
[[nodiscard]] Attribute int_attribute(std::string_view name, int64_t value);
[[nodiscard]] Attribute float_attribute(std::string_view name, float value);
[[nodiscard]] Attribute string_attribute(std::string_view name, std::string_view value);
[[nodiscard]] Attribute ints_attribute(std::string_view name, std::span<const int64_t> values);
[[nodiscard]] Attribute floats_attribute(std::string_view name, std::span<const float> values);
[[nodiscard]] Attribute strings_attribute(std::string_view name, std::span<const std::string> values);
[[nodiscard]] Attribute doubles_attribute(std::string_view name, std::span<const double> values);  // as a tensor

class OnnxGraph {
 public:
  [[nodiscard]] std::string constant(std::span<const float> values, std::vector<int64_t> shape);
  [[nodiscard]] std::string constant(std::span<const double> values, std::vector<int64_t> shape);
  [[nodiscard]] std::string constant(std::span<const int64_t> values, std::vector<int64_t> shape);
  [[nodiscard]] std::string constant(std::span<const uint8_t> flags, std::vector<int64_t> shape);  // bool

  std::string add(std::string_view op, const std::vector<std::string>& inputs, const std::vector<Attribute>& attributes = {},
                  std::string_view domain = {}, std::string_view output = {});

  void input(std::string_view name, Type type);                  // [rows, 1]
  void output(std::string_view name, Type type, int64_t width);  // [rows, width]; a node must yield it
  void note(std::string_view key, std::string_view value);

  // Error{kUnsupported} beyond 2 GiB.
  [[nodiscard]] std::string bytes() const;

 private:
  std::string tensor(Type type, std::vector<int64_t> shape, std::string_view raw);

  std::vector<std::string> nodes_;
  std::string initializers_;  // fields of GraphProto
  std::map<std::string, std::string> known_;
  std::vector<std::string> inputs_;
  std::vector<std::string> outputs_;
  std::vector<std::string> notes_;
  size_t next_ = 0;
};

}  // namespace obligor::onnx
