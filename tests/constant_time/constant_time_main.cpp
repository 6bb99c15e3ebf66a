// Runs the paths that handle secrets with the secrets marked as undefined memory: under valgrind, any branch
// and any address that depends on one is reported (the idea is Adam Langley's ctgrind). Without valgrind it
// only computes.
//
// constant_time            every path; valgrind must have nothing to say
// constant_time CANARY     a path that leaks on purpose: branch, index or memcmp; valgrind must report it
#include <valgrind/memcheck.h>

#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "client-lib/mls/framing.h"
#include "client-lib/mls/group_state.h"
#include "client-lib/mls/key_schedule.h"
#include "client-lib/mls/secret_tree.h"
#include "client-lib/mls/treekem.h"
#include "proto/common/check.h"
#include "proto/common/system.h"
#include "tests/support/mls_trust_all.h"

namespace nattevagt::mls {
struct GroupAccess {
  static GroupState& state(Group& group) { return *group.state_; }
};

namespace {

void poison(ByteView bytes) { (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size()); }
// For what a path gives away by design: a verdict, a public key, a ciphertext.
template <class T>
T published(T value) {
  (void)VALGRIND_MAKE_MEM_DEFINED(&value, sizeof(value));
  return value;
}

SeededEntropy& entropy() {
  static SeededEntropy one(77);
  return one;
}
template <class SecretType>
SecretType secret() {
  SecretType out = entropy().make_secret<SecretType>();
  poison(out.expose());
  return out;
}

void comparisons() {
  const auto a = secret<EpochSecret>();
  const EpochSecret same = a.duplicate();
  const auto other = secret<EpochSecret>();
  NV_CHECK(published(a == same));
  NV_CHECK(!published(a == other));
  const SecretBytes bytes(a.expose());
  NV_CHECK(published(bytes == SecretBytes(same.expose())));
  NV_CHECK(!published(bytes == SecretBytes(other.expose())));
  NV_CHECK(published(equal_constant_time(a.expose(), same.expose())));
}

void macs() {
  const auto key = secret<MembershipKey>();
  const Digest tag = mac(key.expose(), as_bytes("what is authenticated"));
  Bytes received = to_bytes(tag);
  NV_CHECK(published(mac_matches(tag, received)));
  received.front() ^= 1;
  NV_CHECK(!published(mac_matches(tag, received)));
  received.front() ^= 1;
  received.back() ^= 1;
  NV_CHECK(!published(mac_matches(tag, received)));
  AuthenticatedContent message;
  message.wire_format = WireFormat::kPublicMessage;
  message.content.group_id = to_bytes(as_bytes("group"));
  message.content.content = Proposal{Remove{LeafIndex{1}}};
  (void)membership_tag(key, message, as_bytes("context"));
  (void)confirmation_tag(secret<ConfirmationKey>(), as_bytes("transcript"));
}

void key_schedule() {
  const JoinerSecret joiner =
      derive_joiner(secret<InitSecret>(), secret<CommitSecret>(), as_bytes("context"));
  std::vector<PskInput> psks;
  PreSharedKeyId id;
  id.psk_id = to_bytes(as_bytes("psk"));
  id.psk_nonce.resize(kHashBytes);
  psks.push_back({id, SecretBytes(secret<EpochSecret>().expose())});
  const MemberSecret member = derive_member(joiner, derive_psk_secret(psks));
  (void)derive_welcome(member);
  const DerivedEpoch epoch = expand_epoch(derive_epoch(member, as_bytes("context")));
  (void)export_secret(epoch.secrets.exporter, "label", as_bytes("context"), 48);
  (void)sender_data_key(epoch.secrets.sender_data, as_bytes("a sample of the ciphertext"));
  (void)hpke_derive(epoch.secrets.external.expose());
}

void ratchets() {
  SecretTree sending(8, secret<EncryptionSecret>());
  for (int i = 0; i < 3; ++i) NV_CHECK(sending.next(LeafIndex{5}, RatchetKind::kApplication).has_value());
  SecretTree receiving(8, secret<EncryptionSecret>());
  Result<SecretTree::Step> step = receiving.peek(LeafIndex{2}, RatchetKind::kHandshake, 4);
  NV_CHECK(step.has_value());
  receiving.accept(std::move(*step));
  NV_CHECK(receiving.peek(LeafIndex{2}, RatchetKind::kHandshake, 1).has_value());
  Writer out(Writer::Kind::kSecret);
  for (const auto& [leaf, ratchets] : receiving.ratchets()) {
    ratchets.handshake.encode(out);
    ratchets.application.encode(out);
  }
}

void path_secrets() {
  std::vector<PathStep> steps(3);
  for (std::uint32_t i = 0; i < steps.size(); ++i) steps[i].node = NodeIndex{2 * i + 1};
  (void)derive_path(secret<PathSecret>(), steps);
}

// What comes out of verification is public, and told to libsodium's caller by a branch: public.supp names
// those places.
void encryption() {
  const auto key = secret<AeadKey>();
  const auto nonce = secret<AeadNonce>();
  const Bytes sealed = aead_seal(key, nonce, as_bytes("associated"), as_bytes("plaintext"));
  NV_CHECK(published(aead_open(key, nonce, as_bytes("associated"), sealed).has_value()));
  const auto own = secret<HpkePrivateKey>();
  HpkePublicKey own_public = published(hpke_public(own));
  const Result<HpkeCiphertext> to_us =
      encrypt_with_label(own_public, "label", as_bytes("context"), as_bytes("path secret"), entropy());
  NV_CHECK(to_us.has_value());
  NV_CHECK(published(decrypt_with_label(own, own_public, "label", as_bytes("context"), *to_us).has_value()));
}

void signing() {
  const SignKey key = SignKey::from_seed(secret<SignSeed>());
  (void)sign_with_label(key, "label", as_bytes("content"));
}

// A whole protect(): signing, ratchet, both encryptions, encoding; the plaintext is secret too.
void protect() {
  const TrustAll policy;
  const Validation validation{policy, from_unix_ms(1'800'000'000'000)};
  const SignKey key = SignKey::generate(entropy());
  Result<Group> group =
      Group::create(as_bytes("group"), Credential::basic(as_bytes("alice")), key, {}, validation, entropy());
  NV_CHECK(group.has_value());
  GroupState& state = GroupAccess::state(*group);
  poison(state.secrets.sender_data.expose());
  poison(state.secrets.exporter.expose());
  state.sign_key = SignKey::from_seed(secret<SignSeed>());
  state.secret_tree = SecretTree(1, secret<EncryptionSecret>());
  const SecretBytes text(as_bytes("a citizen's words"));
  poison(text.expose());
  NV_CHECK(group->protect(as_bytes("aad"), text.expose(), entropy()).has_value());
  (void)group->exporter("label", {}, 32);
}

volatile int sink = 0;

bool canary(std::string_view name) {
  const auto a = secret<EpochSecret>();
  if (name == "branch") {
    if (a.expose()[0] == 7) sink = 1;
  } else if (name == "index") {
    static const int table[256] = {1, 2, 3};
    sink = table[a.expose()[0]];
  } else if (name == "memcmp") {
    const auto b = secret<EpochSecret>();
    if (std::memcmp(a.expose().data(), b.expose().data(), 32) == 0) sink = 1;
  } else {
    return false;
  }
  return true;
}

}  // namespace
}  // namespace nattevagt::mls

int main(int argc, char** argv) {
  using namespace nattevagt::mls;
  nattevagt::SystemEntropy libsodium_is_ready;
  if (argc == 2) return canary(argv[1]) ? 0 : 2;
  comparisons();
  macs();
  key_schedule();
  ratchets();
  path_secrets();
  encryption();
  signing();
  protect();
  std::puts("all paths ran");
  return 0;
}
