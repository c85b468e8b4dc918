// dynofactl status, explain and mode.

#include <iostream>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "dynofa/power_mode.h"

namespace dynofa::cli {
namespace {

void PrintCluster(const client::ClusterInfo& cluster) {
  std::cout << "  " << cluster.id << " (" << cluster.kind << "): ";
  if (!cluster.available) {
    std::cout << "not available\n";
    return;
  }
  std::cout << Frequency(cluster.frequency_khz);
  if (cluster.writable) {
    std::cout << " of " << Frequency(cluster.lowest_khz) << " to "
              << Frequency(cluster.highest_khz);
  } else {
    std::cout << ", read only: "
              << (cluster.read_only_reason.empty() ? "no knobs" : cluster.read_only_reason);
  }
  if (cluster.temperature_c > 0.0) std::cout << ", " << Fixed(cluster.temperature_c, 1) << " C";
  std::cout << ", slow-down " << Fixed(cluster.slowdown, 2) << ", used by others "
            << Fixed(100.0 * cluster.foreign_load, 0) << " %";
  if (!cluster.limited_by.empty()) std::cout << ", limited by " << cluster.limited_by;
  std::cout << "\n";
}

void PrintSession(const client::SessionInfo& session) {
  std::cout << "  " << session.id << " "
            << (session.client_name.empty() ? "(no name)" : session.client_name) << ", process "
            << session.pid << " of user " << session.uid << ", " << session.kind << ", "
            << session.model << "\n"
            << "    asks for " << Describe(session.requirement) << "\n"
            << "    gets "
            << (session.assignment ? Describe(*session.assignment)
                                   : "nothing: no "
                                     "cluster is available")
            << "\n"
            << "    lately p50 " << Fixed(session.observed.p50_ms, 1) << " ms, p99 "
            << Fixed(session.observed.p99_ms, 1) << " ms, " << Fixed(session.observed.rate_hz, 1)
            << "/s; in all " << session.total_completed << " done, " << session.total_missed
            << " missed, " << session.total_restarted << " restarted\n";
}

void PrintHead(const client::Status& status) {
  std::cout << "dynofad " << status.version << " on " << status.board;
  if (!status.emulated_board.empty()) {
    std::cout << " [EMULATED board " << status.emulated_board << "]";
  }
  std::cout << ", up " << Fixed(status.uptime_s, 0) << " s\n"
            << "power mode " << status.power_mode << " (of";
  for (const client::PowerMode& mode : status.power_modes) std::cout << " " << mode.name;
  std::cout << "), policy " << status.policy << "\n";
  if (!status.power_label.empty()) {
    std::cout << "board power " << Fixed(status.board_power_w, 2) << " W (" << status.power_label
              << ")";
    for (const client::Rail& rail : status.rails) {
      std::cout << ", " << rail.name << " " << Fixed(rail.power_w, 2) << " W";
    }
    std::cout << "\n";
  } else {
    std::cout << "board power unknown: no rail is measured\n";
  }
}

void PrintStatus(const client::Status& status) {
  PrintHead(status);
  std::cout << "clusters:\n";
  for (const client::ClusterInfo& cluster : status.clusters) PrintCluster(cluster);
  std::cout << "models:\n";
  for (const client::HostedModel& model : status.models) {
    std::cout << "  " << model.name << " on " << model.backend << ", " << model.subnets.size()
              << " subnets, "
              << (model.profile_points > 0
                      ? "profile of " + std::to_string(model.profile_points) + " points"
                      : "no profile")
              << "\n";
  }
  std::cout << "sessions:" << (status.sessions.empty() ? " none" : "") << "\n";
  for (const client::SessionInfo& session : status.sessions) PrintSession(session);
  for (const std::string& note : status.notes) std::cout << "note: " << note << "\n";
}

void PrintExplanation(const client::Status& status) {
  std::cout << "Decision " << status.decision_number << " of policy " << status.policy
            << " in power mode " << status.power_mode << ".\n";
  for (const client::Reason& reason : status.reasons) {
    std::cout << "  " << reason.text << " [" << reason.code << "]\n";
  }
  if (status.predicted_power_w) {
    std::cout << "  The clusters in use are predicted to draw "
              << Fixed(*status.predicted_power_w, 2) << " W ("
              << (status.emulated_board.empty() ? "modelled" : "emulated") << ").\n";
  }
  if (status.sessions.empty()) std::cout << "No session is open.\n";
  for (const client::SessionInfo& session : status.sessions) {
    std::cout << "Session " << session.id << " ("
              << (session.client_name.empty() ? "no name" : session.client_name) << ") asks for "
              << Describe(session.requirement) << ".\n";
    if (!session.assignment) {
      std::cout << "  It runs nowhere: no cluster is available.\n";
      continue;
    }
    std::cout << "  It runs " << Describe(*session.assignment) << "; its requests are predicted "
              << "to take " << Fixed(session.assignment->predicted_latency_ms, 1)
              << " ms (modelled).\n";
    for (const client::Reason& reason : session.assignment->reasons) {
      std::cout << "  " << reason.text << " [" << reason.code << "]\n";
    }
  }
}

int WithStatus(const Common& common, void (*print)(const client::Status&)) {
  auto client = ConnectOrExplain(common);
  if (!client) return kExitService;
  const auto status = client->GetStatus();
  if (!status.ok()) return Fail(common, status.error());
  if (common.json) {
    std::cout << ToJson(*status).dump(2) << "\n";
  } else {
    print(*status);
  }
  return kExitOk;
}

}  // namespace

std::optional<client::Client> ConnectOrExplain(const Common& common) {
  client::ConnectOptions options;
  options.socket = common.socket;
  options.wait_ready = std::chrono::milliseconds(static_cast<long>(common.wait_s * 1e3));
  auto client = client::Client::Connect(options);
  if (client.ok()) return std::move(client).value();
  Fail(common, client.error());
  return std::nullopt;
}

int Fail(const Common& common, const client::Error& error) {
  if (common.json) {
    std::cout << Json{{"type", "error"},
                      {"code", static_cast<int>(error.code)},
                      {"message", error.message}}
                     .dump()
              << std::endl;
  }
  std::cerr << "dynofactl: " << error.message << std::endl;
  return kExitService;
}

int ShowStatus(const Common& common) { return WithStatus(common, &PrintStatus); }

int Explain(const Common& common) { return WithStatus(common, &PrintExplanation); }

int Mode(const Common& common, const std::string& name) {
  if (!name.empty()) {
    if (const auto set = client::SetPowerMode(name, common.bus); !set.ok()) {
      return Fail(common, set.error());
    }
  }
  const auto modes = client::GetPowerModes(common.bus);
  if (!modes.ok()) return Fail(common, modes.error());
  if (common.json) {
    std::cout << Json{{"power_mode", modes->current},
                      {"power_modes", modes->available},
                      {"policy", modes->policy}}
                     .dump(2)
              << "\n";
    return kExitOk;
  }
  std::cout << "power mode " << modes->current << " (of";
  for (const std::string& available : modes->available) std::cout << " " << available;
  std::cout << ")\n";
  return kExitOk;
}

}  // namespace dynofa::cli
