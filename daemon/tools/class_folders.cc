#include "daemon/tools/class_folders.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::tools {
namespace {

namespace fs = std::filesystem;

bool IsImageName(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

bool IsHidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// What is in a directory, sorted by name.
absl::StatusOr<std::vector<fs::path>> Entries(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (!IsHidden(it->path())) entries.push_back(it->path());
  }
  if (error) return base::ErrnoStatus(error.value(), directory.string());
  std::sort(entries.begin(), entries.end());
  return entries;
}

absl::StatusOr<std::vector<fs::path>> Folders(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<fs::path> entries, Entries(directory));
  std::vector<fs::path> folders;
  for (const fs::path& path : entries) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::status_known(status) || !fs::exists(status)) {
      const std::string reason = error ? error.message() : "it leads nowhere";
      return absl::InvalidArgumentError(
          base::StrCat(path.string(), ": cannot be followed: ", reason));
    }
    if (fs::is_directory(status)) folders.push_back(path);
  }
  return folders;
}

}  // namespace

absl::StatusOr<ClassFolders> ListClassFolders(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<fs::path> classes, Folders(directory));
  ClassFolders folders;
  std::vector<std::string> empty;
  for (const fs::path& path : classes) {
    DYNOFA_ASSIGN_OR_RETURN(const std::vector<fs::path> entries, Entries(path));
    const std::size_t before = folders.files.size();
    for (const fs::path& file : entries) {
      if (!IsImageName(file)) continue;
      folders.files.push_back({file.string(), static_cast<std::int64_t>(folders.classes.size())});
    }
    folders.classes.push_back(path.filename().string());
    if (folders.files.size() == before) empty.push_back(folders.classes.back());
  }
  if (folders.files.empty()) {
    return absl::InvalidArgumentError(base::StrCat(
        directory, ": holds no images; expected are folders <class>/*.jpg, .jpeg or .png"));
  }
  if (!empty.empty()) {
    return absl::InvalidArgumentError(
        base::StrCat(directory, ": ", empty.size(), " of ", classes.size(),
                     " class folders hold no images: ", QuotedList(empty)));
  }
  return folders;
}

absl::StatusOr<std::vector<std::size_t>> MatchLabels(const ClassFolders& folders,
                                                     const std::vector<std::string>& labels) {
  std::vector<std::size_t> indices;
  std::vector<std::string> strangers;
  for (const std::string& name : folders.classes) {
    const auto found = std::find(labels.begin(), labels.end(), name);
    if (found == labels.end()) strangers.push_back(name);
    indices.push_back(static_cast<std::size_t>(found - labels.begin()));
  }
  if (strangers.empty()) return indices;
  if (labels.empty()) {
    return absl::InvalidArgumentError("the model has no labels that class folders could match");
  }
  std::vector<std::string> missing;
  for (const std::string& label : labels) {
    if (!std::binary_search(folders.classes.begin(), folders.classes.end(), label)) {
      missing.push_back(label);
    }
  }
  std::string text = base::StrCat(strangers.size(), " of ", folders.classes.size(),
                                  " class folders are none of the model's ", labels.size(),
                                  " labels: ", QuotedList(strangers));
  if (!missing.empty()) text += base::StrCat("; labels without a folder: ", QuotedList(missing));
  return absl::InvalidArgumentError(text);
}

std::string QuotedList(const std::vector<std::string>& names, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
    text += base::StrCat(i == 0 ? "" : ", ", "\"", names[i], "\"");
  }
  if (names.size() > most) text += base::StrCat(" and ", names.size() - most, " more");
  return text;
}

}  // namespace dynofa::tools
