#ifndef DYNOFA_CLIENT_CLI_IMAGES_H_
#define DYNOFA_CLIENT_CLI_IMAGES_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "dynofa/result.h"
#include "dynofa/types.h"

namespace dynofa::cli {

/// A decoded picture: RGB, 8 bits each, of its original size.
struct Image {
  std::vector<std::uint8_t> pixels;
  int width = 0;
  int height = 0;

  client::ImageView view() const { return {pixels.data(), width, height}; }
};

/// A picture file, and the name of its class: that of its folder, if it was found below a folder
/// of class folders, else empty.
struct ImageFile {
  std::filesystem::path path;
  std::string class_name;
};

/// Decodes a JPEG or PNG file by its content.
client::Result<Image> LoadImage(const std::filesystem::path& path);

/// The same for bytes; `name` stands for the file in messages.
client::Result<Image> DecodeImage(const std::vector<std::uint8_t>& bytes, const std::string& name);

/// Files as named, and of each folder the JPEG and PNG files in it and in its class folders
/// (`<class>/*.jpg`), sorted. An error if there is none at all.
client::Result<std::vector<ImageFile>> FindImages(const std::vector<std::string>& places);

/// A colourful picture for loads without photographs: the same for the same `seed`.
Image MakePattern(int width, int height, std::uint32_t seed);

}  // namespace dynofa::cli

#endif  // DYNOFA_CLIENT_CLI_IMAGES_H_
