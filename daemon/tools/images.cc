#include "daemon/tools/images.h"

#include <png.h>
#include <turbojpeg.h>

#include <array>
#include <cstring>
#include <memory>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"
#include "daemon/engine/preprocess.h"

namespace dynofa::tools {
namespace {

constexpr std::int64_t kMaxFile = std::int64_t{64} << 20;

absl::Status Damaged(const std::string& name, const char* reason) {
  return absl::InvalidArgumentError(base::StrCat(name, ": cannot be decoded: ", reason));
}

// Gives `image` its memory if its sides are acceptable.
absl::Status Allocate(const std::string& name, std::int64_t width, std::int64_t height,
                      Image& image) {
  if (width < 1 || height < 1 || width > engine::kMaxImageSide || height > engine::kMaxImageSide) {
    return absl::InvalidArgumentError(base::StrCat(name, ": is ", width, "x", height,
                                                   " pixels; at most ", engine::kMaxImageSide,
                                                   " a side are accepted"));
  }
  image.width = static_cast<int>(width);
  image.height = static_cast<int>(height);
  image.pixels.resize(static_cast<std::size_t>(width * height * 3));
  return absl::OkStatus();
}

absl::StatusOr<Image> DecodeJpeg(std::span<const std::byte> file, const std::string& name) {
  const std::unique_ptr<void, decltype(&tjDestroy)> decoder(tjInitDecompress(), &tjDestroy);
  if (decoder == nullptr) return absl::ResourceExhaustedError("libjpeg-turbo does not start");
  const auto* data = reinterpret_cast<const unsigned char*>(file.data());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, file.size(), &width, &height, &subsampling,
                          &colours) != 0) {
    return Damaged(name, tjGetErrorStr2(decoder.get()));
  }
  if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
    return Damaged(name, "its colours are CMYK, and only RGB and grey are read");
  }
  Image image;
  DYNOFA_RETURN_IF_ERROR(Allocate(name, width, height, image));
  if (tjDecompress2(decoder.get(), data, file.size(), image.pixels.data(), width, 0, height,
                    TJPF_RGB, TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING) != 0) {
    return Damaged(name, tjGetErrorStr2(decoder.get()));
  }
  return image;
}

absl::StatusOr<Image> DecodePng(std::span<const std::byte> file, const std::string& name) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, decltype(&png_image_free)> owner(&png, &png_image_free);
  if (png_image_begin_read_from_memory(&png, file.data(), file.size()) == 0) {
    return Damaged(name, png.message);
  }
  Image image;
  DYNOFA_RETURN_IF_ERROR(Allocate(name, png.width, png.height, image));
  png.format = PNG_FORMAT_RGB;
  const png_color black{};
  if (png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr) == 0) {
    return Damaged(name, png.message);
  }
  return image;
}

}  // namespace

absl::StatusOr<Image> DecodeImage(std::span<const std::byte> file, const std::string& name) {
  constexpr std::array<unsigned char, 3> kJpeg = {0xff, 0xd8, 0xff};
  constexpr std::array<unsigned char, 4> kPng = {0x89, 'P', 'N', 'G'};
  if (file.size() > kJpeg.size() && std::memcmp(file.data(), kJpeg.data(), kJpeg.size()) == 0) {
    return DecodeJpeg(file, name);
  }
  if (file.size() > kPng.size() && std::memcmp(file.data(), kPng.data(), kPng.size()) == 0) {
    return DecodePng(file, name);
  }
  return absl::InvalidArgumentError(
      base::StrCat(name, file.empty() ? ": is empty" : ": is neither a JPEG nor a PNG image"));
}

absl::StatusOr<Image> ReadImage(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::byte> file, engine::ReadWholeFile(path, kMaxFile));
  return DecodeImage(file, path);
}

}  // namespace dynofa::tools
