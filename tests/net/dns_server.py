#!/usr/bin/env python3
"""A DNS server of the smallest kind, for endpoints.sh: dns_server.py ADDRESS TABLE.

It answers A and AAAA by the lines "NAME ADDRESS" of the table, which it reads anew for each question. While there is no table it
is silent, as a server is that cannot be reached. A line "after SECONDS" lets each answer wait for so long,
and names that end in .silent never get one.
"""

import ipaddress
import os
import socket
import struct
import sys
import threading

TYPES = {1: 4, 28: 6}


def read_name(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    return ".".join(labels).lower(), at + 1


def answer(question, table):
    name, at = read_name(question)
    (kind,) = struct.unpack_from(">H", question, at)
    known = [line.split() for line in table.splitlines()]
    addresses = [ipaddress.ip_address(words[1]) for words in known if words[0] == name]
    records = [a.packed for a in addresses if a.version == TYPES.get(kind)]
    code = 0 if addresses else 3
    header = question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
    body = b"".join(
        b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(packed)) + packed
        for packed in records
    )
    return header + question[12 : at + 4] + body


def delay(table):
    waits = [line.split()[1] for line in table.splitlines() if line.startswith("after ")]
    return float(waits[0]) if waits else 0


def serve(server, question, client, table):
    if read_name(question)[0].endswith(".silent"):
        return
    wait = threading.Timer(delay(table), server.sendto, (answer(question, table), client))
    wait.daemon = True
    wait.start()


def main(address, path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        print("ready", flush=True)
        while True:
            question, client = server.recvfrom(512)
            if os.path.exists(path):
                with open(path) as table:
                    serve(server, question, client, table.read())


main(*sys.argv[1:])
