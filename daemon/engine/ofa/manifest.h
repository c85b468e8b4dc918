#ifndef DYNOFA_DAEMON_ENGINE_OFA_MANIFEST_H_
#define DYNOFA_DAEMON_ENGINE_OFA_MANIFEST_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/toml_table.h"
#include "daemon/engine/catalogue.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::ofa {

inline constexpr std::string_view kFamily = "ofa-mobilenetv3";

/// A catalogue entry together with what it means to this family.
struct Subnet {
  std::string id;
  SubnetConfig config;
  double accuracy = 0.0;
  policies::Evidence accuracy_evidence = policies::Evidence::kUnknown;
};

/// What model.toml of this family holds (docs/adding-a-model.md): plain values.
struct Manifest {
  std::string name;
  std::string version = "1";
  std::string provenance;
  std::string input_name = "image";
  std::string output_name = "logits";
  std::vector<std::string> labels;  ///< empty, or one per class
  /// The model is refused as long as a subnet lacks batch-norm statistics of its own: for weights
  /// whose own belong to no subnet in particular.
  bool require_statistics = false;
  Preprocessing preprocessing;
  Architecture architecture;
  std::vector<Subnet> subnets;
};

/// Reads the tables of model.toml. INVALID_ARGUMENT with file and line for unknown keys and wrong
/// values; configurations are checked against the architecture by Describe().
absl::StatusOr<Manifest> ReadManifest(const base::TomlTable& table);

/// The [[subnet]] tables of `table`, checked against `architecture`.
absl::StatusOr<std::vector<Subnet>> ReadSubnets(const base::TomlTable& table,
                                                const Architecture& architecture);

/// The text of a model.toml that ReadManifest() reads back to the same values.
std::string ManifestText(const Manifest& manifest);

/// The catalogue that everybody else sees, cheapest first, with MACs and parameters counted.
/// INVALID_ARGUMENT if an id is malformed or taken twice, if a configuration does not fit the
/// architecture, or if there is no subnet.
absl::StatusOr<ModelInfo> Describe(const Manifest& manifest);

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_MANIFEST_H_
