#include "daemon/tools/photographs.h"

#include <algorithm>
#include <string>

#include "daemon/tools/png_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

// Red says the column, green the row.
Image Map(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixels.insert(image.pixels.end(),
                          {static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y), 7});
    }
  }
  return image;
}

TEST_CASE("a crop is a part of the image, of the sizes that it may have") {
  std::mt19937_64 random(1);
  int smallest = 200 * 100, largest = 0;
  for (int i = 0; i < 300; ++i) {
    const Image crop = RandomCrop(Map(200, 100), random);
    const int area = crop.width * crop.height;
    smallest = std::min(smallest, area);
    largest = std::max(largest, area);
    const double ratio = static_cast<double>(crop.width) / crop.height;
    CHECK((ratio > 0.7 && ratio < 1.4));  // 3/4 to 4/3, and whole pixels
    REQUIRE(crop.pixels.size() == static_cast<std::size_t>(area) * 3);
    // The last pixel lies as far from the first as the sizes say.
    CHECK(crop.pixels[crop.pixels.size() - 3] - crop.pixels[0] == crop.width - 1);
    CHECK(crop.pixels[crop.pixels.size() - 2] - crop.pixels[1] == crop.height - 1);
  }
  CHECK((smallest > 1500 && smallest < 2600));  // 8 % are 1600
  CHECK(largest > 9000);                        // 100 x 133 fit
}

TEST_CASE("an image that no drawn box fits gives its middle") {
  std::mt19937_64 random(1);
  const Image crop = RandomCrop(Map(250, 3), random);
  CHECK(crop.height <= 3);
  CHECK(crop.width <= 4);
}

TEST_CASE("brightness is changed before saturation") {
  std::vector<std::uint8_t> pixels = {100, 100, 100, 200, 0, 0};
  ChangeColours(1.5f, 1.0f, pixels);
  CHECK(pixels[0] == 150);
  CHECK((pixels[3] == 255 || pixels[3] == 254));  // clamped
  pixels = {200, 0, 0};
  ChangeColours(1.0f, 0.0f, pixels);
  CHECK(pixels == std::vector<std::uint8_t>{59, 59, 59});  // the grey of that red
}

TEST_CASE("a sample is drawn once and cropped for each side") {
  const tests::TempDir folder;
  for (int i = 0; i < 20; ++i) {
    const Image image = Map(40 + i, 30);
    folder.Write("data/" + std::to_string(i % 2) + "/" + std::to_string(i) + ".png",
                 testing::PngFile(static_cast<unsigned>(image.width), 30, image.pixels));
  }
  folder.Write("data/1/broken.png", "no image");
  const PhotographSample all = *PhotographSample::Draw(folder / "data", 100, 5);
  CHECK(all.size() == 21);
  const auto crops = *all.Crops(24);
  CHECK(crops.side == 24);
  REQUIRE(crops.size() == 20);  // without the broken one
  CHECK(crops.pixels.size() == 20u * 24 * 24 * 3);
  CHECK(std::count(crops.labels.begin(), crops.labels.end(), 0) == 10);
  CHECK(all.Crops(24)->pixels == crops.pixels);
  const PhotographSample some = *PhotographSample::Draw(folder / "data", 5, 5);
  CHECK(some.size() == 5);
  CHECK(absl::IsNotFound(PhotographSample::Draw(folder / "none", 5, 5).status()));
}

}  // namespace
}  // namespace dynofa::tools
