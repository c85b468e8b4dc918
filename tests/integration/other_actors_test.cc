// The real dynofad beside other services of the machine, played by dbusmock on a private bus: who
// else sets clocks is seen, shown, and left what it claims; while the machine sleeps no clock is
// set.

#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "daemon/base/unique_fd.h"
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

/// Counts what is written to the knobs of a service's board, by file.
class Writes {
 public:
  explicit Writes(const Service& service) : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    for (const std::string policy : {"0", "2"}) {
      const std::string folder = service.sysfs_root() + kPolicy + policy;
      const int watch = ::inotify_add_watch(fd_.get(), folder.c_str(), IN_CLOSE_WRITE);
      REQUIRE(watch >= 0);
      folders_[watch] = "policy" + policy + "/";
    }
  }

  /// Those since it was made: "policy0/scaling_max_freq" and how often.
  const std::map<std::string, int>& Count() {
    alignas(inotify_event) std::array<char, 4096> buffer;
    for (ssize_t size; (size = ::read(fd_.get(), buffer.data(), buffer.size())) > 0;) {
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        ++counts_[folders_[event->wd] + event->name];
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return counts_;
  }

 private:
  const base::UniqueFd fd_;
  std::map<int, std::string> folders_;
  std::map<std::string, int> counts_;
};

/// Lets the loop tick a few times; what it would do by itself it then has done.
void AwaitTicks(Client& client) {
  constexpr double kTicksS = 1.6;
  const double since = client.GetStatus().uptime_s();
  REQUIRE(WaitUntil([&] { return client.GetStatus().uptime_s() > since + kTicksS; }));
}

/// Whether the knobs are what the decision in force wants.
bool ClocksAreSet(Client& client) {
  const dynofa::v1::Status status = client.GetStatus();
  bool pinned = false;
  for (const auto& cluster : status.clusters()) {
    if (cluster.requested().max_khz() != cluster.effective().max_khz()) return false;
    pinned = pinned || cluster.effective().min_khz() == cluster.effective().max_khz();
  }
  return pinned;
}

TEST_CASE("While the machine sleeps no clock is set; within 2 s of waking up it is, once") {
  if (!HasDbusmock()) {
    WARN("SKIPPED: python3-dbusmock is not installed");
    return;
  }
  constexpr std::chrono::milliseconds kBound{2000};
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
  Writes asleep(service);
  const Load load(client);
  // Who sleeps decides on, and sets nothing.
  AwaitTicks(client);
  CHECK(asleep.Count().empty());

  Writes since(service);
  const auto woken = std::chrono::steady_clock::now();
  PrepareForSleep(service, false);
  const auto left = [&] {
    return std::chrono::ceil<std::chrono::milliseconds>(woken + kBound -
                                                        std::chrono::steady_clock::now());
  };
  CHECK(WaitUntil([&] { return !since.Count().empty() && ClocksAreSet(client); }, left()));
  const auto took = kBound - left();
  WARN("measured: the clocks were set " << took.count() << " ms after the machine woke up (at most "
                                        << kBound.count() << ")");
  CHECK(took < kBound);
  CHECK(Knobs(service, "scaling_max_freq") + Knobs(service, "scaling_min_freq") != awake);
  AwaitTicks(client);
  for (const auto& [knob, times] : since.Count()) {
    INFO(knob);
    CHECK(times == 1);
  }
  CHECK(WaitUntil([&] { return Inhibitors(service).find(delay) != std::string::npos; }));
  CHECK_FALSE(HasNote(client, "about to sleep"));
}

}  // namespace
}  // namespace dynofa::tests
