// Plays a script of requests to a dynofa-boardd and shows the answers, so that the same script can
// be compared between a real kernel and an emulated one.
//
// Usage: board_script SOCKET SCRIPT
//
//   apply CLUSTER GOVERNOR MIN MAX   asks for a setting and shows what came of it; "-" leaves the
//                                    governor, 0 a frequency as it was found
//   read CLUSTER                     shows what is in force
//   await CLUSTER FIELD VALUE        reads until a field of the reading has this value
//   release                          has everything put back
//   ! COMMAND                        runs a command of the shell, which must succeed
//   connect                          waits for a new dynofa-boardd
//
// Frequencies are kHz, or places in the cluster's table: low, low+1, high-2, high; low+1~ is a
// little above low+1 and not in the table. Answers name places in the same way.

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "daemon/base/task_runner.h"
#include "daemon/hardware/remote/remote_board.h"

namespace dynofa::tests {
namespace {

using hardware::ApplyResult;
using hardware::BoardReading;
using hardware::ClusterReading;

// Generous: a whole machine may be emulated instruction by instruction.
constexpr auto kPatience = std::chrono::seconds(60);
constexpr auto kPause = std::chrono::milliseconds(50);

[[noreturn]] void Fail(const std::string& text) {
  std::cout << "FAIL " << text << std::endl;
  std::_Exit(EXIT_FAILURE);
}

template <typename Condition>
void Await(const std::string& what, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) Fail("not in time: " + what);
    std::this_thread::sleep_for(kPause);
  }
}

/// A board whose calls wait for their answer.
class Client {
 public:
  explicit Client(std::string socket) : socket_(std::move(socket)) {}
  ~Client() { Drop(); }

  void Connect() {
    Drop();
    Await("a connection", [&] {
      auto board = hardware::remote::ConnectBoard(socket_, *runner_);
      if (board.ok()) board_ = *std::move(board);
      return board.ok();
    });
  }

  const policies::ClusterInfo& Cluster(const std::string& id) const {
    for (const auto& cluster : board_->info().clusters) {
      if (cluster.id == id) return cluster;
    }
    Fail("no cluster " + id);
  }

  absl::StatusOr<ApplyResult> Apply(const policies::ClusterSetting& setting) {
    return Call<absl::StatusOr<ApplyResult>>(
        [&](auto done) { board_->Apply({setting}, std::move(done)); });
  }

  ClusterReading Read(const std::string& id) {
    const auto reading =
        Call<absl::StatusOr<BoardReading>>([&](auto done) { board_->Read(std::move(done)); });
    if (!reading.ok()) Fail(reading.status().ToString());
    for (const ClusterReading& cluster : reading->clusters) {
      if (cluster.cluster == id) return cluster;
    }
    Fail("no reading of " + id);
  }

  absl::Status Release() {
    return Call<absl::Status>([&](auto done) { board_->Release(std::move(done)); });
  }

 private:
  template <typename T>
  T Call(const std::function<void(std::function<void(T)>)>& start) {
    std::promise<T> answer;
    runner_->Post([&] { start([&](T value) { answer.set_value(std::move(value)); }); });
    return answer.get_future().get();
  }

  // A board is destroyed on its runner's thread.
  void Drop() {
    Call<bool>([&](auto done) {
      board_.reset();
      done(true);
    });
  }

  const std::string socket_;
  std::unique_ptr<base::ThreadTaskRunner> runner_ = base::ThreadTaskRunner::Create("script");
  std::unique_ptr<hardware::Board> board_;
};

/// Frequencies by their place in a table.
class Places {
 public:
  explicit Places(const std::vector<std::int64_t>& table) : table_(table) {}

  std::int64_t Khz(std::string text) const {
    const bool above = !text.empty() && text.back() == '~';
    if (above) text.pop_back();
    const bool low = text.rfind("low", 0) == 0;
    const bool high = text.rfind("high", 0) == 0;
    if (!low && !high) return Number(text);
    const std::string rest = text.substr(low ? 3 : 4);
    const std::int64_t steps = rest.empty() ? 0 : Number(rest.substr(1));
    const std::int64_t last = static_cast<std::int64_t>(table_.size()) - 1;
    const std::int64_t place = low ? steps : last - steps;
    if (place < 0 || place > last) Fail("the table has no " + text);
    return table_[static_cast<std::size_t>(place)] + (above ? 1 : 0);
  }

