// The running object is what proto/dbus/org.dynofa1.xml says it is.

#include <stdlib.h>

#include <set>
#include <string>

#include "daemon/control/manager_object.h"
#include "tests/support/catch.h"
#include "tests/support/idle_manager.h"
#include "tests/support/private_bus.h"
#include "tests/support/temp_dir.h"

namespace dynofa::control {
namespace {

/// The text between `open` and `close`, from `*at` on, which moves behind it; empty at the end.
std::string Between(const std::string& text, const std::string& open, const std::string& close,
                    std::size_t* at) {
  const std::size_t begin = text.find(open, *at);
  if (begin == std::string::npos) return "";
  const std::size_t end = text.find(close, begin);
  if (end == std::string::npos) return "";
  *at = end + close.size();
  return text.substr(begin, *at - begin);
}

std::string WithoutComments(std::string xml) {
  for (std::size_t begin = 0; (begin = xml.find("<!--")) != std::string::npos;) {
    xml.erase(begin, xml.find("-->", begin) + 3 - begin);
  }
  return xml;
}

/// `key="value"` of a tag, or empty.
std::string Attribute(const std::string& tag, const std::string& key) {
  const std::string open = " " + key + "=\"";
  const std::size_t begin = tag.find(open);
  if (begin == std::string::npos) return "";
  const std::size_t value = begin + open.size();
  return tag.substr(value, tag.find('"', value) - value);
}

/// The members of org.dynofa1.Manager, one line each: what a client can rely on.
std::set<std::string> Members(const std::string& xml) {
  std::size_t at = 0;
  const std::string text = WithoutComments(xml);
  const std::string interface =
      Between(text, "<interface name=\"org.dynofa1.Manager\"", "</interface>", &at);
  std::set<std::string> members;
  std::string member;
  at = 0;
  for (std::string tag; !(tag = Between(interface, "<", ">", &at)).empty();) {
    const std::string kind = tag.substr(1, tag.find_first_of(" >/", 1) - 1);
    if (kind == "method" || kind == "property" || kind == "signal") {
      member = kind + " " + Attribute(tag, "name");
    }
    if (kind == "property") {
      members.insert(member + " " + Attribute(tag, "type") + " " + Attribute(tag, "access"));
    } else if (!kind.empty() && kind != "interface") {
      members.insert(member + " / " + kind + " " + Attribute(tag, "name") + " " +
                     Attribute(tag, "type") + " " + Attribute(tag, "direction") + " " +
                     Attribute(tag, "value"));
    }
  }
  return members;
}

TEST_CASE("The running interface equals the introspection file") {
  const tests::PrivateBus bus;
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address().c_str(), 1);
  tests::IdleManager manager;
  const auto server = sdbus::createSystemBusConnection();
  const auto object =
      ManagerObject::Create(*server, manager, std::make_shared<Mailbox>(), /*operator_uid=*/0);
  RequestName(*server, "org.dynofa1");
  server->enterEventLoopAsync();

  const auto proxy = sdbus::createProxy("org.dynofa1", "/org/dynofa1");
  std::string running;
  proxy->callMethod("Introspect")
      .onInterface("org.freedesktop.DBus.Introspectable")
      .storeResultsTo(running);
  server->leaveEventLoop();

  const std::set<std::string> promised = Members(tests::ReadFile(DYNOFA_DBUS_XML));
  CHECK(promised.count("property PowerMode s read") == 1);
  CHECK(promised.count("method SetPowerMode / arg mode s in ") == 1);
  CHECK(Members(running) == promised);
}

TEST_CASE("The comparison sees a changed type, a missing member and a changed annotation") {
  const std::string xml = tests::ReadFile(DYNOFA_DBUS_XML);
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = xml;
    changed.replace(changed.find(from), from.size(), to);
    return Members(changed);
  };
  CHECK(replaced("type=\"t\"", "type=\"u\"") != Members(xml));
  CHECK(replaced("<property name=\"Policy\" type=\"s\" access=\"read\"/>", "") != Members(xml));
  CHECK(replaced("value=\"invalidates\"", "value=\"const\"") != Members(xml));
  CHECK(replaced("direction=\"in\"", "direction=\"out\"") != Members(xml));
}

}  // namespace
}  // namespace dynofa::control
