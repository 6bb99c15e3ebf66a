// The composition: the pure core, its store, its connection. One rule: commit, then send, then show.
#include "client-lib/client.h"

#include <algorithm>
#include <deque>
#include <tuple>

#include "client-lib/core/client_core.h"
#include "client-lib/core/citizen_facts.h"
#include "client-lib/export/journal_export.h"
#include "client-lib/store/profiles.h"
#include "client-lib/store/sqlcipher_store.h"

namespace nattevagt::client {

namespace {

constexpr Millis kAfterFailedCommit = std::chrono::seconds(1);  // a full disk is not asked without pause
constexpr Millis kSlice = std::chrono::milliseconds(50);        // of waiting, in calls that wait for the hub

class ClientImpl final : public Client {
 public:
  ClientImpl(Clock& clock, Entropy& entropy, std::unique_ptr<Connection> connection,
             std::unique_ptr<SqlcipherStore> store, std::string home, KeyCost cost)
      : clock_(clock),
        time_(clock, UtcTime{}),
        entropy_(entropy),
        connection_(std::move(connection)),
        store_(std::move(store)),
        home_(std::move(home)),
        profiles_(*store_, entropy, cost) {}

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
    const bool shows = !request.drill && !request.citizen.cpr.empty();
    const auto asked = core_->ask(std::move(request), time_.now());
    if (asked && shows) {
      // The call is what counts: a card that cannot be read or sent does not hold it up.
      static_cast<void>(show_standing(asked->conversation, question.citizen, [](const PlanRef& plan) {
        return plan.match == wire::CitizenMatch::kCpr;
      }));
    }
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

  // ---- Citizens
  Result<Started> start_conversation(wire::Citizen citizen, std::vector<wire::Target> invited) override {
    const auto started = core_->start_conversation(std::move(citizen), std::move(invited), time_.now());
    NV_TRYV(settle());
    if (!started) return tl::unexpected(started.error());
    return Started{started->conversation, started->message};
  }
  Result<MessageId> write_plan(ConversationId conversation, wire::PlanCard card) override {
    return settled(core_->write_plan(conversation, std::move(card), time_.now()));
  }
  Result<MessageId> sign_plan(ConversationId conversation, MessageId card, Digest hash) override {
    return settled(core_->sign_plan(conversation, card, hash, time_.now()));
  }
  Result<MessageId> take_item(ConversationId conversation, MessageId item) override {
    return settled(core_->take_item(conversation, item, time_.now()));
  }
  Result<MessageId> finish_item(ConversationId conversation, MessageId item, bool is_done,
                                std::string reason) override {
    return settled(core_->finish_item(conversation, item, is_done, std::move(reason), time_.now()));
  }

