// Memory for kernels: floats in whole cache lines, aligned to one, and one line more, so that no kernel's last vector leaves them.
//
//   Floats rows(batch * width);      // all zero
//   kernels.add(rows.data(), ...);
//
//   float* a = nullptr;  float* b = nullptr;
//   const Floats memory = lay_out({{&a, 20}, {&b, 3}});   // a and b begin on cache lines, in one piece of memory
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace obligor {

inline constexpr size_t kLineFloats = 16;  // float32 in the 64 bytes of a cache line

[[nodiscard]] constexpr size_t filled_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

// Like std::unique_ptr<float[]>, what is const about it is where it points. Throws std::bad_alloc.
class Floats {
 public:
  Floats() = default;
  explicit Floats(size_t size);  // all zero
  [[nodiscard]] float* data() const { return data_.get(); }
  [[nodiscard]] size_t size() const { return size_; }
  void clear();  // all zero

 private:
  struct Free {
    void operator()(float* data) const { ::operator delete[](data, std::align_val_t{kLineFloats * sizeof(float)}); }
  };
  size_t size_ = 0;
  std::unique_ptr<float[], Free> data_;
};

// The arrays and how many numbers each has, all zero; they live as long as what is returned.
[[nodiscard]] Floats lay_out(const std::vector<std::pair<float**, size_t>>& arrays);

}  // namespace obligor
