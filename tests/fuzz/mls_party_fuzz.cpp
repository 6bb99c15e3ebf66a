// Two members and a third who comes and goes, with a hub in the middle that the input plays: it chooses who
// does what, and which message reaches whom, changed or whole. No crash; whatever is refused changes nothing;
// and members that say they are in the same epoch by the same commits agree on its secrets.
//
// The input is a program: one byte for the operation, then its arguments; missing bytes are zero.
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "client-lib/mls/group.h"
#include "tests/fuzz/mls_fuzz.h"

namespace nattevagt::mls {
namespace {

using fuzz::must;

constexpr std::size_t kPeople = 3;
constexpr std::size_t kMessagesMax = 48;
constexpr int kOperationsMax = 64;

class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}
  bool empty() const { return at_ >= bytes_.size(); }
  std::size_t next() { return empty() ? 0 : bytes_[at_++]; }
  std::size_t next(std::size_t sides) { return next() % sides; }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

constexpr std::size_t kPackages = 4;  // of each person

// What every run starts from, made once: alice and bob share a group, carol is outside.
struct Stage {
  struct Person {
    SignKey key;
    Credential credential;
    std::vector<KeyPackageBundle> bundles;
  };
  TrustAll policy;
  Validation validation{policy, from_unix_ms(1'800'000'000'000)};
  Person people[kPeople];
  std::optional<Group> alice, bob;

  Stage() {
    SeededEntropy entropy(11);
    const char* names[kPeople] = {"alice", "bob", "carol"};
    for (std::size_t i = 0; i < kPeople; ++i) {
      Person& person = people[i];
      person.key = SignKey::generate(entropy);
      person.credential = Credential::basic(as_bytes(names[i]));
      const KeyPackageRequest request{person.credential, validation.now,
                                      validation.now + std::chrono::hours(24)};
      for (std::size_t k = 0; k < kPackages; ++k) {
        person.bundles.push_back(make_key_package(request, person.key, entropy));
      }
    }
    alice = must(Group::create(as_bytes("g"), people[0].credential, people[0].key, {}, validation, entropy));
    CommitRequest add;
    add.adds = {people[1].bundles[0].message()};
    const CommitResult made = must(alice->commit(add, validation, entropy));
    (void)must(alice->apply_pending());
    bob = must(Group::join(*made.welcome, people[1].bundles[0], people[1].key, validation));
  }
};

class Party {
 public:
  Party(const Stage& stage, ByteView input) : stage_(stage), input_(input) {
    groups_[0] = stage.alice->clone();
    groups_[1] = stage.bob->clone();
  }

  void run() {
    for (int i = 0; i < kOperationsMax && !input_.empty(); ++i) {
      const std::size_t who = input_.next(kPeople);
      const std::size_t operation = input_.next(12);
      if (operation < 4) {
        hear(who);
      } else if (operation == 4) {
        send(package(who));
      } else if (operation == 5) {
        come_from_outside(who);
      } else if (groups_[who]) {
        act(who, operation);
      }
      agree();
    }
  }

 private:
  Bytes package(std::size_t who) {
    return stage_.people[who].bundles[next_package_[who]++ % kPackages].message();
  }
  void send(Bytes message) {
    if (wire_.size() < kMessagesMax) wire_.push_back(std::move(message));
  }
  void send(const Result<Bytes>& message) {
    if (message) send(*message);
  }
  HandshakeFormat format() {
    return input_.next(2) == 0 ? HandshakeFormat::kPrivate : HandshakeFormat::kPublic;
  }

  void act(std::size_t who, std::size_t operation) {
    Group& group = *groups_[who];
    switch (operation) {
      case 6: send(group.protect({}, as_bytes("text"), entropy_)); break;
      case 7: commit(group); break;
      case 8: propose(group); break;
      case 9:
        if (input_.next(4) == 0) {
          group.discard_pending();
        } else {
          (void)group.apply_pending();
        }
        break;
      case 10:
        group = must(Group::restore(group.save_epoch().expose(), group.save_ratchets().expose(), key(who)));
        break;
      default: send(group.group_info(entropy_)); break;
    }
  }

  void commit(Group& group) {
    CommitRequest request;
    request.format = format();
    const std::size_t wishes = input_.next();
    request.force_path = (wishes & 1) != 0;
    request.use_pending_proposals = (wishes & 2) == 0;
    if ((wishes & 4) != 0) request.adds.push_back(package(input_.next(kPeople)));
    if ((wishes & 8) != 0) request.removes.push_back(LeafIndex{static_cast<std::uint32_t>(input_.next(4))});
    if ((wishes & 16) != 0) request.resumption_psks.push_back(group.epoch() - input_.next(3));
    if ((wishes & 32) != 0 && !wire_.empty()) request.adds.push_back(wire_[input_.next(wire_.size())]);
    const Result<CommitResult> made = group.commit(request, validation_, entropy_);
    if (!made) return;
    send(made->commit);
    if (made->welcome) send(*made->welcome);
  }

