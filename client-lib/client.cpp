// The composition: the pure core, its store, its connection. One rule: commit, then send, then show.
#include "client-lib/client.h"

#include <algorithm>
#include <deque>

#include "client-lib/core/client_core.h"
#include "client-lib/export/journal_export.h"
#include "client-lib/store/sqlcipher_store.h"

namespace nattevagt::client {

namespace {

constexpr Millis kAfterFailedCommit = std::chrono::seconds(1);  // a full disk is not asked without pause
constexpr Millis kSlice = std::chrono::milliseconds(50);        // of waiting, in calls that wait for the hub

class ClientImpl final : public Client {
 public:
  ClientImpl(Clock& clock, Entropy& entropy, std::unique_ptr<Connection> connection,
             std::unique_ptr<SqlcipherStore> store)
      : time_(clock, UtcTime{}),
        entropy_(entropy),
        connection_(std::move(connection)),
        store_(std::move(store)) {}

  Status start() {
    NV_TRYV(rebuild());
    follow_link();
    return {};
  }

  // ---- The hub
  Status enrol(std::string_view link, Millis patience) override {
    NV_TRYV(core_->begin_enrol(link, time_.now()));
    NV_TRYV(settle());
    follow_link();
    const UtcTime until = time_.now() + patience;
    while (!core_->enrolled()) {
      if (const auto refused = core_->enrol_error()) return fail(*refused, "Client::enrol");
      if (time_.now() >= until) return fail(Errc::kTimeout, "Client::enrol");
      NV_TRYV(step(std::min(kSlice, Millis(until - time_.now()))));  // events wait for run_once()
    }
    return {};
  }
  bool enrolled() const override { return core_->enrolled(); }

  Result<std::vector<Event>> run_once(Millis wait) override {
    NV_TRYV(step(fresh_.empty() ? wait : Millis(0)));
    return std::exchange(fresh_, {});
  }

  Status sync(Millis patience, const std::function<void(const Event&)>& on_event) override {
    const UtcTime until = time_.now() + patience;
    bool probed = false;
    for (;;) {
      NV_TRY(const std::vector<Event> events, run_once(probed ? kSlice : Millis(0)));
      for (const Event& event : events) {
        if (on_event) on_event(event);
      }
      if (core_->connected() && core_->outbox_empty() && core_->quiet()) return {};
      if (time_.now() >= until) return fail(Errc::kTimeout, "Client::sync");
      probed = true;
      if (core_->connected() && !core_->quiet()) core_->probe(time_.now());
      NV_TRYV(settle());
    }
  }

  // ---- The incident
  Result<Asked> ask(const Question& question) override {
    if (!question.author_name.empty()) {
      NV_TRYV(core_->set_author(question.author_name, question.author_profession));
    }
    wire::AdviceRequest request{.alert = {},
                                .severity = question.severity,
                                .kind = question.situation,
                                .citizen = question.citizen,
                                .alone = question.alone,
                                .callback = question.callback,
                                .isbar = question.isbar,
                                .drill = question.drill};
    const auto asked = core_->ask(std::move(request), time_.now());
    NV_TRYV(settle());
    if (!asked) return tl::unexpected(asked.error());
    return Asked{asked->alert, asked->conversation, asked->message};
  }
  Result<MessageId> take(AlertId alert) override {
    return settled(core_->act(alert, wire::ActKind::kTake, wire::Take{alert}, time_.now()));
  }
  Result<MessageId> hand_over(AlertId alert, PersonId to) override {
    return settled(core_->act(alert, wire::ActKind::kHandOver, wire::HandOver{alert, to}, time_.now()));
  }
  Result<MessageId> decline(AlertId alert, std::string reason) override {
    return settled(
        core_->act(alert, wire::ActKind::kDecline, wire::Decline{alert, std::move(reason)}, time_.now()));
  }
  Result<MessageId> send(ConversationId conversation, wire::Body body) override {
    return settled(core_->send(conversation, std::move(body), time_.now()));
  }
  Result<MessageId> advise(AlertId alert, wire::Advice advice) override {
    advice.alert = alert;
    if (advice.medicine) advice.read_back_required = true;  // P-073
    return settled(core_->act(alert, wire::ActKind::kAdvise, std::move(advice), time_.now()));
  }
  Result<MessageId> read_back(MessageId advice, std::string text) override {
    return settled(core_->read_back(advice, std::move(text), time_.now()));
  }
  Result<MessageId> judge_read_back(MessageId read_back, bool correct) override {
    return settled(core_->judge_read_back(read_back, correct, time_.now()));
  }
  Result<MessageId> done(MessageId advice, bool is_done, std::string reason) override {
    return settled(core_->done(advice, is_done, std::move(reason), time_.now()));
  }
  Result<MessageId> reserve_used(AlertId alert, std::string choice) override {
    return settled(core_->act(alert, wire::ActKind::kReserveUsed, wire::ReserveUsed{alert, std::move(choice)},
                              time_.now()));
  }
  Result<MessageId> withdraw(AlertId alert, std::string reason) override {
    return settled(
        core_->act(alert, wire::ActKind::kWithdraw, wire::Withdraw{alert, std::move(reason)}, time_.now()));
  }
  Result<MessageId> close(AlertId alert) override {
    return settled(core_->act(alert, wire::ActKind::kClose, wire::Close{alert}, time_.now()));
  }
  Status mark_seen(MessageId message) override {
    const Status marked = core_->mark_seen(message, time_.now());
    NV_TRYV(settle());
    return marked;
  }
  Result<MessageId> invite(ConversationId conversation, wire::Target who) override {
    return settled(core_->invite(conversation, who, time_.now()));
  }
  Status set_author(std::string name, std::string profession) override {
    NV_TRYV(core_->set_author(std::move(name), std::move(profession)));
    return settle();
  }

