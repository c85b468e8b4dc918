// Profiles with the real programs: measured by the daemon, kept on disk, resumed after a crash.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

using Json = nlohmann::json;

/// The smallest subnet of the model.
std::string CheapestSubnet(const Service& service) {
  Client client(service);
  return client.GetStatus().models(0).subnets(0);
}

Json Ask(const Service& service, const std::string& what) {
  const Finished finished = service.Ctl({"--json", "profile", what});
  INFO(finished.output);
  REQUIRE(finished.status.ok());
  return Json::parse(finished.output);
}

dynofa::v1::ProfileProgress Progress(Client& client) {
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  dynofa::v1::GetProfileResponse response;
  REQUIRE(client.manager().GetProfile(&context, {}, &response).ok());
  return response.progress();
}

Json Entries(const Service& service) {
  const Json models = Ask(service, "--show").at("models");
  return models.empty() ? Json::array() : models.at(0).at("entries");
}

bool Finishes(const Service& service) {
  Client client(service);
  return WaitUntil([&] { return Progress(client).state() == "finished"; }, 10 * kPatience);
}

std::vector<std::string> ProfileFiles(const Service& service) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(service.dir() / "profiles")) {
    files.push_back(entry.path().string());
  }
  return files;
}

/// Entries of the profile on disk: written behind the measuring, by a thread of its own.
std::size_t SavedEntries(const Service& service) {
  if (!std::filesystem::exists(service.dir() / "profiles")) return 0;
  const std::vector<std::string> files = ProfileFiles(service);
  // One that is being written has another name.
  if (files.size() != 1 || !files.front().ends_with(".json")) return 0;
  return Json::parse(ReadFile(files.front())).at("entries").size();
}

/// Where the service's statement "how long does a run take" comes from.
std::string LatencyLabel(Client& client) {
  dynofa::v1::OpenSessionRequest request;
  request.set_model(kModel);
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  dynofa::v1::SessionState session;
  REQUIRE(client.manager().OpenSession(&context, request, &session).ok());
  return session.assignment().point().latency_label();
}

TEST_CASE("a profile of an emulated board survives the daemon's death, and is resumed") {
  Service service(Service::Board::kEmulated);
  const std::vector<std::string> begin = {"profile", "--detach", "--cluster",
                                          "cpu0",    "--subnet", CheapestSubnet(service)};
  REQUIRE(service.Ctl(begin).status.ok());
  CHECK(service.Ctl(begin).status.code == 1);
  REQUIRE(WaitUntil([&] { return SavedEntries(service) >= 4; }, 4 * kPatience));
  CHECK_FALSE(Ask(service, "--status").at("left_s").is_null());

  service.daemon()->Stop(SIGKILL);
  service.StartDaemon();
  REQUIRE(WaitUntil([&] { return Entries(service).size() >= 4; }));
  const Json before = Entries(service);
  CHECK(Ask(service, "--status").at("state") == "none");

  REQUIRE(service.Ctl(begin).status.ok());
  CHECK(Ask(service, "--status").at("known") == before.size());
  REQUIRE(Finishes(service));
  const Json progress = Ask(service, "--status");
  INFO(progress.dump());
  CHECK(progress.at("total") == 25);
  CHECK(progress.at("known").get<int>() + progress.at("measured").get<int>() +
            progress.at("skipped").get<int>() ==
        25);
  const Json after = Entries(service);
  CHECK(after.size() > before.size());
  for (const Json& entry : after) {
    CHECK(entry.at("latency_label") == "emulated");
    CHECK(entry.at("p10_ms") <= entry.at("median_ms"));
    CHECK(entry.at("median_ms") <= entry.at("p90_ms"));
  }
  // What was known before was not measured again: not a digit of it has changed.
  for (const Json& entry : before) CHECK(std::count(after.begin(), after.end(), entry) == 1);

  Client client(service);
  CHECK(client.GetStatus().models(0).profile_points() == static_cast<int>(after.size()));
  CHECK(LatencyLabel(client) == "emulated");
  CHECK(service.Ctl({"status"}).output.find("profile of") != std::string::npos);
}

TEST_CASE("without clocks to set a profile says so, is measured, used and kept") {
  Service service(Service::Board::kNone);
  Client client(service);
  CHECK(LatencyLabel(client) == "modelled");
  const std::string refused = service.Ctl({"profile"}).output;
  CHECK(refused.find("--force") != std::string::npos);
  REQUIRE(service.Ctl({"profile", "--force", "--detach"}).status.ok());
  REQUIRE(Finishes(service));
  const Json progress = Ask(service, "--status");
  INFO(progress.dump());
  REQUIRE(progress.at("gaps").size() == 1);
  const auto reason = progress.at("gaps").at(0).at("reason").get<std::string>();
  CHECK(reason.find("no frequency can be set") != std::string::npos);
  CHECK(progress.at("skipped") == 0);
  for (const Json& entry : Entries(service)) {
    CHECK(entry.at("frequency_khz") == 0);
    CHECK(entry.at("latency_label") == "measured");
    CHECK(entry.at("active_power_w").is_null());
  }
  CHECK(LatencyLabel(client) == "measured");
  CHECK(service.Ctl({"explain"}).output.find("ms (measured)") != std::string::npos);
  grpc::ClientContext context;
  context.set_deadline(CallDeadline());
  inference::ModelInferResponse response;
  CHECK(client.Infer(ImageRequest(), &response).ok());
  CHECK(response.parameters().at("threads").int64_param() >= 1);

  // A file that was cut off is put aside; the daemon goes on without it.
  REQUIRE(service.daemon()->Stop(SIGTERM)->ok());
  REQUIRE(WaitUntil([&] { return SavedEntries(service) > 0; }));
  const std::string file = ProfileFiles(service).front();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  service.StartDaemon();
  CHECK(service.daemon()->WaitForOutput(".damaged and not used"));
  CHECK(std::filesystem::exists(file + ".damaged"));
  Client again(service);
  CHECK(LatencyLabel(again) == "modelled");
}

TEST_CASE("a profile can be cancelled, and wrong names are refused") {
  Service service(Service::Board::kEmulated);
  CHECK(service.Ctl({"profile", "--cancel"}).output.find("no profile is being measured") !=
        std::string::npos);
  CHECK(service.Ctl({"profile", "--subnet", "none"}).output.find("there is no subnet 'none'") !=
        std::string::npos);
  CHECK(service.Ctl({"profile", "--watch", "--status"}).status.code == 2);
  REQUIRE(service.Ctl({"profile", "--detach"}).status.ok());
  REQUIRE(service.Ctl({"profile", "--cancel"}).status.ok());
  CHECK(Ask(service, "--status").at("state") == "cancelled");
}

}  // namespace
}  // namespace dynofa::tests
