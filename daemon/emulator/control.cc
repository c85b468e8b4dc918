#include "daemon/emulator/control.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/remote/seqpacket.h"

namespace dynofa::emulator {
namespace {

using Json = nlohmann::json;
namespace remote = hardware::remote;

// A client that connects and says nothing does not hold up the next one for longer.
constexpr base::Duration kPatience = std::chrono::seconds(1);

absl::StatusOr<double> Number(const Json& json, const char* key) {
  if (!json.contains(key) || !json[key].is_number()) {
    return absl::InvalidArgumentError(base::StrCat(key, " must be a number"));
  }
  return json[key].get<double>();
}

/// Does what a request asks for; what belongs into the answer besides "ok".
absl::StatusOr<Json> Handle(std::string_view request, EmulatedBoard& board) {
  const Json json = Json::parse(request, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("op") || !json["op"].is_string()) {
    return absl::InvalidArgumentError("not a request: an object with \"op\" is expected");
  }
  const std::string op = json["op"].get<std::string>();
  if (op == "neighbour") {
    if (!json.contains("cluster") || !json["cluster"].is_string()) {
      return absl::InvalidArgumentError("cluster must be a string");
    }
    DYNOFA_ASSIGN_OR_RETURN(const double load, Number(json, "load"));
    DYNOFA_RETURN_IF_ERROR(board.SetForeignLoad(json["cluster"].get<std::string>(), load));
    return Json::object();
  }
  if (op == "ambient") {
    DYNOFA_ASSIGN_OR_RETURN(const double celsius, Number(json, "celsius"));
    DYNOFA_RETURN_IF_ERROR(board.SetAmbient(celsius));
    return Json::object();
  }
  if (op == "faults") {
    if (!json.contains("script") || !json["script"].is_string()) {
      return absl::InvalidArgumentError("script must be a string");
    }
    DYNOFA_ASSIGN_OR_RETURN(std::vector<Fault> faults,
                            ParseFaults(json["script"].get<std::string>(), "script"));
    DYNOFA_RETURN_IF_ERROR(board.SetFaults(std::move(faults)));
    return Json::object();
  }
  if (op == "meter") {
    return Json{{"board_j", board.EnergyJ()}, {"neighbours_j", board.NeighboursJ()}};
  }
  return absl::InvalidArgumentError("op must be neighbour, ambient, faults or meter");
}

void Answer(int fd, EmulatedBoard& board) {
  const absl::StatusOr<std::string> request = remote::Receive(fd, kPatience);
  if (!request.ok()) return;
  const absl::StatusOr<Json> content = Handle(*request, board);
  Json answer = {{"ok", content.ok()}};
  if (content.ok()) {
    answer.update(*content);
  } else {
    answer["error"] = std::string(base::FromAbsl(content.status().message()));
  }
  const auto text = answer.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (const absl::Status sent = remote::Send(fd, text); !sent.ok()) {
    base::LogWarning("emulator control: ", base::FromAbsl(sent.message()));
  }
}

/// The answer to a request that was granted.
absl::StatusOr<Json> Ask(const std::string& path, const Json& request) {
  DYNOFA_ASSIGN_OR_RETURN(const base::UniqueFd fd, remote::Connect(path));
  const auto text = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  DYNOFA_RETURN_IF_ERROR(remote::Send(fd.get(), text));
  DYNOFA_ASSIGN_OR_RETURN(const std::string message,
                          remote::Receive(fd.get(), std::chrono::seconds(5)));
  Json answer = Json::parse(message, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean()) {
    return absl::InternalError(base::StrCat(path, ": not the control socket of a board"));
  }
  if (answer["ok"].get<bool>()) return answer;
  return absl::InvalidArgumentError(answer.value("error", "refused"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Create(const std::string& path,
                                                                     EmulatedBoard& board) {
  DYNOFA_ASSIGN_OR_RETURN(base::UniqueFd listener, remote::Listen(path, 0600));
  base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return base::ErrnoStatus(errno, "eventfd");
  return std::unique_ptr<ControlServer>(
      new ControlServer(std::move(listener), std::move(stop), board));
}

ControlServer::ControlServer(base::UniqueFd listener, base::UniqueFd stop, EmulatedBoard& board)
    : listener_(std::move(listener)), stop_(std::move(stop)), board_(board) {
  thread_ = std::thread([this] { Loop(); });
}

ControlServer::~ControlServer() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof(one));
  thread_.join();
}

void ControlServer::Loop() {
  for (;;) {
    pollfd fds[] = {{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                    {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) return;
    if (fds[1].revents == 0) continue;
    const absl::StatusOr<base::UniqueFd> fd = remote::Accept(listener_.get());
    if (fd.ok()) Answer(fd->get(), board_);
  }
}

absl::Status HandleControl(std::string_view request, EmulatedBoard& board) {
  return Handle(request, board).status();
}

absl::Status SetNeighbour(const std::string& control_path, const std::string& cluster,
                          double load) {
  return Ask(control_path, {{"op", "neighbour"}, {"cluster", cluster}, {"load", load}}).status();
}

absl::Status SetAmbient(const std::string& control_path, double celsius) {
  return Ask(control_path, {{"op", "ambient"}, {"celsius", celsius}}).status();
}

absl::Status SetFaults(const std::string& control_path, const std::string& script) {
  return Ask(control_path, {{"op", "faults"}, {"script", script}}).status();
}

absl::StatusOr<Meter> ReadMeter(const std::string& control_path) {
  DYNOFA_ASSIGN_OR_RETURN(const Json answer, Ask(control_path, {{"op", "meter"}}));
  Meter meter;
  DYNOFA_ASSIGN_OR_RETURN(meter.board_j, Number(answer, "board_j"));
  DYNOFA_ASSIGN_OR_RETURN(meter.neighbours_j, Number(answer, "neighbours_j"));
  return meter;
}

}  // namespace dynofa::emulator
