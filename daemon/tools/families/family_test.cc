#include "daemon/tools/families/family.h"

#include <algorithm>
#include <set>

#include "tests/support/catch.h"

namespace dynofa::tools::families {
namespace {

constexpr char kOne[] = R"(
[[family]]
name = "A"
paper = "p"
source = "s"
graph = "mobilenet-v1"
shares = "weights"
figure_gpu = [{ ms = 10.5, top1 = 60.0 }]
member = [{ id = "a", top1 = 50.5, width = 0.25, resolution = 64, extra = true }]
)";

absl::StatusOr<std::vector<Family>> Read(std::string text) {
  const auto table = base::TomlTable::Parse(text, "f.toml");
  REQUIRE(table.ok());
  return ReadFamilies(*table);
}

std::string ErrorWith(const std::string& from, const std::string& to) {
  std::string text = kOne;
  const std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return Read(text.replace(at, from.size(), to)).status().ToString();
}

bool Says(const std::string& error, const std::string& part) {
  INFO(error);
  return error.find("f.toml:") != error.npos && error.find(part) != error.npos;
}

}  // namespace

TEST_CASE("The families that come with the program are read") {
  const auto families = BuiltInFamilies();
  INFO(families.status().ToString());
  REQUIRE(families.ok());
  std::size_t members = 0;
  std::set<std::string> graphs;
  for (const Family& family : *families) {
    members += family.members.size();
    for (const Member& member : family.members) graphs.insert(GraphKey(member.network));
    CHECK(std::any_of(family.members.begin(), family.members.end(),
                      [](const Member& m) { return !m.extra; }));
  }
  CHECK(families->size() == 9);
  CHECK(members == 103);
  // Slimmable and US networks of equal width are one graph, and so are three levels that both
  // files of Dynamic-OFA have.
  CHECK(graphs.size() == 103 - 8 - 3);
}

TEST_CASE("A family is read with its points and members") {
  const std::vector<Family> families = Read(kOne).value();
  REQUIRE(families.size() == 1);
  const Family& family = families.front();
  CHECK(family.sharing == Sharing::kWeights);
  CHECK(family.figure_gpu.front().ms == 10.5);
  CHECK(family.figure_cpu.empty());
  const Member& member = family.members.front();
  CHECK(member.top1 == 50.5);
  CHECK(member.extra);
  CHECK(member.network.resolution() == 64);
  CHECK(member.network.cost.layers == 28);
}

TEST_CASE("What is wrong in a file is named with its line") {
  CHECK(Says(ErrorWith("weights", "all"), "shares must be"));
  CHECK(Says(ErrorWith("mobilenet-v1", "resnet"), "graph must be"));
  CHECK(Says(ErrorWith("50.5", "150"), "top1 must be a number in [0, 100]"));
  CHECK(Says(ErrorWith("width = 0.25", "width = 0"), "width must be"));
  CHECK(Says(ErrorWith("width = 0.25", "breadth = 1"), "breadth is not a known key"));
  CHECK(Says(ErrorWith("resolution = 64", "resolution = 0"), "resolution must be"));
  CHECK(Says(ErrorWith("extra = true }",
                       "extra = true }, { id = \"a\", top1 = 1, width = 1, "
                       "resolution = 64 }"),
             "the id a twice"));
  CHECK(Says(ErrorWith("member = [", "member = [] # "), "at least one"));
  CHECK(Says(ErrorWith("mobilenet-v1", "ofa-mobilenetv3"), "kernels is missing"));
}

TEST_CASE("Only what runs makes networks differ") {
  OfaNetwork ofa{1.2, LargestSubnet(engine::ofa::Architecture::MobileNetV3(1.2), 160)};
  ofa.config.depths[0] = 2;
  const std::string key = GraphKey(MakeNetwork(ofa).value());
  ofa.config.kernels[3] = 0;
  CHECK(GraphKey(MakeNetwork(ofa).value()) == key);
  ofa.config.kernels[1] = 3;
  CHECK(GraphKey(MakeNetwork(ofa).value()) != key);
  ofa.config.kernels[1] = 4;
  CHECK_FALSE(MakeNetwork(ofa).ok());
}

}  // namespace dynofa::tools::families
