#include "tests/support/traced_process.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace dynofa::tests {
namespace {

// glibc's header of ptrace clashes with the kernel's, which has more.
long Ptrace(int request, pid_t thread, std::uintptr_t address, std::uintptr_t data) {
  return ::syscall(SYS_ptrace, request, thread, address, data);
}

// Leaks are looked for with ptrace, too, and a process has one tracer.
std::string SanitizerOptions() {
  const char* options = std::getenv("ASAN_OPTIONS");
  return std::string(options == nullptr ? "" : options) + ":detect_leaks=0";
}

// What the descriptor `fd` of a process names; empty if there is no such descriptor.
std::string PathOf(pid_t thread, std::uint64_t fd) {
  std::array<char, PATH_MAX> target{};
  const std::string link =
      "/proc/" + std::to_string(thread) + "/fd/" + std::to_string(static_cast<int>(fd));
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : "";
}

// Stops the process before system calls that may change a file, and only there: stopping before
// every one would make it many times slower.
bool FilterSystemCalls() {
  constexpr std::array kChanging = {SYS_write,    SYS_pwrite64,  SYS_ftruncate,
                                    SYS_renameat, SYS_renameat2, SYS_unlinkat};
  std::array<sock_filter, kChanging.size() + 6> program{};
  std::size_t size = 0;
  const auto add = [&](sock_filter instruction) { program[size++] = instruction; };
  add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (std::size_t i = 0; i < kChanging.size(); ++i) {
    const auto to_trace = static_cast<std::uint8_t>(kChanging.size() - i + 3);
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(kChanging[i]), to_trace, 0));
  }
  add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 2));
  add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])));
  add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_CREAT | O_TRUNC, 1, 0));
  add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  sock_fprog filter{.len = static_cast<unsigned short>(size), .filter = program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Lets the system call before which a thread has stopped return an error without being made.
void LetFail(pid_t thread, int error) {
#if defined(__x86_64__)
  const auto set = [&](std::size_t at, long value) {
    Ptrace(PTRACE_POKEUSR, thread, at, static_cast<std::uintptr_t>(value));
  };
  set(offsetof(user_regs_struct, orig_rax), -1);
  set(offsetof(user_regs_struct, rax), -error);
#elif defined(__aarch64__)
  user_regs_struct registers{};
  iovec place{.iov_base = &registers, .iov_len = sizeof(registers)};
  const auto all = reinterpret_cast<std::uintptr_t>(&place);
  Ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, all);
  registers.regs[0] = static_cast<std::uint64_t>(-error);
  Ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, all);
  int none = -1;
  iovec number{.iov_base = &none, .iov_len = sizeof(none)};
  Ptrace(PTRACE_SETREGSET, thread, NT_ARM_SYSTEM_CALL, reinterpret_cast<std::uintptr_t>(&number));
#else
#error "how a system call is left out on this machine is not known"
#endif
}

[[noreturn]] void Execute(char* const* argv, int output_fd) {
  ::dup2(output_fd, STDOUT_FILENO);
  ::dup2(output_fd, STDERR_FILENO);
  Ptrace(PTRACE_TRACEME, 0, 0, 0);
  ::raise(SIGSTOP);
  if (FilterSystemCalls()) ::execvp(argv[0], argv);
  ::_exit(127);
}

}  // namespace

bool TracedProcess::Possible() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(Ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 && FilterSystemCalls() ? 0 : 1);
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

TracedProcess::TracedProcess(std::vector<std::string> argv, std::string folder, int kill_at)
    : folder_(std::move(folder)),
      kill_at_(kill_at),
      output_fd_(::memfd_create("output", MFD_CLOEXEC)),
      ended_(end_.get_future()) {
  ::fcntl(output_fd_, F_SETFL, O_APPEND);
  argv.insert(argv.begin(), {"env", "ASAN_OPTIONS=" + SanitizerOptions()});
  // The thread that starts a tracee is the one that follows it.
  tracer_ = std::thread([this, argv = std::move(argv)] { Trace(argv); });
}

TracedProcess::~TracedProcess() {
  if (Running()) Signal(SIGKILL);
  tracer_.join();
  ::close(output_fd_);
}

bool TracedProcess::Running() const {
  return ended_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

void TracedProcess::Signal(int signal) const {
  if (WaitUntil([&] { return pid_ > 0 || !Running(); }) && Running()) ::kill(pid_, signal);
}

ExitStatus TracedProcess::Wait() {
  if (ended_.wait_for(kPatience) != std::future_status::ready) Signal(SIGKILL);
  return ended_.get();
}

std::string TracedProcess::Output() const {
  struct stat info {};
  ::fstat(output_fd_, &info);
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t size = ::pread(output_fd_, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

void TracedProcess::Trace(const std::vector<std::string>& argv) {
  std::vector<std::string> copy = argv;
  std::vector<char*> pointers;
  for (std::string& text : copy) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) Execute(pointers.data(), output_fd_);
  int status = 0;
  ::waitpid(pid, &status, 0);
  pid_ = pid;
  Ptrace(PTRACE_SETOPTIONS, pid, 0,
         PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
  Ptrace(PTRACE_CONT, pid, 0, 0);
  end_.set_value(FollowToTheEnd());
}

ExitStatus TracedProcess::FollowToTheEnd() {
  for (;;) {
    int status = 0;
    const pid_t thread = ::waitpid(-1, &status, __WALL | __WNOTHREAD);
    if (thread < 0 && errno == EINTR) continue;
    if (thread < 0) return {};
    if (!WIFSTOPPED(status)) {
      if (thread != pid_) continue;
      ExitStatus end;
      if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
      if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
      return end;
    }
    const int signal = WSTOPSIG(status);
    const bool at_system_call = status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
    if (at_system_call && IsTheEnd(thread)) {
      ::kill(pid_, SIGKILL);
      continue;
    }
    // Stops of ptrace's own are not passed on: an event, and a new thread's first one.
    const bool own = signal == SIGTRAP || signal == SIGSTOP;
    Ptrace(PTRACE_CONT, thread, 0, own ? 0 : static_cast<std::uintptr_t>(signal));
  }
}

void TracedProcess::SetFault(WriteFault fault) {
  std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
  writes_ = 0;
  failed_file_.clear();
}

std::string TracedProcess::failed_file() const {
  std::lock_guard lock(mutex_);
  return failed_file_;
}

int TracedProcess::writes() const {
  std::lock_guard lock(mutex_);
  return writes_;
}

int TracedProcess::ErrorOfWrite(const std::string& file) {
  std::lock_guard lock(mutex_);
  if (fault_.folder.empty() || file.rfind(fault_.folder + "/", 0) != 0) return 0;
  const bool first = writes_++ == fault_.at && fault_.error != 0;
  if (first) failed_file_ = file;
  return first || (fault_.lasting && file == failed_file_) ? fault_.error : 0;
}

bool TracedProcess::IsTheEnd(pid_t thread) {
  ptrace_syscall_info info{};
  if (Ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info),
             reinterpret_cast<std::uintptr_t>(&info)) <= 0) {
    return false;
  }
  if (info.op != PTRACE_SYSCALL_INFO_SECCOMP) return false;
  const std::string file = PathOf(thread, info.seccomp.args[0]);
  if (file.rfind(folder_ + "/", 0) != 0) return false;
  const bool writes = info.seccomp.nr == SYS_write || info.seccomp.nr == SYS_pwrite64;
  if (const int error = writes ? ErrorOfWrite(file) : 0; error != 0) LetFail(thread, error);
  return changes_++ == kill_at_;
}

}  // namespace dynofa::tests
