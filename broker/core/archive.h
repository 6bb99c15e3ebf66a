// One field list serves the record's codec, the snapshot and the state digest: Writer and Reader walk the
// same fields(archive, value) function, so what is written is what is read.
//
// Format: little, versioned by its container, never self-describing. Integers are LEB128, times eight bytes
// big endian (kNever included), ids and digests bare, bytes and lists behind their count.
//
// Reader is safe on any input: a count is checked against the bytes that are left before anything is
// allocated, an enum against its range, and the first failure turns every later read into a no-op. The caller
// asks finished() once at the end.
#pragma once

#include <array>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "proto/common/bytes.h"
#include "proto/common/clock.h"
#include "proto/common/crypto.h"
#include "proto/common/ids.h"
#include "proto/wire/hub.h"
#include "proto/wire/identity.h"

namespace nattevagt::broker {

// The highest value of an enum that may stand in stored bytes.
template <class Enum>
struct EnumRange;
template <>
struct EnumRange<wire::EntryKind> {
  static constexpr wire::EntryKind kFirst = wire::EntryKind::kApplication, kLast = wire::EntryKind::kCheckIn;
};
template <>
struct EnumRange<wire::AlertState> {
  static constexpr wire::AlertState kFirst = wire::AlertState::kEscalating, kLast = wire::AlertState::kClosed;
};
template <>
struct EnumRange<wire::NoticeKind> {
  static constexpr wire::NoticeKind kFirst = wire::NoticeKind::kNone, kLast = wire::NoticeKind::kLoud;
};
template <>
struct EnumRange<wire::Severity> {
  static constexpr wire::Severity kFirst = wire::Severity::kAlarm, kLast = wire::Severity::kGreen;
};
template <>
struct EnumRange<wire::DocumentKind> {
  static constexpr wire::DocumentKind kFirst = wire::DocumentKind::kRoster,
                                      kLast = wire::kLastDocumentKind;
};
template <>
struct EnumRange<wire::DutyTrouble> {
  static constexpr wire::DutyTrouble kFirst = wire::DutyTrouble::kNone, kLast = wire::DutyTrouble::kSilent;
};
template <>
struct EnumRange<wire::TargetKind> {
  static constexpr wire::TargetKind kFirst = wire::TargetKind::kRole, kLast = wire::TargetKind::kUnit;
};

// The parameter type of a field list: const while writing.
template <class Archive, class Value>
using Fields = std::conditional_t<Archive::kReading, Value&, const Value&>;

class Writer {
 public:
  static constexpr bool kReading = false;
  Writer() { out_.reserve(256); }  // most facts; a vector that grows from nothing asks seven times

  template <class... Values>
  void operator()(const Values&... values) {
    (put(values), ...);
  }
  const Bytes& bytes() const noexcept { return out_; }
  static constexpr bool has_duty() noexcept { return true; }
  static constexpr bool has_check_in() noexcept { return true; }
  Bytes take() noexcept { return std::move(out_); }

