#!/usr/bin/env python3
"""The house's own rules, as a program: who may include whom, what cores may not touch, how long a file may be.

house_lint.py ROOT        checks the tree; prints one line a finding, exit 1 when there is one
house_lint.py --canary    checks itself: each rule must catch a planted breach, exit 1 when one does not

The arrows are those of ARCHITECTURE.md, "Who may include whom".
"""
import re
import subprocess
import sys
from pathlib import Path

# folder -> folders it may include (itself always). Longest prefix wins.
ARROWS = {
    "proto/common": [],
    "proto/wire": ["proto/common"],
    "proto/rota": ["proto/common", "proto/wire"],
    "broker/core": ["proto/common", "proto/wire", "proto/rota"],
    "broker/io": ["proto/common", "proto/wire", "broker/core"],
    "broker/app": ["proto/common", "proto/wire", "broker/core", "broker/io"],
    "client-lib/mls": ["proto/common"],
    "client-lib/core": ["proto/common", "proto/wire", "proto/rota", "client-lib/mls"],
    "client-lib/store": ["proto/common", "proto/wire", "client-lib/core"],
    "client-lib/export": ["proto/common", "proto/wire", "client-lib/core", "client-lib"],
    "client-lib/io": ["proto/common", "proto/wire"],
    "client-lib/admin": ["proto/common", "proto/wire", "proto/rota", "client-lib/io"],
    "client-lib/app": ["proto/common", "proto/wire", "proto/rota", "client-lib", "client-lib/io", "client-lib/admin",
                       "client-lib/export"],
    "client-lib/agent": ["proto/common", "proto/wire", "proto/rota", "client-lib", "client-lib/io", "client-lib/app",
                         "client-lib/export"],
    "client-lib": ["proto/common", "proto/wire", "client-lib/core", "client-lib/store", "client-lib/export",
                   "client-lib/io"],
}
# Interfaces (no implementation behind them) that cores may see although they lie in an io folder.
INTERFACES = {"client-lib/io/connection.h", "client-lib/client.h"}
# Headers about plaintext that no part of the hub may see (DESIGN promise 3).
FORBIDDEN_FOR_BROKER = {"proto/wire/content.h"}
PURE = ("proto/common", "proto/wire", "proto/rota", "broker/core", "client-lib/mls", "client-lib/core")
IMPURE_FILES = {"proto/common/system.h", "proto/common/system.cpp"}
BANNED_IN_PURE = [
    (r"#include <(thread|mutex|random|fstream|filesystem|iostream|future|condition_variable)>", "pure code has no {0}"),
    (r"#include <(sys/|unistd|fcntl|poll|netinet|zmq|sqlite3)", "pure code does no I/O"),
    (r"\b(system_clock|steady_clock|high_resolution_clock)::now", "time is an argument"),
    (r"\b(getenv|std::rand|random_device|mt19937|randombytes_)", "randomness and environment are arguments"),
    (r"\bstd::\w+_distribution\b", "std distributions differ between libraries"),
    (r"\bstd::unordered_(map|set)\b", "iteration order is not defined; use std::map or a sorted vector"),
    (r"\b(float|double)\b", "no floating point in cores"),
]
GENERATED = re.compile(r'#include "[^"]*\.pb\.h"')
FILE_LINES_MAX = 650
TEST_LINES_MAX = 800
# clang-format breaks code at 110; a comment may end its last word later.
LINE_COLUMNS_MAX = 115


def folder_of(path: str) -> str:
    best = ""
    for name in ARROWS:
        if path.startswith(name + "/") and len(name) > len(best):
            best = name
    return best


def strip_comments(line: str) -> str:
    return line.split("//", 1)[0]


