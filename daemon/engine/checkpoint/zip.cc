#include "daemon/engine/checkpoint/zip.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/byte_reader.h"

namespace dynofa::engine::checkpoint {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEnd64LocatorSize = 20;
constexpr std::size_t kMaxComment = 0xffff;
constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint16_t kEncrypted = 1;
// A field of this value stands in the zip64 record instead.
constexpr std::uint32_t kElsewhere = 0xffffffff;
constexpr std::uint16_t kElsewhere16 = 0xffff;

absl::Status Error(std::string_view what) { return absl::InvalidArgumentError(std::string(what)); }

absl::StatusOr<Bytes> Part(Bytes archive, std::uint64_t offset, std::uint64_t size,
                           std::string_view what) {
  if (offset > archive.size() || size > archive.size() - offset) {
    return Error(base::StrCat(what, " lies outside of the archive: ", size, " bytes at ", offset));
  }
  return archive.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

// Takes the signature that a record begins with.
absl::Status TakeSignature(ByteReader& reader, std::uint32_t signature, std::string_view what) {
  DYNOFA_ASSIGN_OR_RETURN(const auto found, reader.Take<std::uint32_t>());
  if (found == signature) return absl::OkStatus();
  return Error(base::StrCat(what, " has a wrong signature"));
}

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xedb88320 : 0);
    table[i] = value;
  }
  return table;
}();

std::uint32_t Crc32(Bytes bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::byte byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<std::uint32_t>(byte)) & 0xff];
  }
  return ~crc;
}

// Where the directory is.
struct Directory {
  std::uint64_t entries = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};

// The end record stands before a comment of unknown length, at the very end.
absl::StatusOr<std::size_t> FindEnd(Bytes archive) {
  for (std::size_t comment = 0; comment <= kMaxComment; ++comment) {
    if (archive.size() < kEndSize + comment) break;
    const std::size_t position = archive.size() - kEndSize - comment;
    ByteReader reader(archive.subspan(position));
    if (*reader.Take<std::uint32_t>() != kEnd) continue;
    ByteReader length(archive.subspan(position + kEndSize - sizeof(std::uint16_t)));
    if (*length.Take<std::uint16_t>() == comment) return position;
  }
  return Error("has no zip directory at its end (truncated file?)");
}

absl::StatusOr<Directory> ReadEnd64(Bytes archive, std::size_t end) {
  if (end < kEnd64LocatorSize) return Error("has no zip64 directory");
  ByteReader locator(archive.subspan(end - kEnd64LocatorSize, kEnd64LocatorSize));
  DYNOFA_RETURN_IF_ERROR(TakeSignature(locator, kEnd64Locator, "the zip64 locator"));
  DYNOFA_RETURN_IF_ERROR(locator.Take<std::uint32_t>().status());  // volume
  DYNOFA_ASSIGN_OR_RETURN(const auto offset, locator.Take<std::uint64_t>());
  constexpr std::size_t kEnd64Size = 56;
  DYNOFA_ASSIGN_OR_RETURN(const Bytes record,
                          Part(archive, offset, kEnd64Size, "the zip64 directory's end"));
  ByteReader reader(record);
  DYNOFA_RETURN_IF_ERROR(TakeSignature(reader, kEnd64, "the zip64 directory's end"));
  constexpr std::size_t kSizeVersionsVolumesAndEntriesHere = 8 + 2 * 2 + 2 * 4 + 8;
  DYNOFA_RETURN_IF_ERROR(reader.TakeBytes(kSizeVersionsVolumesAndEntriesHere).status());
  Directory directory;
  DYNOFA_ASSIGN_OR_RETURN(directory.entries, reader.Take<std::uint64_t>());
  DYNOFA_ASSIGN_OR_RETURN(directory.size, reader.Take<std::uint64_t>());
  DYNOFA_ASSIGN_OR_RETURN(directory.offset, reader.Take<std::uint64_t>());
  return directory;
}

