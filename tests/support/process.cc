#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace dynofa::tests {
namespace {

std::vector<std::string> MergedEnvironment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (changes.count(text.substr(0, text.find('='))) == 0) merged.push_back(text);
  }
  for (const auto& [name, value] : changes) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void Execute(char* const* argv, char* const* environment, int output_fd,
                          int error_fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (output_fd >= 0) {
    ::dup2(output_fd, STDOUT_FILENO);
    ::dup2(output_fd, STDERR_FILENO);
  }
  ::execvpe(argv[0], argv, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(error_fd, &error, sizeof(error));
  ::_exit(127);
}

ExitStatus FromWaitStatus(int status) {
  ExitStatus result;
  if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

}  // namespace

bool WaitUntil(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

std::unique_ptr<Process> Process::Start(Options options) {
  std::vector<std::string> environment = MergedEnvironment(options.environment);
  const std::vector<char*> argv = Pointers(options.argv);
  const std::vector<char*> envp = Pointers(environment);
  const int output_fd = options.capture ? ::memfd_create("output", MFD_CLOEXEC) : -1;
  // O_APPEND, so that the two streams (and grandchildren) do not overwrite each other.
  if (output_fd >= 0) ::fcntl(output_fd, F_SETFL, O_APPEND);
  std::array<int, 2> error_pipe{};
  if (::pipe2(error_pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  const pid_t pid = ::fork();
  if (pid == 0) Execute(argv.data(), envp.data(), output_fd, error_pipe[1]);
  ::close(error_pipe[1]);
  int error = pid < 0 ? errno : 0;
  // End of file, without a byte, is a successful exec.
  if (pid > 0 && ::read(error_pipe[0], &error, sizeof(error)) <= 0) error = 0;
  ::close(error_pipe[0]);
  std::unique_ptr<Process> process(new Process(pid, output_fd));
  if (error != 0) {
    throw std::runtime_error("cannot start " + options.argv[0] + ": " + std::strerror(error));
  }
  return process;
}

std::unique_ptr<Process> Process::Start(std::vector<std::string> argv) {
  Options options;
  options.argv = std::move(argv);
  return Start(std::move(options));
}

Process::~Process() {
  if (pid_ > 0 && !ended_) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (output_fd_ >= 0) ::close(output_fd_);
}

void Process::Signal(int signal) const {
  if (!ended_) ::kill(pid_, signal);
}

bool Process::Running() {
  if (ended_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) ended_ = FromWaitStatus(status);
  return !ended_;
}

std::optional<ExitStatus> Process::Wait(std::chrono::milliseconds patience) {
  WaitUntil([this] { return !Running(); }, patience);
  return ended_;
}

std::optional<ExitStatus> Process::Stop(int signal, std::chrono::milliseconds patience) {
  Signal(signal);
  return Wait(patience);
}

std::string Process::Output() const {
  std::string output;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t count =
        ::pread(output_fd_, chunk.data(), chunk.size(), static_cast<off_t>(output.size()));
    if (count <= 0) return output;
    output.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

bool Process::WaitForOutput(std::string_view text, std::chrono::milliseconds patience) {
  const auto contains = [&] { return Output().find(text) != std::string::npos; };
  WaitUntil([&] { return contains() || !Running(); }, patience);
  return contains();
}

Finished RunProgram(std::vector<std::string> argv, std::map<std::string, std::string> environment,
                    std::chrono::milliseconds patience) {
  Process::Options options;
  options.argv = std::move(argv);
  options.environment = std::move(environment);
  const std::unique_ptr<Process> process = Process::Start(std::move(options));
  const std::optional<ExitStatus> status = process->Wait(patience);
  return {status.value_or(ExitStatus{}), process->Output()};
}

}  // namespace dynofa::tests
