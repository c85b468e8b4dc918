// Messages between dynofad and dynofa-boardd, from either side.

#include "daemon/hardware/remote/protocol.h"
#include "tests/fuzz/fuzz.h"

namespace remote = dynofa::hardware::remote;

namespace {

// A message that was understood is understood in the same way when it is sent on.
template <typename Decode>
void Check(std::string_view message, Decode decode) {
  const auto decoded = decode(message);
  if (!decoded.ok()) return;
  const std::string encoded = remote::Encode(*decoded);
  const auto again = decode(encoded);
  dynofa::tests::Require(again.ok(), "what was decoded can be encoded");
  dynofa::tests::Require(remote::Encode(*again) == encoded, "nothing changes on the way");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message = dynofa::tests::AsText(data, size);
  Check(message, [](std::string_view text) { return remote::DecodeRequest(text); });
  Check(message, [](std::string_view text) { return remote::DecodeAnswer(text); });
  Check(message, [](std::string_view text) { return remote::DecodeGreeting(text); });
  return 0;
}