  Result<DutyChangeId> ask_swap(const SwapRequest& wanted) override {
    return settled(core_->ask_swap(wanted, time_.now()));
  }
  Result<DutyChangeId> accept_swap(DutyChangeId id) override {
    return settled(core_->accept_swap(id, time_.now()));
  }
  Result<DutyChangeId> take_over(RoleId role, std::optional<UtcTime> until) override {
    return settled(core_->take_over(role, until, time_.now()));
  }
  std::vector<DutyChangeView> duty_changes() const override { return core_->duty_changes(); }
  std::vector<DutyLine> duty(std::optional<UtcTime> at) const override {
    return core_->duty(at.value_or(time_.now()));
  }

  // ---- Looking
  std::optional<Person> self() const override { return core_->self(); }
  std::vector<Alert> alerts() const override { return core_->alerts(); }
  Result<Alert> alert(AlertId alert) const override { return core_->alert(alert); }
  std::vector<Conversation> conversations() const override { return core_->conversations(); }
  std::vector<Suspicion> suspicions() const override { return core_->suspicions(); }
  using Client::history;
  using Client::search;
  Result<std::vector<Message>> history(ConversationId conversation, HistoryPage page) const override {
    if (!core_->knows(conversation)) return fail(Errc::kNotFound, "Client::history");
    return store_->history(conversation, page);
  }
  Result<std::vector<FoundMessage>> search(std::string_view words, std::size_t limit,
                                           std::size_t skip) const override {
    return store_->search(words, limit, skip);
  }
  Result<std::vector<PersonReceipt>> receipts(ConversationId conversation) const override {
    if (!core_->knows(conversation)) return fail(Errc::kNotFound, "Client::receipts");
    NV_TRY(const std::vector<Message> all, store_->receipts(conversation));
    std::vector<PersonReceipt> out;
    for (const Message& message : all) {
      const auto* seen = std::get_if<wire::Seen>(&message.content.body);
      if (seen == nullptr) continue;
      const auto known = std::find_if(out.begin(), out.end(), [&](const PersonReceipt& receipt) {
        return receipt.message == seen->message && receipt.person.id == message.author.id;
      });
      if (known == out.end()) {
        out.push_back({seen->message, message.author, seen->stage, message.stored_at});
      } else if (seen->stage > known->stage) {
        known->stage = seen->stage;
        known->at = message.stored_at;
      }
    }
    return out;
  }
  std::vector<DirectoryEntry> directory() const override { return core_->directory(); }
  std::string reserve_plan() const override { return core_->reserve_plan(time_.now()); }
  std::vector<LadderRung> ladder(wire::Severity severity) const override {
    return core_->ladder(severity, time_.now());
  }
  bool outbox_empty() const override { return core_->outbox_empty(); }

  Result<JournalExport> export_incident(ConversationId conversation) const override {
    NV_TRY(const std::vector<Message> messages, history(conversation));
    ExportInput input{.conversation = {}, .alert = {}, .messages = messages, .made_at = time_.now()};
    for (Conversation& candidate : core_->conversations()) {
      if (candidate.id == conversation) input.conversation = std::move(candidate);
    }
    if (input.conversation.alert) {
      if (auto found = core_->alert(*input.conversation.alert)) input.alert = std::move(*found);
    }
    NV_TRY(ExportedIncident made, export_journal(input));
    return JournalExport{std::move(made.text), std::move(made.json), made.hash};
  }

