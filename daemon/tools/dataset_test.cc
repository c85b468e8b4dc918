#include "daemon/tools/dataset.h"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "daemon/tools/png_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

using engine::torch_backend::ImageSet;

std::string Png(int side, std::uint8_t grey) {
  const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(side * side) * 3, grey);
  return testing::PngFile(static_cast<unsigned>(side), static_cast<unsigned>(side), pixels);
}

TEST_CASE("class folders become labels in the order of their names") {
  const tests::TempDir folder;
  folder.Write("dog/1.png", Png(8, 30));
  folder.Write("cat/2.png", Png(8, 20));
  folder.Write("cat/1.png", Png(8, 10));
  folder.Write("cat/notes.txt", "not an image");
  const Dataset dataset = *ReadDataset(folder.path().string());
  CHECK(dataset.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(dataset.images.labels == std::vector<std::int64_t>{0, 0, 1});
  CHECK(dataset.images.side == 8);
  CHECK(dataset.images.pixels[0] == 10);
  CHECK(dataset.images.pixels[8 * 8 * 3] == 20);
}

TEST_CASE("CIFAR-10's binary records are read plane by plane") {
  const tests::TempDir folder;
  std::string record(1, '\1');
  record += std::string(1024, '\x10') + std::string(1024, '\x20') + std::string(1024, '\x30');
  folder.Write("data_batch_1.bin", record + record);
  folder.Write("batches.meta.txt", "airplane\nautomobile\n\n");
  const Dataset dataset = *ReadDataset(folder.path().string());
  CHECK(dataset.classes == std::vector<std::string>{"airplane", "automobile"});
  CHECK(dataset.images.labels == std::vector<std::int64_t>{1, 1});
  CHECK(dataset.images.pixels.size() == 2 * 32 * 32 * 3);
  CHECK(dataset.images.pixels[3] == 0x10);
  CHECK(dataset.images.pixels[4] == 0x20);
  CHECK(dataset.images.pixels[5] == 0x30);
}

std::string Problem(const tests::TempDir& folder) {
  const absl::Status status = ReadDataset(folder.path().string()).status();
  CHECK(absl::IsInvalidArgument(status));
  return std::string(status.message());
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("what does not fit is refused by name") {
  const tests::TempDir folder;
  CHECK(Contains(Problem(folder), "holds no images"));
  CHECK(absl::IsNotFound(ReadDataset(folder / "none").status()));
  folder.Write("cat/1.png", Png(8, 1));
  folder.Write("cat/2.png", Png(9, 1));
  CHECK(Contains(Problem(folder), "cat/2.png: is 9x9"));
  folder.Write("cat/2.png", "not a PNG");
  CHECK(Contains(Problem(folder), "1 of 2 images cannot be read"));
}

TEST_CASE("a few unreadable images are left out, and the others keep their labels") {
  const tests::TempDir folder;
  for (int i = 0; i < 10; ++i) {
    folder.Write("cat/" + std::to_string(i) + ".png", Png(8, 1));
    folder.Write("dog/" + std::to_string(i) + ".png", Png(8, 2));
  }
  folder.Write("cat/0.png", "");
  std::filesystem::remove(folder.path() / "dog/9.png");
  std::filesystem::create_symlink("9.png", folder.path() / "dog/9.png");
  const Dataset dataset = *ReadDataset(folder.path().string());
  REQUIRE(dataset.images.size() == 18);
  CHECK(dataset.images.labels[8] == 0);
  CHECK(dataset.images.labels[9] == 1);
  CHECK(dataset.images.pixels[std::size_t{9} * 8 * 8 * 3] == 2);
}

TEST_CASE("a class of which nothing can be read is an error") {
  const tests::TempDir folder;
  for (int i = 0; i < 20; ++i) folder.Write("cat/" + std::to_string(i) + ".png", Png(8, 1));
  folder.Write("dog/1.png", "not a PNG");
  CHECK(Contains(Problem(folder), "no image can be read of: \"dog\""));
}

TEST_CASE("CIFAR-10 files of a wrong size or with a label too high are refused") {
  const tests::TempDir folder;
  folder.Write("batches.meta.txt", "airplane\n");
  for (std::size_t size : {0, 1, 3072, 3074, 2 * 3073 - 1}) {
    folder.Write("data_batch_1.bin", std::string(size, '\0'));
    CHECK(Contains(Problem(folder), "has " + std::to_string(size) + " bytes, which is no whole"));
  }
  folder.Write("data_batch_1.bin", std::string(3073, '\1'));
  CHECK(Contains(Problem(folder), "has label 1 of 1 classes"));
  std::filesystem::remove(folder.path() / "batches.meta.txt");
  CHECK(absl::IsNotFound(ReadDataset(folder.path().string()).status()));
}

TEST_CASE("held-out images are drawn by the seed and are gone from the rest") {
  ImageSet images{.side = 1};
  for (std::uint8_t i = 0; i < 20; ++i) {
    images.pixels.insert(images.pixels.end(), {i, i, i});
    images.labels.push_back(i);
  }
  ImageSet rest = images, again = images, other = images;
  const ImageSet holdout = TakeHoldout(rest, 5, 1);
  CHECK(holdout.size() == 5);
  CHECK(rest.size() == 15);
  std::set<std::int64_t> labels(holdout.labels.begin(), holdout.labels.end());
  labels.insert(rest.labels.begin(), rest.labels.end());
  CHECK(labels.size() == 20);
  for (std::size_t i = 0; i < 5; ++i) CHECK(holdout.pixels[3 * i] == holdout.labels[i]);
  CHECK(TakeHoldout(again, 5, 1).labels == holdout.labels);
  CHECK(TakeHoldout(other, 5, 2).labels != holdout.labels);
}

}  // namespace
}  // namespace dynofa::tools
