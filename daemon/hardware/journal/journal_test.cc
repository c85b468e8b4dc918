#include "daemon/hardware/journal/journal.h"

#include "tests/support/catch.h"

namespace dynofa::hardware::journal {
namespace {

class MemoryStore final : public Store {
 public:
  absl::StatusOr<std::optional<std::string>> Load() override { return text; }
  absl::Status Save(std::string_view next) override {
    if (broken) return absl::ResourceExhaustedError("disk full");
    text = std::string(next);
    return absl::OkStatus();
  }
  absl::Status Remove() override {
    text.reset();
    return absl::OkStatus();
  }
  std::string MoveAside() override {
    aside = *std::exchange(text, std::nullopt);
    return "aside";
  }

  std::optional<std::string> text;
  std::string aside;
  bool broken = false;
};

const KnobRecord kRecord{"cpufreq 0 1", "scaling_max_freq", "3000000\n", {"1400000"}};

TEST_CASE("Records are stored before Replace returns, and taken over in the same boot") {
  MemoryStore store;
  Journal journal(store, "boot-a");
  REQUIRE(journal.Replace("cpufreq 0 1", {kRecord}).ok());
  REQUIRE(store.text.has_value());
  const Journal next(store, "boot-a");
  CHECK(next.Find("cpufreq 0 1") == std::vector<KnobRecord>{kRecord});
  CHECK(next.Devices() == std::vector<std::string>{"cpufreq 0 1"});
}

TEST_CASE("After a reboot the journal is dropped") {
  MemoryStore store;
  REQUIRE(Journal(store, "boot-a").Replace("cpufreq 0 1", {kRecord}).ok());
  const Journal next(store, "boot-b");
  CHECK(next.Devices().empty());
  CHECK_FALSE(store.text.has_value());
}

TEST_CASE("Without records nothing is stored") {
  MemoryStore store;
  Journal journal(store, "boot-a");
  REQUIRE(journal.Replace("cpufreq 0 1", {kRecord}).ok());
  REQUIRE(journal.Replace("cpufreq 0 1", {}).ok());
  CHECK_FALSE(store.text.has_value());
}

TEST_CASE("A change that cannot be stored is not in force") {
  MemoryStore store;
  Journal journal(store, "boot-a");
  store.broken = true;
  CHECK_FALSE(journal.Replace("cpufreq 0 1", {kRecord}).ok());
  CHECK(journal.Devices().empty());
}

TEST_CASE("A corrupt journal is moved aside and does not stop anything") {
  MemoryStore store;
  REQUIRE(Journal(store, "boot-a").Replace("cpufreq 0 1", {kRecord}).ok());
  const std::string good = *store.text;
  for (std::size_t length = 0; length + 2 < good.size(); ++length) {
    store.text = good.substr(0, length);
    const Journal journal(store, "boot-a");
    CHECK(journal.Devices().empty());
    CHECK(store.aside == good.substr(0, length));
  }
}

TEST_CASE("Only what was encoded is decoded") {
  const Contents contents{"boot", {kRecord, kRecord}};
  CHECK(*Decode(Encode(contents)) == contents);
  for (const char* bad :
       {"[]", "{}", R"({"format":2,"boot_id":"x","knobs":[]})",
        R"({"format":1,"boot_id":1,"knobs":[]})", R"({"format":1,"boot_id":"x","knobs":{}})",
        R"({"format":1,"boot_id":"x","knobs":[{"device":"d"}]})",
        R"({"format":1,"boot_id":"x","knobs":[{"device":"d","knob":"k","baseline":"b",
            "ours":[1]}]})"}) {
    CHECK_FALSE(Decode(bad).ok());
  }
}

}  // namespace
}  // namespace dynofa::hardware::journal
