#include "daemon/serving/text.h"

#include "absl/strings/escaping.h"
#include "daemon/base/strings.h"

namespace dynofa::serving {
namespace {

constexpr std::size_t kMostQuoted = 64;
constexpr std::size_t kMostText = 2048;

}  // namespace

std::string Quote(std::string_view text) {
  const bool cut = text.size() > kMostQuoted;
  return base::StrCat("'", absl::CHexEscape(base::ToAbsl(text.substr(0, kMostQuoted))),
                      cut ? "...'" : "'");
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Both number their codes as google.rpc.Code does.
  const auto code = static_cast<grpc::StatusCode>(status.code());
  std::string text(base::FromAbsl(status.message()).substr(0, kMostText));
  if (text.empty()) text = base::StrCat("failed: ", absl::StatusCodeToString(status.code()));
  return grpc::Status(code, text);
}

}  // namespace dynofa::serving
