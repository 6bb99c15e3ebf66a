// node make_vectors.mjs FOLDER SEED: prints cases of the class passive-client-random, made by ts-mls alone: one client
// joins by a Welcome and from then on only listens, while the others add, remove, update, propose, come from
// outside and mix in pre-shared keys. Kept in tests/data/mls/ts-mls. The seed orders the steps; keys are fresh.
//
// ts-mls 1.6.4 as in peer.mjs; here also: processMessage() forgets the PSKs of a private commit, so the two
// functions behind it are called.
import { webcrypto } from "node:crypto";
import { register } from "node:module";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto; // node 18
register("./mend.mjs", import.meta.url, { data: { home: pathToFileURL(`${process.argv[2]}/`).href } });
const mls = await import("ts-mls");
const { signLeafNodeCommit } = await import("ts-mls/leafNode.js");

const suite = await mls.getCiphersuiteImpl(
  mls.getCiphersuiteFromName("MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"),
);
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const wire = (wireformat, body) => hex(mls.encodeMlsMessage({ version: "mls10", wireformat, ...body }));

let seed = Number(process.argv[3] ?? 1);
function roll(sides) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; // Numerical Recipes
  return Math.floor((seed / 2 ** 32) * sides);
}
const random = (size) => crypto.getRandomValues(new Uint8Array(size));

async function client(name) {
  const signatureKeys = await suite.signature.keygen();
  const credential = { credentialType: "basic", identity: new TextEncoder().encode(name) };
  const capabilities = mls.defaultCapabilities();
  const made = await mls.generateKeyPackageWithKey(
    credential,
    capabilities,
    mls.defaultLifetime,
    [],
    signatureKeys,
    suite,
  );
  return { name, signatureKeys, ...made, state: undefined, updates: new Map() };
}

