#include "daemon/manager/profile_storage.h"

#include <utility>

namespace dynofa::manager {

void ProfileFolder::Load(engine::ProfileKey key, Loaded done) {
  disk_->Post([this, key = std::move(key), done = std::move(done)] {
    runner_.Post([profile = store_.Load(key), done] { done(profile); });
  });
}

void ProfileFolder::Save(std::shared_ptr<const engine::Profile> profile, Saved done) {
  disk_->Post([this, profile = std::move(profile), done = std::move(done)] {
    runner_.Post([status = store_.Save(*profile), done] { done(status); });
  });
}

}  // namespace dynofa::manager
