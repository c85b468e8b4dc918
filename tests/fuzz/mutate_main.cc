// Feeds a target its corpus and mutations of it, always the same ones: what is left of fuzzing
// where there is no libFuzzer.
//
// Usage: fuzz_NAME CORPUS [MUTATIONS]

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

constexpr int kMutations = 20'000;

using Random = std::mt19937;

std::size_t Below(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

// Removes, repeats, replaces or takes over a part.
std::string Mutated(std::string text, const std::string& other, Random& random) {
  const std::size_t rounds = 1 + Below(random, 4);
  for (std::size_t round = 0; round < rounds && !text.empty(); ++round) {
    const std::size_t at = Below(random, text.size());
    const std::size_t length = std::min(1 + Below(random, 16), text.size() - at);
    switch (Below(random, 4)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, text.substr(at, length));
        break;
      case 2:
        text[at] = static_cast<char>(Below(random, 256));
        break;
      default:
        text.insert(at, other.substr(Below(random, other.size() + 1), 64));
    }
  }
  return text;
}

void Feed(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry);
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  if (corpus.empty()) {
    std::cerr << argv[1] << " is empty\n";
    return 1;
  }
  for (const std::string& text : corpus) Feed(text);
  Random random(1);
  const int mutations = argc > 2 ? std::atoi(argv[2]) : kMutations;
  for (int i = 0; i < mutations; ++i) {
    const std::string& text = corpus[Below(random, corpus.size())];
    Feed(Mutated(text, corpus[Below(random, corpus.size())], random));
  }
  std::cout << corpus.size() << " files, " << mutations << " mutations\n";
}
