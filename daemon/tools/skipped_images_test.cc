#include "daemon/tools/skipped_images.h"

#include <memory>
#include <string>

#include "daemon/base/strings.h"
#include "tests/support/catch.h"

namespace dynofa::tools {
namespace {

// A log that can be read back.
class Log {
 public:
  std::FILE* file() { return file_.get(); }

  std::string Text() {
    std::string text(static_cast<std::size_t>(std::ftell(file_.get())), '\0');
    std::rewind(file_.get());
    REQUIRE(std::fread(text.data(), 1, text.size(), file_.get()) == text.size());
    return text;
  }

 private:
  std::unique_ptr<std::FILE, decltype(&std::fclose)> file_{std::tmpfile(), &std::fclose};
};

TEST_CASE("Nothing is said when nothing was skipped") {
  Log log;
  CHECK(SkippedImages(log.file()).Finish(0).ok());
  CHECK(log.Text().empty());
}

TEST_CASE("A skipped image is named and counted") {
  Log log;
  SkippedImages skipped(log.file());
  REQUIRE(skipped.Add(absl::InvalidArgumentError("a.png: is empty")).ok());
  CHECK(skipped.count() == 1);
  CHECK(skipped.Finish(10).ok());
  CHECK(log.Text() == "skipped: a.png: is empty\nskipped: 1 of 10 images cannot be read\n");
}

TEST_CASE("Only the first few are named") {
  Log log;
  SkippedImages skipped(log.file());
  for (int i = 0; i < 100; ++i) {
    REQUIRE(skipped.Add(absl::NotFoundError(base::StrCat(i, ".png"))).ok());
  }
  CHECK(skipped.Finish(1000).ok());
  const std::string text = log.Text();
  CHECK(text.find("skipped: 9.png\n") != std::string::npos);
  CHECK(text.find("skipped: 10.png\n") == std::string::npos);
  CHECK(text.find("skipped: 100 of 1000 images cannot be read\n") != std::string::npos);
}

TEST_CASE("More than a tenth, or all, is an error") {
  Log log;
  SkippedImages skipped(log.file());
  REQUIRE(skipped.Add(absl::InvalidArgumentError("a.png: is empty")).ok());
  CHECK(skipped.Finish(9).message() == "1 of 9 images cannot be read; at most 10 % may be skipped");
  CHECK(absl::IsInvalidArgument(skipped.Finish(1)));
}

TEST_CASE("What the machine lacks is no fault of the image") {
  Log log;
  SkippedImages skipped(log.file());
  CHECK(absl::IsResourceExhausted(skipped.Add(absl::ResourceExhaustedError("a.png: memory"))));
  CHECK(skipped.count() == 0);
}

}  // namespace
}  // namespace dynofa::tools
