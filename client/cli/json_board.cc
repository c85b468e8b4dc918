#include <optional>
#include <utility>

#include "client/cli/json.h"

namespace dynofa::cli {
namespace {

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json Clusters(const std::vector<client::BoardCluster>& clusters) {
  Json json = Json::array();
  for (const client::BoardCluster& cluster : clusters) {
    json.push_back({{"id", cluster.id},
                    {"kind", cluster.kind},
                    {"driver", cluster.driver},
                    {"cores", cluster.cores},
                    {"host_cpus", cluster.host_cpus},
                    {"capacity", cluster.capacity},
                    {"frequencies_khz", cluster.frequencies_khz},
                    {"continuous", cluster.continuous},
                    {"governors", cluster.governors},
                    {"writable", cluster.writable},
                    {"read_only_reason", cluster.read_only_reason},
                    {"runs", cluster.runs},
                    {"available", cluster.available},
                    {"frequency_khz", cluster.frequency_khz},
                    {"governor", cluster.present.governor},
                    {"min_khz", cluster.present.min_khz},
                    {"max_khz", cluster.present.max_khz},
                    {"limit_khz", cluster.limit_khz},
                    {"limited_by", cluster.limited_by},
                    {"foreign_load", cluster.foreign_load}});
  }
  return json;
}

Json Zones(const std::vector<client::Zone>& zones) {
  Json json = Json::array();
  for (const client::Zone& zone : zones) {
    Json trips = Json::array();
    for (const client::Trip& trip : zone.trips) {
      trips.push_back({{"type", trip.type}, {"temperature_c", trip.temperature_c}});
    }
    json.push_back({{"type", zone.type},
                    {"clusters", zone.clusters},
                    {"temperature_c", OrNull(zone.temperature_c)},
                    {"trips", std::move(trips)}});
  }
  return json;
}

Json Rails(const std::vector<client::BoardRail>& rails) {
  Json json = Json::array();
  for (const client::BoardRail& rail : rails) {
    json.push_back({{"name", rail.name},
                    {"source", rail.source},
                    {"in_board_power", rail.in_board_power},
                    {"power_w", OrNull(rail.power_w)}});
  }
  return json;
}

Json Findings(const std::vector<client::Finding>& findings) {
  Json json = Json::array();
  for (const client::Finding& finding : findings) {
    json.push_back({{"kind", finding.kind},
                    {"name", finding.name},
                    {"source", finding.source},
                    {"value", finding.value}});
  }
  return json;
}

}  // namespace

Json ToJson(const client::Board& board) {
  return {{"board", board.name},
          {"emulated_board", board.emulated_board},
          {"clusters", Clusters(board.clusters)},
          {"zones", Zones(board.zones)},
          {"rails", Rails(board.rails)},
          {"board_power_w", OrNull(board.board_power_w)},
          {"power_label", board.power_label},
          {"memory_khz", OrNull(board.memory_khz)},
          {"cpu_pressure", OrNull(board.cpu_pressure)},
          {"vendor_modes", board.vendor_modes},
          {"findings", Findings(board.findings)},
          {"notes", board.notes}};
}

}  // namespace dynofa::cli
