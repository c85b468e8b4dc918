#include "daemon/control/dbus_service.h"

#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/base/task_runner.h"
#include "daemon/control/sdbus_shim.h"
#include "tests/support/catch.h"
#include "tests/support/idle_manager.h"
#include "tests/support/private_bus.h"

namespace dynofa::control {
namespace {

constexpr char kName[] = "org.dynofa1";
constexpr char kPath[] = "/org/dynofa1";
constexpr char kInterface[] = "org.dynofa1.Manager";

/// A manager with three modes whose every mode change is a new decision. Answers on a thread of
/// its own, as the real one does, or never.
class FakeManager final : public tests::IdleManager {
 public:
  FakeManager() {
    manager::StatusView view;
    view.version = "1.2.3";
    view.board = "test board";
    view.power_mode = "balanced";
    view.policy = "hierarchical";
    for (const char* name : {"performance", "balanced", "power-saver"}) {
      view.power_modes.push_back({.name = name});
    }
    view.decision_number = 1;
    Publish(std::move(view));
  }

  void SetPowerMode(std::string name, Done done) override {
    ++calls;
    if (hang) return;
    runner_->Post([this, name, done] { done(Change(name)); });
  }

  std::shared_ptr<const manager::StatusView> status() const override {
    std::lock_guard lock(mutex_);
    return status_;
  }

  std::uint64_t Watch(Watcher watcher) override {
    std::lock_guard lock(mutex_);
    watchers_.emplace(++watches_, std::move(watcher));
    return watches_;
  }
  void Unwatch(std::uint64_t watch) override {
    std::lock_guard lock(mutex_);
    watchers_.erase(watch);
  }

  /// Publishes a view with the next decision on the manager's thread.
  void Decide() {
    runner_->Post([this] { Change(status()->power_mode).IgnoreError(); });
  }

  std::atomic<int> calls = 0;
  std::atomic<bool> hang = false;

 private:
  absl::Status Change(const std::string& mode) {
    manager::StatusView view = *status();
    const bool known = mode == "performance" || mode == "balanced" || mode == "power-saver";
    if (!known) return absl::NotFoundError("no mode " + mode + "; there are performance, balanced");
    view.power_mode = mode;
    ++view.decision_number;
    Publish(std::move(view));
    return absl::OkStatus();
  }

  void Publish(manager::StatusView view) {
    std::map<std::uint64_t, Watcher> watchers;
    {
      std::lock_guard lock(mutex_);
      status_ = std::make_shared<const manager::StatusView>(std::move(view));
      watchers = watchers_;
    }
    for (const auto& [watch, watcher] : watchers) watcher(status());
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const manager::StatusView> status_;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t watches_ = 0;
  /// Declared last: its thread ends before what it uses.
  std::unique_ptr<base::ThreadTaskRunner> runner_ = base::ThreadTaskRunner::Create("manager");
};

/// A bus that this process takes for the system bus, and the service on it.
struct Fixture {
  Fixture() { ::setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address().c_str(), 1); }

