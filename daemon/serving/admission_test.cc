#include "daemon/serving/admission.h"

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::serving {
namespace {

config::AccessConfig TwoUsers() {
  config::AccessConfig access;
  access.defaults.max_in_flight = 2;
  access.defaults.max_in_flight_bytes = 100;
  access.uids[7].max_in_flight = 1;
  access.uids[7].max_in_flight_bytes = 1000;
  access.uids[7].highest_priority = 6;
  return access;
}

TEST_CASE("A user's requests are counted until their tickets go") {
  Admission admission(TwoUsers());
  auto first = admission.Admit(1, 10);
  REQUIRE(first.ok());
  {
    auto second = admission.Admit(1, 10);
    REQUIRE(second.ok());
    const auto third = admission.Admit(1, 10);
    CHECK(third.status().code() == absl::StatusCode::kResourceExhausted);
    CHECK_FALSE(third.status().message().empty());
  }
  CHECK(admission.Admit(1, 10).ok());
}

TEST_CASE("A user's bytes are counted, to the last one") {
  Admission admission(TwoUsers());
  auto first = admission.Admit(1, 60);
  REQUIRE(first.ok());
  CHECK(admission.Admit(1, 40).ok());
  CHECK(admission.Admit(1, 41).status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(admission.Admit(1, std::numeric_limits<std::int64_t>::max()).status().code() ==
        absl::StatusCode::kResourceExhausted);
}

TEST_CASE("Users do not share a quota, and some have their own") {
  Admission admission(TwoUsers());
  auto a1 = admission.Admit(1, 1);
  auto a2 = admission.Admit(1, 1);
  auto b1 = admission.Admit(7, 500);
  CHECK(b1.ok());
  CHECK_FALSE(admission.Admit(7, 1).ok());
  CHECK(admission.Admit(8, 100).ok());
}

TEST_CASE("Changes to sessions are counted by themselves") {
  Admission admission(TwoUsers());
  std::vector<Admission::Ticket> tickets;
  for (int i = 0; i < Admission::kMaxSessionCalls; ++i) {
    auto ticket = admission.AdmitSessionCall(1);
    REQUIRE(ticket.ok());
    tickets.push_back(*std::move(ticket));
  }
  const auto refused = admission.AdmitSessionCall(1);
  CHECK(refused.status().code() == absl::StatusCode::kResourceExhausted);
  CHECK_FALSE(refused.status().message().empty());
  CHECK(admission.AdmitSessionCall(2).ok());
  CHECK(admission.AdmitStream(1).ok());
  CHECK(admission.Admit(1, 10).ok());
  tickets.pop_back();
  CHECK(admission.AdmitSessionCall(1).ok());
}

TEST_CASE("Streams are counted by themselves") {
  Admission admission(TwoUsers());
  std::vector<Admission::Ticket> tickets;
  for (int i = 0; i < Admission::kMaxStreams; ++i) {
    auto ticket = admission.AdmitStream(1);
    REQUIRE(ticket.ok());
    tickets.push_back(*std::move(ticket));
  }
  CHECK(admission.AdmitStream(1).status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(admission.AdmitStream(2).ok());
  CHECK(admission.Admit(1, 1).ok());
  tickets.pop_back();
  CHECK(admission.AdmitStream(1).ok());
}

TEST_CASE("A ticket may outlive its admission") {
  std::optional<Admission::Ticket> ticket;
  {
    Admission admission(TwoUsers());
    ticket.emplace(*admission.Admit(1, 1));
  }
  ticket.reset();
}

TEST_CASE("A user gets no better priority than it may have") {
  const Admission admission(TwoUsers());
  CHECK(*admission.Priority(1, std::nullopt) == 5);
  CHECK(*admission.Priority(1, 1) == 1);
  CHECK(*admission.Priority(7, std::nullopt) == 6);
  CHECK(*admission.Priority(7, 6) == 6);
  CHECK(admission.Priority(7, 5).status().code() == absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace dynofa::serving
