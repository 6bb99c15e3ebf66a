// A night, simulated: the real hub core and the real client cores with real MLS, under virtual clocks,
// network, disks and people. One thread; a queue of events by (time, number); every draw keyed by seed,
// stream and entity (draw.h), so that the same plan gives the same trace and a smaller plan leaves the rest
// as it was.
//
// What is not real: the runner's three threads and client.cpp's composition (hub_node.h and device_node.h keep
// their rules in a few lines), SQLCipher (a commit is whole or not there), CURVE (a connection is an ordered
// pipe that may end at any moment, each side noticing in its own time, and whose key the hub has admitted).
// The cryptography is the product's own; answers of its pure functions are kept between nights
// (crypto_memo.cpp).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "tests/simulation/device_node.h"
#include "tests/simulation/hub_node.h"
#include "tests/simulation/mutants.h"
#include "tests/simulation/oracles.h"
#include "tests/simulation/plan.h"

namespace nattevagt::simulation {

// For the stories: what was shown, and what people did and whether they could.
struct Shown {
  Millis at{};
  int device = 0;
  client::Event event;
};
struct Did {
  Millis at{};
  int device = 0;
  What what{};
  bool done = false;
  std::optional<MessageId> message;
};

struct Verdict {
  std::vector<Violation> violations;
  std::uint64_t trace = 0;
  std::uint64_t events = 0;
  bool good() const { return violations.empty(); }
};

Verdict run_plan(const Plan& plan, Mutant mutant = Mutant::kNone);

// A smaller plan that breaks the same oracle: fault classes off, items away, devices away, numbers smaller.
Plan shrink(const Plan& plan, Mutant mutant, const std::string& oracle);

class Simulation final : private HubNode::Host, private DeviceNode::Host {
 public:
  Simulation(const Plan& plan, Mutant mutant);
  Verdict run();

  const std::vector<Shown>& all_shown() const { return all_shown_; }
  const std::vector<Did>& all_done() const { return all_done_; }
  const DeviceNode& device(int number) const { return *devices_[static_cast<std::size_t>(number)]; }
  const HubNode& hub() const { return hub_; }

 private:
  struct Event {
    enum class Kind : std::uint8_t {
      kItem,
      kHeal,
      kDiskEnd,
      kUpdated,
      kHubBoot,
      kHubWake,
      kHubSync,
      kHubHangUp,
      kToHub,
      kRevoke,
      kDeviceBoot,
      kDeviceWake,
      kConnect,
      kLinkDown,
      kToDevice,
      kReact,
      kAdvise,
      kReadBack,
      kJudge,
      kFinish,
      kSee,
      kCheckIn,
      kAcceptSwap,
    };
    Millis at{};
    std::uint64_t number = 0;
    Kind kind{};
    int device = 0;
    std::uint64_t tag = 0;  // generation, session, item
    AlertId alert;
    MessageId message;
    Bytes bytes;
    std::shared_ptr<wire::HubFrame> frame;  // kToDevice: what the bytes say
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.number > b.number;
    }
  };
  struct Link {
    std::uint64_t generation = 0;
    broker::SessionId session = 0;
    bool wanted = false;
    Millis last_to_hub{}, last_to_device{}, blocked_until{};
    Draw latency, trouble;
  };
  struct Process {  // of the hub, or of a device
    Millis paused_until{};
    Millis wakes_at = Millis::max();
    Millis wall_offset{};
    std::int64_t ppm = 0;
    std::int64_t crash_in = 0;  // effects; 0: not armed
    bool off = false;           // lost, or not there tonight
    Draw crash;
  };

  bool quiet();
  bool decided() const;
  void push(Event event);
  void push(Millis at, Event::Kind kind, int device = 0, std::uint64_t tag = 0, Bytes bytes = {});
  void handle(Event& event);
  Process* process_of(const Event& event);
  void heal();

  // ---- simulation_network.cpp, simulation_versions.cpp
  Millis latency(Link& link);
  void cut(int device, Millis device_notices, Millis hub_notices);
  void try_connect(int device, std::uint64_t generation);
  void arrive_at_hub(Event& event);
  void arrive_at_device(Event& event);
  std::vector<Bytes> as_told(int device, wire::HubFrame frame);
  void tell(int device, Millis at, std::shared_ptr<wire::HubFrame> frame);
  void lie(int device, wire::HubFrame& frame);
  void forge(int device, wire::Entry& entry);
  std::optional<Digest> chain_before(int device, const wire::Entry& entry) const;
  void replay(int device, std::int64_t back);
  Bytes as_spoken(int device, Bytes frame);
  void on_link_down(const Event& event);