async function makeCase(epochCount) {
  const psks = [0, 1, 2].map(() => ({ psk_id: random(16), psk: random(32) }));
  const external = Object.fromEntries(psks.map((one) => [mls.bytesToBase64(one.psk_id), one.psk]));
  const index = (state) => mls.makePskIndex(state, external);
  let count = 0;
  const fresh = () => client(`member${count++}`);

  async function hear(member, message, taken) {
    const own = member.state.privatePath.leafIndex;
    const privateKeys = { ...member.state.privatePath.privateKeys };
    const state = { ...member.state, privatePath: { ...member.state.privatePath, privateKeys } };
    let out = false;
    const heed = (incoming) => {
      for (const { proposal, senderLeafIndex } of incoming.kind === "commit" ? incoming.proposals : []) {
        if (proposal.proposalType === "remove" && proposal.remove.removed === own) out = true;
        if (proposal.proposalType !== "update" || senderLeafIndex !== own) continue;
        privateKeys[2 * own] = member.updates.get(hex(proposal.update.leafNode.hpkePublicKey));
      }
      return out ? "reject" : "accept";
    };
    const done =
      message.wireformat === "mls_public_message"
        ? await mls.processPublicMessage(state, message.publicMessage, index(state), suite, heed)
        : await mls.processPrivateMessage(state, message.privateMessage, index(state), suite, heed);
    member.state = taken === "proposal" ? { ...done.newState, privatePath: member.state.privatePath } : done.newState;
    if (taken === "commit") member.updates.clear();
    return !out;
  }

  const passive = await fresh();
  let members = [await fresh()];
  members[0].state = await mls.createGroup(
    random(8),
    members[0].publicPackage,
    members[0].privatePackage,
    [],
    suite,
  );
  const leafOf = (member) => member.state.privatePath.leafIndex;
  let passiveLeaf;
  let welcomeForPassive;
  let joined;
  const epochs = [];

  // A joiner knows no resumption PSK, so a commit that adds somebody names external ones alone.
  const pskProposal = (state, mayResume) => {
    const id = mayResume && roll(2) === 0
      ? {
          psktype: "resumption",
          usage: "application",
          pskGroupId: state.groupContext.groupId,
          pskEpoch: state.groupContext.epoch,
        }
      : { psktype: "external", pskId: psks[roll(psks.length)].psk_id };
    return { proposalType: "psk", psk: { preSharedKeyId: { ...id, pskNonce: random(32) } } };
  };

  async function epoch(withPassive) {
    const proposals = [];
    const removed = new Set();
    const added = [];
    const committer = members[roll(members.length)];
    const proposeIt = async (member, proposal) => {
      const made = await mls.createProposal(member.state, roll(2) === 0, proposal, suite);
      member.state = made.newState;
      proposals.push(hex(mls.encodeMlsMessage(made.message)));
      for (const other of members) if (other !== member) await hear(other, made.message, "proposal");
    };
    for (let i = withPassive ? 0 : roll(4); i > 0; --i) {
      const member = members[roll(members.length)];
      const kind = roll(4);
      if (kind === 0 && member !== committer && !removed.has(member) && member.updates.size === 0) {
        const keys = await suite.hpke.generateKeyPair();
        const { leaf } = member.state.ratchetTree[2 * leafOf(member)];
        const body = {
          leafNodeSource: "update",
          hpkePublicKey: await suite.hpke.exportPublicKey(keys.publicKey),
          signaturePublicKey: leaf.signaturePublicKey,
          credential: leaf.credential,
          capabilities: leaf.capabilities,
          extensions: leaf.extensions,
          groupId: member.state.groupContext.groupId,
          leafIndex: leafOf(member),
        };
        const leafNode = await signLeafNodeCommit(body, member.state.signaturePrivateKey, suite.signature);
        member.updates.set(hex(leafNode.hpkePublicKey), await suite.hpke.exportPrivateKey(keys.privateKey));
        await proposeIt(member, { proposalType: "update", update: { leafNode } });
      } else if (kind === 1) {
        const target = members[roll(members.length)];
        if (target === committer || removed.has(target) || target.updates.size > 0 || members.length < 3) continue;
        removed.add(target);
        await proposeIt(member, { proposalType: "remove", remove: { removed: leafOf(target) } });
      } else if (kind === 2 && members.length + added.length < 12) {
        added.push(await fresh());
        await proposeIt(member, { proposalType: "add", add: { keyPackage: added.at(-1).publicPackage } });
      } else if (kind === 3) {
        await proposeIt(member, pskProposal(member.state, false));
      }
    }
    const extraProposals = [];
    if (withPassive) {
      added.push(passive);
      extraProposals.push({ proposalType: "add", add: { keyPackage: passive.publicPackage } });
    }
    while (members.length + added.length < (withPassive ? 2 + roll(6) : 3)) {
      added.push(await fresh());
      extraProposals.push({ proposalType: "add", add: { keyPackage: added.at(-1).publicPackage } });
    }
    if (roll(3) === 0) extraProposals.push(pskProposal(committer.state, added.length === 0));
    const made = await mls.createCommit(
      { state: committer.state, pskIndex: index(committer.state), cipherSuite: suite },
      { wireAsPublicMessage: roll(2) === 0, extraProposals, ratchetTreeExtension: true },
    );
    members = members.filter((member) => !removed.has(member));
    for (const member of members) if (member !== committer) await hear(member, made.commit, "commit");
    committer.state = made.newState;
    committer.updates.clear();
    for (const joiner of added) {
      // The passive client is nobody's member: its state would only be in the way.
      if (joiner === passive) continue;
      joiner.state = await mls.joinGroup(
        made.welcome,
        joiner.publicPackage,
        joiner.privatePackage,
        index(undefined),
        suite,
      );
      members.push(joiner);
    }
    return { proposals, commit: hex(mls.encodeMlsMessage(made.commit)), welcome: made.welcome };
  }

  async function fromOutside() {
    const helper = members[roll(members.length)];
    const resync = roll(2) === 0 && members.length > 1;
    const others = members.filter((member) => member !== helper);
    const joiner = resync ? others[roll(others.length)] : await fresh();
    const info = await mls.createGroupInfoWithExternalPubAndRatchetTree(helper.state, [], suite);
    const done = await mls.joinGroupExternal(info, joiner.publicPackage, joiner.privatePackage, resync, suite);
    const message = { version: "mls10", wireformat: "mls_public_message", publicMessage: done.publicMessage };
    for (const member of members) if (member !== joiner) await hear(member, message, "commit");
    joiner.state = done.newState;
    joiner.updates.clear();
    if (!resync) members.push(joiner);
    return { proposals: [], commit: wire("mls_public_message", { publicMessage: done.publicMessage }) };
  }

  for (let i = roll(3); i > 0; --i) await epoch(false);
  joined = await epoch(true);
  welcomeForPassive = wire("mls_welcome", { welcome: joined.welcome });
  passiveLeaf = members[0].state.ratchetTree.findIndex(
    (node) => node?.nodeType === "leaf" && hex(node.leaf.signaturePublicKey) === hex(passive.signatureKeys.publicKey),
  );
  if (passiveLeaf < 0) throw new Error("the passive client is not in the tree");
  const first = hex(members[0].state.keySchedule.epochAuthenticator);
  while (epochs.length < epochCount) {
    const { proposals, commit } = roll(5) === 0 ? await fromOutside() : await epoch(false);
    const tags = new Set(members.map((member) => hex(member.state.keySchedule.epochAuthenticator)));
    if (tags.size !== 1) throw new Error("ts-mls disagrees with itself");
    epochs.push({ proposals, commit, epoch_authenticator: [...tags][0] });
  }
  return {
    cipher_suite: 3,
    external_psks: psks.map((one) => ({ psk_id: hex(one.psk_id), psk: hex(one.psk) })),
    key_package: wire("mls_key_package", { keyPackage: passive.publicPackage }),
    signature_priv: hex(passive.signatureKeys.signKey.slice(-32)), // PKCS 8 ends with the seed
    encryption_priv: hex(passive.privatePackage.hpkePrivateKey),
    init_priv: hex(passive.privatePackage.initPrivateKey),
    welcome: welcomeForPassive,
    ratchet_tree: null,
    initial_epoch_authenticator: first,
    epochs,
  };
}

const cases = [];
for (let i = 0; i < 8; ++i) cases.push(await makeCase(12));
process.stdout.write(`${JSON.stringify(cases)}\n`);
