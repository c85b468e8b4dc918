#include "daemon/config/config_table.h"

#include <string>

#include "daemon/base/strings.h"
#include "tests/support/catch.h"

namespace dynofa::config {
namespace {

ConfigTable Table(const std::string& text) { return *ConfigTable::Parse(text, "t"); }

TEST_CASE("A key that is absent leaves its value alone") {
  ConfigTable table = Table("");
  std::string text = "kept";
  double number = 1.5;
  CHECK(table.ReadString("a", &text).ok());
  CHECK(table.ReadNumber("b", {}, &number).ok());
  CHECK(text == "kept");
  CHECK(number == 1.5);
  CHECK(table.RefuseOthers().ok());
}

TEST_CASE("A number may be written as an integer") {
  ConfigTable table = Table("a = 3");
  double number = 0.0;
  REQUIRE(table.ReadNumber("a", {}, &number).ok());
  CHECK(number == 3.0);
}

TEST_CASE("A key that nobody asked for is refused") {
  ConfigTable table = Table("a = 1\nb = 2\n");
  std::int64_t value = 0;
  REQUIRE(table.ReadInteger("a", std::int64_t{0}, std::int64_t{9}, &value).ok());
  CHECK(base::FromAbsl(table.RefuseOthers().message()).find("t:2: b = 2") !=
        std::string_view::npos);
}

TEST_CASE("Tables outlive the one that gave them out") {
  auto child = Table("[a]\nb = \"x\"\n").Child("a");
  REQUIRE(child.ok());
  REQUIRE(child->has_value());
  std::string text;
  REQUIRE((*child)->ReadString("b", &text).ok());
  CHECK(text == "x");
}

TEST_CASE("An array of anything but tables is refused, an empty one is empty") {
  ConfigTable table = Table("a = [1, 2]\nb = []\nc = [{x = 1}, {x = 2}]\n");
  CHECK_FALSE(table.Children("a").ok());
  CHECK(table.Children("b")->empty());
  CHECK(table.Children("c")->size() == 2);
}

}  // namespace
}  // namespace dynofa::config
