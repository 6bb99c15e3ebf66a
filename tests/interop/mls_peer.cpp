// nattevagt-mls-peer [--seed N]: one MLS client behind a pipe; see PROTOCOL.md in this folder.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "client-lib/mls/group.h"
#include "proto/common/system.h"

namespace nattevagt::mls {
namespace {

using nlohmann::json;

constexpr std::size_t kLineBytesMax = 8 * 1024 * 1024;
constexpr std::size_t kKeyPackagesMax = 1024;  // that wait for a Welcome

// The request cannot be met; the client is as it was. Caught in answer().
struct Refused {
  std::string why;
};

template <class T>
T need(Result<T> result) {
  if (!result) {
    throw Refused{std::string(errc_name(result.error().code)) + " (" + result.error().where + ")"};
  }
  return std::move(*result);
}

// A request's fields; a missing one or one of another type is refused by name.
class Fields {
 public:
  explicit Fields(const json& request) : request_(request) {}

  const std::string& text(const char* name) const { return text(at(name), name); }
  Bytes bytes(const char* name) const { return bytes(at(name), name); }
  Bytes bytes_or_empty(const char* name) const { return has(name) ? bytes(name) : Bytes(); }
  bool flag(const char* name, bool absent) const {
    if (!has(name)) return absent;
    const json& value = at(name);
    if (!value.is_boolean()) throw Refused{std::string(name) + ": not true or false"};
    return value.get<bool>();
  }
  LeafIndex leaf(const char* name) const { return leaf(at(name), name); }
  std::vector<Bytes> bytes_list(const char* name) const {
    std::vector<Bytes> out;
    for (const json& item : list(name)) out.push_back(bytes(item, name));
    return out;
  }
  std::vector<LeafIndex> leaf_list(const char* name) const {
    std::vector<LeafIndex> out;
    for (const json& item : list(name)) out.push_back(leaf(item, name));
    return out;
  }
  HandshakeFormat format() const {
    return flag("private", true) ? HandshakeFormat::kPrivate : HandshakeFormat::kPublic;
  }

 private:
  bool has(const char* name) const {
    const auto found = request_.find(name);
    return found != request_.end() && !found->is_null();
  }
  const json& at(const char* name) const {
    if (!has(name)) throw Refused{std::string(name) + ": missing"};
    return *request_.find(name);
  }
  static const std::string& text(const json& value, const char* name) {
    if (!value.is_string()) throw Refused{std::string(name) + ": not a text"};
    return value.get_ref<const std::string&>();
  }
  static Bytes bytes(const json& value, const char* name) {
    Result<Bytes> out = from_hex(text(value, name));
    if (!out) throw Refused{std::string(name) + ": not hex"};
    return std::move(*out);
  }
  static LeafIndex leaf(const json& value, const char* name) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 0xffffffff) {
      throw Refused{std::string(name) + ": not a leaf index"};
    }
    return LeafIndex{value.get<std::uint32_t>()};
  }
  json list(const char* name) const {
    if (!has(name)) return json::array();
    const json& value = at(name);
    if (!value.is_array()) throw Refused{std::string(name) + ": not a list"};
    return value;
  }

  const json& request_;
};

// Believes every name; a leaf keeps the one it has.
class AnyName final : public CredentialPolicy {
 public:
  Status validate(const Credential&, const SignPublicKey&, CredentialUse, UtcTime) const override {
    return {};
  }
  Status validate_successor(const Credential& old, const SignPublicKey&, const Credential& next,
                            const SignPublicKey&) const override {
    if (old == next) return {};
    return fail(Errc::kUntrusted, "RFC 9420 5.3.1 another identity");
  }
};

class Peer {
 public:
  explicit Peer(std::unique_ptr<Entropy> entropy)
      : entropy_(std::move(entropy)), sign_key_(SignKey::generate(*entropy_)) {}

  json answer(const json& request) {
    try {
      if (!request.is_object()) throw Refused{"not a JSON object"};
      const Fields fields(request);
      const auto found = operations().find(fields.text("op"));
      if (found == operations().end()) throw Refused{"op: unknown"};
      if (!credential_ && found->first != "init") throw Refused{"init comes first"};
      json out = {{"ok", true}};
      (this->*found->second)(fields, out);
      return out;
    } catch (const Refused& refused) {
      return {{"ok", false}, {"error", refused.why}};
    }
  }

