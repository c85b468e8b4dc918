#include "daemon/tools/families/family.h"

#include <set>
#include <string_view>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/tools/families/built_in.h"
#include "daemon/tools/families/graphs.h"

namespace dynofa::tools::families {
namespace {

using base::TomlTable;

constexpr int kMaxResolution = 1024;
constexpr int kMaxChannels = 65536;
constexpr double kSlowestMs = 1e7;

absl::StatusOr<Sharing> ReadSharing(const TomlTable& table) {
  DYNOFA_ASSIGN_OR_RETURN(const std::string shares, table.String("shares"));
  if (shares == "nothing") return Sharing::kNothing;
  if (shares == "weights") return Sharing::kWeights;
  if (shares == "weights and scales") return Sharing::kWeightsAndScales;
  return table.Error("shares", "must be \"nothing\", \"weights\" or \"weights and scales\"");
}

absl::StatusOr<std::vector<PublishedPoint>> ReadPoints(const TomlTable& table,
                                                       std::string_view key) {
  std::vector<PublishedPoint> points;
  if (!table.Has(key)) return points;
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TomlTable> entries, table.Tables(key));
  for (const TomlTable& entry : entries) {
    PublishedPoint point;
    DYNOFA_ASSIGN_OR_RETURN(point.ms, entry.Number("ms", 0.0, kSlowestMs));
    DYNOFA_ASSIGN_OR_RETURN(point.top1, entry.Number("top1", 0.0, 100.0));
    points.push_back(point);
  }
  return points;
}

absl::StatusOr<OfaNetwork> ReadOfa(const TomlTable& table, int resolution) {
  OfaNetwork ofa;
  ofa.config.resolution = resolution;
  DYNOFA_ASSIGN_OR_RETURN(ofa.width, table.Number("width", 0.05, 4.0));
  DYNOFA_ASSIGN_OR_RETURN(ofa.config.kernels, table.Ints("kernels"));
  DYNOFA_ASSIGN_OR_RETURN(ofa.config.expands, table.Ints("expands"));
  DYNOFA_ASSIGN_OR_RETURN(ofa.config.depths, table.Ints("depths"));
  return ofa;
}

// Either the published list, or what the width makes of the full network.
absl::StatusOr<std::vector<int>> ReadChannels(const TomlTable& table) {
  if (table.Has("channels")) return table.Ints("channels");
  DYNOFA_ASSIGN_OR_RETURN(const double width, table.Number("width", 0.05, 4.0));
  return MobileNetV2Channels(width);
}

absl::StatusOr<Network> ReadNetwork(const TomlTable& table, std::string_view graph) {
  DYNOFA_ASSIGN_OR_RETURN(const int resolution, table.Int("resolution", 1, kMaxResolution));
  if (graph == "ofa-mobilenetv3") {
    DYNOFA_ASSIGN_OR_RETURN(OfaNetwork ofa, ReadOfa(table, resolution));
    return MakeNetwork(std::move(ofa));
  }
  if (graph == "mobilenet-v1") {
    DYNOFA_ASSIGN_OR_RETURN(const double width, table.Number("width", 0.05, 4.0));
    DYNOFA_ASSIGN_OR_RETURN(engine::chain::Chain chain, MobileNetV1(width, resolution));
    return MakeNetwork(std::move(chain));
  }
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<int> channels, ReadChannels(table));
  DYNOFA_ASSIGN_OR_RETURN(engine::chain::Chain chain, graph == "mnasnet"
                                                          ? MnasNet(channels, resolution)
                                                          : MobileNetV2(channels, resolution));
  return MakeNetwork(std::move(chain));
}

// false if it is not there.
absl::StatusOr<bool> ReadFlag(const TomlTable& table, std::string_view key) {
  return table.Has(key) ? table.Bool(key) : false;
}

absl::StatusOr<Member> ReadMember(const TomlTable& table, std::string_view graph) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys(
      {"id", "top1", "extra", "width", "resolution", "channels", "kernels", "expands", "depths"}));
  Member member;
  DYNOFA_ASSIGN_OR_RETURN(member.id, table.String("id"));
  DYNOFA_ASSIGN_OR_RETURN(member.top1, table.Number("top1", 0.0, 100.0));
  DYNOFA_ASSIGN_OR_RETURN(member.extra, ReadFlag(table, "extra"));
  absl::StatusOr<Network> network = ReadNetwork(table, graph);
  if (!network.ok()) {
    return table.Error(
        "id", base::StrCat("(", member.id, "): ", base::FromAbsl(network.status().message())));
  }
  member.network = *std::move(network);
  return member;
}

absl::StatusOr<std::string> ReadGraph(const TomlTable& table) {
  DYNOFA_ASSIGN_OR_RETURN(std::string graph, table.String("graph"));
  for (const char* known : {"mobilenet-v1", "mobilenet-v2", "mnasnet", "ofa-mobilenetv3"}) {
    if (graph == known) return graph;
  }
  return table.Error("graph",
                     "must be \"mobilenet-v1\", \"mobilenet-v2\", \"mnasnet\" or "
                     "\"ofa-mobilenetv3\"");
}

absl::StatusOr<Family> ReadFamily(const TomlTable& table) {
  DYNOFA_RETURN_IF_ERROR(
      table.CheckKeys({"name", "paper", "source", "subject", "graph", "shares",
                       "fixed_batch_norm_channels", "figure_gpu", "figure_cpu", "member"}));
  Family family;
  DYNOFA_ASSIGN_OR_RETURN(family.name, table.String("name"));
  DYNOFA_ASSIGN_OR_RETURN(family.paper, table.String("paper"));
  DYNOFA_ASSIGN_OR_RETURN(family.source, table.String("source"));
  DYNOFA_ASSIGN_OR_RETURN(family.subject, ReadFlag(table, "subject"));
  DYNOFA_ASSIGN_OR_RETURN(family.sharing, ReadSharing(table));
  if (table.Has("fixed_batch_norm_channels")) {
    DYNOFA_ASSIGN_OR_RETURN(family.fixed_batch_norm_channels,
                            table.Int("fixed_batch_norm_channels", 0, kMaxChannels));
  }
  DYNOFA_ASSIGN_OR_RETURN(family.figure_gpu, ReadPoints(table, "figure_gpu"));
  DYNOFA_ASSIGN_OR_RETURN(family.figure_cpu, ReadPoints(table, "figure_cpu"));
  DYNOFA_ASSIGN_OR_RETURN(const std::string graph, ReadGraph(table));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TomlTable> members, table.Tables("member"));
  for (const TomlTable& entry : members) {
    DYNOFA_ASSIGN_OR_RETURN(Member member, ReadMember(entry, graph));
    family.members.push_back(std::move(member));
  }
  if (family.members.empty()) return table.Error("member", "must have at least one entry");
  return family;
}

}  // namespace

absl::StatusOr<std::vector<Family>> ReadFamilies(const TomlTable& table) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"family"}));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TomlTable> entries, table.Tables("family"));
  std::vector<Family> families;
  std::set<std::string> ids;
  for (const TomlTable& entry : entries) {
    DYNOFA_ASSIGN_OR_RETURN(Family family, ReadFamily(entry));
    for (const Member& member : family.members) {
      if (!ids.insert(member.id).second) {
        return entry.Error("member", base::StrCat("has the id ", member.id, " twice"));
      }
    }
    families.push_back(std::move(family));
  }
  return families;
}

absl::StatusOr<std::vector<Family>> BuiltInFamilies() {
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable table,
                          TomlTable::Parse(kBuiltInFamilies, "families.toml"));
  return ReadFamilies(table);
}

}  // namespace dynofa::tools::families
