#include "tests/simulation/base.h"

#include <algorithm>
#include <tuple>

#include "broker/core/record.h"
#include "client-lib/store/sqlcipher_store.h"
#include "proto/common/check.h"
#include "proto/rota/copenhagen.h"
#include "proto/wire/codec.h"
#include "tests/simulation/crypto_memo.h"
#include "tests/support/memory_world.h"

namespace nattevagt::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::MemoryWorld;

// When the clocks change, at 01:00 UTC; and on a plain night the same minute.
constexpr std::array<std::int64_t, kNights> kChanges = {1'792'890'000'000, 1'824'944'400'000,
                                                        1'806'195'600'000, 1'795'570'980'000};
constexpr Millis kDutyChange = seconds(70);  // after the night's beginning
constexpr std::int64_t kTwentyToThree = 1'795'570'800'000;  // DOMAIN 6a: 02.40 on 25 Nov 2026

wire::Target to_role(const RoleId& role) {
  wire::Target out;
  out.kind = wire::TargetKind::kRole;
  out.id.bytes = role.bytes;
  return out;
}

Disk disk_of(client::StoreImage image) {
  Disk out;
  for (auto& row : image.rows) {
    out.rows.emplace(std::pair{row.table, std::move(row.key)},
                     std::make_shared<const Bytes>(to_bytes(row.value.expose())));
  }
  return out;
}

using Roles = std::vector<std::vector<RoleId>>;  // whom each step rings

// Who is behind the seven devices, in the plan's order; and the ladders' rules, said twice: to the hub in the
// roster, to the twin in devices.
struct Cast {
  std::vector<MemoryWorld::Holder> holders;
  Roles steps;                               // of red
  std::map<wire::Severity, Roles> of_others;  // of drawn nights
};

MemoryWorld::Holder& add_person(MemoryWorld& world, MemoryWorld::Holder& out, const RoleId& role) {
  out.person = world.entropy.make_id<PersonId>();
  for (auto& listed : world.havbakken.roster.roles) {
    if (listed.id == role) listed.holders.push_back(out.person);
  }
  return out;
}

// Two phones of the unit; Ida and Lis are rung first, then Rune; the recorder; the neighbour.
Cast short_cast(MemoryWorld& world, LadderRules& rules) {
  MemoryWorld::Holder lis = world.ida;
  lis.name = "Lis Eksempel";
  add_person(world, lis, world.first_role);
  rules = {{{seconds(40), seconds(15), {2, 4}}, {seconds(30), Millis(0), {3}}}, seconds(60), {0, 1}, 0, {}};
  const RoleId &first = world.first_role, &second = world.second_role;
  return {{world.amalie, world.unit_b_second, world.ida, world.rune, lis, world.archive, world.jonas},
          {{first}, {second}},
          {{wire::Severity::kAlarm, {{first, second}, {second}}},
           {wire::Severity::kYellow, {{second}, {first}}},
           {wire::Severity::kGreen, {{first}}}}};
}

// The others' ladders in a drawn night: all at once and then Rune again; Rune before the two; the two alone.
std::map<wire::Severity, LadderRules> other_ladders() {
  return {{wire::Severity::kAlarm,
           {{{seconds(25), seconds(10), {2, 3, 4}}, {seconds(20), Millis(0), {3}}}, seconds(40), {0, 1}, 0, {}}},
          {wire::Severity::kYellow,
           {{{seconds(50), Millis(0), {3}}, {seconds(30), seconds(10), {2, 4}}}, seconds(75), {0, 1}, 1, {}}},
          {wire::Severity::kGreen, {{{seconds(60), seconds(20), {2, 4}}}, seconds(60), {0, 1}, 0, {}}}};
}

// DOMAIN 6a: five minutes for Ida, five for Rune.
Cast advice_cast(MemoryWorld& world, LadderRules& rules) {
  MemoryWorld::Holder lis = world.ida;
  lis.name = "Lis Vagt";
  add_person(world, lis, world.second_role);
  rules = {{{minutes(5), minutes(2), {2}}, {minutes(5), Millis(0), {3, 4}}}, minutes(15), {0, 1}, {}, {}};
  return {{world.amalie, world.unit_b_second, world.ida, world.rune, lis, world.archive, world.jonas},
          {{world.first_role}, {world.second_role}},
          {}};
}

// DOMAIN 6b: Ida has two devices, of which one is off; then Rune and Lis; then the one in charge of the region.
Cast nobody_cast(MemoryWorld& world, LadderRules& rules) {
  MemoryWorld::Holder lis = world.rune, chief = world.rune;
  lis.name = "Lis Vagt";
  add_person(world, lis, world.second_role);
  const auto third_role = world.entropy.make_id<RoleId>();
  world.havbakken.roster.roles.push_back(
      {third_role, world.havbakken.label("regional vagtleder", "", third_role.view()), {}});
  chief.name = "Vagtleder Eksempel";
  add_person(world, chief, third_role);
  rules = {{{minutes(5), minutes(2), {1, 2}}, {minutes(5), Millis(0), {3, 4}}, {minutes(5), Millis(0), {6}}},
           minutes(15),
           {0},
           {},
           {}};
  return {{world.amalie, world.ida, world.ida, world.rune, lis, world.archive, chief},
          {{world.first_role}, {world.second_role}, {third_role}},
          {}};
}

