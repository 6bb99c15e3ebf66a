// The night on screens: stories 6a and 6b, and what may not happen. One stage for all: the tests are in order.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import { openBrowser, ownPin, Person, report, sizes, Stage } from "./world.mjs";

const situation = "Har gået uroligt siden kl. 00.30, hører stemmer, som siger, hun skal gå ud på vejen. Ikke truende.";
const background = "Skizofreni. Aftendosis nægtet kl. 21. PN oxazepam 15 mg givet kl. 18.10.";
const advice = "Giv PN oxazepam 15 mg nu. Ikke mere før kl. 08. Se til hende hvert 15. minut til kl. 04.";
const peter = "Peter råber, kaster stole, har en flaske. Jeg er i kontoret, døren låst.";

let stage, browser, amalie, ida, rune, tove;
const taps = [];

before(async () => {
  // The night to 25 October 2026: the clock goes back at 03.00, so that 02.46 comes twice.
  [stage, browser] = await Promise.all([Stage.open("2026-10-25T00:46:00Z"), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await stage?.close();
  if (taps.length) report("screens taps", "tap to next paint, ms: " + taps.map((one) => `${one.what} ${one.ms}`).join(", "));
});

// From the press to the frame after what it changed; a report, never an assertion.
async function timedClick(person, locator, what) {
  await person.page.evaluate(() => {
    addEventListener("click", () => {
      const from = performance.now();
      requestAnimationFrame(() => setTimeout(() => (globalThis.tapMs = performance.now() - from)));
    }, { once: true, capture: true });
  });
  await locator.click();
  const ms = await person.page.waitForFunction(() => globalThis.tapMs).then((handle) => handle.jsonValue());
  await person.page.evaluate(() => delete globalThis.tapMs);
  taps.push({ what, ms: Math.round(ms) });
}

const bad = (n) => `<img src=x onerror="globalThis.owned=1">{@html ${n}}<script>globalThis.owned=1</script>`;

async function startsCitizen(name, cpr) {
  await amalie.goes("/citizens");
  await amalie.unfold("Ny samtale om en borger");
  await amalie.fill("Borgerens navn", name);
  await amalie.fill("CPR", cpr);
  await amalie.page.getByRole("group", { name: "Hvem skal være med?" }).getByLabel(/forvagt, psykiatri/).check();
  await amalie.page.getByRole("group", { name: "Hvem skal være med?" }).getByLabel(/botilbudsteam, psykiatri/).check();
  await amalie.press("Begynd samtalen");
  await amalie.page.getByRole("heading", { name }).waitFor();
}
async function writesPlan({ agreed, until, readmission }) {
  await amalie.press("Skriv plan");
  await amalie.fill("Hvad skal der ske?", "Bo på Strandløkken med støtte dag og nat.");
  await amalie.fill("Hvem gør hvad?", "Personalet ser til hende. Botilbudsteamet kommer hver tirsdag.");
  await amalie.fill("Hvornår og hvordan kan genindlæggelse ske?", readmission);
  await amalie.fill("Sådan får personalet råd fra psykiatrien", "Nattevagt, hele døgnet.");
  await amalie.fill("Aftalt den", agreed);
  await amalie.fill("Gælder til", until);
  await amalie.fill("Part 1: navn", "Kaje Test Hansen");
  await amalie.fill("Part 1: rolle", "borger");
  await amalie.press("Gem planen");
  await amalie.page.locator(".plan").first().waitFor();
}

async function asks(words, { severity, kind, citizen, cpr } = {}) {
  await amalie.home();
  await timedClick(amalie, amalie.page.getByRole("link", { name: "Spørg vagthavende psykiater" }), "ask");
  await amalie.fill("Hvad sker der lige nu?", words);
  if (severity) await amalie.page.getByText(severity).click();
  if (kind) await amalie.page.getByText(kind).click();
  if (citizen) {
    await amalie.unfold("Udfyld mere nu");
    await amalie.fill("Borger", citizen);
    await amalie.fill("CPR", cpr);
  }
  await timedClick(amalie, amalie.page.getByRole("button", { name: "Send nu – udfyld resten bagefter" }), "send");
  await amalie.page.locator("article.incident").waitFor();
}

test("Every text that a screen asks for is there, in both languages", () => {
  const web = new URL("../../mobile-bridge/web/src/", import.meta.url);
  const texts = ["da", "en"].map((one) => JSON.parse(readFileSync(new URL(`texts/${one}.json`, web), "utf8")));
  const files = readdirSync(web, { recursive: true, withFileTypes: false }).filter((one) => /\.(svelte|ts)$/.test(one));
  const used = new Set(files.flatMap((one) =>
    [...readFileSync(new URL(one, web), "utf8").matchAll(/\bt\("([^"]+)"/g)].map((found) => found[1])));
  assert.ok(used.size > 100);
  const has = (from, path) => typeof from[path.split(".")[0]]?.[path.slice(path.indexOf(".") + 1)] === "string";
  assert.deepEqual([...used].filter((path) => !texts.every((one) => has(one, path))), []);
});

test("English has every text that Danish has, and no other", () => {
  const [da, en] = ["da", "en"].map((one) =>
    JSON.parse(readFileSync(new URL(`../../mobile-bridge/web/src/texts/${one}.json`, import.meta.url), "utf8")));
  delete da._meta;
  const shape = (from) => Object.entries(from).flatMap(([section, keys]) => Object.entries(keys).map(([key, text]) =>
    `${section}.${key} ${Array.isArray(text) ? text.length : typeof text === "string" ? [...text.matchAll(/\{.+?\}/g)].sort().join() : ""}`));
  assert.deepEqual(shape(en).sort(), shape(da).sort());
});

test("A launch link opens the lock, once; the lock shows nothing and a wrong PIN says so", async () => {
  amalie = await Person.at(browser, stage, "amalie", sizes.narrow);
  await amalie.page.getByRole("heading", { name: "Nattevagt er låst" }).waitFor();
  assert.doesNotMatch(await amalie.text(), /Strandløkken|Solvang|Amalie/);
  await amalie.look("lock");
  await amalie.unlock("forkert");
  await amalie.sees("Forkert PIN.");
  await amalie.unlock();
  await amalie.page.getByRole("heading", { name: "Hvem holder telefonen?" }).waitFor();
  await amalie.look("holder");
  await amalie.holds("Amalie Prøve", "SSA", "AP");
  await amalie.look("worker-home");
  await amalie.page.setViewportSize(sizes.wide); // at a desk the question stands open
  await amalie.page.getByLabel("Hvad sker der lige nu?", { exact: true }).waitFor();
  await amalie.page.setViewportSize(sizes.narrow);

  const other = await browser.newPage();
  await other.goto(stage.links.amalie);
  await other.getByRole("heading", { name: "Åbn Nattevagt igen" }).waitFor();
  await other.close();
});

test("First load is under 150 kB compressed", async () => {
  const origin = new URL(stage.links.amalie).origin;
  const paths = await amalie.page.evaluate(() =>
    ["/", ...performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname)].filter((one) => one !== "/app"));
  let bytes = 0;
  for (const path of new Set(paths)) bytes += gzipSync(Buffer.from(await (await fetch(origin + path)).arrayBuffer())).length;
  report("screens first load", `first load: ${bytes} bytes compressed, ${new Set(paths).size} files`);
  assert.ok(bytes < 150 * 1024);
});

test("A plan is written with a citizen's four headings, signed by the other party, and says when it has expired", async () => {
  [ida, rune] = await Promise.all([Person.at(browser, stage, "ida", sizes.wide), Person.at(browser, stage, "rune", sizes.narrow)]);
  await Promise.all([ida.unlock(), rune.unlock()]);
  await startsCitizen("Kaje Test Hansen", "210300-9996");
  await writesPlan({ agreed: "2026-10-12", until: "2027-04-12", readmission: "Pkt. 3: Går hun mod vejen, ringes 112, og akutmodtagelsen varsles." });
  await amalie.look("citizen");
  await ida.goes("/citizens");
  await ida.look("citizens");
  await ida.page.getByRole("link", { name: /Kaje Test Hansen/ }).click();
  await ida.sees("Udskrivningsaftale 12. oktober 2026");
  await ida.sees("Gælder til 12. april 2027");
  await ida.press("Underskriv planen");
  await amalie.sees("Underskrevet af Ida Eksempel, overlæge");

  await amalie.press("Skriv en ny version");
  await amalie.look("plan-form");
  await amalie.fill("Gælder til", "2026-10-24");
  await amalie.fill("Hvad skal der ske?", bad("hvad"));
  await amalie.fill("Part 1: navn", bad("part"));
  await amalie.press("Gem planen");
  await amalie.page.locator(".plan-expired", { hasText: "Udløbet" }).first().waitFor();
  await amalie.sees("Gjaldt til 24. oktober 2026.");
  await ida.page.locator(".plan-tag.expired").first().waitFor();
  await ida.look("citizen-expired");
  await ida.sees("{@html hvad}");
  await amalie.press("Skriv en ny version");
  await amalie.fill("Gælder til", "2027-04-12");
  await amalie.fill("Hvad skal der ske?", "Bo på Strandløkken med støtte dag og nat.");
  await amalie.fill("Part 1: navn", "Kaje Test Hansen");
  await amalie.press("Gem planen");
  await ida.page.locator(".plan", { hasText: "version 3" }).first().waitFor();
  await ida.press("Underskriv planen");
  await amalie.sees("Underskrevet af Ida Eksempel, overlæge");
});

test("Ida and Rune check in at their shift's start", async () => {
  await ida.goes("/");
  await ida.page.getByRole("region", { name: "Meld dig på vagt: forvagt, psykiatri" }).waitFor();
  await ida.look("psychiatrist-check-in");
  await ida.press("Jeg er på vagt");
  await ida.sees("Du er meldt på vagt, og enheden kan ringes op.");
  await rune.goes("/");
  await rune.press("Jeg er på vagt");
  await rune.sees("Du er meldt på vagt, og enheden kan ringes op.");
});

test("6a: from the unlocked phone to Sendt in two taps; Ida's locked screen rings without a word of it", async () => {
  await Promise.all([ida.press("Lås"), rune.press("Lås")]);
  await amalie.home();
  await amalie.sees("Kan træffes");
  await amalie.page.getByLabel("Jeg er alene på vagt").check();
  await amalie.goes("/ask");
  await amalie.page.getByText("Vold eller trusler").click();
  await amalie.sees("Er personalet i sikkerhed?");
  await amalie.unfold("Udfyld mere nu");
  await amalie.look("worker-ask");
  await asks(situation, { kind: "Forværring, psykose eller uro", citizen: "Kaje Test Hansen", cpr: "2103009996" });
  await amalie.page.locator(".steps .reached", { hasText: "Sendt" }).waitFor();
  await amalie.sees("Ingen har svaret endnu.");
  const countdown = amalie.page.locator(".status-next", { hasText: /bagvagt, psykiatri.*om 0\d\.\d\d/ });
  const first = await countdown.innerText();
  await amalie.page.waitForFunction((before) => document.querySelector(".status-next")?.innerText !== before, first); // it counts
  await amalie.look("worker-waiting");

  await ida.sees("Haster. Lås op.");
  assert.doesNotMatch(await ida.text(), /stemmer|Strandløkken|psykose|Amalie/);
  await ida.look("lock-ringing");
  await Promise.all([ida.unlock(), rune.unlock()]);
  await ida.home();
  await ida.page.locator("a.request.ringing", { hasText: "Strandløkken, hus B" }).waitFor();
  await ida.sees("Alene på vagt");
  await ida.look("psychiatrist-inbox");
  await ida.opens("Har gået uroligt");
  await ida.sees(situation);
  await ida.page.locator("aside .plan", { hasText: "Pkt. 3: Går hun mod vejen" }).waitFor(); // beside the request
  await amalie.page.locator(".steps .reached", { hasText: "Set" }).waitFor();
  await amalie.page.locator(".receipts summary", { hasText: "Set af Ida Eksempel" }).click();
  await amalie.page.locator(".receipts li", { hasText: /Ida Eksempel: set kl\.\s02\.\d\d \(sommertid\)/ }).waitFor();
  await amalie.sees("Set er ikke taget.");
  await ida.look("psychiatrist-request");
});

test("6a: taken by name, filled in afterwards, a colleague called in", async () => {
  await timedClick(ida, ida.page.getByRole("button", { name: "Jeg tager den" }), "take");
  await amalie.sees("Overtaget af Ida Eksempel, overlæge");
  assert.equal(await ida.page.getByRole("button", { name: "Jeg tager den" }).count(), 0);
  await amalie.look("worker-taken");

  await ida.unfold("Giv videre til bagvagt");
  await ida.page.getByLabel("Rune Eksempel").check();
  await ida.press("Bed om at tage den");
  await rune.home();
  await rune.opens("Har gået uroligt");
  await rune.sees("Ida Eksempel, overlæge beder dig tage den.");
  await rune.unfold("Borgerens plan"); // he is not in the citizen's conversation: it was shown in the call
  await rune.sees("Vist i kaldet af Amalie Prøve, SSA kl. 02.");
  await rune.page.locator("#plan .plan", { hasText: "Pkt. 3: Går hun mod vejen" }).waitFor();
  await rune.sees("Befaler stemmerne noget?");
  await amalie.sees("Ida Eksempel har bedt Rune Eksempel tage den.");
  await rune.look("psychiatrist-asked");
  await rune.press("Nej, det kan jeg ikke");
  await rune.page.locator("form.card").getByRole("button", { name: "Nej, det kan jeg ikke" }).click();
  await amalie.page.locator(".status.good", { hasText: "Overtaget af Ida Eksempel" }).waitFor();
  await amalie.unfold("Udfyld resten");
  await amalie.fill("Baggrund", background);
  await amalie.fill("Analyse", "Jeg er bekymret for, at hun går ud.");
  await amalie.fill("Råd", "Må jeg give PN, og hvornår skal hun ind?");
  await amalie.page.locator("details", { hasText: "Udfyld resten" }).getByRole("button", { name: "Send" }).click();
  await ida.sees(background);
  await ida.fill("Skriv her", "Har hun planer om at skade sig selv?");
  await ida.press("Send");
  await amalie.page.locator(".message", { hasText: "Har hun planer om at skade sig selv?" }).getByText("Ida Eksempel, overlæge").waitFor();
  await amalie.fill("Skriv her", "Tanker ja. Planer nej. Kan aflede sig med te og radio.");
  await amalie.page.getByRole("region", { name: "Skriv til samtalen" }).getByRole("button", { name: "Send" }).click();
  await ida.sees("Kan aflede sig med te og radio.");

  await amalie.unfold("Med i samtalen");
  await amalie.page.getByLabel("Tag en kollega med").selectOption({ label: "Solvang Kommune: Strandløkken, hus A" });
  await amalie.press("Tag en kollega med");
  await ida.unfold("Med i samtalen");
  await ida.page.locator(".members", { hasText: "Jonas Demo" }).or(ida.page.locator(".members", { hasText: "hus A" })).waitFor();
  await stage.cli("jonas", ["say", "Kollega er på vej."]);
  await amalie.sees("Kollega er på vej.");
});

test("Who is called in later sees the plan when it has been saved again", async () => {
  await amalie.goes("/citizens");
  await amalie.page.getByRole("link", { name: /Kaje Test Hansen/ }).click();
  await amalie.unfold("Med i samtalen");
  await amalie.page.getByLabel("Tag en kollega med").selectOption({ label: "Region Havbakken: bagvagt, psykiatri" });
  await amalie.press("Tag en kollega med");
  await amalie.page.getByRole("heading", { name: "Den nye kan ikke se planen endnu" }).waitFor();
  await amalie.look("citizen-newcomer");
  await amalie.press("Gem planen igen");
  await amalie.page.locator(".plan", { hasText: "version 4" }).first().waitFor();
  await rune.goes("/citizens");
  await rune.page.getByRole("link", { name: /Kaje Test Hansen/ }).click();
  await rune.sees("Pkt. 3: Går hun mod vejen");
  await rune.sees("version 4");
});

test("6a: medicine advice must be read back; a wrong dose is sent back; done, journalled, closed", async () => {
  await ida.home();
  await ida.opens("Har gået uroligt");
  await ida.fill("Rådet", advice);
  await ida.page.getByLabel("Rådet har medicin").check();
  await ida.page.getByLabel("Tilsyn med påmindelse").check();
  await ida.look("psychiatrist-advice");
  await ida.fill("Præparat", "oxazepam");
  await ida.fill("Dosis", "15 mg");
  await ida.fill("Hvornår", "nu");
  await ida.fill("Højst", "én til kl. 08");
  await ida.page.getByLabel("Hvert").selectOption({ label: "15. minut" });
  assert.ok(await ida.page.getByRole("button", { name: "Send rådet" }).isDisabled()); // rounds without an end
  await ida.fill("Til kl.", "04:00");
  await ida.press("Send rådet");
  await amalie.home();
  await amalie.opens("Har gået uroligt");
  await amalie.sees(advice);
  await amalie.sees("Tilsyn hvert 15. minut til kl. 04.00");
  assert.equal(await amalie.page.getByRole("button", { name: "Udført" }).count(), 0); // not before it is read back
  await amalie.press("Afslut");
  await amalie.sees("Kan ikke afsluttes endnu");
  await amalie.look("worker-advice");
  await amalie.fill("Læs tilbage", "Oxazepam 25 mg nu, ikke mere før kl. 08.");
  await amalie.press("Læs tilbage");
  await amalie.sees("Vent på \"Tilbagelæst korrekt\"");
  assert.equal(await amalie.page.getByRole("button", { name: "Udført" }).count(), 0);
  await ida.sees("Oxazepam 25 mg nu");
  for (const held of ["oxazepam 15 mg, nu", "Tilsyn hvert 15. minut"]) await ida.page.locator(".todo .judged").getByText(held).waitFor();
  await ida.page.getByRole("button", { name: "Sig, om det er læst rigtigt tilbage" }).click(); // she stands where she wrote
  await ida.look("psychiatrist-judge");
  await ida.page.getByRole("button", { name: "Ikke korrekt – læs igen" }).click();
  await amalie.sees("Ikke korrekt. Læs rådet igen");
  await amalie.fill("Læs tilbage", "Oxazepam 15 mg nu, højst én før kl. 08. Se til hende hvert 15. minut til kl. 04.");
  await amalie.press("Læs tilbage");
  await ida.sees("Oxazepam 15 mg nu, højst én");
  await ida.page.getByRole("button", { name: "Tilbagelæst korrekt" }).click();
  await amalie.press("Udført");
  await ida.page.locator(".message.done", { hasText: "Udført kl." }).waitFor();
  await amalie.press("Jeg har set til borgeren nu");
  await amalie.page.locator(".ticks li", { hasText: /kl\.\s02\.\d\d \(sommertid\)\s*Har set til borgeren\./ }).waitFor();
  await ida.page.locator(".ticks li", { hasText: "Har set til borgeren." }).waitFor();
  await amalie.page.getByRole("checkbox", { name: "Observation" }).check();
  await amalie.fill("Skriv her", "Det er faldet til ro.");
  await amalie.page.getByRole("region", { name: "Skriv til samtalen" }).getByRole("button", { name: "Send" }).click();
  await ida.sees("Det er faldet til ro.");

  await ida.press("Kopiér til journal");
  await ida.sees("Kopieret.");
  const copied = await ida.page.evaluate(() => navigator.clipboard.readText());
  for (const wanted of ["Amalie Prøve", "Ida Eksempel", "oxazepam", "Oxazepam 15 mg nu", "(sommertid)", "+02:00"]) assert.ok(copied.includes(wanted), wanted);
  await ida.press("Ført i journal");
  await ida.page.locator(".message.journal", { hasText: "Ført i journal kl." }).waitFor();
  await promises("Lovet kontakt", "Botilbudsteamet ringer til Kaje", "2026-10-25T10:00");
  await promises("Medicin", "PN oxazepam 15 mg givet", "");
  await promises("Hold øje med", bad("øje"), "");
});

async function promises(kind, text, due) {
  await amalie.unfold("Ny opgave eller aftale");
  await amalie.page.getByLabel("Slags").selectOption({ label: kind });
  await amalie.fill("Hvad skal gøres?", text);
  if (due) await amalie.fill("Senest (valgfrit)", due);
  await amalie.press("Gem opgaven");
  await amalie.page.locator(".message.task", { hasText: text.includes("@html") ? "{@html øje}" : text }).waitFor();
}

test("History is searched on the device; settings change mode and language", async () => {
  await amalie.goes("/search");
  await amalie.fill("Ord, navn eller præparat", "oxazepam");
  await amalie.page.getByRole("search").getByRole("button", { name: "Søg" }).click();
  await amalie.page.locator(".right a.request", { hasText: "oxazepam" }).first().waitFor();
  await amalie.look("search");
  await amalie.goes("/settings");
  await amalie.page.locator("summary", { hasText: "Ida Eksempel" }).waitFor();
  await amalie.unfold("Skift din egen PIN");
  for (const [before, next] of [["0000", "2846"], [ownPin, "2846"], ["2846", ownPin]]) {
    await amalie.fill("Din PIN nu", before);
    await amalie.fill("Ny PIN", next);
    await amalie.fill("Ny PIN igen", next);
    await amalie.press("Gem den nye PIN");
    if (before === "0000") {
      await amalie.sees("Forkert PIN.");
      continue;
    }
    await amalie.page.waitForFunction(() => [...document.querySelectorAll("input[type=password]")].every((one) => one.value === ""));
    await amalie.sees("PIN er skiftet.");
  }
  await amalie.look("settings");
  await amalie.press("English");
  await amalie.page.getByRole("heading", { name: "Settings" }).waitFor();
  await amalie.press("Dansk");
});

test("Two psychiatrists press at once: one has it, the other is told who", async () => {
  await stage.tell("seconds"); // so that the second on call is asked while the first still may take it
  await asks("Nu trykker de begge", {});
  await Promise.all([ida.home(), rune.home()]);
  await Promise.all([ida.opens("Nu trykker de begge"), rune.opens("Nu trykker de begge")]);
  // The slower one's button may be gone before the finger is down.
  const take = (one) => one.page.getByRole("button", { name: "Jeg tager den" }).click({ timeout: 5_000 });
  const pressed = await Promise.allSettled([ida, rune].map(take));
  // However slow this machine is: in time or late, one and the same has it.
  const status = (one) => one.page.locator(".status-big", { hasText: /Eksempel/ }).innerText();
  const [one, two, three] = await Promise.all([ida, rune, amalie].map(status));
  const name = /(\S+ Eksempel)/;
  assert.equal(name.exec(one)[1], name.exec(two)[1]);
  assert.equal(name.exec(one)[1], name.exec(three)[1]);
  const loser = name.exec(one)[1].startsWith("Ida") ? rune : ida;
  if (pressed[loser === ida ? 0 : 1].status === "fulfilled") await loser.sees("Allerede overtaget af");
  await amalie.press("Træk tilbage"); // an hour without advice would ring
  await amalie.page.locator("form.card").getByRole("button", { name: "Træk tilbage" }).click();
  await amalie.page.locator(".status", { hasText: "Trukket tilbage" }).waitFor();
});

test("6b: in the hour that comes twice every time says which it is, and the order stays", async () => {
  await stage.sleep(3600);
  await amalie.reaches();
  await amalie.sees("Tid til tilsyn. Lås op.");
  await amalie.page.waitForFunction(() => document.title.startsWith("●"));
  assert.doesNotMatch(await amalie.text(), /Kaje|Strandløkken/);
  await amalie.look("lock-round");
  await Promise.all([amalie.unlock(), ida.arrives(), rune.arrives()]);
  await amalie.isHeldBy("Amalie Prøve");
  await amalie.sees(/Tid til tilsyn: Kaje Test Hansen, kl\.\s02\.\d\d \(normaltid\)/);
  await amalie.look("worker-round-late");
  await amalie.page.getByRole("link", { name: "Åbn kaldet" }).click();
  await amalie.sees(/Skulle have været kl\.\s02\.\d\d \(normaltid\)\. Se til borgeren nu\./);
  await amalie.press("Jeg har set til borgeren nu");
  await amalie.sees(/Næste kl\.\s0[23]\.\d\d/);
  await amalie.page.waitForFunction(() => document.title === "Nattevagt");
  await amalie.sees("Afslutter du, stopper påmindelserne om tilsyn. De gælder til kl. 04.00.");
  await amalie.press("Afslut");
  await amalie.page.locator(".status", { hasText: "Afsluttet" }).waitFor();
  await amalie.look("worker-closed");
  await asks("Er det nu eller før?", { severity: "Gul – i denne vagt" });
  await amalie.page.locator(".steps .reached", { hasText: "Sendt" }).waitFor();
  await amalie.home();
  await amalie.unfold("Afsluttede kald");
  const cards = amalie.page.locator(".left a.request .when");
  await cards.filter({ hasText: /^kl\.\s02\.\d\d \(normaltid\)$/ }).first().waitFor();
  const shown = await cards.allInnerTexts();
  assert.ok(shown.some((one) => /^kl\.\s02\.\d\d \(sommertid\)$/.test(one)), shown.join());
  await amalie.opens("Er det nu eller før?");
  await amalie.page.locator(".message .when", { hasText: "(normaltid)" }).first().waitFor();
  await amalie.look("worker-second-hour");
  await amalie.press("Træk tilbage");
  await amalie.page.locator("form.card").getByRole("button", { name: "Træk tilbage" }).click();
  await amalie.page.locator(".status", { hasText: "Trukket tilbage" }).waitFor();
});

test("6b: nobody takes it: the countdown, the loud end, the reserve plan, and a late answer shown as late", async () => {
  await asks(peter, { kind: "Vold eller trusler" });
  await rune.home();
  await rune.page.locator("a.request.ringing", { hasText: "Peter råber" }).waitFor();
  await amalie.sees("Ingen har overtaget. Brug reserveplanen nu.");
  await amalie.look("worker-exhausted");
  await amalie.page.locator(".reserve.loud a", { hasText: "ring 112" }).evaluate((one) => one.addEventListener("click", (e) => e.preventDefault()));
  await amalie.page.locator(".reserve.loud a", { hasText: "ring 112" }).click();
  await amalie.sees("Reserveplan brugt: Ringet 112");
  await amalie.fill("Skriv her", "Politi er her.");
  await amalie.page.getByRole("region", { name: "Skriv til samtalen" }).getByRole("button", { name: "Send" }).click();
  await rune.opens("Peter råber");
  await rune.sees("Politi er her.");
  await rune.press("Jeg tager den");
  await amalie.page.locator(".status-big", { hasText: /Rune Eksempel svarede kl\.\s\d\d\.\d\d.*, efter at reserveplanen blev brugt\./ }).waitFor();
  await amalie.look("worker-late");
  await stage.tell("minutes");
});

test("Alarm: held for two seconds, undone in time; who cannot hold presses and confirms", async () => {
  await amalie.home();
  const button = amalie.page.getByRole("button", { name: /Hold inde i 2 sekunder/ });
  const before = await amalie.page.locator(".left a.request").count();
  await button.hover();
  await amalie.page.mouse.down();
  await amalie.page.getByRole("button", { name: /Fortryd \(\d\)/ }).waitFor();
  await amalie.page.mouse.up();
  await amalie.page.getByRole("button", { name: /Fortryd/ }).click();
  await button.waitFor();
  assert.equal(await amalie.page.locator(".left a.request").count(), before);
  await button.click();
  await amalie.page.keyboard.press("Escape");
  await amalie.page.getByRole("button", { name: "Send alarm nu" }).waitFor({ state: "detached" });
  await button.click();
  await amalie.look("worker-alarm");
  await amalie.press("Send alarm nu");
  await amalie.page.locator(".steps .reached", { hasText: "Sendt" }).waitFor();
  await ida.home();
  await ida.page.locator("a.request.ringing", { hasText: "Alarm – fare nu" }).waitFor();
  await amalie.press("Træk tilbage");
  await amalie.fill("Træk kaldet tilbage?", "Prøve");
  await amalie.page.locator("form.card").getByRole("button", { name: "Træk tilbage" }).click();
  await amalie.page.locator(".status", { hasText: "Trukket tilbage" }).waitFor();
});

test("What people write stays text, in every field", async () => {
  await amalie.goes("/ask");
  await amalie.fill("Hvad sker der lige nu?", "Amalies egne halve ord");
  await amalie.goes("/holder");
  await amalie.holds(bad("navn"), bad("stilling"), "XSS");
  await amalie.page.getByRole("link", { name: "Spørg vagthavende psykiater" }).click();
  assert.equal(await amalie.page.getByLabel("Hvad sker der lige nu?", { exact: true }).inputValue(), ""); // another's words
  await amalie.fill("Hvad sker der lige nu?", bad("s"));
  await amalie.unfold("Udfyld mere nu");
  for (const label of ["Borger", "Ring tilbage på", "Baggrund", "Analyse", "Råd"]) await amalie.fill(label, bad(label));
  await amalie.press("Send til vagthavende");
  await amalie.page.locator("article.incident").waitFor();
  await amalie.unfold("Spørg om medicin");
  for (const label of ["Hvad spørger du om?", "Præparat", "Dosis", "Sidst givet", "PN prøvet i dag", "Allergi", "Målte værdier"]) {
    await amalie.fill(label, bad(label));
  }
  await amalie.press("Send spørgsmålet");
  await amalie.fill("Skriv her", bad("tekst"));
  await amalie.page.getByRole("region", { name: "Skriv til samtalen" }).getByRole("button", { name: "Send" }).click();
  await ida.home();
  await ida.opens("{@html s}");
  await ida.sees("{@html tekst}");
  await ida.sees("{@html Allergi}");
  await ida.press("Jeg tager den");
  await ida.fill("Rådet", bad("råd"));
  await ida.press("Send rådet");
  await amalie.sees("{@html råd}");
  await amalie.fill("Læs tilbage", bad("læst"));
  await amalie.press("Læs tilbage");
  await ida.page.getByRole("button", { name: "Tilbagelæst korrekt" }).click();
  await amalie.press("Kunne ikke udføres");
  await amalie.fill("Hvorfor kunne det ikke?", bad("hvorfor"));
  await amalie.page.locator(".todo .message.advice").getByRole("button", { name: "Send" }).click();
  await ida.sees("{@html hvorfor}");
  for (const one of [amalie, ida]) {
    await one.page.waitForTimeout(50); // an image that fails to load would have told by now
    assert.equal(await one.page.evaluate(() => globalThis.owned), undefined);
    assert.equal(await one.page.locator("#app img, #app script").count(), 0);
  }
  await amalie.page.getByRole("link", { name: "Skift" }).click(); // two taps to another person
  await amalie.isHeldBy("Amalie Prøve");
  await amalie.goes("/ask");
  await amalie.unfold("Udfyld mere nu");
  assert.equal(await amalie.page.getByLabel("Ring tilbage på").inputValue(), ""); // another's number
});

test("A page of another origin, a foreign name and a socket without a token get nothing", async () => {
  const origin = new URL(stage.links.ida).origin;
  const port = Number(new URL(origin).port);
  const ask = (headers, path = "/app") => new Promise((resolve) => {
    const request = http.request({ host: "127.0.0.1", port, path, headers }, (answer) => (answer.resume(), resolve(answer.statusCode)));
    request.on("upgrade", (answer, socket) => (socket.destroy(), resolve(answer.statusCode)));
    request.end();
  });
  const upgrade = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "nattevagt.1" };
  assert.equal(await ask({ ...upgrade, Origin: origin }), 101);
  assert.equal(await ask({ ...upgrade, Origin: "http://evil.example" }), 403);
  assert.equal(await ask({ ...upgrade, Origin: `http://localhost:${port}` }), 403);
  assert.equal(await ask({ ...upgrade, Origin: "null" }), 403);
  assert.equal(await ask(upgrade), 403);
  assert.equal(await ask({ ...upgrade, Origin: origin, Host: "evil.example" }), 421);
  assert.equal(await ask({ Host: `evil.example:${port}` }, "/"), 421);
  assert.equal(await ask({}, "/../../etc/passwd"), 404);

  const hostile = http.createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<!doctype html><title>x</title>"));
  await new Promise((resolve) => hostile.listen(0, "127.0.0.1", resolve));
  const page = await ida.context.newPage(); // in Ida's own browser, beside her open screen
  await page.goto(`http://127.0.0.1:${hostile.address().port}/`);
  const got = await page.evaluate(async (there) => {
    const socket = await new Promise((resolve) => {
      const one = new WebSocket(there.replace("http", "ws") + "/app", "nattevagt.1");
      one.onopen = () => resolve("open");
      one.onerror = () => resolve("refused");
    });
    const read = await fetch(there + "/").then((answer) => answer.text(), () => "refused");
    return { socket, read };
  }, origin);
  assert.deepEqual(got, { socket: "refused", read: "refused" });
  await page.close();
  hostile.close();

  const stranger = await ida.context.newPage();
  await stranger.goto(origin + "/");
  await stranger.getByRole("heading", { name: "Åbn Nattevagt igen" }).waitFor();
  assert.deepEqual(await stranger.evaluate(() => new Promise((resolve) => {
    const said = [];
    const socket = new WebSocket(`ws://${location.host}/app`, "nattevagt.1");
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, do: "search", words: "oxazepam" }));
    socket.onmessage = (event) => said.push(event.data);
    socket.onclose = () => resolve(said);
  })), []);
  await stranger.close();
});

