#include "tests/support/memory_world.h"

#include <sys/stat.h>

#include <filesystem>

#include "client-lib/core/outbox_item.h"
#include "client-lib/core/pack.h"
#include "client-lib/store/sqlcipher_store.h"
#include "proto/common/check.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::testing {

MemoryOrganisation::MemoryOrganisation(std::string label_name, Entropy& entropy)
    : card{},
      key(SignKey::generate(entropy)),
      curve(entropy.make_secret<CurveSecretKey>()),
      directory_key(entropy.make_secret<SealKey>()),
      name(std::move(label_name)),
      entropy_(entropy) {
  card = {wire::organisation_id(key.public_key()), key.public_key(), curve_public_key(curve)};
}

wire::TrustedOrganisation MemoryOrganisation::trusted() const {
  return {card, name, directory_key.duplicate()};
}

Bytes MemoryOrganisation::label(std::string text, std::string profession, ByteView bound_to) const {
  return wire::seal_label({std::move(text), std::move(profession)}, directory_key, bound_to, entropy_);
}

wire::SignedDocument MemoryOrganisation::sign(wire::DocumentKind kind, std::uint64_t version,
                                              Bytes body) const {
  return wire::sign_document(card.id, kind, version, std::move(body), key);
}

std::size_t shown(const Device& device, std::string_view text) {
  std::size_t count = 0;
  for (const auto& event : device.all<client::NewMessage>()) {
    const auto* body = std::get_if<wire::Text>(&event.message.content.body);
    if (body != nullptr && body->text == text) ++count;
  }
  return count;
}

bool has_member(Device& device, const ConversationId& id, const DeviceId& member) {
  for (const auto& conversation : device->conversations()) {
    if (conversation.id != id) continue;
    return std::any_of(conversation.members.begin(), conversation.members.end(),
                       [&](const client::Person& person) { return person.device == member; });
  }
  return false;
}

MemoryWorld::MemoryWorld(std::uint64_t seed, UtcTime start)
    : clock(start),
      entropy(seed),
      solvang("Solvang Kommune", entropy),
      havbakken("Region Havbakken", entropy),
      first_role(entropy.make_id<RoleId>()),
      second_role(entropy.make_id<RoleId>()),
      ladder(entropy.make_id<LadderId>()) {
  hub = std::make_unique<MemoryHub>(std::vector{solvang.card, havbakken.card}, clock, entropy);
  make_cast();
  publish(solvang);
  publish(havbakken);
}

MemoryWorld::~MemoryWorld() { devices.clear(); }

void MemoryWorld::make_cast() {
  const auto unit_b = entropy.make_id<UnitId>();
  const auto unit_a = entropy.make_id<UnitId>();
  const auto person = [&] { return entropy.make_id<PersonId>(); };
  using enum wire::HolderKind;
  amalie = {&solvang, "Strandløkken, hus B", "", person(), unit_b, kUnit};
  unit_b_second = {&solvang, "Strandløkken, hus B, telefon 2", "", person(), unit_b, kUnit};
  jonas = {&solvang, "Strandløkken, hus A", "", person(), unit_a, kUnit};
  ida = {&havbakken, "Ida Eksempel", "overlæge", person(), std::nullopt, kPerson};
  rune = {&havbakken, "Rune Eksempel", "bagvagt", person(), std::nullopt, kPerson};
  archive = {&solvang, "Arkiv: Solvang Kommune", "", person(), std::nullopt, kRecorder};

  const auto target = [](wire::TargetKind kind, const RoleId& role) {
    wire::Target out;
    out.kind = kind;
    out.id.bytes = role.bytes;
    return out;
  };
  using std::chrono::minutes;
  wire::Ladder steps{.id = ladder, .steps = {}, .advice_within = minutes(15)};
  steps.steps.push_back({minutes(5), minutes(2), {target(wire::TargetKind::kRole, first_role)}});
  steps.steps.push_back({minutes(5), Millis(0), {target(wire::TargetKind::kRole, second_role)}});
  wire::Unit b{unit_b, solvang.label("Strandløkken, hus B", "", unit_b.view()), {}};
  for (const auto severity : {wire::Severity::kAlarm, wire::Severity::kRed, wire::Severity::kYellow}) {
    b.ladders.push_back({severity, ladder});
  }
  solvang.roster = {.issued_at = clock.now(),
                    .roles = {},
                    .units = {b, {unit_a, solvang.label("Strandløkken, hus A", "", unit_a.view()), {}}},
                    .ladders = {steps},
                    .recorders = {archive.person},
                    .sealed_reserve_plan =
                        seal(solvang.directory_key, as_bytes("Ring 112"), solvang.card.id.view(), entropy),
                    .people = {}};
  havbakken.roster = {
      .issued_at = clock.now(),
      .roles = {{first_role, havbakken.label("vagthavende", "", first_role.view()), {ida.person}},
                {second_role, havbakken.label("bagvagt", "", second_role.view()), {rune.person}}},
      .units = {},
      .ladders = {},
      .recorders = {},
      .sealed_reserve_plan = {},
      .people = {{ida.person, havbakken.label(ida.name, ida.profession, ida.person.view())},
                 {rune.person, havbakken.label(rune.name, rune.profession, rune.person.view())}}};
}

