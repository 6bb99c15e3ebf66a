#include "client-lib/app/device.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "client-lib/app/commands.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/pin.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"
#include "proto/common/secret.h"

namespace nattevagt::client::cli {
namespace {

constexpr Millis kFetchPatience = std::chrono::seconds(5);  // before acting on what may be old
constexpr Millis kFlushPatience = std::chrono::seconds(3);  // receipts after the command is done
constexpr Millis kSlice = std::chrono::milliseconds(100);
constexpr PinCost kCheapPin{1, 8 * 1024};

struct WipedPin {
  std::string text;
  ~WipedPin() { wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}); }
};


OpenDevice make(std::unique_ptr<ZmqConnection>& connection) { return {nullptr, connection.get()}; }

Result<OpenDevice> open_with(const std::string& home, const std::string& pin, bool create, bool cheap,
                             const World& world) {
  auto connection = std::make_unique<ZmqConnection>(world.clock, world.entropy);
  OpenDevice device = make(connection);
  OpenOptions options{home, pin, create};
  if (cheap) options.pin_cost = kCheapPin;
  NV_TRY(device.client, Client::open(options, world.clock, world.entropy, std::move(connection)));
  return device;
}

std::string opening_text(Errc code, const std::string& home, const World& world) {
  if (code == Errc::kNotFound) return std::string(text::kNoStore);
  if (code == Errc::kBusy) return std::string(text::kServeRunsAlready);
  const Millis wait = Client::pin_wait(home, world.clock);
  if ((code == Errc::kWrongPin || code == Errc::kLocked) && wait > Millis(0)) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    return fmt::format("{}{}{} s.", code == Errc::kWrongPin ? "Forkert PIN. " : "", text::kPinWait, seconds);
  }
  return std::string(text::error_text(code));
}

// A home whose enrolment never came through holds nothing but keys that nobody knows.
void forget_unfinished(const std::string& home) {
  for (const char* name : {"/store.keys", "/store.db", "/store.db-wal", "/store.db-shm"}) {
    ::unlink((home + name).c_str());
  }
}

// Runs the client and tells `see` of each event. The hub's side of a command's life.
class Pump {
 public:
  Pump(Client& client, const World& world, bool json) : client_(client), world_(world), json_(json) {}

  const LinkState& link() const { return link_; }
  // What was caught, each as a person or a script reads it.
  const std::string& suspicions() const { return suspicions_; }

  void note(const Event& event) {
    link_.see(event);
    // What was caught must be seen whatever the command was.
    if (std::holds_alternative<Suspicion>(event)) {
      suspicions_ += json_ ? json_line(event) : event_block(event, client_, world_.screen, false);
    }
  }
  Status once(Waiting* waiting) {
    NV_TRY(const auto events, client_.run_once(kSlice));
    for (const Event& event : events) {
      note(event);
      if (waiting != nullptr) waiting->see(event);
    }
    return {};
  }
  void flush() {
    const Millis until = world_.clock.monotonic() + kFlushPatience;
    while (link_.connected && !client_.outbox_empty() && world_.clock.monotonic() < until) {
      if (!once(nullptr)) return;
    }
  }

 private:
  Client& client_;
  const World& world_;
  bool json_;
  LinkState link_;
  std::string suspicions_;
};

}  // namespace

bool is_device_home(const std::string& home) {
  return ::access((home + "/store.keys").c_str(), F_OK) == 0;
}

DeviceOpening open_device(const Arguments& arguments, const std::string& home, const World& world) {
  const auto refuse = [&](Errc code, std::string_view why) {
    return DeviceOpening{std::nullopt, refusal(code, why, arguments.json)};
  };
  if (!is_device_home(home)) return refuse(Errc::kNotFound, text::kNoStore);
  auto pin = obtain_pin({arguments.pin_file, text::kPinPrompt, false});
  if (const auto* fault = std::get_if<PinFault>(&pin)) return refuse(Errc::kWrongPin, fault->text);
  const WipedPin held{std::move(std::get<PinText>(pin).pin)};
  auto opened = open_with(home, held.text, false, false, world);
  if (!opened) return refuse(opened.error().code, opening_text(opened.error().code, home, world));
  return {std::move(*opened), {}};
}