Cast make_cast(int night, MemoryWorld& world, LadderRules& rules) {
  if (night >= kDuty) return short_cast(world, rules);
  if (night >= kStoryB) return nobody_cast(world, rules);
  return night >= kStoryA ? advice_cast(world, rules) : short_cast(world, rules);
}

void set_times(Base& base, int night) {
  const UtcTime change = from_unix_ms(kChanges[static_cast<std::size_t>(night % kNights)]);
  base.change = change;
  if (night >= kStoryB && night < kDuty) {
    base.starts = change - minutes(14) - seconds(50);  // asked at 00:48:10 UTC
    base.night_end = minutes(75);
  } else if (night >= kStoryA && night < kDuty) {
    // The advice is given in the minute of the change; on the plain night it is asked at 02.40.
    const bool plain = night % kNights == 3;
    base.starts = plain ? from_unix_ms(kTwentyToThree) - minutes(3) : change - minutes(13);
    base.night_end = minutes(35);
  } else {
    base.starts = change - minutes(3);
    base.trouble_end = kTroubleEnd;
    base.people_end = kTroubleEnd + seconds(20);
    base.night_end = seconds(450);
    return;
  }
  base.starts -= seconds(1);  // a plan's time begins a second after the night
  base.people_end = base.night_end - minutes(5);
  base.trouble_end = base.people_end;
}

// Lis all day; Ida from the change on.
void publish_rota(MemoryWorld& world, const DutyRules& duty) {
  const auto today = rota::to_local(world.clock.now()).day;
  wire::Rota rota;
  rota.issued_at = world.clock.now();
  wire::RoleRota plan;
  plan.role = duty.role;
  plan.windows = {{wire::kEveryDay, 0, 0}};
  plan.duties = {{1, today - std::chrono::days(7), {}, 1, {{duty.persons[4]}}}};
  rota.roles = {plan};
  rota.overrides = {{wire::OverrideKind::kChange, duty.role, duty.change, duty.change + std::chrono::hours(8),
                     {duty.persons[2]}, {}}};
  const auto document = world.havbakken.sign(wire::DocumentKind::kRota, 1, wire::encode(rota));
  NV_CHECK(std::holds_alternative<wire::Accepted>(
      world.hub->as_organisation(world.havbakken.card, wire::PublishDocument{document})));
  world.settle();
}

wire::Ladder ladder_of(const LadderId& id, const LadderRules& rules, const Roles& roles) {
  wire::Ladder out{id, {}, rules.advice_within};
  for (std::size_t i = 0; i < roles.size(); ++i) {
    wire::LadderStep step{rules.steps[i].wait, rules.steps[i].repeat, {}};
    for (const RoleId& role : roles[i]) step.targets.push_back(to_role(role));
    out.steps.push_back(std::move(step));
  }
  return out;
}

// The unit's, one for each severity; in the stories there is but red's.
void put_ladders(Base& base, const Cast& cast, wire::Roster& roster) {
  base.red = roster.ladders[0].id;
  roster.ladders[0] = ladder_of(base.red, base.ladder, cast.steps);
  base.ladders = cast.of_others.empty() ? std::map<wire::Severity, LadderRules>{} : other_ladders();
  if (!cast.of_others.empty()) roster.units[0].ladders = {{wire::Severity::kRed, base.red}};
  for (const auto& [severity, rules] : base.ladders) {
    LadderId id = base.red;
    id.bytes[0] ^= static_cast<std::uint8_t>(severity);
    roster.ladders.push_back(ladder_of(id, rules, cast.of_others.at(severity)));
    roster.units[0].ladders.push_back({severity, id});
  }
  base.ladders.emplace(wire::Severity::kRed, base.ladder);
}

