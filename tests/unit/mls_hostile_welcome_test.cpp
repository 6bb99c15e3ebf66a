// Welcomes and GroupInfos of a member with a modified client (RFC 9420 12.4.3). The one who makes a Welcome
// chooses everything in it: each of these is whole, with tags and signatures that hold, but for one rule.
#include "tests/unit/mls_insider.h"

namespace nattevagt::mls {
namespace {

using test::Device;
using test::parsed;
using test::Party;
using test::resigned;
using test::World;

// What the Welcome is made of, before it is hashed, tagged, signed and sealed.
struct Shown {
  GroupContext context;
  RatchetTree tree;
  LeafIndex signer;
  const SignKey* signs = nullptr;
  GroupSecrets secrets;
  std::vector<PskInput> psks;
  std::function<void(GroupInfo&)> in_group_info = [](GroupInfo&) {};  // before the signature
  std::function<void(Welcome&)> in_welcome = [](Welcome&) {};
};

class MlsHostileWelcome : public testing::Test {
 protected:
  void SetUp() override {
    party.fill();
    CommitRequest request;
    request.adds = {dora.bundle.message()};
    request.force_path = true;
    party.deliver(0, world.commit(party.groups[0], request).commit);
  }
  GroupState& state() { return GroupAccess::state(party.groups[0]); }

  Bytes forged(const std::function<void(Shown&)>& change) {
    Shown shown{state().context, state().tree, LeafIndex{0}, &party.devices[0].key, {}, {}};
    const JoinerSecret joiner = world.entropy.make_secret<JoinerSecret>();
    shown.secrets.joiner_secret = SecretBytes(joiner.expose());
    change(shown);
    shown.context.tree_hash = to_bytes(shown.tree.tree_hash());
    const MemberSecret member = derive_member(joiner, derive_psk_secret(shown.psks));
    const DerivedEpoch epoch = expand_epoch(derive_epoch(member, encode(shown.context)));
    GroupInfo info;
    info.group_context = shown.context;
    info.extensions = {{extension_type::kRatchetTree, encode(shown.tree)}};
    info.confirmation_tag =
        to_bytes(confirmation_tag(epoch.secrets.confirmation, shown.context.confirmed_transcript_hash));
    info.signer = shown.signer;
    shown.in_group_info(info);
    info.signature = to_bytes(sign_with_label(*shown.signs, "GroupInfoTBS", info.tbs()));

    const WelcomeSecret secret = derive_welcome(member);
    Welcome welcome;
    welcome.encrypted_group_info =
        aead_seal(expand_secret<AeadKey>(secret.expose(), "key"),
                  expand_secret<AeadNonce>(secret.expose(), "nonce"), {}, encode(info));
    shown.in_welcome(welcome);
    for (const PskInput& psk : shown.psks) shown.secrets.psks.push_back(psk.id);
    Writer plain(Writer::Kind::kSecret);
    shown.secrets.encode(plain);
    const KeyPackage key_package = parsed(dora.bundle);
    welcome.secrets.push_back(
        {to_bytes(key_package.ref().bytes),
         World::get(encrypt_with_label(key_package.init_key, "Welcome", welcome.encrypted_group_info,
                                       plain.view(), world.entropy))});
    MlsMessage out;
    out.body = std::move(welcome);
    return encode(out);
  }
  std::string verdict(const std::function<void(Shown&)>& change, const Group* predecessor = nullptr) {
    const Bytes welcome = forged(change);
    const auto joined =
        predecessor == nullptr
            ? Group::join(welcome, dora.bundle, dora.key, world.validation())
            : Group::join_successor(welcome, dora.bundle, dora.key, *predecessor, world.validation());
    return place_of(joined);
  }
  // A PSK that names an epoch of `group_id`, with the key that it should have.
  PskInput psk_of(ByteView group_id, std::uint64_t epoch, ResumptionUsage usage, ByteView key) {
    PreSharedKeyId id = fresh_psk_ids({}, {epoch}, group_id, world.entropy)[0];
    id.usage = usage;
    return {std::move(id), SecretBytes(key)};
  }
  PskInput external_psk(std::string_view name) {
    return {fresh_psk_ids({to_bytes(as_bytes(name))}, {}, {}, world.entropy)[0],
            SecretBytes(as_bytes("known"))};
  }