def check_file(path: str, text: str) -> list[str]:
    found = []
    folder = folder_of(path)
    lines = text.splitlines()
    most = TEST_LINES_MAX if path.startswith("tests/") else FILE_LINES_MAX
    if len(lines) > most:
        found.append(f"{path}:1: {len(lines)} lines; split it (at most {most})")
    pure = folder in PURE and path not in IMPURE_FILES
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX and "http" not in line and '"' not in line:
            found.append(f"{path}:{number}: {len(line)} columns (at most {LINE_COLUMNS_MAX})")
        include = re.match(r'#include "((?:proto|broker|client-lib|tests)/[^"]+)"', line)
        if include and folder:
            target = include.group(1)
            target_folder = folder_of(target)
            if target.startswith("tests/"):
                found.append(f"{path}:{number}: nothing includes tests")
            elif target_folder not in ARROWS[folder] + [folder] and target not in INTERFACES:
                found.append(f"{path}:{number}: {folder} may not include {target}")
            if path.startswith("broker/") and target in FORBIDDEN_FOR_BROKER:
                found.append(f"{path}:{number}: the hub may not know plaintext types")
            if pure and target == "proto/common/system.h":
                found.append(f"{path}:{number}: a core may not see the real clock or randomness")
        if GENERATED.match(line) and folder != "proto/wire" and folder:
            found.append(f"{path}:{number}: only proto/wire sees generated classes")
        if pure:
            for pattern, why in BANNED_IN_PURE:
                match = re.search(pattern, strip_comments(line))
                if match:
                    found.append(f"{path}:{number}: " + why.format(*match.groups()))
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            found.append(f"{path}:{number}: unfinished mark; finish it or write the limit down in the README")
    return found


def check_tree(root: Path) -> list[str]:
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root,
                           capture_output=True, text=True, check=True).stdout.split("\n")
    found = []
    sources = [f for f in files if f.endswith((".h", ".cpp")) and (root / f).is_file()]
    if len(sources) < 20:
        return [f"{root}: only {len(sources)} source files seen; is this the project?"]
    for name in sources:
        found += check_file(name, (root / name).read_text(encoding="utf-8"))
    return found


def canary() -> list[str]:
    planted = {
        "core includes io": ("broker/core/a.h", '#include "broker/io/journal.h"'),
        "broker includes client": ("broker/app/a.h", '#include "client-lib/client.h2"'),
        "client includes broker": ("client-lib/core/a.h", '#include "broker/core/hub_core.h"'),
        "mls includes wire": ("client-lib/mls/a.h", '#include "proto/wire/hub.h"'),
        "hub sees plaintext": ("broker/app/a.h", '#include "proto/wire/content.h"'),
        "product includes tests": ("broker/io/a.h", '#include "tests/support/process.h"'),
        "core reads clock": ("broker/core/a.cpp", "auto t = std::chrono::system_clock::now();"),
        "core uses threads": ("client-lib/core/a.cpp", "#include <thread>"),
        "core iterates unordered": ("broker/core/a.h", "std::unordered_map<int, int> x;"),
        "core uses floats": ("client-lib/mls/a.h", "double x = 0;"),
        "core draws": ("broker/core/a.cpp", "std::random_device device;"),
        "core sees system": ("client-lib/core/a.cpp", '#include "proto/common/system.h"'),
        "generated leaks": ("broker/core/a.cpp", '#include "hub.pb.h"'),
        "too long": ("broker/io/a.cpp", "\n" * (FILE_LINES_MAX + 1)),
        "too wide": ("broker/io/a.cpp", "x" * (LINE_COLUMNS_MAX + 1)),
        "unfinished": ("broker/io/a.cpp", "// TO" + "DO later"),
    }
    missed = [f"canary: '{name}' was not caught" for name, (path, text) in planted.items()
              if not check_file(path, text)]
    clean = check_file("broker/core/a.cpp", '#include "broker/core/hub_core.h"\n#include "proto/wire/hub.h"\n')
    return missed + [f"canary: false alarm: {finding}" for finding in clean]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    findings = canary() if sys.argv[1] == "--canary" else check_tree(Path(sys.argv[1]))
    for finding in findings:
        print(finding)
    print(f"house_lint: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
