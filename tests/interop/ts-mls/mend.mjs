// A module hook that finds ts-mls where `./dev deps` has put it, and mends the one fault of 1.6.4 that no
// driver can work around. The package's integrity is pinned, so each text is there exactly once or we stop.
let home;

const mends = [
  {
    // Fault 2: trees with unmerged leaves are refused, because ALL parents above the leaf must list the SAME
    // leaves. RFC 9420 7.9.2 and 12.4.3.1: those between the leaf and the parent must list THIS leaf.
    file: "/ts-mls/dist/src/clientState.js",
    from: "if (!arraysEqual(dpNode.parent.unmergedLeaves, n.parent.unmergedLeaves))",
    to: "if (parentIdx === i) break;\nif (!dpNode.parent.unmergedLeaves.includes(unmergedLeaf))",
  },
];

export function initialize(data) {
  home = data.home;
}

export function resolve(specifier, context, next) {
  if (specifier !== "ts-mls" && !specifier.startsWith("ts-mls/")) return next(specifier, context);
  return next(specifier, { ...context, parentURL: home });
}

export async function load(url, context, next) {
  const loaded = await next(url, context);
  const mend = mends.find((candidate) => url.endsWith(candidate.file));
  if (mend === undefined) return loaded;
  const parts = String(loaded.source).split(mend.from);
  if (parts.length !== 2) throw new Error(`${mend.file} is not the one that we know`);
  return { ...loaded, source: parts.join(mend.to) };
}
