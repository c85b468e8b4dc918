#include "tests/integration/service.h"

#include <stdexcept>

#include "tests/integration/sysfs_tree.h"

namespace dynofa::tests {
namespace {

std::string Program(const std::string& name) { return std::string(DYNOFA_BIN_DIR "/") + name; }

}  // namespace

Service::Service(Board board, const std::string& more_config) : board_(board) {
  dir_.Write("dynofad.toml", "[daemon]\nsocket = \"" + socket() + "\"\nstate_dir = \"" +
                                 dir_.path().string() + "\"\ntick_ms = 100\n[board]\nsocket = \"" +
                                 (dir_ / "board.sock") + "\"\n[[model]]\npath = \"" +
                                 DYNOFA_MODELS_DIR "/" + kModel + "\"\n" + more_config);
  if (board_ == Board::kSysfs) WriteSysfsTree(dir_, "sys");
  StartBoardd();
  StartDaemon();
}

void Service::StartBoardd() {
  if (board_ == Board::kNone) return;
  std::vector<std::string> argv = {Program("dynofa-boardd"), "--socket", dir_ / "board.sock",
                                   "--state-dir", dir_ / "board-state"};
  if (board_ == Board::kEmulated) {
    argv.insert(argv.end(), {"--board", "emulated:jetson-xavier-nx", "--emulator-control",
                             dir_ / "emulator.sock"});
  } else {
    argv.insert(argv.end(), {"--sysfs-root", sysfs_root()});
  }
  boardd_ = Process::Start(argv);
  if (!WaitUntil([&] { return std::filesystem::exists(dir_ / "board.sock"); })) {
    throw std::runtime_error("dynofa-boardd did not come up:\n" + boardd_->Output());
  }
}

void Service::StartDaemon() {
  daemon_ = Process::Start(
      {.argv = {Program("dynofad"), "--config", config()}, .environment = bus_.environment()});
  if (!daemon_->WaitForOutput("ready: serving on")) {
    throw std::runtime_error("dynofad did not come up:\n" + daemon_->Output());
  }
}

Finished Service::Ctl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {Program("dynofactl"), "--socket", socket()});
  return RunProgram(arguments, bus_.environment());
}

std::shared_ptr<grpc::Channel> Service::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("unix:" + socket(), grpc::InsecureChannelCredentials(),
                                   arguments);
}

grpc::Status Client::Infer(const inference::ModelInferRequest& request,
                           inference::ModelInferResponse* response) {
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  inference::ModelInferResponse ignored;
  return inference_->ModelInfer(&context, request, response == nullptr ? &ignored : response);
}

dynofa::v1::Status Client::GetStatus() {
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  dynofa::v1::Status status;
  const grpc::Status answer = manager_->GetStatus(&context, {}, &status);
  if (!answer.ok()) throw std::runtime_error("GetStatus: " + answer.error_message());
  return status;
}

inference::ModelInferRequest ImageRequest(int width, int height, char value) {
  inference::ModelInferRequest request;
  request.set_model_name(kModel);
  auto* const input = request.add_inputs();
  input->set_name("image");
  input->set_datatype("UINT8");
  for (const int extent : {1, height, width, 3}) input->add_shape(extent);
  request.add_raw_input_contents(
      std::string(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, value));
  return request;
}

void SetParameter(inference::ModelInferRequest& request, const std::string& name, double value) {
  (*request.mutable_parameters())[name].set_double_param(value);
}

void SetParameter(inference::ModelInferRequest& request, const std::string& name,
                  const std::string& value) {
  (*request.mutable_parameters())[name].set_string_param(value);
}

}  // namespace dynofa::tests
