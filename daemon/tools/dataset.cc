#include "daemon/tools/dataset.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <numeric>
#include <random>
#include <sstream>
#include <system_error>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"
#include "daemon/tools/images.h"

namespace dynofa::tools {
namespace {

namespace fs = std::filesystem;
using engine::torch_backend::ImageSet;

constexpr std::int64_t kMaxBinaryFile = std::int64_t{1} << 30;
constexpr std::size_t kCifarSide = 32;
constexpr std::size_t kCifarPlane = kCifarSide * kCifarSide;
constexpr std::size_t kCifarRecord = 1 + 3 * kCifarPlane;

bool IsImageName(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

// Entries of a directory that `wanted` accepts, sorted by name.
template <typename Wanted>
absl::StatusOr<std::vector<fs::path>> Entries(const fs::path& directory, Wanted wanted) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (wanted(*it)) entries.push_back(it->path());
  }
  if (error) return base::ErrnoStatus(error.value(), directory.string());
  std::sort(entries.begin(), entries.end());
  return entries;
}

absl::StatusOr<std::vector<fs::path>> BinaryFiles(const std::string& directory) {
  return Entries(directory, [](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return name.starts_with("data_batch_") && name.ends_with(".bin");
  });
}

absl::Status AppendRecords(const fs::path& path, std::size_t classes, ImageSet& images) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::byte> file,
                          engine::ReadWholeFile(path.string(), kMaxBinaryFile));
  if (file.size() % kCifarRecord != 0) {
    return absl::InvalidArgumentError(
        base::StrCat(path.string(), ": is no whole number of ", kCifarRecord, "-byte records"));
  }
  for (std::size_t start = 0; start < file.size(); start += kCifarRecord) {
    const auto label = static_cast<std::size_t>(file[start]);
    if (label >= classes) {
      return absl::InvalidArgumentError(
          base::StrCat(path.string(), ": has label ", label, " of ", classes, " classes"));
    }
    images.labels.push_back(static_cast<std::int64_t>(label));
    for (std::size_t pixel = 0; pixel < kCifarPlane; ++pixel) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        images.pixels.push_back(
            static_cast<std::uint8_t>(file[start + 1 + channel * kCifarPlane + pixel]));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Dataset> ReadBinary(const std::string& directory,
                                   const std::vector<fs::path>& files) {
  constexpr std::int64_t kMaxNames = 1 << 16;
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::byte> names,
                          engine::ReadWholeFile(directory + "/batches.meta.txt", kMaxNames));
  Dataset dataset;
  std::istringstream lines(std::string(reinterpret_cast<const char*>(names.data()), names.size()));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) dataset.classes.push_back(line);
  }
  dataset.images.side = kCifarSide;
  for (const fs::path& file : files) {
    DYNOFA_RETURN_IF_ERROR(AppendRecords(file, dataset.classes.size(), dataset.images));
  }
  return dataset;
}

absl::StatusOr<Dataset> ReadFolders(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const ClassFolders folders, ListClassFolders(directory));
  Dataset dataset{folders.classes, {}};
  ImageSet& images = dataset.images;
  for (const LabelledFile& file : folders.files) {
    DYNOFA_ASSIGN_OR_RETURN(const Image image, ReadImage(file.path));
    if (images.side == 0) images.side = image.width;
    if (image.width != images.side || image.height != images.side) {
      return absl::InvalidArgumentError(
          base::StrCat(file.path, ": is ", image.width, "x", image.height,
                       "; training takes square images of one size, here ", images.side));
    }
    images.pixels.insert(images.pixels.end(), image.pixels.begin(), image.pixels.end());
    images.labels.push_back(file.label);
  }
  return dataset;
}

void AppendImage(const ImageSet& from, std::size_t index, ImageSet& to) {
  const std::size_t bytes = static_cast<std::size_t>(from.side) * from.side * 3;
  const auto start = from.pixels.begin() + static_cast<std::ptrdiff_t>(index * bytes);
  to.pixels.insert(to.pixels.end(), start, start + static_cast<std::ptrdiff_t>(bytes));
  to.labels.push_back(from.labels[index]);
}

}  // namespace

absl::StatusOr<ClassFolders> ListClassFolders(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(
      const std::vector<fs::path> classes,
      Entries(directory, [](const fs::directory_entry& entry) { return entry.is_directory(); }));
  ClassFolders folders;
  for (const fs::path& path : classes) {
    DYNOFA_ASSIGN_OR_RETURN(
        const std::vector<fs::path> files,
        Entries(path, [](const fs::directory_entry& entry) { return IsImageName(entry.path()); }));
    for (const fs::path& file : files) {
      folders.files.push_back({file.string(), static_cast<std::int64_t>(folders.classes.size())});
    }
    folders.classes.push_back(path.filename().string());
  }
  if (folders.files.empty()) {
    return absl::InvalidArgumentError(base::StrCat(
        directory, ": holds no images; expected are folders <class>/*.jpg, .jpeg or .png"));
  }
  return folders;
}

absl::StatusOr<Dataset> ReadDataset(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<fs::path> files, BinaryFiles(directory));
  if (!files.empty()) return ReadBinary(directory, files);
  return ReadFolders(directory);
}

ImageSet TakeHoldout(ImageSet& images, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(images.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  ImageSet holdout{.side = images.side};
  ImageSet rest{.side = images.side};
  for (std::size_t i = 0; i < order.size(); ++i) {
    AppendImage(images, order[i], i < count ? holdout : rest);
  }
  images = std::move(rest);
  return holdout;
}

}  // namespace dynofa::tools
