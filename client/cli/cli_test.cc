#include <png.h>
#include <turbojpeg.h>

#include <string>
#include <vector>

#include "client/cli/changes.h"
#include "client/cli/images.h"
#include "client/cli/statistics.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::cli {
namespace {

std::vector<std::uint8_t> EncodePng(const Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&png, nullptr, &size, 0, image.pixels.data(), 0, nullptr);
  std::vector<std::uint8_t> bytes(size);
  REQUIRE(png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0,
                                    nullptr) != 0);
  return bytes;
}

std::vector<std::uint8_t> EncodeJpeg(const Image& image) {
  const tjhandle handle = tjInitCompress();
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(handle, image.pixels.data(), image.width, 0, image.height, TJPF_RGB, &buffer,
                      &size, TJSAMP_444, 95, 0) == 0);
  std::vector<std::uint8_t> bytes(buffer, buffer + size);
  tjFree(buffer);
  tjDestroy(handle);
  return bytes;
}

std::string Text(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

TEST_CASE("PNG and JPEG are told apart by their content") {
  const Image pattern = MakePattern(20, 10, 3);
  const auto png = DecodeImage(EncodePng(pattern), "a.jpg");
  REQUIRE(png.ok());
  CHECK(png->width == 20);
  CHECK(png->height == 10);
  CHECK(png->pixels == pattern.pixels);
  const auto jpeg = DecodeImage(EncodeJpeg(pattern), "a.png");
  REQUIRE(jpeg.ok());
  CHECK(jpeg->width == 20);
  CHECK(jpeg->pixels.size() == pattern.pixels.size());
}

TEST_CASE("Broken pictures are errors that name the file") {
  std::vector<std::uint8_t> png = EncodePng(MakePattern(20, 10, 0));
  png.resize(png.size() / 2);
  std::vector<std::uint8_t> large = EncodePng(MakePattern(20, 10, 0));
  large[18] = 0xff;  // the third byte of the width
  for (const auto& bytes : {png, large, std::vector<std::uint8_t>{}, {0xff, 0xd8, 0xff}}) {
    const auto image = DecodeImage(bytes, "broken.jpg");
    REQUIRE_FALSE(image.ok());
    CHECK(image.error().message.find("broken.jpg") == 0);
  }
  CHECK_FALSE(LoadImage("/nowhere.png").ok());
  CHECK_FALSE(LoadImage("/").ok());
}

TEST_CASE("Pictures are found in folders, with their classes") {
  const tests::TempDir dir;
  const std::string png = Text(EncodePng(MakePattern(2, 2, 0)));
  dir.Write("cat/2.png", png);
  dir.Write("cat/1.JPG", png);
  dir.Write("dog/1.jpeg", png);
  dir.Write("dog/notes.txt", "not a picture");
  dir.Write("alone.png", png);
  const auto files = FindImages({dir.path().string()});
  REQUIRE(files.ok());
  REQUIRE(files->size() == 4);
  CHECK((*files)[0].class_name.empty());
  CHECK((*files)[1].class_name == "cat");
  CHECK((*files)[1].path.filename() == "1.JPG");
  CHECK((*files)[3].class_name == "dog");

  const auto one = FindImages({dir / "cat/2.png"});
  REQUIRE(one.ok());
  CHECK(one->size() == 1);
  CHECK_FALSE(FindImages({dir / "none"}).ok());
  CHECK_FALSE(FindImages({dir.Write("empty/notes.txt", "") + "/.."}).ok());
}

TEST_CASE("Changes set parts of a requirement and take them back") {
  const auto change = ParsePlannedChange("2.5:latency_ms=20,min_accuracy=0.8");
  REQUIRE(change.ok());
  CHECK(change->at_s == 2.5);
  const auto set = WithParts({}, change->parts);
  REQUIRE(set.ok());
  CHECK(set->latency_ms == 20.0);
  CHECK(set->min_accuracy == 0.8);
  const auto back = WithParts(*set, "latency_ms=none,rate_hz=30,priority=1");
  REQUIRE(back.ok());
  CHECK_FALSE(back->latency_ms);
  CHECK(back->min_accuracy == 0.8);
  CHECK(back->rate_hz == 30.0);
  CHECK(back->priority == 1);

  const auto typed = WithJson(*set, R"({"latency_ms": 10, "min_accuracy": null})");
  REQUIRE(typed.ok());
  CHECK(typed->latency_ms == 10.0);
  CHECK_FALSE(typed->min_accuracy);
}

TEST_CASE("Changes that cannot be are refused with a text") {
  for (const char* text : {"", "latency_ms=20", "x:latency_ms=20", "-1:latency_ms=20", "1:",
                           "1:latency_ms", "1:latency_ms=fast", "1:speed=3", "1:latency_ms=nan"}) {
    INFO(text);
    const auto change = ParsePlannedChange(text);
    REQUIRE_FALSE(change.ok());
    CHECK_FALSE(change.error().message.empty());
  }
  for (const char* line : {"", "{", "[1]", R"({"latency_ms": "20"})", R"({"speed": 3})"}) {
    INFO(line);
    CHECK_FALSE(WithJson({}, line).ok());
  }
}

TEST_CASE("Statistics count what was on time, late and lost") {
  Statistics statistics;
  client::Inference inference;
  inference.subnet = "small";
  inference.accuracy = 0.5;
  inference.time_label = "emulated";
  for (int i = 1; i <= 100; ++i) {
    statistics.AddSent();
    statistics.AddAnswer(inference, i, 90.0, i % 4 == 0);
  }
  statistics.AddError(client::ErrorCode::kDeadlineExceeded);
  statistics.AddError(client::ErrorCode::kResourceExhausted);
  statistics.AddError(client::ErrorCode::kUnavailable);
  CHECK(statistics.PercentileMs(50.0) == 50.0);
  CHECK(statistics.PercentileMs(99.0) == 99.0);
  CHECK(statistics.PercentileMs(100.0) == 100.0);
  CHECK(statistics.missed() == 13);
  const Json json = statistics.ToJson();
  CHECK(json["late"] == 10);
  CHECK(json["accuracy_measured"] == Approx(0.25));
  CHECK(json["energy_mj"].is_null());
  CHECK(json["energy_label"] == "unknown");
  CHECK(json["time_label"] == "emulated");
  inference.time_label = "measured";
  inference.energy_mj = 2.0;
  inference.energy_label = "emulated";
  statistics.AddAnswer(inference, 1.0, 90.0, true);
  CHECK(statistics.ToJson()["time_label"] == "emulated and measured");
  CHECK(statistics.ToJson()["energy_label"] == "emulated");
  CHECK_FALSE(Statistics().PercentileMs(50.0));
  CHECK(Statistics().ToJson()["p50_ms"].is_null());
}

}  // namespace
}  // namespace dynofa::cli
