#include "daemon/tools/images.h"

#include <png.h>
#include <turbojpeg.h>

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

constexpr int kWidth = 24;
constexpr int kHeight = 16;

std::vector<std::uint8_t> Orange() {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < kWidth * kHeight; ++i) pixels.insert(pixels.end(), {250, 120, 10});
  return pixels;
}

std::string Jpeg() {
  const std::vector<std::uint8_t> pixels = Orange();
  void* encoder = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(encoder, pixels.data(), kWidth, 0, kHeight, TJPF_RGB, &data, &size,
                      TJSAMP_444, 95, 0) == 0);
  std::string file(reinterpret_cast<char*>(data), size);
  tjFree(data);
  tjDestroy(encoder);
  return file;
}

std::string Png() {
  const std::vector<std::uint8_t> pixels = Orange();
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = kWidth;
  png.height = kHeight;
  png.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  REQUIRE(png_image_write_get_memory_size(png, size, 0, pixels.data(), 0, nullptr));
  std::string file(size, '\0');
  REQUIRE(png_image_write_to_memory(&png, file.data(), &size, 0, pixels.data(), 0, nullptr));
  return file;
}

absl::StatusOr<Image> Decode(const std::string& file) {
  return DecodeImage(std::as_bytes(std::span(file)), "x");
}

TEST_CASE("JPEG and PNG images are decoded to RGB") {
  for (const std::string& file : {Jpeg(), Png()}) {
    const Image image = *Decode(file);
    CHECK(image.width == kWidth);
    CHECK(image.height == kHeight);
    REQUIRE(image.pixels.size() == kWidth * kHeight * 3);
    CHECK(image.pixels[0] == Approx(250).margin(4));
    CHECK(image.pixels[1] == Approx(120).margin(4));
    CHECK(image.pixels[2] == Approx(10).margin(4));
  }
  const tests::TempDir folder;
  CHECK(ReadImage(folder.Write("a.png", Png()))->pixels == Orange());
}

TEST_CASE("damaged files and other formats are refused by name") {
  for (const std::string& good : {Jpeg(), Png()}) {
    for (std::size_t size : {std::size_t{4}, good.size() / 4, good.size() / 2}) {
      const absl::Status status = Decode(good.substr(0, size)).status();
      CHECK(absl::IsInvalidArgument(status));
      CHECK(status.message().find("x: ") == 0);
    }
  }
  CHECK(Decode("GIF89a").status().message() == "x: is neither a JPEG nor a PNG image");
  CHECK_FALSE(Decode("").ok());
  std::string huge = Png();
  const unsigned char side[] = {0, 0, 0x40, 0};  // 16384, in the header chunk
  std::memcpy(huge.data() + 16, side, 4);
  CHECK_FALSE(Decode(huge).ok());
}

}  // namespace
}  // namespace dynofa::tools
