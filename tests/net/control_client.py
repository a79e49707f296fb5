#!/usr/bin/env python3
"""control_client.py DEVICE COMMAND [ARGUMENT]...: does to a control socket what `wg` does not. What it sends is its standard
input, or made here; what comes back it prints.

  ask              sends one request, and reads its answer, or "closed"
  listen           sends, and reads till the other side ends ("closed") or nothing has come for a while ("open")
  piecemeal        the same, a byte at a time
  leave            sends, and goes without reading
  stall COUNT      so many connections, each of which sends that, stays, and never reads
  empty COUNT      so many connections that say nothing and go, one after another
  crowd COUNT      so many at once, each with sets of a peer of its own and gets between them
  pour BYTES       a set of so many bytes that never ends: how far it got, and how it was cut
"""
import signal
import socket
import sys
import threading

QUIET_S = 0.5
ANSWER_S = 20
CROWD_SETS = 3


def connect(device):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(ANSWER_S)
    client.connect(f"/run/wireguard/{device}.sock")
    return client


def read_all(client):
    """All that comes, the first of it at leisure and the rest soon. The second is how it ended."""
    reply = b""
    try:
        while True:
            part = client.recv(1 << 20)
            if not part:
                return reply, "closed"
            reply += part
            client.settimeout(QUIET_S)
    except socket.timeout:
        return reply, "open"
    except ConnectionResetError:
        return reply, "closed"


def read_answer(client):
    reply = b""
    while not (b"errno=" in reply and reply.endswith(b"\n\n")):
        part = client.recv(1 << 20)
        if not part:
            raise EOFError(f"closed behind {reply!r}")
        reply += part
    return reply.decode()


def ask(device, request):
    with connect(device) as client:
        client.sendall(request)
        try:
            sys.stdout.write(read_answer(client))
        except (EOFError, ConnectionResetError):
            print("closed")


def listen(device, pieces):
    client = connect(device)
    for piece in pieces:
        client.sendall(piece)
    reply, end = read_all(client)
    sys.stdout.write(reply.decode() + end + "\n")


def leave(device, request):
    client = connect(device)
    client.sendall(request)
    client.close()


def stay(device, count, request):
    clients = [connect(device) for _ in range(count)]
    for client in clients:
        client.sendall(request)
    print("there", flush=True)
    signal.pause()


def empty(device, count):
    for _ in range(count):
        connect(device).close()


def key_of(number):
    """Of nobody: any 32 bytes are a public key."""
    return f"{number + 1:08x}" + "c0" * 28


def set_and_get(client, number, interval_s):
    """Empty, or what is wrong."""
    client.sendall(f"set=1\npublic_key={key_of(number)}\npersistent_keepalive_interval={interval_s}\n\n".encode())
    answer = read_answer(client)
    if answer != "errno=0\n\n":
        return f"{number}: the set is answered {answer!r}"
    client.sendall(b"get=1\n\n")
    shown = interval_in(read_answer(client), number)
    return "" if shown == interval_s else f"{number}: set to {interval_s}, and the get says {shown}"


def interval_in(state, number):
    _, found, rest = state.partition(f"public_key={key_of(number)}\n")
    if not found:
        return None
    return int(rest.partition("persistent_keepalive_interval=")[2].partition("\n")[0])


def crowd(device, count):
    """Intervals that end with the number of each; 1 if something was not as it was set."""
    begin = threading.Barrier(count)
    complaints = []

    def visit(number):
        begin.wait()
        try:
            with connect(device) as client:
                for i in reversed(range(CROWD_SETS)):
                    complaint = set_and_get(client, number, number + i * count + 1)
                    if complaint:
                        complaints.append(complaint)
        except (OSError, EOFError) as error:
            complaints.append(f"{number}: {error!r}")

    threads = [threading.Thread(target=visit, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    complaints += last_state(device, count)
    print("\n".join(complaints[:10]))
    return 1 if complaints else 0


def last_state(device, count):
    with connect(device) as client:
        client.sendall(b"get=1\n\n")
        state = read_answer(client)
    shown = {number: interval_in(state, number) for number in range(count)}
    return [f"{number}: at last {interval}" for number, interval in shown.items() if interval != number + 1]


def pour(device, size):
    client = connect(device)
    line = b"listen_port=51820\n" * 4096
    sent = client.send(b"set=1\n")
    try:
        while sent < size:
            sent += client.send(line)
        end = "taken"
    except (BrokenPipeError, ConnectionResetError):
        end = "cut"
    print(end, sent)


def main(device, command, *arguments):
    number = int(arguments[0]) if arguments else 0
    request = b"" if command in ("crowd", "pour", "empty") else sys.stdin.buffer.read()
    if command == "ask":
        ask(device, request)
    elif command == "listen":
        listen(device, [request])
    elif command == "piecemeal":
        listen(device, [request[i : i + 1] for i in range(len(request))])
    elif command == "leave":
        leave(device, request)
    elif command == "stall":
        stay(device, number, request)
    elif command == "empty":
        empty(device, number)
    elif command == "crowd":
        return crowd(device, number)
    elif command == "pour":
        pour(device, number)
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
