// The key schedule (RFC 9420 8): from the last epoch's init secret, the commit secret and the PSKs to all
// that an epoch needs. Each secret has its own type; what 9.2 says is to go is never stored here.
#pragma once

#include <vector>

#include "client-lib/mls/crypto.h"
#include "client-lib/mls/messages.h"
#include "client-lib/mls/validation.h"

namespace nattevagt::mls {

using CommitSecret = Secret<struct CommitSecretPurpose, kHashBytes>;
using PskSecret = Secret<struct PskSecretPurpose, kHashBytes>;
using MemberSecret = Secret<struct MemberSecretPurpose, kHashBytes>;
using WelcomeSecret = Secret<struct WelcomeSecretPurpose, kHashBytes>;
using EpochSecret = Secret<struct EpochSecretPurpose, kHashBytes>;
using SenderDataSecret = Secret<struct SenderDataSecretPurpose, kHashBytes>;
using EncryptionSecret = Secret<struct EncryptionSecretPurpose, kHashBytes>;
using ExporterSecret = Secret<struct ExporterSecretPurpose, kHashBytes>;
using ExternalSecret = Secret<struct ExternalSecretPurpose, kHashBytes>;
using ConfirmationKey = Secret<struct ConfirmationKeyPurpose, kHashBytes>;
using MembershipKey = Secret<struct MembershipKeyPurpose, kHashBytes>;
using ResumptionPsk = Secret<struct ResumptionPskPurpose, kHashBytes>;
using EpochAuthenticator = Secret<struct EpochAuthenticatorPurpose, kHashBytes>;

// What lives as long as its epoch. The encryption secret goes to the secret tree at once.
struct EpochSecrets {
  SenderDataSecret sender_data;
  ExporterSecret exporter;
  ExternalSecret external;
  ConfirmationKey confirmation;
  MembershipKey membership;
  ResumptionPsk resumption;
  EpochAuthenticator authenticator;
  InitSecret init;

  EpochSecrets duplicate() const;
  void encode(Writer& out) const;
  static EpochSecrets decode(Reader& in);
};

struct DerivedEpoch {
  EpochSecrets secrets;
  EncryptionSecret encryption;
};

JoinerSecret derive_joiner(const InitSecret& init, const CommitSecret& commit, ByteView group_context);
MemberSecret derive_member(const JoinerSecret& joiner, const PskSecret& psk);
WelcomeSecret derive_welcome(const MemberSecret& member);
EpochSecret derive_epoch(const MemberSecret& member, ByteView group_context);
DerivedEpoch expand_epoch(const EpochSecret& epoch);

// 8.4. `keys[i]` belongs to `ids[i]`.
struct PskInput {
  PreSharedKeyId id;
  SecretBytes key;
};
PskSecret derive_psk_secret(const std::vector<PskInput>& psks);

SecretBytes export_secret(const ExporterSecret& exporter, std::string_view label, ByteView context,
                          std::size_t length);  // 8.5

// 8.2.
Digest confirmed_transcript_hash(ByteView interim_before, const AuthenticatedContent& commit);
Digest interim_transcript_hash(ByteView confirmed, ByteView confirmation_tag);

}  // namespace nattevagt::mls
