// The stage of tests/demo with its screens, and people in front of them: real hub, real agents, real Chromium.
import { spawn, execFile } from "node:child_process";
import { createRequire } from "node:module";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";

const tools = createRequire(process.env.NATTEVAGT_WEB_TOOLS + "/here.js");
const { chromium } = tools("playwright-core");
const axeSource = tools("axe-core").source;

export const bin = process.env.NATTEVAGT_BIN;
export const pictures = process.env.NATTEVAGT_SCREENSHOTS;
export const hangMs = 60_000; // for hangs only

// As tests/support/report.h does it: a figure for people, never a verdict.
export function report(about, line) {
  console.log("# " + line);
  if (process.env.NATTEVAGT_REPORTS) writeFileSync(join(process.env.NATTEVAGT_REPORTS, about + ".txt"), line + "\n");
}

export class Stage {
  #answers = [];
  #child;
  #folder;
  #shiftSeconds = 0;

  // `begin`: the instant at which the programs' wall clock starts. Pages need none: they have the library's.
  static async open(begin) {
    const stage = new Stage();
    stage.#folder = mkdtempSync(join(tmpdir(), "nattevagt-clock-"));
    stage.#shiftSeconds = Math.round((Date.parse(begin) - Date.now()) / 1000);
    stage.#writeClock();
    stage.#child = spawn(bin + "/nattevagt-demo", [bin, "--screens"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, LD_PRELOAD: bin + "/libnattevagt_shifted_clock.so", NATTEVAGT_CLOCK_FILE: stage.#clockFile() },
    });
    const heard = [];
    createInterface({ input: stage.#child.stdout }).on("line", (line) => {
      heard.push(line);
      if (!line.startsWith("{")) return;
      stage.#answers.shift()?.resolve(JSON.parse(line));
    });
    stage.#child.on("exit", () => {
      for (const one of stage.#answers) one.reject(new Error("the stage has ended:\n" + heard.slice(-8).join("\n")));
    });
    Object.assign(stage, await stage.#next());
    return stage;
  }
  #clockFile() {
    return join(this.#folder, "shift");
  }
  #writeClock() {
    writeFileSync(this.#clockFile(), String(this.#shiftSeconds));
  }
  // Everybody off, so much later on again; a new link for each screen.
  async sleep(seconds) {
    this.#shiftSeconds += seconds;
    this.#writeClock();
    Object.assign(this.links, (await this.tell("restart")).links);
  }
  #next() {
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  }
  async tell(line) {
    const answer = this.#next();
    this.#child.stdin.write(line + "\n");
    const said = await answer;
    assert.ok(said.ok, line);
    return said;
  }
  // A part that has no screen: nattevagt WORDS --home HOME.
  cli(who, words) {
    return new Promise((resolve, reject) => {
      execFile(bin + "/nattevagt", [words[0], "--home", this.homes[who], ...words.slice(1)],
        { env: { ...process.env, NATTEVAGT_PIN: this.pin, LD_PRELOAD: bin + "/libnattevagt_shifted_clock.so",
                 NATTEVAGT_CLOCK_FILE: this.#clockFile() } },
        (failed, out, err) => (failed ? reject(new Error(words.join(" ") + ": " + out + err)) : resolve(out)));
    });
  }
  async close() {
    this.#child.stdin.end();
    await new Promise((resolve) => (this.#child.exitCode === null ? this.#child.on("exit", resolve) : resolve()));
    rmSync(this.#folder, { recursive: true });
  }
}

export function openBrowser() {
  mkdirSync(pictures, { recursive: true });
  const asRoot = process.getuid() === 0; // Chromium's own sandbox refuses root; the tests' machine has nobody else
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--lang=da-DK", ...(asRoot ? ["--no-sandbox"] : [])],
    env: { ...process.env, LANGUAGE: "da" } });
}

export const ownPin = "1937"; // of each person, beside the device's

export const sizes = { narrow: { width: 360, height: 740 }, wide: { width: 1280, height: 860 } };

// One person at one device: a browser of her own.
export class Person {
  static async at(browser, stage, who, size) {
    const person = new Person();
    person.who = who;
    person.stage = stage;
    person.size = size;
    person.context = await browser.newContext({ viewport: size, locale: "da-DK", reducedMotion: "reduce" });
    await person.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    person.page = await person.context.newPage();
    person.page.setDefaultTimeout(hangMs);
    await person.page.addInitScript(() => { // the tones that a page has begun
      const make = AudioContext.prototype.createOscillator;
      globalThis.tones = 0;
      AudioContext.prototype.createOscillator = function () {
        globalThis.tones += 1;
        return make.call(this);
      };
    });
    person.faults = [];
    person.page.on("pageerror", (error) => person.faults.push(String(error)));
    person.page.on("console", (line) => {
      // A WebSocket to a stopped agent is the browser's to complain of; everything else is ours.
      if (line.type() === "error" && !/WebSocket connection|Failed to load resource|ERR_CONNECTION/.test(line.text())) {
        person.faults.push(line.text());
      }
    });
    await person.page.goto(stage.links[who]);
    return person;
  }
  // To the newest link of her device: its lock.
  async reaches() {
    await this.page.goto("about:blank"); // another fragment alone would be no new page
    await this.page.goto(this.stage.links[this.who]);
  }
  // And in.
  async arrives() {
    await this.reaches();
    await this.unlock();
    await this.page.locator("main:not(:has(input[type=password]))").waitFor();
  }
  async unlock(pin = this.stage.pin) {
    await this.page.getByLabel("PIN").fill(pin);
    await this.page.getByRole("button", { name: "Lås op" }).click();
  }
  // A new person on a unit's phone: her name, and a PIN of her own.
  async holds(name, profession, initials) {
    await this.page.getByRole("button", { name: "Jeg er ikke på listen" }).or(this.page.getByLabel("Navn")).first().waitFor();
    if (!(await this.page.getByLabel("Navn").isVisible())) await this.press("Jeg er ikke på listen");
    await this.fill("Navn", name);
    await this.fill("Stilling", profession);
    if (await this.page.getByLabel("Initialer").isVisible()) {
      await this.fill("Initialer", initials);
      await this.fill("Vælg en PIN", ownPin);
    }
    await this.press("Begynd");
    await this.page.locator(".bar-who").waitFor();
  }
  // Two taps from "Skift" to another person, and that one's PIN.
  async isHeldBy(name) {
    await this.page.getByRole("button", { name }).click();
    await this.page.locator(".bar-who").or(this.page.getByLabel("Din egen PIN")).first().waitFor();
    if (await this.page.getByLabel("Din egen PIN").isVisible()) {
      await this.fill("Din egen PIN", ownPin);
      await this.press("Begynd");
    }
    await this.page.locator(".bar-who", { hasText: name }).waitFor();
  }
  sees(text) {
    return this.page.getByText(text, { exact: false }).filter({ visible: true }).first().waitFor();
  }
  async press(name) {
    await this.page.getByRole("button", { name, exact: true }).filter({ visible: true }).first().click();
  }
  async goes(route) {
    await this.page.evaluate((one) => (location.hash = "#" + one), route);
  }
  home() {
    return this.goes("/");
  }
  async fill(label, text) {
    await this.page.getByLabel(label, { exact: true }).filter({ visible: true }).first().fill(text);
  }
  async unfold(name) {
    const details = this.page.locator("details", { has: this.page.locator("summary", { hasText: name }) }).filter({ visible: true }).first();
    if (!(await details.evaluate((one) => one.open))) await details.locator("summary").click();
  }
  // The request's page, by its words in a list.
  async opens(words) {
    await this.page.locator("a.request", { hasText: words }).filter({ visible: true }).first().click();
    await this.page.locator("article.incident").waitFor();
  }
  text() {
    return this.page.evaluate(() => document.body.innerText);
  }

  // Pictures at both widths in both modes. Axe (no violation of WCAG 2.2 A or AA) in both modes and at both widths: by
  // night on a telephone, by day on a wide screen; a mode changes colours alone, a width the layout alone.
  async look(name) {
    const found = [];
    for (const theme of ["night", "day"]) {
      await this.page.evaluate((one) => (document.documentElement.dataset.theme = one), theme);
      for (const [width, size] of Object.entries(sizes)) {
        await this.page.setViewportSize(size);
        await this.page.evaluate(() => scrollTo(0, 0));
        await this.#picture(`${pictures}/${name}-${size.width}-${theme}.png`);
        const wider = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wider > 0) found.push(`${width}: ${wider} px wider than the screen`);
        if ((theme === "night") !== (width === "narrow")) continue;
        if (!(await this.page.evaluate(() => "axe" in globalThis))) await this.page.evaluate(axeSource + "; 0");
        const violations = await this.page.evaluate(async () => {
          const result = await globalThis.axe.run(document, {
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
            resultTypes: ["violations"],
          });
          return result.violations.map((one) => `${one.id}: ${one.nodes.map((n) => n.target + " " + (n.any[0]?.message ?? "")).join("; ")}`);
        });
        found.push(...violations.map((one) => `${theme} ${width}: ${one}`));
      }
    }
    await this.page.evaluate(() => (document.documentElement.dataset.theme = "night"));
    await this.page.setViewportSize(this.size);
    assert.deepEqual(found, [], name);
  }
  // The whole page, packed fast rather than small: 140 pictures are a good part of the test's time.
  async #picture(path) {
    this.devtools ??= await this.context.newCDPSession(this.page);
    const [width, height] = await this.page.evaluate(() => [innerWidth, document.documentElement.scrollHeight]);
    const { data } = await this.devtools.send("Page.captureScreenshot",
      { optimizeForSpeed: true, captureBeyondViewport: true, clip: { x: 0, y: 0, width, height, scale: 1 } });
    writeFileSync(path, Buffer.from(data, "base64"));
  }
}
