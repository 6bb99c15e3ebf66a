#include "client-lib/app/organisation_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "client-lib/admin/hub_tool.h"
#include "client-lib/admin/organisation.h"
#include "client-lib/admin/roster_build.h"
#include "client-lib/app/audit_commands.h"
#include "client-lib/app/commands.h"
#include "client-lib/app/id_prefix.h"
#include "client-lib/app/json_lines.h"
#include "client-lib/app/pin.h"
#include "client-lib/app/qr.h"
#include "client-lib/app/rota_commands.h"
#include "client-lib/app/rota_show.h"
#include "client-lib/app/rota_units.h"
#include "client-lib/app/show.h"
#include "client-lib/app/texts_da.h"
#include "client-lib/io/zmq_connection.h"
#include "proto/common/limits.h"
#include "proto/wire/chain.h"
#include "proto/wire/codec.h"

namespace nattevagt::client::cli {
namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

// "endpoint ...", "curve ...", "sign ...": what 'nattevagt-broker pins' prints. Options override the file.
Result<wire::HubPin> hub_pin(const Arguments& a) {
  std::map<std::string, std::string> facts;
  if (!a.hub_file.empty()) {
    NV_TRY(const std::string text, read_text_file(a.hub_file));
    std::istringstream lines(text);
    for (std::string key, value; lines >> key >> value;) facts[key] = value;
  }
  if (!a.endpoint.empty()) facts["endpoint"] = a.endpoint;
  if (!a.hub_curve.empty()) facts["curve"] = a.hub_curve;
  if (!a.hub_sign.empty()) facts["sign"] = a.hub_sign;
  wire::HubPin pin;
  pin.endpoint = facts["endpoint"];
  NV_TRY(const Bytes curve, from_hex(facts["curve"]));
  NV_TRY(const Bytes sign, from_hex(facts["sign"]));
  if (curve.size() != 32 || sign.size() != 32 || pin.endpoint.empty())
    return fail(Errc::kMalformed, "hub pins");
  std::copy(curve.begin(), curve.end(), pin.curve_key.bytes.begin());
  std::copy(sign.begin(), sign.end(), pin.sign_key.bytes.begin());
  // The hub listens everywhere; a device needs the one place where it is.
  for (const char* anywhere : {"tcp://0.0.0.0:", "tcp://*:", "tcp://[::]:"}) {
    if (pin.endpoint.starts_with(anywhere)) return fail(Errc::kInvalidValue, "hub pins: endpoint");
  }
  return pin;
}

class OrganisationRun {
 public:
  OrganisationRun(const Arguments& arguments, const std::string& home, const Screen& screen, Clock& clock,
                  Entropy& entropy)
      : a_(arguments), home_(home), screen_(screen), clock_(clock), entropy_(entropy) {}

  AgentReply go() {
    if (a_.verb == Verb::kOrgInit) return init();
    auto pin = obtain_pin({a_.pin_file, text::kPassphrasePrompt, false});
    if (const auto* fault = std::get_if<PinFault>(&pin)) return refuse(Errc::kWrongPin, fault->text);
    auto opened = Organisation::open(home_, std::get<PinText>(pin).pin, entropy_);
    if (!opened) return cannot_open(opened.error().code);
    org_ = &*opened;
    switch (a_.verb) {
      case Verb::kOrgShow: return show();
      case Verb::kOrgCard: return print(wire::encode_card(org_->card()) + "\n");
      case Verb::kOrgTrust: return trust();
      case Verb::kRosterCheck: return roster(false);
      case Verb::kRosterPublish: return roster(true);
      case Verb::kRotaPublish: return publish_rota();
      case Verb::kRotaNow: return units_now();
      case Verb::kGrant: return grant();
      case Verb::kDevices: return devices();
      case Verb::kRevoke: return revoke();
      case Verb::kLift: return lift();
      case Verb::kAuditHead: return audit_head();
      case Verb::kAuditVerify: return verify_audit(*org_, home_, a_, screen_);
      default: return refuse(Errc::kUnsupported);
    }
  }

 private:
  AgentReply refuse(Errc code, std::string_view why) { return refusal(code, why, a_.json); }
  AgentReply refuse(Errc code) { return refuse(code, text::error_text(code)); }
  static AgentReply print(std::string out) { return {std::move(out), {}, kExitDone}; }

  AgentReply cannot_open(Errc code) {
    if (code == Errc::kNotFound) return refuse(code, text::kNoOrganisation);
    if (code == Errc::kBusy) return refuse(code, text::kOrganisationBusy);
    return refuse(code);
  }

