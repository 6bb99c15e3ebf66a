// Every text of the screens: texts/da.json, and texts/en.json over it where it has one.
import da from "../texts/da.json";
import en from "../texts/en.json";
import type { Day, Time } from "./protocol";

type Texts = Record<string, Record<string, unknown>>;
export type Language = "da" | "en";

let language = $state<Language>(localStorage.getItem("language") === "en" ? "en" : "da");

export function currentLanguage(): Language {
  return language;
}
export function setLanguage(next: Language): void {
  language = next;
  localStorage.setItem("language", next);
  document.documentElement.lang = next;
}

function look(path: string): unknown {
  const [section = "", ...rest] = path.split(".");
  const key = rest.join(".");
  const from = (texts: Texts) => texts[section]?.[key];
  return (language === "en" ? from(en as Texts) : undefined) ?? from(da as Texts);
}

// t("night.wait.next", { rolle, mmss })
export function t(path: string, values: Record<string, string | number> = {}): string {
  const text = look(path);
  if (typeof text !== "string") return path;
  const filled = text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
  return language === "en" ? filled.replace(/\b(until|since|by|at) at\u00a0/gi, "$1\u00a0") : filled; // "kl." goes with all of them
}
export function list(path: string): string[] {
  const found = look(path);
  return Array.isArray(found) ? (found as string[]) : [];
}
export function severityText(severity: string): { label: string; hint: string } {
  const key = severity.toUpperCase();
  return (look(`severity.${key}`) as { label: string; hint: string } | undefined) ?? { label: severity, hint: "" };
}
// In the words of the one act that failed, where it has its own.
export function errorText(code: unknown, otherwise?: unknown): string {
  const text = t(`errors.${String(code)}`);
  if (!text.startsWith("errors.")) return text;
  return otherwise === undefined ? t("errors.unknown") : errorText(otherwise);
}

// The library's own words are Danish ("kl. 02.40 (sommertid)"); here they become English ones. The hour is not broken
// from its "kl." over two lines.
export function timeText(time: Time | null | undefined): string {
  if (!time) return "";
  if (language === "da") return time.text.replace("kl. ", "kl.\u00a0");
  return time.text.replace("kl. ", "at\u00a0").replace("(sommertid)", "(summer time)").replace("(normaltid)", "(standard time)");
}
export function dayText(time: Time): string {
  if (language === "da") return time.date;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "Europe/Copenhagen" }).format(time.ms);
}
export function dayName(day: Day): string {
  if (language === "da") return day.text;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(new Date(day.iso));
}
// "2026-10-12", "04:00", "2026-10-25T07:30": what a field of days and times holds, in words.
export function chosenText(value: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)?T?(?:(\d\d):(\d\d))?$/.exec(value);
  const at = parts?.[1] ? Date.parse(`${parts[1]}T12:00:00Z`) : null;
  if (!parts || Number.isNaN(at)) return "";
  const date = at === null ? ""
    : new Intl.DateTimeFormat(language === "da" ? "da-DK" : "en-GB", { dateStyle: "full", timeZone: "UTC" }).format(at);
  const time = parts[2] ? `${language === "da" ? "kl." : "at"}\u00a0${parts[2]}.${parts[3]}` : "";
  return [date, time].filter(Boolean).join(" ");
}
function clockParts(ms: number): [number, number, number] {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
}
// A stretch of time in words: 05.00 would read as a time of the clock, and 4.12.19 as a date.
export function stretch(ms: number): string {
  const [h, m, s] = clockParts(ms);
  if (h > 0) return t("app.hours", { t: h, min: m });
  return [m > 0 ? `${m} min` : "", s > 0 || m === 0 ? `${s} s` : ""].filter(Boolean).join(" ");
}
// What counts down in front of one to the ladder's next step: "om 04.58".
export function countdown(ms: number): string {
  const [h, m, s] = clockParts(ms);
  return h > 0 ? stretch(ms) : [m, s].map((one) => String(one).padStart(2, "0")).join(".");
}
// As it is printed on the card, however it was written.
export function cprText(cpr: string): string {
  return /^\d{6}[0-9A-Za-z]{4}$/.test(cpr) ? `${cpr.slice(0, 6)}-${cpr.slice(6)}` : cpr;
}
export function personText(person: { name: string; profession: string }): string {
  return person.profession ? `${person.name}, ${person.profession}` : person.name;
}
