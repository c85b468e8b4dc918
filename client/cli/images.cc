#include "client/cli/images.h"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

namespace dynofa::cli {
namespace {

namespace fs = std::filesystem;

// Both libraries believe the sizes in a file before they have seen its pixels.
constexpr int kMaxSide = 8192;

struct DestroyJpeg {
  void operator()(void* handle) const { tjDestroy(handle); }
};

client::Error Bad(const std::string& name, const std::string& why) {
  return {client::ErrorCode::kInvalidArgument, name + ": " + why};
}

bool FitsSides(std::int64_t width, std::int64_t height) {
  return width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide;
}

std::string TooLarge(std::int64_t width, std::int64_t height) {
  return "its sides, " + std::to_string(width) + " x " + std::to_string(height) +
         ", must be 1 to " + std::to_string(kMaxSide);
}

client::Result<Image> DecodeJpeg(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  const std::unique_ptr<void, DestroyJpeg> handle(tjInitDecompress());
  if (handle == nullptr) return Bad(name, "the JPEG decoder does not start");
  Image image;
  int subsampling = 0;
  int colorspace = 0;
  if (tjDecompressHeader3(handle.get(), bytes.data(), bytes.size(), &image.width, &image.height,
                          &subsampling, &colorspace) != 0) {
    return Bad(name, tjGetErrorStr2(handle.get()));
  }
  if (!FitsSides(image.width, image.height)) return Bad(name, TooLarge(image.width, image.height));
  image.pixels.resize(static_cast<std::size_t>(image.width) *
                      static_cast<std::size_t>(image.height) * 3);
  if (tjDecompress2(handle.get(), bytes.data(), bytes.size(), image.pixels.data(), image.width, 0,
                    image.height, TJPF_RGB, TJFLAG_ACCURATEDCT) != 0 &&
      tjGetErrorCode(handle.get()) == TJERR_FATAL) {
    return Bad(name, tjGetErrorStr2(handle.get()));
  }
  return image;
}

client::Result<Image> DecodePng(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
    return Bad(name, png.message);
  }
  const std::unique_ptr<png_image, void (*)(png_image*)> owned(&png, png_image_free);
  if (!FitsSides(png.width, png.height)) return Bad(name, TooLarge(png.width, png.height));
  png.format = PNG_FORMAT_RGB;
  Image image;
  image.width = static_cast<int>(png.width);
  image.height = static_cast<int>(png.height);
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  const png_color black{0, 0, 0};
  if (png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr) == 0) {
    return Bad(name, png.message);
  }
  return image;
}

bool IsImageName(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

void AddFolder(const fs::path& folder, std::vector<ImageFile>* files) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error)) {
      for (const auto& inner : fs::directory_iterator(entry.path(), error)) {
        if (IsImageName(inner.path())) {
          files->push_back({inner.path(), entry.path().filename().string()});
        }
      }
    } else if (IsImageName(entry.path())) {
      files->push_back({entry.path(), ""});
    }
  }
}

}  // namespace

client::Result<Image> DecodeImage(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  constexpr std::uint8_t kJpeg[] = {0xff, 0xd8};
  constexpr std::uint8_t kPng[] = {0x89, 'P', 'N', 'G'};
  const auto starts_with = [&](const auto& magic) {
    return bytes.size() > std::size(magic) &&
           std::equal(std::begin(magic), std::end(magic), bytes.begin());
  };
  if (starts_with(kJpeg)) return DecodeJpeg(bytes, name);
  if (starts_with(kPng)) return DecodePng(bytes, name);
  return Bad(name, "neither a JPEG nor a PNG file");
}

client::Result<Image> LoadImage(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return client::Error{client::ErrorCode::kNotFound, path.string() + ": no such file"};
  }
  std::ifstream stream(path, std::ios::binary);
  const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream),
                                        std::istreambuf_iterator<char>()};
  if (!stream) return client::Error{client::ErrorCode::kNotFound, path.string() + ": unreadable"};
  return DecodeImage(bytes, path.string());
}

client::Result<std::vector<ImageFile>> FindImages(const std::vector<std::string>& places) {
  std::vector<ImageFile> files;
  for (const std::string& place : places) {
    std::error_code error;
    if (fs::is_directory(place, error)) {
      AddFolder(place, &files);
    } else if (fs::exists(place, error)) {
      files.push_back({place, ""});
    } else {
      return client::Error{client::ErrorCode::kNotFound, place + ": no such file or folder"};
    }
  }
  if (files.empty()) {
    return client::Error{client::ErrorCode::kNotFound,
                         "no JPEG or PNG file in the folders that were named"};
  }
  std::sort(files.begin(), files.end(),
            [](const ImageFile& a, const ImageFile& b) { return a.path < b.path; });
  return files;
}

Image MakePattern(int width, int height, std::uint32_t seed) {
  Image image;
  image.width = width;
  image.height = height;
  image.pixels.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto ux = static_cast<std::uint32_t>(x);
      const auto uy = static_cast<std::uint32_t>(y);
      for (const std::uint32_t value : {ux + seed, uy + 2 * seed, (ux ^ uy) + 3 * seed}) {
        image.pixels.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return image;
}

}  // namespace dynofa::cli
