// The screens' own words, without a browser: times in the nights in which the clocks change, in both languages. The
// Danish text of an instant is the library's (client_export_test.cpp); what the screens make of it is here.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const web = fileURLToPath(new URL("../../mobile-bridge/web", import.meta.url));
const tools = createRequire(process.env.NATTEVAGT_WEB_TOOLS + "/here.js");
let server, texts;

before(async () => {
  Object.assign(globalThis, { localStorage: { getItem: () => null, setItem: () => {} }, document: { documentElement: {} } });
  const vite = await import(pathToFileURL(tools.resolve("vite")).href.replace("index.cjs", "dist/node/index.js"));
  server = await vite.createServer({ root: web, configFile: web + "/vite.config.ts", logLevel: "error", appType: "custom",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null }, optimizeDeps: { noDiscovery: true } });
  texts = await server.ssrLoadModule("/src/lib/texts.svelte.ts");
});
after(() => server?.close());

const at = (iso, text, date) => ({ ms: Date.parse(iso), text, date });

test("In the hour that comes twice each language says which of the two it is", () => {
  const first = at("2026-10-25T00:48:00Z", "kl. 02.48 (sommertid)", "25. oktober 2026");
  const second = at("2026-10-25T01:48:00Z", "kl. 02.48 (normaltid)", "25. oktober 2026");
  const next = at("2027-10-31T01:10:00Z", "kl. 02.10 (normaltid)", "31. oktober 2027");
  texts.setLanguage("da");
  assert.deepEqual([first, second, next].map(texts.timeText), ["kl.\u00a002.48 (sommertid)", "kl.\u00a002.48 (normaltid)", "kl.\u00a002.10 (normaltid)"]);
  texts.setLanguage("en");
  assert.deepEqual([first, second, next].map(texts.timeText), ["at\u00a002.48 (summer time)", "at\u00a002.48 (standard time)",
    "at\u00a002.10 (standard time)"]);
  assert.equal(texts.t("rota.until", { tid: texts.timeText(next) }), "until\u00a002.10 (standard time)");
  assert.deepEqual([first, second, next].map(texts.dayText), ["25 October 2026", "25 October 2026", "31 October 2027"]);
  texts.setLanguage("da");
});

test("A night's date is Denmark's, on both sides of the change of clocks and in whatever zone the browser is", () => {
  texts.setLanguage("en");
  assert.equal(texts.dayText(at("2026-10-24T22:30:00Z", "kl. 00.30", "")), "25 October 2026"); // summer time: +2
  assert.equal(texts.dayText(at("2026-10-25T22:30:00Z", "kl. 23.30", "")), "25 October 2026"); // standard time: +1
  assert.equal(texts.dayText(at("2027-03-27T23:30:00Z", "kl. 00.30", "")), "28 March 2027");
  assert.equal(texts.dayText(at("2027-03-28T22:30:00Z", "kl. 00.30", "")), "29 March 2027");
  texts.setLanguage("da");
});

test("A stretch of time is real time, whatever the clock shows; only what counts down has digits alone", () => {
  const from = Date.parse("2026-10-25T00:48:53Z"), until = Date.parse("2026-10-25T01:03:53Z"); // 02.48 to 02.03
  assert.equal(texts.stretch(until - from), "15 min");
  assert.equal(texts.stretch(Date.parse("2027-03-28T01:05:00Z") - Date.parse("2027-03-28T00:55:00Z")), "10 min"); // 01.55 to 03.05
  assert.deepEqual([3_599_000, 3_600_000, 15_139_000].map(texts.stretch), ["59 min 59 s", "1 t 0 min", "4 t 12 min"]);
  assert.deepEqual([90_000, 300_000, 3_000, 1, 0, -5].map(texts.stretch), ["1 min 30 s", "5 min", "3 s", "1 s", "0 s", "0 s"]);
  assert.deepEqual([until - from, 298_001, 1, -5, 15_139_000].map(texts.countdown), ["15.00", "04.59", "00.01", "00.00", "4 t 12 min"]);
});

test("A chosen day or time is said in words, as it was chosen", () => {
  assert.equal(texts.chosenText("2026-10-12"), "mandag den 12. oktober 2026");
  assert.equal(texts.chosenText("2026-10-25T02:30"), "søndag den 25. oktober 2026 kl.\u00a002.30");
  assert.equal(texts.chosenText("2027-03-28T07:30"), "søndag den 28. marts 2027 kl.\u00a007.30");
  assert.equal(texts.chosenText("04:00"), "kl.\u00a004.00"); // whatever "AM" a browser puts beside it
  for (const wrong of ["", "x", "2026-13-40"]) assert.equal(texts.chosenText(wrong), "");
});
