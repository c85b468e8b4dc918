#include <string>
#include <vector>

#include "daemon/serving/test_server.h"

namespace dynofa::serving {
namespace {

grpc::Status Start(TestClient& client, const v1::StartProfileRequest& request,
                   v1::ProfileProgress* progress) {
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  return client.manager->StartProfile(&context, request, progress);
}

grpc::Status Cancel(TestClient& client, v1::ProfileProgress* progress) {
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  return client.manager->CancelProfile(&context, {}, progress);
}

v1::GetProfileResponse Get(TestClient& client, bool entries) {
  grpc::ClientContext context;
  TestClient::SetPatience(context);
  v1::GetProfileRequest request;
  request.set_entries(entries);
  v1::GetProfileResponse response;
  REQUIRE(client.manager->GetProfile(&context, request, &response).ok());
  return response;
}

TEST_CASE("An operator begins a profile, sees how far it is, and ends it") {
  TestServer server;
  TestClient client(server);
  v1::StartProfileRequest request;
  request.add_clusters("cpu0");
  request.add_subnets("small");
  request.set_force(true);
  v1::ProfileProgress progress;
  REQUIRE(Start(client, request, &progress).ok());
  const auto asked = server.manager.profile_request();
  REQUIRE(asked);
  CHECK(asked->clusters == std::vector<std::string>{"cpu0"});
  CHECK(asked->subnets == std::vector<std::string>{"small"});
  CHECK(asked->models.empty());
  CHECK(asked->force);
  CHECK_FALSE(asked->again);

  CHECK(progress.state() == "running");
  CHECK(progress.total() == 8);
  CHECK(progress.known() == 2);
  CHECK(progress.measured() == 3);
  CHECK(progress.left_s() == 4.0);
  REQUIRE(progress.gaps_size() == 1);
  CHECK(progress.gaps(0).reason() == "nothing can run on it");
  CHECK(Get(client, false).progress().state() == "running");

  REQUIRE(Cancel(client, &progress).ok());
  CHECK(progress.state() == "cancelled");
  CHECK(Cancel(client, &progress).error_code() == grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_CASE("What is known is there for everybody, figures only when asked for") {
  TestServer server({}, {});
  TestClient client(server);
  CHECK(Get(client, false).models_size() == 0);
  const v1::GetProfileResponse known = Get(client, true);
  REQUIRE(known.models_size() == 1);
  CHECK(known.models(0).model() == "toy");
  REQUIRE(known.models(0).entries_size() == 1);
  const v1::ProfileEntry& entry = known.models(0).entries(0);
  CHECK(entry.subnet() == "small");
  CHECK(entry.cluster() == "cpu0");
  CHECK(entry.threads() == 1);
  CHECK(entry.frequency_khz() == 1'000'000);
  CHECK(entry.median_ms() == 5.0);
  CHECK(entry.p10_ms() == 4.5);
  CHECK(entry.p90_ms() == 6.0);
  CHECK(entry.runs() == 25);
  CHECK(entry.latency_label() == "emulated");
  CHECK(entry.active_power_w() == 1.5);
}

TEST_CASE("Nobody but an operator may begin or end a profile") {
  TestServer server({}, {});
  TestClient client(server);
  v1::ProfileProgress progress;
  const grpc::Status started = Start(client, {}, &progress);
  CHECK(started.error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK(started.error_message().find("only root") != std::string::npos);
  CHECK(Cancel(client, &progress).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK_FALSE(server.manager.profile_request());
}

TEST_CASE("A request of absurd size is refused") {
  TestServer server;
  TestClient client(server);
  v1::StartProfileRequest request;
  request.add_subnets(std::string(300, 'x'));
  v1::ProfileProgress progress;
  CHECK(Start(client, request, &progress).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  request.clear_subnets();
  for (int i = 0; i < 5000; ++i) request.add_clusters("cpu0");
  CHECK(Start(client, request, &progress).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK_FALSE(server.manager.profile_request());
}

}  // namespace
}  // namespace dynofa::serving