test("Locked: nothing of the night is in the page or on its socket", async () => {
  const frames = [];
  ida.page.on("websocket", (socket) => socket.on("framereceived", (frame) => frames.push(String(frame.payload))));
  await ida.fill("Skriv her", "halvt skrevet");
  await ida.press("Lås");
  await ida.page.getByRole("heading", { name: "Nattevagt er låst" }).waitFor();
  assert.doesNotMatch(await ida.page.content(), /halvt skrevet|Strandløkken|oxazepam/);
  await ida.unlock();
  assert.equal(await ida.page.getByLabel("Skriv her").inputValue(), "halvt skrevet");
  await ida.press("Lås");
  await ida.page.reload(); // a new socket, seen from its beginning
  await ida.page.getByRole("heading", { name: "Nattevagt er låst" }).waitFor();
  await asks("Hemmeligt ord: blåbærgrød", {});
  await ida.sees("Haster. Lås op.");
  assert.doesNotMatch(await ida.page.content(), /blåbærgrød|Strandløkken|Eksempel|oxazepam/);
  assert.ok(frames.length > 0);
  assert.doesNotMatch(frames.join("\n"), /blåbærgrød|Strandløkken|Eksempel|oxazepam/);
  await ida.press("Jeg tager den"); // from the lock: not a word of it is seen
  await ida.sees("Du har den nu. Lås op for at læse.");
  assert.doesNotMatch(await ida.page.content(), /blåbærgrød|Strandløkken|Eksempel|oxazepam/);
  assert.doesNotMatch(frames.join("\n"), /blåbærgrød|Strandløkken|Eksempel|oxazepam/);
  await ida.look("lock-taken");
  await amalie.sees("Overtaget af Ida Eksempel, overlæge");
  await ida.unlock();
  await ida.sees("blåbærgrød");
  await amalie.press("Træk tilbage");
  await amalie.page.locator("form.card").getByRole("button", { name: "Træk tilbage" }).click();
  await amalie.page.locator(".status", { hasText: "Trukket tilbage" }).waitFor();
});

