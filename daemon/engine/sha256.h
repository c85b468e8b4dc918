#ifndef DYNOFA_DAEMON_ENGINE_SHA256_H_
#define DYNOFA_DAEMON_ENGINE_SHA256_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace dynofa::engine {

/// SHA-256 of `parts`, one after the other, as 64 hex digits. INTERNAL if the crypto library
/// refuses.
absl::StatusOr<std::string> Sha256Hex(std::span<const std::span<const std::byte>> parts);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_SHA256_H_
