#include "daemon/tools/class_folders.h"

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/base/strings.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tools {
namespace {

std::string Problem(const absl::Status& status) {
  CHECK(absl::IsInvalidArgument(status));
  return std::string(base::FromAbsl(status.message()));
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("Folders are classes in the order of their names, and hold files named like images") {
  const tests::TempDir folder;
  folder.Write("dog/b.JPEG", "");
  folder.Write("dog/a.png", "");
  folder.Write("cat/1.jpg", "");
  folder.Write("cat/notes.txt", "");
  folder.Write("cat/.hidden.png", "");
  folder.Write(".git/1.png", "");
  folder.Write("readme.png", "");
  const ClassFolders folders = *ListClassFolders(folder.path().string());
  CHECK(folders.classes == std::vector<std::string>{"cat", "dog"});
  REQUIRE(folders.files.size() == 3);
  CHECK(folders.files[0].path == folder / "cat/1.jpg");
  CHECK(folders.files[1].path == folder / "dog/a.png");
  CHECK(folders.files[1].label == 1);
}

TEST_CASE("A folder without images is refused, and so are classes without images") {
  const tests::TempDir folder;
  CHECK(absl::IsNotFound(ListClassFolders(folder / "none").status()));
  CHECK(Contains(Problem(ListClassFolders(folder.path().string()).status()), "holds no images"));
  folder.Write("cat/1.png", "");
  folder.Write("dog/notes.txt", "");
  std::filesystem::create_directory(folder.path() / "eel");
  CHECK(Contains(Problem(ListClassFolders(folder.path().string()).status()),
                 "2 of 3 class folders hold no images: \"dog\", \"eel\""));
}

TEST_CASE("Symbolic links are followed, and one that leads nowhere or in a circle is refused") {
  const tests::TempDir folder;
  folder.Write("store/1.png", "");
  folder.Write("data/dog/1.png", "");
  std::filesystem::create_directory_symlink(folder.path() / "store", folder.path() / "data/cat");
  const std::string data = folder / "data";
  CHECK(ListClassFolders(data)->classes == std::vector<std::string>{"cat", "dog"});

  const std::filesystem::path link = folder.path() / "data/eel";
  std::filesystem::create_symlink("eel", link);
  CHECK(Contains(Problem(ListClassFolders(data).status()), "eel: cannot be followed"));
  std::filesystem::remove(link);
  std::filesystem::create_symlink("gone", link);
  CHECK(Contains(Problem(ListClassFolders(data).status()), "eel: cannot be followed"));
  std::filesystem::remove(link);
  std::filesystem::create_directory_symlink(folder.path() / "data", link);
  CHECK(Contains(Problem(ListClassFolders(data).status()), "hold no images: \"eel\""));
}

TEST_CASE("A link among the images is listed whatever it leads to: reading it says what is wrong") {
  const tests::TempDir folder;
  folder.Write("cat/1.png", "");
  std::filesystem::create_symlink("2.png", folder.path() / "cat/2.png");
  CHECK(ListClassFolders(folder.path().string())->files.size() == 2);
}

TEST_CASE("Classes find their labels, which may be more and in another order") {
  const ClassFolders folders{{"cat", "dog"}, {}};
  CHECK(*MatchLabels(folders, {"dog", "eel", "cat"}) == std::vector<std::size_t>{2, 0});
}

TEST_CASE("Folders that are no label are named, and the labels that lack one") {
  const ClassFolders folders{{"aeroplane", "cat", "dog"}, {}};
  CHECK(Problem(MatchLabels(folders, {"airplane", "cat"}).status()) ==
        "2 of 3 class folders are none of the model's 2 labels: \"aeroplane\", \"dog\"; "
        "labels without a folder: \"airplane\"");
  CHECK(Problem(MatchLabels(folders, {"cat"}).status()) ==
        "2 of 3 class folders are none of the model's 1 labels: \"aeroplane\", \"dog\"");
  CHECK(Contains(Problem(MatchLabels(folders, {}).status()), "has no labels"));
}

TEST_CASE("Long lists of names are cut") {
  const std::vector<std::string> names = {"a", "b", "c"};
  CHECK(QuotedList(names, 3) == "\"a\", \"b\", \"c\"");
  CHECK(QuotedList(names, 2) == "\"a\", \"b\" and 1 more");
  CHECK(QuotedList({}, 2).empty());
}

}  // namespace
}  // namespace dynofa::tools
