#ifndef DYNOFA_TESTS_INTEGRATION_SERVICE_H_
#define DYNOFA_TESTS_INTEGRATION_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/dynofa/v1/resource_manager.grpc.pb.h"
#include "proto/inference/grpc_service.grpc.pb.h"
#include "tests/support/private_bus.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {

/// The shipped model, which the tests of the whole service run on.
inline constexpr char kModel[] = "cifar10-ofa";

/// The real programs, as in production but on a private bus, a Unix socket and a board of the
/// test's choice, all below one temporary folder. What it starts ends with it.
class Service {
 public:
  enum class Board {
    kNone,      ///< no dynofa-boardd at all
    kEmulated,  ///< the emulated Jetson Xavier NX
    kSysfs,     ///< a copied sysfs tree, see sysfs_root()
  };

  /// `more_config` is what dynofad.toml says besides.
  explicit Service(Board board, const std::string& more_config = "");

  void StartBoardd();
  /// Starts dynofad and waits until it serves; throws with its output if it does not.
  void StartDaemon();

  std::unique_ptr<Process>& boardd() { return boardd_; }
  std::unique_ptr<Process>& daemon() { return daemon_; }
  const TempDir& dir() const { return dir_; }
  const PrivateBus& bus() const { return bus_; }
  std::string socket() const { return dir_ / "dynofa.sock"; }
  std::string config() const { return dir_ / "dynofad.toml"; }
  std::string sysfs_root() const { return dir_ / "sys"; }

  /// dynofactl with these arguments on this service.
  Finished Ctl(std::vector<std::string> arguments) const;

  /// A new connection.
  std::shared_ptr<grpc::Channel> Connect() const;

 private:
  const Board board_;
  TempDir dir_;
  PrivateBus bus_;
  std::unique_ptr<Process> boardd_;
  std::unique_ptr<Process> daemon_;
};

/// Far more than any call takes; a call that needs it has failed.
inline std::chrono::system_clock::time_point CallDeadline() {
  return std::chrono::system_clock::now() + 3 * kPatience;
}

/// A client with a connection of its own.
class Client {
 public:
  explicit Client(const Service& service)
      : channel_(service.Connect()),
        inference_(inference::GRPCInferenceService::NewStub(channel_)),
        manager_(dynofa::v1::ResourceManager::NewStub(channel_)) {}

  inference::GRPCInferenceService::Stub& inference() { return *inference_; }
  dynofa::v1::ResourceManager::Stub& manager() { return *manager_; }

  grpc::Status Infer(const inference::ModelInferRequest& request,
                     inference::ModelInferResponse* response = nullptr);
  dynofa::v1::Status GetStatus();

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> inference_;
  std::unique_ptr<dynofa::v1::ResourceManager::Stub> manager_;
};

/// A request with one UINT8 image of `width` x `height`, every byte `value`.
inference::ModelInferRequest ImageRequest(int width = 32, int height = 32, char value = 100);

void SetParameter(inference::ModelInferRequest& request, const std::string& name, double value);
void SetParameter(inference::ModelInferRequest& request, const std::string& name,
                  const std::string& value);

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_INTEGRATION_SERVICE_H_