std::unique_ptr<Base> make(int night) {
  const MakingBase making;
  auto out = std::make_unique<Base>();
  set_times(*out, night);
  out->has_neighbour = night < kStoryB || night >= kDuty;
  const UtcTime starts = out->starts;
  // Enrolled an hour before: wall clocks of the night may be wrong by minutes.
  MemoryWorld world(77, starts - std::chrono::hours(1));
  const Cast cast = make_cast(night, world, out->ladder);
  world.publish(world.havbakken);
  put_ladders(*out, cast, world.solvang.roster);
  world.publish(world.solvang);

  const auto& holders = cast.holders;
  std::vector<testing::Device*> enrolled;
  for (const auto& holder : holders) enrolled.push_back(&world.enrol(holder));
  world.settle();
  if (night >= kDuty) {
    out->duty = DutyRules{world.first_role, {}, 4, 2, starts + kDutyChange, seconds(40), seconds(60), {}};
    for (std::size_t i = 0; i < holders.size(); ++i) out->duty->persons[i] = holders[i].person;
    for (auto& [severity, rules] : out->ladders) {
      auto& targets = rules.steps[*rules.rota_step].targets;
      for (const int device : {out->duty->before, out->duty->after}) targets.erase(device);
    }
    out->ladder = out->ladders[wire::Severity::kRed];
    publish_rota(world, *out->duty);
    NV_CHECK((*enrolled[4])->check_in(world.first_role));
    world.settle();
  }
  for (std::size_t i = 0; i < holders.size(); ++i) {
    BaseDevice device;
    device.id = enrolled[i]->id;
    device.person = holders[i].person;
    device.unit = holders[i].unit;
    device.recorder = holders[i].kind == wire::HolderKind::kRecorder;
    world.close(*enrolled[i]);
    auto store = client::SqlcipherStore::open({enrolled[i]->home, "2468", false, {}, {}, false}, starts,
                                              world.entropy);
    NV_CHECK(store);
    auto image = (*store)->load();
    NV_CHECK(image);
    device.disk = disk_of(std::move(*image));
    client::ClientCore core(world.entropy);
    NV_CHECK(device.disk.wake(core, starts));
    device.key = curve_public_key(core.link_wanted()->key);
    wire::Revocations revocations{starts, {device.id}};
    device.revocation =
        holders[i].organisation->sign(wire::DocumentKind::kRevocations, 1, wire::encode(revocations));
    out->devices.push_back(std::move(device));
  }
  NV_CHECK(out->devices.size() == kDevices);
  out->config = world.hub->config();
  if (out->duty) {
    out->config.duty = {out->duty->check_in_within, out->duty->silent_after};
    out->duty->cards = out->config.organisations;
  }
  out->sign_seed = to_bytes(world.hub->sign_key().seed().expose());
  out->snapshot = world.hub->core().snapshot();
  const auto live = world.hub->core().live_records();
  out->audit_end = world.hub->core().audit_point();
  for (const broker::Record& record : world.hub->journal()) {
    for (const wire::AuditLine& line : record.audit) NV_CHECK(out->audit.take(line.text));
    if (std::binary_search(live.begin(), live.end(), record.index)) out->bodies[record.index] = record.bodies;
    const auto fact = broker::decode_fact(record.meta);
    NV_CHECK(fact);
    if (const auto* package = std::get_if<broker::KeyPackageAdded>(&*fact)) {
      out->devices[package->device].key_package = record.bodies[0];
    }
  }
  return out;
}

}  // namespace

void Disk::commit(const client::Outcome& outcome) {
  for (const client::StoreWrite& write : outcome.writes) {
    const std::pair key{write.table, write.key};
    Row row = write.value ? std::make_shared<const Bytes>(to_bytes(write.value->expose())) : nullptr;
    rows.insert_or_assign(key, std::move(row));
  }
  for (const client::Message& message : outcome.messages) {
    const auto [found, fresh] = messages.try_emplace({message.conversation, message.id});
    StoredMessage& stored = found->second;
    const client::Delivery before = stored.message.delivery;
    if (fresh) stored.number = ++inserted;
    stored.message = message;
    if (!fresh) stored.message.delivery = std::max(before, message.delivery);
  }
  for (const client::DeliveryWrite& write : outcome.deliveries) {
    const auto found = messages.find({write.conversation, write.id});
    if (found == messages.end()) continue;
    found->second.message.delivery = std::max(found->second.message.delivery, write.delivery);
  }
}

Status Disk::wake(client::ClientCore& core, UtcTime now) const {
  client::StoreImage image;
  const auto add = [&](const auto& entry) {
    if (entry.second == nullptr) return;
    image.rows.push_back({entry.first.first, entry.first.second, SecretBytes(ByteView(*entry.second))});
  };
  static const Rows kNothing;
  auto changed = rows.begin();
  for (const auto& entry : from == nullptr ? kNothing : *from) {  // both are in order
    for (; changed != rows.end() && changed->first < entry.first; ++changed) add(*changed);
    if (changed == rows.end() || changed->first != entry.first) add(entry);
  }
  for (; changed != rows.end(); ++changed) add(*changed);
  NV_TRYV(core.restore(image, now));
  std::vector<const StoredMessage*> order;
  for (const auto& [key, stored] : messages) order.push_back(&stored);
  // As SqlcipherStore::each_message gives them.
  std::sort(order.begin(), order.end(), [](const StoredMessage* a, const StoredMessage* b) {
    const auto place = [](const StoredMessage* s) {
      return std::tuple(s->message.conversation, s->message.seq == 0, s->message.seq, s->number);
    };
    return place(a) < place(b);
  });
  for (const StoredMessage* stored : order) core.restore_message(stored->message);
  return {};
}

const Base& base_of(int night) {
  static std::array<std::unique_ptr<Base>, kBases> bases;
  auto& base = bases[static_cast<std::size_t>(night)];
  if (!base) base = make(night);
  return *base;
}

}  // namespace nattevagt::simulation
