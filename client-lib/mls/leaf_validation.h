// The validity of leaves and KeyPackages (RFC 9420 7.3, 10.1). Uniqueness among members is the tree's:
// RatchetTree::verify_unique_keys().
#pragma once

#include "client-lib/mls/leaf_node.h"
#include "client-lib/mls/validation.h"

namespace nattevagt::mls {

// What 7.3 asks of a leaf that depends on where it was met.
struct LeafCheck {
  CredentialUse use;
  LeafPlace place;  // for update and commit leaves
  // The group's extensions: required_capabilities, and types that every member must support.
  const Extensions* context_extensions = nullptr;
};

// Errors: kUnsupported (credential, version, suite, capabilities that the group requires), kInvalidValue
// (sizes, source, an extension not in the capabilities), kExpired, kBadSignature, the policy's.
Status validate_leaf(const LeafNode& leaf, const LeafCheck& check, const Validation& validation);

// Does a leaf support what the group context asks for (11.1, 13)? kUnsupported, kMalformed.
Status supports_context(const LeafNode& leaf, const Extensions& context_extensions);

Status validate_key_package(const KeyPackage& key_package, const Extensions* context_extensions,
                            const Validation& validation);

}  // namespace nattevagt::mls
