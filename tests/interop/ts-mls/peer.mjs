// node peer.mjs FOLDER: ts-mls 1.6.4, from FOLDER/node_modules, behind the pipe of ../PROTOCOL.md.
//
// Where ts-mls and RFC 9420 differ, this file works around it, so that a session goes on; each place says so.
// Known faults of 1.6.4 (numbers as below):
//  1. external_pub is written and read without its length prefix: group_info and external_join here.
//  2. Valid trees with unmerged leaves are refused: mend.mjs.
//  3. A commit of GroupContextExtensions alone carries no path, 4. an emptying GroupContextExtensions is
//     ignored, 5. external_senders is read as one entry, not a list. The protocol has no operation that sends
//     either extension, so nothing here meets 3 to 5.
//  6. An own Update that another member commits leaves ts-mls without the new leaf's key: process here.
//  7. Cached proposals that cannot stand together make the commit fail, instead of being left out: commit.
//  8. A member whose leaf is given away by the commit that removes it does not see that it is out: process.
import { webcrypto } from "node:crypto";
import { register } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto; // node 18
register("./mend.mjs", import.meta.url, { data: { home: pathToFileURL(`${process.argv[2]}/`).href } });

const mls = await import("ts-mls");
const { createGroupInfo } = await import("ts-mls/createCommit.js");
const { encodeRatchetTree } = await import("ts-mls/ratchetTree.js");
const { makeKeyPackageRef } = await import("ts-mls/keyPackage.js");
const { signLeafNodeCommit } = await import("ts-mls/leafNode.js");

const suite = await mls.getCiphersuiteImpl(
  mls.getCiphersuiteFromName("MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"),
);
const config = {
  authService: mls.defaultAuthenticationService,
  keyPackageEqualityConfig: mls.defaultKeyPackageEqualityConfig,
  keyRetentionConfig: mls.defaultKeyRetentionConfig,
  lifetimeConfig: mls.defaultLifetimeConfig,
  paddingConfig: mls.defaultPaddingConfig,
};

let credential; // ours, once named
let signatureKeys;
let waiting = []; // key packages with their private halves
let group; // ClientState
let pending; // what `apply` puts in force
let updates = []; // private keys of our own Updates of this epoch, by public key

class Refused extends Error {}

const hex = (bytes) => Buffer.from(bytes).toString("hex");
function bytes(value, name) {
  if (typeof value !== "string" || !/^([0-9a-f]{2})*$/i.test(value)) throw new Refused(`${name}: not hex`);
  return new Uint8Array(Buffer.from(value, "hex"));
}
function message(value, name, ...wireformats) {
  const raw = bytes(value, name);
  const decoded = mls.decodeMlsMessage(raw, 0);
  if (decoded === undefined || decoded[1] !== raw.length) throw new Refused(`${name}: not an MLSMessage`);
  if (!wireformats.includes(decoded[0].wireformat)) throw new Refused(`${name}: a ${decoded[0].wireformat}`);
  return decoded[0];
}
function current() {
  if (group === undefined) throw new Refused("no group yet");
  return group;
}
const wire = (wireformat, body) => hex(mls.encodeMlsMessage({ version: "mls10", wireformat, ...body }));
const asPublic = (request) => request.private === false;

function enter(state) {
  group = state;
  pending = undefined;
  updates = [];
}

async function state() {
  const here = current();
  const leaves = here.ratchetTree.filter((node) => node?.nodeType === "leaf").map((node) => node.leaf);
  const exporter = await mls.mlsExporter(
    here.keySchedule.exporterSecret,
    "nattevagt",
    new Uint8Array([0]),
    32,
    suite,
  );
  return {
    epoch: Number(here.groupContext.epoch),
    authenticator: hex(here.keySchedule.epochAuthenticator),
    index: here.privatePath.leafIndex,
    members: leaves.map((leaf) => Buffer.from(leaf.credential.identity).toString("utf8")),
    exporter: hex(exporter),
  };
}

function makeKeyPackage() {
  return mls.generateKeyPackageWithKey(
    credential,
    mls.defaultCapabilities(),
    mls.defaultLifetime,
    [],
    signatureKeys,
    suite,
  );
}

// Fault 1: the prefix of `opaque HPKEPublicKey<V>` is one byte of length for 32 bytes.
const withPrefix = (key) => new Uint8Array([key.length, ...key]);
const suiteThatReadsPrefix = {
  ...suite,
  hpke: {
    ...suite.hpke,
    importPublicKey: (key) =>
      suite.hpke.importPublicKey(key.length === 33 && key[0] === 32 ? key.slice(1) : key),
  },
};

async function propose(request, proposal) {
  const made = await mls.createProposal(current(), asPublic(request), proposal, suite);
  group = made.newState;
  return { message: hex(mls.encodeMlsMessage(made.message)) };
}

