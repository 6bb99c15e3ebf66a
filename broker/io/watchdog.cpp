#include "broker/io/watchdog.h"

#include <curl/curl.h>

namespace nattevagt::broker {
namespace {

constexpr long kConnectSeconds = 5;
constexpr long kWholeSeconds = 8;
constexpr Millis kLook{200};  // for the first beat, and for a beat after silence

std::size_t throw_away(char*, std::size_t size, std::size_t count, void*) { return size * count; }

struct Close {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

}  // namespace

std::unique_ptr<Watchdog> Watchdog::start(std::string url, Millis every) {
  curl_global_init(CURL_GLOBAL_DEFAULT);  // before threads; the process has one watchdog
  return std::unique_ptr<Watchdog>(new Watchdog(std::move(url), every));
}

Watchdog::Watchdog(std::string url, Millis every) : url_(std::move(url)), every_(every) {
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

WatchdogCounts Watchdog::counts() const noexcept { return {answered_.load(), failed_.load()}; }

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool beaten = beaten_.exchange(false, std::memory_order_acq_rel);
    if (beaten) {
      lock.unlock();
      ++(ask() ? answered_ : failed_);
      lock.lock();
    }
    changed_.wait_for(lock, beaten ? every_ : kLook, [this] { return stopping_; });
  }
}

bool Watchdog::ask() const {
  const std::unique_ptr<CURL, Close> handle(curl_easy_init());
  if (!handle) return false;
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
                   "https,http");  // http: the config allows it on loopback alone
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kWholeSeconds);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "nattevagt-broker");
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
  if (curl_easy_perform(curl) != CURLE_OK) return false;
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300;
}

}  // namespace nattevagt::broker
