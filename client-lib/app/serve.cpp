#include "client-lib/app/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "client-lib/app/commands.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/show.h"
#include "client-lib/app/signals.h"
#include "client-lib/app/texts_da.h"

namespace nattevagt::client::cli {
namespace {

constexpr Millis kWaitMax = std::chrono::seconds(1);  // descriptors wake earlier
constexpr Millis kAfterFault = std::chrono::seconds(1);

void write_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // a script reads line by line
}
void write_err(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

class Service {
 public:
  Service(const Arguments& arguments, OpenDevice device, AgentServer agent, const Signals& signals,
          const World& world)
      : a_(arguments),
        device_(std::move(device)),
        agent_(std::move(agent)),
        signals_(signals),
        world_(world) {}

  int run() {
    greet();
    while (signals_.take() == 0) {
      std::vector<int> wake = agent_.descriptors();
      wake.push_back(signals_.descriptor());
      device_.connection->wake_on(std::move(wake));
      turn();
    }
    if (a_.json) {
      write_out(json_object({{"event", std::string("stopped")}}));
    } else {
      write_out(std::string(text::kStopped) + "\n");
    }
    return kExitDone;
  }

 private:
  Place place() const { return {*device_.client, world_.screen, true, link_, world_.clock.monotonic()}; }

  void greet() const {
    const auto self = device_.client->self();
    const std::string name = self ? person_text(*self) : std::string();
    if (a_.json) {
      write_out(json_object({{"event", std::string("serving")}, {"name", name}}));
    } else {
      write_out(
          fmt::format("{}\n{}\n", paint(Paint::kBold, printable_line(name), world_.screen), text::kServing));
    }
  }

  void turn() {
    const auto events = device_.client->run_once(wait());
    if (!events) {
      say_fault(events.error().code);
      return;
    }
    fault_ = {};
    for (const Event& event : *events) on_event(event);
    for (auto& asked : agent_.accept_and_read()) answer(asked);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto reply = finished(it->second, place());
      if (reply) agent_.reply(it->first, *reply);
      it = reply ? waiting_.erase(it) : std::next(it);
    }
  }

  Millis wait() const {
    Millis out = kWaitMax;
    for (const auto& [peer, waiting] : waiting_) {
      out = std::min(out, std::max(waiting.until - world_.clock.monotonic(), Millis(0)));
    }
    return out;
  }

  void on_event(const Event& event) {
    link_.see(event);
    for (auto& [peer, waiting] : waiting_) waiting.see(event);
    write_out(a_.json ? json_line(event)
                      : event_block(event, *device_.client, world_.screen, a_.verb == Verb::kWatch));
  }

  // A full disk is told once, and tried again: the person must know, and it may pass.
  void say_fault(Errc code) {
    if (fault_ != code) {
      fault_ = code;
      write_err(a_.json ? json_fault(code, text::error_text(code))
                        : paint(Paint::kRed, text::error_text(code), world_.screen) + "\n");
    }
    ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kAfterFault).count()));
  }

  void answer(const AgentServer::Asked& asked) {
    Parsed parsed = parse_arguments(asked.request.words);
    if (!parsed.arguments) {
      AgentReply reply;
      (parsed.exit_code == 0 ? reply.out : reply.err) = parsed.print;
      reply.exit_code = parsed.exit_code;
      agent_.reply(asked.peer, reply);
      return;
    }
    parsed.arguments->verb = as_device_verb(*parsed.arguments);
    if (!is_incident_verb(parsed.arguments->verb)) {
      agent_.reply(asked.peer, refusal(Errc::kNotPermitted, text::kServeRunsAlready, parsed.arguments->json));
      return;
    }
    Place here = place();
    here.screen = asked.request.screen;
    Outcome outcome = begin(*parsed.arguments, here);
    if (outcome.waiting) {
      waiting_.emplace(asked.peer, std::move(*outcome.waiting));
    } else {
      agent_.reply(asked.peer, outcome.reply);
    }
  }

  const Arguments& a_;
  OpenDevice device_;
  AgentServer agent_;
  const Signals& signals_;
  const World& world_;
  std::map<AgentServer::PeerId, Waiting> waiting_;
  LinkState link_;
  Errc fault_{};
};

void print(const AgentReply& reply) {
  write_out(reply.out);
  write_err(reply.err);
}

}  // namespace

int serve(const Arguments& arguments, const std::string& home, const World& world) {
  // Before ZeroMQ's threads are made: they inherit the blocked signals.
  const Signals signals;
  DeviceOpening opening = open_device(arguments, home, world);
  if (!opening.device) {
    print(opening.why_not);
    return opening.why_not.exit_code;
  }
  if (!opening.device->client->enrolled()) {
    print(refusal(Errc::kWrongState, text::kNotEnrolled, arguments.json));
    return kExitRefused;
  }
  auto agent = AgentServer::listen(home + "/agent.sock");
  if (!agent) {
    const bool running = agent.error().code == Errc::kAlreadyExists;
    print(refusal(agent.error().code,
                  running ? text::kServeRunsAlready : text::error_text(agent.error().code), arguments.json));
    return kExitRefused;
  }
  return Service(arguments, std::move(*opening.device), std::move(*agent), signals, world).run();
}

}  // namespace nattevagt::client::cli
