#include "client-lib/mls/key_schedule.h"

namespace nattevagt::mls {
EpochSecrets EpochSecrets::duplicate() const {
  EpochSecrets out;
  out.sender_data = sender_data.duplicate();
  out.exporter = exporter.duplicate();
  out.external = external.duplicate();
  out.confirmation = confirmation.duplicate();
  out.membership = membership.duplicate();
  out.resumption = resumption.duplicate();
  out.authenticator = authenticator.duplicate();
  out.init = init.duplicate();
  return out;
}

void EpochSecrets::encode(Writer& out) const {
  for (const ByteView secret :
       {ByteView(sender_data.expose()), ByteView(exporter.expose()), ByteView(external.expose()),
        ByteView(confirmation.expose()), ByteView(membership.expose()), ByteView(resumption.expose()),
        ByteView(authenticator.expose()), ByteView(init.expose())}) {
    out.raw(secret);
  }
}

EpochSecrets EpochSecrets::decode(Reader& in) {
  EpochSecrets out;
  out.sender_data = read_secret<SenderDataSecret>(in);
  out.exporter = read_secret<ExporterSecret>(in);
  out.external = read_secret<ExternalSecret>(in);
  out.confirmation = read_secret<ConfirmationKey>(in);
  out.membership = read_secret<MembershipKey>(in);
  out.resumption = read_secret<ResumptionPsk>(in);
  out.authenticator = read_secret<EpochAuthenticator>(in);
  out.init = read_secret<InitSecret>(in);
  return out;
}

JoinerSecret derive_joiner(const InitSecret& init, const CommitSecret& commit, ByteView group_context) {
  const MemberSecret mixed = kdf_extract<MemberSecret>(init.expose(), commit.expose());
  return expand_secret<JoinerSecret>(mixed.expose(), "joiner", group_context);
}

MemberSecret derive_member(const JoinerSecret& joiner, const PskSecret& psk) {
  return kdf_extract<MemberSecret>(joiner.expose(), psk.expose());
}

WelcomeSecret derive_welcome(const MemberSecret& member) {
  return derive_secret<WelcomeSecret>(member.expose(), "welcome");
}

EpochSecret derive_epoch(const MemberSecret& member, ByteView group_context) {
  return expand_secret<EpochSecret>(member.expose(), "epoch", group_context);
}

DerivedEpoch expand_epoch(const EpochSecret& epoch) {
  const Expander secret(epoch.expose());
  DerivedEpoch out;
  out.secrets.sender_data = secret.secret<SenderDataSecret>("sender data");
  out.encryption = secret.secret<EncryptionSecret>("encryption");
  out.secrets.exporter = secret.secret<ExporterSecret>("exporter");
  out.secrets.external = secret.secret<ExternalSecret>("external");
  out.secrets.confirmation = secret.secret<ConfirmationKey>("confirm");
  out.secrets.membership = secret.secret<MembershipKey>("membership");
  out.secrets.resumption = secret.secret<ResumptionPsk>("resumption");
  out.secrets.authenticator = secret.secret<EpochAuthenticator>("authentication");
  out.secrets.init = secret.secret<InitSecret>("init");
  return out;
}

PskSecret derive_psk_secret(const std::vector<PskInput>& psks) {
  NV_CHECK(psks.size() <= 0xffff);
  using Block = Secret<struct PskBlockPurpose, kHashBytes>;
  const Block zero;
  PskSecret out;
  for (std::size_t i = 0; i < psks.size(); ++i) {
    Writer label;
    psks[i].id.encode(label);
    label.u16(static_cast<std::uint16_t>(i));
    label.u16(static_cast<std::uint16_t>(psks.size()));
    const Block extracted = kdf_extract<Block>(zero.expose(), psks[i].key.expose());
    const Block input = expand_secret<Block>(extracted.expose(), "derived psk", label.view());
    out = kdf_extract<PskSecret>(input.expose(), out.expose());
  }
  return out;
}

SecretBytes export_secret(const ExporterSecret& exporter, std::string_view label, ByteView context,
                          std::size_t length) {
  const ExporterSecret derived = derive_secret<ExporterSecret>(exporter.expose(), label);
  SecretBytes out(length);
  expand_with_label(derived.expose(), "exported", sha256(context), out.expose());
  return out;
}

Digest confirmed_transcript_hash(ByteView interim_before, const AuthenticatedContent& commit) {
  Writer input;
  input.u16(static_cast<std::uint16_t>(commit.wire_format));
  commit.content.encode(input);
  input.opaque(commit.auth.signature);
  return sha256({interim_before, input.view()});
}

Digest interim_transcript_hash(ByteView confirmed, ByteView confirmation_tag) {
  Writer input;
  input.opaque(confirmation_tag);
  return sha256({confirmed, input.view()});
}

}  // namespace nattevagt::mls