test("My duty: a swap is asked for and accepted; the hub's answer is told", async () => {
  await ida.goes("/duty");
  await ida.page.locator("li.card", { hasText: "Du har vagten nu" }).first().waitFor();
  await ida.look("duty");
  const later = ida.page.locator("li.card", { hasText: "forvagt, psykiatri" }).filter({ hasNotText: "Du har vagten nu" }).first();
  await later.getByRole("button", { name: "Byt vagten" }).click();
  await ida.press("Bed om bytte");
  await ida.sees("Ændringen er modtaget.");
  await rune.goes("/duty");
  await rune.press("Ja, jeg tager vagten");
  await ida.page.locator("li.card", { hasText: "Ida Eksempel giver vagten til Rune Eksempel" }).getByText("Gælder").waitFor();
  await rune.page.getByRole("button", { name: "Overtag forvagt, psykiatri" }).click();
  await rune.look("duty-take-over");
  await rune.press("Fortryd");
});

test("Two devices show the same safety number; who has compared them marks it", async () => {
  const number = async (person, whose) => {
    await person.goes("/settings");
    await person.unfold(whose);
    return person.page.locator("details", { hasText: whose }).locator(".safety ol").last().innerText();
  };
  assert.equal(await number(ida, "Rune Eksempel"), await number(rune, "Ida Eksempel"));
  await ida.page.locator("details", { hasText: "Rune Eksempel" }).getByRole("button", { name: "De er ens" }).click();
  await ida.page.locator("summary", { hasText: "Rune Eksempel" }).getByText("Sammenlignet").waitFor();
  await ida.page.locator("details", { hasText: "Rune Eksempel" }).getByRole("button", { name: "Den er tabt" }).click();
  await ida.page.locator(".lost", { hasText: /Spær enheden [0-9a-f]{8}, Rune Eksempel\. Den er tabt\./ }).waitFor();
  await ida.look("devices");
});

