#ifndef DYNOFA_DAEMON_ENGINE_CHECKPOINT_TORCH_OBJECTS_H_
#define DYNOFA_DAEMON_ENGINE_CHECKPOINT_TORCH_OBJECTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/checkpoint/pickle.h"
#include "daemon/engine/checkpoint/state_dict.h"

namespace dynofa::engine::checkpoint {

/// Every name that a pickle of tensors may contain.
std::span<const std::string_view> TorchGlobals();

/// A storage: `count` elements of one type outside of the pickle. `bytes` is for the caller to set.
struct Storage {
  SafetensorsType type = SafetensorsType::kF32;
  std::int64_t count = 0;
  std::span<const std::byte> bytes;

  /// Size of `bytes`; checked not to overflow.
  std::int64_t byte_count() const { return count * ElementBytes(type); }
};
using Storages = std::map<std::string_view, Storage>;

/// The storages that a pickle refers to, by key. INVALID_ARGUMENT if a reference is malformed or
/// two of them disagree.
absl::StatusOr<Storages> DeclaredStorages(const Pickle& pickle);

/// The tensors of the state dict that `root` is or has under "state_dict". Storages must have
/// their bytes. INVALID_ARGUMENT names the entry that is no tensor, is there twice or reaches
/// outside of its storage.
absl::StatusOr<StateDict::Tensors> ReadTensors(const Value& root, const Storages& storages);

}  // namespace dynofa::engine::checkpoint

#endif  // DYNOFA_DAEMON_ENGINE_CHECKPOINT_TORCH_OBJECTS_H_
