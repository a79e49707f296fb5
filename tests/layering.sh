#!/bin/bash
# layering.sh BUILD: proves the layers of src/README.md. Includes point only along the arrows, and the pure layers need
# nothing from outside but memory, strings and cryptography: no descriptor, no clock, no randomness, no printing, no libuv.
# Each check first finds a fault planted in a copy.
set -euo pipefail

build=$(realpath "$1")
src=$(realpath "$(dirname "$0")/../src")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pure=(base crypto proto tunnel)
declare -A may_include=(
  [base]="base"
  [crypto]="base crypto"
  [proto]="base crypto proto"
  [tunnel]="base crypto proto tunnel"
  [config]="base crypto proto tunnel config"
  [control]="base crypto proto tunnel control minivpn"
  [edge]="base crypto proto tunnel edge"
  [cli]="base crypto proto tunnel config control edge cli minivpn"
)

# What a pure archive may leave to others to define, as an extended regular expression.
allowed='mv_[a-z0-9_]+'
allowed+='|mem(cmp|cpy|move|set)(_chk)?|str(n?len|chr|rchr|n?cmp|cspn|spn|toull?)|__ctype_b_loc|__errno_location'
allowed+='|memmem|str(dup|str)|malloc|calloc|realloc|free|aligned_alloc|sysconf'
allowed+='|v?snprintf|inet_(pton|ntop)|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'
allowed+='|__cpu_(model|indicator_init)|imb_(get_errno|get_mb_mgr_size|set_pointers_mb_mgr)|init_mb_mgr_auto'
allowed+='|crypto_(aead|scalarmult|shorthash|verify)_?[a-z0-9_]*|blake2s_(init|init_key|update|final)'
allowed+='|randombytes_buf_deterministic|sodium_(malloc|allocarray|free|mlock|munlock|memzero|stackzero|memcmp|is_zero|base642bin|bin2base64|bin2hex|hex2bin)'

# wrong_includes FOLDER: every include of a layer by one that may not include it.
wrong_includes() {
  local layer file included
  for layer in "${!may_include[@]}"; do
    for file in "$1/$layer"/*.[ch]; do
      while read -r included; do
        [[ " ${may_include[$layer]} " == *" $included "* ]] || echo "${file#"$1/"} includes $included/"
      done < <(sed -nE 's|^#include "([a-z]+)/.*|\1|p' "$file")
    done
  done
}

# The system headers that a pure layer may not see. The exceptions name what they are for; forbidden_symbols sees to it
# that it stays at that.
readonly exceptions='base/(addr|hexdump|log)\.c:[0-9]+:#include <stdio\.h>|base/addr\.c:[0-9]+:#include <sys/socket\.h>|tunnel/(endpoints|peername)\.c:[0-9]+:#include <stdio\.h>|tunnel/slab\.c:[0-9]+:#include <unistd\.h>'

wrong_libraries() {
  local layer
  for layer in "${pure[@]}"; do
    grep -HnE '^#include <(uv|ini|libmnl/.*|fcntl|unistd|time|stdio|sys/(socket|ioctl|time|epoll)|pthread)\.h>' \
      "$1/$layer"/*.[ch] | grep -vE "$exceptions" || true
  done
}

# forbidden_symbols ARCHIVE
forbidden_symbols() {
  nm -u "$1" | awk '$1 == "U" {print $2}' | sed -E 's/^__(.*)_chk$/\1/' | sort -u | grep -vxE "$allowed" || true
}

# nothing WHAT COMMAND...
nothing() {
  local what=$1 found
  shift
  found=$("$@")
  if [[ -n $found ]]; then
    echo "not ok - $what"
    echo "$found"
    exit 1
  fi
  echo "ok - $what"
}

# something WHAT TEXT COMMAND...: the control: the same check finds what was planted.
something() {
  local what=$1 text=$2 found
  shift 2
  found=$("$@")
  if [[ $found != *"$text"* ]]; then
    echo "not ok - $what: '$text' was planted and not found"
    exit 1
  fi
  echo "ok - $what"
}

cp -r "$src" "$work/src"
echo '#include "edge/tun.h"' >>"$work/src/proto/noise.c"
echo '#include <time.h>' >>"$work/src/tunnel/tick.c"
something "control: a planted include is found" "proto/noise.c includes edge/" wrong_includes "$work/src"
nothing "includes point along the arrows" wrong_includes "$src"
something "control: a planted library is found" "tunnel/tick.c" wrong_libraries "$work/src"
nothing "the pure layers see no system library" wrong_libraries "$src"

cc -c -x c - -o "$work/planted.o" <<<'#include <time.h>
long planted(void); long planted(void) { return time(0); }'
for layer in "${pure[@]}"; do
  cp "$build/src/libmv_$layer.a" "$work/"
  ar q "$work/libmv_$layer.a" "$work/planted.o" 2>/dev/null
  something "control: a planted symbol in $layer is found" time forbidden_symbols "$work/libmv_$layer.a"
  nothing "$layer needs nothing impure" forbidden_symbols "$build/src/libmv_$layer.a"
done