  AgentReply init() {
    const auto hub = hub_pin(a_);
    if (!hub) {
      return refuse(hub.error().code,
                    hub.error().code == Errc::kInvalidValue ? text::kHubEverywhere : text::kHubPins);
    }
    auto pin = obtain_pin({a_.pin_file, text::kPassphraseNewPrompt, true});
    if (const auto* fault = std::get_if<PinFault>(&pin)) return refuse(Errc::kWrongPin, fault->text);
    const PassphraseCost cost = a_.cheap_key ? PassphraseCost{1, 8 * 1024} : PassphraseCost{};
    const auto made = Organisation::create(home_, a_.name, std::get<PinText>(pin).pin, *hub, cost, entropy_);
    if (!made) {
      return refuse(made.error().code, made.error().code == Errc::kInvalidValue
                                           ? text::kOrgBadInput
                                           : text::error_text(made.error().code));
    }
    if (a_.json) return print(json_ok({{"organisation", made->card().id.hex()}}));
    return print(fmt::format("{}\n{}\n", text::kOrgMade, text::kOrgNext));
  }

  AgentReply show() {
    const auto& state = org_->state();
    if (a_.json) {
      return print(json_ok({{"name", state.name},
                            {"organisation", org_->card().id.hex()},
                            {"hub", state.hub.endpoint},
                            {"roster_version", static_cast<std::int64_t>(state.roster_version)},
                            {"people", static_cast<std::int64_t>(state.people.size())},
                            {"trusted", static_cast<std::int64_t>(state.trusted.size())}}));
    }
    std::string out = fmt::format("{}\n  id {}\n  hub {}\n  vagtplan, version {}\n", state.name,
                                  org_->card().id.hex(), state.hub.endpoint, state.roster_version);
    for (const auto& other : state.trusted)
      out += fmt::format("  stoler på {}\n", printable_line(other.name));
    for (const auto& person : state.people) {
      out += fmt::format("  {}{}{}\n", printable_line(person.name), person.profession.empty() ? "" : ", ",
                         printable_line(person.profession));
    }
    return print(out);
  }

  AgentReply trust() {
    if (a_.text.empty()) {
      return {wire::encode_trust(org_->trust()) + "\n", std::string(text::kTrustConfidential) + "\n",
              kExitDone};
    }
    const auto file = read_text_file(a_.text);
    if (!file) return refuse(file.error().code, text::kNoFile);
    const auto other = wire::decode_trust(trimmed(*file));
    if (!other) return refuse(other.error().code);
    if (const auto done = org_->trust(*other); !done) return refuse(done.error().code);
    if (a_.json) return print(json_ok({{"trusted", other->name}}));
    return print(fmt::format("{}{}.\n", text::kTrusted, printable_line(other->name)));
  }

  Result<HubTool> hub() {
    connection_ = std::make_unique<ZmqConnection>(clock_, entropy_);
    return HubTool::connect(*connection_, clock_, org_->state().hub, org_->curve_key(), a_.patience);
  }

  AgentReply roster(bool publish) {
    const auto file = read_text_file(a_.text);
    if (!file) return refuse(file.error().code, text::kNoFile);
    ParsedRoster parsed = parse_roster(*file);
    std::optional<HubTool> tool;
    std::vector<ForeignName> foreign;
    if (publish || (!a_.offline && !org_->state().trusted.empty())) {
      auto connected = hub();
      if (!connected) return refuse(connected.error().code);
      tool.emplace(std::move(*connected));
      const auto documents = tool->documents();
      if (!documents) return refuse(documents.error().code);
      auto names = foreign_names(org_->state().trusted, *documents);
      if (!names) return refuse(names.error().code);
      foreign = std::move(*names);
    }
    std::optional<BuiltRoster> built;
    const bool readable = std::none_of(parsed.problems.begin(), parsed.problems.end(),
                                       [](const auto& problem) { return !is_warning(problem.fault); });
    if (readable) {
      auto made = build_roster(parsed.draft, *org_, foreign, clock_.wall());
      if (!made) return refuse(made.error().code);
      built.emplace(std::move(*made));
      const bool skip = !tool.has_value();  // without the hub, others' roles cannot be known
      for (auto& problem : built->problems) {
        if (!skip || problem.subject.find(": ") == std::string::npos)
          parsed.problems.push_back(std::move(problem));
      }
    }
    AgentReply reply = report(parsed.problems);
    if (reply.exit_code != kExitDone) return reply;
    if (!publish) {
      reply.out +=
          a_.json ? json_ok({{"roster", std::string("good")}}) : std::string(text::kRosterGood) + "\n";
      return reply;
    }
    const auto version = tool->version_at_hub(org_->card().id, wire::DocumentKind::kRoster);
    const auto document = org_->sign_roster(built->roster, version);
    if (!document) return refuse(document.error().code);
    if (const auto sent = tool->publish(*document); !sent) return refuse(sent.error().code);
    reply.out += a_.json ? json_ok({{"version", static_cast<std::int64_t>(document->version)}})
                         : fmt::format("{}{}.\n", text::kRosterPublished, document->version);
    return reply;
  }