  Result<CitizenLook> citizen(const wire::Citizen& citizen) const override {
    const UtcTime now = time_.now();
    CitizenLook out;
    out.citizen = citizen;
    out.plan = core_->plan_state(citizen, now);
    for (PlanRef& ref : core_->plans(citizen, now)) {
      NV_TRY(auto view, with_words(std::move(ref)));
      if (view) (view->ref.stands ? out.cards : out.previous).push_back(std::move(*view));
    }
    out.conflict = out.cards.size() > 1;
    for (CitizenRoom& room : core_->citizens(now)) {
      const auto match = wire::same_citizen(room.citizen, citizen);
      if (!match) continue;
      auto members = core_->members(room.conversation);
      out.rooms.push_back({std::move(room), *match, std::move(members)});
    }
    return out;
  }
  Result<CitizenLook> citizen_beside(ConversationId incident) const override {
    const UtcTime now = time_.now();
    const auto state = core_->plan_state_beside(incident, now);
    if (!state) return fail(Errc::kNotFound, "Client::citizen_beside");
    std::vector<PlanCardView> shown;
    for (PlanRef& ref : core_->plans_shown(incident, now)) {
      NV_TRY(auto view, with_words(std::move(ref)));
      if (view) shown.push_back(std::move(*view));
    }
    auto about = core_->asked_about(incident);
    if (!about) {
      if (shown.empty()) return fail(Errc::kNotFound, "Client::citizen_beside");
      about = std::get<wire::PlanCard>(shown.front().message.content.body).citizen;
    }
    NV_TRY(CitizenLook out, citizen(*about));
    out.plan = *state;
    for (const PlanCardView& own : out.cards) {
      const auto same = [&](const PlanCardView& copy) { return own.ref.hash == copy.ref.hash; };
      if (std::ranges::none_of(shown, same)) out.may_show = own.ref.conversation;
    }
    for (PlanCardView& copy : shown) {  // what we have ourselves is the better one: it has its signatures
      const auto same = [&](const PlanCardView& own) { return own.ref.hash == copy.ref.hash; };
      if (std::ranges::none_of(out.cards, same) && std::ranges::none_of(out.previous, same)) {
        out.shown.push_back(std::move(copy));
      }
    }
    return out;
  }
  Result<MessageId> show_plans(ConversationId incident, ConversationId room) override {
    Result<MessageId> shown = fail(Errc::kNotFound, "Client::show_plans");
    for (const CitizenRoom& known : core_->citizens(time_.now())) {
      if (known.conversation != room) continue;
      const auto there = [&](const PlanRef& plan) { return plan.conversation == room; };
      shown = show_standing(incident, known.citizen, there);
    }
    return settled(shown);
  }
  std::optional<PlanState> plan_state_beside(ConversationId incident) const override {
    return core_->plan_state_beside(incident, time_.now());
  }
  std::optional<RoundsView> rounds(ConversationId incident) const override {
    return core_->rounds(incident, time_.now());
  }
  std::vector<CitizenRoom> citizens() const override { return core_->citizens(time_.now()); }
  PlanState plan_state(const wire::Citizen& citizen) const override {
    return core_->plan_state(citizen, time_.now());
  }
  std::vector<OpenWork> open_work() const override { return core_->open_work(time_.now()); }
  Result<WorkList> handover() const override {
    const UtcTime now = time_.now();
    WorkList out{handover_since(now), {}, 0};
    const std::vector<DirectoryEntry> names = core_->directory();
    for (OpenWork& work : core_->open_work(now)) {
      OpenItem item;
      NV_TRY(auto words, still_there(work.conversation, work.item));
      if (!words) continue;
      item.message = std::move(*words);
      if (work.taken) {
        NV_TRY(item.taken, still_there(work.conversation, *work.taken));
      }
      const auto* task = std::get_if<wire::Task>(&item.message.content.body);
      for (const DirectoryEntry& entry : names) {
        if (task != nullptr && task->whom == entry.target) item.whom = entry.name;
      }
      item.older = item.message.content.written_at < out.since;
      item.work = std::move(work);
      out.items.push_back(std::move(item));
    }
    std::ranges::sort(out.items, [](const OpenItem& a, const OpenItem& b) {
      const auto rank = [](const OpenItem& item) {
        return std::tuple(!item.work.late, item.work.due.value_or(kNever), item.message.content.written_at,
                          item.work.item);
      };
      return rank(a) < rank(b);
    });
    if (out.items.size() > kWorkItemsMax) {
      out.more = out.items.size() - kWorkItemsMax;
      out.items.resize(kWorkItemsMax);
    }
    return out;
  }
  Result<MorningDigest> digest() const override {
    MorningDigest out;
    NV_TRY(out.work, handover());
    out.since = out.work.since;
    std::vector<IncidentView> incidents = core_->incidents_since(out.since);
    if (incidents.size() > kDigestRequestsMax) {
      out.more = incidents.size() - kDigestRequestsMax;
      incidents.resize(kDigestRequestsMax);
    }
    for (IncidentView& incident : incidents) {
      DigestRequest request;
      if (auto alert = core_->alert(incident.alert)) request.alert = std::move(*alert);
      NV_TRY(const std::vector<Message> said, store_->history(incident.conversation));
      for (const Message& message : said) {
        if (std::ranges::count(incident.advices, message.id)) request.advices.push_back({message, std::nullopt});
        const auto* done = std::get_if<wire::Done>(&message.content.body);
        for (DigestRequest::Advice& advice : request.advices) {
          if (done != nullptr && done->advice == advice.message.id) advice.done = done->done;
        }
      }
      request.incident = std::move(incident);
      out.requests.push_back(std::move(request));
    }
    return out;
  }

