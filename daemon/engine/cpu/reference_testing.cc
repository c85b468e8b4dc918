#include "daemon/engine/cpu/reference_testing.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>

#include "daemon/base/strings.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::cpu {
namespace {

using Values = std::vector<double>;

// A square feature map, HWC.
struct Map {
  int size = 0;
  int channels = 0;
  Values values;

  double& at(int y, int x, int c) {
    return values[static_cast<std::size_t>((y * size + x) * channels + c)];
  }
  double at(int y, int x, int c) const {
    return values[static_cast<std::size_t>((y * size + x) * channels + c)];
  }
};

Map Blank(int size, int channels) {
  return {size, channels, Values(static_cast<std::size_t>(size * size * channels), 0.0)};
}

double Relu6(double x) { return std::min(std::max(x, 0.0), 6.0); }

double Activate(ofa::Activation activation, double x) {
  if (activation == ofa::Activation::kRelu) return std::max(x, 0.0);
  if (activation == ofa::Activation::kHSwish) return x * Relu6(x + 3.0) / 6.0;
  return x;
}

// Weight of (output channel, input channel, row, column).
using Kernel = std::function<double(int, int, int, int)>;

// A convolution with padding kernel / 2; `groups` is 1, or the number of channels.
Map Convolve(const Map& in, int out, int kernel, int stride, bool depthwise, const Kernel& weight) {
  Map map = Blank((in.size - 1) / stride + 1, out);
  const auto inside = [&](int i) { return i >= 0 && i < in.size; };
  for (int y = 0; y < map.size; ++y) {
    for (int x = 0; x < map.size; ++x) {
      for (int o = 0; o < out; ++o) {
        double sum = 0.0;
        for (int ky = 0; ky < kernel; ++ky) {
          for (int kx = 0; kx < kernel; ++kx) {
            const int iy = y * stride + ky - kernel / 2;
            const int ix = x * stride + kx - kernel / 2;
            if (!inside(iy) || !inside(ix)) continue;
            const int first = depthwise ? o : 0;
            const int last = depthwise ? o + 1 : in.channels;
            for (int i = first; i < last; ++i) sum += in.at(iy, ix, i) * weight(o, i, ky, kx);
          }
        }
        map.at(y, x, o) = sum;
      }
    }
  }
  return map;
}

class Reference {
 public:
  Reference(const ofa::OfaModel& model, std::string_view subnet) : model_(model), subnet_(subnet) {}

  Values Run(std::span<const float> image) {
    const ofa::Architecture& architecture = model_.architecture();
    const ofa::NetPlan plan = MakePlan(architecture, *model_.Config(subnet_)).value();
    Map map{plan.resolution, 3, Values(image.begin(), image.end())};
    map = Convolve(map, plan.stem_out, 3, plan.stem_stride, false,
                   Full("first_conv.conv.weight", 3, 3));
    Normalise(map, "first_conv.bn", ofa::Activation::kHSwish);
    for (const ofa::BlockPlan& block : plan.blocks) map = Block(block, map);
    map = Convolve(map, plan.final_expand, 1, 1, false,
                   Full("final_expand_layer.conv.weight", plan.final_in, 1));
    Normalise(map, "final_expand_layer.bn", ofa::Activation::kHSwish);
    Values features =
        Dense(Means(map), plan.last, plan.final_expand, "feature_mix_layer.conv.weight", "");
    for (double& f : features) f = Activate(ofa::Activation::kHSwish, f);
    return Dense(features, plan.classes, plan.last, "classifier.linear.weight",
                 "classifier.linear.bias");
  }

 private:
  Kernel Full(const std::string& key, int inputs, int kernel) const {
    const std::span<const float> weight = model_.Weight(key);
    return [=](int o, int i, int ky, int kx) {
      return static_cast<double>(
          weight[static_cast<std::size_t>(((o * inputs + i) * kernel + ky) * kernel + kx)]);
    };
  }

  void Normalise(Map& map, const std::string& layer, ofa::Activation activation) const {
    const ofa::BatchNormStats& statistics = model_.Statistics(subnet_).find(layer)->second;
    const std::span<const float> weight = model_.Weight(layer + ".weight");
    const std::span<const float> bias = model_.Weight(layer + ".bias");
    const double epsilon = model_.architecture().bn_epsilon;
    for (std::size_t i = 0; i < map.values.size(); ++i) {
      const std::size_t c = i % static_cast<std::size_t>(map.channels);
      const double centred = map.values[i] - statistics.mean[c];
      const double y = centred / std::sqrt(statistics.variance[c] + epsilon) * weight[c] + bias[c];
      map.values[i] = Activate(activation, y);
    }
  }

  static Values Means(const Map& map) {
    Values means(static_cast<std::size_t>(map.channels), 0.0);
    for (std::size_t i = 0; i < map.values.size(); ++i) {
      means[i % means.size()] += map.values[i] / (map.size * map.size);
    }
    return means;
  }