  AgentReply report(const std::vector<RosterProblem>& problems) {
    AgentReply reply;
    bool bad = false;
    for (const auto& problem : problems) {
      const bool warning = is_warning(problem.fault);
      bad = bad || !warning;
      const std::string text = printable_line(text::roster_problem_text(problem));
      if (a_.json) {
        reply.out += json_object({{"level", std::string(warning ? "warning" : "error")},
                                  {"line", static_cast<std::int64_t>(problem.line)},
                                  {"text", text}});
      } else {
        reply.err += paint(warning ? Paint::kYellow : Paint::kRed, text, screen_) + "\n";
      }
    }
    if (!bad) return reply;
    reply.exit_code = kExitRefused;
    if (!a_.json) reply.err += std::string(text::kRosterBad) + "\n";
    return reply;
  }

  AgentReply publish_rota() {
    const auto file = read_text_file(a_.text);
    if (!file) return refuse(file.error().code, text::kNoFile);
    ParsedRota parsed = parse_rota(*file);
    auto tool = hub();
    if (!tool) return refuse(tool.error().code);
    const auto documents = tool->documents();
    if (!documents) return refuse(documents.error().code);
    const auto roster = own_roster(*documents, org_->card());
    if (!roster) {
      return refuse(roster.error().code, roster.error().code == Errc::kNotFound
                                             ? "Udgiv organisationens roster først: nattevagt org roster publish."
                                             : text::error_text(roster.error().code));
    }
    const UtcTime now = clock_.wall();
    BuiltRota built = build_rota(parsed.draft, *org_, *roster, now);
    for (auto& problem : built.problems) parsed.problems.push_back(std::move(problem));
    AgentReply reply = cli::report(parsed.problems, screen_, a_.json);
    if (!a_.accept_gaps.empty()) accept_gaps(built, now);
    if (reply.exit_code != kExitDone || report_gaps(built, now, screen_, a_.json, reply)) return reply;
    const auto version = tool->version_at_hub(org_->card().id, wire::DocumentKind::kRota);
    const auto document = org_->sign_rota(built.rota, version);
    if (!document) return refuse(document.error().code);
    if (document->body.size() > limits::kDocumentBytesMax) return refuse(Errc::kTooLarge);
    if (const auto sent = tool->publish(*document); !sent) return refuse(sent.error().code);
    reply.out += a_.json ? json_ok({{"version", static_cast<std::int64_t>(document->version)}})
                         : fmt::format("Vagtplanen er udgivet, version {}.\n", document->version);
    return reply;
  }

  // P-107: the organisation's signature under each gap that is ahead, with its reason, sealed.
  void accept_gaps(BuiltRota& built, UtcTime now) {
    for (const rota::Gap& gap : gaps_ahead(built.rota, now)) {
      built.rota.overrides.push_back({wire::OverrideKind::kAcceptedGap, gap.role, gap.from, gap.until, {},
                                      org_->seal_name(a_.accept_gaps, {}, gap.role.view())});
    }
  }

  AgentReply units_now() {
    auto tool = hub();
    if (!tool) return refuse(tool.error().code);
    const auto documents = tool->documents();
    if (!documents) return refuse(documents.error().code);
    UtcTime now = clock_.wall();
    if (!a_.at.empty()) {
      const auto at = parse_moment(a_.at);
      if (!at) return refuse(Errc::kInvalidValue, "'" + a_.at + "' er ikke et tidspunkt. Skriv 2026-10-24T23:00.");
      now = *at;
    }
    const auto text = who_answers_units(*org_, *documents, now, screen_, a_.json);
    if (!text) return refuse(text.error().code);
    return print(*text);
  }

