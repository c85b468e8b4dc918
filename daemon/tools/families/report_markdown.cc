#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/tools/families/memory.h"
#include "daemon/tools/families/report.h"
#include "daemon/tools/report/text.h"

namespace dynofa::tools::families {
namespace {

using report::Fixed;
using report::MarkdownTable;
using report::Signed;

using Row = std::vector<std::string>;

constexpr char kNone[] = "–";
// Of the last minute; above it, other programs had a good part of a processor.
constexpr double kQuietLoad = 0.5;

std::string Threads(int threads) {
  return base::StrCat(threads, threads == 1 ? " thread" : " threads");
}

std::string Range(const Spread& spread, int digits) {
  return base::StrCat("(", Fixed(spread.low, digits), "–", Fixed(spread.high, digits), ")");
}

std::string WithRange(const Spread& spread, int digits) {
  return base::StrCat(Fixed(spread.median, digits), " ", Range(spread, digits));
}

// What of a match a table shows.
using Figure = std::optional<Spread> Match::*;
using Largest = const Match* (*)(const std::vector<Match>&);

class Markdown {
 public:
  explicit Markdown(const Measurement& measurement) : m_(measurement) {}

  std::string Text() {
    Conditions();
    InShort();
    for (std::size_t f = 0; f < m_.families.size(); ++f) {
      if (FamilyAt(f).subject) Subject(f);
    }
    Networks();
    Memory();
    Folding();
    return text_;
  }

 private:
  const Family& FamilyAt(std::size_t index) const { return m_.families[index].family; }

  template <typename... Parts>
  void Add(const Parts&... parts) {
    text_ += base::StrCat(parts...);
  }

  Row WithThreads(Row header, const std::string& label) const {
    for (const int threads : m_.threads) header.push_back(label + Threads(threads));
    return header;
  }

  void Conditions() {
    const families::Conditions& c = m_.conditions;
    Add("Measured on ", c.processor, " with ", c.cpus, " CPUs, in ", c.rounds,
        " rounds of random order with ", c.runs_per_round,
        " runs of each network. Runs that another program ",
        "interrupted are left out where enough others remain; ", Fixed(100.0 * c.useful_share, 0),
        " % of the runs count. Load average ", Fixed(c.load_before, 2), " before and ",
        Fixed(c.load_after, 2),
        " after. Weights are synthetic; every top-1 is published. Ranges in brackets are the 10th "
        "and 90th percentiles.\n");
    if (c.load_before > kQuietLoad) {
      Add("\n**Other programs were busy on this machine. The measured figures are a draft: measure "
          "again where nothing else runs.**\n\n");
    }
    if (m_.largest_difference) {
      Add("Before, every network was compared with libtorch; the largest difference of a logit "
          "was ",
          Fixed(*m_.largest_difference * 1e6, 1), " millionths of the largest logit.\n");
    }
  }

  void InShort() {
    for (const Contest& contest : m_.contests) {
      // The paper's claim is about this pair.
      if (LargestSpeedup(contest.published_gpu) != nullptr) InShort(contest);
    }
  }

  void InShort(const Contest& contest) {
    const Family& baseline = FamilyAt(contest.baseline);
    Add("\n**", FamilyAt(contest.subject).name, " against ", baseline.name,
        "**, the pair of the published claim:\n\n");
    for (std::size_t t = 0; t < m_.threads.size(); ++t) {
      const Match* speed = LargestSpeedup(contest.measured[t]);
      const Match* gain = LargestGain(contest.measured[t]);
      if (speed == nullptr || gain == nullptr) continue;
      Add("* measured, ", Threads(m_.threads[t]), ": up to **", Fixed(speed->speedup->median, 2),
          " times** as fast at equal top-1, up to **", Signed(gain->gain->median, 1),
          " points** at equal latency\n");
    }
    Published("GPU", contest.published_gpu);
    Published("CPU", contest.published_cpu);
    if (const Match* macs = LargestSpeedup(contest.macs)) {
      Add("* computed: ", Fixed(macs->speedup->median, 2),
          " times fewer multiply-adds at equal top-1\n");
    }
  }

