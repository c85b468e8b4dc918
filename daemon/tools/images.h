#ifndef DYNOFA_DAEMON_TOOLS_IMAGES_H_
#define DYNOFA_DAEMON_TOOLS_IMAGES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace dynofa::tools {

/// A decoded image: RGB, HWC.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

/// Decodes a JPEG or PNG file in memory; `name` goes into the messages. Grey, palettes and 16 bits
/// become RGB, and transparent parts are put on black. INVALID_ARGUMENT if it is neither, damaged,
/// CMYK, or has a side of 0 or above engine::kMaxImageSide.
absl::StatusOr<Image> DecodeImage(std::span<const std::byte> file, const std::string& name);

/// Reads and decodes the file at `path`.
absl::StatusOr<Image> ReadImage(const std::string& path);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_IMAGES_H_
