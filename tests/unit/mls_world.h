// Devices that talk MLS with one another, for tests: seeded randomness, one clock, a policy that can be told
// to refuse.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client-lib/mls/group.h"
#include "client-lib/mls/group_state.h"

namespace nattevagt::mls {

// What a member with a modified client could reach: its own group's secrets.
struct GroupAccess {
  static GroupState& state(Group& group) { return *group.state_; }
};

// What a Result was refused with; Errc{} and "" when it was not. (The error of a Result that holds a value is
// whatever lies there, and may look right.)
template <class R>
Errc code_of(const R& result) {
  return result ? Errc{} : result.error().code;
}
template <class R>
std::string place_of(const R& result) {
  return result ? "" : result.error().where;
}

namespace test {

inline UtcTime start_time() { return from_unix_ms(1'800'000'000'000); }

class Policy final : public CredentialPolicy {
 public:
  Status validate(const Credential& credential, const SignPublicKey&, CredentialUse use,
                  UtcTime) const override {
    asked[use] += 1;
    if (refuse_use && *refuse_use == use) return fail(Errc::kUntrusted, "test policy");
    if (as_text(credential.identity) == refuse_identity) return fail(Errc::kUntrusted, "test policy");
    return {};
  }
  Status validate_successor(const Credential& old_credential, const SignPublicKey&, const Credential& next,
                            const SignPublicKey&) const override {
    successors += 1;
    if (any_successor) return {};
    // "alice" may become "alice v2".
    const std::string_view was = as_text(old_credential.identity);
    if (!as_text(next.identity).starts_with(was)) return fail(Errc::kUntrusted, "test successor");
    return {};
  }

  mutable std::map<CredentialUse, int> asked;
  mutable int successors = 0;
  bool any_successor = false;
  std::optional<CredentialUse> refuse_use;
  std::string refuse_identity;
};

class Psks final : public PskSource {
 public:
  void add(std::string_view id, std::string_view key) {
    keys.insert_or_assign(to_bytes(as_bytes(id)), SecretBytes(as_bytes(key)));
  }
  const SecretBytes* external(ByteView psk_id) const override {
    const auto found = keys.find(to_bytes(psk_id));
    return found == keys.end() ? nullptr : &found->second;
  }
  void add_resumption(ByteView group_id, std::uint64_t epoch, SecretBytes key) {
    resumptions.insert_or_assign({to_bytes(group_id), epoch}, std::move(key));
  }
  const SecretBytes* resumption(ByteView group_id, std::uint64_t epoch) const override {
    const auto found = resumptions.find({to_bytes(group_id), epoch});
    return found == resumptions.end() ? nullptr : &found->second;
  }
  std::map<Bytes, SecretBytes> keys;
  std::map<std::pair<Bytes, std::uint64_t>, SecretBytes> resumptions;
};

struct Device {
  std::string name;
  SignKey key;
  KeyPackageBundle bundle;
};

class World {
 public:
  explicit World(std::uint64_t seed = 1) : entropy(seed) {}

  Validation validation() const { return Validation{policy, now, &psks}; }

  Device device(const std::string& name) {
    Device out;
    out.name = name;
    out.key = SignKey::generate(entropy);
    out.bundle = package(name, out.key);
    return out;
  }
  KeyPackageBundle package(const std::string& name, const SignKey& key) {
    return make_key_package({Credential::basic(as_bytes(name)), now, now + std::chrono::hours(24 * 90)}, key,
                            entropy);
  }
  Group create(const Device& device, Extensions extensions = {}) {
    return get(Group::create(as_bytes("nat"), Credential::basic(as_bytes(device.name)), device.key,
                             std::move(extensions), validation(), entropy));
  }
  Group join(ByteView welcome, const Device& device) {
    return get(Group::join(welcome, device.bundle, device.key, validation()));
  }
  CommitResult commit(Group& group, const CommitRequest& request) {
    return get(group.commit(request, validation(), entropy));
  }
  CommitResult commit_path(Group& group) {
    CommitRequest request;
    request.force_path = true;
    return commit(group, request);
  }
  Processed process(Group& group, ByteView message) { return get(group.process(message, validation())); }
  Bytes protect(Group& group, std::string_view text) {
    return get(group.protect(as_bytes("aad"), as_bytes(text), entropy));
  }
  // What the message says to `group`, or "" with a failed test.
  std::string read(Group& group, ByteView message) {
    Processed done = process(group, message);
    const auto* application = std::get_if<ApplicationMessage>(&done);
    if (application == nullptr) {
      ADD_FAILURE() << "not an application message";
      return "";
    }
    return std::string(as_text(application->plaintext.expose()));
  }
  Errc error(Group& group, ByteView message) { return code_of(group.process(message, validation())); }

  template <class T>
  static T get(Result<T> result) {
    if (!result) {
      ADD_FAILURE() << errc_name(result.error().code) << " at " << result.error().where;
      std::abort();
    }
    return std::move(*result);
  }

  SeededEntropy entropy;
  Policy policy;
  Psks psks;
  UtcTime now = start_time();
};

// `count` devices in one group, all added by device 0 in one commit.
struct Party {
  explicit Party(World& shared, std::size_t count, Extensions extensions = {}) : world(shared) {
    for (std::size_t i = 0; i < count; ++i) devices.push_back(world.device("device" + std::to_string(i)));
    groups.push_back(world.create(devices[0], std::move(extensions)));
    CommitRequest request;
    for (std::size_t i = 1; i < count; ++i) request.adds.push_back(devices[i].bundle.message());
    if (count == 1) return;
    const CommitResult made = world.commit(groups[0], request);
    EXPECT_TRUE(groups[0].apply_pending().has_value());
    for (std::size_t i = 1; i < count; ++i) groups.push_back(world.join(*made.welcome, devices[i]));
  }
  // Everybody but the committer processes it, the committer applies.
  void deliver(std::size_t committer, ByteView commit) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (i == committer) {
        EXPECT_TRUE(groups[i].apply_pending().has_value());
      } else if (groups[i].active()) {
        world.process(groups[i], commit);
      }
    }
  }
  // Every member commits once, so that no inner node is blank.
  void fill() {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const Bytes commit = world.commit_path(groups[i]).commit;
      deliver(i, commit);
    }
  }
  void expect_agreement() {
    const Bytes authenticator = groups[0].epoch_authenticator();
    for (Group& group : groups) {
      if (!group.active()) continue;
      EXPECT_EQ(group.epoch_authenticator(), authenticator);
      EXPECT_EQ(group.members().size(), groups[0].members().size());
    }
  }

  World& world;
  std::vector<Device> devices;
  std::vector<Group> groups;
};

}  // namespace test
}  // namespace nattevagt::mls