  void Published(const char* where, const std::vector<Match>& matches) {
    const Match* speed = LargestSpeedup(matches);
    const Match* gain = LargestGain(matches);
    if (speed == nullptr || gain == nullptr) return;
    Add("* published, ", where, " of a Jetson Xavier NX, by the same arithmetic on the points of ",
        "the figure: ", Fixed(speed->speedup->median, 2), " times, ", Signed(gain->gain->median, 1),
        " points\n");
  }

  void Subject(std::size_t subject) {
    Add("\n### ", FamilyAt(subject).name, "\n\n");
    Add("Speed at equal top-1: latency of the baseline's network over that of ",
        FamilyAt(subject).name,
        " at the same top-1, on the straight lines between its networks; from the baseline's "
        "network with the smallest ratio to the one with the largest, which is named.\n\n");
    Add(Summary(subject, &Match::speedup, LargestSpeedup, &Markdown::Ratio));
    Add("\nTop-1 at equal latency: points that ", FamilyAt(subject).name,
        " has more than the baseline's network, likewise.\n\n");
    Add(Summary(subject, &Match::gain, LargestGain, &Markdown::Points));
    Add("\n<details><summary>Network by network, with real networks on both sides</summary>\n\n");
    Details(subject);
    Add("\n</details>\n");
  }

  static std::string Ratio(const Spread& spread) {
    return base::StrCat("**", Fixed(spread.median, 2), "** ", Range(spread, 2));
  }
  static std::string Points(const Spread& spread) {
    return base::StrCat("**", Signed(spread.median, 1), "**");
  }

  // A gain is in points and has a sign, a speed-up is a ratio.
  static std::string InUnit(double value, Figure figure) {
    return figure == &Match::gain ? Signed(value, 1) : Fixed(value, 2);
  }

  static std::string Smallest(const std::vector<Match>& matches, Figure figure) {
    double smallest = HUGE_VAL;
    for (const Match& match : matches) {
      if (match.*figure) smallest = std::min(smallest, (match.*figure)->median);
    }
    return InUnit(smallest, figure);
  }

  std::string Summary(std::size_t subject, Figure figure, Largest largest,
                      std::string (*format)(const Spread&)) const {
    const Row header = WithThreads(
        {"against", "published, GPU", "published, CPU", "multiply-adds, computed"}, "measured, ");
    std::vector<Row> rows;
    for (const Contest& contest : m_.contests) {
      if (contest.subject != subject) continue;
      const auto median = [&](const std::vector<Match>& matches) {
        const Match* match = largest(matches);
        return match == nullptr ? std::string(kNone)
                                : base::StrCat(Smallest(matches, figure), " to ",
                                               InUnit(((*match).*figure)->median, figure));
      };
      const Family& baseline = FamilyAt(contest.baseline);
      Row row = {baseline.name, median(contest.published_gpu), median(contest.published_cpu),
                 median(contest.macs)};
      for (const std::vector<Match>& matches : contest.measured) {
        const Match* match = largest(matches);
        row.push_back(match == nullptr ? kNone
                                       : base::StrCat(Smallest(matches, figure), " to ",
                                                      format(*((*match).*figure)), ", ",
                                                      baseline.members[match->member].id));
      }
      rows.push_back(std::move(row));
    }
    return MarkdownTable(header, rows);
  }

  void Details(std::size_t subject) {
    Row header = {"network", "top-1"};
    for (const int threads : m_.threads) {
      for (const char* what : {"equal top-1, ", "next real network, ", "equal latency, "}) {
        header.push_back(what + Threads(threads));
      }
    }
    std::vector<Row> rows;
    for (const Contest& contest : m_.contests) {
      if (contest.subject != subject) continue;
      const Family& baseline = FamilyAt(contest.baseline);
      for (std::size_t member = 0; member < baseline.members.size(); ++member) {
        Row row = {baseline.members[member].id, Fixed(baseline.members[member].top1, 1)};
        for (const std::vector<Match>& matches : contest.measured) {
          AppendMatch(matches[member], FamilyAt(subject), row);
        }
        rows.push_back(std::move(row));
      }
    }
    Add(MarkdownTable(header, rows));
  }