AgentReply enrol_device(const Arguments& arguments, const std::string& home, const World& world) {
  const auto refuse = [&](Errc code, std::string_view why) { return refusal(code, why, arguments.json); };
  const bool create = !is_device_home(home);
  auto pin = obtain_pin({arguments.pin_file, create ? text::kPinNewPrompt : text::kPinPrompt, create});
  if (const auto* fault = std::get_if<PinFault>(&pin)) return refuse(Errc::kWrongPin, fault->text);
  const WipedPin held{std::move(std::get<PinText>(pin).pin)};
  auto opened = open_with(home, held.text, create, arguments.cheap_key, world);
  if (!opened) {
    const bool short_pin = opened.error().code == Errc::kInvalidValue;
    return refuse(opened.error().code, short_pin ? std::string(text::kPinTooShort)
                                                 : opening_text(opened.error().code, home, world));
  }
  Status enrolled = opened->client->enrol(arguments.text, arguments.patience);
  if (!enrolled && enrolled.error().code == Errc::kAlreadyExists) {
    if (opened->client->enrolled()) return refuse(Errc::kAlreadyExists, text::kEnrolledAlready);
    opened->client.reset();
    forget_unfinished(home);
    opened = open_with(home, held.text, true, arguments.cheap_key, world);
    if (!opened) return refuse(opened.error().code, opening_text(opened.error().code, home, world));
    enrolled = opened->client->enrol(arguments.text, arguments.patience);
  }
  if (!enrolled) {
    const Errc code = enrolled.error().code;
    // Nothing was pinned or promised: leave no half-made home behind.
    if (create && (code == Errc::kMalformed || code == Errc::kBadSignature || code == Errc::kInvalidValue)) {
      opened->client.reset();
      forget_unfinished(home);
    }
    return refuse(code, text::error_text(code));
  }
  // Key packages and rosters: without them nobody could reach the device before its first `serve`.
  if (!opened->client->sync(arguments.patience, {}))
    return refuse(Errc::kTimeout, text::error_text(Errc::kTimeout));
  const auto self = opened->client->self();
  const std::string name = self ? self->name : std::string();
  if (arguments.json) {
    return {json_ok({{"name", name}, {"device", self ? self->device.hex() : std::string()}}), {}, kExitDone};
  }
  return {fmt::format("{}{}.\n{}\n", text::kEnrolled, printable_line(self ? person_text(*self) : name),
                      text::kEnrolNext),
          {},
          kExitDone};
}

AgentReply run_alone(const Arguments& arguments, const std::string& home, const World& world,
                     const std::function<void(std::string_view)>& progress) {
  auto opening = open_device(arguments, home, world);
  if (!opening.device) return opening.why_not;
  Client& client = *opening.device->client;
  Pump pump(client, world, arguments.json);
  std::string note;
  // A question does not wait for what others have written: it is durable first, then everything else.
  if (!arguments.offline && arguments.verb != Verb::kAsk && arguments.verb != Verb::kAuthor &&
      client.enrolled()) {
    progress(text::kFetching);
    const auto synced = client.sync(std::min(kFetchPatience, arguments.patience),
                                    [&pump](const Event& event) { pump.note(event); });
    if (!synced && synced.error().code != Errc::kTimeout) {
      return refusal(synced.error().code, text::error_text(synced.error().code), arguments.json);
    }
    if (!pump.link().connected && !arguments.json) note = std::string(text::kShownFromStore) + "\n";
  }
  if (pump.link().revoked) return refusal(Errc::kRevoked, text::kRevoked, arguments.json);
  if (const auto& suspended = pump.link().suspended) {
    return refusal(Errc::kSuspended, suspension_text(*suspended) + " " + std::string(text::kSuspendedHere),
                   arguments.json);
  }
  const auto place = [&] { return Place{client, world.screen, false, pump.link(), world.clock.monotonic()}; };
  Outcome outcome = begin(arguments, place());
  AgentReply reply = std::move(outcome.reply);
  if (outcome.waiting) {
    progress(text::kSending);
    std::optional<AgentReply> done;
    while (!(done = finished(*outcome.waiting, place()))) {
      if (const auto ran = pump.once(&*outcome.waiting); !ran) {
        return refusal(ran.error().code, text::error_text(ran.error().code), arguments.json, kExitNotSent);
      }
    }
    reply = std::move(*done);
  }
  pump.flush();
  std::string& said = arguments.json ? reply.out : reply.err;
  said = pump.suspicions() + said;
  reply.err = note + reply.err;
  return reply;
}

}  // namespace nattevagt::client::cli