  // ---- People who share a unit's device
  std::vector<ProfileView> profiles() const override { return profiles_.list(); }
  Result<ProfileId> add_profile(const ProfileDraft& draft, std::string_view pin) override {
    NV_TRYV(shared());
    NV_TRY(const ProfileId id, profiles_.add(draft, pin, time_.now()));
    NV_TRYV(set_author(draft.name, draft.profession));
    return id;
  }
  Status use_profile(ProfileId profile, std::string_view pin) override {
    NV_TRYV(shared());
    NV_TRYV(profiles_.check(profile, pin, time_.now()));
    const ProfileView& who = *profiles_.find(profile);
    return set_author(who.name, who.profession);
  }
  Millis profile_wait(ProfileId profile) const override { return profiles_.wait(profile, time_.now()); }
  std::optional<ProfileId> profile_named(std::string_view initials) const override {
    return profiles_.named(initials);
  }
  Status change_pin(ProfileId profile, std::string_view pin, std::string_view next) override {
    NV_TRYV(shared());
    return profiles_.change(profile, pin, next, time_.now());
  }
  Status reset_profile(ProfileId profile, std::string_view device_pin, std::string_view pin,
                       std::string by) override {
    NV_TRYV(shared());
    NV_TRYV(check_pin(home_, device_pin, clock_));
    return profiles_.reset(profile, pin, by, time_.now());
  }
  Status remove_profile(ProfileId profile, std::string_view device_pin) override {
    NV_TRYV(shared());
    NV_TRYV(check_pin(home_, device_pin, clock_));
    return profiles_.remove(profile);
  }

  // ---- Devices
  std::vector<DeviceLook> devices() const override { return core_->devices(); }
  Status verify_device(DeviceId device, std::string_view compared) override {
    const Status verified = core_->verify_device(device, compared, time_.now());
    NV_TRYV(settle());
    return verified;
  }

  // ---- Lost phones
  Result<SuspensionId> suspend_device(DeviceId device) override {
    return settled(core_->suspend_device(device, time_.now()));
  }
  Status lift_suspension(SuspensionId id) override {
    const Status lifted = core_->lift_suspension(id, time_.now());
    NV_TRYV(settle());
    return lifted;
  }
  std::vector<SuspensionView> suspensions() const override { return core_->suspensions(); }
  std::optional<SuspensionView> own_suspension() const override { return core_->own_suspension(); }

  Result<DutyChangeId> ask_swap(const SwapRequest& wanted) override {
    return settled(core_->ask_swap(wanted, time_.now()));
  }
  Result<DutyChangeId> accept_swap(DutyChangeId id) override {
    return settled(core_->accept_swap(id, time_.now()));
  }
  Result<DutyChangeId> take_over(RoleId role, std::optional<UtcTime> until) override {
    return settled(core_->take_over(role, until, time_.now()));
  }
  Status check_in(RoleId role) override {
    const Status said = core_->check_in(role, time_.now());
    NV_TRYV(settle());
    return said;
  }
  std::vector<CheckInView> check_ins() const override { return core_->check_ins(time_.now()); }
  std::vector<DutyChangeView> duty_changes() const override { return core_->duty_changes(); }
  std::vector<DutyLine> duty(std::optional<UtcTime> at) const override {
    return core_->duty(at.value_or(time_.now()));
  }

