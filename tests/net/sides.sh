# shellcheck shell=bash
# Two sides, a and b, that stand for two machines: each has a network, a mount and a process
# namespace of its own, and a veth link that is called `wire` on both joins them. Each side has its
# own /run and /var/lib, since the namespaces of one machine would share the folders of the control
# sockets and of what tunnels keep. Sourced by the network tests and by the demo.
#
# Nothing is left behind, however the script ends: whatever runs on a side dies with the first
# process of the side, and that one dies with the script, also by SIGKILL. Devices and the link go
# with their namespaces.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by a shell on the side

readonly -A wire4=([a]=192.0.2.1 [b]=192.0.2.2)
readonly -A wire6=([a]=fd00:5::1 [b]=fd00:5::2)

declare -A side_pid=()  # first process of a side, as the script sees it
declare -A job=()       # what spawn started, by name
declare -A job_side=()

# clean_up_by FUNCTION: calls it at the end, whatever the end is.
clean_up_by() {
  # shellcheck disable=SC2064 # the name is meant to be expanded now
  trap "$1" EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

# wait_for SECONDS COMMAND...: tries until the command succeeds, for so long, and once more, with all that it says.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      "$@"
      return
    fi
    sleep 0.05
  done
}

# hold SIDE FOLDER: starts the first process of the side and leaves its pid in FOLDER/SIDE.pid. It
# ignores SIGCHLD, so that the kernel buries the daemons that end there.
hold() {
  setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child -- sh -c '
    read -r pid _ </proc/self/stat
    mount -t proc proc /proc
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/lib
    echo "$pid" >"$1"
    exec env --ignore-signal=CHLD sleep infinity' sh "$2/$1.pid" 2>"$2/$1.err" &
}

# share SIDE OTHER FOLDER: a side with a network of its own and the rest in common with OTHER. Its pid is read where /proc
# is still that of the script.
share() {
  local other=${side_pid[$2]}
  # It dies with OTHER, and bash does not tell of that.
  {
    nsenter -t "$other" -p -- sh -c '
      read -r pid _ </proc/self/stat
      exec nsenter -t "$2" -m -- unshare --net -- env --ignore-signal=CHLD \
        sh -c "echo \$0 >\$1; exec sleep infinity" "$pid" "$1"' sh "$3/$1.pid" "$other" || true
  } 2>"$3/$1.err" &
}

# side_up SIDE FOLDER: waits until the side that hold or share began is there.
side_up() {
  if ! wait_for 10 test -s "$2/$1.pid"; then
    cat "$2/$1.err" >&2
    return 1
  fi
  side_pid[$1]=$(<"$2/$1.pid")
  on "$1" ip link set lo up
}

# on_network SIDE COMMAND...: with the pids of the script, since those of one side mean nothing on another.
on_network() {
  nsenter -t "${side_pid[$1]}" -n -- "${@:2}"
}

# link SIDE DEVICE OTHER DEVICE: a veth link between the two.
link() {
  on_network "$1" ip link add "$2" type veth peer name "$4" netns "${side_pid[$3]}"
  on "$1" ip link set "$2" addrgenmode none up
  on "$3" ip link set "$4" addrgenmode none up
}

# sides_up FOLDER: makes both sides and the link. FOLDER is the caller's, for small files.
sides_up() {
  local side
  for side in a b; do
    rm -f "$1/$side.pid"
    hold "$side" "$1"
  done
  for side in a b; do
    side_up "$side" "$1" || return 1
  done
  link a wire b wire
  for side in a b; do
    on "$side" ip address add "${wire4[$side]}/24" dev wire
    on "$side" ip address add "${wire6[$side]}/64" dev wire nodad
  done
}

# sides_down: ends both sides and all that runs there, and waits for it.
sides_down() {
  local side
  for side in "${!side_pid[@]}"; do
    kill -KILL "${side_pid[$side]}" 2>/dev/null || true
  done
  side_pid=()
  job=()
  wait
}

# on SIDE COMMAND...
on() {
  local side=$1
  shift
  nsenter -t "${side_pid[$side]}" -n -m -p --wdns="$PWD" -- "$@"
}

# spawn FOLDER/NAME SIDE COMMAND...: runs it in the background, with its output in NAME.out and
# NAME.err. What a script runs in the background ignores SIGINT; this does not.
spawn() {
  local path=$1 side=$2
  shift 2
  rm -f "$path.pid"
  on "$side" sh -c 'echo $$ >"$1"; shift; exec env --default-signal=INT,QUIT "$@"' \
    sh "$path.pid" "$@" >"$path.out" 2>"$path.err" &
  job[$path]=$!
  job_side[$path]=$side
  wait_for 10 test -s "$path.pid"
}

# running FOLDER/NAME
running() {
  kill -0 "${job[$1]}" 2>/dev/null
}

# signal FOLDER/NAME SIGNAL
signal() {
  # By a shell, since the program kill is not in every Debian.
  on "${job_side[$1]}" sh -c 'kill "$@"' sh "-$2" "$(<"$1.pid")"
}

# finished FOLDER/NAME SECONDS: waits for the end and returns the exit status, or 124 when the time
# is over.
finished() {
  local pid=${job[$1]}
  wait_for "$2" not running "$1" || return 124
  unset "job[$1]"
  wait "$pid"
}

# not COMMAND...: for where a command is an argument.
not() {
  ! "$@"
}

# capture FOLDER/NAME SIDE INTERFACE: begins a capture; capture_end FOLDER/NAME ends it and leaves
# it in NAME.pcap.
capture() {
  spawn "$1" "$2" tcpdump -i "$3" -n -U --immediate-mode -w -
  wait_for 10 grep -q 'listening on' "$1.err"
}

capture_end() {
  # Nothing announces the last packet; what is on its way gets there within moments.
  sleep 0.3
  signal "$1" INT
  finished "$1" 10
  mv "$1.out" "$1.pcap"
}

# captured FOLDER/NAME FILTER: the packets that the filter selects, one a line.
captured() {
  tcpdump -r "$1.pcap" -n "$2" 2>/dev/null
}
