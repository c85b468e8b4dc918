#include "daemon/engine/checkpoint/pickle.h"

#include <array>
#include <string>
#include <string_view>

#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/torch_writer_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine::checkpoint {
namespace {

using namespace testing;  // NOLINT: the writers of this folder's tests
using Kind = Value::Kind;

constexpr std::array<std::string_view, 2> kGlobals = {"collections.OrderedDict", "torch.Thing"};

// A pickle together with the bytes that it points into.
struct Parsed {
  explicit Parsed(std::string_view program)
      : bytes(ToBytes(WholePickle(program))), pickle(Pickle::Parse(bytes, kGlobals)) {}
  std::vector<std::byte> bytes;
  absl::StatusOr<Pickle> pickle;

  const Value& root() const { return pickle->root(); }
};

std::string ErrorOf(std::string_view program) {
  const Parsed parsed(program);
  CHECK(absl::IsInvalidArgument(parsed.pickle.status()));
  return std::string(base::FromAbsl(parsed.pickle.status().message()));
}

TEST_CASE("numbers, texts and what contains them are read") {
  CHECK(Parsed("K\xff").root().integer == 255);
  CHECK(Parsed("M\x01\x02").root().integer == 0x201);
  CHECK(Parsed("J\xfe\xff\xff\xff").root().integer == -2);
  CHECK(Parsed(std::string_view("\x8a\x00", 2)).root().integer == 0);
  CHECK(Parsed("\x8a\x01\xff").root().integer == -1);
  CHECK(Parsed(std::string_view("\x8a\x02\xff\x00", 4)).root().integer == 255);
  CHECK(Parsed(Integer(-5'000'000'000)).root().integer == -5'000'000'000);
  CHECK(Parsed(Text("weight")).root().text == "weight");
  CHECK(Parsed("G" + Raw(1.5)).root().kind == Kind::kFloat);
  CHECK(Parsed("\x88").root().integer == 1);
  CHECK(Parsed("N").root().kind == Kind::kNone);
  CHECK(Parsed(")").root().IsTuple());
  CHECK(Parsed("K\x01K\x02K\x03\x87").root().items[2]->integer == 3);
  CHECK(Parsed("(K\x01K\x02t").root().items[1]->integer == 2);
  CHECK(Parsed("](K\x01K\x02"
               "eK\x03"
               "a")
            .root()
            .items.size() == 3);
  const Parsed dict("}(" + Text("a") + "K\x01" + Text("b") + "K\x02u" + Text("c") + "K\x03s");
  CHECK(dict.root().items.size() == 6);
  CHECK(dict.root().items[4]->text == "c");
}

TEST_CASE("the memo repeats values") {
  const Parsed parsed("]q\x05h\x05r" + Raw(std::uint32_t{70000}) + "j" + Raw(std::uint32_t{70000}) +
                      "\x87");
  REQUIRE(parsed.pickle.ok());
  CHECK(parsed.root().items[0] == parsed.root().items[2]);
}

TEST_CASE("a list that contains itself is no harm") {
  const Parsed parsed("]q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "a");
  REQUIRE(parsed.pickle.ok());
  CHECK(parsed.root().items[0] == &parsed.root());
}

TEST_CASE("a call is noted, not made") {
  const Parsed parsed(Global("torch", "Thing") + "K\x07\x85R" + Text("key") + "Ns}b");
  REQUIRE(parsed.pickle.ok());
  CHECK(parsed.root().IsCallOf("torch.Thing"));
  CHECK(parsed.root().arguments()[0]->integer == 7);
  CHECK(parsed.root().items[2]->text == "key");
  const Parsed persistent(Text("id") + "Q");
  CHECK(persistent.root().kind == Kind::kPersistent);
  CHECK(persistent.pickle->persistent().size() == 1);
}

TEST_CASE("a pickle that names any other callable is refused by its name") {
  CHECK(ErrorOf(Global("os", "system") + Text("rm -rf ~") + "\x85R") ==
        "pickle, byte 2: names \"os.system\", which a file of tensors has no need of; refused");
  CHECK(ErrorOf(Global("builtins", "eval")).find("\"builtins.eval\"") != std::string::npos);
  CHECK(ErrorOf(Global("torch", "Thing2")).find("\"torch.Thing2\"") != std::string::npos);
  CHECK(ErrorOf(Global("torch", "Thin")).find("\"torch.Thin\"") != std::string::npos);
  // What goes to a terminal is printable and short.
  CHECK(ErrorOf(Global("\x1b[2J\xff", std::string(5000, 'x'))).size() < 250);
  CHECK(ErrorOf(Global("\x1b[2J", "x")).find("\"?[2J.x\"") != std::string::npos);
}

TEST_CASE("opcodes that state dicts have no need of are refused") {
  // Instances and extensions call as well; the rest is of other protocols.
  for (const char* code :
       {"i", "o", "\x81", "\x92", "\x93", "\x82", "P",    "0",    "1",    "2",    "I",
        "S", "V", "U",    "T",    "B",    "C",    "\x8b", "\x8c", "\x94", "\x95", "\x97"}) {
    CAPTURE(code);
    CHECK(ErrorOf(std::string("]]") + code).find("has opcode") != std::string::npos);
  }
  const std::vector<std::byte> newer = ToBytes("\x80\x04N.");
  CHECK(Pickle::Parse(newer, kGlobals).status().message().find("protocol 4") !=
        absl::string_view::npos);
}

TEST_CASE("operands that are not there or of another kind are refused") {
  for (const std::string& program : {std::string(""),
                                     std::string("NN"),
                                     std::string("(N"),
                                     std::string("K\x01\x86"),
                                     std::string("t"),
                                     std::string("(NK"),
                                     std::string("u"),
                                     std::string("NNs"),
                                     std::string("](a"),
                                     std::string("NNa"),
                                     std::string("N(Ne"),
                                     std::string("}(Nu"),
                                     std::string("Q"),
                                     std::string("q\x01"),
                                     std::string("h\x01"),
                                     std::string("N}b"),
                                     std::string("b"),
                                     std::string(")R"),
                                     std::string("N)R"),
                                     Global("torch", "Thing") + "]R",
                                     std::string("\x8a\x09") + std::string(9, '\1'),
                                     std::string("K\x01(\x85")}) {
    CAPTURE(program);
    CHECK_FALSE(ErrorOf(program).empty());
  }
  CHECK(ErrorOf("]h\x07").find("nothing in memo 7") != std::string::npos);
}

TEST_CASE("lengths that lie are refused before anything is allocated") {
  CHECK(ErrorOf("X" + Raw(std::uint32_t{0xffffffff}) + "abc").find("truncated file?") !=
        std::string::npos);
  CHECK(ErrorOf("ctorch\nThing").find("truncated file?") != std::string::npos);
}

TEST_CASE("the number of values and the length are bounded") {
  CHECK(ErrorOf("(" + std::string(Pickle::kMaxValues + 1, 'N') + "t").find("has more than") !=
        std::string::npos);
  CHECK(ErrorOf(std::string(Pickle::kMaxBytes, '(')).find("ends early") != std::string::npos);
  // Containers within containers need no stack to be read or to be freed.
  CHECK(Parsed(std::string(Pickle::kMaxValues / 2, '(') + "N" +
               std::string(Pickle::kMaxValues / 2, 't'))
            .pickle.ok());
}

TEST_CASE("every beginning of a pickle is refused") {
  const std::vector<std::byte> whole = ToBytes(
      WholePickle("}(" + Text("a") + Global("torch", "Thing") + Integer(4) + "\x85Rq\x01u"));
  REQUIRE(Pickle::Parse(whole, kGlobals).ok());
  CHECK(Pickle::Parse(whole, kGlobals)->length() == whole.size());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(Pickle::Parse(std::span(whole).first(size), kGlobals).ok());
  }
}

}  // namespace
}  // namespace dynofa::engine::checkpoint
