// Encoded protobuf as a list of fields, for tests that change a byte where no struct lets them.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/common/bytes.h"

namespace nattevagt::wire {

struct RawField {
  std::uint32_t number = 0;
  std::uint32_t type = 0;  // 0: varint, 2: bytes
  std::uint64_t varint = 0;
  Bytes bytes;
};

inline void put_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

inline bool take_varint(ByteView& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const std::uint8_t byte = in.front();
    in = in.subspan(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// False when the bytes are not fields of types 0 and 2, the only ones that our schemas have.
inline bool split(ByteView in, std::vector<RawField>& out) {
  while (!in.empty()) {
    RawField field;
    std::uint64_t tag = 0;
    if (!take_varint(in, tag)) return false;
    field.number = static_cast<std::uint32_t>(tag >> 3);
    field.type = tag & 7;
    if (field.number == 0) return false;
    if (field.type == 0) {
      if (!take_varint(in, field.varint)) return false;
    } else if (field.type == 2) {
      std::uint64_t size = 0;
      if (!take_varint(in, size) || size > in.size()) return false;
      field.bytes = to_bytes(in.first(size));
      in = in.subspan(size);
    } else {
      return false;
    }
    out.push_back(std::move(field));
  }
  return true;
}

inline Bytes join(const std::vector<RawField>& fields) {
  Bytes out;
  for (const RawField& field : fields) {
    put_varint(out, std::uint64_t{field.number} << 3 | field.type);
    if (field.type == 0) {
      put_varint(out, field.varint);
    } else {
      put_varint(out, field.bytes.size());
      append(out, field.bytes);
    }
  }
  return out;
}

}  // namespace nattevagt::wire
