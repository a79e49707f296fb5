#!/usr/bin/env python3
"""make_seeds.py: writes the seeds of the targets whose inputs are binary into corpus/. The other seeds
are plain text, and were written by hand."""

import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
HOLD = 0x80


def ipv4(source, destination, payload=b"", protocol=17, flags=0):
    return (struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, flags, 64, protocol, 0)
            + bytes(map(int, source.split("."))) + bytes(map(int, destination.split(".")))
            + payload)


def ipv6(source, destination, payload=b"", following=17):
    def address(last):
        return b"\xfd" + bytes(14) + bytes([last])

    return (struct.pack(">IHBB", 6 << 28, len(payload), following, 64)
            + address(source) + address(destination) + payload)


def piece(content):
    return struct.pack("<H", len(content)) + content


def step(which, choice, content=b"", hold=False):
    return bytes([which | (HOLD if hold else 0), choice]) + content


def damage(at=0, mask=0):
    return struct.pack("<HB", at, mask)


# --- fuzz_datagram, by the places of its table of steps ---

def raw(content, choice=0, **more):
    return step(0, choice, piece(content), **more)


def signed(content, choice=0, **more):
    return step(1, choice, piece(content), **more)


def initiation(choice=0x20, index=7, stamp=bytes(12), harm=damage(), **more):
    return step(2, choice, struct.pack("<I", index) + stamp + harm, **more)


def response(choice=4, index=9, harm=damage(), **more):
    return step(3, choice, struct.pack("<I", index) + harm, **more)


def cookie_reply(choice=4, harm=damage(), **more):
    return step(4, choice, harm, **more)


def data(text, choice=0, counter=None, **more):
    if counter is None:
        return step(5, choice, piece(text), **more)
    return step(5, choice | 0x20, struct.pack("<Q", counter) + piece(text), **more)


def replay(type_, choice=0, harm=damage(), **more):
    return step(6, choice | (type_ - 1) << 3, harm, **more)


def ping(choice=0):
    return step(7, choice)


def time(seconds):
    return step(8, 0, struct.pack("<H", int(seconds * 100)))


def load(on):
    return step(9, on)


def lose(device, type_, count):
    return step(10, device | (type_ - 1) << 4, bytes([count]))


def link(device, up):
    return step(10, device | 8 | (0x10 if up else 0))


def change(choice):
    return step(11, choice)


def meanwhile(choice):
    return step(12, choice, hold=True)


INNER4 = ipv4("10.0.0.2", "10.0.0.1", b"payload.")
INNER6 = ipv6(2, 1, b"payload.")
LATER = bytes(11) + b"\x01"

