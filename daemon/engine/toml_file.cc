#include "daemon/engine/toml_file.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/engine/files.h"

namespace dynofa::engine {

absl::StatusOr<base::TomlTable> ReadTomlFile(const std::string& path) {
  constexpr std::int64_t kMaxFile = std::int64_t{4} << 20;
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::byte> contents, ReadWholeFile(path, kMaxFile));
  return base::TomlTable::Parse({reinterpret_cast<const char*>(contents.data()), contents.size()},
                                path);
}

}  // namespace dynofa::engine
