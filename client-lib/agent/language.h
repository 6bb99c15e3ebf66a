// The language of the screens, kept in the device's home beside the store: a locked screen has one too.
#pragma once

#include <string>

#include "proto/common/result.h"

namespace nattevagt::client::agent {

bool is_language(const std::string& language);  // "da" or "en"
std::string read_language(const std::string& home);  // "da" when none is set
// kStorage.
Status write_language(const std::string& home, const std::string& language);

}  // namespace nattevagt::client::agent
