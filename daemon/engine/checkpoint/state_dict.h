#ifndef DYNOFA_DAEMON_ENGINE_CHECKPOINT_STATE_DICT_H_
#define DYNOFA_DAEMON_ENGINE_CHECKPOINT_STATE_DICT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/safetensors.h"

namespace dynofa::engine::checkpoint {

/// A tensor where it lies in a file.
struct TensorView {
  SafetensorsType type = SafetensorsType::kF32;
  std::vector<std::int64_t> shape;
  /// Distance of neighbours in each dimension, in elements, not negative. Checked: no element lies
  /// outside of `bytes`, and there are no more elements than `bytes` has room for.
  std::vector<std::int64_t> strides;
  /// From the first element to the end of the storage. Belongs to the StateDict, not aligned.
  std::span<const std::byte> bytes;

  /// Is `bytes` row-major and without holes, up to the last element?
  bool IsDense() const;
  /// The elements in row-major order.
  std::vector<std::byte> Dense() const;
};

/// The tensors of a checkpoint by name. Immutable, movable; views stay valid across a move.
///
/// Formats: torch.save's zip archive and its older row of five pickles (layout of both: PyTorch's
/// torch/serialization.py), and safetensors. The object in the file is a dictionary of tensors, or
/// one that has such a dictionary under "state_dict". Pickles are read as data, and only names that
/// tensors need may occur in them (pickle.h); devices are ignored.
class StateDict {
 public:
  /// Largest file that is read. The file is held in memory as a whole, with the tensors in place;
  /// what comes on top is bounded by Pickle::kMaxBytes and kMaxValues, for each of the pickles.
  static constexpr std::int64_t kMaxFile = std::int64_t{2} << 30;

  /// INVALID_ARGUMENT with the file's name and what is wrong.
  static absl::StatusOr<StateDict> Read(const std::string& path);
  /// As Read, for contents in memory; `name` goes into the messages.
  static absl::StatusOr<StateDict> Parse(std::vector<std::byte> contents, const std::string& name);

  StateDict(StateDict&&) = default;
  StateDict& operator=(StateDict&&) = default;

  using Tensors = std::map<std::string, TensorView, std::less<>>;

  const std::string& name() const { return name_; }
  const Tensors& tensors() const { return tensors_; }
  /// Everything in the file (for a digest).
  std::span<const std::byte> contents() const { return contents_; }

 private:
  StateDict() = default;

  std::string name_;
  std::shared_ptr<const void> owner_;  // of contents_, which the tensors point into
  std::span<const std::byte> contents_;
  Tensors tensors_;
};

}  // namespace dynofa::engine::checkpoint

#endif  // DYNOFA_DAEMON_ENGINE_CHECKPOINT_STATE_DICT_H_
