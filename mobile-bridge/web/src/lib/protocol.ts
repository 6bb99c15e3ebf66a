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

export interface Day { iso: string; text: string }
export type PlanState = "valid" | "expired" | "missing";
export type PlanKind = "discharge_agreement" | "coordination_plan" | "coordinated_action" | "crisis_plan";
export type Match = "cpr" | "name";
export interface PlanParty { name: string; role: string }
export interface PlanWords {
  plan_kind: PlanKind;
  version: number;
  name: string;
  cpr: string;
  what: string;
  who: string;
  readmission: string;
  advice: string;
  agreed_on: Day;
  valid_until: Day;
  expired: boolean;
  parties: PlanParty[];
}
export interface PlanCard extends PlanWords {
  message: string;
  conversation: string;
  hash: string;
  match: Match;
  author: Author;
  at: Time;
  own: boolean;
  delivery: Delivery | null;
  signatures: { author: Author; at: Time }[];
  may_sign: boolean;
}
// Rounds that an advice asks for (P-118).
export interface Rounds { every_min: number; until: Time; next: Time | null; late: boolean; remind: boolean }
export interface CitizenLook {
  name: string;
  cpr: string;
  plan: PlanState;
  conflict: boolean;
  cards: PlanCard[];
  previous: PlanCard[];
  shown: PlanCard[];   // beside a call: what others showed in it, and this device does not have (P-169)
  may_show: string | null; // beside a call: the conversation whose card nobody has shown in it
  conversations: {
    conversation: string; name: string; cpr: string; match: Match; may_write: boolean; members: Person[];
  }[];
}
export interface CitizenEntry { name: string; cpr: string; conversation: string; plan: PlanState; open_items: number }

export type TaskKind = "promise" | "observe" | "medicine" | "report" | "other";
export interface OpenItem {
  item: string;
  conversation: string;
  kind: "task" | "read_back" | "advice";
  task_kind: TaskKind | null;
  text: string;
  citizen: string;
  author: Author;
  at: Time;
  due: Time | null;
  late: boolean;
  for: string;
  taken_by: Author | null;
  taken_at: Time | null;
  older: boolean;
}
export interface Handover { since: Time; items: OpenItem[]; more: number }
export interface DigestRequest {
  conversation: string;
  unit: string;
  severity: Severity;
  situation: Situation;
  citizen: string;
  drill: boolean;
  asked_at: Time;
  state: AlertState | null;
  taken_by: Person | null;
  reserve_used: boolean;
  read_back_open: boolean;
  advice: { text: string; author: Author; at: Time; done: boolean | null }[];
}
export interface Digest { since: Time; requests: DigestRequest[]; items: OpenItem[]; more: number }

export interface Profile {
  profile: string;
  initials: string;
  name: string;
  profession: string;
  holds: boolean;
  pin_reset_at: Time | null;
}

export interface DutyLine extends Reach {
  unit: string;
  severity: Severity;
  step: number;
  target: string;
  answering: string;
  people: string[];
  planned: boolean;
  gap: boolean;
  until: Time | null;
}
export interface DutyChange {
  change: string;
  kind: "swap" | "take_over";
  role: string;
  from: Time;
  until: Time;
  gives: string;
  takes: string;
  complete: boolean;
  in_force: boolean;
  waits_for_me: boolean;
}
export interface Rota {
  lines: DutyLine[];
  changes: DutyChange[];
  mine: { role: string; role_id: string; from: Time; until: Time; now: boolean }[];
  roles: { role_id: string; role: string }[];
}
export interface DeviceLook {
  device: string;
  name: string;
  profession: string;
  organisation: string;
  kind: "person" | "unit" | "recorder";
  mine: boolean;
  safety: string;
  qr: string;
  qr_rows?: string[];
  verified_at: Time | null;
  may_suspend: boolean;
  on_duty: string[];
  has_taken: boolean;
  suspension: Suspension | null;
}
export interface Suspension { suspension: string; by: string; organisation: string; at: Time; ours: boolean; undo_until: Time | null }
export type Language = "da" | "en";
export interface RingNow { reason: "not_sent" | "nobody_took" | "no_advice"; times: number }
export interface Gap { role: string; from: Time; until: Time; nearness: number; seen: boolean }
export interface Receipt { name: string; kind: Person["kind"]; stage: "on_device" | "seen"; at: Time }

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
  handing_to: string | null;
  asked_to_take: boolean;
  hand_over_to: Person[];
  roster_version: number;
  rota_version: number;
  late: boolean;
  reserve_used: boolean;
  technical_alarm: boolean;
  own_unit: boolean;
  may_take: boolean;
  may_close: boolean;
  open: boolean;
  ringing: boolean;
  warnings: string[];
}

