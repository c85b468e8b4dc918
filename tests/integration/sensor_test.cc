// The real programs when a sensor goes: the clusters whose temperature is not known any more are
// kept below half of their clock, which everybody is told, until it is known again.

#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

constexpr char kZone[] = "sys/class/thermal/thermal_zone0/temp";
/// The highest clock of the tree's policies within half of the highest one.
constexpr std::int64_t kBlindKhz = 816'000;

dynofa::v1::Cluster Busiest(Client& client) {
  const dynofa::v1::Status status = client.GetStatus();
  dynofa::v1::Cluster busiest;
  for (const auto& cluster : status.clusters()) {
    const auto& setting = cluster.effective();
    const bool held = setting.min_khz() == setting.max_khz();
    if (held && setting.max_khz() > busiest.effective().max_khz()) busiest = cluster;
  }
  return busiest;
}

TEST_CASE("A cluster that is held is capped when its sensor is gone, and told so") {
  Service service(Service::Board::kSysfs);
  Client client(service);
  grpc::ClientContext context;
  const auto stream = client.manager().Session(&context);
  dynofa::v1::SessionRequest message;
  message.mutable_open()->set_model(kModel);
  message.mutable_open()->mutable_requirement()->set_min_accuracy(0.8);
  dynofa::v1::SessionState state;
  REQUIRE(stream->Write(message));
  REQUIRE(stream->Read(&state));
  // What that subnet can do at more than half of the clock only.
  const dynofa::v1::OperatingPoint point = state.assignment().point();
  const double at_half =
      point.latency_ms() * static_cast<double>(point.frequency_khz()) / kBlindKhz;
  message.mutable_requirement()->set_latency_ms(0.75 * at_half);
  message.mutable_requirement()->set_min_accuracy(point.accuracy());
  REQUIRE(stream->Write(message));
  REQUIRE(stream->Read(&state));
  REQUIRE(WaitUntil([&] { return Busiest(client).effective().max_khz() > kBlindKhz; }));

  std::filesystem::remove(service.dir() / kZone);
  CHECK(WaitUntil([&] { return Busiest(client).limited_by() == "stale-sensor"; }));
  CHECK(WaitUntil([&] { return Busiest(client).effective().max_khz() == kBlindKhz; }));
  // The next reading names the limit that the decision now heeds.
  const auto shows = [&](const std::string& command, const std::string& text) {
    return WaitUntil([&] { return service.Ctl({command}).output.find(text) != std::string::npos; });
  };
  CHECK(shows("status", "limited by stale-sensor"));
  CHECK(shows("status", "its temperature is not known any more; it is kept at 816 MHz or below"));
  CHECK(shows("board", "limited by stale-sensor"));
  CHECK(shows("board", "cpu-thermal: cannot be read"));
  CHECK(shows("explain", "stale-sensor"));

  service.dir().Write(kZone, "47000\n");
  CHECK(WaitUntil([&] { return Busiest(client).effective().max_khz() > kBlindKhz; }));
  CHECK(WaitUntil([&] { return Busiest(client).limited_by().empty(); }));
  context.TryCancel();
}

}  // namespace
}  // namespace dynofa::tests
