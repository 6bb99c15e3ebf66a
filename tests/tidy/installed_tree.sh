#!/usr/bin/env bash
# installed_tree.sh CMAKE BUILD: installs into a folder, finds all that the handbook uses there, and starts a hub from it as
# OPERATIONS.md says.
set -euo pipefail
cmake=$1 build=$2
folder=$(mktemp -d)
hub=
trap '[[ -z $hub ]] || kill -9 "$hub" 2>/dev/null || true; rm -rf "$folder"' EXIT
die() { echo "$*" >&2; exit 1; }

prefix=$folder/usr
"$cmake" --install "$build" --prefix "$prefix" >"$folder/install.log" || { cat "$folder/install.log" >&2; exit 1; }
for file in bin/nattevagt bin/nattevagt-agent bin/nattevagt-broker lib/systemd/system/nattevagt-broker.service \
  share/nattevagt/broker.toml share/nattevagt/web/index.html share/doc/nattevagt/OPERATIONS.md \
  share/doc/nattevagt/examples/rota-havbakken.toml; do
  [[ -s $prefix/$file ]] || die "not installed: $file"
done
for program in nattevagt nattevagt-agent nattevagt-broker; do
  "$prefix/bin/$program" --help >/dev/null || die "$program does not run"
done
unit=$prefix/lib/systemd/system/nattevagt-broker.service
grep -q "^ExecStart=$prefix/bin/nattevagt-broker run" "$unit" || die "the unit starts another program"
! grep -q /usr/local "$unit" || die "the unit names a path that was not installed"
"$prefix/bin/nattevagt" rota check --help >/dev/null || die "nattevagt rota check"

# A hub from what is installed, its settings from the file that is installed.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$prefix/bin/nattevagt-broker" init --data "$folder/data" >"$folder/pins"
sed -e "s|^endpoint = .*|endpoint = \"tcp://127.0.0.1:$port\"|" -e "s|^data_dir = .*|data_dir = \"$folder/data\"|" \
  -e '/^metrics_address/d' "$prefix/share/nattevagt/broker.toml" >"$folder/broker.toml"
"$prefix/bin/nattevagt-broker" check-config --config "$folder/broker.toml" >"$folder/checked" 2>&1 \
  || { cat "$folder/checked" >&2; die "the shipped settings are refused"; }
"$prefix/bin/nattevagt-broker" run --config "$folder/broker.toml" 2>"$folder/log" &
hub=$!
for ((until = SECONDS + 60; SECONDS < until; )); do
  ! grep -q '"event":"ready"' "$folder/log" || break
  kill -0 "$hub" 2>/dev/null || { cat "$folder/log" >&2; die "the hub ended"; }
  sleep 0.05
done
grep -q '"event":"ready"' "$folder/log" || die "the hub is not ready"
"$prefix/bin/nattevagt-broker" backup --config "$folder/broker.toml" --to "$folder/copy" >/dev/null || die "no backup"
kill -TERM "$hub"
wait "$hub" || die "the hub did not end with 0"
hub=
echo "installed, complete, started, backed up, stopped"
