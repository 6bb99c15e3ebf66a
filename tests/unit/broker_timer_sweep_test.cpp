// Every timer of duty of thirty years, and ladders on many of its nights, those in which the clocks change among
// them: the core is woken at next_deadline() and at no other time, and each timer fires once, at its own instant
// of UTC. What is expected comes from the C library's clock and a plan written out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <tuple>

#include "broker/core/record.h"
#include "proto/common/limits.h"
#include "tests/unit/broker_world.h"
#include "tests/unit/rota_wall.h"

namespace nattevagt::broker::testing {
namespace {

using namespace std::chrono;
using rota::testing::on;
using wire::AlertState;
using wire::DutyTrouble;
using wire::LocalDay;
using wire::NoticeKind;

constexpr minutes kEvening = hours(15), kNight = hours(23), kMiddle = hours(2) + minutes(30),
                  kMorning = hours(7);
constexpr Millis kDueWithin = minutes(10), kLadderEnds = minutes(12) + seconds(30);

struct Shift {
  RoleId role;
  PersonId person;
  UtcTime from, until;
  bool last = false;  // nobody comes after her
};
enum class Timer { kAsked, kSilent, kNotCheckedIn, kOver, kNobody };
using Fired = std::tuple<UtcTime, Timer, RoleId, PersonId>;  // of a role: no person

std::string text_of(const Fired& fired) {
  return utc_text(std::get<0>(fired)) + ", timer " + std::to_string(static_cast<int>(std::get<1>(fired)));
}

// What an alert has done, by the time since it was raised.
struct Climb {
  struct Move {
    Millis since{};
    AlertState state{};
    std::uint32_t step = 0;
    friend bool operator==(const Move&, const Move&) = default;
  };
  UtcTime raised;
  DeviceNumber joins = 0;  // comes on duty a minute after
  std::vector<Move> moves;
  std::optional<std::uint32_t> repeat;
  std::vector<Millis> joined;  // its first notice in the first step

  void take(UtcTime at, const AlertChange& change) {
    const AlertProgress& now = change.progress;
    const Move move{at - raised, now.state, now.step};
    const bool same = !moves.empty() && moves.back().state == move.state && moves.back().step == move.step;
    if (!same || repeat != now.repeat) moves.push_back(move);
    repeat = now.repeat;
    for (const Post& post : change.posts) {
      const bool hers = std::count(post.devices.begin(), post.devices.end(), joins) != 0;
      if (post.kind == NoticeKind::kFirst && hers && now.step == 0) joined.push_back(move.since);
    }
  }
};
std::ostream& operator<<(std::ostream& out, const Climb::Move& move) {
  return out << move.since.count() << " ms: state " << static_cast<int>(move.state) << ", step " << move.step;
}

// Of `first` Ida has the evenings, Rune and Lis the nights a week each; of `second` Mia has the nights to half
// past two and Nor has the rest. Nobody checks in and nobody's device says a word: so each shift has all its
// timers. A year of it, from noon on 1 October.
class Year {
 public:
  explicit Year(int year, rota::testing::Wall& wall)
      : wall_(wall), world_(static_cast<std::uint64_t>(year), 1, {}) {
    world_.checks = false;  // at the end
    world_.now = rota::testing::utc(year, 10, 1, 11);
    for (std::size_t i = 0; i < kEverybody; ++i) {
      DeviceWish wish{.certificate_lifetime = hours(24 * 800)};
      if (i == kHouse)
        wish = {.unit = unit_, .kind = wire::HolderKind::kUnit, .certificate_lifetime = hours(24 * 800)};
      people_.push_back(world_.enrol(wish));
      world_.connect(people_.back());
    }
    publish();
    forget();
  }

  // From noon to noon.
  void night_of(LocalDay day, bool with_ladders) {
    const bool odd = ((day - on(2026, 1, 5)).count() / 7) % 2 != 0;
    const std::size_t at_night = odd ? kLis : kRune;
    const UtcTime evening = first_instant(day, kEvening), night = first_instant(day, kNight);
    const UtcTime middle = first_instant(day + days(1), kMiddle),
                  morning = first_instant(day + days(1), kMorning);
    expect({first_, people_[kIda].person, evening, night});
    expect({first_, people_[at_night].person, night, morning, true});
    expect({second_, people_[kMia].person, night, middle});
    expect({second_, people_[kNor].person, middle, morning, true});
    if (with_ladders) {
      climb(night - minutes(1), wire::Severity::kRed, at_night);
      climb(middle - minutes(1), wire::Severity::kYellow, kNor);
      // Autumn: one whose timers lie on both sides of the change.
      const UtcTime change = UtcTime((day + days(1)).time_since_epoch()) + hours(1);
      if (wall_.offset(change - hours(1)) > wall_.offset(change)) {
        climb(change - minutes(3), wire::Severity::kYellow, kHouse);
      }
    }
    world_.advance(first_instant(day + days(1), hours(12)) - world_.now);
    if ((day.time_since_epoch().count() % 7) == 0) settle();
  }

