#include "daemon/hardware/remote/remote_board.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "daemon/base/strings.h"
#include "daemon/base/task_runner.h"
#include "daemon/hardware/remote/board_server.h"
#include "daemon/hardware/remote/protocol.h"
#include "daemon/hardware/remote/seqpacket.h"
#include "tests/support/catch.h"
#include "tests/support/fake_driver.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::remote {
namespace {

using namespace std::chrono_literals;

// A server on a thread, stopped by the destructor.
class ServerThread {
 public:
  explicit ServerThread(base::Duration stuck_after = 10s) {
    BoardServer::Options options;
    options.stuck_after = stuck_after;
    server_ = std::make_unique<BoardServer>(*Listen(path, 0600), driver, options);
    thread_ = std::thread([this] { served_ = server_->Run(stop_.get()); });
  }
  ~ServerThread() {
    const std::uint64_t one = 1;
    CHECK(::write(stop_.get(), &one, sizeof(one)) == sizeof(one));
    thread_.join();
    CHECK(served_.ok());
  }

  tests::TempDir dir;
  const std::string path = dir / "boardd.sock";
  tests::FakeDriver driver;

 private:
  base::UniqueFd stop_{::eventfd(0, EFD_CLOEXEC)};
  std::unique_ptr<BoardServer> server_;
  absl::Status served_;
  std::thread thread_;
};

// Makes a call on the runner's thread and waits for its answer.
template <typename T, typename Start>
T Await(base::TaskRunner& runner, Start start) {
  std::promise<T> promise;
  runner.Post([&] { start([&](T value) { promise.set_value(std::move(value)); }); });
  return promise.get_future().get();
}

using Applied = absl::StatusOr<ApplyResult>;
using Reading = absl::StatusOr<BoardReading>;

TEST_CASE("A remote board applies, reads, reports load and releases") {
  ServerThread server;
  const auto runner = base::ThreadTaskRunner::Create("test");
  const auto board = ConnectBoard(server.path, *runner);
  REQUIRE(board.ok());
  CHECK((*board)->info().name == "fake");
  const auto applied = Await<Applied>(*runner, [&](auto done) {
    (*board)->Apply({{"cpu0", "", 100, 200}}, done);
  });
  REQUIRE(applied.ok());
  CHECK(applied->outcomes[0].effective.max_khz == 200);
  const auto reading = Await<Reading>(*runner, [&](auto done) { (*board)->Read(done); });
  REQUIRE(reading.ok());
  CHECK(reading->clusters[0].max_khz == 200);
  (*board)->ReportLoad({{"cpu0", 0.5, 1.0}});
  // Real hardware hears of it when it is read next.
  CHECK(Await<Reading>(*runner, [&](auto done) { (*board)->Read(done); }).ok());
  REQUIRE(server.driver.loads().size() == 1);
  CHECK(server.driver.loads()[0].cpus == 1.0);
  CHECK(Await<absl::Status>(*runner, [&](auto done) { (*board)->Release(done); }).ok());
  CHECK(server.driver.applied().empty());
}

TEST_CASE("The end of the connection puts the knobs back and makes room for the next client") {
  ServerThread server;
  const auto runner = base::ThreadTaskRunner::Create("test");
  auto board = ConnectBoard(server.path, *runner);
  REQUIRE(board.ok());
  REQUIRE(Await<Applied>(*runner, [&](auto done) {
            (*board)->Apply({{"cpu0", "", 100, 200}}, done);
          }).ok());
  CHECK(ConnectBoard(server.path, *runner).status().code() == absl::StatusCode::kAlreadyExists);
  CHECK(server.driver.releases() == 0);
  board->reset();
  CHECK(tests::WaitUntil([&] { return server.driver.releases() == 2; }));
  CHECK(server.driver.applied().empty());
  CHECK(ConnectBoard(server.path, *runner).ok());
}

TEST_CASE("A driver that is outdated is let go when nobody has the board, and the client waits") {
  const tests::TempDir dir;
  const std::string path = dir / "boardd.sock";
  const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  const auto runner = base::ThreadTaskRunner::Create("test");
  tests::FakeDriver old_driver, new_driver;
  new_driver.AddNote("new");
  BoardServer first(*Listen(path, 0600), old_driver, {});
  absl::Status served = absl::UnknownError("not yet");
  std::thread thread([&] { served = first.Run(stop.get()); });
  auto board = ConnectBoard(path, *runner);
  REQUIRE(board.ok());
  old_driver.Outdate();
  // Who has the board keeps it.
  CHECK(ConnectBoard(path, *runner).status().code() == absl::StatusCode::kAlreadyExists);
  REQUIRE(Await<Applied>(*runner, [&](auto done) {
            (*board)->Apply({{"cpu0", "", 100, 200}}, done);
          }).ok());
  board->reset();

  std::promise<absl::StatusOr<std::unique_ptr<Board>>> next;
  std::thread client([&] { next.set_value(ConnectBoard(path, *runner)); });
  thread.join();
  CHECK(served.ok());
  CHECK(first.outdated());
  CHECK(old_driver.applied().empty());
  BoardServer second(first.TakeListener(), new_driver, {});
  thread = std::thread([&] { served = second.Run(stop.get()); });
  board = next.get_future().get();
  client.join();
  REQUIRE(board.ok());
  CHECK((*board)->info().notes == std::vector<std::string>{"new"});
  const std::uint64_t one = 1;
  CHECK(::write(stop.get(), &one, sizeof(one)) == sizeof(one));
  thread.join();
  CHECK_FALSE(second.outdated());
}

TEST_CASE("An outdated driver that hangs is kept") {
  ServerThread server(50ms);
  const auto runner = base::ThreadTaskRunner::Create("test");
  auto board = ConnectBoard(server.path, *runner);
  REQUIRE(board.ok());
  server.driver.Block("cpu0");
  CHECK(Await<Applied>(*runner, [&](auto done) {
          (*board)->Apply({{"cpu0", "", 100, 200}}, done);
        }).ok());
  server.driver.Outdate();
  board->reset();
  CHECK(tests::WaitUntil([&] { return ConnectBoard(server.path, *runner).ok(); }));
  server.driver.Unblock("cpu0");
}

// Standard error goes to a file while this lives.
class CapturedLog {
 public:
  explicit CapturedLog(const std::string& path)
      : saved_(::dup(STDERR_FILENO)),
        file_(::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)) {
    REQUIRE(::dup2(file_.get(), STDERR_FILENO) == STDERR_FILENO);
  }
  ~CapturedLog() { ::dup2(saved_.get(), STDERR_FILENO); }