  World world;
  Party party{world, 4};
  Device dora = world.device("dora");
};

TEST_F(MlsHostileWelcome, HonestOneIsFollowed) {
  EXPECT_EQ(verdict([](Shown&) {}), "");
}
TEST_F(MlsHostileWelcome, TagThatIsNotTheEpochsIsRefused) {
  const std::string refused = "RFC 9420 12.4.3.1 confirmation_tag";
  const auto with = [&](auto&& change) { return verdict([&](Shown& s) { s.in_group_info = change; }); };
  EXPECT_EQ(with([](GroupInfo& info) { info.confirmation_tag[31] ^= 1; }), refused);
  EXPECT_EQ(with([](GroupInfo& info) { info.confirmation_tag.pop_back(); }), refused);
  EXPECT_EQ(with([](GroupInfo& info) { info.confirmation_tag.clear(); }), refused);
}
TEST_F(MlsHostileWelcome, GroupInfoIsSignedByAMemberThatIsNotTheJoiner) {
  EXPECT_EQ(verdict([&](Shown& s) { s.signs = &party.devices[1].key; }), "RFC 9420 12.4.3 GroupInfo");
  EXPECT_EQ(verdict([](Shown& s) { s.signer = LeafIndex{6}; }), "RFC 9420 12.4.3 signer");
  EXPECT_EQ(verdict([](Shown& s) { s.signer = LeafIndex{0xffffffff}; }), "RFC 9420 12.4.3 signer");
  EXPECT_EQ(verdict([&](Shown& s) { s.signer = LeafIndex{4}, s.signs = &dora.key; }),
            "RFC 9420 12.4.3.1 my_leaf");
}
TEST_F(MlsHostileWelcome, OurLeafStandsInTheTreeAsWeMadeIt) {
  const std::string refused = "RFC 9420 12.4.3.1 my_leaf";
  EXPECT_EQ(verdict([](Shown& s) { s.tree.remove_leaf(LeafIndex{4}); }), refused);
  // Our keys, in a leaf that we did sign, but not the one of this KeyPackage.
  const auto older = [&](Shown& s) {
    LeafNode leaf = *s.tree.leaf(LeafIndex{4});
    leaf.lifetime.not_before -= 1;
    leaf.sign(dora.key, {});
    s.tree.update_leaf(LeafIndex{4}, std::make_shared<const LeafNode>(std::move(leaf)));
  };
  EXPECT_EQ(verdict(older), refused);
}
TEST_F(MlsHostileWelcome, OtherVersionOrSuiteIsRefused) {
  EXPECT_EQ(verdict([](Shown& s) { s.context.version = 2; }), "RFC 9420 12.4.3.1 GroupInfo suite");
  EXPECT_EQ(verdict([](Shown& s) { s.context.cipher_suite = 1; }), "RFC 9420 12.4.3.1 GroupInfo suite");
  EXPECT_EQ(verdict([](Shown& s) { s.in_welcome = [](Welcome& welcome) { welcome.cipher_suite = 1; }; }),
            "RFC 9420 12.4.3.1 suite");
}
TEST_F(MlsHostileWelcome, PathSecretThatIsNotOfTheTreeIsRefused) {
  EXPECT_EQ(verdict([](Shown& s) { s.secrets.path_secret = SecretBytes(Bytes(32, 7)); }),
            "RFC 9420 7.5 derived key");
  EXPECT_EQ(verdict([](Shown& s) {  // and for a path whose nodes are blank
              s.tree.blank_direct_path(LeafIndex{0});
              s.secrets.path_secret = SecretBytes(Bytes(32, 7));
            }),
            "RFC 9420 7.5 derived key");
  EXPECT_NE(verdict([](Shown& s) { s.secrets.path_secret = SecretBytes(Bytes(31, 7)); }), "");
  EXPECT_NE(verdict([](Shown& s) { s.secrets.joiner_secret = SecretBytes(Bytes(31, 7)); }), "");
}
TEST_F(MlsHostileWelcome, PsksMustBeKnownAndWellNamed) {
  EXPECT_EQ(verdict([&](Shown& s) { s.psks.push_back(external_psk("ward")); }), "RFC 9420 8.4");
  world.psks.add("ward", "known");
  EXPECT_EQ(verdict([&](Shown& s) { s.psks.push_back(external_psk("ward")); }), "");
  for (const std::size_t length : {0u, 31u, 33u}) {
    EXPECT_EQ(verdict([&](Shown& s) {
                s.psks.push_back(external_psk("ward"));
                s.psks[0].id.psk_nonce.resize(length);
              }),
              "RFC 9420 8.4 psk_nonce");
  }
}
TEST_F(MlsHostileWelcome, OnePskTiesItToAnotherGroupAtMost) {
  const Group& before = party.groups[1];
  const auto tie = [&](ResumptionUsage usage) {
    return psk_of(before.group_id(), before.epoch(), usage, before.resumption_psk().expose());
  };
  const auto twice = [&](Shown& s) {
    s.context.epoch = 1;
    s.psks.push_back(tie(ResumptionUsage::kBranch));
    s.psks.push_back(tie(ResumptionUsage::kReinit));
  };
  EXPECT_EQ(verdict(twice, &before), "RFC 9420 12.4.3.1 PSK alone");
  const auto once = [&](Shown& s) {
    s.context.epoch = 1;
    s.tree.remove_leaf(LeafIndex{3});
    s.psks.push_back(tie(ResumptionUsage::kBranch));
  };
  EXPECT_EQ(verdict(once, &before), "");
}
TEST_F(MlsHostileWelcome, PskOfAnotherGroupThanThePredecessorIsNotItsOwn) {
  const Group& before = party.groups[1];
  const auto other = [&](Shown& s) {
    s.context.epoch = 1;
    s.psks.push_back(psk_of(as_bytes("another group"), before.epoch(), ResumptionUsage::kBranch,
                            before.resumption_psk().expose()));
  };
  EXPECT_EQ(verdict(other, &before), "RFC 9420 8.4");
  // Known from elsewhere it may be; what ties to another group still is not tied to this one.
  world.psks.add_resumption(as_bytes("another group"), before.epoch(), before.resumption_psk());
  EXPECT_EQ(verdict(other, &before), "RFC 9420 12.4.3.1 predecessor");
}
// 11.3: the members of the epoch whose PSK is named; one who came later is not among them.
TEST_F(MlsHostileWelcome, BranchIsOfTheMembersOfTheEpochItNames) {
  party.deliver(0, world.commit_path(party.groups[0]).commit);
  const Group& before = party.groups[1];
  const GroupState& known = GroupAccess::state(party.groups[1]);
  const auto of = [&](std::uint64_t epochs_back) {
    return verdict(
        [&](Shown& s) {
          s.context.epoch = 1;
          const ResumptionPsk& key = epochs_back == 0
                                         ? known.secrets.resumption
                                         : known.past_psks[known.past_psks.size() - epochs_back].psk;
          s.psks.push_back(psk_of(before.group_id(), before.epoch() - epochs_back, ResumptionUsage::kBranch,
                                  key.expose()));
        },
        &before);
  };
  EXPECT_EQ(of(0), "");
  EXPECT_EQ(of(1), "");
  EXPECT_EQ(of(2), "RFC 9420 11.3 members");  // dora was not yet there
}
TEST_F(MlsHostileWelcome, EachLeafOfTheTreeMustBeGood) {
  const Device erik = world.device("erik");
  const auto with = [&](const std::function<void(LeafNode&)>& change, const SignKey& signer) {
    return verdict([&](Shown& s) {
      LeafNode leaf = parsed(erik.bundle).leaf_node;
      change(leaf);
      leaf.sign(signer, {});
      EXPECT_TRUE(s.tree.add_leaf(std::make_shared<const LeafNode>(std::move(leaf))).has_value());
    });
  };
  EXPECT_EQ(with([](LeafNode&) {}, erik.key), "");
  EXPECT_EQ(with([](LeafNode&) {}, dora.key), "RFC 9420 7.3 LeafNode");
  EXPECT_EQ(with([](LeafNode& leaf) { leaf.lifetime.not_after += 400ull * 86400; }, erik.key),
            "RFC 9420 7.2 lifetime range");
  EXPECT_EQ(with([](LeafNode& leaf) { leaf.lifetime.not_after = 1, leaf.lifetime.not_before = 0; }, erik.key),
            "");
  EXPECT_EQ(with([](LeafNode& leaf) { leaf.signature_key.push_back(0); }, erik.key), "RFC 9420 7.2 keys");
  EXPECT_EQ(
      with([&](LeafNode& leaf) { leaf.signature_key = to_bytes(dora.key.public_key().bytes); }, dora.key),
      "RFC 9420 7.3 signature_key");
  EXPECT_EQ(with([&](LeafNode& leaf) { leaf.encryption_key = parsed(dora.bundle).leaf_node.encryption_key; },
                 erik.key),
            "RFC 9420 7.3 encryption_key");
}
TEST_F(MlsHostileWelcome, GroupMayNotAskForWhatAMemberLacks) {
  const RequiredCapabilities required{{0x7777}, {}, {}};
  EXPECT_EQ(verdict([&](Shown& s) {
              s.context.extensions = {{extension_type::kRequiredCapabilities, encode(required)}};
            }),
            "RFC 9420 11.1 required_capabilities");
  EXPECT_EQ(verdict([&](Shown& s) {
              s.context.extensions = {{0x7777, {}}};
            }),
            "RFC 9420 13 group context extension");
}
TEST_F(MlsHostileWelcome, SealedPartsMayBeShorterThanATag) {
  for (const std::size_t length : {0u, 15u}) {
    EXPECT_EQ(verdict([&](Shown& s) {
                s.in_welcome = [&](Welcome& welcome) { welcome.encrypted_group_info.resize(length); };
              }),
              "aead_open");
  }
}
TEST_F(MlsHostileWelcome, IsForOurKeyPackageAndOurKey) {
  const Device erik = world.device("erik");
  const Bytes welcome = forged([](Shown&) {});
  EXPECT_EQ(place_of(Group::join(welcome, erik.bundle, erik.key, world.validation())),
            "RFC 9420 12.4.3.1 new_member");
  EXPECT_EQ(place_of(Group::join(welcome, dora.bundle, erik.key, world.validation())), "sign_key");
  EXPECT_EQ(place_of(Group::join(dora.bundle.message(), dora.bundle, dora.key, world.validation())),
            "RFC 9420 12.4.3.1");
}

// ---- GroupInfo for an external commit (12.4.3.2)

class MlsHostileGroupInfo : public testing::Test {
 protected:
  std::string verdict(const std::function<void(GroupInfo&)>& change) {
    GroupInfo info = make_group_info(GroupAccess::state(party.groups[0]), {}, world.entropy);
    change(info);
    info.signature = to_bytes(sign_with_label(party.devices[0].key, "GroupInfoTBS", info.tbs()));
    MlsMessage message;
    message.body = std::move(info);
    const auto joined =
        Group::join_external(encode(message), {Credential::basic(as_bytes("dora")), {}, {}, {}, {}}, dora.key,
                             world.validation(), world.entropy);
    return place_of(joined);
  }
  static Extension& external_pub_of(GroupInfo& info) {
    return *std::find_if(info.extensions.begin(), info.extensions.end(),
                         [](const Extension& one) { return one.type == extension_type::kExternalPub; });
  }
  World world;
  Party party{world, 2};
  Device dora = world.device("dora");
};

TEST_F(MlsHostileGroupInfo, HonestOneIsFollowed) {
  EXPECT_EQ(verdict([](GroupInfo&) {}), "");
}
TEST_F(MlsHostileGroupInfo, OtherVersionOrSuiteIsRefused) {
  EXPECT_EQ(verdict([](GroupInfo& info) { info.group_context.version = 2; }),
            "RFC 9420 12.4.3 GroupInfo suite");
  EXPECT_EQ(verdict([](GroupInfo& info) { info.group_context.cipher_suite = 1; }),
            "RFC 9420 12.4.3 GroupInfo suite");
}
TEST_F(MlsHostileGroupInfo, ExternalKeyMustBeWhole) {
  const std::string refused = "RFC 9420 12.4.3.2 external_pub";
  const auto with = [&](const Bytes& data) {
    return verdict([&](GroupInfo& info) { external_pub_of(info).data = data; });
  };
  EXPECT_EQ(with(Bytes{}), refused);
  EXPECT_EQ(with(Bytes(32, 9)), refused);  // no length in front, as one implementation writes it
  Bytes short_key(32, 9), long_key(34, 9), trailing(34, 9);
  short_key[0] = 31;
  long_key[0] = 33;
  trailing[0] = 32;
  EXPECT_EQ(with(short_key), refused);
  EXPECT_EQ(with(long_key), refused);
  EXPECT_EQ(with(trailing), refused);
}
TEST_F(MlsHostileGroupInfo, SmallOrderExternalKeyIsRefused) {
  Bytes zero(33, 0);
  zero[0] = 32;
  EXPECT_EQ(verdict([&](GroupInfo& info) { external_pub_of(info).data = zero; }), "RFC 9180 7.1.4");
}

}  // namespace
}  // namespace nattevagt::mls