  AgentReply grant() {
    GrantOrder order;
    order.kind = !a_.person.empty() ? wire::HolderKind::kPerson
                 : !a_.unit.empty() ? wire::HolderKind::kUnit
                                    : wire::HolderKind::kRecorder;
    order.name = !a_.person.empty() ? a_.person : !a_.unit.empty() ? a_.unit : a_.recorder;
    order.profession = a_.profession;
    if (!a_.name.empty()) order.for_unit = a_.name;
    if (a_.valid_for.count() != 0) order.valid_for = a_.valid_for;
    if (a_.certificate_lifetime.count() != 0) order.certificate_lifetime = a_.certificate_lifetime;
    const UtcTime now = clock_.wall();
    const auto link = org_->make_grant(order, now);
    if (!link) {
      return refuse(link.error().code, link.error().code == Errc::kInvalidValue ? text::kGrantBadInput
                                       : link.error().code == Errc::kNotFound
                                           ? text::kNoSuchUnit
                                           : text::error_text(link.error().code));
    }
    auto tool = hub();
    if (!tool) return refuse(tool.error().code);
    if (const auto announced = tool->announce(link->grant); !announced) return refuse(announced.error().code);
    const std::string link_text = wire::encode_link(*link);
    const UtcTime until = now + order.valid_for;
    if (a_.json) return print(json_ok({{"link", link_text}, {"name", order.name}}));
    std::string out = fmt::format("{}{}\n{}{}.\n\n", text::kGrantFor, printable_line(order.name),
                                  text::kGrantOnce, date_and_clock_text(until));
    const auto code = screen_.colour ? qr_block(link_text, screen_.columns) : std::nullopt;
    out += code ? *code : screen_.colour ? std::string(text::kQrTooNarrow) + "\n" : std::string();
    out += fmt::format("\n{}\n\n{}\n{}\n", link_text, text::kGrantHow, text::kGrantSecret);
    return print(out);
  }

  struct Device {
    wire::DeviceIdentity identity;
    std::string name;
    wire::Devices::Item item;
  };
  Result<std::vector<Device>> list_devices(HubTool& tool) {
    NV_TRY(auto items, tool.devices());
    std::vector<Device> out;
    const std::array cards{org_->card()};
    for (auto& item : items) {
      // An expired certificate is as good as revoked, and nobody's business any more.
      auto identity = wire::verify_certificate(item.certificate, cards, clock_.wall());
      if (!identity && identity.error().code == Errc::kExpired) continue;
      NV_TRY(auto known, std::move(identity));
      const auto label =
          wire::open_label(known.sealed_label, org_->state().directory_key, known.person.view());
      out.push_back({std::move(known), label ? label->name : std::string("?"), std::move(item)});
    }
    return out;
  }

  // A colleague's, by her signature: the hub's word that there is one is worth nothing (P-194).
  struct Suspended {
    wire::VerifiedSuspension verified;
    std::string by;  // "Mette Holm 24-11-2026 kl. 03.12"
  };
  std::optional<Suspended> suspension_of(const Device& device) const {
    if (!device.item.suspension || device.item.revoked) return std::nullopt;
    auto verified = wire::verify_suspension(*device.item.suspension, std::array{org_->card()});
    if (!verified || verified->said.device != device.identity.device) return std::nullopt;
    const SealKey& key = org_->state().directory_key;
    auto label = wire::open_label(verified->said.sealed_author, key, verified->said.id.view());
    if (!label) label = wire::open_label(verified->signer.sealed_label, key, verified->signer.person.view());
    const std::string name = label ? label->name : std::string("?");
    return Suspended{*verified, name + " " + date_and_clock_text(verified->said.issued_at)};
  }

  AgentReply lift() {
    auto tool = hub();
    if (!tool) return refuse(tool.error().code);
    const auto list = list_devices(*tool);
    if (!list) return refuse(list.error().code);
    std::vector<std::string> ids;
    for (const auto& device : *list) ids.push_back(device.identity.device.hex());
    const Chosen choice = choose_id(a_.device, ids);
    if (choice.choice != Choice::kFound) return refuse(Errc::kNotFound, text::kNotSuspendedThere);
    const Device& device = (*list)[choice.index];
    const auto suspended = suspension_of(device);
    if (!suspended) return refuse(Errc::kNotFound, text::kNotSuspendedThere);
    const auto lifted = tool->lift(org_->lift(suspended->verified.said, clock_.wall()));
    if (!lifted) return refuse(lifted.error().code);
    return print(a_.json ? json_ok({{"lifted", device.identity.device.hex()}, {"name", device.name}})
                         : fmt::format("{}{} ({})\n", text::kLiftedNow, printable_line(device.name),
                                       short_id(device.identity.device.hex())));
  }

