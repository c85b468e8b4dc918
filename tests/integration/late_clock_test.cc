// The real programs when a clock appears after they have started: the driver of some CPUs' clock is
// loaded late.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

namespace fs = std::filesystem;

constexpr char kPolicies[] = "sys/devices/system/cpu/cpufreq/";

// A service that has started without some of its policies.
class LateClocks {
 public:
  explicit LateClocks(const std::vector<std::string>& policies) : service_(Service::Board::kSysfs) {
    service_.daemon()->Stop(SIGTERM);
    service_.boardd()->Stop(SIGTERM);
    for (const std::string& policy : policies) fs::rename(Folder(policy), Aside(policy));
    fs::remove(service_.dir() / "board.sock");
    service_.StartBoardd();
    service_.StartDaemon();
  }

  Service& service() { return service_; }
  /// In one step, as the kernel adds a folder.
  void Load(const std::string& policy) { fs::rename(Aside(policy), Folder(policy)); }
  bool CanBeSet(const std::string& cluster) {
    const dynofa::v1::Status status = Client(service_).GetStatus();
    return std::any_of(status.clusters().begin(), status.clusters().end(),
                       [&](const auto& one) { return one.id() == cluster && one.writable(); });
  }
  bool Says(const std::string& text) {
    return service_.Ctl({"status"}).output.find(text) != std::string::npos;
  }

 private:
  std::string Folder(const std::string& policy) const {
    return service_.dir() / (kPolicies + policy);
  }
  std::string Aside(const std::string& policy) const { return service_.dir() / policy; }

  Service service_;
};

TEST_CASE("A clock of CPUs that are served already is used when it appears") {
  LateClocks late({"policy2"});
  CHECK(late.CanBeSet("cpu0"));
  CHECK_FALSE(late.CanBeSet("cpu2"));
  late.Load("policy2");
  CHECK(WaitUntil([&] { return late.CanBeSet("cpu2"); }));
  CHECK(late.CanBeSet("cpu0"));
  CHECK_FALSE(late.Says("restart dynofad"));
  // It is a board like any other: what is pinned on it goes back in the end.
  Client client(late.service());
  CHECK(client.Infer(ImageRequest()).ok());
}

TEST_CASE("Clocks that part CPUs otherwise are told of, and taken by the next dynofad") {
  LateClocks late({"policy0", "policy2"});
  CHECK_FALSE(late.CanBeSet("cpu0"));
  late.Load("policy0");
  late.Load("policy2");
  CHECK(WaitUntil([&] { return late.Says("cpu2: its clock has appeared"); }));
  CHECK(late.Says("restart dynofad to use it"));
  Client client(late.service());
  CHECK(client.Infer(ImageRequest()).ok());
  late.service().daemon()->Stop(SIGTERM);
  late.service().StartDaemon();
  CHECK(late.CanBeSet("cpu0"));
  CHECK(late.CanBeSet("cpu2"));
  CHECK_FALSE(late.Says("restart dynofad"));
}

}  // namespace
}  // namespace dynofa::tests