  std::string Name(std::int64_t khz) const {
    for (std::size_t place = 0; place < table_.size(); ++place) {
      if (table_[place] != khz) continue;
      const std::size_t from_high = table_.size() - 1 - place;
      const bool low = place < from_high;
      const std::size_t steps = low ? place : from_high;
      const std::string sign = low ? "+" : "-";
      return (low ? "low" : "high") + (steps == 0 ? "" : sign + std::to_string(steps));
    }
    return std::to_string(khz);
  }

 private:
  static std::int64_t Number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) Fail("no number: " + text);
    return value;
  }

  const std::vector<std::int64_t>& table_;
};

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

void Apply(Client& client, std::istream& words) {
  std::string id, governor, min, max;
  words >> id >> governor >> min >> max;
  const Places places(client.Cluster(id).frequencies_khz);
  const policies::ClusterSetting setting{id, governor == "-" ? "" : governor, places.Khz(min),
                                         places.Khz(max)};
  const auto result = client.Apply(setting);
  if (!result.ok()) Fail(result.status().ToString());
  const auto& outcome = result->outcomes.at(0);
  const auto& effective = outcome.effective;
  std::cout << "  " << absl::StatusCodeToString(outcome.status.code()) << " "
            << OrDash(effective.governor) << " " << places.Name(effective.min_khz) << " "
            << places.Name(effective.max_khz) << " limited_by=" << OrDash(outcome.limited_by)
            << std::endl;
}

std::string Field(const ClusterReading& reading, const std::string& field, const Places& places) {
  if (field == "governor") return reading.governor;
  if (field == "min") return places.Name(reading.min_khz);
  if (field == "max") return places.Name(reading.max_khz);
  if (field == "limit") return reading.limit_khz == 0 ? "-" : places.Name(reading.limit_khz);
  if (field == "limited_by") return OrDash(reading.limited_by);
  if (field == "available") return reading.available ? "yes" : "no";
  Fail("a reading has no field " + field);
}

void Read(Client& client, std::istream& words) {
  std::string id;
  words >> id;
  const Places places(client.Cluster(id).frequencies_khz);
  const ClusterReading reading = client.Read(id);
  std::cout << " ";
  for (const char* field : {"available", "governor", "min", "max", "limit", "limited_by"}) {
    std::cout << " " << field << "=" << Field(reading, field, places);
  }
  std::cout << std::endl;
}

void AwaitField(Client& client, std::istream& words) {
  std::string id, field, value;
  words >> id >> field >> value;
  const Places places(client.Cluster(id).frequencies_khz);
  std::string last;
  Await(id + " " + field + " " + value, [&] {
    last = Field(client.Read(id), field, places);
    return last == value;
  });
}

void Play(Client& client, const std::string& line) {
  std::istringstream words(line);
  std::string command;
  words >> command;
  if (command.empty() || command[0] == '#') return;
  std::cout << line << std::endl;
  if (command == "apply") return Apply(client, words);
  if (command == "read") return Read(client, words);
  if (command == "await") return AwaitField(client, words);
  if (command == "connect") return client.Connect();
  if (command == "release") {
    std::cout << "  " << absl::StatusCodeToString(client.Release().code()) << std::endl;
  } else if (command == "!") {
    if (std::system(line.substr(line.find('!') + 1).c_str()) != 0) Fail("the command failed");
  } else {
    Fail("no such command: " + command);
  }
}

}  // namespace
}  // namespace dynofa::tests

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::ifstream script(argv[2]);
  if (!script) dynofa::tests::Fail(std::string("cannot read ") + argv[2]);
  dynofa::tests::Client client(argv[1]);
  client.Connect();
  for (std::string line; std::getline(script, line);) dynofa::tests::Play(client, line);
  return 0;
}
