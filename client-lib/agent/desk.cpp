#include "client-lib/agent/desk.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "client-lib/agent/desk_request.h"
#include "client-lib/agent/language.h"
#include "client-lib/agent/local_text.h"
#include "client-lib/agent/work_view.h"
#include "client-lib/app/names.h"
#include "proto/common/check.h"
#include "proto/common/limits.h"
#include "proto/wire/cpr.h"

namespace nattevagt::client::agent {

namespace {

constexpr std::uint32_t kVersion = 1;
constexpr int kJsonDepthMax = 6;
constexpr Millis kRateWindow = std::chrono::seconds(10);
constexpr std::size_t kPinBytesMax = 1024;
constexpr std::size_t kSecretBytesMax = 64;
constexpr std::size_t kInitialsBytesMax = 32;
// What a screen looks at without changing anything for the others.
constexpr std::array<std::string_view, 13> kLooks = {
    "talk",    "search",   "journal", "directory", "awake",   "citizens", "citizen",
    "citizen_beside", "handover", "digest",  "profiles",  "rota",  "devices"};

// No exceptions, and no tower of brackets that would be deep to take down.
std::optional<Json> parse(const std::string& text) {
  int depth = 0;
  bool in_string = false, escaped = false;
  for (const char c : text) {
    if (in_string) {
      in_string = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepthMax) return std::nullopt;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  Json out = Json::parse(text, nullptr, false);
  if (!out.is_object()) return std::nullopt;
  return out;
}

wire::IsbarForm isbar_of(Fields& outer) {
  Fields in = outer.object("isbar");
  wire::IsbarForm out{in.text("identification"), in.text("situation"), in.text("background"),
                      in.text("analysis"), in.text("recommendation")};
  outer.absorb(in);
  return out;
}

}  // namespace

// ---- One request

Desk::Answer DeskRequest::run(const std::string& what) {
  if (what == "lock") return when_whole([&] { return desk.lock(), Answer{}; });
  if (what == "awake") return when_whole([] { return Answer{}; });
  // A unit's telephone speaks for nobody before somebody has said who holds it.
  const auto self = client.self();
  const bool reads = what == "talk" || what == "search" || what == "journal" || what == "directory";
  if (auto looked = look(what)) return std::move(*looked);
  if (auto changed = people(what)) return std::move(*changed);
  if (!reads && self && self->kind == wire::HolderKind::kUnit && !desk.holder_)
    return {Errc::kWrongState, {}, {}};
  if (auto written = work(what)) return std::move(*written);
  if (what == "check_in") {
    const auto role = in.id<RoleId>("role_id");
    return when_whole([&] {
      const Status said = client.check_in(role);
      return said ? Answer{} : Answer::of(said.error());
    });
  }
  if (what == "ask") return ask();
  if (what == "take") return on_alert([&](AlertId alert) { return client.take(alert); });
  if (what == "decline") return decline();
  if (what == "hand_over") {
    const auto to = in.id<PersonId>("to");
    return on_alert([&](AlertId alert) { return client.hand_over(alert, to); });
  }
  if (what == "reserve") return alert_text("choice", &Client::reserve_used);
  if (what == "withdraw") return alert_text("reason", &Client::withdraw);
  if (what == "close") return settling([&](AlertId alert) { return client.close(alert); });
  if (what == "advise") return advise();
  if (what == "read_back") return read_back();
  if (what == "verdict") return verdict();
  if (what == "done") return done();
  if (what == "say" || what == "observe" || what == "isbar" || what == "medicine") return words(what);
  if (what == "invite") return invite();
  if (what == "seen") return seen();
  if (what == "journal_mark") return journal_mark();
  if (what == "talk") return of_talk([&](ConversationId id) { return view.talk(id, desk.time_.now()); });
  if (what == "journal") return of_talk([&](ConversationId id) { return view.journal(id); });
  if (what == "directory") return when_whole([&] { return Answer{Errc{}, {}, view.directory()}; });
  if (what == "search") {
    const std::string wanted = in.name("words");
    return when_whole([&] { return text(view.found(wanted)); });
  }
  return {Errc::kUnsupported, Json::object(), {}};
}

Desk::Answer DeskRequest::touched(AlertId id, Answer answer) {
  if (const auto alert = client.alert(id)) view.touched(alert->view.stream);
  return answer;
}

Desk::Answer DeskRequest::alert_text(const char* field, Result<MessageId> (Client::*act)(AlertId, std::string)) {
  const std::string said = in.text(field);
  return settling([&](AlertId alert) { return (client.*act)(alert, said); });
}

Desk::Answer DeskRequest::ask() {
  Question question;
  question.severity = in.one_of<wire::Severity>("severity");
  question.situation = in.one_of<wire::Situation>("situation");
  question.citizen = {in.name("citizen"), in.name("cpr")};
  question.alone = in.flag("alone");
  question.callback = in.name("callback");
  question.drill = in.flag("drill");
  question.isbar = isbar_of(in);
  return when_whole([&]() -> Answer {
    if (!question.citizen.cpr.empty() && !wire::is_cpr(question.citizen.cpr))
      return {Errc::kInvalidValue, {}, {}};
    const auto asked = client.ask(question);
    if (!asked) return Answer::of(asked.error());
    view.touched(asked->conversation);
    return {Errc{},
            {{"alert", asked->alert.hex()},
             {"conversation", asked->conversation.hex()},
             {"message", asked->message.hex()}},
            {}};
  });
}

Desk::Answer DeskRequest::decline() {
  const std::string reason = in.text("reason");
  return on_alert([&](AlertId alert) {
    auto declined = client.decline(alert, reason);
    if (const auto known = client.alert(alert); declined && known) view.quiet(*known);
    return declined;
  });
}

Desk::Answer DeskRequest::advise() {
  wire::Advice advice;
  advice.text = in.text("text");
  advice.read_back_required = in.flag("read_back_required");
  if (in.has("medicine")) {
    Fields m = in.object("medicine");
    advice.medicine = wire::Medicine{m.name("drug"), m.name("dose"), m.name("when"), m.name("maximum")};
    in.absorb(m);
  } else {
    in.skip("medicine");
  }
  bool whole_day = true;
  if (in.has("rounds")) {
    Fields r = in.object("rounds");
    const auto every = std::chrono::minutes(std::min<std::uint64_t>(r.number("every_min"), 10'000));
    const auto until = next_at(r.text("until", 5), desk.time_.now());
    in.absorb(r);
    whole_day = until.has_value();
    advice.rounds = wire::Rounds{every, until.value_or(UtcTime{})};
  } else {
    in.skip("rounds");
  }
  return on_alert([&](AlertId alert) -> Result<MessageId> {
    const bool hollow =
        advice.medicine && (advice.medicine->drug.empty() || advice.medicine->dose.empty() ||
                            advice.medicine->when.empty() || advice.medicine->maximum.empty());
    if (advice.text.empty() || hollow || !whole_day) return fail(Errc::kInvalidValue, "advise");
    return client.advise(alert, advice);
  });
}

Desk::Answer DeskRequest::read_back() {
  const auto advice = in.id<MessageId>("advice");
  const std::string said = in.text("text");
  return in_any_talk([&](ConversationId) { return client.read_back(advice, said); });
}

Desk::Answer DeskRequest::verdict() {
  const auto read = in.id<MessageId>("read_back");
  const bool correct = in.flag("correct");
  return in_any_talk([&](ConversationId) { return client.judge_read_back(read, correct); });
}

Desk::Answer DeskRequest::done() {
  const auto advice = in.id<MessageId>("advice");
  const bool is_done = in.flag("done");
  const std::string reason = in.text("reason");
  return in_any_talk([&](ConversationId) { return client.done(advice, is_done, reason); });
}

Desk::Answer DeskRequest::words(const std::string& what) {
  wire::Body body;
  if (what == "say") {
    body = wire::Text{in.text("text")};
  } else if (what == "observe") {
    body = wire::Observation{in.text("text"), desk.time_.now()};
  } else if (what == "isbar") {
    body = wire::IsbarAddition{isbar_of(in)};
  } else {
    body = wire::MedicineQuestion{in.text("drug"),      in.text("dose"),      in.text("last_given"),
                                  in.text("tried_prn"), in.text("allergies"), in.text("vital_signs"),
                                  in.text("question")};
  }
  const auto conversation = in.id<ConversationId>("conversation");
  return when_whole([&] {
    view.touched(conversation);
    return made(client.send(conversation, body));
  });
}

Desk::Answer DeskRequest::invite() {
  wire::Target target;
  target.kind = in.one_of<wire::TargetKind>("kind");
  target.id = in.id<decltype(target.id)>("target");
  const auto conversation = in.id<ConversationId>("conversation");
  return when_whole([&] {
    view.touched(conversation);
    return made(client.invite(conversation, target));
  });
}

Desk::Answer DeskRequest::seen() {
  const auto conversation = in.id<ConversationId>("conversation");
  return when_whole([&]() -> Answer {
    const auto messages = client.history(conversation);
    if (!messages) return Answer::of(messages.error());
    for (const Message& message : *messages) {
      if (message.own) continue;
      if (const auto marked = client.mark_seen(message.id); !marked) return Answer::of(marked.error());
    }
    return {};
  });
}

Desk::Answer DeskRequest::journal_mark() {
  const auto conversation = in.id<ConversationId>("conversation");
  const std::string hash = in.text("hash", 64);
  return when_whole([&]() -> Answer {
    const auto given = from_hex(hash);
    if (!given || given->size() != Digest{}.size()) return {Errc::kMalformed, {}, {}};
    wire::JournalMark mark;
    std::copy(given->begin(), given->end(), mark.export_hash.begin());
    mark.at = desk.time_.now();
    view.touched(conversation);
    return made(client.send(conversation, mark));
  });
}

// ---- The desk

Desk::Desk(DeskOptions options, Opener opener, Clock& clock, Entropy& entropy)
    : options_(std::move(options)),
      opener_(std::move(opener)),
      clock_(clock),
      entropy_(entropy),
      time_(clock, UtcTime{}),
      language_(read_language(options_.home)) {}

void Desk::opened(std::unique_ptr<Client> client) {
  NV_CHECK(client_ == nullptr && client != nullptr);
  client_ = std::move(client);
  view_ = std::make_unique<ScreenView>(*client_);
}

std::string Desk::make_link_token() { return launch_.make_token(entropy_, clock_.monotonic()); }
bool Desk::waits_for_somebody() const { return launch_.waiting(clock_.monotonic()); }

bool Desk::within_rate(Peer& peer) {
  const Millis now = clock_.monotonic();
  if (now - peer.window_from >= kRateWindow) {
    peer.window_from = now;
    peer.spent = 0;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kRateWindow).count();
  return ++peer.spent <= kRequestsPerSecondMax * static_cast<std::uint32_t>(seconds);
}

std::string Desk::locked_text() {
  const Millis wait = Client::pin_wait(options_.home, clock_);
  return locked_view({.opened = client_ != nullptr,
                      .pin_wait = wait,
                      .ringing = view_ ? view_->ringing() : std::nullopt,
                      .round_due = view_ && view_->round_due(),
                      .language = language_},
                     time_.now());
}
std::string Desk::unlocked_text() { return view_->view(link_, holder_, language_, time_.now()); }

void Desk::held_by(const std::optional<ProfileId>& profile) {
  profile_ = profile;
  holder_.reset();
  if (!profile) return;
  for (const ProfileView& known : client_->profiles()) {
    if (known.id == *profile) holder_ = Holder{known.name, known.profession};
  }
}

Status Desk::set_language(const std::string& language) {
  if (!is_language(language)) return fail(Errc::kInvalidValue, "Desk::set_language");
  NV_TRYV(write_language(options_.home, language));
  language_ = language;
  return {};
}

// P-173: what rings the loudest, and of those the longest; nothing of it is said.
Desk::Answer Desk::take_ringing() {
  const auto self = client_ == nullptr ? std::nullopt : client_->self();
  if (!self || self->kind != wire::HolderKind::kPerson) return {Errc::kNotPermitted, Json::object(), {}};
  const std::vector<Alert> ringing = view_->ringing_alerts();
  if (ringing.empty()) return {Errc::kNotFound, Json::object(), {}};
  const auto taken = client_->take(ringing.front().view.alert);
  if (!taken) return Answer::of(taken.error());
  view_->touched(ringing.front().view.stream);
  return {Errc{},
          {{"severity", name_of(ringing.front().view.severity)}, {"more", ringing.size() - 1}},
          {}};
}

// The device's PIN unlocks for nobody in particular; a person's own, when the store is open, as her (P-170).
Desk::Answer Desk::unlock(const std::string& pin, const std::string& who) {
  Answer out;
  out.code = Errc{};
  Millis wait{};
  if (!who.empty()) {
    if (client_ == nullptr) return {Errc::kWrongState, Json::object(), {}};
    const ProfileId profile = client_->profile_named(who).value_or(ProfileId{});
    if (const auto used = client_->use_profile(profile, pin); used) {
      held_by(profile);
    } else {
      out.code = used.error().code;
    }
    wait = client_->profile_wait(profile);
  } else if (client_ == nullptr) {
    if (auto client = opener_(pin); client) {
      opened(std::move(*client));
    } else {
      out.code = client.error().code;
    }
    wait = Client::pin_wait(options_.home, clock_);
  } else {
    const auto right = Client::check_pin(options_.home, pin, clock_);
    if (!right) out.code = right.error().code;
    if (right && !client_->profiles().empty()) held_by(std::nullopt);
    wait = Client::pin_wait(options_.home, clock_);
  }
  if (out.code == Errc{}) {
    locked_ = false;
  } else {
    out.more["wait_ms"] = wait.count();
  }
  return out;
}

void Desk::lock() {
  locked_ = true;
  view_due_ = true;
}

void Desk::on_text(PeerId id, const std::string& text) {
  Peer& peer = peers_[id];
  const auto refuse_peer = [&] { out_.push_back({id, {}, true}); };
  if (!within_rate(peer)) return refuse_peer();
  const auto json = parse(text);
  if (!json) return refuse_peer();
  Fields in(*json);
  const std::uint64_t number = in.number("id");
  const std::string what = in.text("do", 32);

  Answer answer;
  if (!peer.admitted) {
    // {"id","do":"hello","v":1,"token"} or with "session"
    const std::uint64_t version = in.number("v");
    const bool by_token = in.has("token");
    const std::string secret = in.text(by_token ? "token" : "session", kSecretBytesMax);
    if (what != "hello" || !in.whole()) return refuse_peer();
    if (version != kVersion) {
      answer.code = Errc::kUpgradeRequired;
    } else if (by_token) {
      const auto session = launch_.redeem(secret, entropy_, clock_.monotonic());
      peer.admitted = session.has_value();
      if (session) answer.more["session"] = *session;
    } else {
      peer.admitted = launch_.known(secret);
    }
    if (!peer.admitted && answer.code == Errc{}) answer.code = Errc::kNotPermitted;
    answer.more["v"] = kVersion;
  } else if (what == "unlock") {
    std::string pin = in.text("pin", kPinBytesMax);
    const std::string who = in.has("who") ? in.text("who", kInitialsBytesMax) : std::string();
    answer = in.whole() ? unlock(pin, who) : Answer::bad(in);
    wipe({reinterpret_cast<std::uint8_t*>(pin.data()), pin.size()});
    active_at_ = clock_.monotonic();
  } else if (what == "take_ringing") {
    answer = in.whole() ? take_ringing() : Answer::bad(in);
  } else if (locked_ || client_ == nullptr) {
    answer.code = Errc::kLocked;
  } else {
    active_at_ = clock_.monotonic();
    answer = DeskRequest{*this, *client_, *view_, in}.run(what);
  }

  if (answer.code == Errc{}) {
    if (!answer.whole.empty()) {
      // A ready object gets its frame in front: no second parse of a long talk.
      say(id, "{\"re\":" + std::to_string(number) + ",\"ok\":true," + answer.whole.substr(1));
    } else {
      answer.more["re"] = number;
      answer.more["ok"] = true;
      say(id, text_of(answer.more));
    }
  } else {
    answer.more["re"] = number;
    answer.more["ok"] = false;
    answer.more["code"] = errc_name(answer.code);
    say(id, text_of(answer.more));
    if (!peer.admitted) return refuse_peer();
  }
  // Looking changes nothing for the others.
  if (!std::ranges::count(kLooks, what)) view_due_ = true;
}

void Desk::on_events(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (std::holds_alternative<Connected>(event)) link_.connected = true, link_.untrusted = false;
    if (std::holds_alternative<Revoked>(event)) link_.revoked = true;
    if (const auto* lost = std::get_if<Disconnected>(&event)) {
      link_.connected = false;
      link_.untrusted = lost->reason == Errc::kUntrusted;
    }
    if (const auto* here = std::get_if<SuspendedHere>(&event)) {
      link_.suspended = here->suspension;
      if (!locked_) lock();  // P-193: whoever has it now is not who unlocked it
    }
    if (std::holds_alternative<Connected>(event)) link_.suspended.reset();
    if (const auto* said = std::get_if<SuspensionAnswered>(&event)) tell_later_.push_back(suspension_event(*said));
    if (const auto* answered = std::get_if<DutyAnswered>(&event)) tell_later_.push_back(duty_event(*answered));
    if (const auto* said = std::get_if<CheckInAnswered>(&event)) tell_later_.push_back(check_in_event(*said));
    view_->see(event);
    view_due_ = true;
  }
}

Millis Desk::until_lock() const {
  if (locked_) return Millis::max();
  return std::max(active_at_ + options_.lock_after - clock_.monotonic(), Millis(0));
}

void Desk::push_view() {
  view_due_ = false;
  const bool anybody =
      std::any_of(peers_.begin(), peers_.end(), [](const auto& p) { return p.second.admitted; });
  if (!anybody) return;
  std::vector<std::string> texts;
  if (locked_ || view_ == nullptr) {
    texts.push_back(locked_text());
  } else {
    Json changed = Json::array();
    for (const auto& id : view_->changed()) changed.push_back(id.hex());
    texts.push_back(unlocked_text());
    if (!changed.empty())
      texts.push_back(text_of({{"event", "changed"}, {"conversations", std::move(changed)}}));
    for (std::string& text : tell_later_) texts.push_back(std::move(text));
  }
  tell_later_.clear();
  for (const auto& [id, peer] : peers_) {
    if (!peer.admitted) continue;
    for (const std::string& text : texts) say(id, text);
  }
}

std::vector<Desk::Out> Desk::take_outgoing() {
  if (!locked_ && until_lock() <= Millis(0)) lock();
  if (view_due_) push_view();
  return std::exchange(out_, {});
}

}  // namespace nattevagt::client::agent
