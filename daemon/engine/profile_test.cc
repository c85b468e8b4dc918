#include "daemon/engine/profile.h"

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/base/strings.h"
#include "daemon/engine/profile_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

using Json = nlohmann::json;

Json Good() { return Json::parse(ProfileToJson(TestProfile())); }

/// What is wrong with the text, or "".
std::string Problem(const Json& json) {
  const auto profile = ProfileFromJson(json.dump());
  return std::string(base::FromAbsl(profile.status().message()));
}

TEST_CASE("A profile survives being written and read") {
  const auto read = ProfileFromJson(ProfileToJson(TestProfile()));
  REQUIRE(read.ok());
  CHECK(*read == TestProfile());
}

TEST_CASE("An empty profile is one") {
  Profile empty;
  const auto read = ProfileFromJson(ProfileToJson(empty));
  REQUIRE(read.ok());
  CHECK(*read == empty);
}

TEST_CASE("Every part of the key makes another digest") {
  const ProfileKey key = TestProfile().key;
  const auto digest = ProfileDigest(key);
  REQUIRE(digest.ok());
  CHECK(digest->size() == 64);
  CHECK(*ProfileDigest(key) == *digest);
  for (std::string ProfileKey::*part :
       {&ProfileKey::weights, &ProfileKey::backend, &ProfileKey::build, &ProfileKey::board,
        &ProfileKey::emulated_board}) {
    ProfileKey other = key;
    other.*part += "x";
    CHECK(*ProfileDigest(other) != *digest);
  }
  ProfileKey shifted = key;
  shifted.backend = key.backend.substr(1);
  shifted.weights = key.weights + key.backend.substr(0, 1);
  CHECK(*ProfileDigest(shifted) != *digest);
}

TEST_CASE("The spread of values is taken from the values themselves") {
  const Spread spread = SpreadOf({5.0, 1.0, 4.0, 2.0, 3.0, 10.0, 9.0, 8.0, 7.0, 6.0});
  CHECK(spread.median == 5.0);
  CHECK(spread.p10 == 1.0);
  CHECK(spread.p90 == 9.0);
  CHECK(spread.count == 10);
  CHECK(SpreadOf({2.5}) == Spread{2.5, 2.5, 2.5, 1});
  CHECK(SpreadOf({}) == Spread{});
}

TEST_CASE("Text that is no profile is refused") {
  for (const char* text : {"", "{", "[]", "null", "7", "{\"version\": 1}", "\xff\xfe"}) {
    CAPTURE(text);
    CHECK(ProfileFromJson(text).status().code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK_FALSE(ProfileFromJson(std::string(100000, '[')).ok());
}

TEST_CASE("Another version of the format is refused by its number") {
  Json json = Good();
  json["version"] = 2;
  CHECK(Problem(json).find("version 2") != std::string::npos);
}

TEST_CASE("Members that are missing, unknown or of another type are named") {
  Json json = Good();
  json["entries"][0].erase("runs");
  CHECK(Problem(json).find("entry 0 has no 'runs'") != std::string::npos);
  json = Good();
  json["entries"][1]["colour"] = "red";
  CHECK(Problem(json).find("entry 1 has the unknown member 'colour'") != std::string::npos);
  json = Good();
  json["gaps"] = "none";
  CHECK(Problem(json).find("'gaps'") != std::string::npos);
  json = Good();
  json["key"].erase("board");
  CHECK(Problem(json).find("'board'") != std::string::npos);
}

TEST_CASE("Numbers out of range are refused") {
  const auto with = [](const char* member, Json value) {
    Json json = Good();
    json["entries"][1][member] = std::move(value);
    return Problem(json);
  };
  CHECK(with("median_ms", 0.0) != "");
  CHECK(with("median_ms", -1.0) != "");
  CHECK(with("median_ms", 1e300) != "");
  CHECK(with("median_ms", nullptr) != "");
  CHECK(with("median_ms", 2.0) != "");  // below p10
  CHECK(with("p90_ms", 0.1) != "");
  CHECK(with("threads", 0) != "");
  CHECK(with("threads", 257) != "");
  CHECK(with("threads", 1.5) != "");
  CHECK(with("frequency_khz", -1) != "");
  CHECK(with("frequency_khz", 18446744073709551615ull) != "");
  CHECK(with("runs", 0) != "");
  CHECK(with("active_power_w", -0.5) != "");
  CHECK(with("power_label", "guessed") != "");
  CHECK(with("label", "unknown") != "");
  CHECK(with("subnet", "../../etc/passwd") != "");
  CHECK(with("cluster", "") != "");
  CHECK(with("runs", 7) == "");
}

TEST_CASE("A point that is there twice is refused") {
  Json json = Good();
  json["entries"].push_back(json["entries"][0]);
  CHECK(Problem(json).find("entry 2 is there twice") != std::string::npos);
}

}  // namespace
}  // namespace dynofa::engine