absl::StatusOr<Directory> FindDirectory(Bytes archive) {
  DYNOFA_ASSIGN_OR_RETURN(const std::size_t end, FindEnd(archive));
  ByteReader reader(archive.subspan(end));
  DYNOFA_RETURN_IF_ERROR(TakeSignature(reader, kEnd, "the directory's end"));
  constexpr std::size_t kVolumesAndEntriesHere = 2 * 2 + 2;
  DYNOFA_RETURN_IF_ERROR(reader.TakeBytes(kVolumesAndEntriesHere).status());
  DYNOFA_ASSIGN_OR_RETURN(const auto entries, reader.Take<std::uint16_t>());
  DYNOFA_ASSIGN_OR_RETURN(const auto size, reader.Take<std::uint32_t>());
  DYNOFA_ASSIGN_OR_RETURN(const auto offset, reader.Take<std::uint32_t>());
  if (entries == kElsewhere16 || size == kElsewhere || offset == kElsewhere) {
    return ReadEnd64(archive, end);
  }
  return Directory{entries, size, offset};
}

// What the directory says about an entry.
struct Entry {
  std::string_view name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::uint64_t header = 0;  ///< position of the local header
};

// Replaces the fields that did not fit by those of the zip64 extra field, which has only these.
absl::Status ReadExtra(Bytes extra, Entry& entry) {
  ByteReader fields(extra);
  while (fields.remaining() > 0) {
    DYNOFA_ASSIGN_OR_RETURN(const auto id, fields.Take<std::uint16_t>());
    DYNOFA_ASSIGN_OR_RETURN(const auto size, fields.Take<std::uint16_t>());
    DYNOFA_ASSIGN_OR_RETURN(const Bytes contents, fields.TakeBytes(size));
    if (id != kZip64Extra) continue;
    ByteReader reader(contents);
    for (std::uint64_t* field : {&entry.size, &entry.stored_size, &entry.header}) {
      if (*field != kElsewhere) continue;
      DYNOFA_ASSIGN_OR_RETURN(*field, reader.Take<std::uint64_t>());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Entry> ReadDirectoryEntry(ByteReader& reader) {
  DYNOFA_RETURN_IF_ERROR(TakeSignature(reader, kDirectoryEntry, "an entry of the directory"));
  DYNOFA_RETURN_IF_ERROR(reader.TakeBytes(2 + 2).status());  // versions
  Entry entry;
  DYNOFA_ASSIGN_OR_RETURN(entry.flags, reader.Take<std::uint16_t>());
  DYNOFA_ASSIGN_OR_RETURN(entry.method, reader.Take<std::uint16_t>());
  DYNOFA_RETURN_IF_ERROR(reader.TakeBytes(2 + 2).status());  // time
  DYNOFA_ASSIGN_OR_RETURN(entry.crc, reader.Take<std::uint32_t>());
  DYNOFA_ASSIGN_OR_RETURN(entry.stored_size, reader.Take<std::uint32_t>());
  DYNOFA_ASSIGN_OR_RETURN(entry.size, reader.Take<std::uint32_t>());
  DYNOFA_ASSIGN_OR_RETURN(const auto name_size, reader.Take<std::uint16_t>());
  DYNOFA_ASSIGN_OR_RETURN(const auto extra_size, reader.Take<std::uint16_t>());
  DYNOFA_ASSIGN_OR_RETURN(const auto comment_size, reader.Take<std::uint16_t>());
  DYNOFA_RETURN_IF_ERROR(reader.TakeBytes(2 + 2 + 4).status());  // volume, attributes
  DYNOFA_ASSIGN_OR_RETURN(entry.header, reader.Take<std::uint32_t>());
  DYNOFA_ASSIGN_OR_RETURN(entry.name, reader.TakeText(name_size));
  DYNOFA_ASSIGN_OR_RETURN(const Bytes extra, reader.TakeBytes(extra_size));
  DYNOFA_RETURN_IF_ERROR(reader.TakeBytes(comment_size).status());
  DYNOFA_RETURN_IF_ERROR(ReadExtra(extra, entry));
  return entry;
}

// Where the contents of `entry` lie in `archive`.
absl::StatusOr<Bytes> FindContents(Bytes archive, const Entry& entry) {
  if ((entry.flags & kEncrypted) != 0) return Error("is encrypted");
  if (entry.method != 0 || entry.stored_size != entry.size) {
    return Error("is compressed; torch.save stores entries as they are");
  }
  constexpr std::size_t kLocalHeaderSize = 30;
  DYNOFA_ASSIGN_OR_RETURN(const Bytes header,
                          Part(archive, entry.header, kLocalHeaderSize, "its local header"));
  ByteReader reader(header);
  DYNOFA_RETURN_IF_ERROR(TakeSignature(reader, kLocalHeader, "its local header"));
  constexpr std::size_t kUpToSizes = 2 * 5 + 4 * 3;  // repeated from the directory, or zero
  DYNOFA_RETURN_IF_ERROR(reader.TakeBytes(kUpToSizes).status());
  DYNOFA_ASSIGN_OR_RETURN(const auto name_size, reader.Take<std::uint16_t>());
  DYNOFA_ASSIGN_OR_RETURN(const auto extra_size, reader.Take<std::uint16_t>());
  ByteReader rest(archive.subspan(static_cast<std::size_t>(entry.header) + kLocalHeaderSize));
  DYNOFA_ASSIGN_OR_RETURN(const std::string_view name, rest.TakeText(name_size));
  if (name != entry.name) return Error("has another name in its local header");
  DYNOFA_RETURN_IF_ERROR(rest.TakeBytes(extra_size).status());
  return rest.TakeBytes(entry.size);
}

// An entry and where its contents lie.
struct FoundEntry {
  Entry entry;
  Bytes contents;
};

absl::StatusOr<std::vector<FoundEntry>> FindEntries(Bytes archive, const Directory& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const Bytes records,
                          Part(archive, directory.offset, directory.size, "the directory"));
  const Bytes before_directory = archive.first(static_cast<std::size_t>(directory.offset));
  ByteReader reader(records);
  std::vector<FoundEntry> found;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    DYNOFA_ASSIGN_OR_RETURN(const Entry entry, ReadDirectoryEntry(reader));
    const absl::StatusOr<Bytes> contents = FindContents(before_directory, entry);
    if (!contents.ok()) {
      return base::Annotate(contents.status(), base::StrCat("entry ", Quoted(entry.name)));
    }
    found.push_back({entry, *contents});
  }
  if (reader.remaining() != 0) return Error("has more in its directory than entries");
  return found;
}

// Entries that share bytes are no work of torch.save. Sorts by position.
absl::Status CheckDisjoint(Bytes archive, std::vector<FoundEntry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const FoundEntry& a, const FoundEntry& b) {
    return a.entry.header < b.entry.header;
  });
  std::uint64_t end = 0;
  for (const auto& [entry, contents] : entries) {
    if (entry.header < end) {
      return Error(base::StrCat("entry ", Quoted(entry.name), ": overlaps another one"));
    }
    end = static_cast<std::uint64_t>(contents.data() + contents.size() - archive.data());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ZipEntries> ReadZip(Bytes archive) {
  DYNOFA_ASSIGN_OR_RETURN(const Directory directory, FindDirectory(archive));
  DYNOFA_ASSIGN_OR_RETURN(std::vector<FoundEntry> found, FindEntries(archive, directory));
  // Before the checksums: those of entries that overlap could take for ever.
  DYNOFA_RETURN_IF_ERROR(CheckDisjoint(archive, found));
  ZipEntries entries;
  for (const auto& [entry, contents] : found) {
    if (Crc32(contents) != entry.crc) {
      return Error(base::StrCat("entry ", Quoted(entry.name),
                                ": does not have its checksum (damaged file?)"));
    }
    if (!entries.emplace(entry.name, contents).second) {
      return Error(base::StrCat("has entry ", Quoted(entry.name), " twice"));
    }
  }
  return entries;
}

}  // namespace dynofa::engine::checkpoint
