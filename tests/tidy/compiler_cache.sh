#!/usr/bin/env bash
# compiler_cache.sh ROOT: what ROOT/cmake/compiler_cache.sh promises, with an empty cache and two sources of a few
# lines, compiled as CMake's Ninja files do. Two clones share g++'s work; where a comment of a precompiled header
# has changed, the next source builds.
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CCACHE_DIR=$work/cache

# clone NAME COMMENT: a clone of the project, with COMMENT in its header.
clone() {
  mkdir "$work/$1"
  printf '#pragma once\n// %s\n#include <vector>\nstruct Night { std::vector<int> calls; };\n' "$2" \
    >"$work/$1/night.h"
  printf '#pragma once\n#include <night.h>\n' >"$work/$1/wide.h"
  printf '\n' >"$work/$1/wide.cpp"
}

# build NAME COMPILER ANSWER: the header, and a program that exits with ANSWER; prints "hits/calls" of the cache.
build() (
  cd "$work/$1"
  . "$root/cmake/compiler_cache.sh"
  ccache --zero-stats >/dev/null
  rm -f -- *.gch *.pch *.o
  printf '#include "night.h"\nint main() { return int(Night{}.calls.size()) + %s; }\n' "$3" >main.cpp
  if [[ $2 == g++ ]]; then
    read_once=(-include "$PWD/wide.h") use=("${read_once[@]}") made=wide.h.gch
  else
    as_read=(-Xclang -fno-pch-timestamp -Xclang -include -Xclang "$PWD/wide.h") made=wide.h.pch
    read_once=("${as_read[@]}" -Xclang -emit-pch) use=("${as_read[@]}" -Xclang -include-pch -Xclang "$PWD/$made")
  fi
  ccache "$2" -I"$PWD" "${read_once[@]}" -x c++-header -MD -MT $made -MF $made.d -o $made -c wide.cpp
  ccache "$2" -I"$PWD" -Winvalid-pch "${use[@]}" -MD -MT main.o -MF main.d -o main.o -c main.cpp
  ccache --print-stats \
    | awk '/^(direct|preprocessed)_cache_hit/ {hits += $2} /^cache_miss/ {misses += $2}
           END {print hits + 0 "/" hits + misses}'
)

# expect WHAT WANTED GOT
expect() {
  [[ $3 == "$2" ]] && return
  echo "$1: $3 calls of the compiler were found in the cache, not $2"
  exit 1
}

for compiler in g++ clang++-19; do
  rm -rf "${work:?}"/*
  clone first "a night"
  expect "$compiler, nothing cached" 0/2 "$(build first $compiler 1)"
  expect "$compiler, the same again" 2/2 "$(build first $compiler 1)"
  if [[ $compiler == g++ ]]; then
    clone second "a night"
    expect "$compiler, another clone" 2/2 "$(build second $compiler 1)"
  fi
  sed -i 's/a night/another night/' "$work/first/night.h"
  expect "$compiler, a changed comment and a changed source" 0/2 "$(build first $compiler 2)"
done
echo "the compiler cache: all checks hold"
