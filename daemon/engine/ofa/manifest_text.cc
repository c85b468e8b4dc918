#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

#include "daemon/base/strings.h"
#include "daemon/engine/ofa/manifest.h"

namespace dynofa::engine::ofa {
namespace {

// The shortest text that reads back to the same value.
template <typename T>
std::string NumberText(T value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  std::string text(buffer, end);
  if constexpr (std::is_floating_point_v<T>) {
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
  }
  return text;
}

template <typename Values>
std::string ListText(const Values& values) {
  std::string text = "[";
  for (const auto& value : values) {
    if (text.size() > 1) text += ", ";
    text += NumberText(value);
  }
  text += ']';
  return text;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      quoted += c;
    } else {
      quoted += ' ';
    }
  }
  quoted += '"';
  return quoted;
}

std::string HeadText(const Manifest& m) {
  std::string labels;
  for (const std::string& label : m.labels) {
    if (!labels.empty()) labels += ", ";
    labels += Quoted(label);
  }
  return base::StrCat(
      "name = ", Quoted(m.name), "\nversion = ", Quoted(m.version), "\nfamily = ", Quoted(kFamily),
      "\nprovenance = ", Quoted(m.provenance), "\nlabels = [", labels, "]\n",
      m.require_statistics ? "require_statistics = true\n" : "",
      "\n[input]\nname = ", Quoted(m.input_name),
      "\ncrop_ratio = ", NumberText(m.preprocessing.crop_ratio),
      "\nmean = ", ListText(m.preprocessing.mean), "\nstddev = ", ListText(m.preprocessing.stddev),
      "\n\n[output]\nname = ", Quoted(m.output_name), "\n");
}

std::string ArchitectureText(const Architecture& a) {
  std::string text = base::StrCat(
      "\n[architecture]\nwidth_mult = ", NumberText(a.width_mult), "\nclasses = ", a.classes,
      "\nstem_width = ", a.stem_width, "\nstem_stride = ", a.stem_stride,
      "\nfirst_block_width = ", a.first_block_width,
      "\nfinal_expand_width = ", a.final_expand_width, "\nlast_width = ", a.last_width,
      "\nkernels = ", ListText(a.kernels), "\nexpands = ", ListText(a.expands),
      "\ndepths = ", ListText(a.depths), "\nbn_epsilon = ", NumberText(a.bn_epsilon), "\n");
  for (const StageSpec& stage : a.stages) {
    text += base::StrCat(
        "\n[[architecture.stage]]\nwidth = ", stage.width, "\nstride = ", stage.stride,
        "\nactivation = ", stage.activation == Activation::kRelu ? "\"relu\"" : "\"h_swish\"",
        "\nsqueeze_excite = ", stage.squeeze_excite ? "true" : "false",
        "\nmax_depth = ", stage.max_depth, "\n");
  }
  return text;
}

std::string SubnetText(const Subnet& subnet) {
  return base::StrCat(
      "\n[[subnet]]\nid = ", Quoted(subnet.id), "\nresolution = ", subnet.config.resolution,
      "\nkernels = ", ListText(subnet.config.kernels),
      "\nexpands = ", ListText(subnet.config.expands),
      "\ndepths = ", ListText(subnet.config.depths), "\naccuracy = ", NumberText(subnet.accuracy),
      "\naccuracy_evidence = ", Quoted(policies::EvidenceName(subnet.accuracy_evidence)), "\n");
}

}  // namespace

std::string ManifestText(const Manifest& manifest) {
  std::string text = HeadText(manifest) + ArchitectureText(manifest.architecture);
  for (const Subnet& subnet : manifest.subnets) text += SubnetText(subnet);
  return text;
}

}  // namespace dynofa::engine::ofa