export interface AdviceRequest {
  conversation: string;
  severity: Severity | null;
  situation: Situation | null;
  citizen: string;
  cpr: string;
  plan: PlanState | null;
  rounds: Rounds | null;
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
  alert_id: string | null;
  ring_now: RingNow | null;
  alert: Alert | null;
}

// Whether somebody on duty can really be reached (section 10).
export interface Reach {
  reachable: "yes" | "no" | "unknown";
  reason: "not_checked_in" | "silent" | null;
  since: Time | null;
  checked_in: boolean;
}
export interface CheckIn {
  role: string;
  role_id: string;
  from: Time;
  due_at: Time;
  late: boolean;
  can_open: boolean;
  state: "asked" | "sent" | "done";
}
export interface Place extends Reach { name: string; organisation: string; people: string[] }
export interface Rung { wait_ms: number; places: Place[] }
export interface ReserveLine { text: string; number: string }

export interface OpenView {
  event: "view";
  locked: false;
  now: number;
  self: Person | null;
  device: string | null;
  holder: Holder | null;
  link: "up" | "down" | "untrusted" | "revoked" | "suspended";
  suspended: Suspension | null;
  all_sent: boolean;
  reserve: ReserveLine[];
  board: Record<Severity, Rung[]>;
  check_ins: CheckIn[];
  requests: AdviceRequest[];
  citizens: CitizenEntry[];
  open_items: number;
  untaken_items: number;
  language: Language;
  gaps: Gap[];
  update_needed: boolean;
  suspicions: { text: string; conversation: string | null }[];
}
export interface LockedView {
  event: "view";
  locked: true;
  now: number;
  opened: boolean;
  pin_wait_ms: number;
  ringing: Severity | null;
  round_due: boolean;
  language: Language;
}
export type View = OpenView | LockedView;

interface Said {
  id: string;
  at: Time;
  author: Author;
  own: boolean;
  delivery: Delivery | null;
  receipts: Receipt[];
}
export type Message = Said & (
  | { kind: "ask"; severity: Severity; situation: Situation; citizen: { name: string; cpr: string };
      alone: boolean; callback: string; drill: boolean; isbar: Isbar }
  | { kind: "isbar"; isbar: Isbar }
  | { kind: "medicine"; drug: string; dose: string; last_given: string; tried_prn: string; allergies: string;
      vital_signs: string; question: string }
  | { kind: "text"; text: string }
  | { kind: "advice"; text: string; medicine: Medicine | null; done: boolean | null;
      rounds: { every_min: number; until: Time } | null;
      read_back: "not_needed" | "awaited" | "judging" | "wrong" | "correct" }
  | { kind: "read_back"; advice: string; text: string; verdict: boolean | null; may_judge: boolean }
  | { kind: "verdict"; read_back: string; correct: boolean }
  | { kind: "done"; advice: string; done: boolean; reason: string; at_said: Time | null }
  | { kind: "observation"; text: string; at_said: Time | null }
  | { kind: "take" }
  | { kind: "hand_over"; to: string }
  | { kind: "decline"; reason: string }
  | { kind: "reserve"; choice: string }
  | { kind: "withdraw"; reason: string }
  | { kind: "close" }
  | { kind: "journal"; at_said: Time | null }
  | { kind: "opening"; name: string; cpr: string }
  | ({ kind: "plan" } & PlanWords)
  | { kind: "plan_signed"; card: string; counts: boolean }
  | { kind: "task"; task_kind: TaskKind; text: string; due: Time | null; for: string; open: boolean;
      taken_by: Author | null; taken_at: Time | null }
  | { kind: "task_taken"; item: string }
  | { kind: "task_done"; item: string; done: boolean; reason: string }
  | { kind: "other" });

export interface Talk { conversation: string; members: Person[]; messages: Message[] }
export interface Found { conversation: string; at: Time; author: Author; excerpt: string }
export interface DirectoryEntry { kind: "role" | "person" | "unit"; id: string; name: string; organisation: string }

export type Push =
  | View
  | { event: "changed"; conversations: string[] }
  | { event: "suspension"; device: string; lift: boolean; code: string | null }
  | { event: "duty"; change: string; code: string | null }
  | { event: "check_in"; role_id: string; code: string | null };
export interface Reply { re: number; ok: boolean; code?: string; [more: string]: unknown }