// Fault 7: what RFC 9420 12.2 lets stand together: nothing about ourselves, a Remove before an Update of the
// same leaf, the last Update of a leaf, one Remove of a leaf, one Add of a client.
function compatible(state, request) {
  const own = state.privatePath.leafIndex;
  const entries = Object.entries(state.unappliedProposals);
  const removed = new Set(request.removes ?? []);
  const byReference = new Set();
  const kept = [];
  const lastUpdate = new Map();
  for (const [reference, { proposal, senderLeafIndex }] of entries) {
    if (proposal.proposalType === "update") lastUpdate.set(senderLeafIndex, reference);
    if (proposal.proposalType === "remove" && proposal.remove.removed !== own)
      byReference.add(proposal.remove.removed);
  }
  const gone = new Set([...removed, ...byReference]);
  const taken = new Set();
  const clients = new Set();
  for (const [reference, entry] of entries) {
    const { proposal, senderLeafIndex } = entry;
    if (proposal.proposalType === "update") {
      if (senderLeafIndex === own || gone.has(senderLeafIndex)) continue;
      if (lastUpdate.get(senderLeafIndex) !== reference) continue;
    } else if (proposal.proposalType === "remove") {
      const target = proposal.remove.removed;
      if (target === own || removed.has(target) || taken.has(target)) continue;
      taken.add(target);
    } else if (proposal.proposalType === "add") {
      const client = hex(proposal.add.keyPackage.leafNode.signaturePublicKey);
      if (clients.has(client)) continue;
      clients.add(client);
    }
    kept.push([reference, entry]);
  }
  return Object.fromEntries(kept);
}

