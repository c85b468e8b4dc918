#include "daemon/engine/cpu/supernet.h"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/cpu/bound_net.h"
#include "daemon/engine/cpu/compiled_net.h"
#include "daemon/engine/cpu/onednn.h"

namespace dynofa::engine::cpu {
namespace {

// More threads than this for one image help nobody.
constexpr int kMaxThreads = 256;

class CpuWorkspace final : public Workspace {
 public:
  CpuWorkspace(int threads, const BufferSizes& sizes)
      : threads_(threads), activations_(sizes), stream_(Engine()) {}

  absl::Status Add(std::shared_ptr<const PreparedSubnet> subnet,
                   std::shared_ptr<const CompiledNet> net) {
    DYNOFA_ASSIGN_OR_RETURN(BoundNet bound, BoundNet::Create(std::move(net), activations_));
    const PreparedSubnet* key = subnet.get();
    nets_.emplace(key, Net{std::move(subnet), std::move(bound)});
    return absl::OkStatus();
  }

  absl::Status Run(const PreparedSubnet& subnet, const float* image, float* logits,
                   PartDone part_done) {
    const auto net = nets_.find(&subnet);
    if (net == nets_.end()) {
      return absl::FailedPreconditionError(
          base::StrCat("subnet ", subnet.info().id, " was prepared after this workspace was made"));
    }
    const ScopedThreads scope(threads_);
    return net->second.bound.Run(image, logits, stream_, threads_, part_done);
  }

 private:
  struct Net {
    std::shared_ptr<const PreparedSubnet> subnet;  // so that no other one gets its address
    BoundNet bound;
  };

  const int threads_;
  const Activations activations_;
  dnnl::stream stream_;
  std::map<const PreparedSubnet*, Net> nets_;
};

absl::Status CheckSize(std::string_view what, std::size_t size, std::size_t expected) {
  if (size == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::StrCat(what, " has ", size, " values; this subnet needs ", expected));
}

class CpuSubnet final : public PreparedSubnet {
 public:
  CpuSubnet(const SubnetInfo& info, ofa::NetPlan plan) : info_(info), plan_(std::move(plan)) {}

  const SubnetInfo& info() const override { return info_; }
  const ofa::NetPlan& plan() const { return plan_; }

  absl::Status RunParts(std::span<const float> image, std::span<float> logits, Workspace& workspace,
                        PartDone part_done) const override {
    const auto side = static_cast<std::size_t>(plan_.resolution);
    DYNOFA_RETURN_IF_ERROR(CheckSize("the image", image.size(), side * side * 3));
    DYNOFA_RETURN_IF_ERROR(
        CheckSize("the output", logits.size(), static_cast<std::size_t>(plan_.classes)));
    auto* own = dynamic_cast<CpuWorkspace*>(&workspace);
    if (own == nullptr) return absl::InvalidArgumentError("the workspace is another backend's");
    return own->Run(*this, image.data(), logits.data(), part_done);
  }

 private:
  const SubnetInfo info_;
  const ofa::NetPlan plan_;
};

class CpuSupernet final : public Supernet {
 public:
  explicit CpuSupernet(std::shared_ptr<const SharedWeights> weights)
      : weights_(std::move(weights)) {}

  const ModelInfo& info() const override { return weights_->model().info(); }
  std::string_view backend() const override { return "cpu"; }
  std::string build() const override { return LibraryBuild(); }
  absl::StatusOr<std::shared_ptr<const PreparedSubnet>> Prepare(std::string_view subnet) override;
  absl::StatusOr<std::unique_ptr<Workspace>> NewWorkspace(int threads) override;

 private:
  // What there is of one subnet.
  struct Entry {
    std::shared_ptr<const CpuSubnet> subnet;
    std::map<int, std::shared_ptr<const CompiledNet>> by_threads;
  };

  absl::Status CompileFor(int threads, Entry& entry) const;
  absl::StatusOr<Entry> NewEntry(std::string_view subnet) const;

  const std::shared_ptr<const SharedWeights> weights_;
  std::mutex mutex_;
  // Both guarded by mutex_. Primitives are made for a number of threads; the numbers that
  // workspaces asked for so far are served at once by Prepare().
  std::map<std::string, Entry, std::less<>> entries_;
  std::set<int> thread_counts_ = {1};
};

absl::Status CpuSupernet::CompileFor(int threads, Entry& entry) const {
  if (entry.by_threads.contains(threads)) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(
      CompiledNet net, Compile(weights_, entry.subnet->info().id, entry.subnet->plan(), threads));
  entry.by_threads.emplace(threads, std::make_shared<const CompiledNet>(std::move(net)));
  return absl::OkStatus();
}

absl::StatusOr<CpuSupernet::Entry> CpuSupernet::NewEntry(std::string_view subnet) const {
  const SubnetInfo* found = info().Find(subnet);
  const ofa::SubnetConfig* config = weights_->model().Config(subnet);
  if (found == nullptr || config == nullptr) {
    return absl::NotFoundError(base::StrCat("model ", info().name, " has no subnet ", subnet));
  }
  DYNOFA_ASSIGN_OR_RETURN(ofa::NetPlan plan, MakePlan(weights_->model().architecture(), *config));
  Entry entry{std::make_shared<CpuSubnet>(*found, std::move(plan)), {}};
  for (int threads : thread_counts_) DYNOFA_RETURN_IF_ERROR(CompileFor(threads, entry));
  return entry;
}

absl::StatusOr<std::shared_ptr<const PreparedSubnet>> CpuSupernet::Prepare(
    std::string_view subnet) {
  const std::lock_guard lock(mutex_);
  auto entry = entries_.find(subnet);
  if (entry == entries_.end()) {
    DYNOFA_ASSIGN_OR_RETURN(Entry made, NewEntry(subnet));
    entry = entries_.emplace(std::string(subnet), std::move(made)).first;
  }
  return entry->second.subnet;
}

absl::StatusOr<std::unique_ptr<Workspace>> CpuSupernet::NewWorkspace(int threads) {
  if (threads < 1 || threads > kMaxThreads) {
    return absl::InvalidArgumentError(
        base::StrCat("a workspace has 1 to ", kMaxThreads, " threads, not ", threads));
  }
  const std::lock_guard lock(mutex_);
  thread_counts_.insert(threads);
  BufferSizes sizes;
  for (auto& [id, entry] : entries_) {
    DYNOFA_RETURN_IF_ERROR(CompileFor(threads, entry));
    sizes = BufferSizes::Union(sizes, entry.by_threads.at(threads)->buffers);
  }
  auto workspace = std::make_unique<CpuWorkspace>(threads, sizes);
  for (const auto& [id, entry] : entries_) {
    DYNOFA_RETURN_IF_ERROR(workspace->Add(entry.subnet, entry.by_threads.at(threads)));
  }
  return workspace;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Supernet>> MakeSupernet(std::shared_ptr<const ofa::OfaModel> model) {
  DYNOFA_ASSIGN_OR_RETURN(std::shared_ptr<const SharedWeights> weights,
                          SharedWeights::Create(std::move(model)));
  return std::make_shared<CpuSupernet>(std::move(weights));
}

}  // namespace dynofa::engine::cpu
