#ifndef DYNOFA_TESTS_SUPPORT_TEMP_DIR_H_
#define DYNOFA_TESTS_SUPPORT_TEMP_DIR_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dynofa::tests {

/// The whole content of a file. Throws if it cannot be read.
inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Every regular file below a folder with its content, keyed by its path relative to the folder.
/// Two of them compare equal only if the trees are byte-identical.
inline std::map<std::string, std::string> ReadTree(const std::filesystem::path& root) {
  std::map<std::string, std::string> tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    tree[std::filesystem::relative(entry.path(), root).string()] = ReadFile(entry.path());
  }
  return tree;
}

/// A folder of its own for one test; removed, with all that is in it, by the destructor. Its path
/// is short enough for Unix sockets in it.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dynofa-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// The absolute path of `relative`, as a string for command lines.
  std::string operator/(std::string_view relative) const { return (path_ / relative).string(); }

  /// Writes a file (with its folders) and returns its absolute path.
  std::string Write(std::string_view relative, std::string_view content) const {
    const std::filesystem::path file = path_ / relative;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream.write(content.data(), static_cast<std::streamsize>(content.size()));
    stream.close();
    if (!stream) throw std::runtime_error("cannot write " + file.string());
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_TEMP_DIR_H_