test("A lost phone is blocked with one's own PIN; it says by whom, and comes back when the press is taken back", async () => {
  const on = (person, whose) => person.page.locator("details", { hasText: whose });
  const lost = on(ida, "Rune Eksempel").locator(".lost");
  await lost.getByLabel("Din PIN").fill("forkert");
  await lost.getByRole("button", { name: "Spær telefonen" }).click();
  await lost.getByText("Forkert PIN").waitFor();
  await ida.look("lost-phone");
  await lost.getByLabel("Din PIN").fill(stage.pin);
  await lost.getByRole("button", { name: "Spær telefonen" }).click();
  await ida.page.locator("summary", { hasText: "Rune Eksempel" }).getByText(/Spærret af Ida Eksempel kl\./).waitFor();
  await ida.look("lost-phone-blocked");
  // His screens lock, and say it when they are open; nothing is deleted.
  await rune.page.locator("input[type=password]").waitFor();
  await rune.unlock();
  await rune.sees("Denne enhed er spærret af Ida Eksempel kl.");
  await rune.look("blocked");
  // The residence sees it by her signature; it is another organisation's, so from there one rings.
  await amalie.goes("/settings");
  await amalie.unfold("Rune Eksempel");
  await on(amalie, "Rune Eksempel").locator(".lost strong", { hasText: /Spærret af Ida Eksempel/ }).waitFor();
  assert.equal(await on(amalie, "Rune Eksempel").getByRole("button", { name: "Ophæv spærringen" }).count(), 0);
  await amalie.unfold("Ida Eksempel");
  await on(amalie, "Ida Eksempel").getByRole("button", { name: "Den er tabt" }).click();
  assert.equal(await on(amalie, "Ida Eksempel").getByRole("button", { name: "Spær telefonen" }).count(), 0);
  await lost.getByRole("button", { name: "Ophæv spærringen" }).click();
  await ida.page.locator("summary", { hasText: "Rune Eksempel" }).getByText("Spærret af").waitFor({ state: "detached" });
  await rune.page.getByText("Denne enhed er spærret").first().waitFor({ state: "detached" });
  await Promise.all([ida, rune, amalie].map((person) => person.home()));
});

