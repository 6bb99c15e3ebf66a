#include "client-lib/mls/framing.h"
#include "client-lib/mls/key_schedule.h"
#include "client-lib/mls/secret_tree.h"
#include "tests/vectors/mls_vectors.h"

namespace nattevagt::mls::vectors {
namespace {

template <class S>
S secret(ByteView bytes) {
  return expect_ok(S::from(bytes), "secret");
}

template <class S>
bool equals(const S& value, const Bytes& expected) {
  return equal_constant_time(value.expose(), expected);
}

// RFC 5869: no more can be expanded.
std::size_t expand_length(const Case& vector) {
  return static_cast<std::size_t>(vector.up_to("length", 255 * 32));
}

}  // namespace

void verify_crypto_basics(const Case& vector) {
  const auto ref = vector.at("ref_hash");
  expect(to_bytes(ref_hash(ref->text("label"), ref->bytes("value"))) == ref->bytes("out"), "ref_hash");

  const auto expand = vector.at("expand_with_label");
  SecretBytes expanded(expand_length(*expand));
  expand_with_label(expand->bytes("secret"), expand->text("label"), expand->bytes("context"),
                    expanded.expose());
  expect(equals(expanded, expand->bytes("out")), "expand_with_label");

  const auto derive = vector.at("derive_secret");
  expect(equals(derive_secret<EpochSecret>(derive->bytes("secret"), derive->text("label")),
                derive->bytes("out")),
         "derive_secret");

  const auto tree = vector.at("derive_tree_secret");
  expect(tree->number("length") == 32, "derive_tree_secret length");
  expect(equals(Expander(tree->bytes("secret"))
                    .tree_secret<TreeSecret>(tree->text("label"), tree->number32("generation")),
                tree->bytes("out")),
         "derive_tree_secret");

  const auto sign = vector.at("sign_with_label");
  const std::string label = sign->text("label");
  const Bytes content = sign->bytes("content");
  expect(verify_with_label(sign->bytes("pub"), label, content, sign->bytes("signature")), "verify");
  const SignKey key = SignKey::from_seed(secret<SignSeed>(sign->bytes("priv")));
  expect(verify_with_label(sign->bytes("pub"), label, content, sign_with_label(key, label, content)), "sign");

  const auto seal = vector.at("encrypt_with_label");
  const HpkePrivateKey priv = secret<HpkePrivateKey>(seal->bytes("priv"));
  const HpkePublicKey pub = hpke_public(priv);
  expect(to_bytes(pub) == seal->bytes("pub"), "public key");
  const HpkeCiphertext given{seal->bytes("kem_output"), seal->bytes("ciphertext")};
  const std::string seal_label = seal->text("label");
  const Bytes context = seal->bytes("context");
  expect(equals(expect_ok(decrypt_with_label(priv, pub, seal_label, context, given), "decrypt"),
                seal->bytes("plaintext")),
         "decrypt_with_label");
  SeededEntropy entropy(1);
  const HpkeCiphertext own =
      expect_ok(encrypt_with_label(pub, seal_label, context, seal->bytes("plaintext"), entropy), "encrypt");
  expect(equals(expect_ok(decrypt_with_label(priv, pub, seal_label, context, own), "decrypt own"),
                seal->bytes("plaintext")),
         "encrypt_with_label");
}

void verify_deserialization(const Case& vector) {
  const Bytes header = vector.bytes("vlbytes_header");
  Reader in(header);
  expect(in.varint() == vector.number("length"), "length");
  expect(in.finish("vlbytes_header").has_value(), "header");
  Writer out;
  out.varint(static_cast<std::size_t>(vector.up_to("length", (1u << 30) - 1)));
  expect(out.take() == header, "header again");
}

void verify_key_schedule(const Case& vector) {
  InitSecret init = secret<InitSecret>(vector.bytes("initial_init_secret"));
  GroupContext context;
  context.group_id = vector.bytes("group_id");
  for (const auto& epoch : vector.list("epochs")) {
    context.tree_hash = epoch->bytes("tree_hash");
    context.confirmed_transcript_hash = epoch->bytes("confirmed_transcript_hash");
    const Bytes encoded = encode(context);
    expect(encoded == epoch->bytes("group_context"), "group_context");

    const JoinerSecret joiner =
        derive_joiner(init, secret<CommitSecret>(epoch->bytes("commit_secret")), encoded);
    expect(equals(joiner, epoch->bytes("joiner_secret")), "joiner_secret");
    const MemberSecret member = derive_member(joiner, secret<PskSecret>(epoch->bytes("psk_secret")));
    expect(equals(derive_welcome(member), epoch->bytes("welcome_secret")), "welcome_secret");
    DerivedEpoch derived = expand_epoch(derive_epoch(member, encoded));
    const EpochSecrets& secrets = derived.secrets;
    expect(equals(secrets.init, epoch->bytes("init_secret")), "init_secret");
    expect(equals(secrets.sender_data, epoch->bytes("sender_data_secret")), "sender_data_secret");
    expect(equals(derived.encryption, epoch->bytes("encryption_secret")), "encryption_secret");
    expect(equals(secrets.exporter, epoch->bytes("exporter_secret")), "exporter_secret");
    expect(equals(secrets.authenticator, epoch->bytes("epoch_authenticator")), "epoch_authenticator");
    expect(equals(secrets.external, epoch->bytes("external_secret")), "external_secret");
    expect(equals(secrets.confirmation, epoch->bytes("confirmation_key")), "confirmation_key");
    expect(equals(secrets.membership, epoch->bytes("membership_key")), "membership_key");
    expect(equals(secrets.resumption, epoch->bytes("resumption_psk")), "resumption_psk");
    expect(to_bytes(hpke_derive(secrets.external.expose()).key) == epoch->bytes("external_pub"),
           "external_pub");

    const auto exported = epoch->at("exporter");
    expect(equals(export_secret(secrets.exporter, exported->text("label"), exported->bytes("context"),
                                expand_length(*exported)),
                  exported->bytes("secret")),
           "exporter");
    init = secrets.init.duplicate();
    ++context.epoch;
  }
}

void verify_psk_secret(const Case& vector) {
  std::vector<PskInput> psks;
  for (const auto& psk : vector.list("psks")) {
    PreSharedKeyId id;
    id.psk_id = psk->bytes("psk_id");
    id.psk_nonce = psk->bytes("psk_nonce");
    psks.push_back({std::move(id), SecretBytes(psk->bytes("psk"))});
  }
  expect(equals(derive_psk_secret(psks), vector.bytes("psk_secret")), "psk_secret");
}

void verify_secret_tree(const Case& vector) {
  const auto data = vector.at("sender_data");
  const MessageKey sender =
      sender_data_key(secret<SenderDataSecret>(data->bytes("sender_data_secret")), data->bytes("ciphertext"));
  expect(equals(sender.key, data->bytes("key")), "sender_data key");
  expect(equals(sender.nonce, data->bytes("nonce")), "sender_data nonce");

  const auto leaves = vector.list("leaves");
  const auto width = static_cast<std::uint32_t>(std::bit_ceil(leaves.size()));
  SecretTree tree(width, secret<EncryptionSecret>(vector.bytes("encryption_secret")));
  for (std::uint32_t i = 0; i < leaves.size(); ++i) {
    for (const auto& entry : leaves[i]->list()) {
      const std::uint32_t generation = entry->number32("generation");
      for (const RatchetKind kind : {RatchetKind::kHandshake, RatchetKind::kApplication}) {
        const bool handshake = kind == RatchetKind::kHandshake;
        auto step = expect_ok(tree.peek(LeafIndex{i}, kind, generation), "peek");
        expect(equals(step.key.key, entry->bytes(handshake ? "handshake_key" : "application_key")), "key");
        expect(equals(step.key.nonce, entry->bytes(handshake ? "handshake_nonce" : "application_nonce")),
               "nonce");
        tree.accept(std::move(step));
        expect(!tree.peek(LeafIndex{i}, kind, generation).has_value(), "a key is given once");
      }
    }
  }
}

void verify_transcript_hashes(const Case& vector) {
  const Bytes wire = vector.bytes("authenticated_content");
  const AuthenticatedContent message =
      expect_ok(decode<AuthenticatedContent>(wire, "AuthenticatedContent"), "decode");
  expect(encode(message) == wire, "encode");
  const Digest confirmed = confirmed_transcript_hash(vector.bytes("interim_transcript_hash_before"), message);
  expect(to_bytes(confirmed) == vector.bytes("confirmed_transcript_hash_after"), "confirmed");
  expect(message.auth.confirmation_tag.has_value(), "tag present");
  const auto key = secret<ConfirmationKey>(vector.bytes("confirmation_key"));
  expect(mac_matches(confirmation_tag(key, confirmed), *message.auth.confirmation_tag), "confirmation_tag");
  expect(to_bytes(interim_transcript_hash(confirmed, *message.auth.confirmation_tag)) ==
             vector.bytes("interim_transcript_hash_after"),
         "interim");
}

}  // namespace nattevagt::mls::vectors
