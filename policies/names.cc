#include <array>
#include <utility>

#include "policies/cluster.h"
#include "policies/evidence.h"
#include "policies/power_mode.h"

namespace dynofa::policies {
namespace {

constexpr std::array<std::pair<Evidence, std::string_view>, 5> kEvidence = {{
    {Evidence::kUnknown, "unknown"},
    {Evidence::kMeasured, "measured"},
    {Evidence::kEmulated, "emulated"},
    {Evidence::kPublished, "published"},
    {Evidence::kModelled, "modelled"},
}};

}  // namespace

std::string_view EvidenceName(Evidence evidence) {
  for (const auto& [value, name] : kEvidence) {
    if (value == evidence) return name;
  }
  return "unknown";
}

Evidence EvidenceFromName(std::string_view name) {
  for (const auto& [value, known] : kEvidence) {
    if (known == name) return value;
  }
  return Evidence::kUnknown;
}

std::string_view ClusterKindName(ClusterKind kind) {
  switch (kind) {
    case ClusterKind::kCpu:
      return "cpu";
    case ClusterKind::kGpu:
      return "gpu";
    case ClusterKind::kNpu:
      return "npu";
    case ClusterKind::kDla:
      return "dla";
    case ClusterKind::kFpga:
      return "fpga";
  }
  return "cpu";
}

std::string_view ObjectiveName(Objective objective) {
  switch (objective) {
    case Objective::kPerformance:
      return "performance";
    case Objective::kBalanced:
      return "balanced";
    case Objective::kEnergy:
      return "energy";
  }
  return "balanced";
}

}  // namespace dynofa::policies
