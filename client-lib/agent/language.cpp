#include "client-lib/agent/language.h"

#include <filesystem>
#include <fstream>

namespace nattevagt::client::agent {

namespace {

std::string path_in(const std::string& home) { return home + "/screen.language"; }

}  // namespace

bool is_language(const std::string& language) { return language == "da" || language == "en"; }

std::string read_language(const std::string& home) {
  std::ifstream in(path_in(home));
  std::string out;
  in >> out;
  return is_language(out) ? out : "da";
}

Status write_language(const std::string& home, const std::string& language) {
  const std::string fresh = path_in(home) + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << language << '\n';
    if (!out.flush()) return fail(Errc::kStorage, "write_language");
  }
  std::error_code failed;
  std::filesystem::rename(fresh, path_in(home), failed);
  if (failed) return fail(Errc::kStorage, "write_language");
  return {};
}

}  // namespace nattevagt::client::agent
