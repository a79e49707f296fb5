#!/usr/bin/env python3
"""scale_report.py FOLDER: what scale.sh has measured, as results.json and table.txt (printed as well).

FOLDER has raw.tsv, lines "repetition<tab>axis-size<tab>figure<tab>value", and run.tsv, "what<tab>which".
"""
import json
import pathlib
import statistics
import sys

from report import read_lines, read_values, shown

AXES = {
    "packet": "size of packets, bytes of a UDP datagram",
    "flows": "flows, of TCP",
    "peers": "peers of each side",
    "allowed": "allowed IPs of each side",
}

FIGURES = {
    "start": "start, ms",
    "ping": "ping, ms",
    "tcp": "TCP, Mbit/s",
    "tcp_cpu": "CPU, s/GB",
    "udp": "UDP, kpps",
    "udp_cpu": "CPU, us/packet",
    "rss": "memory, MB",
}


def sort_by_axis(values):
    """medians[axis][figure][size]"""
    medians = {}
    for figure, by_place in values.items():
        for place, measured in by_place.items():
            axis, size = place.rsplit("-", 1)
            medians.setdefault(axis, {}).setdefault(figure, {})[int(size)] = statistics.median(measured)
    return medians


def cell(by_size, size):
    """The median, and how many times that of the smallest size it is."""
    if size not in by_size:
        return f"{'-':>10}{'':>8}"
    smallest = by_size[min(by_size)]
    ratio = f"{by_size[size] / smallest:.2f}x" if smallest else "-"
    return f"{shown(by_size[size]):>10}{ratio:>8}"


def table(axis, figures):
    columns = [figure for figure in FIGURES if figure in figures]
    sizes = sorted({size for by_size in figures.values() for size in by_size})
    lines = [AXES[axis], f"{'':>8}" + "".join(f"{FIGURES[figure]:>18}" for figure in columns)]
    for size in sizes:
        lines.append(f"{size:>8}" + "".join(cell(figures[figure], size) for figure in columns))
    return lines


def main():
    folder = pathlib.Path(sys.argv[1])
    run = dict(read_lines(folder / "run.tsv"))
    medians = sort_by_axis(read_values(folder))
    if not medians:
        sys.exit("scale_report.py: nothing was measured")
    parts = [[f"{what}: {which}" for what, which in run.items()]]
    parts += [table(axis, medians[axis]) for axis in AXES if axis in medians]
    text = "\n\n".join("\n".join(part) for part in parts) + "\n"
    (folder / "table.txt").write_text(text, encoding="utf-8")
    with open(folder / "results.json", "w", encoding="utf-8") as file:
        json.dump({"run": run, "medians": medians}, file, indent=1)
    print(text)
    print(f"All of it lies in {folder}")


if __name__ == "__main__":
    main()
