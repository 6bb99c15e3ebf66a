// The naive twin of an MLS group: who is a member in which epoch, which commits the hub has taken, and who
// may read what. It knows no cryptography.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "proto/common/bytes.h"

namespace nattevagt::mls::model {

using ClientId = std::size_t;

// What the hub has taken for one epoch: the proposals in order, and the commit that ended it.
struct EpochLog {
  struct Proposed {
    Bytes message;
    ClientId by = 0;
    std::optional<ClientId> adds, removes;  // neither: an Update
  };
  std::set<ClientId> roster;
  std::vector<Proposed> proposals;
  std::optional<Bytes> commit;
  std::optional<ClientId> committer;
  std::set<ClientId> out;    // removed by the commit; a resync removes nobody
  std::optional<std::uint64_t> resumption;  // the epoch whose PSK the commit mixes in
  std::optional<Bytes> tag;  // the epoch authenticator that the first to arrive had
};

struct Said {
  Bytes message;
  std::string text;
  std::uint64_t epoch = 0;
  ClientId by = 0;
};

// A client as the twin sees it.
struct Place {
  enum class Kind { kOutside, kMember, kRemoved, kStuck };  // stuck: only a resync helps
  Kind kind = Kind::kOutside;
  std::uint64_t at = 0;             // its own epoch
  std::uint64_t since = 0;          // the first epoch that it could read, in this life of its group
  std::set<std::size_t> proposals;  // of its epoch, heard or made, by position
  std::set<std::size_t> heard;      // application messages, by position
  bool waiting = false;             // a commit of its own is pending
};

enum class Reading { kPlain, kOwn, kAgain, kTooOld, kAhead, kNever };

struct Twin {
  std::vector<EpochLog> epochs = std::vector<EpochLog>(1);
  std::vector<Said> said;
  std::vector<Place> places;

  std::uint64_t head() const { return epochs.size() - 1; }
  const std::set<ClientId>& roster() const { return epochs.back().roster; }

  // May `who` read message `which` now?
  Reading reading(ClientId who, std::size_t which, std::uint64_t past_epochs) const {
    const Place& place = places[who];
    const Said& message = said[which];
    if (message.epoch > place.at) return Reading::kAhead;
    if (message.epoch < place.since) return Reading::kNever;
    if (place.at - message.epoch > past_epochs) return Reading::kTooOld;
    if (message.by == who) return Reading::kOwn;
    return place.heard.contains(which) ? Reading::kAgain : Reading::kPlain;
  }

  struct Outcome {
    std::vector<ClientId> added;
    std::set<ClientId> removed;
    std::optional<std::uint64_t> resumption;
  };
  // RFC 9420 12.2, as a committer chooses: its own wishes, and of what it has heard each Remove (but its own)
  // and the first Add of each client that is not there.
  Outcome outcome(ClientId committer, const std::vector<ClientId>& adds, const std::set<ClientId>& removes,
                  bool use_proposals) const {
    Outcome out;
    out.removed = removes;
    const EpochLog& now = epochs.back();
    std::vector<ClientId> proposed;  // asked for beside being proposed: once, by the committer's key package
    if (use_proposals) {
      for (const std::size_t at : places[committer].proposals) {
        const EpochLog::Proposed& one = now.proposals[at];
        if (one.removes && *one.removes != committer) out.removed.insert(*one.removes);
        if (one.adds) proposed.push_back(*one.adds);
      }
    }
    for (const ClientId client : proposed) {
      const bool there = now.roster.contains(client) && !out.removed.contains(client);
      const bool twice = std::find(out.added.begin(), out.added.end(), client) != out.added.end() ||
                         std::find(adds.begin(), adds.end(), client) != adds.end();
      if (!there && !twice) out.added.push_back(client);
    }
    for (const ClientId client : adds) out.added.push_back(client);
    return out;
  }

  void accept(Bytes commit, std::optional<ClientId> committer, const Outcome& what) {
    EpochLog next;
    next.roster = epochs.back().roster;
    for (const ClientId client : what.removed) next.roster.erase(client);
    for (const ClientId client : what.added) next.roster.insert(client);
    epochs.back().commit = std::move(commit);
    epochs.back().committer = committer;
    epochs.back().out = what.removed;
    epochs.back().resumption = what.resumption;
    epochs.push_back(std::move(next));
  }

  void arrive(ClientId who, std::uint64_t epoch) {
    Place place;
    place.kind = Place::Kind::kMember;
    place.at = place.since = epoch;
    places[who] = std::move(place);
  }
  void advance(ClientId who) {
    Place& place = places[who];
    ++place.at;
    place.proposals.clear();
    place.waiting = false;
  }
};

}  // namespace nattevagt::mls::model
