// Group::process, join and restore under foreign bytes. A message that a real member made is the base: the
// input is laid over it, so that the fuzzer starts behind the first checks. Whatever fails must leave the
// group's two blobs as they were.
#include <cstdlib>
#include <memory>

#include "client-lib/mls/group.h"
#include "tests/fuzz/mls_fuzz.h"

namespace nattevagt::mls {
namespace {

using fuzz::must;

struct Stage {
  TrustAll policy;
  SeededEntropy entropy{7};
  UtcTime now = from_unix_ms(1'800'000'000'000);
  Validation validation{policy, now};
  SignKey alice_key = SignKey::generate(entropy);
  SignKey bob_key = SignKey::generate(entropy);
  KeyPackageBundle bundle = make_key_package(
      {Credential::basic(as_bytes("bob")), now, now + std::chrono::hours(24)}, bob_key, entropy);
  Group alice = must(
      Group::create(as_bytes("g"), Credential::basic(as_bytes("alice")), alice_key, {}, validation, entropy));
  std::vector<Bytes> bases;
  std::unique_ptr<Group> bob;

  Stage() {
    CommitRequest add;
    add.adds = {bundle.message()};
    const CommitResult made = must(alice.commit(add, validation, entropy));
    (void)must(alice.apply_pending());
    bob = std::make_unique<Group>(must(Group::join(*made.welcome, bundle, bob_key, validation)));
    bases = {{},
             *made.welcome,
             bundle.message(),
             must(alice.protect({}, as_bytes("text"), entropy)),
             must(alice.propose_update(entropy, HandshakeFormat::kPublic)),
             must(alice.group_info(entropy))};
    ExternalJoinRequest resync{Credential::basic(as_bytes("alice")), LeafIndex{0}, {}, {}, {}};
    bases.push_back(must(Group::join_external(bases.back(), resync, alice_key, validation, entropy)).commit);
    CommitRequest path;
    path.force_path = true;
    path.format = HandshakeFormat::kPublic;
    bases.push_back(must(alice.commit(path, validation, entropy)).commit);
  }
};

}  // namespace
}  // namespace nattevagt::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nattevagt;
  using namespace nattevagt::mls;
  static const Stage stage;
  if (size < 3) return 0;
  Bytes message = stage.bases[data[0] % stage.bases.size()];
  const ByteView patch(data + 3, size - 3);
  const std::size_t at = message.empty() ? 0 : (std::size_t{data[1]} * 256 + data[2]) % message.size();
  if (message.size() < at + patch.size()) message.resize(at + patch.size());
  std::copy(patch.begin(), patch.end(), message.begin() + static_cast<std::ptrdiff_t>(at));

  Group group = stage.bob->clone();
  const SecretBytes epoch = group.save_epoch();
  const SecretBytes ratchets = group.save_ratchets();
  if (!group.process(message, stage.validation) &&
      !(group.save_epoch() == epoch && group.save_ratchets() == ratchets)) {
    std::abort();
  }
  (void)Group::join(message, stage.bundle, stage.bob_key, stage.validation);
  (void)check_key_package(message, stage.validation);
  (void)check_group_info(message, stage.validation);
  SeededEntropy entropy(3);
  (void)Group::join_external(message, {Credential::basic(as_bytes("bob")), LeafIndex{1}, {}, {}, {}},
                             stage.bob_key, stage.validation, entropy);
  (void)Group::restore(message, message, stage.bob_key);
  return 0;
}
