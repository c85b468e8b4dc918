#ifndef DYNOFA_DAEMON_ENGINE_TOML_FILE_H_
#define DYNOFA_DAEMON_ENGINE_TOML_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "daemon/base/toml_table.h"

namespace dynofa::engine {

/// The root table of the file at `path`, which may have 4 MiB.
absl::StatusOr<base::TomlTable> ReadTomlFile(const std::string& path);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_TOML_FILE_H_
