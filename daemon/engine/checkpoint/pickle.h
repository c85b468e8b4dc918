#ifndef DYNOFA_DAEMON_ENGINE_CHECKPOINT_PICKLE_H_
#define DYNOFA_DAEMON_ENGINE_CHECKPOINT_PICKLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace dynofa::engine::checkpoint {

/// What a pickle says, as data. Texts point into the pickle's bytes, items belong to the Pickle.
struct Value {
  enum class Kind {
    kNone,
    kBool,
    kInteger,
    kFloat,       ///< its value is not kept
    kText,        ///< UTF-8 as it stands in the file, unchecked
    kTuple,       ///< items
    kList,        ///< items
    kDict,        ///< items: key, value, key, value, ...
    kGlobal,      ///< text: "module.name"
    kCall,        ///< items: a global, a tuple of arguments, then keys and values that were set
    kPersistent,  ///< items: the id of something outside of the pickle
  };

  Kind kind = Kind::kNone;
  std::int64_t integer = 0;  ///< kBool (0 or 1), kInteger
  std::string_view text;
  std::vector<const Value*> items;

  bool IsInteger() const { return kind == Kind::kInteger; }
  bool IsText() const { return kind == Kind::kText; }
  bool IsTuple() const { return kind == Kind::kTuple; }
  /// A kCall of the global `name`.
  bool IsCallOf(std::string_view name) const {
    return kind == Kind::kCall && items[0]->text == name;
  }
  /// The arguments of a kCall.
  const std::vector<const Value*>& arguments() const { return items[1]->items; }
};

/// One pickle of protocol 2, read as data: nothing in it is imported, called or built. Where
/// Python would call something there is a kCall that says what, and a pickle that names anything
/// but the given globals is refused. Values may contain each other in circles and more than once,
/// so they must not be walked blindly.
class Pickle {
 public:
  /// Bounds of what is accepted, about forty times what a supernet's state dict needs. They bound
  /// the memory that reading takes, to about 100 MiB.
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
  static constexpr std::size_t kMaxValues = std::size_t{1} << 18;

  /// Reads the pickle at the start of `bytes`, which must outlive the result. `globals`
  /// ("module.name") must as well. INVALID_ARGUMENT says what is wrong and where: an opcode that no
  /// state dict needs, a global that is not in `globals`, an operand that is not there, an early
  /// end.
  static absl::StatusOr<Pickle> Parse(std::span<const std::byte> bytes,
                                      std::span<const std::string_view> globals);

  const Value& root() const { return *root_; }
  /// Every kPersistent, in the order of the pickle.
  const std::vector<const Value*>& persistent() const { return persistent_; }
  /// Bytes that the pickle takes.
  std::size_t length() const { return length_; }

 private:
  friend class PickleMachine;
  Pickle() = default;

  std::deque<Value> values_;  // a deque, since the values point at each other
  const Value* root_ = nullptr;
  std::vector<const Value*> persistent_;
  std::size_t length_ = 0;
};

}  // namespace dynofa::engine::checkpoint

#endif  // DYNOFA_DAEMON_ENGINE_CHECKPOINT_PICKLE_H_
