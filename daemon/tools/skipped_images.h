#ifndef DYNOFA_DAEMON_TOOLS_SKIPPED_IMAGES_H_
#define DYNOFA_DAEMON_TOOLS_SKIPPED_IMAGES_H_

#include <cstddef>
#include <cstdio>

#include "absl/status/status.h"

namespace dynofa::tools {

/// The images of a data set that cannot be read: all are counted, the first few are named. A
/// damaged file among thousands need not end a run, but a figure must not rest on the readable
/// part of a broken data set.
class SkippedImages {
 public:
  static constexpr std::size_t kNamed = 10;
  /// The largest part of a data set that may be skipped.
  static constexpr double kMaxShare = 0.1;

  /// Lines go to `log`, which must outlive the object.
  explicit SkippedImages(std::FILE* log = stderr) : log_(log) {}

  /// Takes note of an image that is left out because of `why`, whose message names it. Returns
  /// `why` if memory or file descriptors ran out: that is no fault of the image.
  absl::Status Add(const absl::Status& why);

  std::size_t count() const { return count_; }

  /// To be called after the last of `images` images: prints the sum if there is one.
  /// INVALID_ARGUMENT if more than kMaxShare of them were skipped.
  absl::Status Finish(std::size_t images) const;

 private:
  std::FILE* log_;
  std::size_t count_ = 0;
};

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_SKIPPED_IMAGES_H_
