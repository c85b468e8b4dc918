#include "client/src/convert.h"

namespace dynofa::client {
namespace {

BoardCluster ToCluster(const v1::BoardCluster& message) {
  BoardCluster cluster;
  cluster.id = message.id();
  cluster.kind = message.kind();
  cluster.driver = message.driver();
  cluster.cores = message.cores();
  cluster.host_cpus.assign(message.host_cpus().begin(), message.host_cpus().end());
  cluster.capacity = message.capacity();
  cluster.frequencies_khz.assign(message.frequencies_khz().begin(),
                                 message.frequencies_khz().end());
  cluster.continuous = message.continuous();
  cluster.governors.assign(message.governors().begin(), message.governors().end());
  cluster.writable = message.writable();
  cluster.read_only_reason = message.read_only_reason();
  cluster.runs = message.runs();
  cluster.available = message.available();
  cluster.frequency_khz = message.frequency_khz();
  cluster.present = {message.present().governor(), message.present().min_khz(),
                     message.present().max_khz()};
  cluster.limit_khz = message.limit_khz();
  cluster.limited_by = message.limited_by();
  cluster.foreign_load = message.foreign_load();
  return cluster;
}

Zone ToZone(const v1::Zone& message) {
  Zone zone;
  zone.type = message.type();
  zone.clusters.assign(message.clusters().begin(), message.clusters().end());
  for (const v1::Trip& trip : message.trips()) {
    zone.trips.push_back({trip.type(), trip.temperature_c()});
  }
  if (message.has_temperature_c()) zone.temperature_c = message.temperature_c();
  return zone;
}

BoardRail ToRail(const v1::BoardRail& message) {
  BoardRail rail{message.name(), message.source(), message.in_board_power(), std::nullopt};
  if (message.has_power_w()) rail.power_w = message.power_w();
  return rail;
}

}  // namespace

Board ToBoard(const v1::Board& message) {
  Board board;
  board.name = message.name();
  board.emulated_board = message.emulated_board();
  for (const v1::BoardCluster& cluster : message.clusters()) {
    board.clusters.push_back(ToCluster(cluster));
  }
  for (const v1::Zone& zone : message.zones()) board.zones.push_back(ToZone(zone));
  for (const v1::BoardRail& rail : message.rails()) board.rails.push_back(ToRail(rail));
  if (message.has_board_power_w()) board.board_power_w = message.board_power_w();
  board.power_label = message.power_label();
  if (message.has_memory_khz()) board.memory_khz = message.memory_khz();
  if (message.has_cpu_pressure()) board.cpu_pressure = message.cpu_pressure();
  board.vendor_modes.assign(message.vendor_modes().begin(), message.vendor_modes().end());
  for (const v1::Finding& finding : message.findings()) {
    board.findings.push_back({finding.kind(), finding.name(), finding.source(), finding.value()});
  }
  board.notes.assign(message.notes().begin(), message.notes().end());
  return board;
}

}  // namespace dynofa::client