 private:
  void put_varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void put(bool value) { out_.push_back(value ? 1 : 0); }
  template <class Value>
  void put(const Value& value) {
    if constexpr (std::is_enum_v<Value>) {
      out_.push_back(static_cast<std::uint8_t>(value));
    } else if constexpr (std::is_unsigned_v<Value>) {
      put_varint(value);
    } else {
      fields(*this, value);
    }
  }
  void put(const UtcTime& time) { put_be64(static_cast<std::uint64_t>(to_unix_ms(time))); }
  void put(const Millis& span) { put_be64(static_cast<std::uint64_t>(span.count())); }
  void put_be64(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  template <std::size_t N>
  void put(const std::array<std::uint8_t, N>& value) {
    append(out_, value);
  }
  template <class Kind>
  void put(const Id<Kind>& id) {
    append(out_, id.bytes);
  }
  void put(const CurvePublicKey& key) { append(out_, key.bytes); }
  void put(const Bytes& value) {
    put_varint(value.size());
    append(out_, value);
  }
  template <class Value>
  void put(const std::optional<Value>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class Value>
  void put(const std::vector<Value>& values) {
    put_all(values);
  }
  template <class Value>
  void put(const std::deque<Value>& values) {
    put_all(values);
  }
  template <class Value>
  void put(const std::set<Value>& values) {
    put_all(values);
  }
  template <class Key, class Value>
  void put(const std::map<Key, Value>& values) {
    put_varint(values.size());
    for (const auto& [key, value] : values) (*this)(key, value);
  }
  template <class List>
  void put_all(const List& values) {
    put_varint(values.size());
    for (const auto& value : values) put(value);
  }

  Bytes out_;
};

class Reader {
 public:
  static constexpr bool kReading = true;
  explicit Reader(ByteView in) noexcept : in_(in) {}

  template <class... Values>
  void operator()(Values&... values) {
    (get(values), ...);
  }
  bool ok() const noexcept { return !failed_; }
  bool finished() const noexcept { return !failed_ && in_.empty(); }
  void fail() noexcept { failed_ = true; }
  // Bytes of a format from before alerts kept their rota's version and who is asked to have them.
  void set_without_duty() noexcept { has_duty_ = false; }
  bool has_duty() const noexcept { return has_duty_; }
  // And from before a step could be armed (P-185).
  void set_without_check_in() noexcept { has_check_in_ = false; }
  bool has_check_in() const noexcept { return has_check_in_; }

 private:
  ByteView take(std::size_t size) noexcept {
    if (failed_ || in_.size() < size) {
      failed_ = true;
      return {};
    }
    const ByteView out = in_.first(size);
    in_ = in_.subspan(size);
    return out;
  }
  std::uint8_t get_byte() noexcept {
    const ByteView view = take(1);
    return view.empty() ? std::uint8_t{0} : view[0];
  }
  std::uint64_t get_varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = get_byte();
      const std::uint64_t low = byte & 0x7f;
      if (shift == 63 && low > 1) break;
      value |= low << shift;
      if ((byte & 0x80) == 0) {
        // One encoding a value: an overlong one is damage.
        if (byte == 0 && shift != 0) break;
        return value;
      }
    }
    failed_ = true;
    return 0;
  }
  // Every element takes one byte or more, so a count past the bytes that are left is damage.
  std::size_t get_count() noexcept {
    const std::uint64_t count = get_varint();
    if (count > in_.size()) failed_ = true;
    return failed_ ? 0 : static_cast<std::size_t>(count);
  }
  std::uint64_t get_be64() noexcept {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(8)) value = value << 8 | byte;
    return value;
  }
  void get(bool& value) noexcept {
    const std::uint8_t byte = get_byte();
    if (byte > 1) failed_ = true;
    value = byte == 1;
  }
  template <class Value>
  void get(Value& value) {
    if constexpr (std::is_enum_v<Value>) {
      const auto raw = get_byte();
      value = static_cast<Value>(raw);
      if (value < EnumRange<Value>::kFirst || value > EnumRange<Value>::kLast) {
        failed_ = true;
        value = EnumRange<Value>::kFirst;
      }
    } else if constexpr (std::is_unsigned_v<Value>) {
      const std::uint64_t raw = get_varint();
      if (raw > std::numeric_limits<Value>::max()) failed_ = true;
      value = static_cast<Value>(raw);
    } else {
      if (!failed_) fields(*this, value);
    }
  }
  void get(UtcTime& time) noexcept { time = from_unix_ms(static_cast<std::int64_t>(get_be64())); }
  void get(Millis& span) noexcept { span = Millis(static_cast<std::int64_t>(get_be64())); }
  template <std::size_t N>
  void get(std::array<std::uint8_t, N>& value) noexcept {
    const ByteView view = take(N);
    std::copy(view.begin(), view.end(), value.begin());
  }
  template <class Kind>
  void get(Id<Kind>& id) noexcept {
    get(id.bytes);
  }
  void get(CurvePublicKey& key) noexcept { get(key.bytes); }
  void get(Bytes& value) {
    const ByteView view = take(get_count());
    value.assign(view.begin(), view.end());
  }
  template <class Value>
  void get(std::optional<Value>& value) {
    bool present = false;
    get(present);
    value.reset();
    if (present && !failed_) get(value.emplace());
  }
  template <class Value>
  void get(std::vector<Value>& values) {
    get_list(values);
  }
  template <class Value>
  void get(std::deque<Value>& values) {
    get_list(values);
  }
  template <class List>
  void get_list(List& values) {
    values.clear();
    for (std::size_t left = get_count(); left > 0 && !failed_; --left) get(values.emplace_back());
  }
  template <class Value>
  void get(std::set<Value>& values) {
    values.clear();
    for (std::size_t left = get_count(); left > 0 && !failed_; --left) {
      Value value{};
      get(value);
      if (!values.insert(std::move(value)).second) failed_ = true;
    }
  }
  template <class Key, class Value>
  void get(std::map<Key, Value>& values) {
    values.clear();
    for (std::size_t left = get_count(); left > 0 && !failed_; --left) {
      Key key{};
      Value value{};
      (*this)(key, value);
      if (!values.emplace(std::move(key), std::move(value)).second) failed_ = true;
    }
  }

  ByteView in_;
  bool failed_ = false;
  bool has_duty_ = true, has_check_in_ = true;
};

}  // namespace nattevagt::broker
