#include <algorithm>
#include <array>

#include "client-lib/mls/framing.h"
#include "client-lib/mls/group.h"
#include "client-lib/mls/messages.h"
#include "client-lib/mls/ratchet_tree.h"
#include "client-lib/mls/welcome.h"
#include "tests/support/mls_trust_all.h"
#include "tests/vectors/mls_vectors.h"

namespace nattevagt::mls::vectors {
namespace {

class ListedPsks final : public PskSource {
 public:
  void add(Bytes id, const Bytes& key) { keys_.emplace_back(std::move(id), SecretBytes(key)); }
  const SecretBytes* external(ByteView psk_id) const override {
    for (const auto& [id, key] : keys_) {
      if (std::equal(id.begin(), id.end(), psk_id.begin(), psk_id.end())) return &key;
    }
    return nullptr;
  }
  const SecretBytes* resumption(ByteView, std::uint64_t) const override { return nullptr; }

 private:
  std::vector<std::pair<Bytes, SecretBytes>> keys_;
};

template <class T>
void same_again(const Case& vector, const char* field) {
  const Bytes wire = vector.bytes(field);
  Reader in(wire);
  const T value = T::decode(in);
  expect(in.finish(field).has_value(), field);
  Writer out;
  value.encode(out);
  expect(out.take() == wire, field);
}

template <class Body>
void same_message(const Case& vector, const char* field) {
  const Bytes wire = vector.bytes(field);
  const MlsMessage message = expect_ok(parse_message(wire), field);
  expect(std::holds_alternative<Body>(message.body), field);
  expect(encode(message) == wire, field);
}

template <class Body>
const Body& body_of(const MlsMessage& message, const char* what) {
  const Body* body = std::get_if<Body>(&message.body);
  expect(body != nullptr, what);
  return *body;
}

}  // namespace

void verify_messages(const Case& vector) {
  same_message<Welcome>(vector, "mls_welcome");
  same_message<GroupInfo>(vector, "mls_group_info");
  same_message<KeyPackage>(vector, "mls_key_package");
  same_again<RatchetTree>(vector, "ratchet_tree");
  same_again<GroupSecrets>(vector, "group_secrets");
  same_again<Add>(vector, "add_proposal");
  same_again<Update>(vector, "update_proposal");
  same_again<Remove>(vector, "remove_proposal");
  same_again<PreSharedKey>(vector, "pre_shared_key_proposal");
  same_again<ReInit>(vector, "re_init_proposal");
  same_again<ExternalInit>(vector, "external_init_proposal");
  same_again<GroupContextExtensions>(vector, "group_context_extensions_proposal");
  same_again<Commit>(vector, "commit");
  same_message<PublicMessage>(vector, "public_message_application");
  same_message<PublicMessage>(vector, "public_message_proposal");
  same_message<PublicMessage>(vector, "public_message_commit");
  same_message<PrivateMessage>(vector, "private_message");
}

void verify_message_protection(const Case& vector) {
  GroupContext context;
  context.group_id = vector.bytes("group_id");
  context.epoch = vector.number("epoch");
  context.tree_hash = vector.bytes("tree_hash");
  context.confirmed_transcript_hash = vector.bytes("confirmed_transcript_hash");
  const Bytes context_bytes = encode(context);
  const SignKey key =
      SignKey::from_seed(expect_ok(SignSeed::from(vector.bytes("signature_priv")), "signature_priv"));
  const Bytes public_key = vector.bytes("signature_pub");
  expect(to_bytes(key.public_key().bytes) == public_key, "signature_pub");
  const auto sender_data =
      expect_ok(SenderDataSecret::from(vector.bytes("sender_data_secret")), "sender_data_secret");
  const auto membership = expect_ok(MembershipKey::from(vector.bytes("membership_key")), "membership_key");
  const auto encryption =
      expect_ok(EncryptionSecret::from(vector.bytes("encryption_secret")), "encryption_secret");
  SeededEntropy entropy(6);

  const auto content_bytes = [](const FramedContent& content) {
    if (const auto* data = std::get_if<SecretBytes>(&content.content)) return to_bytes(data->expose());
    Writer out;
    content.encode_content(out);
    return out.take();
  };
  // 6.2: the membership tag, the signature, the content.
  const auto open_public = [&](const Bytes& wire, const Bytes& expected) {
    MlsMessage parsed = expect_ok(parse_message(wire), "PublicMessage");
    PublicMessage* message = std::get_if<PublicMessage>(&parsed.body);
    expect(message != nullptr && message->membership_tag.has_value(), "PublicMessage");
    AuthenticatedContent content{WireFormat::kPublicMessage, std::move(message->content),
                                 std::move(message->auth)};
    expect(mac_matches(membership_tag(membership, content, context_bytes), *message->membership_tag),
           "membership_tag");
    expect(verify_content(content, context_bytes, public_key), "signature");
    expect(content_bytes(content.content) == expected, "content");
    return content;
  };
  // 6.3, with a secret tree of the receiver's own.
  const auto open_private_wire = [&](SecretTree& receiver, const Bytes& wire, const Bytes& expected) {
    const MlsMessage parsed = expect_ok(parse_message(wire), "PrivateMessage");
    const PrivateMessage& message = body_of<PrivateMessage>(parsed, "PrivateMessage");
    const SenderData sender = expect_ok(open_sender_data(message, sender_data), "sender data");
    expect(sender.leaf.value == 1, "sender");
    OpenedPrivate opened = expect_ok(open_private(message, sender, receiver), "open_private");
    expect(verify_content(opened.message, context_bytes, public_key), "signature");
    expect(content_bytes(opened.message.content) == expected, "content");
    receiver.accept(std::move(opened.step));
    return std::move(opened.message);
  };
  const auto sign_again = [&](const AuthenticatedContent& from, WireFormat format) {
    AuthenticatedContent out;
    out.wire_format = format;
    const Bytes bytes = encode(from.content);
    out.content = expect_ok(decode<FramedContent>(bytes, "FramedContent"), "FramedContent");
    out.auth = sign_content(format, out.content, context_bytes, key);
    out.auth.confirmation_tag = from.auth.confirmation_tag;
    return out;
  };
  const auto seal_public = [&](const AuthenticatedContent& from) {
    AuthenticatedContent content = sign_again(from, WireFormat::kPublicMessage);
    PublicMessage message;
    message.membership_tag = to_bytes(membership_tag(membership, content, context_bytes));
    message.content = std::move(content.content);
    message.auth = std::move(content.auth);
    MlsMessage out;
    out.body = std::move(message);
    return encode(out);
  };
  SecretTree sending(2, encryption);
  SecretTree receiving(2, encryption);
  const auto seal_private_wire = [&](const AuthenticatedContent& from, RatchetKind kind) {
    const AuthenticatedContent content = sign_again(from, WireFormat::kPrivateMessage);
    const auto next = expect_ok(sending.next(LeafIndex{1}, kind), "next");
    MlsMessage out;
    out.body = seal_private(content, next, sender_data, entropy);
    return encode(out);
  };

  const Bytes proposal = vector.bytes("proposal");
  const Bytes commit = vector.bytes("commit");
  const Bytes application = vector.bytes("application");
  const AuthenticatedContent public_proposal = open_public(vector.bytes("proposal_pub"), proposal);
  const AuthenticatedContent public_commit = open_public(vector.bytes("commit_pub"), commit);
  // Each given message is the first of its sender.
  SecretTree first(2, encryption);
  SecretTree second(2, encryption);
  SecretTree third(2, encryption);
  open_private_wire(first, vector.bytes("proposal_priv"), proposal);
  open_private_wire(second, vector.bytes("commit_priv"), commit);
  const AuthenticatedContent private_application =
      open_private_wire(third, vector.bytes("application_priv"), application);

  open_public(seal_public(public_proposal), proposal);
  open_public(seal_public(public_commit), commit);
  open_private_wire(receiving, seal_private_wire(public_proposal, RatchetKind::kHandshake), proposal);
  open_private_wire(receiving, seal_private_wire(public_commit, RatchetKind::kHandshake), commit);
  open_private_wire(receiving, seal_private_wire(private_application, RatchetKind::kApplication),
                    application);
}

void verify_welcome(const Case& vector) {
  const MlsMessage parsed = expect_ok(parse_message(vector.bytes("welcome")), "welcome");
  const MlsMessage published = expect_ok(parse_message(vector.bytes("key_package")), "key_package");
  const KeyPackage& key_package = body_of<KeyPackage>(published, "key_package");
  HpkeKeyPair init;
  init.secret = expect_ok(HpkePrivateKey::from(vector.bytes("init_priv")), "init_priv");
  init.key = hpke_public(init.secret);
  const OpenedWelcome opened = expect_ok(
      open_welcome(body_of<Welcome>(parsed, "welcome"), key_package.ref(), init, nullptr, nullptr), "open_welcome");
  const GroupInfo& info = opened.group_info;
  expect(verify_with_label(vector.bytes("signer_pub"), "GroupInfoTBS", info.tbs(), info.signature),
         "signature");
  const DerivedEpoch epoch = expand_epoch(derive_epoch(opened.member, encode(info.group_context)));
  expect(
      mac_matches(confirmation_tag(epoch.secrets.confirmation, info.group_context.confirmed_transcript_hash),
                  info.confirmation_tag),
      "confirmation_tag");
}

void verify_passive_client(const Case& vector) {
  const TrustAll policy;
  ListedPsks psks;
  for (const auto& psk : vector.list("external_psks")) psks.add(psk->bytes("psk_id"), psk->bytes("psk"));
  Validation validation{policy, from_unix_ms(1'700'000'000'000)};
  validation.psks = &psks;
  validation.check_lifetime = false;  // these KeyPackages expired long ago

  const KeyPackageBundle bundle =
      expect_ok(KeyPackageBundle::from_parts(
                    vector.bytes("key_package"),
                    expect_ok(HpkePrivateKey::from(vector.bytes("init_priv")), "init_priv"),
                    expect_ok(HpkePrivateKey::from(vector.bytes("encryption_priv")), "encryption_priv")),
                "bundle");
  const SignKey key =
      SignKey::from_seed(expect_ok(SignSeed::from(vector.bytes("signature_priv")), "signature_priv"));
  Bytes tree;
  std::optional<ByteView> outside;
  if (vector.has("ratchet_tree")) {
    tree = vector.bytes("ratchet_tree");
    outside = tree;
  }
  Group group = expect_ok(Group::join(vector.bytes("welcome"), bundle, key, validation, outside), "join");
  expect(group.epoch_authenticator() == vector.bytes("initial_epoch_authenticator"),
         "initial_epoch_authenticator");

  for (const auto& epoch : vector.list("epochs")) {
    for (const auto& proposal : epoch->list("proposals")) {
      const Processed done = expect_ok(group.process(proposal->bytes(), validation), "proposal");
      expect(std::holds_alternative<ProposalReceived>(done), "ProposalReceived");
    }
    // Each step through the store: what is restored must go on as what was saved.
    const SecretBytes epoch_blob = group.save_epoch();
    const SecretBytes ratchet_blob = group.save_ratchets();
    group = expect_ok(Group::restore(epoch_blob.expose(), ratchet_blob.expose(), key), "restore");
    const Processed done = expect_ok(group.process(epoch->bytes("commit"), validation), "commit");
    expect(std::holds_alternative<CommitApplied>(done), "CommitApplied");
    expect(group.epoch_authenticator() == epoch->bytes("epoch_authenticator"), "epoch_authenticator");
  }
}

}  // namespace nattevagt::mls::vectors
