#ifndef DYNOFA_DAEMON_ENGINE_TENSOR_H_
#define DYNOFA_DAEMON_ENGINE_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dynofa::engine {

enum class DataType { kFloat32, kUint8, kInt64 };

/// Bytes of one element.
constexpr std::size_t ElementSize(DataType type) {
  return type == DataType::kFloat32 ? 4 : type == DataType::kUint8 ? 1 : 8;
}

/// A dense, row-major tensor that owns its bytes. Plain value.
struct Tensor {
  std::string name;
  DataType type = DataType::kFloat32;
  std::vector<std::int64_t> shape;
  /// ElementSize(type) bytes for each element of `shape`; aligned as by operator new.
  std::vector<std::byte> bytes;

  std::int64_t elements() const {
    std::int64_t count = 1;
    for (std::int64_t extent : shape) count *= extent;
    return count;
  }
  template <typename T>
  T* data() {
    return reinterpret_cast<T*>(bytes.data());
  }
  template <typename T>
  const T* data() const {
    return reinterpret_cast<const T*>(bytes.data());
  }
};

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_TENSOR_H_