  static void AppendMatch(const Match& match, const Family& subject, Row& row) {
    row.push_back(match.speedup ? Fixed(match.speedup->median, 2) : kNone);
    row.push_back(match.real_speedup
                      ? base::StrCat(Fixed(match.real_speedup->value.median, 2), ", ",
                                     subject.members[match.real_speedup->member].id)
                      : kNone);
    row.push_back(match.gain ? Signed(match.gain->median, 1) : kNone);
  }

  void Networks() {
    Add("\n### All networks\n\nTop-1 is published, multiply-adds and parameters are counted, ",
        "latencies are measured.\n\n");
    const Row header = WithThreads(
        {"network", "top-1, %", "side", "multiply-adds, M", "parameters, M", "layers"}, "ms, ");
    std::vector<Row> rows;
    for (const MeasuredFamily& measured : m_.families) {
      const std::vector<Member>& members = measured.family.members;
      for (std::size_t i = 0; i < members.size(); ++i) {
        const engine::chain::Cost& cost = members[i].network.cost;
        Row row = {members[i].id,
                   Fixed(members[i].top1, 1),
                   base::StrCat(members[i].network.resolution()),
                   Fixed(static_cast<double>(cost.macs) / 1e6, 1),
                   Fixed(static_cast<double>(cost.parameters) / 1e6, 2),
                   base::StrCat(cost.layers)};
        for (const Spread& ms : measured.ms[i]) row.push_back(WithRange(ms, 2));
        rows.push_back(std::move(row));
      }
    }
    Add(MarkdownTable(header, rows));
  }

  void Memory() {
    Add("\n### Memory\n\nComputed: float32 weights, batch norms and running statistics of the ",
        "networks above, as each family keeps them together and as separate networks.\n\n");
    const auto mib = [](std::int64_t values) {
      return Fixed(static_cast<double>(values) * sizeof(float) / (1024.0 * 1024.0), 1);
    };
    std::vector<Row> rows;
    for (const MeasuredFamily& measured : m_.families) {
      const Family& family = measured.family;
      const std::int64_t together = SharedValues(family).total();
      const std::int64_t separate = SeparateValues(family).total();
      rows.push_back({family.name, base::StrCat(family.members.size()), mib(together),
                      mib(SharedValues(family).statistics), mib(separate),
                      Fixed(static_cast<double>(separate) / static_cast<double>(together), 1)});
    }
    Add(MarkdownTable({"family", "networks", "together, MiB", "of that statistics, MiB",
                       "separate, MiB", "separate over together"},
                      rows));
  }

  void Folding() {
    if (m_.folding.empty()) return;
    Add("\n### Batch norms\n\nMeasured: latency with the batch norms folded into the 1x1 ",
        "convolutions over that with them applied, as everywhere above.\n\n");
    std::vector<Row> rows;
    for (const FoldingRatio& folding : m_.folding) {
      rows.push_back({folding.member, Threads(folding.threads), WithRange(folding.ratio, 3)});
    }
    Add(MarkdownTable({"network", "threads", "folded over applied"}, rows));
  }

  const Measurement& m_;
  std::string text_;
};

constexpr char kBegin[] = "<!-- begin: written by dynofa-bench families -->\n";
constexpr char kEnd[] = "<!-- end: written by dynofa-bench families -->\n";

}  // namespace

std::string MarkdownReport(const Measurement& measurement) { return Markdown(measurement).Text(); }

absl::StatusOr<std::string> ReplaceGenerated(const std::string& page,
                                             const std::string& generated) {
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find(kEnd);
  if (begin == page.npos || end == page.npos || end < begin) {
    return absl::InvalidArgumentError(
        base::StrCat("the page needs the two lines\n", kBegin, kEnd, "around what is written"));
  }
  return page.substr(0, begin) + kBegin + "\n" + generated + "\n" + page.substr(end);
}

}  // namespace dynofa::tools::families
