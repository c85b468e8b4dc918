#ifndef DYNOFA_TESTS_SUPPORT_BOARD_TREE_H_
#define DYNOFA_TESTS_SUPPORT_BOARD_TREE_H_

#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/support/temp_dir.h"

namespace dynofa::tests {

/// `text` with every `from` replaced by `to`.
inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// Writes the files of one line of a captured board; the format is described in
/// tests/boards/README.md. Throws for a line that is none.
inline void WriteBoardLine(const TempDir& dir, const std::string& line) {
  const std::size_t equals = line.find(" = ");
  if (equals == std::string::npos) throw std::runtime_error("no ' = ' in: " + line);
  const std::string path = line.substr(0, equals);
  const std::string value = Replaced(line.substr(equals + 3), "\\n", "\n") + "\n";
  const std::size_t open = path.find('{');
  if (open == std::string::npos) {
    dir.Write(path, value);
    return;
  }
  const std::size_t dots = path.find("..", open), close = path.find('}', open);
  const int first = std::stoi(path.substr(open + 1, dots - open - 1));
  const int last = std::stoi(path.substr(dots + 2, close - dots - 2));
  const std::string pattern = path.substr(0, open) + "{}" + path.substr(close + 1);
  for (int i = first; i <= last; ++i) {
    const std::string number = std::to_string(i);
    dir.Write(Replaced(pattern, "{}", number), Replaced(value, "{}", number));
  }
}

/// Unpacks a captured board below `dir`: "sys" and "proc".
inline void WriteBoardTree(const TempDir& dir, const std::string& board) {
  std::istringstream lines(board);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '#') WriteBoardLine(dir, line);
  }
}

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_BOARD_TREE_H_
