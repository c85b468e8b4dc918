#ifndef DYNOFA_DAEMON_ENGINE_FILES_H_
#define DYNOFA_DAEMON_ENGINE_FILES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::engine {

/// The contents of a regular file of at most `limit` bytes. INVALID_ARGUMENT if it is larger, no
/// regular file, or shrinks while it is read.
absl::StatusOr<std::vector<std::byte>> ReadWholeFile(const std::string& path, std::int64_t limit);

/// Replaces `path` by `parts`, one after the other: readers see the old file or the whole new
/// one, also after a power cut.
absl::Status WriteWholeFile(const std::string& path,
                            std::span<const std::span<const std::byte>> parts);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_FILES_H_
