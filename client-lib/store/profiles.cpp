#include "client-lib/store/profiles.h"

#include <algorithm>

#include "client-lib/core/pack.h"
#include "proto/common/limits.h"
#include "proto/wire/content_limits.h"

namespace nattevagt::client {

namespace {

constexpr std::size_t kInitialsMin = 2;
constexpr std::size_t kInitialsMax = 8;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Letters of ASCII and digits: they are typed in the dark, on whatever keyboard.
bool are_initials(std::string_view text) {
  return text.size() >= kInitialsMin && text.size() <= kInitialsMax && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

}  // namespace

Result<Profiles::Held> Profiles::read(const StoreImage::Row& row) {
  Held out;
  NV_TRY(out.view.id, ProfileId::from(row.key));
  Unpacker in(row.value.expose());
  out.view.initials = in.text();
  out.view.name = in.text();
  out.view.profession = in.text();
  out.view.made_at = in.time();
  out.view.used_at = in.time();
  for (std::size_t left = in.count(); left > 0; --left) {
    PinReset reset;
    reset.at = in.time();
    reset.by = in.text();
    out.view.resets.push_back(std::move(reset));
  }
  out.cost.passes = static_cast<std::uint32_t>(in.u64());
  out.cost.memory_kib = static_cast<std::uint32_t>(in.u64());
  out.salt = in.fixed<std::tuple_size_v<PinSalt>>();
  const ByteView derived = in.bytes();
  if (derived.size() != SealKey::kSize) return fail(Errc::kCorrupt, "Profiles::read");
  NV_TRY(out.derived, SealKey::from(derived));
  out.tries.wrong = in.u64();
  out.tries.last = in.time();
  NV_TRYV(in.done());
  return out;
}

Status Profiles::save(const ProfileId& id, const Held& held) {
  Packer out;
  const ProfileView& view = held.view;
  out.text(view.initials).text(view.name).text(view.profession).time(view.made_at).time(view.used_at);
  out.u64(view.resets.size());
  for (const PinReset& reset : view.resets) out.time(reset.at).text(reset.by);
  out.u64(held.cost.passes).u64(held.cost.memory_kib).fixed(held.salt).bytes(held.derived.expose());
  out.u64(held.tries.wrong).time(held.tries.last);
  Outcome outcome;
  outcome.writes.push_back({Table::kProfile, to_bytes(id.view()), out.take()});
  return store_.commit(outcome);
}

Status Profiles::load(const StoreImage& image) {
  held_.clear();
  for (const StoreImage::Row& row : image.rows) {
    if (row.table != Table::kProfile) continue;
    NV_TRY(Held held, read(row));
    const ProfileId id = held.view.id;
    held_.emplace(id, std::move(held));
  }
  return {};
}

std::vector<ProfileView> Profiles::list() const {
  std::vector<ProfileView> out;
  out.reserve(held_.size());
  for (const auto& [id, held] : held_) out.push_back(held.view);
  std::ranges::stable_sort(
      out, [](const ProfileView& a, const ProfileView& b) { return a.used_at > b.used_at; });
  return out;
}

const ProfileView* Profiles::find(const ProfileId& id) const {
  const auto found = held_.find(id);
  return found == held_.end() ? nullptr : &found->second.view;
}

std::optional<ProfileId> Profiles::named(std::string_view initials) const {
  for (const auto& [id, held] : held_) {
    if (lower(held.view.initials) == lower(initials)) return id;
  }
  return std::nullopt;
}

Millis Profiles::wait(const ProfileId& id, UtcTime now) const {
  const auto found = held_.find(id);
  return found == held_.end() ? Millis(0) : pin_wait_after(found->second.tries, now);
}

Result<Profiles::Held> Profiles::with_pin(ProfileView view, std::string_view pin) {
  Held out;
  out.view = std::move(view);
  out.cost = cost_;
  entropy_.fill(out.salt);
  NV_TRY(out.derived, derive_pin(pin, out.cost, out.salt));
  return out;
}

Result<ProfileId> Profiles::add(const ProfileDraft& draft, std::string_view pin, UtcTime now) {
  if (draft.name.size() > limits::kNameBytesMax || draft.profession.size() > limits::kNameBytesMax) {
    return fail(Errc::kTooLarge, "P-170");
  }
  if (!are_initials(draft.initials) || draft.name.empty()) return fail(Errc::kInvalidValue, "P-170");
  if (named(draft.initials)) return fail(Errc::kAlreadyExists, "P-170");
  if (held_.size() >= limits::kProfilesMax) return fail(Errc::kTooLarge, "P-170");
  const auto id = entropy_.make_id<ProfileId>();
  NV_TRY(Held held, with_pin({id, draft.initials, draft.name, draft.profession, now, now, {}}, pin));
  NV_TRYV(save(id, held));
  held_.emplace(id, std::move(held));
  return id;
}

Status Profiles::check(const ProfileId& id, std::string_view pin, UtcTime now) {
  const auto found = held_.find(id);
  if (found == held_.end()) {  // nobody shall hear, by the clock, which initials there are
    static_cast<void>(derive_pin(pin, cost_, PinSalt{}));
    return fail(Errc::kWrongPin, "P-171");
  }
  Held& held = found->second;
  if (pin_wait_after(held.tries, now) > Millis(0)) return fail(Errc::kLocked, "P-171");
  held.tries = {held.tries.wrong + 1, now};
  NV_TRYV(save(id, held));
  const auto derived = derive_pin(pin, held.cost, held.salt);
  if (!derived) {
    return fail(derived.error().code == Errc::kInvalidValue ? Errc::kWrongPin : derived.error().code, "PIN");
  }
  if (!(*derived == held.derived)) return fail(Errc::kWrongPin, "P-171");
  held.tries = {};
  held.view.used_at = now;
  return save(id, held);
}

Status Profiles::change(const ProfileId& id, std::string_view pin, std::string_view next, UtcTime now) {
  NV_TRYV(check(id, pin, now));
  Held& held = held_.at(id);
  NV_TRY(Held changed, with_pin(held.view, next));
  NV_TRYV(save(id, changed));
  held = std::move(changed);
  return {};
}

Status Profiles::reset(const ProfileId& id, std::string_view pin, const std::string& by, UtcTime now) {
  const auto found = held_.find(id);
  if (found == held_.end()) return fail(Errc::kNotFound, "P-172");
  NV_TRY(Held next, with_pin(found->second.view, pin));
  next.view.resets.push_back({now, by});
  if (next.view.resets.size() > kResetsKept) next.view.resets.erase(next.view.resets.begin());
  NV_TRYV(save(id, next));
  found->second = std::move(next);
  return {};
}

Status Profiles::remove(const ProfileId& id) {
  if (!held_.contains(id)) return fail(Errc::kNotFound, "P-172");
  Outcome outcome;
  outcome.writes.push_back({Table::kProfile, to_bytes(id.view()), std::nullopt});
  NV_TRYV(store_.commit(outcome));
  held_.erase(id);
  return {};
}

}  // namespace nattevagt::client
