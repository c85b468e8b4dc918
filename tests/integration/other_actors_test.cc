// The real dynofad beside other services of the machine, played by dbusmock on a private bus: who
// else sets clocks is seen, shown, and left what it claims; while the machine sleeps no clock is
// set.

#include <signal.h>

#include <memory>
#include <string>

#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

using SessionStream =
    grpc::ClientReaderWriter<dynofa::v1::SessionRequest, dynofa::v1::SessionState>;

constexpr char kPolicy[] = "/devices/system/cpu/cpufreq/policy";

bool HasDbusmock() { return RunProgram({"/usr/bin/python3", "-c", "import dbusmock"}).status.ok(); }

/// One of dbusmock's services on the bus of `service`.
std::unique_ptr<Process> Play(const Service& service, const std::string& service_template) {
  return Process::Start(
      {.argv = {"/usr/bin/python3", "-m", "dbusmock", "--template", service_template},
       .environment = service.bus().environment()});
}

std::string ConflictingServices(const Service& service) {
  return service.bus()
      .Busctl({"get-property", "org.dynofa1", "/org/dynofa1", "org.dynofa1.Manager",
               "ConflictingServices"})
      .output;
}

bool HasNote(Client& client, const std::string& part) {
  const dynofa::v1::Status status = client.GetStatus();
  for (const std::string& note : status.notes()) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

/// A session that keeps a cluster busy, whose clock is therefore set.
class Load {
 public:
  explicit Load(Client& client) : stream_(client.manager().Session(&context_)) {
    dynofa::v1::SessionRequest message;
    auto* const open = message.mutable_open();
    open->set_model(kModel);
    open->mutable_requirement()->set_latency_ms(50.0);
    open->mutable_requirement()->set_rate_hz(300);
    dynofa::v1::SessionState state;
    REQUIRE(stream_->Write(message));
    REQUIRE(stream_->Read(&state));
  }
  ~Load() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<SessionStream> stream_;
};

std::string Knobs(const Service& service, const std::string& name) {
  std::string text;
  for (const char* policy : {"0", "2"}) {
    text += ReadFile(service.sysfs_root() + kPolicy + policy + "/" + name);
  }
  return text;
}

TEST_CASE("A power profiles daemon is seen and shown, and keeps the governor") {
  if (!HasDbusmock()) {
    WARN("SKIPPED: python3-dbusmock is not installed");
    return;
  }
  Service service(Service::Board::kSysfs);
  Client client(service);
  CHECK(WaitUntil([&] { return ConflictingServices(service) == "as 0\n"; }));
  const std::string governors = Knobs(service, "scaling_governor");
  const auto limits = [&] {
    return Knobs(service, "scaling_min_freq") + Knobs(service, "scaling_max_freq");
  };
  const std::string idle = limits();
  const auto profiles = Play(service, "power_profiles_daemon");
  CHECK(WaitUntil(
      [&] { return ConflictingServices(service) == "as 1 \"power-profiles-daemon\"\n"; }));
  CHECK(HasNote(client, "power-profiles-daemon is active: the governor of every cluster"));
  CHECK(service.Ctl({"status"}).output.find("power-profiles-daemon is active") !=
        std::string::npos);
  {
    // What nobody contests is set as ever.
    const Load load(client);
    CHECK(WaitUntil([&] { return limits() != idle; }));
    CHECK(Knobs(service, "scaling_governor") == governors);
  }
  profiles->Stop(SIGTERM);
  CHECK(WaitUntil([&] { return ConflictingServices(service) == "as 0\n"; }));
}

std::string Inhibitors(const Service& service) {
  return service.bus()
      .Busctl({"call", "org.freedesktop.login1", "/org/freedesktop/login1",
               "org.freedesktop.login1.Manager", "ListInhibitors"})
      .output;
}

void PrepareForSleep(const Service& service, bool begins) {
  const Finished sent = service.bus().Busctl(
      {"call", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.DBus.Mock",
       "EmitSignal", "sssav", "org.freedesktop.login1.Manager", "PrepareForSleep", "b", "1", "b",
       begins ? "true" : "false"});
  INFO(sent.output);
  REQUIRE(sent.status.ok());
}

TEST_CASE("While the machine sleeps no clock is set; once it is awake, what was decided is") {
  if (!HasDbusmock()) {
    WARN("SKIPPED: python3-dbusmock is not installed");
    return;
  }
  Service service(Service::Board::kSysfs);
  Client client(service);
  const auto logind = Play(service, "logind");
  const std::string delay = "\"sleep\" \"dynofa\"";
  REQUIRE(WaitUntil([&] { return Inhibitors(service).find(delay) != std::string::npos; }));
  const std::string awake = Knobs(service, "scaling_max_freq") + Knobs(service, "scaling_min_freq");

  PrepareForSleep(service, true);
  // logind is told to go on when nothing is being written any more.
  CHECK(WaitUntil([&] { return Inhibitors(service).find(delay) == std::string::npos; }));
  CHECK(WaitUntil([&] { return HasNote(client, "about to sleep"); }));
  const Load load(client);
  const double since = client.GetStatus().uptime_s();
  CHECK(WaitUntil([&] { return client.GetStatus().uptime_s() > since + 0.5; }));
  CHECK(Knobs(service, "scaling_max_freq") + Knobs(service, "scaling_min_freq") == awake);

  PrepareForSleep(service, false);
  CHECK(WaitUntil([&] {
    return Knobs(service, "scaling_max_freq") + Knobs(service, "scaling_min_freq") != awake;
  }));
  CHECK(WaitUntil([&] { return Inhibitors(service).find(delay) != std::string::npos; }));
  CHECK_FALSE(HasNote(client, "about to sleep"));
}

}  // namespace
}  // namespace dynofa::tests