 private:
  base::UniqueFd saved_;
  base::UniqueFd file_;
};

TEST_CASE("Clients that are refused again and again leave a few lines with their count") {
  tests::TempDir dir;
  const std::string path = dir / "log";
  {
    const CapturedLog captured(path);
    ServerThread server;
    const auto runner = base::ThreadTaskRunner::Create("test");
    const auto board = ConnectBoard(server.path, *runner);
    REQUIRE(board.ok());
    for (int i = 0; i < 100; ++i) {
      const auto refused = ConnectBoard(server.path, *runner);
      REQUIRE(refused.status().code() == absl::StatusCode::kAlreadyExists);
    }
  }
  const std::string log = tests::ReadFile(path);
  int lines = 0;
  for (std::size_t at = 0; (at = log.find("refused a client", at)) != std::string::npos; ++at) {
    ++lines;
  }
  CHECK(lines == 3);
  CHECK(log.find("(100 since") != std::string::npos);
}

TEST_CASE("Garbage ends its connection; the server stays up") {
  ServerThread server;
  const auto runner = base::ThreadTaskRunner::Create("test");
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\xff'), std::string("{}"),
        Encode(Answer{})}) {
    const auto fd = Connect(server.path);
    REQUIRE(fd.ok());
    REQUIRE(DecodeGreeting(*Receive(fd->get(), 10s)).ok());
    REQUIRE(Send(fd->get(), garbage).ok());
    const auto answer = DecodeAnswer(*Receive(fd->get(), 10s));
    REQUIRE(answer.ok());
    CHECK(answer->status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(absl::IsCancelled(Receive(fd->get(), 10s).status()));
  }
  CHECK(ConnectBoard(server.path, *runner).ok());
}

TEST_CASE("A call that takes too long is answered in time") {
  ServerThread server;
  server.driver.Block("cpu0");
  const auto runner = base::ThreadTaskRunner::Create("test");
  const auto board = ConnectBoard(server.path, *runner, {.timeout = 50ms});
  REQUIRE(board.ok());
  const auto applied = Await<Applied>(*runner, [&](auto done) {
    (*board)->Apply({{"cpu0", "", 100, 200}}, done);
  });
  CHECK(applied.status().code() == absl::StatusCode::kDeadlineExceeded);
  server.driver.Unblock("cpu0");
}

