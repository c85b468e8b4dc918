#include "daemon/tools/families/runnable.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/cpu/supernet.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/torch/chain_reference.h"
#include "daemon/engine/torch/folded_net.h"

namespace dynofa::tools::families {
namespace {

using engine::chain::Chain;
using engine::chain::Weights;
using engine::cpu::ChainNet;
using engine::torch_backend::FoldedNet;

std::vector<float> Image(int resolution) {
  const auto side = static_cast<std::size_t>(resolution);
  return engine::ofa::SyntheticValues("image", side * side * 3, 2.0);
}

template <typename Expected>
double Difference(const std::vector<float>& logits, const std::vector<Expected>& expected) {
  double difference = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double one = std::abs(static_cast<double>(logits[i]) - expected[i]);
    difference = std::isnan(one) ? HUGE_VAL : std::max(difference, one);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return difference / largest;
}

class RunnableChain final : public Runnable {
 public:
  RunnableChain(const Chain& chain, std::shared_ptr<const Weights> weights,
                std::unique_ptr<ChainNet> net)
      : chain_(chain),
        weights_(std::move(weights)),
        net_(std::move(net)),
        image_(Image(chain.resolution)),
        logits_(static_cast<std::size_t>(chain.classes())) {}

  absl::Status Run() override { return net_->Run(image_, logits_); }

  absl::StatusOr<double> DifferenceFromLibtorch() override {
    DYNOFA_RETURN_IF_ERROR(Run());
    DYNOFA_ASSIGN_OR_RETURN(const std::vector<double> expected,
                            engine::torch_backend::ChainReferenceLogits(chain_, *weights_, image_));
    return Difference(logits_, expected);
  }

 private:
  const Chain& chain_;
  const std::shared_ptr<const Weights> weights_;
  const std::unique_ptr<ChainNet> net_;
  const std::vector<float> image_;
  std::vector<float> logits_;
};

// The subnets of one width.
struct Supernet {
  std::vector<engine::ofa::Subnet> subnets;
  std::shared_ptr<const engine::ofa::OfaModel> model;
  std::shared_ptr<engine::Supernet> supernet;
  std::map<int, std::shared_ptr<engine::Workspace>> workspaces;  // by threads
};

class RunnableSubnet final : public Runnable {
 public:
  RunnableSubnet(std::shared_ptr<const engine::ofa::OfaModel> model,
                 std::shared_ptr<const engine::PreparedSubnet> subnet,
                 std::shared_ptr<engine::Workspace> workspace)
      : model_(std::move(model)),
        subnet_(std::move(subnet)),
        workspace_(std::move(workspace)),
        image_(Image(subnet_->info().resolution)),
        logits_(static_cast<std::size_t>(model_->info().classes)) {}

  absl::Status Run() override { return subnet_->Run(image_, logits_, *workspace_); }

  absl::StatusOr<double> DifferenceFromLibtorch() override {
    DYNOFA_RETURN_IF_ERROR(Run());
    DYNOFA_ASSIGN_OR_RETURN(
        const std::unique_ptr<FoldedNet> reference,
        FoldedNet::Create(*model_, subnet_->info().id, engine::torch_backend::FoldedPath::kPlain));
    std::vector<float> expected(logits_.size());
    DYNOFA_RETURN_IF_ERROR(reference->Run(image_, expected, 1));
    return Difference(logits_, expected);
  }

 private:
  const std::shared_ptr<const engine::ofa::OfaModel> model_;
  const std::shared_ptr<const engine::PreparedSubnet> subnet_;
  const std::shared_ptr<engine::Workspace> workspace_;
  const std::vector<float> image_;
  std::vector<float> logits_;
};

class Maker {
 public:
  absl::StatusOr<std::vector<std::unique_ptr<Runnable>>> Make(const std::vector<Cell>& cells) {
    for (const Cell& cell : cells) Announce(cell);
    for (auto& [width, supernet] : supernets_) DYNOFA_RETURN_IF_ERROR(Build(width, supernet));
    std::vector<std::unique_ptr<Runnable>> runnables;
    for (const Cell& cell : cells) {
      const auto* ofa = std::get_if<OfaNetwork>(&cell.network->graph);
      DYNOFA_ASSIGN_OR_RETURN(std::unique_ptr<Runnable> runnable,
                              ofa != nullptr ? MakeSubnet(cell, ofa->width) : MakeChain(cell));
      runnables.push_back(std::move(runnable));
    }
    return runnables;
  }

 private:
  // A supernet knows all its subnets from the start.
  void Announce(const Cell& cell) {
    const auto* ofa = std::get_if<OfaNetwork>(&cell.network->graph);
    if (ofa == nullptr || ids_.contains(cell.network)) return;
    const std::string id = base::StrCat("n", ids_.size());
    ids_.emplace(cell.network, id);
    supernets_[ofa->width].subnets.push_back({id, ofa->config});
  }

  absl::Status Build(double width, Supernet& supernet) {
    const auto architecture = engine::ofa::Architecture::MobileNetV3(width);
    DYNOFA_ASSIGN_OR_RETURN(supernet.model,
                            engine::ofa::SyntheticModel(architecture, supernet.subnets));
    DYNOFA_ASSIGN_OR_RETURN(supernet.supernet, engine::cpu::MakeSupernet(supernet.model));
    // Before any workspace, so that it knows them all.
    for (const engine::ofa::Subnet& subnet : supernet.subnets) {
      DYNOFA_RETURN_IF_ERROR(supernet.supernet->Prepare(subnet.id).status());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<Runnable>> MakeSubnet(const Cell& cell, double width) {
    Supernet& own = supernets_.at(width);
    DYNOFA_ASSIGN_OR_RETURN(const std::shared_ptr<const engine::PreparedSubnet> subnet,
                            own.supernet->Prepare(ids_.at(cell.network)));
    std::shared_ptr<engine::Workspace>& workspace = own.workspaces[cell.threads];
    if (workspace == nullptr) {
      DYNOFA_ASSIGN_OR_RETURN(workspace, own.supernet->NewWorkspace(cell.threads));
    }
    return std::make_unique<RunnableSubnet>(own.model, subnet, workspace);
  }

  absl::StatusOr<std::unique_ptr<Runnable>> MakeChain(const Cell& cell) {
    const Chain& chain = std::get<Chain>(cell.network->graph);
    std::shared_ptr<const Weights>& weights = weights_[cell.network];
    if (weights == nullptr) weights = std::make_shared<const Weights>(SyntheticWeights(chain));
    DYNOFA_ASSIGN_OR_RETURN(std::unique_ptr<ChainNet> net,
                            ChainNet::Create(chain, weights, cell.form, cell.threads));
    return std::make_unique<RunnableChain>(chain, weights, std::move(net));
  }

  std::map<const Network*, std::string> ids_;
  std::map<double, Supernet> supernets_;
  std::map<const Network*, std::shared_ptr<const Weights>> weights_;
};

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<Runnable>>> MakeRunnables(
    const std::vector<Cell>& cells) {
  return Maker().Make(cells);
}

}  // namespace dynofa::tools::families
