#include "client-lib/agent/agent.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "client-lib/app/pin.h"
#include "client-lib/app/signals.h"
#include "client-lib/app/texts_da.h"
#include "client-lib/io/zmq_connection.h"
#include "proto/common/system.h"

namespace nattevagt::client::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 200;
constexpr std::uintmax_t kFileBytesMax = 4 * 1024 * 1024;
constexpr Millis kWaitMax = std::chrono::seconds(1);  // descriptors wake earlier
constexpr Millis kAfterFault = std::chrono::seconds(1);

std::string_view type_of(const std::string& extension) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".woff2", "font/woff2"},
      {".webmanifest", "application/manifest+json"},
      {".wav", "audio/wav"},
  };
  for (const auto& [name, type] : kTypes) {
    if (name == extension) return type;
  }
  return {};
}

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

class Agent {
 public:
  Agent(const AgentOptions& options, ScreenServer& server, const cli::Signals& signals)
      : options_(options),
        server_(server),
        signals_(signals),
        desk_(
            {options.home, options.lock_after}, [this](const std::string& pin) { return open(pin); }, clock_,
            entropy_) {}

  int run() {
    // With the PIN in its environment the device is open, and rings, before anybody has touched the screen.
    if (std::getenv("NATTEVAGT_PIN") != nullptr) {
      auto pin = cli::obtain_pin({});
      auto* given = std::get_if<cli::PinText>(&pin);
      if (given == nullptr) return refuse(std::get<cli::PinFault>(pin).text);
      auto client = open(given->pin);
      wipe({reinterpret_cast<std::uint8_t*>(given->pin.data()), given->pin.size()});
      if (!client) return refuse(text::error_text(client.error().code));
      desk_.opened(std::move(*client));
    }
    say_link();
    for (int signal = 0;; signal = signals_.take()) {
      if (signal == SIGUSR1) say_link();
      if (signal == SIGINT || signal == SIGTERM) return 0;
      turn();
    }
  }

 private:
  Result<std::unique_ptr<Client>> open(const std::string& pin) {
    auto connection = std::make_unique<ZmqConnection>(clock_, entropy_);
    ZmqConnection* const link = connection.get();
    NV_TRY(auto client, Client::open({options_.home, pin}, clock_, entropy_, std::move(connection)));
    if (!client->enrolled()) return fail(Errc::kWrongState, "not enrolled");
    link_ = link;
    return Result<std::unique_ptr<Client>>(std::move(client));
  }

  void say_link() {
    const std::string link =
        fmt::format("http://127.0.0.1:{}/#t={}", server_.port(), desk_.make_link_token());
    say(options_.json
            ? fmt::format("{{\"event\":\"link\",\"link\":\"{}\"}}\n", link)
            : fmt::format("Nattevagt er klar. Åbn skærmen (linket gælder én gang, i ti minutter):\n  {}\n",
                          link));
  }

  void turn() {
    if (desk_.client() == nullptr) {
      pollfd wake[] = {{server_.descriptor(), POLLIN, 0}, {signals_.descriptor(), POLLIN, 0}};
      ::poll(wake, std::size(wake), static_cast<int>(kWaitMax.count()));
    } else {
      link_->wake_on({server_.descriptor(), signals_.descriptor()});
      const auto events = desk_.client()->run_once(std::min(kWaitMax, desk_.until_lock()));
      if (events) {
        desk_.on_events(*events);
      } else {  // a full disk: it may pass, and is tried again
        if (fault_ != events.error().code) refuse(text::error_text(events.error().code));
        fault_ = events.error().code;
        ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kAfterFault).count()));
      }
    }
    for (auto& item : server_.take()) {
      if (item.closed) {
        desk_.on_closed(item.peer);
      } else {
        desk_.on_text(item.peer, item.text);
      }
    }
    for (auto& out : desk_.take_outgoing()) {
      if (!out.text.empty()) server_.send(out.peer, std::move(out.text));
      if (out.close) server_.close(out.peer);
    }
  }

  static int refuse(std::string_view why) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(why.size()), why.data());
    return 1;
  }

  const AgentOptions& options_;
  ScreenServer& server_;
  const cli::Signals& signals_;
  SystemClock clock_;
  SystemEntropy entropy_;
  ZmqConnection* link_ = nullptr;  // the client's own; lives as long
  Desk desk_;
  Errc fault_{};
};

}  // namespace

Result<StaticFiles> read_web(const std::string& folder) {
  StaticFiles out;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    if (!it->is_regular_file(failed)) continue;
    const std::string_view type = type_of(it->path().extension().string());
    const std::uintmax_t size = it->file_size(failed);
    if (type.empty()) continue;
    if (failed || size > kFileBytesMax || out.size() >= kFilesMax) return fail(Errc::kTooLarge, "read_web");
    std::ifstream in(it->path(), std::ios::binary);
    std::string body((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (body.size() != size) return fail(Errc::kStorage, "read_web");
    out["/" + fs::relative(it->path(), folder, failed).generic_string()] = {std::string(type),
                                                                            std::move(body)};
  }
  if (failed || !out.contains("/index.html")) return fail(Errc::kNotFound, "read_web");
  return out;
}

int run_agent(const AgentOptions& options) {
  const cli::Signals signals({SIGUSR1});
  const auto complain = [](std::string_view why) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(why.size()), why.data());
    return 1;
  };
  auto files = read_web(options.web);
  if (!files) return complain("Skærmens filer mangler. Byg dem med ./dev build, eller brug --web MAPPE.");
  if (::access((options.home + "/store.keys").c_str(), F_OK) != 0) return complain(text::kNoStore);
  auto server = ScreenServer::listen(options.port, std::move(*files));
  if (!server) return complain("Porten er optaget. Vælg en anden med --port, eller udelad den.");
  return Agent(options, **server, signals).run();
}

}  // namespace nattevagt::client::agent
