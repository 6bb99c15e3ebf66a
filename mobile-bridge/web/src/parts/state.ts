// What a request is called in a list: the agent's words for its state, as one line.
import type { AdviceRequest, Alert } from "../lib/protocol";
import { personText, t, timeText } from "../lib/texts.svelte";

export type Kind = "good" | "bad" | "warn" | "quiet";
export interface StateText { text: string; kind: Kind }

// Waits for the one who looks: asked to take it, or nobody has it. Who had it before the ladder went on has it no more,
// also where a device that was away still knows her name.
export function toTake(alert: Alert): boolean {
  return alert.asked_to_take || (alert.may_take && !alert.taken_by_me);
}

// Advice is to be in the journal; what was withdrawn had none.
export function toJournal(request: AdviceRequest): boolean {
  const alert = request.alert;
  return alert !== null && alert.taken_by_me && !request.journalled && (alert.state === "advised" || alert.state === "closed");
}

export function lateText(request: AdviceRequest): string {
  const alert = request.alert;
  if (!alert?.late || !alert.taken_by) return "";
  return t(alert.reserve_used ? "request.late.reserve" : "request.late.exhausted",
    { navn: alert.taken_by.name, tid: timeText(alert.taken_at) });
}

export function stateText(request: AdviceRequest): StateText {
  const alert = request.alert;
  if (request.ring_now) return { text: t(`request.ring.${request.ring_now.reason}`), kind: "bad" };
  if (!alert) {
    return request.delivery === "failed" ? { text: t("talk.notDelivered"), kind: "bad" } : { text: t("state.queued"), kind: "warn" };
  }
  switch (alert.state) {
    case "escalating": return { text: t("request.nobodyYet"), kind: "warn" };
    case "exhausted": return { text: t("request.state.exhausted"), kind: "bad" };
    case "taken":
      if (alert.asked_to_take && alert.taken_by) return { text: t("request.asked", { navn: personText(alert.taken_by) }), kind: "warn" };
      if (alert.handing_to && alert.taken_by) return { text: t("request.handing", { navn: alert.handing_to }), kind: "warn" };
      return alert.taken_by ? { text: t("state.taken", { navn: personText(alert.taken_by) }), kind: "good" }
                            : { text: t("request.claimed"), kind: "warn" };
    case "advised": return { text: t("state.advised"), kind: "good" };
    case "withdrawn": return { text: t("state.withdrawn"), kind: "quiet" };
    case "closed": return toJournal(request) ? { text: t("request.next.journal"), kind: "warn" } : { text: t("state.closed"), kind: "quiet" };
  }
}

// What the one who looks has to do now; empty when it is somebody else's turn.
export function nextText(request: AdviceRequest): string {
  const alert = request.alert;
  if (!alert?.open) return toJournal(request) ? t("request.next.journal") : "";
  if (alert.asked_to_take) return t("request.next.asked", { navn: alert.taken_by?.name ?? "" });
  if (toTake(alert)) return t(alert.ringing ? "request.next.take" : "request.next.mayTake");
  if (request.read_back_to_judge) return t("request.next.judge");
  if (alert.taken_by_me && alert.state === "taken") return t("request.next.advise");
  if (alert.own_unit && request.read_back_open) return t("request.next.readBack");
  if (alert.own_unit && request.advice_undone) return t("request.next.do");
  if (toJournal(request)) return t("request.next.journal");
  return "";
}
