// The app protocol, version 1 (mobile-bridge/PROTOCOL.md). Nothing here decides anything.
export const version = 1;

export type Severity = "alarm" | "red" | "yellow" | "green";
export type Situation =
  | "suicidal" | "violence" | "psychosis" | "medRefused" | "prn" | "intox"
  | "missing" | "somatic" | "sideEffect" | "readmission" | "relative" | "other";
export type Delivery = "queued" | "stored" | "on_device" | "seen" | "failed";
export type AlertState = "escalating" | "taken" | "advised" | "exhausted" | "withdrawn" | "closed";

export interface Time { ms: number; text: string; date: string }
export interface Person {
  id: string;
  name: string;
  profession: string;
  organisation: string;
  kind: "person" | "unit" | "recorder";
}
export interface Author extends Person { unit?: string }
export interface Holder { name: string; profession: string }
export interface Isbar {
  identification: string;
  situation: string;
  background: string;
  analysis: string;
  recommendation: string;
}
export interface Medicine { drug: string; dose: string; when: string; maximum: string }

export interface Alert {
  id: string;
  state: AlertState;
  unit: string;
  role: string;
  step: number;
  steps: number;
  raised_at: Time | null;
  next_at: Time | null;
  next_places: string[];
  exhausted_at: Time | null;
  taken_by: Person | null;
  taken_at: Time | null;
  taken_by_me: boolean;
  late: boolean;
  reserve_used: boolean;
  technical_alarm: boolean;
  own_unit: boolean;
  may_take: boolean;
  open: boolean;
  ringing: boolean;
  warnings: string[];
}

export interface AdviceRequest {
  conversation: string;
  severity: Severity | null;
  situation: Situation | null;
  citizen: string;
  alone: boolean;
  drill: boolean;
  first_words: string;
  asked_by: Author | null;
  asked_at: Time | null;
  delivery: Delivery | null;
  read_back_open: boolean;
  read_back_to_judge: boolean;
  advice_undone: boolean;
  journalled: boolean;
  readable: boolean;
  last: Time | null;
  alert: Alert | null;
}

export interface Place { name: string; organisation: string; people: string[] }
export interface Rung { wait_ms: number; places: Place[] }
export interface ReserveLine { text: string; number: string }

export interface OpenView {
  event: "view";
  locked: false;
  now: number;
  self: Person | null;
  device: string | null;
  holder: Holder | null;
  holders: Holder[];
  link: "up" | "down" | "untrusted" | "revoked";
  all_sent: boolean;
  reserve: ReserveLine[];
  board: Record<Severity, Rung[]>;
  requests: AdviceRequest[];
  suspicions: { text: string; conversation: string | null }[];
}
export interface LockedView {
  event: "view";
  locked: true;
  now: number;
  opened: boolean;
  pin_wait_ms: number;
  ringing: Severity | null;
}
export type View = OpenView | LockedView;

interface Said {
  id: string;
  at: Time;
  author: Author;
  own: boolean;
  delivery: Delivery | null;
}
export type Message = Said & (
  | { kind: "ask"; severity: Severity; situation: Situation; citizen: { name: string; cpr: string };
      alone: boolean; callback: string; drill: boolean; isbar: Isbar }
  | { kind: "isbar"; isbar: Isbar }
  | { kind: "medicine"; drug: string; dose: string; last_given: string; tried_prn: string; allergies: string;
      vital_signs: string; question: string }
  | { kind: "text"; text: string }
  | { kind: "advice"; text: string; medicine: Medicine | null; done: boolean | null;
      read_back: "not_needed" | "awaited" | "judging" | "wrong" | "correct" }
  | { kind: "read_back"; advice: string; text: string; verdict: boolean | null; may_judge: boolean }
  | { kind: "verdict"; read_back: string; correct: boolean }
  | { kind: "done"; advice: string; done: boolean; reason: string; at_said: Time | null }
  | { kind: "observation"; text: string; at_said: Time | null }
  | { kind: "take" }
  | { kind: "decline"; reason: string }
  | { kind: "reserve"; choice: string }
  | { kind: "withdraw"; reason: string }
  | { kind: "close" }
  | { kind: "journal"; at_said: Time | null }
  | { kind: "other" });

export interface Talk { conversation: string; members: Person[]; messages: Message[] }
export interface Found { conversation: string; at: Time; author: Author; excerpt: string }
export interface DirectoryEntry { kind: "role" | "person" | "unit"; id: string; name: string; organisation: string }

export type Push = View | { event: "changed"; conversations: string[] };
export interface Reply { re: number; ok: boolean; code?: string; [more: string]: unknown }