  // ---- simulation_people.cpp
  void item(const Item& item);
  void fault(const Item& item);
  void disk_has_room(int who);
  void updated(int device);
  void ask(int device, std::int64_t amount);
  void say(int device, std::int64_t which);
  void react(const Event& event);
  void check_in(const Event& event);
  void change_duty(const Item& item);
  void accept_swap(const Event& event);
  void advise(const Event& event);
  void read_back(const Event& event);
  void judge(const Event& event);
  void see(const Event& event);
  void finish_incident(const Event& event);
  void script(const Item& item);
  void press_take(int device, const AlertId& alert);
  void note_shown(int device, const client::Message& message);
  bool says(int device, const std::function<Result<MessageId>(client::ClientCore&, UtcTime)>& what);
  void later(int device, Event::Kind kind, std::uint64_t low_ms, std::uint64_t high_ms, AlertId alert,
             MessageId message = {});

  // HubNode::Host
  void send(broker::SessionId session, wire::HubFrame frame) override;
  void hang_up(broker::SessionId session, Errc reason) override;
  void wake_hub(Millis at) override;
  void sync_hub(Millis at) override { push(at, Event::Kind::kHubSync); }
  bool hub_crashes_here() override;
  void hub_crashed() override;
  // DeviceNode::Host
  void transmit(int device, Bytes frame) override;
  void connect(int device) override;
  void disconnect(int device) override;
  void wake_device(int device, Millis at) override;
  bool device_crashes_here(int device) override;
  void device_crashed(int device) override;
  void shown(int device, const client::Event& event) override;

  Link& link(int device) { return links_[static_cast<std::size_t>(device)]; }
  Process& process(int device) { return processes_[static_cast<std::size_t>(device)]; }
  DeviceNode& node(int device) { return *devices_[static_cast<std::size_t>(device)]; }
  Draw& person(int device) { return people_[static_cast<std::size_t>(device)]; }

  const Plan& plan_;
  const Base& base_;
  Mutant mutant_;
  Oracles oracles_;
  HubNode hub_;
  std::vector<std::unique_ptr<DeviceNode>> devices_;
  std::vector<Link> links_;
  std::vector<Process> processes_;
  std::vector<Draw> people_;
  Process hub_process_;
  std::map<broker::SessionId, int> sessions_;
  static std::vector<Event> room_for_events() {
    std::vector<Event> out;
    out.reserve(128);
    return out;
  }
  std::priority_queue<Event, std::vector<Event>, Later> queue_{Later{}, room_for_events()};
  std::uint64_t next_number_ = 0, handled_ = 0;
  Millis last_word_{};  // when something other than a ping went over a wire
  Millis t_{};
  bool hub_disk_full_ = false, healed_ = false, hub_was_empty_ = false, hub_is_newer_ = false;
  std::set<std::pair<int, AlertId>> advised_;
  std::map<AlertId, ConversationId> rooms_;
  std::vector<AlertId> alerts_;
  std::map<std::pair<int, Event::Kind>, std::uint64_t> drawn_;
  std::vector<Shown> all_shown_;
  std::vector<Did> all_done_;
  What scripted_{};
  std::array<MessageId, kDevices> last_advice_{}, last_read_back_{}, last_shown_{};

  struct Deceit {  // of one device by the hub
    std::optional<What> armed;
    std::optional<Bytes> held;  // kLieSwap
    // The streams that it is shown otherwise, from an entry on.
    std::map<ConversationId, std::map<std::uint64_t, wire::Entry>> forged;
    std::map<std::pair<ConversationId, std::uint64_t>, Digest> chains;  // that it has
    std::vector<wire::HubFrame> sent;  // entries, the last few
  };
  std::array<Deceit, kDevices> deceits_;
  std::array<bool, kDevices> newer_{}, unsupported_{};
  Draw versions_;
};

}  // namespace nattevagt::simulation
