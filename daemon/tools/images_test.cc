#include "daemon/tools/images.h"

#include <turbojpeg.h>

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "daemon/tools/png_testing.h"
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

std::string Jpeg(const std::vector<std::uint8_t>& pixels = Orange(), int format = TJPF_RGB,
                 int sampling = TJSAMP_444) {
  void* encoder = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(encoder, pixels.data(), kWidth, 0, kHeight, format, &data, &size, sampling,
                      95, 0) == 0);
  std::string file(reinterpret_cast<char*>(data), size);
  tjFree(data);
  tjDestroy(encoder);
  return file;
}

std::string Png() { return testing::PngFile(kWidth, kHeight, Orange()); }

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
  CHECK(Decode("").status().message() == "x: is empty");
}

// `png` with another width in its header chunk, whose checksum then is wrong, too.
std::string WithWidth(std::string png, std::initializer_list<unsigned char> width) {
  std::copy(width.begin(), width.end(), png.begin() + 16);
  return png;
}

TEST_CASE("images without pixels or with too many are refused before memory is taken") {
  CHECK(absl::IsInvalidArgument(Decode(WithWidth(Png(), {0, 0, 0x40, 0})).status()));  // 16384
  CHECK(absl::IsInvalidArgument(Decode(WithWidth(Png(), {0, 0, 0, 0})).status()));
  std::string jpeg = Jpeg();
  const std::size_t frame = jpeg.find("\xff\xc0");  // its height and width follow at 5 and 7
  REQUIRE(frame != std::string::npos);
  jpeg[frame + 5] = jpeg[frame + 7] = '\x7f';
  CHECK(Decode(jpeg).status().message().find("8192 a side are accepted") !=
        absl::string_view::npos);
  for (std::size_t i : {5, 6, 7, 8}) jpeg[frame + i] = '\0';
  CHECK(absl::IsInvalidArgument(Decode(jpeg).status()));
}

TEST_CASE("grey, transparent and 16-bit PNG images become RGB") {
  const struct {
    png_uint_32 format;
    std::vector<std::uint8_t> pixel;
    std::vector<std::uint8_t> rgb;
  } cases[] = {
      {PNG_FORMAT_GRAY, {77}, {77, 77, 77}},
      {PNG_FORMAT_GA, {77, 255}, {77, 77, 77}},
      {PNG_FORMAT_RGBA, {9, 8, 7, 255}, {9, 8, 7}},
      {PNG_FORMAT_RGBA, {9, 8, 7, 0}, {0, 0, 0}},
      {PNG_FORMAT_LINEAR_Y, {0xff, 0xff}, {255, 255, 255}},
  };
  for (const auto& [format, pixel, rgb] : cases) {
    const std::string file = testing::PngFile(1, 1, pixel, format);
    CHECK(Decode(file)->pixels == rgb);
  }
}

TEST_CASE("grey JPEG images become RGB, and CMYK ones are refused by name") {
  const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(kWidth) * kHeight, 100);
  CHECK(Decode(Jpeg(pixels, TJPF_GRAY, TJSAMP_GRAY))->pixels.size() == kWidth * kHeight * 3);
  const std::vector<std::uint8_t> ink(static_cast<std::size_t>(kWidth) * kHeight * 4, 100);
  const absl::Status status = Decode(Jpeg(ink, TJPF_CMYK, TJSAMP_444)).status();
  CHECK(status.message().find("x: cannot be decoded: its colours are CMYK") == 0);
}

}  // namespace
}  // namespace dynofa::tools