  std::vector<DutyRole> own_roles() const override { return core_->own_roles(); }
  std::vector<OwnTurn> own_turns(Millis ahead) const override {
    const UtcTime now = time_.now();
    return core_->own_turns(now, now + ahead);
  }

  // ---- Looking
  std::optional<Person> self() const override { return core_->self(); }
  std::vector<Alert> alerts() const override { return core_->alerts(); }
  Result<Alert> alert(AlertId alert) const override { return core_->alert(alert); }
  std::vector<Conversation> conversations() const override { return core_->conversations(); }
  std::vector<Suspicion> suspicions() const override { return core_->suspicions(); }
  bool update_needed() const override { return core_->update_needed(); }
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
    return profiles_.load(image);
  }

  // What the core counts, and whose words have gone by age since it was made from the store (P-092), is none.
  Result<std::optional<Message>> still_there(const ConversationId& conversation, const MessageId& id) const {
    auto found = store_->message(conversation, id);
    if (found) return std::optional(std::move(*found));
    if (found.error().code != Errc::kNotFound) return tl::unexpected(found.error());
    return std::optional<Message>();
  }

  // A card with its signatures; none when age has taken it.
  Result<std::optional<PlanCardView>> with_words(PlanRef ref) const {
    PlanCardView view;
    NV_TRY(auto words, still_there(ref.conversation, ref.card));
    if (!words) return std::optional<PlanCardView>();
    view.message = std::move(*words);
    view.signatures.push_back(view.message);
    for (const MessageId& id : ref.signatures) {
      NV_TRY(auto by, still_there(ref.conversation, id));
      if (by) view.signatures.push_back(std::move(*by));
    }
    view.ref = std::move(ref);
    return std::optional(std::move(view));
  }

  // Copies of the cards that stand, of those asked for, into a call's own group (P-169). The last new copy's
  // message; kNotFound when there is no such card, kDuplicate when all are there.
  Result<MessageId> show_standing(const ConversationId& incident, const wire::Citizen& citizen,
                                  const std::function<bool(const PlanRef&)>& which) {
    Result<MessageId> last = fail(Errc::kNotFound, "Client::show_plans");
    for (const PlanRef& plan : core_->plans(citizen, time_.now())) {
      if (!plan.stands || !which(plan)) continue;
      NV_TRY(const auto card, still_there(plan.conversation, plan.card));
      if (!card) continue;
      auto shown = core_->show_plan(incident, std::get<wire::PlanCard>(card->content.body), time_.now());
      if (shown || !last) last = shown;
    }
    return last;
  }

  // P-170: a person's own device has one PIN and one person.
  Status shared() const {
    const auto self = core_->self();
    if (!self || self->kind != wire::HolderKind::kUnit) return fail(Errc::kNotPermitted, "P-170");
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
      if (outcome.reconnect_in > Millis(0)) link_after_ = time_.now() + outcome.reconnect_in;
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

  Clock& clock_;
  SteadyUtc time_;
  Entropy& entropy_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<SqlcipherStore> store_;
  std::string home_;
  Profiles profiles_;
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
  NV_TRY(const KeyCost cost, key_file_cost(options.home));
  auto client = std::make_unique<ClientImpl>(clock, entropy, std::move(connection), std::move(store),
                                             options.home, cost);
  NV_TRYV(client->start());
  return Result<std::unique_ptr<Client>>(std::move(client));
}

Millis Client::pin_wait(const std::string& home, Clock& clock) { return pin_wait_of(home, clock.wall()); }

Status Client::check_pin(const std::string& home, std::string_view pin, Clock& clock) {
  NV_TRY([[maybe_unused]] const StoreKey key, unlock_key_file(home, pin, clock.wall()));
  return {};
}

}  // namespace nattevagt::client
