#include "daemon/hardware/sysfs/frequency_unit.h"

#include "tests/support/catch.h"

namespace dynofa::hardware::sysfs {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE("A whole number stands alone, or it is none") {
  CHECK(ParseWhole(" 42\n") == 42);
  CHECK(ParseWhole("-3000\n") == -3000);
  for (const char* text : {"", "\n", "4 2", "0x10", "1e3", "42kHz", "<unsupported>",
                           "9223372036854775808", "99999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(ParseWhole(text).has_value());
  }
}

TEST_CASE("cpufreq is spelt in kHz") {
  const FrequencyUnit unit;
  CHECK(unit.Parse("1800000\n") == 1800000);
  CHECK_FALSE(unit.Parse("-1").has_value());
  CHECK_FALSE(unit.Parse("9223372036854775807").has_value());
  CHECK(unit.Format(1800000) == "1800000");
  CHECK(unit.Spellings(1800000) == Texts{"1800000"});
}

TEST_CASE("devfreq is spelt in Hz, beyond 32 bits, too") {
  const auto unit = FrequencyUnit::Hertz("114750000 2208000000 junk 1109250000 -5 \n");
  CHECK(unit.Steps() == std::vector<std::int64_t>{114750, 1109250, 2208000});
  CHECK(unit.Parse("2208000000\n") == 2208000);
  CHECK(unit.Format(2208000) == "2208000000");
  CHECK(unit.Format(500000) == "500000000");
  CHECK(unit.Parse("0") == 0);
}

TEST_CASE("A step that is no whole number of kHz is written as it is and known in every spelling") {
  const auto unit = FrequencyUnit::Hertz("124999998 799999987");
  CHECK(unit.Steps() == std::vector<std::int64_t>{124999, 799999});
  CHECK(unit.Format(799999) == "799999987");
  CHECK(unit.Spellings(799999) == Texts{"799999987", "799999000", "800000000"});
  for (const std::string& text : unit.Spellings(799999)) CHECK(unit.Parse(text) == 799999);
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
