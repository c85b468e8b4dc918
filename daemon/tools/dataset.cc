#include "daemon/tools/dataset.h"

#include <algorithm>
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
#include "daemon/tools/skipped_images.h"

namespace dynofa::tools {
namespace {

namespace fs = std::filesystem;
using engine::torch_backend::ImageSet;

constexpr std::int64_t kMaxBinaryFile = std::int64_t{1} << 30;
constexpr std::size_t kCifarSide = 32;
constexpr std::size_t kCifarPlane = kCifarSide * kCifarSide;
constexpr std::size_t kCifarRecord = 1 + 3 * kCifarPlane;

// The files data_batch_*.bin of a directory, sorted by name.
absl::StatusOr<std::vector<fs::path>> BinaryFiles(const std::string& directory) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with("data_batch_") && name.ends_with(".bin")) files.push_back(it->path());
  }
  if (error) return base::ErrnoStatus(error.value(), directory);
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status AppendRecords(const fs::path& path, std::size_t classes, ImageSet& images) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::byte> file,
                          engine::ReadWholeFile(path.string(), kMaxBinaryFile));
  if (file.empty() || file.size() % kCifarRecord != 0) {
    return absl::InvalidArgumentError(
        base::StrCat(path.string(), ": has ", file.size(), " bytes, which is no whole number of ",
                     kCifarRecord, "-byte records; is the download complete, and CIFAR-10?"));
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

absl::Status Append(const LabelledFile& file, const Image& image, ImageSet& images) {
  if (images.side == 0) images.side = image.width;
  if (image.width != images.side || image.height != images.side) {
    return absl::InvalidArgumentError(
        base::StrCat(file.path, ": is ", image.width, "x", image.height,
                     "; training takes square images of one size, here ", images.side));
  }
  images.pixels.insert(images.pixels.end(), image.pixels.begin(), image.pixels.end());
  images.labels.push_back(file.label);
  return absl::OkStatus();
}

// The classes of `dataset` of which every image was skipped.
std::vector<std::string> LostClasses(const Dataset& dataset) {
  std::vector<bool> present(dataset.classes.size());
  for (std::int64_t label : dataset.images.labels) present[static_cast<std::size_t>(label)] = true;
  std::vector<std::string> lost;
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (!present[i]) lost.push_back(dataset.classes[i]);
  }
  return lost;
}

absl::StatusOr<Dataset> ReadFolders(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const ClassFolders folders, ListClassFolders(directory));
  Dataset dataset{folders.classes, {}};
  SkippedImages skipped;
  for (const LabelledFile& file : folders.files) {
    const absl::StatusOr<Image> image = ReadImage(file.path);
    DYNOFA_RETURN_IF_ERROR(image.ok() ? Append(file, *image, dataset.images)
                                      : skipped.Add(image.status()));
  }
  DYNOFA_RETURN_IF_ERROR(skipped.Finish(folders.files.size()));
  const std::vector<std::string> lost = LostClasses(dataset);
  if (lost.empty()) return dataset;
  return absl::InvalidArgumentError(
      base::StrCat(directory, ": no image can be read of: ", QuotedList(lost)));
}

void AppendImage(const ImageSet& from, std::size_t index, ImageSet& to) {
  const std::size_t bytes = static_cast<std::size_t>(from.side) * from.side * 3;
  const auto start = from.pixels.begin() + static_cast<std::ptrdiff_t>(index * bytes);
  to.pixels.insert(to.pixels.end(), start, start + static_cast<std::ptrdiff_t>(bytes));
  to.labels.push_back(from.labels[index]);
}

}  // namespace

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
