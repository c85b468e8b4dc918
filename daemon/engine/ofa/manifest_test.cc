#include "daemon/engine/ofa/manifest.h"

#include <string>

#include "daemon/base/strings.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine::ofa {
namespace {

std::string TinyText() { return ManifestText(TinyManifest()); }

// The message for a text in which the first `from` is replaced by `to`.
std::string ErrorWith(const std::string& from, const std::string& to) {
  std::string text = TinyText();
  const std::size_t place = text.find(from);
  REQUIRE(place != std::string::npos);
  text.replace(place, from.size(), to);
  const absl::StatusOr<base::TomlTable> table = base::TomlTable::Parse(text, "model.toml");
  REQUIRE(table.ok());
  const absl::Status status = ReadManifest(*table).status();
  CHECK(absl::IsInvalidArgument(status));
  return std::string(base::FromAbsl(status.message()));
}

TEST_CASE("a manifest reads back as it was written") {
  const Manifest read = *ReadManifest(*base::TomlTable::Parse(TinyText(), "model.toml"));
  CHECK(ManifestText(read) == TinyText());
  CHECK(read.labels[2] == "say \"moo\"");
  CHECK(read.preprocessing.stddev[1] == 0.224f);
  CHECK(read.architecture.stages[1].activation == Activation::kHSwish);
  CHECK(read.subnets[0].config.kernels == std::vector<int>(4, 7));
  CHECK(read.subnets[1].accuracy == 0.5);
  CHECK_FALSE(read.require_statistics);
  Manifest strict = TinyManifest();
  strict.require_statistics = true;
  CHECK(ReadManifest(*base::TomlTable::Parse(ManifestText(strict), "model.toml"))
            ->require_statistics);
}

TEST_CASE("the catalogue is sorted by cost and counted") {
  const ModelInfo info = *Describe(TinyManifest());
  REQUIRE(info.catalogue.size() == 2);
  CHECK(info.catalogue[0].id == "small");
  CHECK(info.catalogue[0].macs < info.catalogue[1].macs);
  CHECK(info.catalogue[0].parameters < info.catalogue[1].parameters);
  CHECK(info.Find("large")->resolution == 24);
  CHECK(info.Find("huge") == nullptr);
}

TEST_CASE("wrong keys and values are refused with file, line and what is allowed") {
  CHECK(ErrorWith("provenance =", "providence =") ==
        "model.toml:4: providence is not a known key; known here: name, version, family, "
        "provenance, labels, require_statistics, input, output, architecture, subnet");
  CHECK(ErrorWith("\"relu\"", "\"gelu\"").find("activation must be \"relu\" or \"h_swish\"") !=
        std::string::npos);
  CHECK(ErrorWith("version = \"1\"", "version = \"one\"").find("model.toml:2: version") == 0);
  CHECK(ErrorWith("\"ofa-mobilenetv3\"", "\"resnet\"").find("ofa-mobilenetv3") !=
        std::string::npos);
  CHECK(ErrorWith("id = \"large\"", "id = \"Large One\"").find("id must be 1 to 64 of") !=
        std::string::npos);
  CHECK(ErrorWith("accuracy = 0.75", "accuracy = 75").find("must be a number in [0, 1]") !=
        std::string::npos);
  CHECK(ErrorWith("accuracy = 0.75", "accuracy = nan").find("must be a number in [0, 1]") !=
        std::string::npos);
  CHECK(ErrorWith("\"measured\"", "\"guessed\"").find("must be unknown, measured") !=
        std::string::npos);
  CHECK(ErrorWith("stddev = [0.229", "stddev = [0.0").find("stddev must be above zero") !=
        std::string::npos);
  CHECK(ErrorWith("classes = 3", "classes = 4").find("labels has 3 entries") != std::string::npos);
  CHECK(ErrorWith("kernels = [3, 5, 7]", "kernels = [3, 4]").find("kernels must be odd") !=
        std::string::npos);
}

TEST_CASE("a configuration that does not fit names the subnet and the entry") {
  CHECK(ErrorWith("kernels = [7, 7, 7, 7]", "kernels = [7, 7, 9, 7]")
            .find("\"large\": kernels[2] is 9; it must be one of 3, 5, 7") != std::string::npos);
}

TEST_CASE("ids are there once, and there is at least one") {
  Manifest manifest = TinyManifest();
  manifest.subnets[1].id = "large";
  CHECK(Describe(manifest).status().message() == "subnet \"large\" is there twice");
  manifest.subnets.clear();
  CHECK_FALSE(Describe(manifest).ok());
}

}  // namespace
}  // namespace dynofa::engine::ofa
