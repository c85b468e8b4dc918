#include "daemon/serving/board_messages.h"

#include <string>

#include "policies/evidence.h"

namespace dynofa::serving {
namespace {

void FillCluster(const manager::ClusterView& view, v1::BoardCluster* message) {
  const policies::ClusterState& state = view.state;
  const policies::ClusterInfo& info = state.info;
  message->set_id(info.id);
  message->set_kind(std::string(policies::ClusterKindName(info.kind)));
  message->set_driver(info.driver);
  message->set_cores(info.cores);
  for (const int cpu : info.host_cpus) message->add_host_cpus(cpu);
  message->set_capacity(info.capacity);
  for (const std::int64_t khz : info.frequencies_khz) message->add_frequencies_khz(khz);
  message->set_continuous(info.continuous);
  for (const std::string& governor : info.governors) message->add_governors(governor);
  message->set_writable(info.writable);
  message->set_read_only_reason(info.read_only_reason);
  message->set_runs(view.runs);
  message->set_available(state.available);
  message->set_frequency_khz(state.frequency_khz);
  v1::ClusterSetting* const present = message->mutable_present();
  present->set_governor(view.effective.governor);
  present->set_min_khz(view.effective.min_khz);
  present->set_max_khz(view.effective.max_khz);
  message->set_limit_khz(state.limit_khz);
  message->set_limited_by(view.limited_by);
  message->set_foreign_load(state.foreign_load);
}

// A zone of several clusters is read once for each of them.
void FillZones(const manager::StatusView& view, v1::Board* board) {
  for (const hardware::ZoneInfo& info : view.board_info->zones) {
    v1::Zone* const zone = board->add_zones();
    zone->set_type(info.type);
    for (const hardware::Trip& trip : info.trips) {
      v1::Trip* const message = zone->add_trips();
      message->set_type(trip.type);
      message->set_temperature_c(trip.temperature_c);
    }
    for (const hardware::ZoneReading& reading : view.zones) {
      if (reading.type != info.type) continue;
      if (!reading.cluster.empty()) zone->add_clusters(reading.cluster);
      zone->set_temperature_c(reading.temperature_c);
    }
  }
}

void FillRails(const manager::StatusView& view, v1::Board* board) {
  for (const hardware::RailInfo& info : view.board_info->rails) {
    v1::BoardRail* const rail = board->add_rails();
    rail->set_name(info.name);
    rail->set_source(info.source);
    rail->set_in_board_power(info.in_board_power);
    for (const hardware::RailReading& reading : view.rails) {
      if (reading.name == info.name) rail->set_power_w(reading.power_w);
    }
  }
  if (view.board_power_w > 0.0) board->set_board_power_w(view.board_power_w);
  if (view.board_info->rails.empty()) return;
  const auto label =
      view.emulated_board.empty() ? policies::Evidence::kMeasured : policies::Evidence::kEmulated;
  board->set_power_label(std::string(policies::EvidenceName(label)));
}

}  // namespace

void FillBoard(const manager::StatusView& view, v1::Board* board) {
  board->set_name(view.board);
  board->set_emulated_board(view.emulated_board);
  for (const manager::ClusterView& cluster : view.clusters) {
    FillCluster(cluster, board->add_clusters());
  }
  if (view.memory_khz > 0) board->set_memory_khz(view.memory_khz);
  if (view.cpu_pressure) board->set_cpu_pressure(*view.cpu_pressure);
  for (const std::string& note : view.notes) board->add_notes(note);
  if (view.board_info == nullptr) return;
  FillZones(view, board);
  FillRails(view, board);
  for (const policies::PowerMode& mode : view.board_info->vendor_modes) {
    board->add_vendor_modes(mode.name);
  }
  for (const hardware::Finding& finding : view.board_info->findings) {
    v1::Finding* const message = board->add_findings();
    message->set_kind(finding.kind);
    message->set_name(finding.name);
    message->set_source(finding.source);
    message->set_value(finding.value);
  }
}

}  // namespace dynofa::serving