 private:
  using Operation = void (Peer::*)(const Fields&, json&);
  static const std::map<std::string, Operation, std::less<>>& operations() {
    static const std::map<std::string, Operation, std::less<>> all = {
        {"apply", &Peer::apply},
        {"commit", &Peer::commit},
        {"create", &Peer::create},
        {"discard", &Peer::discard},
        {"external_join", &Peer::external_join},
        {"group_info", &Peer::group_info},
        {"init", &Peer::init},
        {"join", &Peer::join},
        {"key_package", &Peer::key_package},
        {"process", &Peer::process},
        {"propose_add", &Peer::propose_add},
        {"propose_remove", &Peer::propose_remove},
        {"propose_update", &Peer::propose_update},
        {"protect", &Peer::protect},
        {"state", &Peer::state},
    };
    return all;
  }

  void init(const Fields& fields, json& out) {
    if (credential_) throw Refused{"init: this client has its name"};
    credential_ = Credential::basic(as_bytes(fields.text("identity")));
    out["impl"] = "nattevagt";
  }

  void key_package(const Fields&, json& out) {
    if (bundles_.size() >= kKeyPackagesMax) throw Refused{"key_package: too many wait"};
    const KeyPackageRequest request{*credential_, clock_.wall() - std::chrono::hours(1),
                                    clock_.wall() + std::chrono::hours(24 * 90)};
    bundles_.push_back(make_key_package(request, sign_key_, *entropy_));
    out["key_package"] = to_hex(bundles_.back().message());
  }

  void create(const Fields& fields, json& out) {
    Validation own = validation();
    own.lifetime_max = std::chrono::hours(24 * 180);  // a stranger may hold us to a maximum of its own
    group_ = need(Group::create(fields.bytes("group_id"), *credential_, sign_key_, {}, own, *entropy_));
    put_state(out);
  }

  void join(const Fields& fields, json& out) {
    const Bytes welcome = fields.bytes("welcome");
    const auto named = need(welcome_recipients(welcome));
    const auto bundle = std::find_if(bundles_.begin(), bundles_.end(), [&](const KeyPackageBundle& held) {
      return std::find(named.begin(), named.end(), held.ref()) != named.end();
    });
    if (bundle == bundles_.end()) throw Refused{"join: the Welcome names no key package of ours"};
    group_ = need(Group::join(welcome, *bundle, sign_key_, validation()));
    bundles_.erase(bundle);  // RFC 9420 9.2: the init key goes
    put_state(out);
  }

  void external_join(const Fields& fields, json& out) {
    const Bytes info = fields.bytes("group_info");
    ExternalJoinRequest request;
    request.credential = *credential_;
    if (fields.flag("resync", false)) {
      const GroupInfoSummary summary = need(check_group_info(info, validation()));
      // Our leaf has our key; after a new start under the old name, our name alone.
      const auto find = [&](bool same_key) {
        return std::find_if(summary.members.begin(), summary.members.end(), [&](const Member& member) {
          return member.credential == *credential_ &&
                 (!same_key || member.signature_key == sign_key_.public_key());
        });
      };
      auto ours = find(true);
      if (ours == summary.members.end()) ours = find(false);
      if (ours == summary.members.end()) throw Refused{"resync: we have no leaf in that group"};
      request.replaces = ours->leaf;
    }
    ExternalJoin joined = need(Group::join_external(info, request, sign_key_, validation(), *entropy_));
    group_ = std::move(joined.group);
    out["commit"] = to_hex(joined.commit);
    put_state(out);
  }

  void group_info(const Fields&, json& out) {
    out["group_info"] = to_hex(need(group().group_info(*entropy_)));
  }

  void propose_add(const Fields& fields, json& out) {
    out["message"] = to_hex(
        need(group().propose_add(fields.bytes("key_package"), validation(), *entropy_, fields.format())));
  }
  void propose_remove(const Fields& fields, json& out) {
    out["message"] = to_hex(need(group().propose_remove(fields.leaf("index"), *entropy_, fields.format())));
  }
  void propose_update(const Fields& fields, json& out) {
    out["message"] = to_hex(need(group().propose_update(*entropy_, fields.format())));
  }

  void commit(const Fields& fields, json& out) {
    CommitRequest request;
    request.adds = fields.bytes_list("adds");
    request.removes = fields.leaf_list("removes");
    request.force_path = fields.flag("path", false);
    request.format = fields.format();
    const CommitResult made = need(group().commit(request, validation(), *entropy_));
    out["commit"] = to_hex(made.commit);
    out["welcome"] = made.welcome ? json(to_hex(*made.welcome)) : json(nullptr);
  }

