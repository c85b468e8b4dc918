#ifndef DYNOFA_DAEMON_ENGINE_CHECKPOINT_GIT_BLOB_H_
#define DYNOFA_DAEMON_ENGINE_CHECKPOINT_GIT_BLOB_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace dynofa::engine::checkpoint {

/// The id under which git stores a file of these contents: the SHA-1 of "blob <size>\0" and the
/// contents, 40 hex digits (what `git hash-object FILE` prints). It tells which published file a
/// download is; as a SHA-1 it is no defence against a forger. INTERNAL if the crypto library
/// refuses.
absl::StatusOr<std::string> GitBlobId(std::span<const std::byte> contents);

}  // namespace dynofa::engine::checkpoint

#endif  // DYNOFA_DAEMON_ENGINE_CHECKPOINT_GIT_BLOB_H_
