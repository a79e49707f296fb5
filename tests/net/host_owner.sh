#!/bin/bash
# host_owner.sh: of several that work on one machine none undoes what is another's, and what could not be undone is not forgotten:
# two `up` at once after a crash, an old `up -f` beside a new tunnel, a step that fails beside another default route, a device of
# the same name without a file, a library that is missing for a while.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

# shellcheck source=tests/net/host.sh
source "$(dirname "$0")/host.sh"

readonly endpoint=192.0.2.2:51820

# write_file NAME [INTERFACE LINE]...: a tunnel with default routes.
write_file() {
  local file=$work/$1.conf
  {
    printf '[Interface]\nPrivateKey = %s\nAddress = 10.77.0.1/24, fd77::1/64\n' "$(wg genkey)"
    printf '%s\n' "${@:2}"
    printf '[Peer]\nPublicKey = %s\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = %s\n' "$(<"$work/b.pub")" "$endpoint"
  } >"$file"
}

run() {
  furnished a minivpn "$@"
}

up() {
  run up "$work/$1.conf"
}

down() {
  run down "$1"
}

# start NAME COMMAND...: beside this script.
start() {
  spawn "$work/$1" a env PATH="$work/bin:$PATH" "$minivpn" "${@:2}"
}

# ended STATUS NAME...: all of them, and their exit statuses, sorted, are these.
ended() {
  local name status statuses=()
  for name in "${@:2}"; do
    status=0
    finished "$work/$name" 20 || status=$?
    statuses+=("$status")
    cat "$work/$name.err"
  done
  [[ $(printf '%s\n' "${statuses[@]}" | sort -n | paste -sd ' ') == "$1" ]]
}

# killed DEVICE: the process that carries it, by its control socket.
killed() {
  on a sh -c 'kill -KILL $(pidof minivpn)' && wait_for 10 not on a ip link show "$1"
}

# --- After a crash ---

one_up_of_two() {
  start first up "$work/wg0.conf" && start second up "$work/wg0.conf" && ended "0 1" first second
}

test_two_after_a_crash() {
  local round
  write_file wg0
  check "a tunnel is up" up wg0
  remember a up
  for round in 1 2 3; do
    check "two at once, $round: SIGKILL of what carries the tunnel" killed wg0
    check "two at once, $round: one of them succeeds" one_up_of_two
    check "two at once, $round: and nobody undoes what it did" is_as a up
  done
  check "two at once: it goes down" down wg0
  check "two at once: nothing is left" becomes_as a before
}

# The old one ends when the new one may be there already.
test_old_foreground() {
  local round
  for round in 1 2 3; do
    start foreground up -f "$work/wg0.conf"
    check "old up -f, $round: it is up" wait_for 10 is_as a up
    check "old up -f, $round: down, and up at once" eval 'down wg0 && up wg0'
    check "old up -f, $round: it has ended" ended 0 foreground
    check "old up -f, $round: and the new tunnel is whole" is_as a up
    check "old up -f, $round: it goes down" down wg0
    check "old up -f, $round: nothing is left" becomes_as a before
  done
}

# --- Beside others ---

test_failure_beside_another() {
  local hook
  for hook in PreUp PostUp; do
    write_file wg1 "$hook = false"
    check "$hook fails beside another: the other is up" up wg0
    remember a other
    check "$hook fails beside another: it fails" ends 1 up wg1
    check "$hook fails beside another: the other has all of its own" is_as a other
    check "$hook fails beside another: the other goes down" down wg0
    check "$hook fails beside another: nothing is left" becomes_as a before
  done
}

both_up() {
  start first up "$work/wg0.conf" && start second up "$work/wg1.conf" && ended "0 0" first second
}

marks_differ() {
  local marks
  marks=$(on a wg show all fwmark | cut -f 2 | sort -u)
  echo "$marks"
  [[ $(wc -l <<<"$marks") == 2 ]]
}

