// Compares the resize with Pillow's on photographs. The data is not part of the project: the
// environment variable DYNOFA_REFERENCE names its folder, beside which data/imagenet-samples lies.

#include <turbojpeg.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "daemon/engine/preprocess.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/sha256.h"
#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

struct Photograph {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

Photograph Decode(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<unsigned char> jpeg{std::istreambuf_iterator<char>(file), {}};
  Photograph photograph;
  int subsampling = 0;
  int colours = 0;
  tjhandle decoder = tjInitDecompress();
  INFO(path);
  REQUIRE(tjDecompressHeader3(decoder, jpeg.data(), jpeg.size(), &photograph.width,
                              &photograph.height, &subsampling, &colours) == 0);
  photograph.pixels.resize(static_cast<std::size_t>(photograph.width * photograph.height * 3));
  REQUIRE(tjDecompress2(decoder, jpeg.data(), jpeg.size(), photograph.pixels.data(),
                        photograph.width, 0, photograph.height, TJPF_RGB, TJFLAG_ACCURATEDCT) == 0);
  tjDestroy(decoder);
  return photograph;
}

void CheckResize(const Photograph& photograph, int shorter, int crop,
                 std::span<const std::byte> expected) {
  std::vector<std::uint8_t> output(static_cast<std::size_t>(crop * crop * 3));
  REQUIRE(expected.size() == output.size());
  REQUIRE(
      ResizeAndCrop(photograph.pixels, photograph.width, photograph.height, shorter, crop, output)
          .ok());
  std::size_t equal = 0;
  int largest = 0;
  for (std::size_t i = 0; i < output.size(); ++i) {
    const int difference = std::abs(output[i] - std::to_integer<int>(expected[i]));
    largest = std::max(largest, difference);
    if (difference == 0) ++equal;
  }
  CHECK(largest <= 1);
  CHECK(static_cast<double>(equal) >= 0.99 * static_cast<double>(output.size()));
}

}  // namespace

TEST_CASE("Photographs are resized as Pillow does") {
  const char* reference = std::getenv("DYNOFA_REFERENCE");
  if (reference == nullptr) {
    std::cout << "SKIPPED: DYNOFA_REFERENCE does not name the folder of reference data\n";
    return;
  }
  const std::string folder = std::string(reference) + "/preprocess/";
  const auto golden = SafetensorsFile::Read(folder + "resize.safetensors");
  INFO(golden.status().ToString());
  REQUIRE(golden.ok());
  std::ifstream description(folder + "resize.json");
  int photographs = 0;
  for (const nlohmann::json& entry : nlohmann::json::parse(description)) {
    const auto file = entry.at("file").get<std::string>();
    const Photograph photograph =
        Decode(std::string(reference) + "/../data/imagenet-samples/" + file);
    const std::span<const std::byte> bytes = std::as_bytes(std::span(photograph.pixels));
    if (Sha256Hex(std::span(&bytes, 1)).value() != entry.at("decoded_sha256").get<std::string>()) {
      WARN(file << " decodes to other pixels here");
      continue;
    }
    const auto tensor = entry.at("tensor").get<std::string>();
    INFO(tensor);
    const std::vector<int> resized = entry.at("resized").get<std::vector<int>>();
    CheckResize(photograph, std::min(resized.at(0), resized.at(1)),
                entry.at("resolution").get<int>(), golden->Find(tensor)->bytes);
    ++photographs;
  }
  CHECK(photographs > 0);
  Photograph small{32, 32, {}};
  for (std::byte value : golden->Find("small32")->bytes) {
    small.pixels.push_back(std::to_integer<std::uint8_t>(value));
  }
  for (int side : {20, 24, 28}) {
    INFO("32 to " << side);
    CheckResize(small, side, side, golden->Find("small_r" + std::to_string(side))->bytes);
  }
}

}  // namespace dynofa::engine
