#!/usr/bin/env python3
"""iperf_figures.py FILE: the figures of one run of iperf3, from its JSON, as lines NAME=VALUE.

TCP: mb (megabytes) and mbit (a second), both directions together, as the receivers counted them. UDP: kpackets that were delivered,
kpps that were delivered and offered, loss_percent, jitter_ms. Fails where there is nothing to count.
"""
import json
import sys


def tcp(end):
    received = [end[name] for name in ("sum_received", "sum_received_bidir_reverse") if name in end]
    return {
        "mb": sum(one["bytes"] for one in received) / 1e6,
        "mbit": sum(one["bits_per_second"] for one in received) / 1e6,
    }


def udp(end):
    sent, received = end["sum_sent"], end["sum_received"]
    delivered = received["packets"] - received["lost_packets"]
    return {
        "kpackets": delivered / 1e3,
        "kpps": delivered / received["seconds"] / 1e3,
        "offered_kpps": sent["packets"] / sent["seconds"] / 1e3,
        "loss_percent": 100 * (1 - delivered / sent["packets"]),
        "jitter_ms": received["jitter_ms"],
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        try:
            run = json.load(file)
        except ValueError:
            sys.exit("iperf3 did not come to its end")
    if "error" in run:
        sys.exit(run["error"])
    is_udp = run["start"]["test_start"]["protocol"] == "UDP"
    figures = udp(run["end"]) if is_udp else tcp(run["end"])
    if figures.get("kpps", figures.get("mbit")) <= 0:
        sys.exit("nothing was carried")
    for name, value in figures.items():
        print(f"{name}={value:.6g}")


main()
