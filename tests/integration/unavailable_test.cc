// The real programs when a cluster cannot be used any more: its clock goes back to how it was found
// as soon as it can be written, and nothing is tried over and over on a device that is away.

#include <signal.h>

#include <filesystem>
#include <string>

#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

namespace fs = std::filesystem;

constexpr char kCpus[] = "sys/devices/system/cpu/";
constexpr char kAsFound[] = "schedutil\n408000\n1800000\n";

// A service on a copied tree, and a session that keeps one cluster's clock pinned.
class PinnedCluster {
 public:
  PinnedCluster() : service_(Service::Board::kSysfs), client_(service_) {
    stream_ = client_.manager().Session(&context_);
    dynofa::v1::SessionRequest message;
    message.mutable_open()->set_model(kModel);
    message.mutable_open()->mutable_requirement()->set_latency_ms(1000);
    dynofa::v1::SessionState state;
    REQUIRE(stream_->Write(message));
    REQUIRE(stream_->Read(&state));
    cluster_ = state.assignment().point().cluster();
    REQUIRE(WaitUntil([&] { return IsPinned(); }));
  }
  ~PinnedCluster() { Close(); }

  void Close() { context_.TryCancel(); }
  Service& service() { return service_; }
  const std::string& cluster() const { return cluster_; }

  std::string PolicyFolder() const {
    return service_.dir() / (kCpus + ("cpufreq/policy" + cluster_.substr(3)));
  }
  /// Governor, minimum and maximum, a line each.
  std::string Knobs() const {
    const std::string folder = PolicyFolder() + "/scaling_";
    return ReadFile(folder + "governor") + ReadFile(folder + "min_freq") +
           ReadFile(folder + "max_freq");
  }
  bool IsPinned() const {
    const std::string folder = PolicyFolder() + "/scaling_";
    return ReadFile(folder + "min_freq") == ReadFile(folder + "max_freq");
  }
  bool Shows(const std::string& text) {
    return service_.Ctl({"status"}).output.find(text) != std::string::npos;
  }
  double UptimeS() { return client_.GetStatus().uptime_s(); }
  std::size_t TimesLogged(const std::string& text) {
    const std::string log = service_.daemon()->Output() + service_.boardd()->Output();
    std::size_t times = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++times;
    return times;
  }

 private:
  Service service_;
  Client client_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<dynofa::v1::SessionRequest, dynofa::v1::SessionState>>
      stream_;
  std::string cluster_;
};

TEST_CASE("A cluster whose CPUs go offline gets its baseline, and can be used when they return") {
  PinnedCluster pinned;
  const bool first = pinned.cluster() == "cpu0";
  pinned.service().dir().Write(std::string(kCpus) + "online", first ? "2-3\n" : "0-1\n");
  CHECK(WaitUntil([&] { return pinned.Knobs() == kAsFound; }));
  CHECK(pinned.Shows("not available"));
  pinned.service().dir().Write(std::string(kCpus) + "online", "0-3\n");
  CHECK(WaitUntil([&] { return !pinned.Shows("not available"); }));
}

TEST_CASE(
    "A clock that is away is not tried over and over, and gets its baseline when it is back") {
  PinnedCluster pinned;
  const std::string aside = pinned.service().dir() / "aside";
  fs::copy(pinned.PolicyFolder(), aside, fs::copy_options::recursive);
  fs::remove_all(pinned.PolicyFolder());
  REQUIRE(WaitUntil([&] { return pinned.Shows("not available"); }));
  pinned.Close();
  // Longer than the pause before what has failed is tried again.
  const double later = pinned.UptimeS() + 3.0;
  REQUIRE(WaitUntil([&] { return pinned.UptimeS() > later; }));
  CHECK(pinned.TimesLogged("setting the knobs failed") <= 1);
  fs::rename(aside, pinned.PolicyFolder());
  CHECK(WaitUntil([&] { return pinned.Knobs() == kAsFound; }));
}

}  // namespace
}  // namespace dynofa::tests