TEST_CASE("A stuck cluster is told to the client while the others work") {
  ServerThread server(1s);
  server.driver.Block("cpu0");
  const auto runner = base::ThreadTaskRunner::Create("test");
  const auto board = ConnectBoard(server.path, *runner);
  REQUIRE(board.ok());
  const auto applied = Await<Applied>(*runner, [&](auto done) {
    (*board)->Apply({{"cpu0", "", 100, 200}, {"cpu2", "", 100, 200}}, done);
  });
  REQUIRE(applied.ok());
  CHECK(applied->outcomes[0].limited_by == "stuck");
  CHECK(applied->outcomes[1].status.ok());
  server.driver.Unblock("cpu0");
}

TEST_CASE("Too many requests at once are refused, not queued without end") {
  ServerThread server;
  server.driver.Block("read");
  const auto runner = base::ThreadTaskRunner::Create("test");
  const auto board = ConnectBoard(server.path, *runner);
  REQUIRE(board.ok());
  std::promise<absl::Status> refused;
  std::atomic<bool> once{false};
  runner->Post([&] {
    for (int i = 0; i < 100; ++i) {
      (*board)->Read([&](const Reading& reading) {
        if (reading.status().code() == absl::StatusCode::kResourceExhausted &&
            !once.exchange(true)) {
          refused.set_value(reading.status());
        }
      });
    }
  });
  CHECK(refused.get_future().get().code() == absl::StatusCode::kResourceExhausted);
  server.driver.Unblock("read");
}

TEST_CASE("A lost server is reported once, and every call is then answered") {
  auto server = std::make_unique<ServerThread>();
  const auto runner = base::ThreadTaskRunner::Create("test");
  std::promise<absl::Status> lost;
  const auto board =
      ConnectBoard(server->path, *runner,
                   {.on_lost = [&](absl::Status status) { lost.set_value(std::move(status)); }});
  REQUIRE(board.ok());
  server.reset();
  CHECK(lost.get_future().get().code() == absl::StatusCode::kUnavailable);
  const auto reading = Await<Reading>(*runner, [&](auto done) { (*board)->Read(done); });
  CHECK(reading.status().code() == absl::StatusCode::kUnavailable);
}

TEST_CASE("Connecting to nothing says what is missing") {
  tests::TempDir dir;
  const auto runner = base::ThreadTaskRunner::Create("test");
  CHECK(ConnectBoard(dir / "none", *runner).status().code() == absl::StatusCode::kNotFound);
  CHECK(ConnectBoard(dir / std::string(200, 'x'), *runner).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

TEST_CASE("A board whose description does not fit into a message is refused with the reason") {
  ServerThread server;
  for (int i = 0; i < 8; ++i) server.driver.AddNote(std::string(kMaxText, 'x'));
  const auto runner = base::ThreadTaskRunner::Create("test");
  const absl::Status refused = ConnectBoard(server.path, *runner).status();
  INFO(refused);
  CHECK(refused.message().find("the board cannot be described: a message of") != std::string::npos);
}

TEST_CASE("A server of another version is refused with a reason") {
  tests::TempDir dir;
  const auto listener = Listen(dir / "s", 0600);
  REQUIRE(listener.ok());
  std::thread server([&] {
    const auto client = Accept(listener->get());
    CHECK(Send(client->get(), R"({"v":1,"refused":{"code":0,"text":""},"info":{}})").ok());
  });
  const auto runner = base::ThreadTaskRunner::Create("test");
  const auto board = ConnectBoard(dir / "s", *runner);
  server.join();
  const std::string text(board.status().message());
  INFO(text);
  CHECK(text.find(dir / "s: the other end speaks protocol version 1") == 0);
  CHECK(text.find("of the same release and restart both") != std::string::npos);
}

TEST_CASE("A stale socket file is replaced; a live one and other files are not") {
  tests::TempDir dir;
  const std::string path = dir / "s";
  { const auto listener = Listen(path, 0600); }
  const auto listener = Listen(path, 0660);
  REQUIRE(listener.ok());
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0660);
  CHECK(Listen(path, 0600).status().code() == absl::StatusCode::kAlreadyExists);
  const std::string file = dir.Write("file", "x");
  CHECK(Listen(file, 0600).status().code() == absl::StatusCode::kAlreadyExists);
  CHECK(tests::ReadFile(file) == "x");
}

}  // namespace
}  // namespace dynofa::hardware::remote
