#ifndef DYNOFA_DAEMON_ENGINE_CATALOGUE_H_
#define DYNOFA_DAEMON_ENGINE_CATALOGUE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policies/evidence.h"

namespace dynofa::engine {

/// One subnet of a supernet as everybody but its family sees it.
struct SubnetInfo {
  /// Stable: the same configuration of the same weights keeps its id. [a-z0-9._-]{1,64}.
  std::string id;
  /// Side of the square input, pixels.
  int resolution = 0;
  /// Top-1 as a fraction in [0, 1].
  double accuracy = 0.0;
  policies::Evidence accuracy_evidence = policies::Evidence::kUnknown;
  /// Multiply-adds of one inference (SPEC.md section 7 counting) and learnable parameters.
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  /// Convolution and linear layers that one inference runs; 0 if unknown. Launching a layer has a
  /// cost of its own, which decides in small networks.
  int layers = 0;
};

/// How an image becomes the input of a subnet.
struct Preprocessing {
  /// The shorter side is resized to ceil(resolution / crop_ratio), then the centre is cropped.
  double crop_ratio = 0.875;
  /// RGB, of values divided by 255.
  float mean[3] = {0.485f, 0.456f, 0.406f};
  float stddev[3] = {0.229f, 0.224f, 0.225f};
};

/// What a model directory says about its model. Immutable after loading.
struct ModelInfo {
  std::string name;
  /// Decimal, since stock clients parse it as a number.
  std::string version = "1";
  /// "ofa-mobilenetv3".
  std::string family;
  std::string input_name = "image";
  std::string output_name = "logits";
  /// Places of the output.
  int classes = 0;
  /// One per class, or empty.
  std::vector<std::string> labels;
  Preprocessing preprocessing;
  /// Where weights and figures come from, for people.
  std::string provenance;
  /// Every subnet, cheapest (by MACs) first. Not empty.
  std::vector<SubnetInfo> catalogue;
  /// SHA-256 (hex) of weights and batch-norm statistics; keys the profiles.
  std::string weights_digest;

  /// The subnet of that id, or nullptr.
  const SubnetInfo* Find(std::string_view subnet) const {
    for (const SubnetInfo& info : catalogue) {
      if (info.id == subnet) return &info;
    }
    return nullptr;
  }
};

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_CATALOGUE_H_
