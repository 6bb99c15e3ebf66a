// People, and what a plan's items do.
#include <algorithm>
#include <utility>

#include "proto/common/check.h"
#include "proto/common/hash.h"
#include "tests/simulation/simulation.h"

namespace nattevagt::simulation {

using std::chrono::seconds;

constexpr Millis kSwapped = std::chrono::hours(4);  // of Ida's duty

void Simulation::item(const Item& item) {
  scripted_ = item.what;
  switch (item.what) {
    case What::kAsk: return ask(item.who, item.amount);
    case What::kSay: return say(item.who, item.amount);
    case What::kInvite: {
      const auto& unit = base_.devices[static_cast<std::size_t>(item.amount)].unit;
      if (alerts_.empty() || !unit) return;
      wire::Target target;
      target.kind = wire::TargetKind::kUnit;
      target.id.bytes = unit->bytes;
      oracles_.person_invites(static_cast<int>(item.amount));
      node(item.who).use(t_, [&](client::ClientCore& core, UtcTime now) {
        return core.invite(rooms_[alerts_.front()], target, now).has_value();
      });
      return;
    }
    case What::kWithdraw:
    case What::kReserve: {
      if (alerts_.empty()) return;
      const AlertId alert = alerts_.front();
      oracles_.person_ends(alert);
      says(item.who, [&](client::ClientCore& core, UtcTime now) {
        if (item.what == What::kWithdraw) {
          return core.act(alert, wire::ActKind::kWithdraw, wire::Withdraw{alert, std::string(kPlanted[2])},
                          now);
        }
        return core.act(alert, wire::ActKind::kReserveUsed, wire::ReserveUsed{alert, "112"}, now);
      });
      return;
    }
    case What::kCrash:
    case What::kDiskFull:
    case What::kCut:
    case What::kPartition:
    case What::kPause:
    case What::kClockJump:
    case What::kLose:
    case What::kLieEntry:
    case What::kLieTake:
    case What::kLieFork:
    case What::kLieDrop:
    case What::kLieSwap:
    case What::kLieAdd:
    case What::kReplay:
    case What::kNewer:
    case What::kUnsupported: return fault(item);
    case What::kTake:
    case What::kAdvise:
    case What::kReadBack:
    case What::kJudge:
    case What::kDone:
    case What::kSee:
    case What::kClose:
    case What::kJournal:
    case What::kObserve:
    case What::kDoseAgain: return script(item);
    case What::kTakeOver:
    case What::kSwap: return change_duty(item);
  }
}

void Simulation::fault(const Item& item) {
  const Millis amount(item.amount);
  const bool hub = item.who == kHub;
  if (hub) {
    oracles_.hub_trouble();
  } else {
    oracles_.device_trouble(item.who);
  }
  switch (item.what) {
    case What::kCrash:
      if (hub) {
        hub_process_.crash_in = item.amount;
        if (item.amount == 0) hub_.crash();
      } else {
        process(item.who).crash_in = item.amount;
        if (item.amount == 0) node(item.who).crash();
      }
      return;
    case What::kDiskFull:
      if (hub) {
        hub_disk_full_ = true;
      } else {
        node(item.who).fill_disk(true);
      }
      return push(t_ + amount, Event::Kind::kDiskEnd, item.who);
    case What::kCut: return cut(item.who, amount / 4, amount);
    case What::kPartition:
      for (int d = 0; d < kDevices; ++d) {
        if (!hub && d != item.who) continue;
        link(d).blocked_until = t_ + amount;
        cut(d, Millis(static_cast<std::int64_t>(link(d).trouble.below(5'000))),
            Millis(static_cast<std::int64_t>(link(d).trouble.below(20'000))));
      }
      return;
    case What::kPause: {
      Millis& until = (hub ? hub_process_ : process(item.who)).paused_until;
      until = std::max(until, t_ + amount);  // a second pause ends no earlier than the first
      return hub ? oracles_.hub_trouble(t_ + amount) : oracles_.device_trouble(item.who, t_ + amount);
    }
    case What::kClockJump: (hub ? hub_process_ : process(item.who)).wall_offset += amount; return;
    case What::kLose:
      process(item.who).off = true;
      oracles_.device_lost(item.who);
      node(item.who).crash();
      return push(t_ + amount, Event::Kind::kRevoke, item.who);
    case What::kLieEntry:
    case What::kLieTake:
    case What::kLieFork:
    case What::kLieDrop:
    case What::kLieSwap:
    case What::kLieAdd: deceits_[static_cast<std::size_t>(item.who)].armed = item.what; return;
    case What::kReplay: return replay(item.who, item.amount);
    case What::kNewer: (hub ? hub_is_newer_ : newer_[static_cast<std::size_t>(item.who)]) = true; return;
    case What::kUnsupported:
      unsupported_[static_cast<std::size_t>(item.who)] = true;
      return push(t_ + amount, Event::Kind::kUpdated, item.who);
    case What::kAsk:
    case What::kSay:
    case What::kInvite:
    case What::kWithdraw:
    case What::kReserve:
    case What::kTake:
    case What::kAdvise:
    case What::kReadBack:
    case What::kJudge:
    case What::kDone:
    case What::kSee:
    case What::kClose:
    case What::kJournal:
    case What::kObserve:
    case What::kDoseAgain:
    case What::kTakeOver:
    case What::kSwap: return;
  }
}

// The right program is there, and is started.
void Simulation::updated(int device) {
  if (!std::exchange(unsupported_[static_cast<std::size_t>(device)], false)) return;
  node(device).crash();
}

void Simulation::disk_has_room(int who) {
  if (who == kHub) {
    hub_disk_full_ = false;
    return oracles_.hub_trouble();
  }
  node(who).fill_disk(false);
  oracles_.device_trouble(who);
}

// ---- What people do

// About the usual citizen, one with an e-CPR, or one whom nobody knows.
void Simulation::ask(int device, std::int64_t amount) {
  const std::int64_t about = amount % kSeverityTimes;
  wire::AdviceRequest request;
  request.severity = severity_of(amount);
  request.kind = wire::Situation::kPsychosis;
  if (about == 0) request.citizen = {std::string(kPlanted[0]), std::string(kPlanted[1])};
  if (about == 1) request.citizen = {std::string(kPlanted[0]), std::string(kErstatningsCpr)};
  request.alone = true;
  request.callback = "70 10 20 30";
  request.isbar.situation = std::string(kPlanted[2]);
  std::optional<client::ClientCore::Asked> asked;
  const bool done = node(device).use(t_, [&](client::ClientCore& core, UtcTime now) {
    if (!core.set_author("Amalie Prøve", "SSA")) return false;
    const auto made = core.ask(request, now);
    if (made) asked = *made;
    return made.has_value();
  });
  if (asked) oracles_.severity_is(asked->alert, request.severity);
  all_done_.push_back({t_, device, What::kAsk, done, done ? std::optional(asked->message) : std::nullopt});
  if (!done) return;
  alerts_.push_back(asked->alert);
  rooms_[asked->alert] = asked->conversation;
  oracles_.person_asks(device, asked->alert, asked->conversation, asked->message, t_);
}

bool Simulation::says(int device,
                      const std::function<Result<MessageId>(client::ClientCore&, UtcTime)>& what) {
  std::optional<MessageId> message;
  const bool done = node(device).use(t_, [&](client::ClientCore& core, UtcTime now) {
    const auto made = what(core, now);
    if (made) message = *made;
    return made.has_value();
  });
  if (done) oracles_.person_says(device, {}, *message);
  all_done_.push_back({t_, device, scripted_, done, message});
  return done;
}

void Simulation::say(int device, std::int64_t which) {
  if (alerts_.empty()) return;
  const ConversationId room = rooms_[alerts_[static_cast<std::size_t>(which) % alerts_.size()]];
  says(device, [&](client::ClientCore& core, UtcTime now) {
    return core.send(room, wire::Text{std::string(kPlanted[2])}, now);
  });
}

void Simulation::later(int device, Event::Kind kind, std::uint64_t low_ms, std::uint64_t high_ms,
                       AlertId alert, MessageId message) {
  if (plan_.habits[device] == Habit::kScript) return;
  // By what it is about, so that another thing that is left out moves no one's hand.
  const std::uint64_t number = drawn_[{device, kind}]++;
  Draw draw(plan_.seed, Stream::kPeople,
            static_cast<std::uint64_t>(device) << 32 | static_cast<std::uint64_t>(kind) << 16 | number);
  Event event;
  event.at = t_ + Millis(static_cast<std::int64_t>(draw.between(low_ms, high_ms)));
  if (event.at > base_.people_end) return;
  event.kind = kind;
  event.device = device;
  event.alert = alert;
  event.message = message;
  push(std::move(event));
}

void Simulation::shown(int device, const client::Event& event) {
  const bool of_unit = base_.devices[static_cast<std::size_t>(device)].unit.has_value();
  if (plan_.night >= kNights && plan_.night < kDuty) all_shown_.push_back({t_, device, event});
  if (const auto* changed = std::get_if<client::AlertChanged>(&event)) {
    const AlertId alert = changed->alert.view.alert;
    const auto& taken = changed->alert.taken_by;
    if (changed->notice != wire::NoticeKind::kNone && changed->alert.may_take) {
      later(device, Event::Kind::kReact, 1'000, 50'000, alert);
    }
    const bool ours = taken && taken->device == base_.devices[static_cast<std::size_t>(device)].id;
    if (ours && plan_.habits[device] == Habit::kAnswers && advised_.emplace(device, alert).second) {
      later(device, Event::Kind::kAdvise, 1'000, 50'000, alert);
    }
    return;
  }
  if (std::holds_alternative<client::CheckInDue>(event)) {
    if (plan_.habits[device] != Habit::kIgnores) later(device, Event::Kind::kCheckIn, 1'000, 60'000, {});
    return;
  }
  if (const auto* news = std::get_if<client::DutyNews>(&event)) {
    MessageId about;
    about.bytes = news->change.id.bytes;
    const bool asked = news->change.waits_for_us && plan_.habits[device] == Habit::kAnswers;
    if (asked) later(device, Event::Kind::kAcceptSwap, 500, 20'000, {}, about);
    return;
  }
  const auto* shown = std::get_if<client::NewMessage>(&event);
  if (shown == nullptr) return;
  const client::Message& message = shown->message;
  note_shown(device, message);
  if (const auto* advice = std::get_if<wire::Advice>(&message.content.body)) {
    if (!of_unit) return;
    later(device, advice->read_back_required ? Event::Kind::kReadBack : Event::Kind::kFinish, 500, 15'000,
          advice->alert, message.id);
  } else if (const auto* read = std::get_if<wire::ReadBack>(&message.content.body)) {
    static_cast<void>(read);
    if (!of_unit) later(device, Event::Kind::kJudge, 500, 8'000, {}, message.id);
  } else if (const auto* verdict = std::get_if<wire::ReadBackVerdict>(&message.content.body)) {
    if (of_unit && verdict->correct && !alerts_.empty()) {
      later(device, Event::Kind::kFinish, 500, 8'000, alerts_.front(), message.id);
    }
  } else if (person(device).one_in(3)) {
    later(device, Event::Kind::kSee, 100, 5'000, {}, message.id);
  }
}

void Simulation::react(const Event& event) {
  const AlertId alert = event.alert;
  const Habit habit = plan_.habits[event.device];
  if (habit == Habit::kIgnores) return;
  if (habit == Habit::kDeclines) {
    oracles_.person_declines(event.device, alert);
    says(event.device, [&](client::ClientCore& core, UtcTime now) {
      return core.act(alert, wire::ActKind::kDecline, wire::Decline{alert, std::string(kPlanted[2])}, now);
    });
    return;
  }
  press_take(event.device, alert);
}

void Simulation::check_in(const Event& event) {
  node(event.device).use(t_, [&](client::ClientCore& core, UtcTime now) {
    bool said = false;
    for (const client::CheckInView& asked : core.check_ins(now)) said = core.check_in(asked.role, now) || said;
    return said;
  });
}

void Simulation::change_duty(const Item& item) {
  if (!base_.duty) return;
  const DutyRules& duty = *base_.duty;
  node(item.who).use(t_, [&](client::ClientCore& core, UtcTime now) {
    if (item.what == What::kTakeOver) return core.take_over(duty.role, std::nullopt, now).has_value();
    // What is left of Lis' duty, or all of Ida's.
    client::SwapRequest wanted{duty.role, std::max(now, duty.change), duty.change + kSwapped, std::nullopt};
    if (item.who == duty.before) wanted.from = now;
    if (item.who == duty.before) wanted.until = duty.change;
    const int other = item.who == duty.before ? duty.after : duty.before;
    if (item.amount == 0) wanted.takes = duty.persons[static_cast<std::size_t>(other)];
    return core.ask_swap(wanted, now).has_value();
  });
}

void Simulation::accept_swap(const Event& event) {
  DutyChangeId about;
  about.bytes = event.message.bytes;
  node(event.device).use(t_, [&](client::ClientCore& core, UtcTime now) {
    return core.accept_swap(about, now).has_value();
  });
}

void Simulation::press_take(int device, const AlertId& alert) {
  oracles_.person_takes(device, alert);
  says(device, [&](client::ClientCore& core, UtcTime now) {
    return core.act(alert, wire::ActKind::kTake, wire::Take{alert}, now);
  });
}

void Simulation::note_shown(int device, const client::Message& message) {
  const auto d = static_cast<std::size_t>(device);
  if (std::holds_alternative<wire::Seen>(message.content.body)) return;
  last_shown_[d] = message.id;
  if (std::holds_alternative<wire::Advice>(message.content.body)) last_advice_[d] = message.id;
  if (std::holds_alternative<wire::ReadBack>(message.content.body)) last_read_back_[d] = message.id;
}

void Simulation::script(const Item& item) {
  if (alerts_.empty()) return;
  const AlertId alert = alerts_.front();
  const auto d = static_cast<std::size_t>(item.who);
  const std::string words(kPlanted[2]);
  scripted_ = item.what;
  const auto act = [&](wire::ActKind kind, wire::Body body) {
    says(item.who, [&](client::ClientCore& core, UtcTime now) { return core.act(alert, kind, body, now); });
  };
  if (item.what == What::kTake) return press_take(item.who, alert);
  if (item.what == What::kAdvise) {
    wire::Advice advice{alert, words, item.amount != 0, std::nullopt};
    if (item.amount != 0) advice.medicine = wire::Medicine{"oxazepam", "15 mg", "nu", "30 mg"};
    const auto rounds_end = base_.starts + t_ + std::chrono::minutes(30);
    if (item.amount == 2) advice.rounds = wire::Rounds{std::chrono::minutes(5), rounds_end};
    act(wire::ActKind::kAdvise, advice);
  } else if (item.what == What::kClose) {
    oracles_.person_ends(alert);
    act(wire::ActKind::kClose, wire::Close{alert});
  } else if (item.what == What::kJournal) {
    says(item.who, [&](client::ClientCore& core, UtcTime now) {
      return core.send(rooms_[alert], wire::JournalMark{sha256(as_bytes(words)), now}, now);
    });
  } else if (item.what == What::kObserve) {
    says(item.who, [&](client::ClientCore& core, UtcTime now) {
      return core.send(rooms_[alert], wire::Observation{words, now}, now);
    });
  } else if (item.what == What::kDoseAgain) {
    const UtcTime given = base_.change - std::chrono::minutes(50);
    wire::Task again{wire::TaskKind::kMedicine, words, given + std::chrono::hours(4), std::nullopt};
    says(item.who, [&](client::ClientCore& core, UtcTime now) { return core.send(rooms_[alert], again, now); });
  } else if (item.what == What::kSee) {
    node(item.who).use(t_, [&](client::ClientCore& core, UtcTime now) {
      return core.mark_seen(last_shown_[d], now).has_value();
    });
  } else if (item.what == What::kReadBack) {
    says(item.who, [&](client::ClientCore& core, UtcTime now) {
      return core.read_back(last_advice_[d], item.amount != 0 ? "15 mg" : "50 mg", now);
    });
  } else if (item.what == What::kJudge) {
    says(item.who, [&](client::ClientCore& core, UtcTime now) {
      return core.judge_read_back(last_read_back_[d], item.amount != 0, now);
    });
  } else {
    NV_CHECK(item.what == What::kDone);
    says(item.who,
         [&](client::ClientCore& core, UtcTime now) { return core.done(last_advice_[d], true, "", now); });
  }
}

void Simulation::advise(const Event& event) {
  wire::Advice advice{event.alert, std::string(kPlanted[2]), false, std::nullopt};
  if (person(event.device).one_in(2)) {
    advice.read_back_required = true;
    advice.medicine = wire::Medicine{std::string(kPlanted[2]), "10 mg", "nu", "30 mg"};
  }
  says(event.device, [&](client::ClientCore& core, UtcTime now) {
    return core.act(event.alert, wire::ActKind::kAdvise, advice, now);
  });
}

void Simulation::read_back(const Event& event) {
  says(event.device, [&](client::ClientCore& core, UtcTime now) {
    return core.read_back(event.message, std::string(kPlanted[2]), now);
  });
}

void Simulation::judge(const Event& event) {
  says(event.device,
       [&](client::ClientCore& core, UtcTime now) { return core.judge_read_back(event.message, true, now); });
}

void Simulation::see(const Event& event) {
  node(event.device).use(t_, [&](client::ClientCore& core, UtcTime now) {
    return core.mark_seen(event.message, now).has_value();
  });
}

void Simulation::finish_incident(const Event& event) {
  oracles_.person_ends(event.alert);
  says(event.device, [&](client::ClientCore& core, UtcTime now) {
    return core.act(event.alert, wire::ActKind::kClose, wire::Close{event.alert}, now);
  });
}

}  // namespace nattevagt::simulation
