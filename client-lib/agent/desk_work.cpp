// The requests of sections 6 to 9 of the app protocol: citizens, work, who holds the device, duty and devices.
#include <algorithm>

#include "client-lib/agent/desk_request.h"
#include "client-lib/agent/local_text.h"
#include "client-lib/agent/work_view.h"
#include "proto/wire/cpr.h"

namespace nattevagt::client::agent {

using Answer = DeskRequest::Answer;

namespace {

constexpr std::size_t kPinTextMax = 1024;
constexpr std::size_t kDateTextMax = 16;
constexpr std::size_t kSafetyTextMax = 160;

Answer refused(Errc code) { return {code, Json::object(), {}}; }

// A PIN as it was read, gone when it has been used.
class Pin {
 public:
  explicit Pin(std::string text) : text_(std::move(text)) {}
  ~Pin() { wipe({reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()}); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  std::string_view view() const { return text_; }

 private:
  std::string text_;
};

wire::Target target_of(Fields& in) {
  wire::Target out;
  out.kind = in.one_of<wire::TargetKind>("kind");
  out.id = in.id<decltype(out.id)>("target");
  return out;
}

wire::Citizen citizen_of(Fields& in) {
  wire::Citizen out;
  out.name = in.name("name");
  out.cpr = in.name("cpr");
  return out;
}

}  // namespace

// ---- Looking: free for whoever has unlocked the screens

std::optional<Answer> DeskRequest::look(const std::string& what) {
  const auto plain = [&](auto make) { return when_whole([&] { return text(make()); }); };
  if (what == "citizens") return plain([&] { return Result<std::string>(citizens_text(client)); });
  if (what == "citizen") {
    const wire::Citizen citizen = citizen_of(in);
    return plain([&] { return citizen_text(client, citizen, desk.time_.now()); });
  }
  if (what == "citizen_beside") {
    return of_talk([&](ConversationId id) { return beside_text(client, id, desk.time_.now()); });
  }
  if (what == "handover") return plain([&] { return handover_text(client); });
  if (what == "digest") return plain([&] { return digest_text(client); });
  if (what == "profiles") {
    return plain([&] { return Result<std::string>(profiles_text(client, desk.profile_)); });
  }
  if (what == "rota") return plain([&] { return Result<std::string>(rota_text(client)); });
  if (what == "devices") return plain([&] { return Result<std::string>(devices_text(client)); });
  return std::nullopt;
}

// ---- Who holds the device, and what is set on it: before anybody holds it

std::optional<Answer> DeskRequest::people(const std::string& what) {
  if (what == "profile_new") return profile_new();
  if (what == "profile_switch") return profile_switch();
  if (what == "profile_pin") return profile_pin();
  if (what == "profile_reset" || what == "profile_remove") return profile_reset(what == "profile_remove");
  if (what == "language") {
    const std::string wanted = in.text("language", 8);
    return when_whole([&] { return done_or_not(desk.set_language(wanted)); });
  }
  if (what == "verify") {
    const auto device = in.id<DeviceId>("device");
    const std::string safety = in.text("safety", kSafetyTextMax);
    return when_whole([&] { return done_or_not(client.verify_device(device, safety)); });
  }
  return std::nullopt;
}

Answer DeskRequest::profile_new() {
  const ProfileDraft draft{in.text("initials", 32), in.name("name"), in.name("profession")};
  const Pin pin(in.text("pin", kPinTextMax));
  return when_whole([&]() -> Answer {
    const auto made = client.add_profile(draft, pin.view());
    if (!made) return Answer::of(made.error());
    desk.held_by(*made);
    return {Errc{}, {{"profile", made->hex()}}, {}};
  });
}

Answer DeskRequest::profile_switch() {
  const auto profile = in.id<ProfileId>("profile");
  const Pin pin(in.text("pin", kPinTextMax));
  return when_whole([&]() -> Answer {
    const auto used = client.use_profile(profile, pin.view());
    if (used) {
      desk.held_by(profile);
      return {};
    }
    Answer out = Answer::of(used.error());
    out.more["wait_ms"] = client.profile_wait(profile).count();
    return out;
  });
}

Answer DeskRequest::profile_pin() {
  const auto profile = in.id<ProfileId>("profile");
  const Pin pin(in.text("pin", kPinTextMax));
  const Pin next(in.text("new_pin", kPinTextMax));
  return when_whole([&]() -> Answer {
    const Status changed = client.change_pin(profile, pin.view(), next.view());
    if (changed) return {};
    Answer out = Answer::of(changed.error());
    out.more["wait_ms"] = client.profile_wait(profile).count();
    return out;
  });
}

Answer DeskRequest::profile_reset(bool remove) {
  const auto profile = in.id<ProfileId>("profile");
  const Pin device_pin(in.text("device_pin", kPinTextMax));
  const Pin pin(remove ? std::string() : in.text("pin", kPinTextMax));
  return when_whole([&]() -> Answer {
    const std::string by = desk.holder_ ? desk.holder_->name : std::string();
    const Status changed = remove ? client.remove_profile(profile, device_pin.view())
                                  : client.reset_profile(profile, device_pin.view(), pin.view(), by);
    if (changed) {
      if (remove && desk.profile_ == profile) desk.held_by(std::nullopt);
      return {};
    }
    Answer out = Answer::of(changed.error());
    out.more["wait_ms"] = Client::pin_wait(desk.options_.home, desk.clock_).count();
    return out;
  });
}

// ---- Writing

// Whoever holds it, again by her PIN: her own on a unit's device, else the device's. Each counts as a try.
Status DeskRequest::own_pin(std::string_view pin, Millis& wait) {
  const bool shared = desk.profile_.has_value();
  const Status right =
      shared ? client.use_profile(*desk.profile_, pin) : Client::check_pin(desk.options_.home, pin, desk.clock_);
  wait = shared ? client.profile_wait(*desk.profile_) : Client::pin_wait(desk.options_.home, desk.clock_);
  return right;
}

// P-190. A screen that somebody left open suspends nobody.
Answer DeskRequest::suspend() {
  const auto device = in.id<DeviceId>("device");
  const Pin pin(in.text("pin", kPinTextMax));
  return when_whole([&]() -> Answer {
    Millis wait{};
    if (const Status right = own_pin(pin.view(), wait); !right) {
      Answer out = Answer::of(right.error());
      out.more["wait_ms"] = wait.count();
      return out;
    }
    const auto pressed = client.suspend_device(device);
    if (!pressed) return Answer::of(pressed.error());
    return {Errc{}, {{"suspension", pressed->hex()}}, {}};
  });
}

std::optional<Answer> DeskRequest::work(const std::string& what) {
  if (what == "suspend") return suspend();
  if (what == "suspend_undo") {
    const auto id = in.id<SuspensionId>("suspension");
    return when_whole([&] { return done_or_not(client.lift_suspension(id)); });
  }
  if (what == "citizen_start") return citizen_start();
  if (what == "plan_write") return plan_write();
  if (what == "plan_sign") return plan_sign();
  if (what == "plan_show") {
    const auto room = in.id<ConversationId>("citizen");
    return in_any_talk([&](ConversationId id) { return client.show_plans(id, room); });
  }
  if (what == "task") return task();
  if (what == "task_take") {
    const auto item = in.id<MessageId>("item");
    return in_any_talk([&](ConversationId id) { return client.take_item(id, item); });
  }
  if (what == "task_done") return task_done();
  if (what == "swap") return swap();
  const auto changed = [](const Result<DutyChangeId>& made) -> Answer {
    if (!made) return Answer::of(made.error());
    return {Errc{}, {{"change", made->hex()}}, {}};
  };
  if (what == "swap_accept") {
    const auto change = in.id<DutyChangeId>("change");
    return when_whole([&] { return changed(client.accept_swap(change)); });
  }
  if (what == "take_over") {
    const auto role = in.id<RoleId>("role_id");
    return when_whole([&] { return changed(client.take_over(role, std::nullopt)); });
  }
  return std::nullopt;
}

Answer DeskRequest::citizen_start() {
  const wire::Citizen citizen = citizen_of(in);
  std::vector<wire::Target> invited;
  in.each("invite", limits::kInvitedMax, [&](Fields& item) { invited.push_back(target_of(item)); });
  return when_whole([&]() -> Answer {
    if (!citizen.cpr.empty() && !wire::is_cpr(citizen.cpr)) return refused(Errc::kInvalidValue);
    const auto started = client.start_conversation(citizen, invited);
    if (!started) return Answer::of(started.error());
    view.touched(started->conversation);
    return {
        Errc{}, {{"conversation", started->conversation.hex()}, {"message", started->message.hex()}}, {}};
  });
}

Answer DeskRequest::plan_write() {
  wire::PlanCard card;
  card.kind = in.one_of<wire::PlanKind>("plan_kind");
  card.what = in.text("what");
  card.who = in.text("who");
  card.readmission = in.text("readmission");
  card.advice = in.text("advice");
  const auto agreed_on = day_of(in.text("agreed_on", kDateTextMax));
  const auto valid_until = day_of(in.text("valid_until", kDateTextMax));
  in.each("parties", limits::kPlanPartiesMax, [&](Fields& item) {
    const std::string name = item.name("name");
    card.parties.push_back({name, item.name("role")});
  });
  return in_any_talk([&](ConversationId id) -> Result<MessageId> {
    if (!agreed_on || !valid_until) return fail(Errc::kInvalidValue, "plan_write: a day");
    card.agreed_on = *agreed_on;
    card.valid_until = *valid_until;
    return client.write_plan(id, card);
  });
}

Answer DeskRequest::plan_sign() {
  const auto card = in.id<MessageId>("card");
  const std::string hash = in.text("hash", 2 * Digest{}.size());
  return in_any_talk([&](ConversationId id) -> Result<MessageId> {
    NV_TRY(const Bytes given, from_hex(hash));
    Digest digest{};
    if (given.size() != digest.size()) return fail(Errc::kMalformed, "plan_sign");
    std::ranges::copy(given, digest.begin());
    return client.sign_plan(id, card, digest);
  });
}

Answer DeskRequest::task() {
  wire::Task task;
  task.kind = in.one_of<wire::TaskKind>("task_kind");
  task.text = in.text("text");
  const std::string due = in.text("due", kDateTextMax);
  if (!due.empty()) task.due = local_time_of(due);
  if (in.has("for")) {
    Fields whom = in.object("for");
    task.whom = target_of(whom);
    in.absorb(whom);
  } else {
    in.skip("for");
  }
  return in_any_talk([&](ConversationId id) -> Result<MessageId> {
    if (task.text.empty() || task.due.has_value() == due.empty()) return fail(Errc::kInvalidValue, "task");
    return client.send(id, task);
  });
}

Answer DeskRequest::task_done() {
  const auto item = in.id<MessageId>("item");
  const bool is_done = in.flag("done");
  const std::string reason = in.text("reason");
  return in_any_talk([&](ConversationId id) { return client.finish_item(id, item, is_done, reason); });
}

Answer DeskRequest::swap() {
  SwapRequest wanted;
  wanted.role = in.id<RoleId>("role_id");
  const auto from_ms = in.number("from_ms"), until_ms = in.number("until_ms");
  if (in.has("takes")) {
    wanted.takes = in.id<PersonId>("takes");
  } else {
    in.skip("takes");
  }
  return when_whole([&]() -> Answer {
    const auto end = static_cast<std::uint64_t>(to_unix_ms(limits::kTimeEnd));
    if (from_ms >= end || until_ms >= end) return refused(Errc::kInvalidValue);
    wanted.from = from_unix_ms(static_cast<std::int64_t>(from_ms));
    wanted.until = from_unix_ms(static_cast<std::int64_t>(until_ms));
    const auto made = client.ask_swap(wanted);
    if (!made) return Answer::of(made.error());
    return {Errc{}, {{"change", made->hex()}}, {}};
  });
}

}  // namespace nattevagt::client::agent