  void apply(const Fields&, json& out) {
    need(group().apply_pending());
    put_state(out);
  }

  void discard(const Fields&, json& out) {
    if (!group().has_pending_commit()) throw Refused{"discard: no commit waits"};
    group().discard_pending();
    put_state(out);
  }

  void process(const Fields& fields, json& out) {
    const Processed done = need(group().process(fields.bytes("message"), validation()));
    if (const auto* application = std::get_if<ApplicationMessage>(&done)) {
      out["kind"] = "application";
      out["data"] = to_hex(application->plaintext.expose());
      out["aad"] = to_hex(application->authenticated_data);
    } else if (std::holds_alternative<ProposalReceived>(done)) {
      out["kind"] = "proposal";
    } else if (std::holds_alternative<CommitApplied>(done)) {
      out["kind"] = "commit";
    } else if (std::holds_alternative<RemovedFromGroup>(done)) {
      out["kind"] = "removed";
    } else if (std::holds_alternative<OwnCommit>(done)) {
      throw Refused{"process: our own commit, it waits for apply"};
    } else {
      throw Refused{"process: our own message"};
    }
    put_state(out);
  }

  void protect(const Fields& fields, json& out) {
    const Bytes data = fields.bytes("data");
    out["message"] = to_hex(need(group().protect(fields.bytes_or_empty("aad"), data, *entropy_)));
  }

  void state(const Fields&, json& out) {
    group();
    put_state(out);
  }

  void put_state(json& out) {
    const Group& here = group();
    out["epoch"] = here.epoch();
    out["authenticator"] = to_hex(here.epoch_authenticator());
    out["index"] = here.own_leaf().value;
    out["members"] = json::array();
    for (const Member& member : here.members()) {
      out["members"].push_back(std::string(as_text(member.credential.identity)));
    }
    const std::array<std::uint8_t, 1> context = {0};
    out["exporter"] = to_hex(here.exporter("nattevagt", context, 32).expose());
  }

  Group& group() {
    if (!group_) throw Refused{"no group yet"};
    return *group_;
  }

  Validation validation() {
    Validation out{policy_, clock_.wall()};
    out.lifetime_max = Validation::kAnyLifetime;  // strangers set their own
    return out;
  }

  SystemClock clock_;
  AnyName policy_;
  std::unique_ptr<Entropy> entropy_;
  SignKey sign_key_;
  std::optional<Credential> credential_;
  std::vector<KeyPackageBundle> bundles_;
  std::optional<Group> group_;
};

// False at the end of input. A line that is too long is read to its end and comes back empty.
bool read_line(std::istream& in, std::string& line) {
  line.clear();
  bool long_line = false;
  bool any = false;
  for (int c = in.get(); c != std::char_traits<char>::eof(); c = in.get()) {
    any = true;
    if (c == '\n') break;
    if (line.size() >= kLineBytesMax) long_line = true;
    if (!long_line) line.push_back(static_cast<char>(c));
  }
  if (long_line) line.clear();
  return any;
}

// No request nests deeper than a list in an object.
json parse(const std::string& line) {
  bool too_deep = false;
  json out = json::parse(
      line,
      [&](int depth, json::parse_event_t, json&) {
        too_deep = too_deep || depth > 3;
        return !too_deep;
      },
      /*allow_exceptions=*/false);
  return too_deep ? json(json::value_t::discarded) : out;
}

int run(std::unique_ptr<Entropy> entropy) {
  Peer peer(std::move(entropy));
  std::string line;
  while (read_line(std::cin, line)) {
    // Names may be any bytes; JSON text may not.
    const std::string out = peer.answer(parse(line)).dump(-1, ' ', false, json::error_handler_t::replace);
    std::cout << out << '\n' << std::flush;
  }
  return 0;
}

}  // namespace
}  // namespace nattevagt::mls

int main(int argc, char** argv) {
  using namespace nattevagt;
  std::unique_ptr<Entropy> entropy = std::make_unique<SystemEntropy>();
  if (argc == 3 && std::strcmp(argv[1], "--seed") == 0) {
    std::uint64_t seed = 0;
    const char* end = argv[2] + std::strlen(argv[2]);
    const auto read = std::from_chars(argv[2], end, seed);
    if (read.ec != std::errc() || read.ptr != end) return 2;
    entropy = std::make_unique<SeededEntropy>(seed);
  } else if (argc != 1) {
    std::fputs("Usage: nattevagt-mls-peer [--seed N]\n", stderr);
    return 2;
  }
  return mls::run(std::move(entropy));
}
