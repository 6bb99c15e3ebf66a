// The field lists of everything that is durable (archive.h). Order is the format: append, never reorder, and
// raise kRecordFormat or kSnapshotFormat when a list changes.
#pragma once

#include "broker/core/archive.h"
#include "broker/core/record.h"

namespace nattevagt::broker {

template <class A>
void fields(A& a, Fields<A, BodyRef> v) {
  a(v.index, v.part);
}
template <class A>
void fields(A& a, Fields<A, wire::SignedGrant> v) {
  a(v.body, v.signature);
}
template <class A>
void fields(A& a, Fields<A, wire::Certificate> v) {
  a(v.body, v.signature);
}
template <class A>
void fields(A& a, Fields<A, wire::SignedDocument> v) {
  a(v.organisation, v.kind, v.version, v.body, v.signature);
}
template <class A>
void fields(A& a, Fields<A, wire::Target> v) {
  a(v.kind, v.id);
}
template <class A>
void fields(A& a, Fields<A, wire::LadderStep> v) {
  a(v.wait, v.repeat, v.targets);
}
template <class A>
void fields(A& a, Fields<A, wire::Ladder> v) {
  a(v.id, v.steps, v.advice_within);
}
template <class A>
void fields(A& a, Fields<A, GrantAnnounced> v) {
  a(v.grant);
}
template <class A>
void fields(A& a, Fields<A, DeviceEnrolled> v) {
  a(v.certificate);
}
template <class A>
void fields(A& a, Fields<A, KeyPackageAdded> v) {
  a(v.device, v.last_resort, v.mark);
}
template <class A>
void fields(A& a, Fields<A, KeyPackagesTaken::Item> v) {
  a(v.device, v.package);
}
template <class A>
void fields(A& a, Fields<A, KeyPackagesTaken> v) {
  a(v.items);
}
template <class A>
void fields(A& a, Fields<A, DocumentPublished> v) {
  a(v.document);
}
template <class A>
void fields(A& a, Fields<A, NewEntry> v) {
  a(v.author, v.id, v.kind, v.epoch, v.content, v.act);
}
template <class A>
void fields(A& a, Fields<A, EntryAppended> v) {
  a(v.stream, v.create, v.entry, v.added, v.removed);
  if (!v.added.empty()) a(v.welcome_content);
}
template <class A>
void fields(A& a, Fields<A, CursorsAdvanced::Position> v) {
  a(v.device, v.seq);
}
template <class A>
void fields(A& a, Fields<A, CursorsAdvanced::Stream> v) {
  a(v.stream, v.positions);
}
template <class A>
void fields(A& a, Fields<A, CursorsAdvanced> v) {
  a(v.streams);
}
template <class A>
void fields(A& a, Fields<A, AlertFacts> v) {
  a(v.alert, v.stream, v.organisation, v.unit, v.role_asked, v.severity, v.drill, v.ladder, v.roster_version,
    v.raised_by, v.promised_next_at, v.promised_exhausted_at);
  if (a.has_duty()) a(v.rota_version);
}
template <class A>
void fields(A& a, Fields<A, AlertProgress> v) {
  a(v.state, v.step, v.repeat, v.due_at, v.repeat_at, v.exhausted_at, v.taken_by, v.taken_at, v.ended_at,
    v.late, v.was_exhausted, v.reserve_used, v.technical_alarm, v.step_devices, v.declined);
  if (a.has_duty()) a(v.handing_to);
  if (a.has_check_in()) a(v.armed_devices);
}
template <class A>
void fields(A& a, Fields<A, Post> v) {
  a(v.item, v.kind, v.devices);
}
template <class A>
void fields(A& a, Fields<A, AlertChange> v) {
  a(v.progress, v.posts);
}
template <class A>
void fields(A& a, Fields<A, AlertRaised> v) {
  a(v.facts, v.entry, v.members, v.change);
  if (!v.members.empty()) a(v.welcome_content);
}
template <class A>
void fields(A& a, Fields<A, AlertActed> v) {
  a(v.alert, v.entry, v.change);
}
template <class A>
void fields(A& a, Fields<A, AlertStepped> v) {
  a(v.alert, v.change);
}
template <class A>
void fields(A& a, Fields<A, AlertMended> v) {
  a(v.alert, v.change);
}
template <class A>
void fields(A& a, Fields<A, EntriesTrimmed::Item> v) {
  a(v.stream, v.inbox, v.up_to);
}
template <class A>
void fields(A& a, Fields<A, EntriesTrimmed> v) {
  a(v.items);
}
template <class A>
void fields(A& a, Fields<A, WarnedGap> v) {
  a(v.from, v.until, v.nearness);
}
template <class A>
void fields(A& a, Fields<A, GapWarned> v) {
  a(v.organisation, v.role, v.from, v.until, v.nearness, v.item, v.devices);
}
template <class A>
void fields(A& a, Fields<A, CheckInAsked> v) {
  a(v.organisation, v.role, v.person, v.from, v.due_at, v.notice, v.item, v.devices);
}
template <class A>
void fields(A& a, Fields<A, CheckedIn> v) {
  a(v.role, v.person, v.device, v.check_in);
}
template <class A>
void fields(A& a, Fields<A, ShiftEnded> v) {
  a(v.role, v.person);
}
template <class A>
void fields(A& a, Fields<A, DutyDoubted> v) {
  a(v.role, v.trouble, v.since);
}
template <class A>
void fields(A& a, Fields<A, AlertForgotten> v) {
  a(v.alert);
}

}  // namespace nattevagt::broker
