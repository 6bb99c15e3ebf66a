#include "client-lib/agent/desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "client-lib/app/names.h"
#include "proto/common/check.h"
#include "proto/common/limits.h"
#include "proto/wire/cpr.h"

namespace nattevagt::client::agent {

using Json = nlohmann::json;

namespace {

constexpr std::uint32_t kVersion = 1;
constexpr int kJsonDepthMax = 6;
constexpr Millis kRateWindow = std::chrono::seconds(10);
constexpr std::size_t kPinBytesMax = 1024;
constexpr std::size_t kSecretBytesMax = 64;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

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

// Reads a request's fields one by one; what is wrong with any of them is told at the end, with what is left
// over.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json), good_(json.is_object()) {}

  std::string text(const char* name, std::size_t bytes_max = limits::kTextBytesMax) {
    const Json* found = take(name);
    if (found == nullptr || !found->is_string()) return bad();
    std::string out = found->get<std::string>();
    if (out.size() > bytes_max) {
      too_large_ = true;
      return bad();
    }
    return out;
  }
  std::string name(const char* field) { return text(field, limits::kNameBytesMax); }
  bool flag(const char* name) {
    const Json* found = take(name);
    if (found == nullptr || !found->is_boolean()) return bad(), false;
    return found->get<bool>();
  }
  std::uint64_t number(const char* name) {
    const Json* found = take(name);
    if (found == nullptr || !found->is_number_unsigned()) return bad(), 0;
    return found->get<std::uint64_t>();
  }
  template <class IdType>
  IdType id(const char* name) {
    const auto out = IdType::from_hex(text(name, 2 * IdType::kSize));
    if (!out) return bad(), IdType{};
    return *out;
  }
  template <class Value>
  Value one_of(const char* name) {
    const auto out = value_of<Value>(text(name, 32));
    if (!out) return bad(), Value{};
    return *out;
  }
  bool has(const char* name) const { return json_.contains(name) && !json_.at(name).is_null(); }
  Fields object(const char* name) {
    static const Json kNothing;
    const Json* found = take(name);
    return Fields(found == nullptr ? kNothing : *found);
  }
  void absorb(const Fields& inner) {
    good_ = good_ && inner.whole();
    too_large_ = too_large_ || inner.too_large_;
  }
  void skip(const char* name) { take(name); }
  bool whole() const { return good_ && taken_ == json_.size(); }
  Errc why() const { return too_large_ ? Errc::kTooLarge : Errc::kMalformed; }

 private:
  const Json* take(const char* name) {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(name);
    if (found == json_.end()) return nullptr;
    ++taken_;
    return &*found;
  }
  std::string bad() {
    good_ = false;
    return {};
  }

  const Json& json_;
  bool good_ = true;
  bool too_large_ = false;
  std::size_t taken_ = 0;
};

wire::IsbarForm isbar_of(Fields& outer) {
  Fields in = outer.object("isbar");
  wire::IsbarForm out{in.text("identification"), in.text("situation"), in.text("background"),
                      in.text("analysis"), in.text("recommendation")};
  outer.absorb(in);
  return out;
}

}  // namespace

// ---- One request

struct Desk::Answer {
  Errc code{};  // 0: done
  Json more = Json::object();
  std::string whole{};  // a ready object's text, instead of `more`
  static Answer bad(const Fields& fields) { return {fields.why(), Json::object(), {}}; }
  static Answer of(const Error& error) { return {error.code, Json::object(), {}}; }
};

struct DeskRequest {
  Desk& desk;
  Client& client;
  ScreenView& view;
  Fields& in;
  using Answer = Desk::Answer;

  static Answer made(const Result<MessageId>& result) {
    if (!result) return Answer::of(result.error());
    return {Errc{}, {{"message", result->hex()}}, {}};
  }
  static Answer text(Result<std::string> result) {
    if (!result) return Answer::of(result.error());
    return {Errc{}, Json::object(), std::move(*result)};
  }
  // What `act` makes of the fields that were read, if they were all there is.
  template <class Act>
  Answer when_whole(Act act) {
    if (!in.whole()) return Answer::bad(in);
    return act();
  }

