#include <string>
#include <utility>
#include <vector>

#include "client/src/convert.h"

namespace dynofa::client {
namespace {

template <typename Field>
void Add(const std::vector<std::string>& names, Field* field) {
  for (const std::string& name : names) *field->Add() = name;
}

ProfileEntry ToEntry(const v1::ProfileEntry& message) {
  ProfileEntry entry;
  entry.subnet = message.subnet();
  entry.cluster = message.cluster();
  entry.threads = message.threads();
  entry.frequency_khz = message.frequency_khz();
  entry.median_ms = message.median_ms();
  entry.p10_ms = message.p10_ms();
  entry.p90_ms = message.p90_ms();
  entry.runs = message.runs();
  entry.latency_label = message.latency_label();
  if (message.has_active_power_w()) entry.active_power_w = message.active_power_w();
  entry.power_label = message.power_label();
  return entry;
}

}  // namespace

void FillProfileRequest(const ProfileRequest& request, v1::StartProfileRequest* message) {
  Add(request.models, message->mutable_models());
  Add(request.clusters, message->mutable_clusters());
  Add(request.subnets, message->mutable_subnets());
  message->set_force(request.force);
  message->set_again(request.again);
}

ProfileProgress ToProfileProgress(const v1::ProfileProgress& message) {
  ProfileProgress progress;
  progress.state = message.state();
  progress.total = message.total();
  progress.known = message.known();
  progress.measured = message.measured();
  progress.skipped = message.skipped();
  progress.cluster = message.cluster();
  progress.frequency_khz = message.frequency_khz();
  progress.elapsed_s = message.elapsed_s();
  if (message.has_left_s()) progress.left_s = message.left_s();
  progress.message = message.message();
  for (const v1::ProfileGap& gap : message.gaps()) {
    progress.gaps.push_back({gap.cluster(), gap.frequency_khz(), gap.reason()});
  }
  return progress;
}

Profiles ToProfiles(const v1::GetProfileResponse& message) {
  Profiles profiles;
  profiles.progress = ToProfileProgress(message.progress());
  for (const v1::ModelProfile& model : message.models()) {
    ModelProfile& profile = profiles.models.emplace_back();
    profile.model = model.model();
    for (const v1::ProfileEntry& entry : model.entries()) profile.entries.push_back(ToEntry(entry));
  }
  return profiles;
}

}  // namespace dynofa::client
