#include "daemon/engine/preprocess.h"

#include <cstdint>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

struct Case {
  int width;
  int height;
  int shorter;
  int crop;
  std::vector<std::uint8_t> expected;
};

// A picture without smooth parts, so that a wrong weight shows.
std::vector<std::uint8_t> Picture(int width, int height) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        pixels.push_back(static_cast<std::uint8_t>(x * 37 + y * 91 + c * 53 + x * y * 7));
      }
    }
  }
  return pixels;
}

// What Pillow 9.4 makes of Picture(): Image.resize(size, BILINEAR), then Image.crop().
const std::vector<Case> kPillow = {
    {37, 23, 9, 7, {129, 140, 136, 131, 142, 133, 147, 130, 125, 132, 137, 129, 105, 110, 124,
                    140, 154, 135, 114, 128, 138, 133, 104, 141, 138, 135, 136, 129, 133, 140,
                    141, 127, 129, 147, 116, 126, 133, 109, 153, 122, 139, 138, 132, 110, 153,
                    138, 120, 135, 113, 118, 124, 113, 134, 127, 131, 102, 136, 139, 119, 153,
                    121, 136, 125, 142, 117, 133, 129, 121, 111, 120, 122, 119, 131, 120, 125,
                    121, 152, 92,  91,  132, 109, 132, 111, 139, 137, 136, 117, 129, 116, 114,
                    135, 129, 115, 133, 131, 123, 105, 147, 123, 97,  149, 87,  111, 145, 111,
                    130, 140, 129, 132, 112, 136, 111, 126, 138, 135, 128, 122, 122, 125, 150,
                    116, 136, 99,  146, 119, 135, 106, 152, 121, 121, 143, 126, 121, 120, 118,
                    117, 132, 126, 104, 141, 123, 110, 142, 111, 119, 137, 111}},
    {5, 7, 8, 7, {99,  152, 182, 119, 161, 201, 145, 177, 215, 158, 204, 97,  179, 160, 53,
                  207, 42,  80,  104, 56,  109, 157, 210, 77,  178, 150, 98,  198, 76,  125,
                  112, 107, 112, 85,  116, 121, 115, 103, 151, 107, 129, 182, 122, 175, 65,
                  145, 127, 88,  169, 69,  122, 100, 102, 155, 83,  136, 160, 116, 169, 135,
                  150, 151, 163, 17,  70,  123, 42,  95,  148, 79,  132, 185, 115, 168, 221,
                  151, 204, 177, 187, 240, 53,  224, 133, 74,  75,  128, 181, 102, 155, 137,
                  141, 184, 84,  181, 122, 124, 168, 109, 133, 106, 148, 114, 135, 136, 148,
                  133, 186, 169, 131, 184, 117, 134, 176, 54,  176, 101, 96,  159, 84,  116,
                  85,  127, 114, 116, 129, 152, 191, 244, 64,  121, 174, 85,  34,  86,  117,
                  79,  116, 162, 116, 153, 133, 146, 198, 33,  189, 112, 63}},
    {64, 3, 3, 3, {86, 139, 192, 123, 176, 229, 160, 213, 10, 131, 184, 237, 175, 228,
                   25, 219, 16,  69,  176, 229, 26,  227, 24, 77,  22,  75,  128}},
};

std::vector<std::uint8_t> Resized(const std::vector<std::uint8_t>& image, int width, int height,
                                  int shorter, int crop) {
  std::vector<std::uint8_t> output(static_cast<std::size_t>(crop * crop * 3));
  const absl::Status status = ResizeAndCrop(image, width, height, shorter, crop, output);
  INFO(status.ToString());
  REQUIRE(status.ok());
  return output;
}

}  // namespace

TEST_CASE("Shrinking, enlarging and elongated images equal Pillow's, byte for byte") {
  for (const Case& c : kPillow) {
    INFO(c.width << " x " << c.height);
    CHECK(Resized(Picture(c.width, c.height), c.width, c.height, c.shorter, c.crop) == c.expected);
  }
}

TEST_CASE("An image of the right size is only cropped, offsets rounded half to even") {
  const std::vector<std::uint8_t> image = Picture(5, 5);
  const auto pixel = [&](int y, int x) { return image[static_cast<std::size_t>((y * 5 + x) * 3)]; };
  CHECK(Resized(image, 5, 5, 5, 5) == image);
  CHECK(Resized(image, 5, 5, 5, 4)[0] == pixel(0, 0));  // 0.5 rounds to 0
  CHECK(Resized(image, 5, 5, 5, 2)[0] == pixel(2, 2));  // 1.5 rounds to 2
}

TEST_CASE("A flat image stays flat through both passes") {
  const std::vector<std::uint8_t> image(64 * 48 * 3, 255);
  for (std::uint8_t value : Resized(image, 64, 48, 13, 11)) REQUIRE(value == 255);
}

TEST_CASE("Sizes that cannot be are refused before anything is allocated") {
  const std::vector<std::uint8_t> image(4 * 4 * 3);
  std::vector<std::uint8_t> output(2 * 2 * 3);
  const auto refused = [&](int width, int height, int shorter, int crop) {
    return ResizeAndCrop(image, width, height, shorter, crop, output).code() ==
           absl::StatusCode::kInvalidArgument;
  };
  CHECK_FALSE(refused(4, 4, 3, 2));
  CHECK(refused(0, 4, 3, 2));
  CHECK(refused(4, -4, 3, 2));
  CHECK(refused(8193, 4, 3, 2));
  CHECK(refused(2147483647, 2147483647, 3, 2));
  CHECK(refused(4, 5, 3, 2));         // bytes do not match
  CHECK(refused(4, 4, 1, 2));         // the crop is larger than the image
  CHECK(refused(4, 4, 3, 3));         // the output has another size
  CHECK(refused(8192, 1, 224, 224));  // would be 1.8 million pixels wide
}

TEST_CASE("an image is stretched where its ratio is not kept") {
  // Left half black, right half white, and twice as wide as high.
  std::vector<std::uint8_t> image(8 * 4 * 3);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = i / 3 % 8 < 4 ? 0 : 255;
  std::vector<std::uint8_t> output(4 * 4 * 3);
  REQUIRE(Stretch(image, 8, 4, 4, output).ok());
  for (std::size_t y = 0; y < 4; ++y) {
    CHECK(output[y * 12] == 0);
    CHECK(output[y * 12 + 11] == 255);
  }
  // A square is resized as ever.
  std::vector<std::uint8_t> stretched(9 * 9 * 3), resized(9 * 9 * 3);
  REQUIRE(Stretch(Picture(23, 23), 23, 23, 9, stretched).ok());
  REQUIRE(ResizeAndCrop(Picture(23, 23), 23, 23, 9, 9, resized).ok());
  CHECK(stretched == resized);
  CHECK(absl::IsInvalidArgument(Stretch(image, 8, 4, 0, {})));
  CHECK(absl::IsInvalidArgument(Stretch(image, 8, 5, 4, output)));
}

}  // namespace dynofa::engine
