// Internal to wire/*.cpp: the conversions of identity.proto that the other codecs need too.
#pragma once

#include "proto/wire/codec_checks.h"

namespace nattevagt::pb {
class Certificate;
class DocumentVersion;
class OrganisationCard;
class SignedDocument;
class SignedGrant;
class Target;
class TrustedOrganisation;
}  // namespace nattevagt::pb

namespace nattevagt::wire {

void put(const SignedGrant& in, pb::SignedGrant& out);
void read(const pb::SignedGrant& in, SignedGrant& out, Checks& checks);
void put(const Certificate& in, pb::Certificate& out);
void read(const pb::Certificate& in, Certificate& out, Checks& checks);
void put(const SignedDocument& in, pb::SignedDocument& out);
void read(const pb::SignedDocument& in, SignedDocument& out, Checks& checks);
void put(const DocumentVersion& in, pb::DocumentVersion& out);
void read(const pb::DocumentVersion& in, DocumentVersion& out, Checks& checks);
void put(const Target& in, pb::Target& out);
void read(const pb::Target& in, Target& out, Checks& checks);
void put(const OrganisationCard& in, pb::OrganisationCard& out);
void read(const pb::OrganisationCard& in, OrganisationCard& out, Checks& checks);
void put(const TrustedOrganisation& in, pb::TrustedOrganisation& out);
void read(const pb::TrustedOrganisation& in, TrustedOrganisation& out, Checks& checks);

}  // namespace nattevagt::wire
