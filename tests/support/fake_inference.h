#ifndef DYNOFA_TESTS_SUPPORT_FAKE_INFERENCE_H_
#define DYNOFA_TESTS_SUPPORT_FAKE_INFERENCE_H_

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/task_runner.h"
#include "daemon/manager/inference_api.h"

namespace dynofa::tests {

/// A request path without an engine: hosts one model, "toy", with three classes and the subnets
/// "small" and "large", and answers on a thread of its own. The logits are the number of bytes of
/// the input, its first byte and its last. Thread-safe.
class FakeInference final : public manager::InferenceApi {
 public:
  FakeInference() {
    engine::ModelInfo model;
    model.name = "toy";
    model.family = "fake";
    model.classes = 3;
    model.labels = {"cat", "dog", "ship"};
    model.provenance = "made by the tests";
    for (const auto& [id, accuracy] : {std::pair{"small", 0.5}, std::pair{"large", 0.75}}) {
      engine::SubnetInfo subnet;
      subnet.id = id;
      subnet.resolution = 32;
      subnet.accuracy = accuracy;
      subnet.accuracy_evidence = policies::Evidence::kMeasured;
      model.catalogue.push_back(subnet);
    }
    models_.push_back(std::move(model));
  }

  const std::vector<engine::ModelInfo>& models() const override { return models_; }

  absl::StatusOr<std::uint64_t> Submit(manager::InferenceRequest request, Done done) override {
    std::lock_guard lock(mutex_);
    if (!refusal_.ok()) return refusal_;
    if (!ended_session_.empty() && request.session == ended_session_) {
      return absl::NotFoundError("there is no such session");
    }
    const std::uint64_t id = ++submitted_;
    const manager::InferenceReply reply = Answer(request);
    last_ = std::move(request);
    if (holding_) {
      held_[id] = Held{std::move(done), reply};
    } else {
      thread_->Post([done = std::move(done), reply] { done(reply); });
    }
    return id;
  }

  void Cancel(std::uint64_t id) override {
    std::lock_guard lock(mutex_);
    ++cancelled_;
    const auto found = held_.find(id);
    if (found == held_.end() || stuck_) return;
    thread_->Post([done = std::move(found->second.done)] {
      done(absl::CancelledError("cancelled by the client"));
    });
    held_.erase(found);
  }

  /// From here on requests wait for Release. If `stuck`, not even cancellation ends them.
  void Hold(bool stuck = false) {
    std::lock_guard lock(mutex_);
    holding_ = true;
    stuck_ = stuck;
  }

  /// Answers what is held, and from here on everything at once.
  void Release() {
    std::lock_guard lock(mutex_);
    holding_ = stuck_ = false;
    for (auto& [id, held] : held_) {
      thread_->Post([done = std::move(held.done), reply = held.reply] { done(reply); });
    }
    held_.clear();
  }

  /// From here on Submit answers `refusal` (OK: accepts again).
  void Refuse(absl::Status refusal) {
    std::lock_guard lock(mutex_);
    refusal_ = std::move(refusal);
  }

  /// From here on `session` is not known.
  void EndSession(std::string session) {
    std::lock_guard lock(mutex_);
    ended_session_ = std::move(session);
  }

  std::uint64_t submitted() const {
    std::lock_guard lock(mutex_);
    return submitted_;
  }
  std::uint64_t cancelled() const {
    std::lock_guard lock(mutex_);
    return cancelled_;
  }
  std::size_t held() const {
    std::lock_guard lock(mutex_);
    return held_.size();
  }
  std::optional<manager::InferenceRequest> last() const {
    std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  struct Held {
    Done done;
    manager::InferenceReply reply;
  };

  static manager::InferenceReply Answer(const manager::InferenceRequest& request) {
    const std::vector<std::byte>& bytes = request.input.bytes;
    const float logits[] = {static_cast<float>(bytes.size()),
                            static_cast<float>(std::to_integer<int>(bytes.front())),
                            static_cast<float>(std::to_integer<int>(bytes.back()))};
    manager::InferenceReply reply;
    reply.output.name = "logits";
    reply.output.shape = {1, 3};
    reply.output.bytes.resize(sizeof(logits));
    std::memcpy(reply.output.bytes.data(), logits, sizeof(logits));
    reply.subnet = request.subnet.value_or("small");
    reply.cluster = "cpu0";
    reply.frequency_khz = 1'000'000;
    reply.queue_ms = 0.25;
    reply.compute_ms = 4.0;
    reply.accuracy = 0.5;
    reply.accuracy_evidence = policies::Evidence::kMeasured;
    reply.energy_mj = 12.0;
    reply.energy_evidence = policies::Evidence::kModelled;
    return reply;
  }

  std::vector<engine::ModelInfo> models_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  bool holding_ = false;
  bool stuck_ = false;
  absl::Status refusal_;
  std::string ended_session_;
  std::uint64_t submitted_ = 0;
  std::uint64_t cancelled_ = 0;
  std::map<std::uint64_t, Held> held_;
  std::optional<manager::InferenceRequest> last_;
  // Last, so that its thread ends first.
  const std::unique_ptr<base::ThreadTaskRunner> thread_ =
      base::ThreadTaskRunner::Create("fake-inference");
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_FAKE_INFERENCE_H_
