#include "daemon/engine/profile_store.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <system_error>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"

namespace dynofa::engine {
namespace {

constexpr std::int64_t kMaxFile = std::int64_t{64} << 20;

absl::StatusOr<Profile> Understand(const std::vector<std::byte>& contents, const ProfileKey& key) {
  const std::string text(reinterpret_cast<const char*>(contents.data()), contents.size());
  DYNOFA_ASSIGN_OR_RETURN(Profile profile, ProfileFromJson(text));
  if (profile.key != key) {
    return absl::InvalidArgumentError("belongs to another model, backend or board");
  }
  return profile;
}

absl::Status MoveAside(const std::string& path, const absl::Status& why) {
  const std::string aside = path + ".damaged";
  if (std::rename(path.c_str(), aside.c_str()) != 0) {
    return absl::DataLossError(base::StrCat(
        "the profile ", path, " ", why.message(),
        ", and it cannot be moved aside: ", base::ErrnoStatus(errno, aside).message()));
  }
  return absl::DataLossError(base::StrCat("the profile ", path, " ", why.message(),
                                          "; it is kept as ", aside,
                                          " and not used: measure again with dynofactl profile"));
}

}  // namespace

absl::StatusOr<std::string> ProfileStore::PathOf(const ProfileKey& key) const {
  DYNOFA_ASSIGN_OR_RETURN(const std::string digest, ProfileDigest(key));
  return base::StrCat(folder_, "/", digest, ".json");
}

absl::StatusOr<Profile> ProfileStore::Load(const ProfileKey& key) const {
  DYNOFA_ASSIGN_OR_RETURN(const std::string path, PathOf(key));
  const auto contents = ReadWholeFile(path, kMaxFile);
  if (contents.status().code() == absl::StatusCode::kInvalidArgument) {
    return MoveAside(path, absl::InvalidArgumentError("is too large or no file"));
  }
  if (!contents.ok()) return contents.status();
  absl::StatusOr<Profile> profile = Understand(*contents, key);
  if (!profile.ok()) return MoveAside(path, profile.status());
  return profile;
}

absl::Status ProfileStore::Save(const Profile& profile) const {
  DYNOFA_ASSIGN_OR_RETURN(const std::string path, PathOf(profile.key));
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return base::ErrnoStatus(error.value(), folder_);
  const std::string text = ProfileToJson(profile);
  const std::array<std::span<const std::byte>, 1> parts = {std::as_bytes(std::span(text))};
  return WriteWholeFile(path, parts);
}

}  // namespace dynofa::engine
