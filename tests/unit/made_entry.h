// The next entry of a stream as a consistent hub would chain it.
#pragma once

#include <utility>

#include "proto/wire/hub.h"

namespace nattevagt::testing {

inline wire::Entry made_after(const wire::Entry& before, wire::EntryKind kind, MessageId id, UtcTime stored_at,
                              Bytes bytes) {
  wire::Entry out = before;
  out.seq += 1;
  out.kind = kind;
  out.id = id;
  out.stored_at = stored_at;
  out.bytes = std::move(bytes);
  out.chain = wire::chain_next(before.chain, out.seq, out.kind, out.epoch, out.id, out.stored_at, out.bytes);
  return out;
}

}  // namespace nattevagt::testing