  void propose(Group& group) {
    switch (input_.next(6)) {
      case 0: send(group.propose_update(entropy_, format())); break;
      case 1:
        send(group.propose_remove(LeafIndex{static_cast<std::uint32_t>(input_.next(4))}, entropy_, format()));
        break;
      case 2: send(group.propose_add(package(input_.next(kPeople)), validation_, entropy_, format())); break;
      case 3: send(group.propose_resumption_psk(group.epoch() - input_.next(3), entropy_, format())); break;
      case 4: {
        Extensions extensions;
        if (input_.next(2) == 0) extensions.push_back({extension_type::kRequiredCapabilities, {0, 0, 0}});
        if (input_.next(2) == 0) extensions.push_back({static_cast<std::uint16_t>(0xf000 + input_.next()), {}});
        send(group.propose_context_extensions(std::move(extensions), validation_, entropy_, format()));
        break;
      }
      default: send(group.propose_reinit({to_bytes(as_bytes("next")), {}}, entropy_, format())); break;
    }
  }

  void come_from_outside(std::size_t who) {
    if (wire_.empty()) return;
    ExternalJoinRequest request;
    request.credential = stage_.people[who].credential;
    const std::size_t leaf = input_.next(5);
    if (leaf > 0) request.replaces = LeafIndex{static_cast<std::uint32_t>(leaf - 1)};
    Result<ExternalJoin> joined = Group::join_external(chosen(), request, key(who), validation_, entropy_);
    if (!joined) return;
    groups_[who] = std::move(joined->group);
    send(std::move(joined->commit));
  }

  // A message from the wire; every other one with some of its bytes changed, cut or lengthened.
  Bytes chosen() {
    Bytes out = wire_[input_.next(wire_.size())];
    const std::size_t changes = input_.next(8);
    for (std::size_t i = 4; i < changes; ++i) {
      const std::size_t at = input_.next() * 256 + input_.next();
      const std::size_t value = input_.next();
      if (out.empty()) break;
      out[at % out.size()] ^= static_cast<std::uint8_t>(value);
      if (value == 0) out.resize(at % out.size());
    }
    return out;
  }

  void hear(std::size_t who) {
    if (wire_.empty()) return;
    const Bytes message = chosen();
    std::optional<Group>& group = groups_[who];
    if (!group || input_.next(4) == 0) {
      for (const KeyPackageBundle& bundle : stage_.people[who].bundles) {
        Result<Group> joined = Group::join(message, bundle, key(who), validation_);
        if (joined) group = std::move(*joined);
      }
      return;
    }
    const SecretBytes epoch = group->save_epoch();
    const SecretBytes ratchets = group->save_ratchets();
    const Result<Processed> done = group->process(message, validation_);
    if (!done && !(group->save_epoch() == epoch && group->save_ratchets() == ratchets)) std::abort();
    if (done && std::holds_alternative<OwnCommit>(*done)) (void)must(group->apply_pending());
  }

  // Two histories may stand side by side (the hub here lies): only equal ones must agree. The context holds
  // the transcript of all commits, so equal authenticators and unequal rosters, or the reverse, are a fault.
  void agree() {
    for (std::size_t i = 0; i < kPeople; ++i) {
      for (std::size_t k = i + 1; k < kPeople; ++k) {
        if (!groups_[i] || !groups_[k]) continue;
        const Group& a = *groups_[i];
        const Group& b = *groups_[k];
        if (a.epoch_authenticator() != b.epoch_authenticator()) continue;
        if (a.epoch() != b.epoch() || a.member_count() != b.member_count()) std::abort();
        if (!(a.exporter("x", {}, 32) == b.exporter("x", {}, 32))) std::abort();
      }
    }
  }

  const SignKey& key(std::size_t who) const { return stage_.people[who].key; }

  const Stage& stage_;
  Input input_;
  SeededEntropy entropy_{12};
  const Validation& validation_ = stage_.validation;
  std::optional<Group> groups_[kPeople];
  std::size_t next_package_[kPeople] = {0, 1, 0};
  std::vector<Bytes> wire_;
};

}  // namespace
}  // namespace nattevagt::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const nattevagt::mls::Stage stage;
  nattevagt::mls::Party(stage, nattevagt::ByteView(data, size)).run();
  return 0;
}
