#include "daemon/tools/skipped_images.h"

#include <string>

#include "daemon/base/strings.h"

namespace dynofa::tools {

absl::Status SkippedImages::Add(const absl::Status& why) {
  if (absl::IsResourceExhausted(why)) return why;
  ++count_;
  if (count_ <= kNamed) {
    std::fprintf(log_, "skipped: %s\n", std::string(why.message()).c_str());
  } else if (count_ == kNamed + 1) {
    std::fputs("skipped: more images, which are counted but not named\n", log_);
  }
  return absl::OkStatus();
}

absl::Status SkippedImages::Finish(std::size_t images) const {
  if (count_ == 0) return absl::OkStatus();
  const std::string sum = base::StrCat(count_, " of ", images, " images cannot be read");
  if (static_cast<double>(count_) > kMaxShare * static_cast<double>(images)) {
    return absl::InvalidArgumentError(
        base::StrCat(sum, "; at most ", 100 * kMaxShare, " % may be skipped"));
  }
  std::fprintf(log_, "skipped: %s\n", sum.c_str());
  return absl::OkStatus();
}

}  // namespace dynofa::tools
