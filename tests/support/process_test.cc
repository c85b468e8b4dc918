#include "tests/support/process.h"

#include <signal.h>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {
namespace {

TEST_CASE("A program's exit code and both output streams are seen") {
  const Finished finished = RunProgram({"sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(finished.status.code == 3);
  CHECK(finished.output == "out\nerr\n");
}

TEST_CASE("The environment is the test's own with the changes") {
  const Finished finished = RunProgram({"sh", "-c", "echo $DYNOFA_X"}, {{"DYNOFA_X", "a b"}});
  CHECK(finished.output == "a b\n");
}

TEST_CASE("A signal ends a program and is reported") {
  const auto process = Process::Start({"sh", "-c", "echo ready; exec cat /dev/zero >/dev/null"});
  REQUIRE(process->WaitForOutput("ready"));
  CHECK(process->Running());
  CHECK_FALSE(process->Wait(std::chrono::milliseconds(0)).has_value());
  const auto status = process->Stop(SIGKILL);
  REQUIRE(status.has_value());
  CHECK(status->signal == SIGKILL);
  CHECK_FALSE(status->ok());
}

TEST_CASE("Waiting for output ends when the program ends without it") {
  const auto process = Process::Start({"sh", "-c", "echo other"});
  CHECK_FALSE(process->WaitForOutput("ready"));
}

TEST_CASE("A program that is not there cannot be started") {
  CHECK_THROWS(Process::Start({"/no/such/program"}));
}

TEST_CASE("A temporary folder is written, read as a tree and removed") {
  std::filesystem::path path;
  {
    TempDir dir;
    path = dir.path();
    dir.Write("a/b", "x\n");
    dir.Write("c", "");
    CHECK(ReadTree(path) == std::map<std::string, std::string>{{"a/b", "x\n"}, {"c", ""}});
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace dynofa::tests