  void finish() {
    settle();
    std::sort(expected_.begin(), expected_.end());
    std::sort(fired_.begin(), fired_.end());
    for (std::size_t i = 0; i < std::max(expected_.size(), fired_.size()); ++i) {
      ASSERT_LT(i, fired_.size()) << "did not fire: " << text_of(expected_[i]);
      ASSERT_LT(i, expected_.size()) << "fired: " << text_of(fired_[i]);
      ASSERT_EQ(fired_[i], expected_[i])
          << "fired: " << text_of(fired_[i]) << "; expected: " << text_of(expected_[i]);
    }
    for (const auto& [alert, climbed] : climbs_) check(climbed);
  }
  std::size_t timers() const { return expected_.size(); }
  std::size_t climbs() const { return climbs_.size(); }

 private:
  enum Who : std::size_t { kHouse, kIda, kRune, kLis, kMia, kNor, kEverybody };

  void publish() {
    wire::Roster roster;
    roster.roles = {
        {first_, Bytes(50, 1), {people_[kIda].person, people_[kRune].person, people_[kLis].person}},
        {second_, Bytes(50, 2), {people_[kMia].person, people_[kNor].person}}};
    const auto ladder = [&](LadderId id, RoleId begins, RoleId goes_on) {
      return wire::Ladder{
          id,
          {{minutes(5), minutes(2), {to_role(begins)}}, {minutes(5), Millis(0), {to_role(goes_on)}}},
          minutes(15)};
    };
    roster.ladders = {ladder(red_, first_, second_), ladder(yellow_, second_, first_)};
    roster.units = {
        {unit_, Bytes(50, 3), {{wire::Severity::kRed, red_}, {wire::Severity::kYellow, yellow_}}}};
    ASSERT_TRUE(world_.publish_roster(roster).accepted());
    const auto minute = [](minutes clock) { return static_cast<std::uint16_t>(clock.count()); };
    const LocalDay since = on(2026, 1, 1);
    wire::RoleRota first, second;
    first.role = first_;
    first.windows = {{wire::kEveryDay, minute(kEvening), minute(kNight)},
                     {wire::kEveryDay, minute(kNight), minute(kMorning)}};
    first.duties = {{1, since, {}, 1, {{people_[kIda].person}}},
                    {2, on(2026, 1, 5), {}, 7, {{people_[kRune].person}, {people_[kLis].person}}}};
    second.role = second_;
    second.windows = {{wire::kEveryDay, minute(kNight), minute(kMiddle)},
                      {wire::kEveryDay, minute(kMiddle), minute(kMorning)}};
    second.duties = {{1, since, {}, 1, {{people_[kMia].person}}},
                     {2, since, {}, 1, {{people_[kNor].person}}}};
    wire::Rota rota;
    rota.roles = {first, second};
    ASSERT_TRUE(world_.publish_rota(rota).accepted());
    world_.advance(Millis(0));
  }

  // The first instant at which a clock on the wall shows this time or, where there is none such, a later one.
  UtcTime first_instant(LocalDay day, minutes clock) {
    UtcTime t = UtcTime(day.time_since_epoch()) + clock - hours(3);
    for (;; t += minutes(30)) {
      const rota::LocalTime shown = wall_.local(t);
      if (std::tuple(shown.day, shown.since_midnight) >= std::tuple(day, clock)) return t;
    }
  }

  void expect(const Shift& shift) {
    expected_.emplace_back(shift.from - limits::kCheckInAhead, Timer::kAsked, shift.role, shift.person);
    expected_.emplace_back(shift.from, Timer::kSilent, shift.role, PersonId{});
    expected_.emplace_back(shift.from + kDueWithin, Timer::kNotCheckedIn, shift.role, PersonId{});
    expected_.emplace_back(shift.until, Timer::kOver, shift.role, shift.person);
    if (shift.last) expected_.emplace_back(shift.until, Timer::kNobody, shift.role, PersonId{});
  }

  // A call that nobody answers and the unit withdraws.
  void climb(UtcTime at, wire::Severity severity, std::size_t joins) {
    world_.advance(at - world_.now);
    wire::Raise raise = world_.make_raise(unit_, severity == wire::Severity::kRed ? red_ : yellow_,
                                          {&people_[kIda], &people_[kNor]});
    raise.role_asked = severity == wire::Severity::kRed ? first_ : second_;
    raise.severity = severity;
    climbs_[raise.alert] = {at, static_cast<DeviceNumber>(joins), {}, {}, {}};
    ASSERT_TRUE(world_.ask(people_[kHouse], raise).leaf.has_value());
    world_.advance(kLadderEnds);
    const wire::Act withdraws{raise.alert, wire::ActKind::kWithdraw, world_.id<MessageId>(), 1, Bytes(64, 2)};
    ASSERT_TRUE(world_.ask(people_[kHouse], withdraws).leaf.has_value());
  }

