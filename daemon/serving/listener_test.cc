#include "daemon/serving/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "daemon/base/unique_fd.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::serving {
namespace {

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool Connects(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

/// A bound socket without a listener's lock: as somebody else's, or left from a crash.
base::UniqueFd Bind(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

TEST_CASE("A listener can be connected to by its group, and removes its path") {
  const tests::TempDir dir;
  const std::string path = dir / "d.sock";
  {
    const auto listener = Listener::Create(path, "");
    REQUIRE(listener.ok());
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0660);
    CHECK(Connects(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("A second listener is refused and leaves the first alone") {
  const tests::TempDir dir;
  const std::string path = dir / "d.sock";
  const auto first = Listener::Create(path, "");
  REQUIRE(first.ok());
  const auto second = Listener::Create(path, "");
  CHECK(second.status().code() == absl::StatusCode::kAlreadyExists);
  CHECK(std::string(second.status().message()).find("another dynofad") != std::string::npos);
  CHECK(Connects(path));
}

TEST_CASE("A socket that nobody answers is replaced") {
  const tests::TempDir dir;
  const std::string path = dir / "d.sock";
  Bind(path).Reset();
  REQUIRE(std::filesystem::exists(path));
  const auto listener = Listener::Create(path, "");
  REQUIRE(listener.ok());
  CHECK(Connects(path));
}

TEST_CASE("A socket that another program answers is left alone") {
  const tests::TempDir dir;
  const std::string path = dir / "d.sock";
  const base::UniqueFd other = Bind(path);
  REQUIRE(::listen(other.get(), 1) == 0);
  CHECK(Listener::Create(path, "").status().code() == absl::StatusCode::kAlreadyExists);
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("Paths and groups that cannot be are refused with a text") {
  const tests::TempDir dir;
  const std::string file = dir.Write("file", "content");
  CHECK(Listener::Create(file, "").status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(tests::ReadFile(file) == "content");
  CHECK(Listener::Create(dir / std::string(200, 'x'), "").status().code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(Listener::Create("", "").status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(Listener::Create(dir / "no/such/folder", "").status().code() ==
        absl::StatusCode::kNotFound);
  CHECK(Listener::Create(dir / "d.sock", "no-such-group").status().code() ==
        absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace dynofa::serving
