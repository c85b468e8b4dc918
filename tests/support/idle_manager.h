#ifndef DYNOFA_TESTS_SUPPORT_IDLE_MANAGER_H_
#define DYNOFA_TESTS_SUPPORT_IDLE_MANAGER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/manager/manager_api.h"

namespace dynofa::tests {

/// A manager with an empty view that refuses everything: what a test of one edge does not ask for.
class IdleManager : public manager::ManagerApi {
 public:
  void OpenSession(manager::SessionSpec, SessionDone done) override { done(Refusal()); }
  void UpdateSession(std::string, manager::Caller, policies::Requirement,
                     SessionDone done) override {
    done(Refusal());
  }
  void RenewSession(std::string, manager::Caller, base::Duration, SessionDone done) override {
    done(Refusal());
  }
  void CloseSession(std::string, manager::Caller, Done done) override { done(Refusal()); }
  void SetPowerMode(std::string, Done done) override { done(Refusal()); }
  void StartProfile(manager::ProfileRequest, Done done) override { done(Refusal()); }
  void CancelProfile(Done done) override { done(Refusal()); }
  void SetOtherActors(std::vector<std::string>) override {}
  void SetAsleep(bool, Done done) override { done(Refusal()); }
  std::shared_ptr<const manager::StatusView> status() const override { return status_; }
  std::uint64_t Watch(Watcher) override { return 0; }
  void Unwatch(std::uint64_t) override {}

 private:
  static absl::Status Refusal() { return absl::UnimplementedError("not in this test"); }

  std::shared_ptr<const manager::StatusView> status_ =
      std::make_shared<const manager::StatusView>();
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_IDLE_MANAGER_H_
