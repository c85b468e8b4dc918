#ifndef DYNOFA_DAEMON_ENGINE_CHECKPOINT_ZIP_H_
#define DYNOFA_DAEMON_ENGINE_CHECKPOINT_ZIP_H_

#include <cstddef>
#include <map>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace dynofa::engine::checkpoint {

/// Contents of a zip archive's entries by name, where they lie in the archive.
using ZipEntries = std::map<std::string_view, std::span<const std::byte>>;

/// Reads the directory of the zip archive that is all of `archive`, as torch.save writes it: zip64
/// or not, one volume, entries stored without compression or encryption. INVALID_ARGUMENT says what
/// is wrong: another kind of archive, a record outside of it, entries that overlap or share a name,
/// a directory that disagrees with the entry, contents that do not have the checksum they should.
/// Source of the layout: APPNOTE.TXT 6.3.9, sections 4.3 to 4.5. Allocates in proportion to the
/// number of entries, nothing for contents.
absl::StatusOr<ZipEntries> ReadZip(std::span<const std::byte> archive);

}  // namespace dynofa::engine::checkpoint

#endif  // DYNOFA_DAEMON_ENGINE_CHECKPOINT_ZIP_H_
