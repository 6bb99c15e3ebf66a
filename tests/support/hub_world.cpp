#include "tests/support/hub_world.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "proto/common/check.h"

namespace nattevagt::testing {
namespace {

// The 32 bytes behind `word` in what `nattevagt-broker pins` prints.
template <class Key>
Key pinned(const std::string& text, const std::string& word) {
  const std::size_t at = text.find(word + " ");
  NV_CHECK(at != std::string::npos);
  const auto bytes = from_hex(text.substr(at + word.size() + 1, 64));
  Key key;
  NV_CHECK(bytes && bytes->size() == key.bytes.size());
  std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
  return key;
}

}  // namespace

TestHub::TestHub(const std::vector<wire::OrganisationCard>& organisations)
    : data_(dir_.file("data")), config_(dir_.file("broker.toml")), log_(dir_.file("hub.log")) {
  port_ = free_port();
  metrics_port_ = free_port();
  const Finished made = run({.arguments = {bin_dir() + "/nattevagt-broker", "init", "--data", data_}});
  NV_CHECK(made.exit_code == 0);
  std::filesystem::create_directories(dir_.file("organisations"));
  int number = 0;
  for (const auto& card : organisations) {
    write_file(dir_.file("organisations/" + std::to_string(++number) + ".card"), wire::encode_card(card));
  }
  pin_.endpoint = "tcp://127.0.0.1:" + std::to_string(port_);
  pin_.curve_key = pinned<CurvePublicKey>(made.output, "curve");
  pin_.sign_key = pinned<SignPublicKey>(made.output, "sign");
  write_config("");
}

void TestHub::write_config(const std::string& more) {
  write_file(config_, "endpoint = \"" + pin_.endpoint + "\"\ndata_dir = \"" + data_ +
                          "\"\norganisations_dir = \"" + dir_.file("organisations") +
                          "\"\nmetrics_address = \"127.0.0.1:" + std::to_string(metrics_port_) + "\"\n" +
                          more);
}

void TestHub::set_fault(const std::string& word) { write_file(dir_.file("fault"), word); }

void TestHub::shift_clock(std::chrono::seconds by) {
  shifted_clock_ = true;
  write_file(dir_.file("clock"), std::to_string(by.count()));
}

bool TestHub::try_start() {
  ProcessOptions options;
  options.arguments = {bin_dir() + "/nattevagt-broker", "run", "--config", config_};
  options.stderr_file = log_;
  if (faulty_disk_) {
    options.environment = {{"LD_PRELOAD", bin_dir() + "/libnattevagt_faulty_disk.so"},
                           {"NATTEVAGT_FAULT", dir_.file("fault")},
                           {"NATTEVAGT_FAULT_DIR", data_}};
  }
  if (shifted_clock_) {
    options.environment = {{"LD_PRELOAD", bin_dir() + "/libnattevagt_shifted_clock.so"},
                           {"NATTEVAGT_CLOCK_FILE", dir_.file("clock")}};
  }
  const std::size_t from = log().size();
  process_ = std::make_unique<Process>(std::move(options));
  SystemClock clock;
  const Millis until = clock.monotonic() + kHangPatience;
  while (clock.monotonic() < until && process_->running()) {
    if (log().find("\"ready\"", from) != std::string::npos) return true;
    usleep(5'000);
  }
  return false;
}

void TestHub::start() {
  const bool started = try_start();
  if (!started) std::fprintf(stderr, "the hub did not start:\n%s\n", log().c_str());
  NV_CHECK(started);
}

Finished TestHub::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

Finished TestHub::command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), bin_dir() + "/nattevagt-broker");
  arguments.insert(arguments.end(), {"--config", config_});
  return run({.arguments = std::move(arguments)});
}

HubWorld::HubWorld()
    : organisation("Solvang Kommune", entropy, clock),
      unit(entropy.make_id<UnitId>()),
      role(entropy.make_id<RoleId>()),
      ladder(entropy.make_id<LadderId>()),
      psychiatrist(entropy.make_id<PersonId>()),
      hub({organisation.card()}) {
  hub.start();
}

std::optional<wire::Answer> HubWorld::as_organisation(wire::Request request) {
  RawPeer tool(hub.pin(), organisation.curve_secret());
  if (!tool.call(wire::Hello{"test"})) return {};
  return tool.call(std::move(request));
}

wire::GrantLink HubWorld::announce(const DeviceOptions& options) {
  TestPerson person;
  person.id = options.person ? *options.person : entropy.make_id<PersonId>();
  person.unit = options.unit;
  person.kind = options.kind;
  wire::GrantLink link = organisation.grant(person, hub.pin());
  const auto announced = as_organisation(wire::AnnounceGrant{link.grant});
  NV_CHECK(announced && std::holds_alternative<wire::Accepted>(*announced));
  return link;
}

RawDevice& HubWorld::add_device(const DeviceOptions& options) {
  const wire::GrantLink link = announce(options);
  devices_.push_back(std::make_unique<RawDevice>(hub.pin(), entropy, clock));
  const auto enrolled = devices_.back()->enrol(link);
  NV_CHECK(enrolled && std::holds_alternative<wire::Accepted>(*enrolled));
  return *devices_.back();
}

void HubWorld::publish_roster(Millis wait) {
  wire::Roster roster;
  roster.issued_at = clock.wall();
  const auto label = [&](ByteView id) {
    return wire::seal_label({"label", ""}, organisation.trusted().directory_key, id, entropy);
  };
  roster.roles.push_back({role, label(role.view()), {psychiatrist}});
  wire::Target target;
  target.kind = wire::TargetKind::kRole;
  target.id.bytes = role.bytes;
  roster.ladders.push_back(
      {ladder, {{wait, Millis(0), {target}}, {wait, Millis(0), {target}}}, std::chrono::minutes(5)});
  roster.units.push_back({unit, label(unit.view()), {{wire::Severity::kRed, ladder}}});
  const auto published =
      as_organisation(wire::PublishDocument{organisation.roster(++roster_version_, roster)});
  NV_CHECK(published && std::holds_alternative<wire::Accepted>(*published));
}

wire::Raise HubWorld::make_raise(const std::vector<DeviceId>& members) {
  wire::Raise raise;
  raise.alert = entropy.make_id<AlertId>();
  raise.stream = entropy.make_id<ConversationId>();
  raise.unit = unit;
  raise.role_asked = role;
  raise.ladder = ladder;
  raise.roster_version = roster_version_;
  raise.severity = wire::Severity::kRed;
  raise.members = members;
  raise.welcome = Bytes(600, 7);
  raise.epoch = 1;
  raise.id = entropy.make_id<MessageId>();
  raise.bytes = Bytes(1024, 8);
  return raise;
}

}  // namespace nattevagt::testing
