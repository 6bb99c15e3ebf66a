#include "broker/core/audit.h"

#include <array>
#include <utility>

#include "proto/common/check.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::broker {
namespace {

constexpr std::string_view kBar = " | ";
constexpr std::string_view kGone = "gone";

std::string_view name_of(wire::AlertState state) {
  switch (state) {
    case wire::AlertState::kEscalating: return "escalating";
    case wire::AlertState::kTaken: return "taken";
    case wire::AlertState::kAdvised: return "advised";
    case wire::AlertState::kExhausted: return "exhausted";
    case wire::AlertState::kWithdrawn: return "withdrawn";
    case wire::AlertState::kClosed: return "closed";
  }
  return "unknown";
}

std::string_view name_of(wire::Severity severity) {
  switch (severity) {
    case wire::Severity::kAlarm: return "alarm";
    case wire::Severity::kRed: return "red";
    case wire::Severity::kYellow: return "yellow";
    case wire::Severity::kGreen: return "green";
  }
  return "unknown";
}

std::string_view name_of(wire::NoticeKind kind) {
  switch (kind) {
    case wire::NoticeKind::kNone: return "told";
    case wire::NoticeKind::kFirst: return "first";
    case wire::NoticeKind::kRepeat: return "repeat";
    case wire::NoticeKind::kResumed: return "resumed";
    case wire::NoticeKind::kLoud: return "loud";
  }
  return "unknown";
}

std::string_view name_of(wire::DocumentKind kind) {
  switch (kind) {
    case wire::DocumentKind::kRoster: return "roster";
    case wire::DocumentKind::kRevocations: return "revocations";
    case wire::DocumentKind::kRota: return "rota";
    case wire::DocumentKind::kDutyChanges: return "duty_changes";
    case wire::DocumentKind::kSuspensions: return "suspensions";
  }
  return "unknown";
}

std::string_view name_of(wire::HolderKind kind) {
  switch (kind) {
    case wire::HolderKind::kPerson: return "person";
    case wire::HolderKind::kUnit: return "unit";
    case wire::HolderKind::kRecorder: return "recorder";
  }
  return "unknown";
}

std::string_view act_name(std::uint8_t act) {
  static constexpr std::array<std::string_view, 8> kNames{
      "none", "take", "decline", "advise", "reserve_used", "withdraw", "close", "hand_over"};
  return act < kNames.size() ? kNames[act] : "unknown";
}

// Words with a space between.
class Words {
 public:
  Words& word(std::string_view key, std::string_view value) {
    if (!text_.empty()) text_ += ' ';
    text_ += key;
    text_ += '=';
    text_ += value;
    return *this;
  }
  Words& word(std::string_view key, std::uint64_t value) { return word(key, std::to_string(value)); }
  Words& flag(std::string_view key, bool value) { return word(key, value ? "yes" : "no"); }
  Words& time(std::string_view key, UtcTime value) { return word(key, utc_text(value)); }
  template <class Kind>
  Words& id(std::string_view key, const Id<Kind>& value) {
    return word(key, value.hex());
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string document_subject(const OrganisationId& organisation, wire::DocumentKind kind) {
  return "document=" + organisation.hex() + '/' + std::string(name_of(kind));
}
std::string document_state(const wire::SignedDocument& document) {
  return Words().word("version", document.version).word("body", to_hex(sha256(document.body))).take();
}

std::string device_subject(const Device& device) { return "device=" + device.identity.device.hex(); }
std::string device_state(const Device& device) {
  const wire::DeviceIdentity& who = device.identity;
  Words words;
  words.id("organisation", who.organisation).word("kind", name_of(who.kind)).id("person", who.person);
  if (who.unit) words.id("unit", *who.unit);
  words.id("grant", who.grant).flag("revoked", device.revoked);
  // No word where it is not so: lines from before there were any stay true.
  if (device.suspended) words.flag("suspended", true);
  return words.take();
}

std::string grant_subject(const GrantId& grant) { return "grant=" + grant.hex(); }
std::string grant_state(const wire::Grant& grant) {
  Words words;
  words.id("organisation", grant.organisation).word("kind", name_of(grant.kind)).id("person", grant.person);
  if (grant.unit) words.id("unit", *grant.unit);
  return words.time("until", grant.not_after).take();
}

std::string alert_subject(const AlertId& alert) { return "alert=" + alert.hex(); }
std::string alert_state(const Alert& alert, const Directory& directory) {
  const AlertFacts& facts = alert.facts;
  const AlertProgress& progress = alert.progress;
  Words words;
  words.id("organisation", facts.organisation).id("unit", facts.unit).flag("drill", facts.drill);
  words.word("severity", name_of(facts.severity)).id("ladder", facts.ladder.id);
  words.word("roster", facts.roster_version).word("rota", facts.rota_version);
  words.word("state", name_of(progress.state));
  words.word("step", progress.step).word("repeat", progress.repeat).time("next", progress.due_at);
  if (progress.taken_by) words.id("taken_by", directory.device(*progress.taken_by).identity.device);
  if (progress.handing_to) words.id("handing_to", *progress.handing_to);
  return words.flag("late", progress.late)
      .flag("exhausted", progress.was_exhausted)
      .flag("reserve_used", progress.reserve_used)
      .flag("technical", progress.technical_alarm)
      .take();
}

std::string_view name_of(wire::DutyTrouble trouble) {
  switch (trouble) {
    case wire::DutyTrouble::kNone: return "none";
    case wire::DutyTrouble::kNotCheckedIn: return "not_checked_in";
    case wire::DutyTrouble::kSilent: return "silent";
  }
  return "unknown";
}

std::string role_subject(const RoleId& role) { return "role=" + role.hex(); }
std::string role_state(const WatchedRole* role) {
  if (role == nullptr) return std::string(kGone);
  std::uint64_t in = 0;
  for (const Shift& shift : role->shifts) in += shift.check_in ? 1U : 0U;
  Words words;
  words.word("trouble", name_of(role->trouble)).time("since", role->since);
  return words.word("asked", std::uint64_t{role->shifts.size()}).word("checked_in", in).take();
}

class Lines {
 public:
  Lines(JournalIndex index, UtcTime at, const AuditScene& scene) : index_(index), at_(at), scene_(scene) {}

  void operator()(const GrantAnnounced& fact) {
    const auto grant = wire::decode_grant(fact.grant.body);
    NV_CHECK(grant.has_value());  // it was applied
    line(begin("grant_announced"), grant_subject(grant->id), grant_state(*grant));
  }
  void operator()(const DeviceEnrolled&) {
    const Device& device =
        scene_.directory.device(static_cast<DeviceNumber>(scene_.directory.device_count() - 1));
    line(begin("device_enrolled"), device_subject(device), device_state(device));
  }
  void operator()(const DocumentPublished& fact) {
    const wire::SignedDocument& document = fact.document;
    line(begin("document_published"), document_subject(document.organisation, document.kind),
         document_state(document));
    for (const DeviceNumber number : scene_.revoked_now) {
      const Device& device = scene_.directory.device(number);
      line(begin("device_revoked"), device_subject(device), device_state(device));
    }
    for (const DeviceNumber number : scene_.suspension_news) suspension(scene_.directory.device(number));
  }
  void operator()(const AlertRaised& fact) {
    Words words = begin("alert_raised");
    by(words, fact.facts.raised_by);
    alert(std::move(words), fact.facts.alert, &fact.change);
  }
  void operator()(const AlertActed& fact) {
    Words words = begin("alert_acted");
    words.word("act", act_name(fact.entry.act));
    by(words, fact.entry.author);
    alert(std::move(words), fact.alert, fact.change ? &*fact.change : nullptr);
  }
  void operator()(const AlertStepped& fact) { alert(begin("alert_moved"), fact.alert, &fact.change); }
  void operator()(const AlertMended& fact) { alert(begin("alert_mended"), fact.alert, &fact.change); }
  void operator()(const AlertForgotten& fact) {
    line(begin("alert_forgotten"), alert_subject(fact.alert), std::string(kGone));
  }
  void operator()(const CheckInAsked& fact) {
    Words words = begin("check_in_asked");
    words.id("person", fact.person).time("from", fact.from).time("due", fact.due_at);
    rung(words, "asked", fact.devices);
    role(std::move(words), fact.role);
  }
  void operator()(const CheckedIn& fact) {
    Words words = begin("checked_in");
    by(words, fact.device);
    role(std::move(words.id("person", fact.person)), fact.role);
  }
  void operator()(const ShiftEnded& fact) {
    Words words = begin("shift_ended");
    role(std::move(words.id("person", fact.person)), fact.role);
  }
  void operator()(const DutyDoubted& fact) {
    const bool over = fact.trouble == wire::DutyTrouble::kNone;
    role(begin(over ? "role_recovered" : "role_degraded"), fact.role);
  }
  // Not audited; see the header.
  void operator()(const KeyPackageAdded&) {}
  void operator()(const KeyPackagesTaken&) {}
  void operator()(const EntryAppended&) {}
  void operator()(const CursorsAdvanced&) {}
  void operator()(const EntriesTrimmed&) {}
  void operator()(const GapWarned&) {}

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  Words begin(std::string_view event) const {
    Words words;
    words.time("at", at_).word("record", index_).word("event", event);
    return words;
  }
  // Who did it is in the document that was applied just now: the last word there is of the device.
  void suspension(const Device& device) {
    Words words = begin(device.suspended ? "device_suspended" : "suspension_lifted");
    const auto& items = scene_.directory.suspensions(device.identity.organisation).items;
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
      const auto said = wire::decode_suspension(item->suspension.body);
      if (said->device != device.identity.device || item->stands() != device.suspended) continue;
      if (item->lift && item->lift->by_organisation) {
        words.id("by_organisation", device.identity.organisation);
      } else {
        words.id("by", suspender(*item));
      }
      words.id("suspension", said->id);
      break;
    }
    line(std::move(words), device_subject(device), device_state(device));
  }
  static DeviceId suspender(const wire::Suspensions::Item& item) {
    const auto body = wire::decode_certificate_body(item.suspension.signer.certificate.body);
    return body ? wire::device_id(body->sign_key, body->curve_key) : DeviceId{};
  }
  void by(Words& words, DeviceNumber device) const {
    words.id("by", scene_.directory.device(device).identity.device);
  }
  void alert(Words words, const AlertId& id, const AlertChange* change) {
    if (change != nullptr) {
      for (const Post& post : change->posts) rung(words, name_of(post.kind), post.devices);
    }
    line(std::move(words), alert_subject(id), alert_state(*scene_.alerts.find(id), scene_.directory));
  }
  // Who was rung is what is asked after a night that went wrong.
  void rung(Words& words, std::string_view how, const std::vector<DeviceNumber>& numbers) const {
    std::string devices;
    const std::size_t named = std::min(numbers.size(), kAuditDevicesNamed);
    for (std::size_t i = 0; i < named; ++i) {
      devices += (i == 0 ? "" : ",") + scene_.directory.device(numbers[i]).identity.device.hex();
    }
    if (named < numbers.size()) devices += ",+" + std::to_string(numbers.size() - named);
    words.word(how, devices);
  }
  void role(Words words, const RoleId& id) {
    line(std::move(words), role_subject(id), role_state(scene_.duty.find(id)));
  }
  void line(Words words, const std::string& subject, const std::string& state) {
    lines_.push_back(words.take() + ' ' + subject + std::string(kBar) + state);
  }

  const JournalIndex index_;
  const UtcTime at_;
  const AuditScene& scene_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> audit_texts(const Fact& fact, JournalIndex index, UtcTime at,
                                     const AuditScene& scene) {
  Lines lines(index, at, scene);
  std::visit(lines, fact);
  return lines.take();
}

AuditSubjects subjects_of(const Directory& directory, const AlertBook& alerts, const DutyBook& duty) {
  AuditSubjects out;
  for (const auto& [id, known] : directory.grants()) out[grant_subject(id)] = grant_state(known.grant);
  for (DeviceNumber number = 0; number < directory.device_count(); ++number) {
    const Device& device = directory.device(number);
    out[device_subject(device)] = device_state(device);
  }
  for (const auto& [key, known] : directory.documents()) {
    out[document_subject(key.first, key.second)] = document_state(known.document);
  }
  alerts.each(
      [&](const Alert& alert) { out[alert_subject(alert.facts.alert)] = alert_state(alert, directory); });
  for (const auto& [role, watched] : duty.roles()) out[role_subject(role)] = role_state(&watched);
  return out;
}

bool AuditFold::take(std::string_view text) {
  const std::size_t bar = text.find(kBar);
  if (bar == std::string_view::npos) return false;
  const std::size_t before = text.rfind(' ', bar - 1);
  if (before == std::string_view::npos || before + 1 >= bar) return false;
  subjects_[std::string(text.substr(before + 1, bar - before - 1))] = text.substr(bar + kBar.size());
  return true;
}

std::optional<std::string> AuditFold::difference(const AuditSubjects& state, bool whole) const {
  for (const auto& [subject, value] : state) {
    const auto told = subjects_.find(subject);
    if (told == subjects_.end() ? whole : told->second != value) return subject;
  }
  for (const auto& [subject, value] : subjects_) {
    if (value != kGone && !state.contains(subject) && !subject.starts_with("grant=")) return subject;
  }
  return std::nullopt;
}

}  // namespace nattevagt::broker
