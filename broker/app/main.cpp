// nattevagt-broker: the hub's program. What the commands do is in commands.cpp.
#include <CLI/CLI.hpp>

#include "broker/app/commands.h"

namespace {

constexpr const char* kAbout =
    "The Nattevagt hub: stores and delivers encrypted messages and alerts, and climbs the ladders.";

constexpr const char* kExamples = R"(
Examples:
  nattevagt-broker init --data /var/lib/nattevagt
  nattevagt-broker add-organisation solvang.card --config /etc/nattevagt/broker.toml
  nattevagt-broker run --config /etc/nattevagt/broker.toml
  nattevagt-broker backup --config /etc/nattevagt/broker.toml --to /backup/journal-2026-11-22
  nattevagt-broker audit verify --config /etc/nattevagt/broker.toml

A config:
  endpoint = "tcp://0.0.0.0:5670"
  data_dir = "/var/lib/nattevagt"
  metrics_address = "127.0.0.1:9570"
  [limits]
  memory_max_mib = 1536
)";

}  // namespace

int main(int argument_count, char** arguments) {
  using namespace nattevagt::broker;
  CLI::App app(kAbout, "nattevagt-broker");
  app.footer(kExamples);
  app.require_subcommand(1);
  std::string config = "/etc/nattevagt/broker.toml", data, from, to, card, organisation;
  const auto with_config = [&config](CLI::App* command) {
    command->add_option("--config", config, "The config file")->capture_default_str();
    return command;
  };
  auto* init = app.add_subcommand("init", "Make a hub's keys and its empty journal; prints what clients pin");
  init->add_option("--data", data, "The folder to make it in")->required();
  auto* run = with_config(app.add_subcommand("run", "Serve until SIGTERM"));
  auto* check =
      with_config(app.add_subcommand("check-config", "Say what is wrong with a config, start nothing"));
  auto* back = with_config(app.add_subcommand("backup", "Copy the journal, also while the hub runs"));
  back->add_option("--to", to, "The new file")->required();
  auto* put =
      with_config(app.add_subcommand("restore", "Put a backup into a data folder that has no journal"));
  put->add_option("--from", from, "The backup")->required();
  auto* add = with_config(app.add_subcommand("add-organisation", "Let an organisation in, by its card"));
  add->add_option("card", card, "The file of 'nattevagt org card'")->required();
  auto* audit = app.add_subcommand("audit", "The hash-chained record of every change of an alert, device or rota");
  audit->require_subcommand(1);
  auto* exported = with_config(audit->add_subcommand("export", "Write it to a file, signed, also while the hub runs"));
  exported->add_option("--to", to, "The new file")->required();
  exported->add_option("--organisation", organisation, "Show this one's lines; of the others their digests");
  auto* verified = with_config(audit->add_subcommand("verify", "Check the chain, and that it tells what the journal holds"));
  auto* pins = with_config(app.add_subcommand("pins", "Print what organisations put into their grants"));
  CLI11_PARSE(app, argument_count, arguments);
  if (init->parsed()) return init_hub(data);
  if (run->parsed()) return run_hub(config);
  if (check->parsed()) return check_config(config);
  if (back->parsed()) return back_up(config, to);
  if (put->parsed()) return restore(config, from);
  if (add->parsed()) return add_organisation(config, card);
  if (exported->parsed()) return export_audit(config, to, organisation);
  if (verified->parsed()) return verify_audit(config);
  if (pins->parsed()) return show_pins(config);
  return 1;
}
