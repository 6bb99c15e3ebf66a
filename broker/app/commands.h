// What the operator's commands do. Each prints what it did or what to do next, and returns the exit code.
//
// Exit codes: 0 done; 1 refused, with the reason on standard error; 70 the journal is damaged; 75 the hub
// wants to be started again (memory, or a disk that refused while it drained). The unit restarts it on all of
// them.
#pragma once

#include <string>

namespace nattevagt::broker {

int init_hub(const std::string& data_dir);
int run_hub(const std::string& config_path);
int check_config(const std::string& config_path);
int back_up(const std::string& config_path, const std::string& to);
int restore(const std::string& config_path, const std::string& from);
int add_organisation(const std::string& config_path, const std::string& card_file);
// The audit as a file for `nattevagt audit verify`; of other organisations than the named one digests alone.
int export_audit(const std::string& config_path, const std::string& to, const std::string& organisation);
int verify_audit(const std::string& config_path);
int show_pins(const std::string& config_path);

}  // namespace nattevagt::broker