  static void check(const Climb& climbed) {
    const auto climbs = AlertState::kEscalating, loud = AlertState::kExhausted;
    std::vector<Climb::Move> moves{
        {Millis(0), climbs, 0},  {minutes(1), climbs, 0}, {minutes(2), climbs, 0},
        {minutes(4), climbs, 0}, {minutes(5), climbs, 1}, {minutes(10), loud, 1},
        {minutes(11), loud, 1},  {minutes(12), loud, 1},  {kLadderEnds, AlertState::kWithdrawn, 1}};
    std::vector<Millis> joined{minutes(1)};
    if (climbed.joins == kHouse) {
      moves.erase(moves.begin() + 1);
      joined.clear();
    }
    EXPECT_EQ(climbed.moves, moves) << utc_text(climbed.raised);
    EXPECT_EQ(climbed.joined, joined) << utc_text(climbed.raised);
  }

  // What the journal says has happened; and the devices acknowledge, at noon, when nobody is on duty.
  void settle() {
    for (const TestDevice& device : people_) {
      world_.ack_all(device);
      world_.take_mail(device);
    }
    for (const Record& record : world_.journal) take(record);
    forget();
  }
  void take(const Record& record) {
    const auto fact = decode_fact(record.meta);
    ASSERT_TRUE(fact);
    if (const auto* asked = std::get_if<CheckInAsked>(&*fact)) {
      EXPECT_EQ(asked->from, record.at + limits::kCheckInAhead);
      EXPECT_EQ(asked->due_at, asked->from + kDueWithin);
      fired_.emplace_back(record.at, Timer::kAsked, asked->role, asked->person);
    } else if (const auto* over = std::get_if<ShiftEnded>(&*fact)) {
      fired_.emplace_back(record.at, Timer::kOver, over->role, over->person);
    } else if (const auto* doubted = std::get_if<DutyDoubted>(&*fact)) {
      const bool silent = doubted->trouble == DutyTrouble::kSilent;
      const bool nobody = doubted->trouble == DutyTrouble::kNone;
      fired_.emplace_back(record.at,
                          nobody   ? Timer::kNobody
                          : silent ? Timer::kSilent
                                   : Timer::kNotCheckedIn,
                          doubted->role, PersonId{});
    } else if (const auto* raised = std::get_if<AlertRaised>(&*fact)) {
      climbs_.at(raised->facts.alert).take(record.at, raised->change);
    } else if (const auto* stepped = std::get_if<AlertStepped>(&*fact)) {
      climbs_.at(stepped->alert).take(record.at, stepped->change);
    } else if (const auto* acted = std::get_if<AlertActed>(&*fact)) {
      if (acted->change) climbs_.at(acted->alert).take(record.at, *acted->change);
    }
  }
  void forget() {
    world_.snapshot = {world_.core->last_index(), world_.core->snapshot()};
    world_.journal.clear();
  }

  rota::testing::Wall& wall_;
  World world_;
  const UnitId unit_ = world_.id<UnitId>();
  const RoleId first_ = world_.id<RoleId>(), second_ = world_.id<RoleId>();
  const LadderId red_ = world_.id<LadderId>(), yellow_ = world_.id<LadderId>();
  std::vector<TestDevice> people_;  // by Who, which is the hub's number of each as well
  std::vector<Fired> expected_, fired_;
  std::map<AlertId, Climb> climbs_;
};

TEST(TimerSweep, EveryDutyTimerOfThirtyYearsFiresOnceAtItsInstantAndLaddersDo) {
  rota::testing::Wall wall;
  std::size_t nights = 0, changes = 0, timers = 0, climbs = 0;
  for (int y = 2026; y < 2056; ++y) {
    Year year(y, wall);
    for (LocalDay day = on(y, 10, 1); day < on(y + 1, 10, 1); day += days(1)) {
      const UtcTime midnight = UtcTime((day + days(1)).time_since_epoch());
      const bool change = wall.offset(midnight) != wall.offset(midnight + hours(2));
      changes += change ? 1 : 0;
      year.night_of(day, change || nights % 61 == 0);
      ++nights;
    }
    year.finish();
    if (::testing::Test::HasFatalFailure()) return;
    timers += year.timers();
    climbs += year.climbs();
  }
  EXPECT_EQ(nights, 10'958U);
  EXPECT_EQ(changes, 60U);
  EXPECT_EQ(timers, nights * 18);
  EXPECT_GT(climbs, 2 * (changes + 30) + 170);
}

}  // namespace
}  // namespace nattevagt::broker::testing
