#include "daemon/engine/ofa/published.h"

#include <span>

namespace dynofa::engine::ofa {
namespace {

constexpr PublishedCheckpoint kCheckpoints[] = {
    {"ofa_mbv3_d234_e346_k357_w1.0", "55d835981d8acd1053657a951b18887a724ddcbf"},
    {"ofa_mbv3_d234_e346_k357_w1.2", "d75a3613bae216091f61fc4b7df77d49cc82ed32"},
    {"ofa_proxyless_d234_e346_k357_w1.3", "c97035a7a6fe611508f3bb35ffac0ef77262f5e0"},
};

// One digit per block, a group per stage; blocks beyond the depth have the smallest choice.
struct Row {
  const char* id;
  int resolution;
  std::string_view kernels;
  std::string_view expands;
  std::string_view depths;
  double top1;
};

constexpr Row kDynamicOfa[] = {
    {"dynamic-ofa-gpu-l0", 176, "5777 3557 7753 5337 3377", "6446 4364 6446 4646 4334", "32322",
     0.74202},
    {"dynamic-ofa-gpu-l1", 176, "7357 7357 5753 5335 3337", "6444 4666 3346 4663 4333", "32332",
     0.74968},
    {"dynamic-ofa-gpu-l2", 192, "5573 7773 7775 7773 7777", "3434 4443 4433 4444 4444", "33333",
     0.76134},
    {"dynamic-ofa-gpu-l3", 208, "7353 5733 5557 7755 3337", "6633 4433 6444 6446 4633", "23334",
     0.77540},
    {"dynamic-ofa-gpu-l4", 224, "5337 7333 7535 7573 7757", "6643 4663 4634 6666 4446", "24443",
     0.78346},
    {"dynamic-ofa-gpu-l5", 224, "5555 5773 5777 7755 7555", "6666 6646 6466 6666 6663", "44444",
     0.79030},
};

// Named after the phone and its latency that they were specialised for.
constexpr Row kSpecialised[] = {
    {"s7edge-29ms", 144, "3333 5333 5333 5533 3533", "3333 3433 4433 4433 6333", "22222", 0.705},
    {"lg-g8-08ms", 144, "3333 5533 5333 3733 3733", "3333 4333 3333 6433 6433", "22322", 0.711},
    {"note10-08ms", 160, "3333 3333 3333 3333 3533", "3333 3433 4333 3433 4433", "22322", 0.714},
    {"pixel2-25ms", 144, "3333 5533 7333 7733 5333", "3333 6433 4333 4343 6433", "22232", 0.715},
    {"s7edge-41ms", 160, "3333 5333 7533 3333 3533", "3333 3433 4433 4433 6433", "22234", 0.731},
    {"pixel1-28ms", 160, "3333 7333 7333 3533 3333", "3433 3643 3633 6433 6436", "23224", 0.733},
    {"note10-11ms", 176, "3333 5333 5333 3333 3553", "3333 4433 4433 4333 4443", "22233", 0.736},
    {"s7edge-58ms", 192, "3333 5333 7533 3333 3553", "3333 3433 4343 4433 6443", "22433", 0.747},
    {"pixel1-40ms", 172, "5333 5373 7733 3333 3535", "3433 4443 4343 4643 6664", "23334", 0.749},
    {"note10-16ms", 192, "3333 5533 5533 5533 3753", "3333 3443 4433 4433 6443", "24334", 0.755},
    {"pixel2-62ms", 208, "3333 7533 5553 3753 5733", "3333 4333 6433 4433 6664", "23334", 0.758},
    {"s7edge-88ms", 192, "5333 5333 7553 5535 3733", "3433 6643 4633 6644 6664", "23344", 0.763},
    {"lg-g8-24ms", 220, "3333 7533 5553 3753 5733", "3333 4333 6433 4433 6664", "23334", 0.764},
    {"note10-22ms", 224, "3333 5333 7553 5333 3333", "3333 3443 4443 4643 6663", "23334", 0.766},
};

std::vector<int> Digits(std::string_view text) {
  std::vector<int> digits;
  for (const char c : text) {
    if (c != ' ') digits.push_back(c - '0');
  }
  return digits;
}

std::vector<Subnet> Subnets(std::span<const Row> rows, policies::Evidence evidence) {
  std::vector<Subnet> subnets;
  for (const Row& row : rows) {
    subnets.push_back(
        {row.id,
         {Digits(row.kernels), Digits(row.expands), Digits(row.depths), row.resolution},
         row.top1,
         evidence});
  }
  return subnets;
}

}  // namespace

const PublishedCheckpoint* FindPublishedCheckpoint(std::string_view blob) {
  for (const PublishedCheckpoint& checkpoint : kCheckpoints) {
    if (checkpoint.blob == blob) return &checkpoint;
  }
  return nullptr;
}

PublishedCatalogue PublishedSubnets(double width_mult) {
  if (width_mult == 1.2) {
    return {Subnets(kDynamicOfa, policies::Evidence::kPublished),
            "subnets and their top-1 published by Dynamic-OFA (UoS-EEC/DynamicOFA 349461f, "
            "nets_6.pickle)"};
  }
  if (width_mult == 1.0) {
    return {Subnets(kSpecialised, policies::Evidence::kModelled),
            "subnets published by mit-han-lab/once-for-all f03b2673 as specialised nets; their "
            "top-1 is that after 25 epochs of tuning, which these weights do not reach: measure "
            "with dynofa-model evaluate"};
  }
  return {};
}

}  // namespace dynofa::engine::ofa