const operations = {
  async init(request) {
    if (credential !== undefined) throw new Refused("init: this client has its name");
    if (typeof request.identity !== "string") throw new Refused("identity: not a text");
    signatureKeys = await suite.signature.keygen();
    credential = { credentialType: "basic", identity: new TextEncoder().encode(request.identity) };
    return { impl: "ts-mls 1.6.4" };
  },

  async key_package() {
    const made = await makeKeyPackage();
    waiting.push(made);
    return { key_package: wire("mls_key_package", { keyPackage: made.publicPackage }) };
  },

  async create(request) {
    const made = await makeKeyPackage();
    const id = bytes(request.group_id, "group_id");
    enter(await mls.createGroup(id, made.publicPackage, made.privatePackage, [], suite, config));
    return state();
  },

  async join(request) {
    const { welcome } = message(request.welcome, "welcome", "mls_welcome");
    for (const [at, held] of waiting.entries()) {
      const reference = hex(await makeKeyPackageRef(held.publicPackage, suite.hash));
      if (!welcome.secrets.some((entry) => hex(entry.newMember) === reference)) continue;
      const psks = mls.emptyPskIndex;
      const { publicPackage, privatePackage } = held;
      enter(
        await mls.joinGroup(welcome, publicPackage, privatePackage, psks, suite, undefined, undefined, config),
      );
      waiting.splice(at, 1);
      return state();
    }
    throw new Refused("join: the Welcome names no key package of ours");
  },

  async external_join(request) {
    const { groupInfo } = message(request.group_info, "group_info", "mls_group_info");
    const made = await makeKeyPackage();
    const joined = await mls.joinGroupExternal(
      groupInfo,
      made.publicPackage,
      made.privatePackage,
      request.resync === true,
      suiteThatReadsPrefix,
      undefined,
      config,
    );
    enter(joined.newState);
    return { commit: wire("mls_public_message", { publicMessage: joined.publicMessage }), ...(await state()) };
  },

  async group_info() {
    const here = current();
    const keys = await suite.hpke.deriveKeyPair(here.keySchedule.externalSecret);
    const external = withPrefix(await suite.hpke.exportPublicKey(keys.publicKey)); // fault 1
    const extensions = [
      { extensionType: "external_pub", extensionData: external },
      { extensionType: "ratchet_tree", extensionData: encodeRatchetTree(here.ratchetTree) },
    ];
    const info = await createGroupInfo(here.groupContext, here.confirmationTag, here, extensions, suite);
    return { group_info: wire("mls_group_info", { groupInfo: info }) };
  },

  async propose_add(request) {
    const { keyPackage } = message(request.key_package, "key_package", "mls_key_package");
    return propose(request, { proposalType: "add", add: { keyPackage } });
  },

  async propose_remove(request) {
    if (!Number.isInteger(request.index)) throw new Refused("index: not a leaf index");
    if (current().ratchetTree[2 * request.index] === undefined) throw new Refused("index: a blank leaf");
    return propose(request, { proposalType: "remove", remove: { removed: request.index } });
  },

  async propose_update(request) {
    const here = current();
    const keys = await suite.hpke.generateKeyPair();
    const leafIndex = here.privatePath.leafIndex;
    const { leaf } = here.ratchetTree[2 * leafIndex];
    const leafNode = await signLeafNodeCommit(
      {
        leafNodeSource: "update",
        hpkePublicKey: await suite.hpke.exportPublicKey(keys.publicKey),
        signaturePublicKey: leaf.signaturePublicKey,
        credential: leaf.credential,
        capabilities: leaf.capabilities,
        extensions: leaf.extensions,
        groupId: here.groupContext.groupId,
        leafIndex,
      },
      here.signaturePrivateKey,
      suite.signature,
    );
    const made = await propose(request, { proposalType: "update", update: { leafNode } });
    updates.push([hex(leafNode.hpkePublicKey), await suite.hpke.exportPrivateKey(keys.privateKey)]);
    return made;
  },

  // `path` is not heeded: ts-mls makes one when RFC 9420 12.4 asks for it, and has no way to ask for more.
  async commit(request) {
    if (pending !== undefined) throw new Refused("commit: one waits already");
    const here = current();
    const removes = (request.removes ?? []).map((removed) => ({ proposalType: "remove", remove: { removed } }));
    const adds = (request.adds ?? []).map((add) => ({
      proposalType: "add",
      add: { keyPackage: message(add, "adds", "mls_key_package").keyPackage },
    }));
    const made = await mls.createCommit(
      {
        state: { ...here, unappliedProposals: compatible(here, request) },
        pskIndex: mls.makePskIndex(here, {}),
        cipherSuite: suite,
      },
      {
        wireAsPublicMessage: asPublic(request),
        extraProposals: [...removes, ...adds],
        ratchetTreeExtension: true,
      },
    );
    pending = made.newState;
    return {
      commit: hex(mls.encodeMlsMessage(made.commit)),
      welcome: made.welcome === undefined ? null : wire("mls_welcome", { welcome: made.welcome }),
    };
  },

  async apply() {
    if (pending === undefined) throw new Refused("apply: no commit waits");
    enter(pending);
    return state();
  },

  async discard() {
    if (pending === undefined) throw new Refused("discard: no commit waits");
    pending = undefined;
    return state();
  },

  async process(request) {
    const received = message(request.message, "message", "mls_public_message", "mls_private_message");
    const before = current();
    const content = received.privateMessage ?? received.publicMessage.content;
    if (hex(content.groupId ?? new Uint8Array()) !== hex(before.groupContext.groupId))
      throw new Refused("message: of another group");
    // Fault 6: when this commit takes our Update, our leaf's key is the one that we kept for it. The keys are
    // a copy, so a commit that fails changes nothing. Fault 8: whether we are out stands in the proposals. Both
    // are seen when signature and list have been checked, and before the path is opened.
    const own = before.privatePath.leafIndex;
    const privateKeys = { ...before.privatePath.privateKeys };
    const scratch = { ...before, privatePath: { ...before.privatePath, privateKeys } };
    let out = false;
    const heed = (incoming) => {
      for (const { proposal, senderLeafIndex } of incoming.kind === "commit" ? incoming.proposals : []) {
        if (proposal.proposalType === "remove" && proposal.remove.removed === own) out = true;
        if (proposal.proposalType !== "update" || senderLeafIndex !== own) continue;
        const kept = updates.find(([key]) => key === hex(proposal.update.leafNode.hpkePublicKey));
        if (kept !== undefined) privateKeys[2 * own] = kept[1];
      }
      return out ? "reject" : "accept";
    };
    const done = await mls.processMessage(received, scratch, mls.makePskIndex(before, {}), heed, suite);
    if (done.kind === "applicationMessage") {
      group = { ...done.newState, privatePath: before.privatePath };
      const aad = received.privateMessage.authenticatedData;
      return { kind: "application", data: hex(done.message), aad: hex(aad), ...(await state()) };
    }
    if (content.contentType === "proposal") {
      group = { ...done.newState, privatePath: before.privatePath };
      return { kind: "proposal", ...(await state()) };
    }
    enter(out ? { ...before, groupActiveState: { kind: "removedFromGroup" } } : done.newState);
    return { kind: out ? "removed" : "commit", ...(await state()) };
  },

  async protect(request) {
    const data = bytes(request.data, "data");
    const aad = bytes(request.aad ?? "", "aad");
    const made = await mls.createApplicationMessage(current(), data, suite, aad);
    group = made.newState;
    return { message: wire("mls_private_message", { privateMessage: made.privateMessage }) };
  },

  state,
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let answer;
  try {
    const request = JSON.parse(line);
    const operation = Object.hasOwn(operations, request?.op) ? operations[request.op] : undefined;
    if (operation === undefined) throw new Refused("op: unknown");
    if (credential === undefined && request.op !== "init") throw new Refused("init comes first");
    answer = { ok: true, ...(await operation(request)) };
  } catch (error) {
    answer = { ok: false, error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
