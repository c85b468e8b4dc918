#ifndef DYNOFA_TESTS_SUPPORT_FAKE_SUPERNET_H_
#define DYNOFA_TESTS_SUPPORT_FAKE_SUPERNET_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/engine/supernet.h"

namespace dynofa::tests {

/// A supernet whose subnets exist and compute nothing.
class FakeSupernet final : public engine::Supernet {
 public:
  explicit FakeSupernet(engine::ModelInfo info) : info_(std::move(info)) {}

  const engine::ModelInfo& info() const override { return info_; }
  std::string_view backend() const override { return "fake"; }

  absl::StatusOr<std::shared_ptr<const engine::PreparedSubnet>> Prepare(
      std::string_view subnet) override {
    const engine::SubnetInfo* found = info_.Find(subnet);
    if (found == nullptr) return absl::NotFoundError("no such subnet");
    return std::make_shared<const Subnet>(*found);
  }

  absl::StatusOr<std::unique_ptr<engine::Workspace>> NewWorkspace(int) override {
    return std::make_unique<engine::Workspace>();
  }

 private:
  class Subnet final : public engine::PreparedSubnet {
   public:
    explicit Subnet(engine::SubnetInfo info) : info_(std::move(info)) {}
    const engine::SubnetInfo& info() const override { return info_; }
    absl::Status RunParts(std::span<const float>, std::span<float>, engine::Workspace&,
                          engine::PartDone) const override {
      return absl::OkStatus();
    }

   private:
    const engine::SubnetInfo info_;
  };

  const engine::ModelInfo info_;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_FAKE_SUPERNET_H_
