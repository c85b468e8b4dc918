#include "daemon/engine/checkpoint/pickle.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/byte_reader.h"

namespace dynofa::engine::checkpoint {

using Kind = Value::Kind;

// The stack machine that a pickle is a program for.
class PickleMachine {
 public:
  PickleMachine(std::span<const std::byte> bytes, std::span<const std::string_view> globals)
      : input_(bytes), globals_(globals) {}

  absl::StatusOr<Pickle> Run() {
    while (pickle_.root_ == nullptr) {
      const std::size_t position = input_.position();
      const absl::Status status = Step();
      if (!status.ok()) return base::Annotate(status, base::StrCat("pickle, byte ", position));
    }
    pickle_.length_ = input_.position();
    return std::move(pickle_);
  }

 private:
  struct Instruction {
    char code;
    absl::Status (PickleMachine::*run)();
  };

  absl::Status Step();

  static absl::Status Error(std::string_view what) {
    return absl::InvalidArgumentError(std::string(what));
  }

  absl::Status Push(Value value) {
    if (pickle_.values_.size() == Pickle::kMaxValues) {
      return Error(base::StrCat("has more than ", Pickle::kMaxValues, " values"));
    }
    pickle_.values_.push_back(std::move(value));
    stack_.push_back(&pickle_.values_.back());
    return absl::OkStatus();
  }

  // The uppermost value above the last mark.
  absl::StatusOr<Value*> Top() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
      return Error("takes a value that is not there");
    }
    return stack_.back();
  }
  absl::StatusOr<Value*> Pop() {
    DYNOFA_ASSIGN_OR_RETURN(Value * top, Top());
    stack_.pop_back();
    return top;
  }
  absl::StatusOr<std::vector<const Value*>> PopMany(std::size_t count) {
    std::vector<const Value*> values(count);
    for (std::size_t i = count; i > 0; --i) {
      DYNOFA_ASSIGN_OR_RETURN(values[i - 1], Pop());
    }
    return values;
  }
  // Everything above the last mark, and the mark.
  absl::StatusOr<std::vector<const Value*>> PopToMark() {
    if (marks_.empty()) return Error("takes values up to a mark that is not there");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const Value*> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return values;
  }

  absl::Status Protocol() {
    DYNOFA_ASSIGN_OR_RETURN(const auto version, input_.Take<std::uint8_t>());
    if (version == 2) return absl::OkStatus();
    return Error(base::StrCat("is of protocol ", int{version},
                              "; torch.save writes protocol 2 unless told otherwise"));
  }

  absl::Status None() { return Push({}); }
  absl::Status True() { return Push({.kind = Kind::kBool, .integer = 1}); }
  absl::Status False() { return Push({.kind = Kind::kBool}); }

  template <typename T>
  absl::Status Integer() {
    DYNOFA_ASSIGN_OR_RETURN(const T value, input_.Take<T>());
    return Push({.kind = Kind::kInteger, .integer = value});
  }
  absl::Status Long() {
    DYNOFA_ASSIGN_OR_RETURN(const auto size, input_.Take<std::uint8_t>());
    DYNOFA_ASSIGN_OR_RETURN(const auto bytes, input_.TakeBytes(size));
    if (size > sizeof(std::int64_t)) return Error("has an integer of more than 64 bits");
    // Two's complement: the bytes that are not there repeat the sign.
    const bool negative = size > 0 && (bytes.back() & std::byte{0x80}) != std::byte{0};
    std::int64_t value = negative ? -1 : 0;
    std::memcpy(&value, bytes.data(), size);
    return Push({.kind = Kind::kInteger, .integer = value});
  }
  absl::Status Float() {
    DYNOFA_RETURN_IF_ERROR(input_.TakeBytes(sizeof(double)).status());
    return Push({.kind = Kind::kFloat});
  }
  absl::Status Text() {
    DYNOFA_ASSIGN_OR_RETURN(const auto size, input_.Take<std::uint32_t>());
    DYNOFA_ASSIGN_OR_RETURN(const std::string_view text, input_.TakeText(size));
    return Push({.kind = Kind::kText, .text = text});
  }

  absl::Status EmptyTuple() { return Push({.kind = Kind::kTuple}); }
  template <std::size_t kCount>
  absl::Status SmallTuple() {
    DYNOFA_ASSIGN_OR_RETURN(auto items, PopMany(kCount));
    return Push({.kind = Kind::kTuple, .items = std::move(items)});
  }
  absl::Status MarkedTuple() {
    DYNOFA_ASSIGN_OR_RETURN(auto items, PopToMark());
    return Push({.kind = Kind::kTuple, .items = std::move(items)});
  }
  absl::Status EmptyList() { return Push({.kind = Kind::kList}); }
  absl::Status EmptyDict() { return Push({.kind = Kind::kDict}); }
  absl::Status Mark() {
    marks_.push_back(stack_.size());
    return absl::OkStatus();
  }

  absl::Status Append() {
    DYNOFA_ASSIGN_OR_RETURN(const auto items, PopMany(1));
    return AppendTo(items);
  }
  absl::Status Appends() {
    DYNOFA_ASSIGN_OR_RETURN(const auto items, PopToMark());
    return AppendTo(items);
  }
  absl::Status AppendTo(const std::vector<const Value*>& items) {
    DYNOFA_ASSIGN_OR_RETURN(Value * list, Top());
    if (list->kind != Kind::kList) return Error("appends to what is no list");
    list->items.insert(list->items.end(), items.begin(), items.end());
    return absl::OkStatus();
  }

  absl::Status SetItem() {
    DYNOFA_ASSIGN_OR_RETURN(const auto items, PopMany(2));
    return SetIn(items);
  }
  absl::Status SetItems() {
    DYNOFA_ASSIGN_OR_RETURN(const auto items, PopToMark());
    return SetIn(items);
  }
  absl::Status SetIn(const std::vector<const Value*>& items) {
    DYNOFA_ASSIGN_OR_RETURN(Value * dict, Top());
    if (dict->kind != Kind::kDict && dict->kind != Kind::kCall) {
      return Error("sets items of what is no dictionary");
    }
    if (items.size() % 2 != 0) return Error("sets a key without a value");
    dict->items.insert(dict->items.end(), items.begin(), items.end());
    return absl::OkStatus();
  }

  absl::Status Global() {
    DYNOFA_ASSIGN_OR_RETURN(const std::string_view module, input_.TakeLine());
    DYNOFA_ASSIGN_OR_RETURN(const std::string_view name, input_.TakeLine());
    const std::string full = base::StrCat(module, ".", name);
    const auto known = std::find(globals_.begin(), globals_.end(), full);
    if (known == globals_.end()) {
      return Error(base::StrCat("names ", Quoted(full),
                                ", which a file of tensors has no need of; refused"));
    }
    return Push({.kind = Kind::kGlobal, .text = *known});
  }
  absl::Status Reduce() {
    DYNOFA_ASSIGN_OR_RETURN(auto items, PopMany(2));
    if (items[0]->kind != Kind::kGlobal || !items[1]->IsTuple()) {
      return Error("calls what is no global, or without a tuple of arguments");
    }
    return Push({.kind = Kind::kCall, .items = std::move(items)});
  }
  // The state of an object: state dicts have "_metadata" there, which says nothing about tensors.
  absl::Status Build() {
    DYNOFA_RETURN_IF_ERROR(Pop().status());
    DYNOFA_ASSIGN_OR_RETURN(const Value* object, Top());
    if (object->kind != Kind::kCall) return Error("sets the state of what is no object");
    return absl::OkStatus();
  }
  absl::Status Persistent() {
    DYNOFA_ASSIGN_OR_RETURN(auto id, PopMany(1));
    DYNOFA_RETURN_IF_ERROR(Push({.kind = Kind::kPersistent, .items = std::move(id)}));
    pickle_.persistent_.push_back(stack_.back());
    return absl::OkStatus();
  }

  template <typename T>
  absl::Status Put() {
    DYNOFA_ASSIGN_OR_RETURN(const T index, input_.Take<T>());
    DYNOFA_ASSIGN_OR_RETURN(memo_[index], Top());
    return absl::OkStatus();
  }
  template <typename T>
  absl::Status Get() {
    DYNOFA_ASSIGN_OR_RETURN(const T index, input_.Take<T>());
    const auto found = memo_.find(index);
    if (found == memo_.end()) return Error(base::StrCat("has nothing in memo ", index));
    stack_.push_back(found->second);
    return absl::OkStatus();
  }

  absl::Status Stop() {
    DYNOFA_ASSIGN_OR_RETURN(const Value* root, Pop());
    if (!stack_.empty() || !marks_.empty()) return Error("stops with values left over");
    pickle_.root_ = root;
    return absl::OkStatus();
  }

  ByteReader input_;
  std::span<const std::string_view> globals_;
  Pickle pickle_;
  std::vector<Value*> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::map<std::uint32_t, Value*> memo_;
};

