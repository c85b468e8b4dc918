#ifndef DYNOFA_TESTS_SUPPORT_FILE_SIZE_LIMIT_H_
#define DYNOFA_TESTS_SUPPORT_FILE_SIZE_LIMIT_H_

#include <signal.h>
#include <sys/resource.h>

#include <cstddef>

namespace dynofa::tests {

/// While it lives, writes beyond `bytes` of any file fail with EFBIG: a full disk for code under
/// test, without a disk. Of this process; for tests with one thread.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t bytes) {
    signal_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, signal_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t signal_ = SIG_DFL;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_FILE_SIZE_LIMIT_H_
