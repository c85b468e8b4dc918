// dynofactl board.

#include <iostream>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/text.h"

namespace dynofa::cli {
namespace {

std::string Range(const client::BoardCluster& cluster) {
  if (cluster.frequencies_khz.empty()) return "no clock that can be seen";
  const std::string range = Frequency(cluster.frequencies_khz.front()) + " to " +
                            Frequency(cluster.frequencies_khz.back());
  if (cluster.continuous) return range + ", any in between";
  return range + " in " + std::to_string(cluster.frequencies_khz.size()) + " steps";
}

void PrintCpus(const client::BoardCluster& cluster) {
  if (cluster.kind != "cpu") return;
  std::cout << ", CPUs";
  for (const int cpu : cluster.host_cpus) std::cout << " " << cpu;
  if (cluster.capacity > 0) std::cout << " of capacity " << cluster.capacity;
}

void PrintCluster(const client::BoardCluster& cluster) {
  std::cout << "  " << cluster.id << " (" << cluster.kind;
  if (!cluster.driver.empty()) std::cout << ", " << cluster.driver;
  std::cout << ")";
  PrintCpus(cluster);
  std::cout << ": " << Range(cluster) << "\n";
  if (!cluster.available) {
    std::cout << "    not available\n";
    return;
  }
  std::cout << "    at " << Frequency(cluster.frequency_khz);
  if (!cluster.present.governor.empty()) {
    std::cout << ", " << cluster.present.governor << " between "
              << Frequency(cluster.present.min_khz) << " and "
              << Frequency(cluster.present.max_khz);
  }
  if (!cluster.limited_by.empty()) std::cout << ", limited by " << cluster.limited_by;
  std::cout << ", used by others " << Fixed(100.0 * cluster.foreign_load, 0) << " %\n    ";
  if (cluster.writable) {
    std::cout << "may be set: governor (";
    for (const std::string& governor : cluster.governors) {
      std::cout << (governor == cluster.governors.front() ? "" : " ") << governor;
    }
    std::cout << "), lowest and highest clock\n";
  } else {
    std::cout << "may not be set: " << cluster.read_only_reason << "\n";
  }
  if (!cluster.runs) std::cout << "    no inference runs on it\n";
}

void PrintZone(const client::Zone& zone) {
  std::cout << "  " << zone.type;
  for (const std::string& cluster : zone.clusters) {
    std::cout << (cluster == zone.clusters.front() ? " of " : ", ") << cluster;
  }
  std::cout << ": "
            << (zone.temperature_c ? Fixed(*zone.temperature_c, 1) + " C" : "cannot be read");
  for (const client::Trip& trip : zone.trips) {
    std::cout << ", " << trip.type << " at " << Fixed(trip.temperature_c, 1) << " C";
  }
  std::cout << "\n";
}

void PrintPower(const client::Board& board) {
  if (board.board_power_w) {
    std::cout << "power " << Fixed(*board.board_power_w, 2) << " W (" << board.power_label << ")\n";
  } else {
    std::cout << "power unknown\n";
  }
  for (const client::BoardRail& rail : board.rails) {
    std::cout << "  " << rail.name << " (" << rail.source
              << "): " << (rail.power_w ? Fixed(*rail.power_w, 2) + " W" : "unknown")
              << (rail.in_board_power ? ", in the board's power" : "") << "\n";
  }
}

void PrintBoard(const client::Board& board) {
  std::cout << board.name;
  if (!board.emulated_board.empty()) {
    std::cout << " [EMULATED board " << board.emulated_board << "]";
  }
  std::cout << "\nclusters:\n";
  for (const client::BoardCluster& cluster : board.clusters) PrintCluster(cluster);
  std::cout << "temperatures:" << (board.zones.empty() ? " none" : "") << "\n";
  for (const client::Zone& zone : board.zones) PrintZone(zone);
  PrintPower(board);
  if (board.memory_khz) std::cout << "memory at " << Frequency(*board.memory_khz) << "\n";
  if (board.cpu_pressure) {
    std::cout << "tasks waited for a CPU in " << Fixed(100.0 * *board.cpu_pressure, 1)
              << " % of the last ten seconds\n";
  }
  if (!board.findings.empty()) std::cout << "also found:\n";
  for (const client::Finding& finding : board.findings) {
    std::cout << "  " << finding.kind << (finding.name.empty() ? "" : " of " + finding.name) << " ("
              << finding.source << "): " << finding.value << "\n";
  }
  if (!board.notes.empty()) std::cout << "missing:\n";
  for (const std::string& note : board.notes) std::cout << "  " << note << "\n";
}

}  // namespace

int ShowBoard(const Common& common) {
  auto client = ConnectOrExplain(common);
  if (!client) return kExitService;
  const auto board = client->GetBoard();
  if (!board.ok()) return Fail(common, board.error());
  if (common.json) {
    std::cout << ToJson(*board).dump(2) << "\n";
  } else {
    PrintBoard(*board);
  }
  return kExitOk;
}

}  // namespace dynofa::cli
