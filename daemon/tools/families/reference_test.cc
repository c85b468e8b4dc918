// Compares every network with an independent description of the same ones, layer by layer.

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/tools/families/family.h"
#include "daemon/tools/families/memory.h"
#include "tests/support/catch.h"

namespace dynofa::tools::families {
namespace {

using engine::chain::Chain;
using engine::chain::Kind;
using engine::chain::Layer;
using engine::ofa::Activation;
using Json = nlohmann::json;

std::string OpOf(const Layer& layer) {
  switch (layer.kind) {
    case Kind::kConvolution:
      return "conv";
    case Kind::kDepthwise:
      return "dwconv";
    case Kind::kGlobalPool:
      return "pool";
    case Kind::kLinear:
      return "linear";
    case Kind::kAdd:
      break;
  }
  return "add";
}

bool SameLayer(const Layer& layer, const Json& expected) {
  const int residual =
      expected["residual_from"].is_null() ? -1 : expected["residual_from"].get<int>();
  const std::string activation = layer.activation == Activation::kRelu6 ? "relu6" : "none";
  const bool same = OpOf(layer) == expected["op"] && layer.in == expected["in"] &&
                    layer.out == expected["out"] && activation == expected["act"] &&
                    layer.in_size == expected["h_in"] && layer.out_size == expected["h_out"] &&
                    layer.residual_from == residual && HasBatchNorm(layer) == expected["bn"];
  if (!HasBatchNorm(layer)) return same;
  return same && layer.kernel == expected["kernel"] && layer.stride == expected["stride"] &&
         layer.kernel / 2 == expected["padding"];
}

void CheckChain(const Chain& chain, const Json& layers) {
  REQUIRE(chain.layers.size() == layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    INFO("layer " << i << ": " << layers[i]);
    CHECK(SameLayer(chain.layers[i], layers[i]));
  }
}

void CheckOfa(const OfaNetwork& ofa, const Json& expected) {
  CHECK(ofa.width == expected["width"]);
  CHECK(ofa.config.kernels == expected["ks"].get<std::vector<int>>());
  CHECK(ofa.config.expands == expected["e"].get<std::vector<int>>());
  CHECK(ofa.config.depths == expected["d"].get<std::vector<int>>());
}

void CheckMember(const Member& member, const Json& expected) {
  INFO(member.id);
  CHECK(member.top1 == expected["published_top1"]);
  CHECK(member.network.resolution() == expected["input_resolution"]);
  CHECK(member.network.cost.macs == expected["macs"]);
  CHECK(member.network.cost.parameters == expected["params"]);
  CHECK(member.network.cost.batch_norm_channels == expected["bn_channels"]);
  if (const auto* chain = std::get_if<Chain>(&member.network.graph)) {
    CheckChain(*chain, expected["layers"]);
  } else {
    CheckOfa(std::get<OfaNetwork>(member.network.graph), expected);
  }
}

void CheckShared(const Family& family, const Json& expected) {
  INFO(family.name);
  const StoredValues shared = SharedValues(family);
  CHECK(shared.weights == expected["weights"]);
  CHECK(shared.batch_norms == expected["bn_affine"]);
  CHECK(shared.statistics == expected["bn_running_statistics"]);
}

}  // namespace

TEST_CASE("Every network agrees with the reference layer by layer") {
  const char* reference = std::getenv("DYNOFA_REFERENCE");
  if (reference == nullptr) {
    std::cout << "SKIPPED: DYNOFA_REFERENCE does not name the folder of reference data\n";
    return;
  }
  std::ifstream file(std::string(reference) + "/baselines/families.json");
  REQUIRE(file.good());
  const Json document = Json::parse(file);
  std::map<std::string, Json> members;
  std::map<std::string, Json> shared;
  for (const Json& family : document["families"]) {
    for (const Json& member : family["members"]) members[member["name"]] = member;
    if (family.contains("shared_model_values"))
      shared[family["name"]] = family["shared_model_values"];
  }
  std::size_t compared = 0;
  const std::vector<Family> families = BuiltInFamilies().value();
  for (const Family& family : families) {
    for (const Member& member : family.members) {
      REQUIRE(members.contains(member.id));
      CheckMember(member, members[member.id]);
      ++compared;
    }
    if (shared.contains(family.name)) CheckShared(family, shared[family.name]);
  }
  CHECK(compared == members.size());
  CHECK(shared.size() == 6);
}

}  // namespace dynofa::tools::families
