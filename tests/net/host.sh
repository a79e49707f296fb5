# shellcheck shell=bash
# What a tunnel does to its machine, as text that can be compared; and what it meets there besides the kernel: a resolvconf
# that keeps in /run/resolvconf what it was told, and hangs then if there is a file /run/resolvconf.hangs. Sourced, instead
# of lib.sh, by the tests that drive wg-quick.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

resolvconf='#!/bin/sh
entries=/run/resolvconf
mkdir -p "$entries"
echo "$*" >>/run/resolvconf.calls
case $1 in
  -a)
    { echo "$*"; cat; } >"$entries/$2"
    [ ! -e /run/resolvconf.hangs ] || sleep 60
    ;;
  -d) rm -f "$entries/$2" ;;
  -l) sed 1d "$entries/$2" ;;
esac'

# furnish SIDE: the fake resolvconf, and minivpn by its name alone. Debian has wg-quick search its own folder first, so what
# is installed there gives way on this side.
furnish() {
  local name
  install -d "$work/bin"
  echo "$resolvconf" >"$work/bin/resolvconf"
  chmod 755 "$work/bin/resolvconf"
  ln -sf "$minivpn" "$work/bin/minivpn"
  for name in resolvconf minivpn; do
    [[ ! -e /usr/bin/$name ]] || on "$1" mount --bind "$work/bin/$name" "/usr/bin/$name"
  done
}

# furnished SIDE COMMAND...
furnished() {
  on "$1" env PATH="$work/bin:$PATH" "${@:2}"
}

# wg_quick SIDE IMPLEMENTATION up|down NAME
wg_quick() {
  furnished "$1" env LOG_LEVEL=silent WG_QUICK_USERSPACE_IMPLEMENTATION="$2" wg-quick "$3" "$4"
}

# One line for each thing. Left out is what no two machines have in common: indices, handles, the addresses of network
# cards, and the link-local ones, with the routes that come and go with these.
state_of_host='
import json, os, subprocess

def said(*command):
  return subprocess.run(command, capture_output=True, check=True, text=True).stdout

def show(kind, thing):
  print(kind, json.dumps(thing, sort_keys=True))

def without(keys, thing):
  if isinstance(thing, dict):
    return {key: without(keys, value) for key, value in thing.items() if key not in keys}
  return [without(keys, each) for each in thing] if isinstance(thing, list) else thing

def is_link_local(route):
  return route["dst"].startswith("fe80:") or route["dst"] == "ff00::/8"

def links():
  for link in json.loads(said("ip", "-j", "address")):
    for address in link.pop("addr_info"):
      if address["scope"] != "link":
        show("address " + link["ifname"], address)
    cards = ["address", "broadcast", "ifindex", "link_index", "link_netnsid", "addr_info"]
    show("link", without(cards, link))

def routes(family):
  for route in json.loads(said("ip", "-j", family, "route", "show", "table", "all")):
    if not is_link_local(route):
      show("route " + family, route)
  for rule in json.loads(said("ip", "-j", family, "rule") or "[]"):
    show("rule " + family, rule)

def firewall():
  counts = {}
  for entry in json.loads(said("nft", "-j", "list", "ruleset"))["nftables"]:
    (kind, thing), = without(["handle"], entry).items()
    if kind == "metainfo":
      continue
    if kind == "rule":
      place = " ".join(thing[key] for key in ("family", "table", "chain"))
      counts[place] = counts.get(place, 0) + 1
      kind += " %d" % counts[place]
    if "\"fe80:" in json.dumps(thing):
      continue
    show("nft " + kind, thing)

def names(folder):
  for name in os.listdir(folder) if os.path.exists(folder) else []:
    show("dns " + name, open(os.path.join(folder, name)).read())

links()
routes("-4")
routes("-6")
firewall()
names("/run/resolvconf")
show("src_valid_mark", open("/proc/sys/net/ipv4/conf/all/src_valid_mark").read())
show("fwmark", said("wg", "show", "all", "fwmark"))
folder = "/run/wireguard"
show("sockets", [name for name in os.listdir(folder) if name[0] != "."] if os.path.exists(folder) else [])'

state_of() {
  on "$1" python3 -c "$state_of_host" | sort
}

# remember SIDE NAME
remember() {
  state_of "$1" >"$work/$2.state"
}

# is_as SIDE NAME: nothing is more, and nothing less, than what was remembered.
is_as() {
  state_of "$1" >"$work/now.state" && diff "$work/$2.state" "$work/now.state"
}

# becomes_as SIDE NAME: within moments, for the kernel clears up behind a process that was killed.
becomes_as() {
  wait_for 5 is_as "$1" "$2"
}
