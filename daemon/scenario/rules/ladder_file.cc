#include "daemon/scenario/rules/ladder_file.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/toml_file.h"

namespace dynofa::scenario {
namespace {

constexpr std::size_t kMaxSubnets = 256;
constexpr std::int64_t kMaxMacs = 1'000'000'000'000;
constexpr std::int64_t kMaxParameters = 10'000'000'000;

bool IsId(const std::string& text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
}

absl::StatusOr<engine::SubnetInfo> ReadSubnet(const base::TomlTable& table) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys(
      {"id", "resolution", "accuracy", "accuracy_evidence", "macs", "parameters", "layers"}));
  engine::SubnetInfo subnet;
  DYNOFA_ASSIGN_OR_RETURN(subnet.id, table.String("id"));
  if (!IsId(subnet.id)) return table.Error("id", "must have 1 to 64 of a-z, 0-9, dot, _ and -");
  DYNOFA_ASSIGN_OR_RETURN(subnet.resolution, table.Int("resolution", 1, 4096));
  DYNOFA_ASSIGN_OR_RETURN(subnet.accuracy, table.Number("accuracy", 0.0, 1.0));
  DYNOFA_ASSIGN_OR_RETURN(const std::string evidence, table.String("accuracy_evidence"));
  subnet.accuracy_evidence = policies::EvidenceFromName(evidence);
  if (subnet.accuracy_evidence == policies::Evidence::kUnknown) {
    return table.Error("accuracy_evidence",
                       "must be \"published\", \"measured\", \"modelled\" or \"emulated\"");
  }
  DYNOFA_ASSIGN_OR_RETURN(subnet.macs, table.Int64("macs", 1, kMaxMacs));
  DYNOFA_ASSIGN_OR_RETURN(subnet.parameters, table.Int64("parameters", 1, kMaxParameters));
  DYNOFA_ASSIGN_OR_RETURN(subnet.layers, table.Int("layers", 1, 10'000));
  return subnet;
}

}  // namespace

absl::StatusOr<engine::ModelInfo> ParseLadder(const base::TomlTable& root) {
  DYNOFA_RETURN_IF_ERROR(root.CheckKeys({"title", "source", "classes", "subnet"}));
  engine::ModelInfo info;
  info.family = "figures";
  DYNOFA_RETURN_IF_ERROR(root.String("title").status());
  DYNOFA_ASSIGN_OR_RETURN(info.provenance, root.String("source"));
  DYNOFA_ASSIGN_OR_RETURN(info.classes, root.Int("classes", 1, 1'000'000));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<base::TomlTable> subnets, root.Tables("subnet"));
  if (subnets.empty() || subnets.size() > kMaxSubnets) {
    return root.Error("subnet", base::StrCat("must come 1 to ", kMaxSubnets, " times"));
  }
  for (const base::TomlTable& table : subnets) {
    DYNOFA_ASSIGN_OR_RETURN(engine::SubnetInfo subnet, ReadSubnet(table));
    if (info.Find(subnet.id) != nullptr) return table.Error("id", "is there twice");
    info.catalogue.push_back(std::move(subnet));
  }
  std::stable_sort(
      info.catalogue.begin(), info.catalogue.end(),
      [](const engine::SubnetInfo& a, const engine::SubnetInfo& b) { return a.macs < b.macs; });
  return info;
}

absl::StatusOr<engine::ModelInfo> LoadLadder(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const base::TomlTable root, engine::ReadTomlFile(path));
  return ParseLadder(root);
}

}  // namespace dynofa::scenario