  void Serve(std::uint32_t operator_uid = ::geteuid()) {
    service = DbusService::Create(manager, {.operator_uid = operator_uid,
                                            .first_pause = std::chrono::milliseconds(5),
                                            .last_pause = std::chrono::milliseconds(20)});
    REQUIRE(Served());
  }
  bool Served() {
    // Not `busctl status`, which also wants to look at the owner's process.
    return tests::WaitUntil([&] {
      return bus.Busctl({"call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                         "NameHasOwner", "s", kName})
                 .output.find("true") != std::string::npos;
    });
  }
  std::string Get(const std::string& property) {
    return bus.Busctl({"get-property", kName, kPath, kInterface, property}).output;
  }
  tests::Finished SetPowerMode(const std::string& mode) {
    return bus.Busctl({"call", kName, kPath, kInterface, "SetPowerMode", "s", mode});
  }

  tests::PrivateBus bus;
  FakeManager manager;
  std::unique_ptr<DbusService> service;
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("The properties show the manager's state") {
  Fixture fixture;
  fixture.Serve();
  CHECK(fixture.Get("PowerMode") == "s \"balanced\"\n");
  CHECK(fixture.Get("PowerModes") == "as 3 \"performance\" \"balanced\" \"power-saver\"\n");
  CHECK(fixture.Get("Policy") == "s \"hierarchical\"\n");
  CHECK(fixture.Get("Version") == "s \"1.2.3\"\n");
  CHECK(fixture.Get("Board") == "s \"test board\"\n");
  CHECK(fixture.Get("DecisionNumber") == "t 1\n");
  CHECK(Contains(fixture.Get("Decision"), "\\\"number\\\":1"));
}

TEST_CASE("The operator changes the power mode and is answered when it holds") {
  Fixture fixture;
  fixture.Serve();
  const tests::Finished finished = fixture.SetPowerMode("performance");
  INFO(finished.output);
  CHECK(finished.status.ok());
  CHECK(fixture.Get("PowerMode") == "s \"performance\"\n");
  CHECK(fixture.Get("DecisionNumber") == "t 2\n");
}

TEST_CASE("An unknown or malformed mode is refused with the modes there are") {
  Fixture fixture;
  fixture.Serve();
  const tests::Finished unknown = fixture.SetPowerMode("turbo");
  CHECK_FALSE(unknown.status.ok());
  CHECK(Contains(unknown.output, "no mode turbo; there are performance, balanced"));
  CHECK(Contains(fixture.SetPowerMode("").output, "1 to 64 bytes"));
  CHECK(Contains(fixture.SetPowerMode(std::string(65, 'x')).output, "1 to 64 bytes"));
  CHECK(fixture.manager.calls == 1);
  CHECK(fixture.Get("PowerMode") == "s \"balanced\"\n");
}

TEST_CASE("Who is not the operator is refused and changes nothing") {
  Fixture fixture;
  fixture.Serve(/*operator_uid=*/::geteuid() + 1);
  const auto connection = sdbus::createSystemBusConnection();
  const auto proxy = MakeProxy(*connection, kName, kPath);
  std::string name;
  std::string text;
  try {
    proxy->callMethod("SetPowerMode")
        .onInterface(kInterface)
        .withArguments(std::string("balanced"));
  } catch (const sdbus::Error& error) {
    name = error.getName();
    text = error.getMessage();
  }
  CHECK(name == "org.freedesktop.DBus.Error.AccessDenied");
  CHECK(Contains(text, "only root may set the power mode"));
  CHECK(fixture.manager.calls == 0);
  CHECK(fixture.Get("PowerMode") == "s \"balanced\"\n");
}

TEST_CASE("A property cannot be written and a wrong signature is refused") {
  Fixture fixture;
  fixture.Serve();
  CHECK_FALSE(fixture.bus.Busctl({"set-property", kName, kPath, kInterface, "PowerMode", "s", "x"})
                  .status.ok());
  CHECK_FALSE(
      fixture.bus.Busctl({"call", kName, kPath, kInterface, "SetPowerMode", "u", "1"}).status.ok());
  CHECK(fixture.Get("PowerMode") == "s \"balanced\"\n");
}

/// What PropertiesChanged said, by property; an invalidated one has the value "invalidated".
class ChangeListener {
 public:
  ChangeListener() : proxy_(MakeProxy(*connection_, kName, kPath)) {
    proxy_->uponSignal("PropertiesChanged")
        .onInterface("org.freedesktop.DBus.Properties")
        .call([this](const std::string&, const std::map<std::string, sdbus::Variant>& changed,
                     const std::vector<std::string>& invalidated) {
          std::lock_guard lock(mutex_);
          for (const auto& [name, value] : changed) seen_.insert(name);
          for (const std::string& name : invalidated) seen_.insert(name + " invalidated");
        });
    proxy_->finishRegistration();
    connection_->enterEventLoopAsync();
  }
  ~ChangeListener() { connection_->leaveEventLoop(); }

  bool Saw(const std::string& name) const {
    return tests::WaitUntil([&] {
      std::lock_guard lock(mutex_);
      return seen_.count(name) > 0;
    });
  }
  bool SawNothingOf(const std::string& name) const {
    std::lock_guard lock(mutex_);
    return seen_.count(name) == 0;
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> seen_;
  std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
  std::unique_ptr<sdbus::IProxy> proxy_;
};

TEST_CASE("Watchers learn of a new decision and of a new mode") {
  Fixture fixture;
  fixture.Serve();
  const ChangeListener listener;
  fixture.manager.Decide();
  CHECK(listener.Saw("DecisionNumber"));
  CHECK(listener.Saw("Decision invalidated"));
  CHECK(listener.SawNothingOf("PowerMode"));
  REQUIRE(fixture.SetPowerMode("power-saver").status.ok());
  CHECK(listener.Saw("PowerMode"));
}

TEST_CASE("The service comes back with the bus") {
  Fixture fixture;
  fixture.Serve();
  fixture.bus.Kill();
  fixture.manager.Decide();
  fixture.bus.Start();
  REQUIRE(fixture.Served());
  CHECK(fixture.Get("DecisionNumber") == "t 2\n");
  CHECK(fixture.SetPowerMode("performance").status.ok());
}

TEST_CASE("A bus that is absent at the start is reached later") {
  Fixture fixture;
  fixture.bus.Kill();
  fixture.service = DbusService::Create(
      fixture.manager,
      {.first_pause = std::chrono::milliseconds(5), .last_pause = std::chrono::milliseconds(20)});
  fixture.bus.Start();
  CHECK(fixture.Served());
}

TEST_CASE("A name that is taken is had once it is free") {
  Fixture fixture;
  fixture.Serve();
  FakeManager second_manager;
  const auto second = DbusService::Create(
      second_manager,
      {.first_pause = std::chrono::milliseconds(5), .last_pause = std::chrono::milliseconds(20)});
  second_manager.Decide();
  CHECK(fixture.Get("DecisionNumber") == "t 1\n");
  fixture.service.reset();
  CHECK(tests::WaitUntil([&] { return fixture.Get("DecisionNumber") == "t 2\n"; }));
}

/// A connection that asks for power modes without waiting for the answers.
class Asker {
 public:
  Asker() : proxy_(MakeProxy(*connection_, kName, kPath)) { connection_->enterEventLoopAsync(); }
  ~Asker() { connection_->leaveEventLoop(); }

  void Ask(int times) {
    for (int i = 0; i < times; ++i) {
      proxy_->callMethodAsync("SetPowerMode")
          .onInterface(kInterface)
          .withArguments(std::string("performance"))
          .uponReplyInvoke([this](CallError error) {
            if (!error) return;
            const std::string name = error->getName();
            if (name == "org.freedesktop.DBus.Error.LimitsExceeded") ++beyond_limit;
            if (name == "org.freedesktop.DBus.Error.AccessDenied") ++denied;
          });
    }
  }

  std::atomic<int> beyond_limit = 0;
  std::atomic<int> denied = 0;

 private:
  std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
  std::unique_ptr<sdbus::IProxy> proxy_;
};

TEST_CASE("A sender may have four calls waiting and locks nobody else out") {
  Fixture fixture;
  fixture.manager.hang = true;
  fixture.Serve();
  Asker first;
  first.Ask(100);
  CHECK(tests::WaitUntil([&] { return first.beyond_limit == 96 && fixture.manager.calls == 4; }));
  Asker second;
  second.Ask(1);
  CHECK(tests::WaitUntil([&] { return fixture.manager.calls == 5; }));
  CHECK(second.beyond_limit == 0);
  CHECK(fixture.Get("PowerMode") == "s \"balanced\"\n");
  fixture.service.reset();
}

TEST_CASE("All calls that wait for the manager are bounded") {
  Fixture fixture;
  fixture.manager.hang = true;
  fixture.Serve();
  std::vector<std::unique_ptr<Asker>> askers;
  for (int i = 0; i < 16; ++i) {
    askers.push_back(std::make_unique<Asker>());
    askers.back()->Ask(4);
  }
  REQUIRE(tests::WaitUntil([&] { return fixture.manager.calls == 64; }));
  Asker late;
  late.Ask(1);
  CHECK(tests::WaitUntil([&] { return late.beyond_limit == 1; }));
  CHECK(fixture.manager.calls == 64);
  fixture.service.reset();
}

TEST_CASE("A call that was refused makes room for its sender's next") {
  Fixture fixture;
  fixture.Serve(/*operator_uid=*/::geteuid() + 1);
  Asker stranger;
  for (int i = 1; i <= 10; ++i) {
    stranger.Ask(1);
    REQUIRE(tests::WaitUntil([&] { return stranger.denied == i; }));
  }
  CHECK(stranger.beyond_limit == 0);
  CHECK(fixture.manager.calls == 0);
}

}  // namespace
}  // namespace dynofa::control