void MemoryWorld::publish(MemoryOrganisation& organisation) {
  organisation.roster.issued_at = clock.now();
  const auto document = organisation.sign(wire::DocumentKind::kRoster, ++organisation.roster_version,
                                          wire::encode(organisation.roster));
  NV_CHECK(std::holds_alternative<wire::Accepted>(
      hub->as_organisation(organisation.card, wire::PublishDocument{document})));
}

void MemoryWorld::revoke(MemoryOrganisation& organisation, DeviceId device) {
  organisation.revocations.issued_at = clock.now();
  organisation.revocations.devices.push_back(device);
  const auto document =
      organisation.sign(wire::DocumentKind::kRevocations, ++organisation.revocations_version,
                        wire::encode(organisation.revocations));
  NV_CHECK(std::holds_alternative<wire::Accepted>(
      hub->as_organisation(organisation.card, wire::PublishDocument{document})));
}

wire::GrantLink MemoryWorld::grant(const Holder& holder) {
  wire::GrantLink link;
  link.seed = entropy.make_secret<SignSeed>();
  const wire::GrantKeys keys = wire::grant_keys(link.seed);
  wire::Grant grant{
      .id = entropy.make_id<GrantId>(),
      .organisation = holder.organisation->card.id,
      .kind = holder.kind,
      .person = holder.person,
      .unit = holder.unit,
      .sealed_label = holder.organisation->label(holder.name, holder.profession, holder.person.view()),
      .sign_key = keys.sign.public_key(),
      .curve_key = curve_public_key(keys.curve),
      .issued_at = clock.now(),
      .not_after = clock.now() + std::chrono::hours(24),
      .certificate_lifetime = std::chrono::hours(24 * 365),
      .hub = hub->pin()};
  link.grant = wire::sign_grant(grant, holder.organisation->key);
  link.trusted.push_back(solvang.trusted());
  link.trusted.push_back(havbakken.trusted());
  NV_CHECK(std::holds_alternative<wire::Accepted>(
      hub->as_organisation(holder.organisation->card, wire::AnnounceGrant{link.grant})));
  return link;
}

Device& MemoryWorld::enrol(const Holder& holder) {
  devices.push_back(std::make_unique<Device>());
  Device& device = *devices.back();
  device.home = folder.path() + "/device" + std::to_string(devices.size());
  auto opened =
      client::Client::open({device.home, "2468", true, {1, 8}, {}}, clock, entropy, hub->connection());
  NV_CHECK(opened);
  device.client = std::move(*opened);
  NV_CHECK(device->enrol(wire::encode_link(grant(holder)), std::chrono::seconds(5)));
  device.id = device->self()->device;
  settle();
  return device;
}

void MemoryWorld::close(Device& device) { device.client.reset(); }

void MemoryWorld::reopen(Device& device, std::function<bool(std::size_t)> commit_hook) {
  close(device);
  auto opened = client::Client::open({device.home, "2468", false, {1, 8}, std::move(commit_hook)}, clock,
                                     entropy, hub->connection());
  NV_CHECK(opened);
  device.client = std::move(*opened);
}