test("Without the hub: said at once, IKKE SENDT with numbers, and sent when it is back", async () => {
  await stage.tell("stop-hub");
  await amalie.sees("Ingen forbindelse.");
  await amalie.goes("/citizens");
  await amalie.page.getByRole("link", { name: /Kaje Test Hansen/ }).click();
  await amalie.sees("Pkt. 3: Går hun mod vejen"); // the plan is at hand without a network
  await asks("Er der nogen, når nettet er væk?", {});
  await amalie.sees("IKKE SENDT – ring i stedet");
  await amalie.page.locator(".reserve.loud a", { hasText: "ring 112" }).waitFor();
  await amalie.page.waitForFunction(() => document.title.startsWith("●")); // rings by the device's own word, hub or no hub
  await amalie.look("worker-not-sent");
  await amalie.page.locator(".reserve.loud a", { hasText: "ring 112" }).evaluate((one) => one.addEventListener("click", (e) => e.preventDefault()));
  await amalie.page.locator(".reserve.loud a", { hasText: "ring 112" }).click();
  await amalie.page.waitForFunction(() => document.title === "Nattevagt");
  const tones = await amalie.page.evaluate(() => globalThis.tones);
  assert.ok(tones > 0, "it rang");
  await stage.tell("start-hub");
  await amalie.page.locator(".steps .reached", { hasText: "Sendt" }).waitFor();
  await amalie.page.waitForTimeout(2_500); // more than a red call's pause
  assert.equal(await amalie.page.evaluate(() => globalThis.tones), tones, "and does not ring on");
  await ida.home();
  await ida.page.locator("a.request", { hasText: "når nettet er væk" }).waitFor();
});

