#include "daemon/engine/checkpoint/git_blob.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "absl/strings/escaping.h"
#include "daemon/base/strings.h"

namespace dynofa::engine::checkpoint {

absl::StatusOr<std::string> GitBlobId(std::span<const std::byte> contents) {
  const std::string header = base::StrCat("blob ", contents.size());
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::array<char, 20> digest{};
  const bool ok =
      context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr) == 1 &&
      EVP_DigestUpdate(context.get(), header.c_str(), header.size() + 1) == 1 &&
      EVP_DigestUpdate(context.get(), contents.data(), contents.size()) == 1 &&
      EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) ==
          1;
  if (!ok) return absl::InternalError("SHA-1 is not available in libcrypto");
  return absl::BytesToHexString(absl::string_view(digest.data(), digest.size()));
}

}  // namespace dynofa::engine::checkpoint
