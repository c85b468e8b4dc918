#ifndef DYNOFA_DAEMON_TOOLS_PNG_TESTING_H_
#define DYNOFA_DAEMON_TOOLS_PNG_TESTING_H_

#include <png.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace dynofa::tools::testing {

/// A PNG file of `pixels`, in the way of libpng's `format`.
inline std::string PngFile(unsigned width, unsigned height, const std::vector<std::uint8_t>& pixels,
                           png_uint_32 format = PNG_FORMAT_RGB) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = width;
  png.height = height;
  png.format = format;
  png_alloc_size_t size = (1 << 16) + 4 * pixels.size();
  std::string file(size, '\0');
  if (!png_image_write_to_memory(&png, file.data(), &size, 0, pixels.data(), 0, nullptr)) {
    throw std::runtime_error(png.message);
  }
  file.resize(size);
  return file;
}

}  // namespace dynofa::tools::testing

#endif  // DYNOFA_DAEMON_TOOLS_PNG_TESTING_H_
