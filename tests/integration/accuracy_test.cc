// Accuracy over gRPC equals accuracy offline: the same images, decoded by client and tool, resized
// by the service and by the tool, at the same subnet.

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> kClasses = {"airplane", "automobile", "bird",  "cat",  "deer",
                                           "dog",      "frog",       "horse", "ship", "truck"};
constexpr int kImagesPerClass = 100;

/// A picture of a few soft blobs: different enough for a net to tell apart, smooth enough that the
/// resize matters as in photographs.
std::vector<std::uint8_t> Blobs(int width, int height, std::mt19937& random) {
  std::uniform_real_distribution<double> share(0.0, 1.0);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height * 3));
  for (int c = 0; c < 3; ++c) {
    const double x0 = share(random) * width, y0 = share(random) * height;
    const double spread = (0.1 + share(random)) * width, level = 255.0 * share(random);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const double distance = std::hypot(x - x0, y - y0) / spread;
        const double noise = 20.0 * share(random);
        pixels[static_cast<std::size_t>((y * width + x) * 3 + c)] = static_cast<std::uint8_t>(
            std::clamp(level * std::exp(-distance * distance) + noise, 0.0, 255.0));
      }
    }
  }
  return pixels;
}

void WritePng(const std::string& path, const std::vector<std::uint8_t>& pixels, int width,
              int height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  REQUIRE(png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr) != 0);
}

/// Class folders of generated images, or those that DYNOFA_DATA names.
std::string ClassFolders(const TempDir& dir) {
  if (const char* data = std::getenv("DYNOFA_DATA")) return data;
  std::mt19937 random(7);
  const std::vector<std::pair<int, int>> sizes = {{32, 32}, {61, 47}, {40, 96}};
  for (const std::string& name : kClasses) {
    std::filesystem::create_directories(dir.path() / "data" / name);
    for (int i = 0; i < kImagesPerClass; ++i) {
      const auto [width, height] = sizes[static_cast<std::size_t>(i) % sizes.size()];
      WritePng(dir / ("data/" + name + "/" + std::to_string(1000 + i) + ".png"),
               Blobs(width, height, random), width, height);
    }
  }
  return dir / "data";
}

struct Accuracy {
  double top1 = 0.0;
  int images = 0;
};

Accuracy Offline(const std::string& data, const std::string& subnet) {
  const Finished evaluated =
      RunProgram({DYNOFA_BIN_DIR "/dynofa-model", "evaluate", "--model",
                  std::string(DYNOFA_MODELS_DIR "/") + kModel, "--data", data, "--level", subnet,
                  "--limit", std::to_string(kImagesPerClass), "--json"},
                 {}, 10 * kPatience);
  INFO(evaluated.output);
  REQUIRE(evaluated.status.ok());
  const Json result = Json::parse(evaluated.output.substr(evaluated.output.find('{')));
  const Json& row = result.at("subnets").at(0);
  return {row.at("top1").get<double>(), row.at("images").get<int>()};
}

Accuracy OverGrpc(const Service& service, const std::string& data, const std::string& subnet,
                  int images) {
  const Finished ran = RunProgram(
      {DYNOFA_BIN_DIR "/dynofactl", "--socket", service.socket(), "run", "--json", "--images", data,
       "--subnet", subnet, "--rate", "100", "--count", std::to_string(images)},
      service.bus().environment(), 10 * kPatience);
  INFO(ran.output);
  REQUIRE(ran.status.ok());
  const std::size_t summary = ran.output.rfind("\"type\":\"summary\"");
  REQUIRE(summary != std::string::npos);
  const std::size_t begin = ran.output.rfind('\n', summary);
  const Json line = Json::parse(ran.output.substr(begin == std::string::npos ? 0 : begin + 1));
  CHECK(line.at("subnets").size() == 1);
  CHECK(line.at("subnets").contains(subnet));
  return {line.at("accuracy_measured").get<double>(), line.at("accuracy_images").get<int>()};
}

TEST_CASE("top-1 of 1,000 images over gRPC is that of dynofa-model evaluate") {
  TempDir dir;
  const std::string data = ClassFolders(dir);
  Service service(Service::Board::kNone);
  Client client(service);
  const dynofa::v1::Status status = client.GetStatus();
  const std::string subnet = status.models(0).subnets(0);
  const Accuracy offline = Offline(data, subnet);
  const Accuracy online = OverGrpc(service, data, subnet, offline.images);
  WARN("subnet " << subnet << ": " << offline.top1 << " offline, " << online.top1 << " over gRPC, "
                 << online.images << " images");
  CHECK(offline.images == 1000);
  CHECK(online.images == offline.images);
  CHECK(std::abs(online.top1 - offline.top1) <= 0.001);
}

}  // namespace
}  // namespace dynofa::tests