absl::Status PickleMachine::Step() {
  // Codes as in CPython's pickletools; those of protocol 2 that torch.save writes.
  static constexpr Instruction kInstructions[] = {
      {'\x80', &PickleMachine::Protocol},
      {'.', &PickleMachine::Stop},
      {'(', &PickleMachine::Mark},
      {'N', &PickleMachine::None},
      {'\x88', &PickleMachine::True},
      {'\x89', &PickleMachine::False},
      {'K', &PickleMachine::Integer<std::uint8_t>},
      {'M', &PickleMachine::Integer<std::uint16_t>},
      {'J', &PickleMachine::Integer<std::int32_t>},
      {'\x8a', &PickleMachine::Long},
      {'G', &PickleMachine::Float},
      {'X', &PickleMachine::Text},
      {')', &PickleMachine::EmptyTuple},
      {'\x85', &PickleMachine::SmallTuple<1>},
      {'\x86', &PickleMachine::SmallTuple<2>},
      {'\x87', &PickleMachine::SmallTuple<3>},
      {'t', &PickleMachine::MarkedTuple},
      {']', &PickleMachine::EmptyList},
      {'a', &PickleMachine::Append},
      {'e', &PickleMachine::Appends},
      {'}', &PickleMachine::EmptyDict},
      {'s', &PickleMachine::SetItem},
      {'u', &PickleMachine::SetItems},
      {'c', &PickleMachine::Global},
      {'R', &PickleMachine::Reduce},
      {'b', &PickleMachine::Build},
      {'Q', &PickleMachine::Persistent},
      {'q', &PickleMachine::Put<std::uint8_t>},
      {'r', &PickleMachine::Put<std::uint32_t>},
      {'h', &PickleMachine::Get<std::uint8_t>},
      {'j', &PickleMachine::Get<std::uint32_t>},
  };
  DYNOFA_ASSIGN_OR_RETURN(const auto code, input_.Take<char>());
  for (const Instruction& instruction : kInstructions) {
    if (instruction.code == code) return (this->*instruction.run)();
  }
  return Error(base::StrCat("has opcode ", int{static_cast<unsigned char>(code)},
                            ", which a file of tensors has no need of; refused"));
}

absl::StatusOr<Pickle> Pickle::Parse(std::span<const std::byte> bytes,
                                     std::span<const std::string_view> globals) {
  return PickleMachine(bytes.first(std::min(bytes.size(), kMaxBytes)), globals).Run();
}

}  // namespace dynofa::engine::checkpoint
