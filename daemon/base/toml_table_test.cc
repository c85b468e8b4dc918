#include "daemon/base/toml_table.h"

#include <limits>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

TomlTable Example() {
  return *TomlTable::Parse(R"(text = "t"
whole = 7
real = 2.5
flag = true
list = [1, 2, 3]
mixed = [1, "2"]
[inner]
x = 1
[[row]]
y = 1
[[row]]
y = 2
)",
                           "a.toml");
}

TEST_CASE("values are read with their type and range") {
  const TomlTable table = Example();
  CHECK(*table.String("text") == "t");
  CHECK(*table.Int("whole", 0, 7) == 7);
  CHECK(*table.Number("real", 0, 3) == 2.5);
  CHECK(*table.Number("whole", 0, 9) == 7.0);
  CHECK(*table.Bool("flag"));
  CHECK(*table.Ints("list") == std::vector<int>{1, 2, 3});
  CHECK(*table.Numbers("list", 3) == std::vector<double>{1, 2, 3});
  CHECK(*table.Table("inner")->Int("x", 0, 9) == 1);
  const std::vector<TomlTable> rows = *table.Tables("row");
  REQUIRE(rows.size() == 2);
  CHECK(*rows[1].Int("y", 0, 9) == 2);
  CHECK(table.Has("flag"));
  CHECK_FALSE(table.Has("y"));
}

TEST_CASE("what is wrong is said with file, line and rule") {
  const TomlTable table = Example();
  CHECK(table.Int("whole", 0, 6).status().message() ==
        "a.toml:2: whole must be a whole number in [0, 6]");
  CHECK(table.String("nothing").status().message() == "a.toml:1: nothing is missing");
  CHECK(table.Ints("mixed").status().message() ==
        "a.toml:6: mixed must be a list of whole numbers");
  CHECK(table.Strings("mixed").status().message() == "a.toml:6: mixed must be a list of texts");
  CHECK(table.Numbers("list", 2).status().message() ==
        "a.toml:5: list must be a list of 2 numbers");
  CHECK_FALSE(table.Table("list").ok());
  CHECK_FALSE(table.Tables("list").ok());
  CHECK_FALSE(table.Bool("text").ok());
  CHECK_FALSE(table.Number("text", 0, 1).ok());
  CHECK(table.Table("inner")->CheckKeys({"z", "y"}).message() ==
        "a.toml:8: x is not a known key; known here: z, y");
  CHECK(table.Table("inner")->CheckKeys({"x"}).ok());
}

TEST_CASE("a list of numbers may have any length up to the limit, each within its range") {
  const TomlTable table = *TomlTable::Parse("a = [1, 2.5]\nb = [1, nan]\nc = [\"x\"]\n", "a.toml");
  CHECK(*table.NumberList("a", 0, 3, 2) == std::vector<double>{1.0, 2.5});
  CHECK(table.NumberList("a", 0, 2, 2).status().message() ==
        "a.toml:1: a must be a list of at most 2 numbers in [0, 2]");
  CHECK_FALSE(table.NumberList("a", 0, 3, 1).ok());
  CHECK_FALSE(table.NumberList("b", 0, 3, 2).ok());
  CHECK_FALSE(table.NumberList("c", 0, 3, 2).ok());
  CHECK(table.NumberList("d", 0, 3, 2).status().message() == "a.toml:1: d is missing");
}

TEST_CASE("a text that is no TOML is refused") {
  const absl::Status status = TomlTable::Parse("a = 1\nb = = 2\n", "a.toml").status();
  CHECK(absl::IsInvalidArgument(status));
  CHECK(status.message().find("a.toml:2: not valid TOML: ") == 0);
}

TEST_CASE("what other wordings of an error are made of") {
  const TomlTable table = Example();
  CHECK(table.Keys() ==
        std::vector<std::string>{"flag", "inner", "list", "mixed", "real", "row", "text", "whole"});
  CHECK(table.Place("list") == "a.toml:5");
  CHECK(table.Place("nothing") == "a.toml:1");
  CHECK(table.Shown("text") == "\"t\"");
  CHECK(table.Shown("whole") == "7");
  CHECK(table.Shown("real") == "2.5");
  CHECK(table.Shown("flag") == "true");
  CHECK(table.Shown("list") == "an array");
  CHECK(table.Shown("inner") == "a table");
  CHECK(table.Shown("nothing").empty());
}

TEST_CASE("whole numbers of 64 bits are kept, and NaN is no number") {
  const TomlTable table = *TomlTable::Parse("a = -9223372036854775808\nb = nan\n", "a.toml");
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
  CHECK(*table.Int64("a", kLow, 0) == kLow);
  CHECK_FALSE(table.Int64("a", kLow + 1, 0).ok());
  CHECK_FALSE(table.Int("a", std::numeric_limits<int>::min(), 0).ok());
  CHECK_FALSE(table.Number("b", -1e300, 1e300).ok());
}

}  // namespace
}  // namespace dynofa::base