test("6a, the morning: the list is received item by item; the team's digest has the night, and it takes a promise by name", async () => {
  await stage.sleep(4.2 * 3600); // 07.00
  await Promise.all([amalie, ida, rune].map((one) => one.arrives()));
  await amalie.holds("Dagny Dag", "pædagog", "DD");
  await amalie.goes("/handover");
  await amalie.page.getByRole("heading", { name: "Lovet kontakt" }).waitFor();
  await amalie.page.getByRole("heading", { name: "Medicin i nat" }).waitFor();
  await amalie.sees("{@html øje}");
  await amalie.look("handover");
  const items = amalie.page.locator(".right .work");
  const many = await items.count();
  for (let n = 0; n < many; ++n) {
    await items.nth(n).getByRole("button", { name: "Modtag", exact: true }).click();
    await items.nth(n).getByText(/Modtaget af Dagny Dag, pædagog kl\.\s0\d\.\d\d/).waitFor();
  }
  await amalie.sees("Alt er modtaget.");

  stage.links.tove = (await stage.tell("start tove")).link;
  tove = await Person.at(browser, stage, "tove", sizes.narrow);
  await tove.unlock();
  // Away while it was taken and lost again: nobody has it, so it waits for her.
  const lapsed = tove.page.getByRole("region", { name: /^Venter på dig/ }).locator("a.request", { hasText: "Peter råber" });
  await lapsed.click();
  await tove.page.getByRole("button", { name: "Jeg tager den" }).waitFor();
  await tove.goes("/digest");
  await tove.page.locator(".right .digest-advice", { hasText: advice }).waitFor();
  await tove.page.locator(".right a.request", { hasText: "Peter råber" }).first().waitFor();
  await tove.look("digest");
  const promise = tove.page.locator(".right .work", { hasText: "Botilbudsteamet ringer til Kaje" });
  await promise.getByRole("button", { name: "Overtag" }).click();
  await promise.getByText("Tages af Tove Eksempel").waitFor();
  await amalie.page.locator(".work", { hasText: "Botilbudsteamet ringer til Kaje" }).getByText("Modtaget af Tove Eksempel").waitFor();
  await promise.getByRole("button", { name: "Droppes" }).click();
  await promise.getByLabel("Hvorfor droppes den?").fill(bad("droppet"));
  await promise.getByRole("button", { name: "Droppes" }).last().click();
  await promise.waitFor({ state: "detached" });
  for (const one of [amalie, tove]) {
    assert.equal(await one.page.evaluate(() => globalThis.owned), undefined);
    assert.equal(await one.page.locator("#app img, #app script").count(), 0);
  }
});

test("Without the agent: the app still opens and says what to do; no page has thrown", async () => {
  await stage.tell("stop rune");
  await rune.sees("Programmet på pc'en svarer ikke");
  await rune.page.reload();
  await rune.sees("Programmet på pc'en svarer ikke");
  for (const one of [amalie, ida, rune, tove].filter(Boolean)) assert.deepEqual(one.faults, [], one.who);
});