test_parallel() {
  write_file wg1 "PreUp = sleep 1"
  write_file wg0 "PreUp = sleep 1"
  check "two default routes at once: both come up" both_up
  check "two default routes at once: each has a mark of its own" marks_differ
  check "two default routes at once: one goes" down wg0
  check "two default routes at once: src_valid_mark stays for the other" \
    shows 1 on a sysctl -n net.ipv4.conf.all.src_valid_mark
  check "two default routes at once: the other goes" down wg1
  check "two default routes at once: nothing is left" becomes_as a before
}

same_file() {
  cmp "$work/wg0.conf" "$work/wg0.before"
}

# What an earlier tunnel of the name wanted is none of this one's.
test_bare_of_the_same_name() {
  write_file wg0 "SaveConfig = true" "PreDown = touch /run/pre_down"
  cp "$work/wg0.conf" "$work/wg0.before"
  check "a device of the same name: a tunnel is up" up wg0
  check "a device of the same name: SIGKILL" killed wg0
  check "a device of the same name: it is made" run wg0
  check "a device of the same name: down" down wg0
  check "a device of the same name: the file is as it was" same_file
  check "a device of the same name: no command of the old one" not on a test -e /run/pre_down
  check "a device of the same name: nothing is left" becomes_as a before
}

# --- What fails ---

library() {
  on a sh -c 'readlink -f /usr/lib/*/libnftables.so.1'
}

test_undone_later() {
  local library
  library=$(library)
  write_file wg0
  check "no library: a tunnel is up" up wg0
  check "no library: it goes away" on a mount --bind /dev/null "$library"
  check "no library: down fails" ends 1 down wg0
  check "no library: it says what it could not do" said "firewall's table"
  check "no library: the rest is done" wait_for 5 not on a pidof minivpn
  check "no library: it comes back" on a umount "$library"
  check "no library: something is left" not is_as a before
  check "no library: down once more" down wg0
  check "no library: nothing is left" becomes_as a before
}

test_without_library() {
  local library
  library=$(library)
  on a mount --bind /dev/null "$library"
  check "without the library: up" ends 0 up wg0
  check "without the library: it warns" said warning libnftables.so.1
  check "without the library: down" down wg0
  on a umount "$library"
  check "without the library: nothing is left" becomes_as a before
}

# One that has done its work, and fails or hangs then, is asked to undo it.
test_dns_by_halves() {
  local call
  for call in 'exit 3' 'sleep 60'; do
    write_file wg0 "DNS = 9.9.9.9"
    sed -i "s/\[ ! -e .*/$call/" "$work/bin/resolvconf"
    start up up "$work/wg0.conf"
    check "resolvconf and $call: it was called" wait_for 10 on a test -s /run/resolvconf/wg0
    [[ $call == exit* ]] || check "resolvconf and $call: up is interrupted" signal "$work/up" TERM
    check "resolvconf and $call: up ends" ended "$([[ $call == exit* ]] && echo 0 || echo 1)" up
    [[ $call != exit* ]] || check "resolvconf and $call: down" down wg0
    check "resolvconf and $call: nothing is left" becomes_as a before
    furnish a
  done
}

test_odd_path() {
  local folder=$work/$'x\nPostDown 1 touch /run/owned'
  mkdir -p "$folder"
  cp "$work/wg0.conf" "$folder/"
  check "a line in the path: up fails" ends 1 run up "$folder/wg0.conf"
  check "a line in the path: it says why" said "control byte"
  check "a line in the path: nothing is left" becomes_as a before
}

net_begin 170 ip wg nft python3 -- "$@"
need_minivpn
furnish a
on a sysctl -q net.ipv4.conf.all.src_valid_mark=0
# Once, so that what stays behind, the folders, is there before.
write_file wg0
up wg0 >/dev/null 2>&1 && down wg0 >/dev/null 2>&1
remember a before
test_two_after_a_crash
test_old_foreground
test_failure_beside_another
test_parallel
test_bare_of_the_same_name
test_undone_later
test_without_library
test_dns_by_halves
test_odd_path
net_end