  AgentReply devices() {
    auto tool = hub();
    if (!tool) return refuse(tool.error().code);
    const auto list = list_devices(*tool);
    if (!list) return refuse(list.error().code);
    std::string out;
    for (const auto& device : *list) {
      const auto suspended = suspension_of(device);
      const std::string state = device.item.revoked     ? "spærret"
                                : suspended             ? "spærret af " + printable_line(suspended->by)
                                : device.item.connected ? "forbundet"
                                                        : "ikke forbundet";
      if (a_.json) {
        out += json_object({{"device", device.identity.device.hex()},
                            {"name", device.name},
                            {"revoked", device.item.revoked},
                            {"suspended_by", suspended ? suspended->by : std::string()},
                            {"suspended_by_device", suspended ? suspended->verified.signer.device.hex() : std::string()},
                            {"suspended_at", suspended ? utc_text(suspended->verified.said.issued_at) : std::string()},
                            {"connected", device.item.connected}});
      } else {
        out += fmt::format("{}  {}  {}, sidst set {}\n", short_id(device.identity.device.hex()),
                           printable_line(device.name), state, date_and_clock_text(device.item.last_seen));
      }
    }
    if (out.empty() && !a_.json) out = std::string(text::kNothing) + "\n";
    return print(out);
  }

  AgentReply revoke() {
    if (a_.device.empty() == a_.person.empty()) return refuse(Errc::kInvalidValue, text::kRevokeWhich);
    auto tool = hub();
    if (!tool) return refuse(tool.error().code);
    auto list = list_devices(*tool);
    if (!list) return refuse(list.error().code);
    std::vector<const Device*> chosen;
    if (!a_.person.empty()) {
      for (const auto& device : *list) {
        if (device.name == a_.person && !device.item.revoked) chosen.push_back(&device);
      }
      if (chosen.empty())
        return refuse(Errc::kNotFound, std::string(text::kNoSuchName) + printable_line(a_.person));
    } else {
      std::vector<std::string> ids;
      for (const auto& device : *list) ids.push_back(device.identity.device.hex());
      const Chosen choice = choose_id(a_.device, ids);
      if (choice.choice != Choice::kFound) {
        std::string why = std::string(choice.choice == Choice::kSeveral ? text::kWhichOne : text::kNoSuch);
        if (choice.choice != Choice::kSeveral) why += printable_line(a_.device);
        for (const std::size_t index : choice.fitting) {
          why += fmt::format("\n  {}  {}", ids[index].substr(0, 12), printable_line((*list)[index].name));
        }
        return refuse(Errc::kNotFound, why);
      }
      chosen.push_back(&(*list)[choice.index]);
    }
    std::vector<DeviceId> ids;
    ids.reserve(chosen.size());
    for (const auto* device : chosen) ids.push_back(device->identity.device);
    const auto version = tool->version_at_hub(org_->card().id, wire::DocumentKind::kRevocations);
    const auto document = org_->revoke(ids, version, clock_.wall());
    if (!document) return refuse(document.error().code);
    if (const auto sent = tool->publish(*document); !sent) return refuse(sent.error().code);
    std::string out;
    for (const auto* device : chosen) {
      out += a_.json ? json_ok({{"revoked", device->identity.device.hex()}, {"name", device->name}})
                     : fmt::format("{}{} ({})\n", text::kRevokedNow, printable_line(device->name),
                                   short_id(device->identity.device.hex()));
    }
    return print(out);
  }

  AgentReply audit_head() {
    auto tool = hub();
    if (!tool) return refuse(tool.error().code);
    const auto point = tool->audit_point();
    if (!point) return refuse(point.error().code);
    return remember_audit_point(*point, home_, a_, screen_);
  }

  const Arguments& a_;
  const std::string& home_;
  const Screen& screen_;
  Clock& clock_;
  Entropy& entropy_;
  Organisation* org_ = nullptr;
  std::unique_ptr<ZmqConnection> connection_;
};

}  // namespace

AgentReply run_organisation(const Arguments& arguments, const std::string& home, const Screen& screen,
                            Clock& clock, Entropy& entropy) {
  return OrganisationRun(arguments, home, screen, clock, entropy).go();
}

}  // namespace nattevagt::client::cli