std::string MemoryWorld::back_up(Device& device) {
  close(device);
  const std::string copy = device.home + ".backup" + std::to_string(clock.now().time_since_epoch().count());
  std::filesystem::copy(device.home, copy, std::filesystem::copy_options::recursive);
  reopen(device);
  settle();
  return copy;
}

void MemoryWorld::restore(Device& device, const std::string& backup) {
  close(device);
  std::filesystem::remove_all(device.home);
  std::filesystem::copy(backup, device.home, std::filesystem::copy_options::recursive);
  reopen(device);
}

MessageId MemoryWorld::smuggle(Device& device, const ConversationId& conversation, wire::Body body) {
  const client::Person self = *device->self();
  close(device);
  client::OutboxItem item;
  item.number = 1'000'000 + static_cast<std::uint64_t>(hub->frames_to_hub);
  item.kind = client::OutKind::kAppend;
  item.queued_at = item.not_before = clock.now();
  client::Message& message = item.message;
  message.conversation = conversation;
  message.id = entropy.make_id<MessageId>();
  message.stored_at = clock.now();
  message.author = self;
  message.own = true;
  message.delivery = client::Delivery::kQueued;
  message.content = {.conversation = conversation,
                     .id = message.id,
                     .author = self.id,
                     .device = self.device,
                     .author_name = self.name,
                     .author_profession = self.profession,
                     .written_at = clock.now(),
                     .mark = {},
                     .body = std::move(body)};
  {
    auto store = client::SqlcipherStore::open({device.home, "2468", false, {1, 8}, {}, false}, clock.now(),
                                              entropy);
    NV_CHECK(store);
    client::Packer key;
    key.u64(item.number);
    client::Outcome outcome;
    outcome.messages.push_back(message);
    outcome.writes.push_back(
        {client::Table::kOutbox, to_bytes(key.view()), client::pack_outbox_item(item)});
    NV_CHECK((*store)->commit(outcome));
  }
  reopen(device);
  settle();
  return message.id;
}

void MemoryWorld::settle(Millis time) {
  const UtcTime until = clock.now() + time;
  int quiet = 0;
  for (int round = 0; quiet < 3 && round < 2'000 && clock.now() < until; ++round) {
    bool busy = false;
    const std::size_t before = hub->frames_to_hub;
    for (auto& device : devices) {
      if (!device->client) continue;
      auto events = device->client->run_once(Millis(0));
      if (!events) continue;  // a store that a test has made fail
      busy = busy || !events->empty();
      device->events.insert(device->events.end(), events->begin(), events->end());
    }
    quiet = busy || hub->frames_to_hub != before ? 0 : quiet + 1;
  }
}

void MemoryWorld::pass(Millis time) {
  const UtcTime until = clock.now() + time;
  while (clock.now() < until) {
    clock.advance(std::min(Millis(until - clock.now()), Millis(500)));
    hub->run();
    settle(Millis(1));
  }
  settle();
}

client::Question MemoryWorld::question(wire::Severity severity) const {
  client::Question out;
  out.severity = severity;
  out.situation = wire::Situation::kPsychosis;
  out.citizen = {"Kaje Test Hansen", "210300-9996"};
  out.alone = true;
  out.callback = "70 10 20 30";
  out.isbar.situation = "Har gået uroligt siden kl. 00.30, hører stemmer. Ikke truende.";
  out.author_name = "Amalie Prøve";
  out.author_profession = "SSA";
  return out;
}

client::Client::Asked MemoryWorld::ask(Device& device) {
  auto asked = device->ask(question());
  NV_CHECK(asked);
  settle();
  return *asked;
}

std::vector<client::Suspicion> MemoryWorld::suspicions() {
  std::vector<client::Suspicion> out;
  for (auto& device : devices) {
    if (!device->client) continue;
    for (auto& suspicion : device->client->suspicions()) out.push_back(suspicion);
  }
  return out;
}

}  // namespace nattevagt::testing