  // `rows` of a matrix of `columns`, of which the inputs use a prefix.
  Values Dense(const Values& in, int rows, int columns, const std::string& weight_key,
               const std::string& bias_key) const {
    const std::span<const float> weight = model_.Weight(weight_key);
    Values out;
    for (int r = 0; r < rows; ++r) {
      double sum = bias_key.empty() ? 0.0 : model_.Weight(bias_key)[static_cast<std::size_t>(r)];
      for (std::size_t c = 0; c < in.size(); ++c) {
        sum += in[c] * weight[static_cast<std::size_t>(r * columns) + c];
      }
      out.push_back(sum);
    }
    return out;
  }

  void Gate(const ofa::BlockPlan& b, const std::string& fc, Map& map) const {
    Values hidden =
        Dense(Means(map), b.se_mid, b.max_mid, fc + ".reduce.weight", fc + ".reduce.bias");
    for (double& h : hidden) h = std::max(h, 0.0);
    const Values gates =
        Dense(hidden, b.mid, b.max_se_mid, fc + ".expand.weight", fc + ".expand.bias");
    for (std::size_t i = 0; i < map.values.size(); ++i) {
      map.values[i] *= Relu6(gates[i % gates.size()] + 3.0) / 6.0;
    }
  }

  // One channel's kernel of size `to`, by recursion down from the stored one.
  Values Shrunk(const std::string& conv, const Values& kernel, int from, int to) const {
    if (from == to) return kernel;
    const int next = from - 2;
    const std::span<const float> matrix =
        model_.Weight(base::StrCat(conv, ".", from, "to", next, "_matrix"));
    Values smaller;
    for (int out = 0; out < next * next; ++out) {
      double sum = 0.0;
      for (int y = 0; y < next; ++y) {
        for (int x = 0; x < next; ++x) {
          const std::size_t entry = static_cast<std::size_t>(out * next * next + y * next + x);
          sum += matrix[entry] * kernel[static_cast<std::size_t>((y + 1) * from + x + 1)];
        }
      }
      smaller.push_back(sum);
    }
    return Shrunk(conv, smaller, next, to);
  }

  Map Filter(const ofa::BlockPlan& b, const std::string& conv, const std::string& key,
             const Map& in) const {
    const std::span<const float> stored = model_.Weight(key);
    const auto area = static_cast<std::size_t>(b.max_kernel * b.max_kernel);
    std::vector<Values> kernels;
    for (std::size_t c = 0; c < static_cast<std::size_t>(b.mid); ++c) {
      const std::span<const float> own = stored.subspan(c * area, area);
      kernels.push_back(Shrunk(conv, Values(own.begin(), own.end()), b.max_kernel, b.kernel));
    }
    return Convolve(in, b.mid, b.kernel, b.stride, true, [&](int o, int, int ky, int kx) {
      return kernels[static_cast<std::size_t>(o)][static_cast<std::size_t>(ky * b.kernel + kx)];
    });
  }

  Map Block(const ofa::BlockPlan& b, const Map& in) const {
    const std::string conv = base::StrCat("blocks.", b.supernet_index, ".conv.");
    const std::string twice = b.supernet_index == 0 ? "" : ".conv";
    const std::string bn = b.supernet_index == 0 ? ".bn" : ".bn.bn";
    Map map = in;
    if (b.expand) {
      map = Convolve(map, b.mid, 1, 1, false,
                     Full(conv + "inverted_bottleneck.conv.conv.weight", b.in, 1));
      Normalise(map, conv + "inverted_bottleneck" + bn, b.activation);
    }
    map = Filter(b, conv + "depth_conv.conv", conv + "depth_conv.conv" + twice + ".weight", map);
    Normalise(map, conv + "depth_conv" + bn, b.activation);
    if (b.se_mid > 0) Gate(b, conv + "depth_conv.se.fc", map);
    map = Convolve(map, b.out, 1, 1, false,
                   Full(conv + "point_linear.conv" + twice + ".weight", b.max_mid, 1));
    Normalise(map, conv + "point_linear" + bn, ofa::Activation::kNone);
    if (b.shortcut) {
      for (std::size_t i = 0; i < map.values.size(); ++i) map.values[i] += in.values[i];
    }
    return map;
  }

  const ofa::OfaModel& model_;
  const std::string_view subnet_;
};

}  // namespace

std::vector<double> ReferenceLogits(const ofa::OfaModel& model, std::string_view subnet,
                                    std::span<const float> image) {
  return Reference(model, subnet).Run(image);
}

double Difference(std::span<const float> logits, std::span<const double> expected) {
  double difference = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference = std::max(difference, std::abs(logits[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return difference / largest;
}

}  // namespace dynofa::engine::cpu
