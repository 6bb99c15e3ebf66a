#include "client-lib/mls/leaf_node.h"

#include <algorithm>

#include "client-lib/mls/crypto.h"

namespace nattevagt::mls {
namespace {

void encode_types(const std::vector<std::uint16_t>& types, Writer& out) {
  out.vector([&] {
    for (const std::uint16_t type : types) out.u16(type);
  });
}

std::vector<std::uint16_t> decode_types(Reader& in) {
  std::vector<std::uint16_t> out;
  out.reserve(4);  // as many as a leaf of ours names, at most
  in.vector(caps::kCapabilities, [&] { out.push_back(in.u16()); });
  return out;
}

}  // namespace

void encode_credential(const Credential& credential, Writer& out) {
  out.u16(credential.type);
  if (credential.is_basic()) return out.opaque(credential.identity);
  out.vector([&] {
    for (const Bytes& certificate : credential.certificates) out.opaque(certificate);
  });
}

Credential decode_credential(Reader& in) {
  Credential out;
  out.type = in.u16();
  if (out.is_basic()) {
    out.identity = in.bytes();
  } else if (out.type == static_cast<std::uint16_t>(CredentialType::kX509)) {
    in.vector(caps::kCertificates, [&] { out.certificates.push_back(in.bytes()); });
  } else {
    in.fail(Errc::kUnsupported);  // its length is not known
  }
  return out;
}

void encode_extensions(const Extensions& extensions, Writer& out) {
  out.vector([&] {
    for (const Extension& extension : extensions) {
      out.u16(extension.type);
      out.opaque(extension.data);
    }
  });
}

Extensions decode_extensions(Reader& in) {
  Extensions out;
  in.vector(caps::kExtensions, [&] {
    Extension extension;
    extension.type = in.u16();
    extension.data = in.bytes();
    if (find_extension(out, extension.type) != nullptr) in.fail();
    out.push_back(std::move(extension));
  });
  return out;
}

void Capabilities::encode(Writer& out) const {
  encode_types(versions, out);
  encode_types(cipher_suites, out);
  encode_types(extensions, out);
  encode_types(proposals, out);
  encode_types(credentials, out);
}

Capabilities Capabilities::decode(Reader& in) {
  Capabilities out;
  out.versions = decode_types(in);
  out.cipher_suites = decode_types(in);
  out.extensions = decode_types(in);
  out.proposals = decode_types(in);
  out.credentials = decode_types(in);
  return out;
}

void RequiredCapabilities::encode(Writer& out) const {
  encode_types(extensions, out);
  encode_types(proposals, out);
  encode_types(credentials, out);
}

RequiredCapabilities RequiredCapabilities::decode(Reader& in) {
  RequiredCapabilities out;
  out.extensions = decode_types(in);
  out.proposals = decode_types(in);
  out.credentials = decode_types(in);
  return out;
}

void Lifetime::encode(Writer& out) const {
  out.u64(not_before);
  out.u64(not_after);
}

Lifetime Lifetime::decode(Reader& in) {
  Lifetime out;
  out.not_before = in.u64();
  out.not_after = in.u64();
  return out;
}

void LeafNode::encode_unsigned(Writer& out) const {
  out.opaque(encryption_key);
  out.opaque(signature_key);
  encode_credential(credential, out);
  capabilities.encode(out);
  out.u8(static_cast<std::uint8_t>(source));
  switch (source) {
    case LeafNodeSource::kKeyPackage: lifetime.encode(out); break;
    case LeafNodeSource::kUpdate: break;
    case LeafNodeSource::kCommit: out.opaque(parent_hash); break;
  }
  encode_extensions(extensions, out);
}

void LeafNode::encode(Writer& out) const {
  encode_unsigned(out);
  out.opaque(signature);
}

LeafNode LeafNode::decode(Reader& in) {
  LeafNode out;
  out.encryption_key = in.bytes();
  out.signature_key = in.bytes();
  out.credential = decode_credential(in);
  out.capabilities = Capabilities::decode(in);
  const std::uint8_t source = in.u8();
  if (source < 1 || source > 3) in.fail();
  if (!in.ok()) return out;
  out.source = static_cast<LeafNodeSource>(source);
  if (out.source == LeafNodeSource::kKeyPackage) out.lifetime = Lifetime::decode(in);
  if (out.source == LeafNodeSource::kCommit) out.parent_hash = in.bytes();
  out.extensions = decode_extensions(in);
  out.signature = in.bytes();
  return out;
}

Bytes LeafNode::tbs(const LeafPlace& place) const {
  Writer out;
  encode_unsigned(out);
  if (source != LeafNodeSource::kKeyPackage) {
    out.opaque(place.group_id);
    out.u32(place.leaf.value);
  }
  return out.take();
}

void LeafNode::sign(const SignKey& key, const LeafPlace& place) {
  const Signature made = sign_with_label(key, "LeafNodeTBS", tbs(place));
  signature = to_bytes(made);
}

bool LeafNode::verify(const LeafPlace& place) const {
  return verify_with_label(signature_key, "LeafNodeTBS", tbs(place), signature);
}

Result<SignPublicKey> sign_public_key(ByteView bytes) {
  if (bytes.size() != kSignPublicBytes) return fail(Errc::kInvalidValue, "RFC 9420 7.2 signature_key");
  SignPublicKey out;
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

SignPublicKey LeafNode::sign_public() const {
  Result<SignPublicKey> out = sign_public_key(signature_key);
  NV_CHECK(out.has_value());
  return *out;
}

void KeyPackage::encode_unsigned(Writer& out) const {
  out.u16(version);
  out.u16(cipher_suite);
  out.opaque(init_key);
  leaf_node.encode(out);
  encode_extensions(extensions, out);
}

void KeyPackage::encode(Writer& out) const {
  encode_unsigned(out);
  out.opaque(signature);
}

KeyPackage KeyPackage::decode(Reader& in) {
  KeyPackage out;
  out.version = in.u16();
  out.cipher_suite = in.u16();
  out.init_key = in.bytes();
  out.leaf_node = LeafNode::decode(in);
  out.extensions = decode_extensions(in);
  out.signature = in.bytes();
  return out;
}

Bytes KeyPackage::tbs() const {
  Writer out;
  encode_unsigned(out);
  return out.take();
}

KeyPackageRef KeyPackage::ref() const { return ref_of(mls::encode(*this)); }

KeyPackageRef KeyPackage::ref_of(ByteView encoded) {
  return {ref_hash("MLS 1.0 KeyPackage Reference", encoded)};
}

LeafNode own_leaf(const Credential& credential, Entropy& entropy) {
  std::array<std::uint8_t, 4> draw{};
  entropy.fill(draw);
  LeafNode out;
  out.credential = credential;
  Capabilities& claims = out.capabilities;
  claims.versions = {kVersionMls10};
  claims.cipher_suites = {kSuite, grease_value(draw[0])};
  claims.extensions = {extension_type::kLastResort, grease_value(draw[1])};
  claims.proposals = {grease_value(draw[2])};
  claims.credentials = {static_cast<std::uint16_t>(CredentialType::kBasic), grease_value(draw[3])};
  out.extensions = {{grease_value(draw[1]), {}}};
  return out;
}

}  // namespace nattevagt::mls
