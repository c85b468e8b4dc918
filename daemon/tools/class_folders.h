#ifndef DYNOFA_DAEMON_TOOLS_CLASS_FOLDERS_H_
#define DYNOFA_DAEMON_TOOLS_CLASS_FOLDERS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace dynofa::tools {

struct LabelledFile {
  std::string path;
  std::int64_t label = 0;  ///< index into ClassFolders::classes
};

/// A folder of class folders of images: DIR/<class>/*.jpg, .jpeg, .png.
struct ClassFolders {
  std::vector<std::string> classes;  ///< names of the folders, sorted; each has files
  std::vector<LabelledFile> files;   ///< sorted by class, then by name
};

/// Lists the folders and the files whose names end as those of images do; what is in the files is
/// not looked at, and names that begin with a dot are passed over. Symbolic links are followed.
/// NOT_FOUND if there is no folder of that name. INVALID_ARGUMENT if it holds no images, if class
/// folders have none (they are named), or if a link leads nowhere.
absl::StatusOr<ClassFolders> ListClassFolders(const std::string& directory);

/// The index in `labels` of each of `folders.classes`. Not every label needs a folder.
/// INVALID_ARGUMENT names the folders that are no label, and the labels that have no folder.
absl::StatusOr<std::vector<std::size_t>> MatchLabels(const ClassFolders& folders,
                                                     const std::vector<std::string>& labels);

/// "a", "b" and 3 more: at most `most` of `names`, each in quotes.
std::string QuotedList(const std::vector<std::string>& names, std::size_t most = 10);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_CLASS_FOLDERS_H_
