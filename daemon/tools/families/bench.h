#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_BENCH_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_BENCH_H_

#include <string>
#include <vector>

namespace dynofa::tools::families {

struct BenchOptions {
  std::string file;  ///< empty: the families that come with the program
  std::vector<int> threads = {1, 2};
  int rounds = 15;
  int runs = 11;
  bool all = false;
  bool check = false;
  bool json = false;
  bool quiet = false;
  std::string svg;       ///< file to write; empty: none
  std::string markdown;  ///< likewise
  std::string docs;      ///< folder whose page and figure are written; empty: none
};

/// Measures the families and prints or writes what came out; the process's exit status.
int RunFamiliesBench(const BenchOptions& options);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_BENCH_H_
