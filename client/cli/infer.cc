// dynofactl infer.

#include <algorithm>
#include <cmath>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/images.h"
#include "client/cli/json.h"
#include "client/cli/text.h"

namespace dynofa::cli {
namespace {

struct Ranked {
  std::string label;
  std::size_t index = 0;
  double probability = 0.0;
};

std::vector<Ranked> TopClasses(const std::vector<float>& logits,
                               const std::vector<std::string>& labels, std::size_t count) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  count = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - logits[order[0]]));
  std::vector<Ranked> top;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = order[i];
    const std::string label =
        index < labels.size() ? labels[index] : "class " + std::to_string(index);
    top.push_back(
        {label, index, std::exp(static_cast<double>(logits[index] - logits[order[0]])) / sum});
  }
  return top;
}

void Print(const std::string& file, const client::Inference& inference,
           const std::vector<Ranked>& top) {
  std::cout << file << ": " << top[0].label << "\n";
  for (const Ranked& ranked : top) {
    std::cout << "  " << Fixed(100.0 * ranked.probability, 1) << " % " << ranked.label << "\n";
  }
  std::cout << "  subnet " << inference.subnet << " on " << inference.cluster << " at "
            << Frequency(inference.frequency_khz) << "; queue " << Fixed(inference.queue_ms, 2)
            << " ms, compute " << Fixed(inference.compute_ms, 2) << " ms (" << inference.time_label
            << "); expected accuracy " << Fixed(100.0 * inference.accuracy, 1) << " % ("
            << inference.accuracy_label << "); "
            << Energy(inference.energy_mj, inference.energy_label)
            << (inference.restarted ? "; restarted" : "")
            << (inference.deadline_missed ? "; LATE" : "")
            << (inference.board.empty() ? "" : "; board " + inference.board) << "\n";
}

void PrintJson(const std::string& file, const client::Inference& inference,
               const std::vector<Ranked>& top) {
  Json json = {{"file", file}, {"label", top[0].label}};
  json["top"] = Json::array();
  for (const Ranked& ranked : top) {
    json["top"].push_back(
        {{"label", ranked.label}, {"index", ranked.index}, {"probability", ranked.probability}});
  }
  json.update(ToJson(inference));
  std::cout << json.dump() << "\n";
}

}  // namespace

int Infer(const Common& common, const InferArguments& arguments) {
  auto client = ConnectOrExplain(common);
  if (!client) return kExitService;
  const auto model = client->GetModel(arguments.options.model);
  if (!model.ok()) return Fail(common, model.error());
  int exit_code = kExitOk;
  for (const std::string& file : arguments.files) {
    const auto image = LoadImage(file);
    if (!image.ok()) {
      Fail(common, image.error());
      exit_code = kExitUsage;
      continue;
    }
    client::InferOptions options = arguments.options;
    options.model = model->name;
    const auto inference = client->Infer(image->view(), options);
    if (!inference.ok()) return Fail(common, inference.error());
    if (inference->logits.empty()) {
      return Fail(common, {client::ErrorCode::kInternal, "the answer has no logits"});
    }
    const std::vector<Ranked> top = TopClasses(inference->logits, model->labels, 5);
    (common.json ? PrintJson : Print)(file, *inference, top);
  }
  return exit_code;
}

}  // namespace dynofa::cli
