// The configuration file.

#include "daemon/config/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config =
      dynofa::config::ParseConfig(std::string(dynofa::tests::AsText(data, size)), "fuzz.toml");
  if (config.ok()) {
    dynofa::tests::Require(config->daemon.tick_ms >= 50 && config->daemon.tick_ms <= 10000,
                           "what is accepted is in range");
    return 0;
  }
  dynofa::tests::Require(!config.status().message().empty(), "a refusal says why");
  return 0;
}
