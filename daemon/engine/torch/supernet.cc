#include "daemon/engine/torch/supernet.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/GradMode.h>
#include <torch/version.h>

#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/torch/elastic_net.h"
#include "daemon/engine/torch/statistics.h"

namespace dynofa::engine::torch_backend {
namespace {

class TorchWorkspace final : public Workspace {
 public:
  explicit TorchWorkspace(int threads) : threads_(threads) {}
  int threads() const { return threads_; }

 private:
  int threads_;
};

// The weights of a model as a net, kept alive by every subnet that runs on them.
struct SharedNet {
  explicit SharedNet(std::shared_ptr<const ofa::OfaModel> owner)
      : model(std::move(owner)), net(BorrowWeights(*model), model->architecture()) {}

  std::shared_ptr<const ofa::OfaModel> model;
  ElasticNet net;
};

class TorchSubnet final : public PreparedSubnet {
 public:
  TorchSubnet(std::shared_ptr<const SharedNet> shared, const SubnetInfo& info, ofa::NetPlan plan)
      : shared_(std::move(shared)),
        info_(info),
        plan_(std::move(plan)),
        statistics_(StatisticsOf(*shared_->model, info.id)) {}

  const SubnetInfo& info() const override { return info_; }

  absl::Status RunParts(std::span<const float> image, std::span<float> logits, Workspace& workspace,
                        PartDone part_done) const override {
    const auto* own = dynamic_cast<const TorchWorkspace*>(&workspace);
    if (own == nullptr) {
      return absl::InvalidArgumentError("the workspace belongs to another backend");
    }
    const std::int64_t side = plan_.resolution;
    if (image.size() != static_cast<std::size_t>(side * side * 3) ||
        logits.size() != static_cast<std::size_t>(plan_.classes)) {
      return absl::InvalidArgumentError(base::StrCat("subnet \"", info_.id, "\" takes ", side, "x",
                                                     side, "x3 values and gives ", plan_.classes));
    }
    try {
      // Per calling thread; new threads start with whatever another one set last.
      at::set_num_threads(own->threads());
      const c10::AutoGradMode no_gradients(false);
      const at::Tensor input =
          at::from_blob(const_cast<float*>(image.data()), {1, side, side, 3}, at::kFloat)
              .permute({0, 3, 1, 2});
      FixedStatistics statistics = statistics_;  // shares its tensors
      const at::Tensor output = shared_->net.ForwardParts(input, plan_, statistics, part_done);
      if (!output.defined()) return absl::AbortedError("the run was stopped between its parts");
      std::memcpy(logits.data(), output.contiguous().data_ptr<float>(), logits.size_bytes());
      return absl::OkStatus();
    } catch (const std::exception& error) {
      return absl::InternalError(base::StrCat("libtorch: ", error.what()));
    }
  }

 private:
  const std::shared_ptr<const SharedNet> shared_;
  const SubnetInfo info_;
  const ofa::NetPlan plan_;
  const FixedStatistics statistics_;
};

/// "libtorch 1.13.1, AVX2".
std::string LibraryBuild() {
  constexpr std::string_view kBefore = "CPU capability usage: ";
  const std::string configuration = at::show_config();
  const std::size_t begin = configuration.find(kBefore);
  if (begin == std::string::npos) return "libtorch " TORCH_VERSION;
  const std::size_t isa = begin + kBefore.size();
  return "libtorch " TORCH_VERSION ", " +
         configuration.substr(isa, configuration.find('\n', isa) - isa);
}

class TorchSupernet final : public Supernet {
 public:
  explicit TorchSupernet(std::shared_ptr<const SharedNet> shared) : shared_(std::move(shared)) {}

  const ModelInfo& info() const override { return shared_->model->info(); }
  std::string_view backend() const override { return "torch"; }
  std::string build() const override { return LibraryBuild(); }

  absl::StatusOr<std::shared_ptr<const PreparedSubnet>> Prepare(std::string_view subnet) override {
    const SubnetInfo* info = shared_->model->info().Find(subnet);
    if (info == nullptr) {
      return absl::NotFoundError(
          base::StrCat("model \"", this->info().name, "\" has no subnet \"", subnet, "\""));
    }
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const PreparedSubnet>& prepared = prepared_[info->id];
    if (prepared == nullptr) {
      DYNOFA_ASSIGN_OR_RETURN(ofa::NetPlan plan, ofa::MakePlan(shared_->model->architecture(),
                                                               *shared_->model->Config(subnet)));
      try {
        prepared = std::make_shared<const TorchSubnet>(shared_, *info, std::move(plan));
      } catch (const std::exception& error) {
        return absl::InternalError(base::StrCat("libtorch: ", error.what()));
      }
    }
    return prepared;
  }

  absl::StatusOr<std::unique_ptr<Workspace>> NewWorkspace(int threads) override {
    if (threads < 1) return absl::InvalidArgumentError("a workspace needs at least one thread");
    return std::make_unique<TorchWorkspace>(threads);
  }

 private:
  const std::shared_ptr<const SharedNet> shared_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const PreparedSubnet>> prepared_;  // under mutex_
};

}  // namespace

absl::StatusOr<std::shared_ptr<Supernet>> MakeSupernet(std::shared_ptr<const ofa::OfaModel> model) {
  try {
    return std::make_shared<TorchSupernet>(std::make_shared<const SharedNet>(std::move(model)));
  } catch (const std::exception& error) {
    return absl::InternalError(base::StrCat("libtorch: ", error.what()));
  }
}

}  // namespace dynofa::engine::torch_backend