  Answer run(const std::string& what) {
    if (what == "lock") return when_whole([&] { return desk.lock(), Answer{}; });
    if (what == "awake") return when_whole([] { return Answer{}; });
    if (what == "holder") return holder();
    // A unit's telephone speaks for nobody before somebody has said who holds it.
    const auto self = client.self();
    const bool reads = what == "talk" || what == "search" || what == "journal" || what == "directory";
    if (!reads && self && self->kind == wire::HolderKind::kUnit && !desk.holder_)
      return {Errc::kWrongState, {}, {}};
    if (what == "ask") return ask();
    if (what == "take") return on_alert([&](AlertId alert) { return client.take(alert); });
    if (what == "decline") return decline();
    if (what == "hand_over") return hand_over();
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

  template <class Act>
  Answer of_talk(Act act) {
    const auto id = in.id<ConversationId>("conversation");
    return when_whole([&] { return text(act(id)); });
  }
  template <class Act>
  Answer on_alert(Act act) {
    const auto id = in.id<AlertId>("alert");
    return when_whole([&] { return touched(id, made(act(id))); });
  }
  Answer touched(AlertId id, Answer answer) {
    if (const auto alert = client.alert(id)) view.touched(alert->view.stream);
    return answer;
  }
  // An act that ends what the device owes its worker (P-110).
  template <class Act>
  Answer settling(Act act) {
    return on_alert([&](AlertId alert) {
      auto made = act(alert);
      if (made) view.settled(alert);
      return made;
    });
  }
  Answer alert_text(const char* field, Result<MessageId> (Client::*act)(AlertId, std::string)) {
    const std::string said = in.text(field);
    return settling([&](AlertId alert) { return (client.*act)(alert, said); });
  }
  Answer hand_over() {
    const auto to = in.id<PersonId>("to");
    return on_alert([&](AlertId alert) { return client.hand_over(alert, to); });
  }

  Answer holder() {
    Holder next{in.name("name"), in.name("profession")};
    return when_whole([&]() -> Answer {
      if (next.name.empty()) return {Errc::kInvalidValue, {}, {}};
      if (const auto set = client.set_author(next.name, next.profession); !set)
        return Answer::of(set.error());
      desk.holder_ = std::move(next);
      return {};
    });
  }

  Answer ask() {
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

  Answer decline() {
    const std::string reason = in.text("reason");
    return on_alert([&](AlertId alert) {
      auto declined = client.decline(alert, reason);
      if (const auto known = client.alert(alert); declined && known) view.quiet(*known);
      return declined;
    });
  }

  Answer advise() {
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
    return on_alert([&](AlertId alert) -> Result<MessageId> {
      const bool hollow =
          advice.medicine && (advice.medicine->drug.empty() || advice.medicine->dose.empty() ||
                              advice.medicine->when.empty() || advice.medicine->maximum.empty());
      if (advice.text.empty() || hollow) return fail(Errc::kInvalidValue, "advise");
      return client.advise(alert, advice);
    });
  }

  Answer read_back() {
    const auto advice = in.id<MessageId>("advice");
    const std::string said = in.text("text");
    return in_any_talk([&] { return client.read_back(advice, said); });
  }
  Answer verdict() {
    const auto read = in.id<MessageId>("read_back");
    const bool correct = in.flag("correct");
    return in_any_talk([&] { return client.judge_read_back(read, correct); });
  }
  Answer done() {
    const auto advice = in.id<MessageId>("advice");
    const bool is_done = in.flag("done");
    const std::string reason = in.text("reason");
    return in_any_talk([&] { return client.done(advice, is_done, reason); });
  }
  template <class Act>
  Answer in_any_talk(Act act) {
    const auto conversation = in.id<ConversationId>("conversation");
    return when_whole([&] {
      view.touched(conversation);
      return made(act());
    });
  }

  Answer words(const std::string& what) {
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

  Answer invite() {
    wire::Target target;
    target.kind = in.one_of<wire::TargetKind>("kind");
    target.id = in.id<decltype(target.id)>("target");
    const auto conversation = in.id<ConversationId>("conversation");
    return when_whole([&] {
      view.touched(conversation);
      return made(client.invite(conversation, target));
    });
  }

  Answer seen() {
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

  Answer journal_mark() {
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
};

// ---- The desk

Desk::Desk(DeskOptions options, Opener opener, Clock& clock, Entropy& entropy)
    : options_(std::move(options)),
      opener_(std::move(opener)),
      clock_(clock),
      entropy_(entropy),
      time_(clock, UtcTime{}) {}

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
  return locked_view(client_ != nullptr, wait, view_ ? view_->ringing() : std::nullopt, time_.now());
}
std::string Desk::unlocked_text() { return view_->view(link_, holder_, time_.now()); }

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
    if (!in.whole()) {
      answer = Answer::bad(in);
    } else if (client_ == nullptr) {
      if (auto client = opener_(pin); client) {
        opened(std::move(*client));
        locked_ = false;
      } else {
        answer.code = client.error().code;
      }
    } else if (const auto right = Client::check_pin(options_.home, pin, clock_); right) {
      locked_ = false;
    } else {
      answer.code = right.error().code;
    }
    wipe({reinterpret_cast<std::uint8_t*>(pin.data()), pin.size()});
    if (answer.code != Errc{}) answer.more["wait_ms"] = Client::pin_wait(options_.home, clock_).count();
    active_at_ = clock_.monotonic();
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
  const bool looked =
      what == "talk" || what == "search" || what == "journal" || what == "directory" || what == "awake";
  if (!looked) view_due_ = true;
}

void Desk::on_events(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (std::holds_alternative<Connected>(event)) link_.connected = true, link_.untrusted = false;
    if (std::holds_alternative<Revoked>(event)) link_.revoked = true;
    if (const auto* lost = std::get_if<Disconnected>(&event)) {
      link_.connected = false;
      link_.untrusted = lost->reason == Errc::kUntrusted;
    }
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
  }
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
