// The smallest useful client: opens a session with a latency target, sends one picture and prints
// its class. Usage: classify SOCKET IMAGE.ppm LATENCY_MS
// (A PPM, so that the example needs no decoder: `convert photo.jpg photo.ppm` makes one.)

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "dynofa/client.h"

namespace {

struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

bool ReadPpm(const char* path, Picture* picture) {
  std::ifstream stream(path, std::ios::binary);
  std::string magic;
  int highest = 0;
  stream >> magic >> picture->width >> picture->height >> highest;
  stream.get();
  const bool fits = picture->width > 0 && picture->width <= 8192 && picture->height > 0 &&
                    picture->height <= 8192;
  if (!stream || magic != "P6" || highest != 255 || !fits) return false;
  picture->pixels.resize(static_cast<std::size_t>(picture->width) *
                         static_cast<std::size_t>(picture->height) * 3);
  stream.read(reinterpret_cast<char*>(picture->pixels.data()),
              static_cast<std::streamsize>(picture->pixels.size()));
  return static_cast<bool>(stream);
}

int Explain(const dynofa::client::Error& error) {
  std::cerr << error.message << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: classify SOCKET IMAGE.ppm LATENCY_MS\n";
    return 2;
  }
  Picture picture;
  if (!ReadPpm(argv[2], &picture)) {
    std::cerr << argv[2] << " is not a binary PPM file\n";
    return 2;
  }

  auto client = dynofa::client::Client::Connect({.socket = argv[1]});
  if (!client.ok()) return Explain(client.error());
  const auto model = client->GetModel();
  if (!model.ok()) return Explain(model.error());

  dynofa::client::SessionOptions options;
  options.name = "classify";
  options.requirement.latency_ms = std::strtod(argv[3], nullptr);
  const auto session = client->OpenSession(options);
  if (!session.ok()) return Explain(session.error());

  dynofa::client::InferOptions request;
  request.session = session->id();
  const auto answer =
      client->Infer({picture.pixels.data(), picture.width, picture.height}, request);
  if (!answer.ok()) return Explain(answer.error());
  const auto best = std::max_element(answer->logits.begin(), answer->logits.end());
  const auto index = static_cast<std::size_t>(best - answer->logits.begin());
  std::cout << (index < model->labels.size() ? model->labels[index] : std::to_string(index))
            << ", by subnet " << answer->subnet << " on " << answer->cluster << " in "
            << answer->compute_ms << " ms (" << answer->time_label << ")\n";
  return 0;
}
