#include "daemon/serving/connections.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_manager.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::serving {
namespace {

using tests::WaitUntil;

/// Connections without gRPC behind them: what is adopted is kept.
struct Acceptor {
  explicit Acceptor(Connections::Limits limits, std::function<void()> on_adopt = {}) {
    auto listener = Listener::Create(path, "");
    REQUIRE(listener.ok());
    auto created = Connections::Create(*std::move(listener), limits, manager, admission);
    REQUIRE(created.ok());
    connections = *std::move(created);
    connections->Start([this, on_adopt = std::move(on_adopt)](base::UniqueFd socket) {
      if (on_adopt) on_adopt();
      std::lock_guard lock(mutex);
      numbers.push_back(socket.get());
      adopted.push_back(std::move(socket));
    });
  }

  base::UniqueFd Connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      fd.Reset();
    }
    return fd;
  }

  std::string NameOf(std::size_t index) {
    std::lock_guard lock(mutex);
    return "fd:" + std::to_string(numbers.at(index));
  }

  const tests::TempDir dir;
  const std::string path = dir / "c.sock";
  tests::FakeManager manager;
  Admission admission{config::AccessConfig()};
  std::mutex mutex;
  std::vector<base::UniqueFd> adopted;
  std::vector<int> numbers;
  std::unique_ptr<Connections> connections;
};

TEST_CASE("The kernel says who is connected, until the end of the connection") {
  Acceptor acceptor({});
  base::UniqueFd client = acceptor.Connect();
  REQUIRE(WaitUntil([&] { return acceptor.connections->size() == 1; }));
  REQUIRE(WaitUntil([&] {
    std::lock_guard lock(acceptor.mutex);
    return acceptor.numbers.size() == 1;
  }));
  const auto connection = acceptor.connections->Find(acceptor.NameOf(0));
  REQUIRE(connection != nullptr);
  CHECK(connection->caller.uid == ::getuid());
  CHECK(connection->caller.pid == ::getpid());

  for (const char* name : {"", "fd:", "fd:-1", "fd:x", "fd:99999999999", "unix:", "ipv4:1.2.3.4"}) {
    CHECK(acceptor.connections->Find(name) == nullptr);
  }

  client.Reset();
  CHECK(WaitUntil([&] { return acceptor.connections->Find(acceptor.NameOf(0)) == nullptr; }));
  CHECK(acceptor.connections->size() == 0);
  // A request that was under way opens nothing for a connection that has ended.
  CHECK(WaitUntil([&] { return connection->sessions->IdFor("toy").empty(); }));
  CHECK(acceptor.manager.sessions().empty());
}

TEST_CASE("A number is not used again soon") {
  Acceptor acceptor({});
  std::set<int> seen;
  for (std::size_t i = 0; i < 50; ++i) {
    const base::UniqueFd client = acceptor.Connect();
    REQUIRE(WaitUntil([&] {
      std::lock_guard lock(acceptor.mutex);
      return acceptor.numbers.size() == i + 1;
    }));
    std::lock_guard lock(acceptor.mutex);
    seen.insert(acceptor.numbers.back());
    acceptor.adopted.clear();
  }
  CHECK(seen.size() == 50);
}

TEST_CASE("A user may have so many connections") {
  Connections::Limits limits;
  limits.per_uid = 2;
  Acceptor acceptor(limits);
  const base::UniqueFd first = acceptor.Connect();
  base::UniqueFd second = acceptor.Connect();
  REQUIRE(WaitUntil([&] { return acceptor.connections->size() == 2; }));

  const base::UniqueFd third = acceptor.Connect();
  char byte = 0;
  CHECK(::recv(third.get(), &byte, 1, 0) == 0);  // closed by the other side

  second.Reset();
  REQUIRE(WaitUntil([&] { return acceptor.connections->size() == 1; }));
  const base::UniqueFd fourth = acceptor.Connect();
  CHECK(WaitUntil([&] { return acceptor.connections->size() == 2; }));
}

TEST_CASE("After StopAccepting nobody gets in and nobody is thrown out") {
  Acceptor acceptor({});
  const base::UniqueFd client = acceptor.Connect();
  REQUIRE(WaitUntil([&] { return acceptor.connections->size() == 1; }));
  acceptor.connections->StopAccepting();
  CHECK_FALSE(acceptor.Connect().valid());
  CHECK(acceptor.connections->size() == 1);
}

TEST_CASE("StopAccepting waits for a connection that is being handed on") {
  std::promise<void> entered;
  std::promise<void> leave;
  std::atomic<bool> adopted = false;
  Acceptor acceptor({}, [&] {
    entered.set_value();
    leave.get_future().wait();
    adopted = true;
  });
  const base::UniqueFd client = acceptor.Connect();
  entered.get_future().wait();
  auto stop = std::async(std::launch::async, [&] {
    acceptor.connections->StopAccepting();
    return adopted.load();
  });
  CHECK(stop.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  leave.set_value();
  CHECK(stop.get());
}

TEST_CASE("A refused user is named once") {
  Once once;
  CHECK(once.First(1));
  CHECK_FALSE(once.First(1));
  CHECK(once.First(2));
}

}  // namespace
}  // namespace dynofa::serving