 private:
  Status rebuild() {
    NV_TRY(const StoreImage image, store_->load());
    auto core = std::make_unique<ClientCore>(entropy_);
    NV_TRYV(core->restore(image, time_.now()));
    NV_TRYV(store_->each_message([&](const Message& message) { core->restore_message(message); }));
    core_ = std::move(core);
    return {};
  }

  Status step(Millis wait) {
    wait = std::max(wait, Millis(0));
    const UtcTime next = core_->next_deadline();
    if (next != kNever) wait = std::clamp(Millis(next - time_.now()), Millis(0), wait);
    if (!unsent_.empty()) wait = std::min(wait, kSlice);
    const std::vector<LinkEvent> events = connection_->poll(wait);
    const UtcTime now = time_.now();
    for (const LinkEvent& event : events) take(event, now);
    core_->tick(now);
    NV_TRYV(settle());
    follow_link();
    return {};
  }

  void take(const LinkEvent& event, UtcTime now) {
    if (std::holds_alternative<LinkUp>(event)) {
      unsent_.clear();
      core_->on_connected(now);
    } else if (const auto* down = std::get_if<LinkDown>(&event)) {
      unsent_.clear();
      core_->on_disconnected(down->reason, now);
    } else {
      core_->on_frame(std::get<FrameReceived>(event).bytes, now);
    }
  }

  // Commit, then send, then show (outcome.h). What could not be committed has not happened: the core is made
  // again from the store, the link is taken anew, and the caller is told.
  Status settle() {
    Outcome outcome = core_->collect(time_.now());
    if (const Status committed = store_->commit(outcome); !committed) {
      unsent_.clear();
      connection_->disconnect();
      linked_ = false;
      link_after_ = time_.now() + kAfterFailedCommit;
      NV_TRYV(rebuild());
      return committed;
    }
    for (Bytes& frame : outcome.sends) unsent_.push_back(std::move(frame));
    send_waiting();
    fresh_.insert(fresh_.end(), std::make_move_iterator(outcome.events.begin()),
                  std::make_move_iterator(outcome.events.end()));
    if (outcome.reconnect) {
      connection_->disconnect();
      linked_ = false;
      unsent_.clear();
    }
    return {};
  }

  template <class IdType>
  Result<IdType> settled(Result<IdType> made) {
    NV_TRYV(settle());
    return made;
  }

  void send_waiting() {
    while (!unsent_.empty()) {
      const Status sent = connection_->send(unsent_.front());
      if (!sent && sent.error().code == Errc::kBusy) return;  // in order, a little later
      // Anything else is a link that is down, or going: LinkDown comes, and all is driven anew.
      unsent_.pop_front();
    }
  }

  void follow_link() {
    if (linked_ || time_.now() < link_after_) return;
    const auto wanted = core_->link_wanted();
    if (!wanted) return;
    linked_ = true;
    connection_->connect(wanted->hub, wanted->key);
  }

  SteadyUtc time_;
  Entropy& entropy_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<SqlcipherStore> store_;
  std::unique_ptr<ClientCore> core_;
  std::deque<Bytes> unsent_;
  std::vector<Event> fresh_;  // shown by the next run_once()
  bool linked_ = false;
  UtcTime link_after_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::open(const OpenOptions& options, Clock& clock, Entropy& entropy,
                                             std::unique_ptr<Connection> connection) {
  const StoreOptions store_options{.home = options.home,
                                   .pin = options.pin,
                                   .create = options.create,
                                   .cost = {options.pin_cost.passes, options.pin_cost.memory_kib},
                                   .commit_hook = options.commit_hook,
                                   .lock_memory = false};
  NV_TRY(auto store, SqlcipherStore::open(store_options, clock.wall(), entropy));
  auto client = std::make_unique<ClientImpl>(clock, entropy, std::move(connection), std::move(store));
  NV_TRYV(client->start());
  return Result<std::unique_ptr<Client>>(std::move(client));
}

Millis Client::pin_wait(const std::string& home, Clock& clock) { return pin_wait_of(home, clock.wall()); }

Status Client::check_pin(const std::string& home, std::string_view pin, Clock& clock) {
  NV_TRY([[maybe_unused]] const StoreKey key, unlock_key_file(home, pin, clock.wall()));
  return {};
}

}  // namespace nattevagt::client
