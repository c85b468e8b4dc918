// dynofactl run: a load, with a session whose requirement may change while it runs.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <iostream>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/cli/changes.h"
#include "client/cli/commands.h"
#include "client/cli/images.h"
#include "client/cli/json.h"
#include "client/cli/load.h"
#include "client/cli/text.h"

namespace dynofa::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kReportPeriod{1000};
// How soon signals and due changes are noticed.
constexpr milliseconds kControlPeriod{20};

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void OnSignal(int) { interrupted = true; }

/// Writes lines of text or JSON about one run. Thread-safe.
class Output {
 public:
  Output(bool json, std::string name)
      : json_(json), name_(std::move(name)), start_(steady_clock::now()) {}

  double Seconds() const {
    return std::chrono::duration<double>(steady_clock::now() - start_).count();
  }

  void Event(const std::string& event, const std::string& text, Json details = Json::object()) {
    Json json = Head("event");
    json["event"] = event;
    json["text"] = text;
    json.update(details);
    Write(json, text);
  }

  void Report(const Statistics& window) {
    Json json = Head("report");
    json.update(window.ToJson());
    Write(json, window.ToText());
  }

  void Summary(const Statistics& total) {
    Json json = Head("summary");
    json.update(total.ToJson());
    Write(json, "in all: " + total.ToText());
  }

 private:
  Json Head(const char* type) const {
    return {{"type", type}, {"time_s", Seconds()}, {"name", name_}};
  }

  void Write(const Json& json, const std::string& text) {
    std::lock_guard lock(mutex_);
    if (json_) {
      std::cout << json.dump() << std::endl;
    } else {
      std::cout << Fixed(json["time_s"].get<double>(), 1) << " s  " << text << std::endl;
    }
  }

  const bool json_;
  const std::string name_;
  const steady_clock::time_point start_;
  std::mutex mutex_;
};

client::Result<std::vector<Sample>> LoadSamples(const RunArguments& arguments,
                                                const client::ModelInfo& model) {
  std::vector<Sample> samples;
  if (arguments.images.empty()) {
    for (const std::uint32_t seed : {0u, 50u, 100u, 150u}) {
      samples.push_back(
          {MakePattern(arguments.pattern_side, arguments.pattern_side, seed), std::nullopt});
    }
    return samples;
  }
  auto files = FindImages(arguments.images);
  if (!files.ok()) return files.error();
  for (const ImageFile& file : *files) {
    auto image = LoadImage(file.path);
    if (!image.ok()) return image.error();
    Sample sample{*std::move(image), std::nullopt};
    const auto label = std::find(model.labels.begin(), model.labels.end(), file.class_name);
    if (!file.class_name.empty() && label != model.labels.end()) {
      sample.label = static_cast<std::size_t>(label - model.labels.begin());
    }
    samples.push_back(std::move(sample));
  }
  // One class after the other would let a short run see one class alone.
  std::vector<Sample> spread;
  const std::size_t stride = std::max<std::size_t>(1, samples.size() / 10);
  for (std::size_t first = 0; first < stride; ++first) {
    for (std::size_t i = first; i < samples.size(); i += stride) {
      spread.push_back(std::move(samples[i]));
    }
  }
  return spread;
}

Json AssignmentDetails(const client::SessionInfo& info) {
  Json details = {{"session", info.id}, {"requirement", ToJson(info.requirement)}};
  details["assignment"] = info.assignment ? ToJson(*info.assignment) : Json();
  return details;
}

std::string AssignmentText(const client::SessionInfo& info) {
  return info.assignment ? Describe(*info.assignment) : "no cluster is available";
}

/// Changes the requirement while the load runs: as planned, and as typed on standard input.
class Control {
 public:
  Control(client::Session& session, Load& load, Output& output, client::Requirement requirement,
          std::vector<PlannedChange> planned, bool read_stdin)
      : session_(session),
        load_(load),
        output_(output),
        requirement_(std::move(requirement)),
        planned_(std::move(planned)),
        reading_(read_stdin),
        thread_([this] { Run(); }) {}

  ~Control() {
    stop_ = true;
    thread_.join();
  }

 private:
  void Run() {
    while (!stop_) {
      if (interrupted) load_.Stop();
      while (!planned_.empty() && output_.Seconds() >= planned_.front().at_s) {
        Apply(WithParts(requirement_, planned_.front().parts));
        planned_.erase(planned_.begin());
      }
      ReadLines();
    }
  }

  /// Waits a little for standard input, or just waits.
  void ReadLines() {
    pollfd input{reading_ ? STDIN_FILENO : -1, POLLIN, 0};
    if (::poll(&input, 1, static_cast<int>(kControlPeriod.count())) <= 0) return;
    char buffer[4096];
    const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    if (size <= 0) {
      reading_ = false;
      return;
    }
    typed_.append(buffer, static_cast<std::size_t>(size));
    for (std::size_t end = typed_.find('\n'); end != std::string::npos; end = typed_.find('\n')) {
      const std::string line = typed_.substr(0, end);
      typed_.erase(0, end + 1);
      if (!line.empty()) Apply(WithJson(requirement_, line));
    }
  }

