// What the screens look at, and how they ask. Holds what the agent has told, and nothing else: no decision is
// made here, and nothing of it outlives the page or a lock.
import type { Connection, LinkState } from "./connection";
import { forgetDrafts } from "./drafts.svelte";
import type { Handover, OpenItem, OpenView, Push, Reply, Talk, Time, View } from "./protocol";
import { currentLanguage, errorText, setLanguage } from "./texts.svelte";

const awakeEveryMs = 10_000;
// Where more can be said than the code alone says.
const special: Record<string, string> = {
  "ask not_found": "no_ladder",
  "ask invalid_value": "cpr",
  "citizen_start already_exists": "citizen_exists",
  "citizen_start invalid_value": "cpr",
  "close wrong_state": "read_back_open",
  "advise wrong_state": "take_first",
};

class App {
  link = $state<LinkState>("connecting");
  view = $state.raw<View | null>(null);
  talks = $state.raw<Record<string, Talk>>({});
  route = $state("/");
  trouble = $state("");   // what went wrong with the last thing asked for
  work = $state.raw<OpenItem[]>([]);     // what is not finished, in the library's order
  workSince = $state.raw<Time | null>(null);
  workMore = $state(0);
  workLoaded = $state(false);
  dutyWaits = $state("");                // a change of duty that the hub has not answered
  suspending = $state("");               // a phone whose blocking the hub has not answered
  dutySaid = $state.raw<{ change: string; code: string | null } | null>(null);
  ticks = $state(0);      // once a second, for what counts down
  alone = $state(sessionStorage.getItem("alone") === "yes");
  callback = $state("");  // the number of the last call's; hers, so gone with her

  #connection: Connection | null = null;
  #viewAtMs = 0;
  #awakeAtMs = 0;
  #holder = "";

  start(connection: Connection): void {
    this.#connection = connection; // has taken the token out of the address
    this.route = location.hash.slice(1) || "/";
    connection.start({ state: (state) => (this.link = state), push: (push) => this.#on(push) });
    addEventListener("hashchange", () => this.#arrive());
    setInterval(() => (this.ticks += 1), 1000);
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => this.#stayAwake(), { passive: true });
  }

  get open(): OpenView | null {
    return this.view && !this.view.locked ? this.view : null;
  }
  // The library's clock, carried on by the monotonic one: a wall clock that jumps moves no countdown.
  get nowMs(): number {
    void this.ticks;
    return (this.view?.now ?? 0) + (performance.now() - this.#viewAtMs);
  }

  go(route: string): void {
    location.hash = route;
  }

  // Does one thing; true when it was taken. What went wrong is told on the screen.
  async ask(what: Record<string, unknown>): Promise<Reply | null> {
    this.trouble = "";
    try {
      const reply = await this.#connection!.request(what);
      if (reply.ok) return reply;
      this.trouble = errorText(special[`${String(what.do)} ${reply.code}`] ?? reply.code);
    } catch {
      this.trouble = errorText("lost");
    }
    return null;
  }
  // For a caller that tells by itself.
  async quietly(what: Record<string, unknown>): Promise<Reply | null> {
    return this.#connection!.request(what).catch(() => null);
  }

  async loadTalk(conversation: string): Promise<void> {
    const reply = await this.quietly({ do: "talk", conversation });
    if (reply?.ok) this.talks = { ...this.talks, [conversation]: reply as unknown as Talk };
  }

  async loadWork(): Promise<void> {
    const reply = await this.quietly({ do: "handover" });
    if (!reply?.ok) return;
    const list = reply as unknown as Handover;
    [this.work, this.workSince, this.workMore, this.workLoaded] = [list.items, list.since, list.more, true];
  }

  setAlone(alone: boolean): void {
    this.alone = alone;
    sessionStorage.setItem("alone", alone ? "yes" : "no");
  }

  #arrive(): void {
    this.route = location.hash.slice(1) || "/";
    this.trouble = "";
    scrollTo(0, 0);
  }
  #on(push: Push): void {
    if (push.event === "changed") {
      for (const id of push.conversations) if (id in this.talks) void this.loadTalk(id);
      return;
    }
    if (push.event === "duty") {
      if (this.dutyWaits === push.change) this.dutyWaits = "";
      this.dutySaid = { change: push.change, code: push.code };
      return;
    }
    if (push.event === "suspension") {
      this.suspending = "";
      if (push.code && push.code !== "duplicate") this.trouble = errorText(`suspend_${push.code}`, push.code);
      return;
    }
    if (push.event === "check_in") {
      if (push.code) this.trouble = errorText(`check_in_${push.code}`, push.code);
      return;
    }
    this.#viewAtMs = performance.now();
    if (push.locked) {
      this.talks = {};
      this.work = [];
      this.workLoaded = false;
      this.trouble = "";
    }
    else {
      if (push.self) localStorage.setItem("kind", push.self.kind);
      if (push.holder) this.#heldBy(`${push.holder.name}\n${push.holder.profession}`);
    }
    // Kept on the device; a page of another port knows it from here.
    if (push.language && push.language !== currentLanguage()) setLanguage(push.language);
    this.view = push;
  }
  // What one person has half written, or said of herself, is not the next one's: however the phone changed hands.
  #heldBy(holder: string): void {
    if (this.#holder && this.#holder !== holder) {
      forgetDrafts();
      this.setAlone(false);
      this.callback = "";
    }
    this.#holder = holder;
  }
  #stayAwake(): void {
    if (!this.open || performance.now() - this.#awakeAtMs < awakeEveryMs) return;
    this.#awakeAtMs = performance.now();
    void this.quietly({ do: "awake" });
  }
}

export const app = new App();
