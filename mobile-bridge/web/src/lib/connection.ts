// The one way from the screens to the library. Today it is nattevagt-agent on loopback; a library inside the
// browser, or a phone's shell, is another implementation of the same five lines.
import type { Push, Reply } from "./protocol";
import { version } from "./protocol";

export type LinkState = "connecting" | "open" | "lost" | "refused";

export interface Connection {
  start(on: { state: (state: LinkState) => void; push: (push: Push) => void }): void;
  // Answered, or rejected when the link is lost first: then nobody knows whether it was done.
  request(what: Record<string, unknown>): Promise<Reply>;
}

const retryFirstMs = 300;
const retryMaxMs = 4000;
const sessionKey = "session";

export class AgentConnection implements Connection {
  #socket: WebSocket | null = null;
  #waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (why: Error) => void }>();
  #next = 1;
  #retryMs = retryFirstMs;
  #token: string | null;
  #on: Parameters<Connection["start"]>[0] | null = null;

  // The token comes in the address' fragment, once; it is taken out before anything else can see it.
  constructor() {
    const given = /^#t=([\w-]{43})$/.exec(location.hash);
    this.#token = given?.[1] ?? null;
    if (given) history.replaceState(null, "", location.pathname);
  }

  start(on: Parameters<Connection["start"]>[0]): void {
    this.#on = on;
    this.#open();
  }

  request(what: Record<string, unknown>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) return reject(new Error("lost"));
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, ...what }));
    });
  }

  #open(): void {
    const session = sessionStorage.getItem(sessionKey);
    if (!this.#token && !session) return this.#on?.state("refused");
    this.#on?.state("connecting");
    const socket = new WebSocket(`ws://${location.host}/app`, "nattevagt.1");
    this.#socket = socket;
    let admitted = false;
    socket.onopen = () => {
      const proof = this.#token ? { token: this.#token } : { session };
      this.request({ do: "hello", v: version, ...proof }).then((reply) => {
        if (!reply.ok) {
          sessionStorage.removeItem(sessionKey);
          this.#token = null;
          return this.#on?.state("refused");
        }
        admitted = true;
        this.#token = null;
        if (typeof reply.session === "string") sessionStorage.setItem(sessionKey, reply.session);
        this.#retryMs = retryFirstMs;
        this.#on?.state("open");
      }, () => undefined);
    };
    socket.onmessage = (event) => {
      const message = JSON.parse(String(event.data)) as Reply | Push;
      if ("event" in message) return this.#on?.push(message as Push);
      const reply = message as Reply;
      this.#waiting.get(reply.re)?.resolve(reply);
      this.#waiting.delete(reply.re);
    };
    socket.onclose = () => {
      for (const one of this.#waiting.values()) one.reject(new Error("lost"));
      this.#waiting.clear();
      if (!admitted && !this.#token && !sessionStorage.getItem(sessionKey)) return;
      this.#on?.state("lost");
      setTimeout(() => this.#open(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, retryMaxMs);
    };
  }
}