DATAGRAM = {
    "types": raw(b"\1\0\0\0" + bytes(144)) + raw(b"\2\0\0\0" + bytes(88))
             + raw(b"\3\0\0\0" + bytes(60)) + raw(b"\4\0\0\0" + bytes(28)) + raw(b"\5"),
    "signed": signed(b"\1\0\0\0" + bytes(144)) + signed(b"\2\0\0\0" + bytes(88)),
    "data": data(INNER4) + data(INNER6) + data(b"") + data(INNER4 + bytes(20)),
    "data_batch": data(INNER4, hold=True) + data(INNER6, hold=True) + data(INNER4, counter=2),
    "data_bad": data(b"\x45") + data(ipv4("10.0.0.9", "10.0.0.1")) + data(INNER4[:24])
                + data(b"\x60" + bytes(39)) + data(ipv6(3, 1)),
    "counters": data(INNER4, counter=9000) + data(INNER4, counter=9000) + data(INNER4, counter=5)
                + data(INNER4, counter=2**64 - 2**13 - 2) + data(INNER4, counter=2**64 - 1),
    "roaming": data(INNER4, 2) + ping(2) + data(INNER4, 0) + ping(2),
    "initiations": initiation() + initiation() + time(1) + initiation() + time(0.1)
                   + initiation(0x28) + initiation(0x24) + initiation(harm=damage(50, 1)),
    "timestamps": initiation(0, stamp=b"\x40" + bytes(11)) + time(1) + initiation()
                  + initiation(0, stamp=b"\xff" * 12),
    "response": response() + response(0) + ping(3) + data(INNER4, 4),
    "response_batch": response(hold=True) + response(hold=True) + response(harm=damage(44, 1)),
    "cookie": cookie_reply() + cookie_reply(harm=damage(20, 1)) + time(6) + cookie_reply(),
    "load": load(1) + initiation() + initiation(0x30) + response() + response(0x14)
            + initiation(0x32) * 8 + load(0) + time(2) + initiation(),
    "replays": ping(0) + replay(4) + replay(1) + replay(2) + replay(4, harm=damage(30, 1)),
    "rekey": time(121) + ping(0) + ping(2) + time(121) + ping(2) + data(INNER4, 8) + time(190)
             + data(INNER4, 8) + ping(0) + data(INNER4, 0x10) + time(600),
    "lost": lose(0, 1, 9) + lose(1, 2, 3) + time(130) + ping(2) + time(20) + ping(0) + time(100),
    "down": link(0, False) + data(INNER4) + initiation() + link(0, True) + ping(2) + ping(0),
    "removed": data(INNER4, hold=True) + change(0) + data(INNER4) + initiation() + response(),
    "meanwhile": data(INNER4, hold=True) + meanwhile(0) + data(INNER6) + ping(2) + initiation(),
    "meanwhile_keys": meanwhile(12) + data(INNER4) + ping(2) + meanwhile(6) + response() + ping(3),
    "identity": change(12) + data(INNER4) + initiation() + ping(2) + change(4) + ping(2) + change(6)
                + initiation() + change(2) + ping(2),
}


# --- fuzz_tun ---

def packet(content, **more):
    return step(0, 0, piece(content), **more)


def long_packet(start, length, choice=3, **more):
    return step(0, choice, struct.pack("<H", length) + start.ljust(64, b"\0"), **more)


def many(count):
    return step(2, count - 1)


def tun_time(seconds):
    return step(3, 0, struct.pack("<H", int(seconds * 100)))


def mtu(size, receiver=0):
    return step(4, receiver, struct.pack("<H", size))


def tun_lose(device, type_, count):
    return step(5, device | (type_ - 1) << 1, bytes([count]))


OUT4 = ipv4("10.0.0.1", "10.0.0.2", b"payload.")
OUT6 = ipv6(1, 2, b"payload.")
ECHO6_ERROR = ipv6(1, 9, b"\1" + bytes(11), 58)

TUN = {
    "sent": packet(OUT4) + packet(OUT6) + packet(OUT4 + bytes(9)),
    "batch": packet(OUT4) + packet(OUT4, hold=True) + packet(OUT6, hold=True) + packet(b"\0"),
    "not_ip": packet(b"\0") + packet(b"\x45") + packet(OUT4[:19]) + packet(OUT6[:39])
              + packet(OUT4[:-1]) + packet(b"\x50" + bytes(40)),
    "no_route": packet(ipv4("10.0.0.1", "10.9.9.9", b"x" * 40)) + packet(ipv6(1, 9, b"x" * 40))
                + packet(ipv4("10.0.0.1", "10.9.9.9", b"\x08", 1))
                + packet(ipv4("10.0.0.1", "10.9.9.9", b"\x03", 1)) + packet(ECHO6_ERROR)
                + packet(ipv4("10.0.0.1", "224.0.0.1")) + packet(ipv4("10.0.0.1", "10.9.9.9", flags=5)),
    "too_big": mtu(1280) + long_packet(ipv4("10.0.0.1", "10.0.0.2", flags=0x4000), 1400)
               + long_packet(OUT6, 1300) + long_packet(OUT4, 1300) + long_packet(OUT6, 65535)
               + mtu(0) + long_packet(OUT4, 65500) + long_packet(OUT4, 65475),
    "staged": tun_lose(0, 1, 3) + packet(OUT4) + many(200) + long_packet(OUT4, 65535)
              + tun_time(12) + packet(OUT6),
    "gave_up": tun_lose(0, 1, 31) + packet(OUT4) + many(5) + tun_time(120) + packet(OUT4),
    "rekey": packet(OUT4) + tun_time(121) + packet(OUT4) + tun_time(181) + packet(OUT6)
             + tun_time(600) + packet(OUT4),
    "changes": step(6, 1) + packet(OUT4) + step(6, 2) + packet(OUT4) + step(6, 3) + packet(OUT6)
               + step(6, 9) + packet(OUT4) + step(6, 8) + packet(OUT4) + step(6, 0) + packet(OUT4),
    "down": packet(OUT4) + step(5, 4) + packet(OUT4) + step(5, 12) + packet(OUT4),
    "default_route": step(7, 0) + step(7, 1) + packet(ipv4("10.0.0.1", "8.8.8.8"))
                     + packet(ipv4("10.0.0.7", "8.8.8.8")) + packet(ipv6(7, 7)),
}


