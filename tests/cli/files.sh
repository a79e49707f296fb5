#!/bin/bash
# files.sh MINIVPN: check, strip, and the words that are no command, as somebody without privileges uses them: what they print,
# how they end, and that they touch nothing. Where this is root, it goes on as nobody, with /etc/minivpn and /etc/wireguard of its own.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by another shell
set -euo pipefail

minivpn=$(realpath "$1")
if ((EUID == 0)); then
  exec unshare --mount bash -c '
    mount -t tmpfs -o mode=755 etc /etc/opt && cp /etc/{passwd,group,services,ld.so.cache,nsswitch.conf} /etc/opt && mount --move /etc/opt /etc || exit 77
    mkdir /etc/minivpn /etc/wireguard
    install -m 755 "$1" /etc/minivpn/minivpn
    "$1" genkey 2>/dev/null | sed "s/^/[Interface]\nPrivateKey = /" | tee /etc/minivpn/one.conf /etc/wireguard/one.conf >/etc/wireguard/two.conf
    echo "MTU = 1399" >>/etc/minivpn/one.conf
    chmod 644 /etc/minivpn/one.conf /etc/wireguard/*.conf
    exec setpriv --reuid 65534 --regid 65534 --clear-groups bash "$2" /etc/minivpn/minivpn' bash "$minivpn" "$(realpath "$0")"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
checks=0

fail() {
  echo "not ok - $1"
  cat out err
  exit 1
}

# ends WHAT STATUS ARGUMENT...: of minivpn; what it prints is in out and err.
ends() {
  local status=0
  "$minivpn" "${@:3}" >out 2>err || status=$?
  ((status == $2)) || fail "$1: exit status $status, wanted $2"
  checks=$((checks + 1))
}

# said FILE LINE...: each of these lines is there, whole.
said() {
  local line
  for line in "${@:2}"; do
    grep -qxF -- "$line" "$1" || fail "no line: $line"
    checks=$((checks + 1))
  done
}

key=$("$minivpn" genkey 2>/dev/null)
public=$("$minivpn" pubkey <<<"$key")
peer=$("$minivpn" genkey 2>/dev/null | "$minivpn" pubkey)
umask 077

# --- check ---

cat >wg0.conf <<END
[Interface]
PrivateKey = $key
Address = 10.0.0.1/24, fd00::1/64
ListenPort = 51820
MTU = 1400
DNS = 9.9.9.9, corp.example
PostUp = echo %i # up
[Peer]
PublicKey = $peer
AllowedIPs = 0.0.0.0/0, 10.1.0.0/16, 10.0.0.2/32
Endpoint = 192.0.2.1:51820
END
ends "a valid file" 0 check wg0.conf
said out "wg0: public key $public, UDP port 51820, mark 0xca6c" \
  "wg0: peer $peer at 192.0.2.1:51820, allowed IPs 0.0.0.0/0, 10.1.0.0/16, 10.0.0.2/32" \
  "wg0: set the MTU to 1400" "wg0: add the address 10.0.0.1/24" "wg0: add the address fd00::1/64" \
  "wg0: set the DNS servers 9.9.9.9 corp.example" "wg0: add the route to 10.1.0.0/16" \
  "wg0: add the route to 0.0.0.0/0 in table 51820" "wg0: PostUp: echo %i # up" \
  "wg0: add the rule of the mark for IPv4: not fwmark 0xca6c lookup 51820" \
  "wg0: add the rule of the main table for IPv4: lookup main suppress_prefixlength 0"
! grep -q "10.0.0.2\|IPv6$" <(grep "route\|rule" out) || fail "a route that the own network covers, or a rule of IPv6"
[[ ! -e /sys/class/net/wg0 && ! -e /run/minivpn/wg0 ]] || fail "it has left something"

printf '[Interface]\nPrivateKey = %s\n Adress = 10.0.0.1\nAddress = 10.0.0.1/24,  10.0.0.300\n[Peer]\nAllowedIPs=10.0.0.0/8,,\n' \
  "$key" >bad.conf
ends "an invalid file" 3 check bad.conf
said err "bad.conf:3:2: error: unknown key 'Adress' in [Interface]: did you mean 'Address'?"
for place in 4:25 5:1 6:23; do
  grep -q "^bad.conf:$place.* error: " err || fail "no error at $place"
done
[[ ! -s out ]] || fail "an invalid file is not shown as if it were valid"

ends "no file" 2 check
ends "two files" 2 check wg0.conf bad.conf
ends "a file that is not there" 1 check none.conf
ends "a folder" 3 check .
ends "help" 0 check --help

# --- strip and showconf ---

ends "strip" 0 strip wg0.conf
diff out <(grep -v '^Address\|^MTU\|^DNS\|^PostUp' wg0.conf) || fail "strip"
ends "strip of an invalid file" 3 strip bad.conf
ends "strip of nothing" 2 strip
cat >excluded.conf <<END
[Interface]
PrivateKey = $key
[Peer]
PublicKey = $peer
ExcludedIPs = 128.0.0.0/2, 10.0.0.0/8
AllowedIPs = 0.0.0.0/0, fd00::/8
Endpoint = 192.0.2.1:51820
END
ends "what is excluded" 0 check excluded.conf
said out "excluded: add the route to fd00::/8" "excluded: add the route to 192.0.0.0/2 in table 51820" \
  "excluded: add the route to 11.0.0.0/8 in table 51820" \
  "excluded: add the rule of the mark for IPv4: not fwmark 0xca6c lookup 51820"
! grep -q "128.0.0.0/2\|route to 10\.\|0.0.0.0/0" out || fail "a route to what is excluded"
ends "strip of what is excluded" 0 strip excluded.conf
said out "AllowedIPs = 0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8, 12.0.0.0/6, 16.0.0.0/4, 32.0.0.0/3, 64.0.0.0/2, 192.0.0.0/2, fd00::/8"
ends "showconf of nothing" 2 showconf
ends "showconf of what is not up" 1 showconf wg9
ends "showconf of no name" 1 showconf ..

# --- Words ---

ends "a slip of the hand" 2 stauts
said err "minivpn: there is no command 'stauts': did you mean 'status'? A device of that name is made by 'minivpn -- stauts'"
ends "no name for a device" 2 'a/b'
ends "a word too many" 2 wg0 wg1
ends "no such option" 2 --no-such-option
ends "an option of this form alone" 2 -f
ends "a device, without privileges" 1 wg0
grep -q "as root" err || fail "it does not say what to do"

# --- Names ---

if [[ -e /etc/minivpn/one.conf ]]; then
  ends "a name in /etc/minivpn" 0 check one
  said out "one: set the MTU to 1399"
  ends "a name in /etc/wireguard" 0 check two
  grep -q "^two: public key" out || fail "it is another file"
fi
ends "a name of nothing" 1 check none
said err "minivpn: there is no file 'none' here, nor none.conf in /etc/minivpn or /etc/wireguard"
echo "ok - $checks checks"
