// Makes the service worker that keeps the app's own files: the list of what was built, and a name for the
// cache that changes with it.
import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const worker = (name: string, files: string[]) => `const cacheName = ${JSON.stringify(name)};
const files = ${JSON.stringify(files)};
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((one) => one !== cacheName).map((one) => caches.delete(one))))
      .then(() => self.clients.claim()));
});
// The agent first, so that a new one is never shown with an old face; the cache when it does not answer.
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  event.respondWith(
    fetch(event.request).catch(async () => (await caches.match(event.request, { ignoreSearch: true })) ?? Response.error()));
});
`;

export function shell(): Plugin {
  return {
    name: "nattevagt-shell",
    apply: "build",
    enforce: "post", // after the styles have been gathered
    generateBundle(_, bundle) {
      const hash = createHash("sha256");
      const built = Object.keys(bundle).sort();
      for (const name of built) {
        const one = bundle[name]!;
        hash.update(name).update(one.type === "chunk" ? one.code : one.source);
      }
      const files = ["/", "/theme.js", "/icon.svg", "/app.webmanifest",
        ...built.filter((name) => name !== "index.html").map((name) => "/" + name)];
      this.emitFile({
        type: "asset",
        fileName: "worker.js",
        source: worker("nattevagt-" + hash.digest("hex").slice(0, 16), files),
      });
    },
  };
}