def write(folder, seeds):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    for number, (name, steps) in enumerate(seeds.items()):
        (CORPUS / folder / name).write_bytes(bytes([number % 8]) + steps)




def gso(kind, size, start, offset, packet_, flags=1):
    return struct.pack("<BBHHHH", flags, kind, 0, size, start, offset) + packet_


TCP = struct.pack(">HHIIBBHHH", 1000, 2000, 1, 2, 0x50, 0x10, 500, 0, 0)
UDP = struct.pack(">HHHH", 1000, 2000, 0, 0)

SPLIT = {
    "plain": gso(0, 0, 0, 0, OUT4, 0),
    "sum": gso(0, 0, 20, 6, ipv4("10.0.0.1", "10.0.0.2", UDP + b"x" * 9)),
    "tcp4": gso(1, 100, 20, 16, ipv4("10.0.0.1", "10.0.0.2", TCP + b"x" * 350, 6)),
    "tcp6": gso(4, 100, 40, 16, ipv6(1, 2, TCP + b"x" * 350, 6)),
    "udp4": gso(5, 100, 20, 6, ipv4("10.0.0.1", "10.0.0.2", UDP + b"x" * 350)),
    "udp6": gso(5, 100, 40, 6, ipv6(1, 2, UDP + b"x" * 350)),
    "tiny": gso(1, 1, 20, 16, ipv4("10.0.0.1", "10.0.0.2", TCP + b"x" * 20, 6)),
    "ecn": gso(0x81, 100, 20, 16, ipv4("10.0.0.1", "10.0.0.2", TCP + b"x" * 350, 6)),
}

# Bytes of a packet: its flow, and what is special about it; see add_packet of fuzz_coalesce.c.
COALESCE = {
    "flow": b"\0" * 10,
    "flows": b"\0\1\2\3" * 8,
    "full": b"\1" * 128,
    "short": b"\0\0\4\x32\0\0\0",
    "psh": b"\0\0\x08\1\x18\0\0",
    "ack": b"\2\2\x0a\2\1\2\2",
    "damaged": b"\0\0\x10\x30\0\1\0\0" + b"\1\1\x11\x1a\0\1\1",
    "dead": b"\0\x20\0",
    "large": b"\4\xdc\5" + b"\0" * 60,
}


def message(key, counter, text, damage_at=0xffff, damage=0):
    return struct.pack("<BQHBH", key, counter, damage_at, damage, len(text)) + text


AEAD = {
    "one": message(1, 0, b"x" * 64),
    "empty": message(1, 1, b"") + message(2, 2, b"", 3, 1),
    "batch": b"".join(message(i, i << 40, b"x" * i * 17) for i in range(20)),
    "many": b"".join(message(i, i, b"x" * (i * 7 % 100)) for i in range(80)),
    "long": message(3, 2 ** 64 - 1, b"x" * 4096) + message(4, 5, b"y" * 1023) + message(5, 6, b"z" * 961),
    "damaged": message(1, 9, b"x" * 1420, 700, 1) + message(1, 9, b"x" * 1420, 1430, 128),
}


def write_as_is(folder, seeds):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (CORPUS / folder / name).write_bytes(content)


write_as_is("split", SPLIT)
write_as_is("coalesce", COALESCE)
write_as_is("aead", AEAD)
write("datagram", DATAGRAM)
write("tun", TUN)