  void Apply(const client::Result<client::Requirement>& wanted) {
    if (!wanted.ok()) return Refused(wanted.error());
    const auto info = session_.SetRequirement(*wanted);
    if (!info.ok()) return Refused(info.error());
    requirement_ = *wanted;
    load_.SetTarget(wanted->latency_ms);
    load_.SetRate(wanted->rate_hz);
    output_.Event("requirement-changed",
                  "asks for " + Describe(*wanted) + "; gets " + AssignmentText(*info),
                  AssignmentDetails(*info));
  }

  void Refused(const client::Error& error) {
    output_.Event("requirement-refused", "change refused: " + error.message,
                  {{"code", static_cast<int>(error.code)}});
  }

  client::Session& session_;
  Load& load_;
  Output& output_;
  client::Requirement requirement_;
  std::vector<PlannedChange> planned_;
  bool reading_;
  std::string typed_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// Reports each second until it is destroyed.
class Reporter {
 public:
  Reporter(client::Session& session, Load& load, Output& output)
      : session_(session), load_(load), output_(output), thread_([this] { Run(); }) {}

  ~Reporter() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  void Run() {
    auto next = steady_clock::now() + kReportPeriod;
    std::unique_lock lock(mutex_);
    while (!changed_.wait_until(lock, next, [this] { return stop_; })) {
      next += kReportPeriod;
      NoticeConnection();
      output_.Report(load_.TakeWindow());
      if (const std::string error = load_.TakeError(); !error.empty()) {
        output_.Event("error", "a request failed: " + error);
      }
    }
  }

  void NoticeConnection() {
    const bool open = session_.open();
    if (open != std::exchange(open_, open)) {
      output_.Event(open ? "session-reopened" : "session-lost",
                    open ? "the daemon is back; session " + session_.id()
                         : "the daemon is away; trying again");
    }
  }

  client::Session& session_;
  Load& load_;
  Output& output_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;  ///< guarded by mutex_
  bool open_ = true;
  std::thread thread_;
};

int UsageError(const client::Error& error) {
  std::cerr << "dynofactl: " << error.message << std::endl;
  return kExitUsage;
}

int RunLoad(const RunArguments& arguments, std::vector<PlannedChange> planned,
            client::Client& client, const client::ModelInfo& model,
            const std::vector<Sample>& samples, const Common& common) {
  Output output(common.json, arguments.name);
  client::SessionOptions session_options{model.name, arguments.name, arguments.requirement};
  auto session = client.OpenSession(session_options, [&](const client::SessionInfo& info) {
    output.Event("assignment-changed", "gets " + AssignmentText(info), AssignmentDetails(info));
  });
  if (!session.ok()) return Fail(common, session.error());
  const client::SessionInfo info = session->info();
  output.Event("session-opened",
               "session " + info.id + " asks for " + Describe(info.requirement) + "; gets " +
                   AssignmentText(info),
               AssignmentDetails(info));

  Load::Options options;
  options.model = model.name;
  options.subnet = arguments.subnet;
  Load load(client, samples, options, [&] { return session->id(); });
  load.SetTarget(arguments.requirement.latency_ms);
  load.SetRate(arguments.requirement.rate_hz);
  const bool unlimited = arguments.duration_s == 0.0;
  const double seconds = unlimited && arguments.count == 0 ? 10.0 : arguments.duration_s;
  const auto until = unlimited && arguments.count > 0
                         ? steady_clock::time_point::max()
                         : steady_clock::now() + std::chrono::duration_cast<milliseconds>(
                                                     std::chrono::duration<double>(seconds));
  {
    const Control control(*session, load, output, arguments.requirement, std::move(planned),
                          arguments.control == "stdin");
    const Reporter reporter(*session, load, output);
    load.Run(until, arguments.count);
    load.WaitForAnswers();
  }
  const Statistics total = load.total();
  output.Summary(total);
  return total.completed() > 0 ? kExitOk : kExitService;
}

}  // namespace

int Run(const Common& common, const RunArguments& arguments) {
  std::vector<PlannedChange> planned;
  for (const std::string& text : arguments.changes) {
    auto change = ParsePlannedChange(text);
    if (!change.ok()) return UsageError(change.error());
    planned.push_back(*std::move(change));
  }
  std::stable_sort(planned.begin(), planned.end(),
                   [](const auto& a, const auto& b) { return a.at_s < b.at_s; });
  auto client = ConnectOrExplain(common);
  if (!client) return kExitService;
  const auto model = client->GetModel(arguments.model);
  if (!model.ok()) return Fail(common, model.error());
  const auto samples = LoadSamples(arguments, *model);
  if (!samples.ok()) return UsageError(samples.error());
  if (arguments.images.empty()) {
    std::cerr << "dynofactl: no --images: sending generated patterns, so accuracy is not measured"
              << std::endl;
  }
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return RunLoad(arguments, std::move(planned), *client, *model, *samples, common);
}

}  // namespace dynofa::cli
