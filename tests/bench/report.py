#!/usr/bin/env python3
"""report.py [--judge] FOLDER: what compare.sh has measured, as results.json, table.txt (printed as well), and a plot.

FOLDER has raw.tsv, lines "repetition<tab>program<tab>figure<tab>value", and run.tsv, "what<tab>which". With --judge the exit status is 1
if something that must be reached was not, or was not measured.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

OURS, THEIRS, CEILING = "minivpn", "wireguard-go", "ceiling"

# name: (what it is, unit, whether more is better)
FIGURES = {
    "tcp1": ("TCP, one flow", "Mbit/s", True),
    "tcp4": ("TCP, four flows", "Mbit/s", True),
    "reverse": ("TCP, reverse", "Mbit/s", True),
    "bothways": ("TCP, both ways", "Mbit/s", True),
    "udp64": ("UDP 64 B, delivered", "kpps", True),
    "udp64_offered": ("  offered", "kpps", None),
    "udp1372": ("UDP 1372 B, delivered", "kpps", True),
    "udp1372_offered": ("  offered", "kpps", None),
    "fixed_loss": ("UDP 200 Mbit/s, loss", "%", False),
    "fixed_jitter": ("UDP 200 Mbit/s, jitter", "ms", False),
    "ping": ("ping, idle", "ms", False),
    "ping_p99": ("  99th of a hundred", "ms", False),
    "ping_load": ("ping, under load", "ms", False),
    "ping_load_p99": ("  99th of a hundred", "ms", False),
    "tcp1_cpu": ("CPU, TCP one flow", "s/GB", False),
    "tcp4_cpu": ("CPU, TCP four flows", "s/GB", False),
    "reverse_cpu": ("CPU, TCP reverse", "s/GB", False),
    "bothways_cpu": ("CPU, TCP both ways", "s/GB", False),
    "udp64_cpu": ("CPU, UDP 64 B", "us a packet", False),
    "udp1372_cpu": ("CPU, UDP 1372 B", "us a packet", False),
    "rss": ("peak memory, one peer", "MB", False),
    "rss_handshakes": ("peak memory, 2000 peers", "MB", False),
    "start": ("start to first ping", "ms", False),
    "handshakes": ("handshakes, one core", "a second", True),
    "handshakes_busy": ("  of its core in use", "%", None),
    "handshakes_cpu": ("CPU, a handshake", "us", False),
}

# What issue 4 demands: name of the row, figures, the other program (None: the figure itself), bound, whether it is a lower one
DEMANDS = [
    ("TCP, one flow", ["tcp1"], THEIRS, 2.5, True),
    ("TCP, four flows", ["tcp4"], THEIRS, 2.5, True),
    ("TCP, reverse", ["reverse"], THEIRS, 2.5, True),
    ("TCP, both ways", ["bothways"], THEIRS, 2.5, True),
    ("UDP 64 B, delivered", ["udp64"], THEIRS, 2.4, True),
    ("UDP 1372 B, delivered", ["udp1372"], THEIRS, 2.4, True),
    ("TCP, one flow, of the ceiling", ["tcp1"], CEILING, 0.5, True),
    ("handshakes, one core", ["handshakes"], THEIRS, 2, True),
    ("CPU, TCP one flow", ["tcp1_cpu"], THEIRS, 0.4, False),
    ("ping, idle", ["ping"], THEIRS, 0.5, False),
    ("ping, under load", ["ping_load"], THEIRS, 0.5, False),
    ("peak memory, floods included, MB", ["rss"], None, 16, False),
]

PLOTTED = {
    "throughput: more is better": ["tcp1", "tcp4", "reverse", "bothways", "udp64", "udp1372", "handshakes"],
    "cost: less is better": ["tcp1_cpu", "ping", "ping_load", "start"],
}


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def read_run(folder):
    run = {"versions": {}}
    for what, *which in read_lines(folder / "run.tsv"):
        if what == "version":
            run["versions"][which[0]] = which[1]
        else:
            run[what] = which[0]
    return run


def read_values(folder):
    """values[figure][program]: one a repetition."""
    values = {}
    for _, program, figure, value in read_lines(folder / "raw.tsv"):
        values.setdefault(figure, {}).setdefault(program, []).append(float(value))
    return values


class Results:
    def __init__(self, folder):
        self.run = read_run(folder)
        self.values = read_values(folder)
        self.programs = list(self.run["versions"])

    def median(self, figure, program):
        values = self.values.get(figure, {}).get(program)
        return statistics.median(values) if values else None

    def ratio(self, figure, program, other):
        """Of the medians. Where there is nothing to divide by, there is none."""
        one, two = self.median(figure, program), self.median(figure, other)
        return one / two if one is not None and two else None

    def judge(self, demand):
        """What was measured for a demand, or None, and whether it is enough."""
        _, figures, other, bound, is_lower = demand
        if other:
            measured = [self.ratio(figure, OURS, other) for figure in figures]
        else:
            measured = [self.median(figure, OURS) for figure in figures]
        if None in measured:
            return None, False
        worst = min(measured) if is_lower else max(measured)
        return worst, worst >= bound if is_lower else worst <= bound


def shown(value):
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 1 or value == 0 else f"{value:.3f}"


def table(heading, columns, rows):
    """Rows of (name, cells)."""
    widths = [max(13, len(column) + 1) for column in columns]
    lines = [f"{heading:<34}" + "".join(f"{column:>{width}}" for column, width in zip(columns, widths))]
    for name, cells in rows:
        lines.append(f"{name:<34}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths)))
    return lines


def medians(results):
    rows = []
    for figure, (name, unit, _) in FIGURES.items():
        if figure in results.values:
            cells = [shown(results.median(figure, program)) for program in results.programs]
            rows.append((f"{name}, {unit}", cells))
    return table(f"medians of {results.run['repetitions']}", results.programs, rows)


def ratios(results):
    others = [program for program in results.programs if program != THEIRS]
    rows = []
    for figure, (name, _, more_is_better) in FIGURES.items():
        if figure in results.values and more_is_better is not None:
            cells = [shown(results.ratio(figure, program, THEIRS)) for program in others]
            rows.append((name, cells))
    return table(f"times that of {THEIRS}", others, rows)


def acceptance(results):
    rows = []
    for demand in DEMANDS:
        name, _, other, bound, is_lower = demand
        measured, is_enough = results.judge(demand)
        must = f"{'>=' if is_lower else '<='} {bound:g}"
        rows.append((name, [must, shown(measured), "-" if measured is None else "ok" if is_enough else "NOT REACHED"]))
    return table("issue 4, minivpn", ["must", "measured", "ok"], rows)


def text(results):
    about = [f"{what}: {which}" for what, which in results.run.items() if what != "versions"]
    about += [f"{program}: {version}" for program, version in results.run["versions"].items()]
    parts = [about, medians(results)]
    if THEIRS in results.programs:
        parts += [ratios(results)]
    if OURS in results.programs:
        parts += [acceptance(results)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def as_json(results):
    figures = {}
    for figure, by_program in results.values.items():
        name, unit, more_is_better = FIGURES[figure]
        figures[figure] = {"name": name.strip(), "unit": unit, "more_is_better": more_is_better, "programs": {}}
        for program, values in by_program.items():
            figures[figure]["programs"][program] = {
                "median": statistics.median(values),
                "least": min(values),
                "most": max(values),
                "values": values,
                "times_wireguard_go": results.ratio(figure, program, THEIRS),
            }
    demands = []
    for demand in DEMANDS:
        measured, is_enough = results.judge(demand)
        name, _, other, bound, is_lower = demand
        demands.append({
            "name": name, "against": other, "must": bound, "is_lower_bound": is_lower,
            "measured": measured, "ok": is_enough,
        })  # fmt: skip
    return {"run": results.run, "figures": figures, "acceptance": demands}


def plot_data(results, figures):
    others = [program for program in (OURS, CEILING) if program in results.programs]
    lines = ["figure\t" + "\t".join([THEIRS] + others)]
    for figure in figures:
        if results.median(figure, THEIRS):
            name = FIGURES[figure][0].replace(", ", "\\n")
            cells = [results.ratio(figure, program, THEIRS) for program in others]
            lines.append("\t".join([name, "1"] + ["?" if cell is None else f"{cell:.4g}" for cell in cells]))
    return lines


def plot(results, folder):
    """Says why there is none, if there is none."""
    if THEIRS not in results.programs:
        return f"no plot: it shows all in times of {THEIRS}"
    if not shutil.which("gnuplot"):
        return "no plot: gnuplot is missing (packaging/install-deps.sh bench)"
    panels = []
    for number, (title, figures) in enumerate(PLOTTED.items()):
        lines = plot_data(results, figures)
        if len(lines) > 1:
            data = folder / f"plot-{number}.tsv"
            data.write_text("\n".join(lines) + "\n", encoding="utf-8")
            panels.append((title, data, len(lines[0].split("\t")) - 1))
    if not panels:
        return "no plot: none of its figures was measured"
    script = pathlib.Path(__file__).with_name("plot.gp").read_text(encoding="utf-8")
    variables = [f'output = "{folder / "compare.svg"}"', f"panels = {len(panels)}"]
    for number, (title, data, columns) in enumerate(panels, 1):
        variables += [f'title_{number} = "{title}"', f'data_{number} = "{data}"', f"columns_{number} = {columns}"]
    done = subprocess.run(["gnuplot"], input="\n".join(variables) + "\n" + script, text=True, capture_output=True, check=False)
    if done.returncode != 0 or done.stderr:
        return f"no plot: gnuplot says: {done.stderr.strip()}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()

    results = Results(arguments.folder)
    if not results.values:
        sys.exit("report.py: nothing was measured")
    shown_text = text(results)
    (arguments.folder / "table.txt").write_text(shown_text, encoding="utf-8")
    with open(arguments.folder / "results.json", "w", encoding="utf-8") as file:
        json.dump(as_json(results), file, indent=1)
    print(shown_text)
    why_no_plot = plot(results, arguments.folder)
    if why_no_plot:
        print(why_no_plot)
    print(f"All of it lies in {arguments.folder}")
    if arguments.judge and not all(results.judge(demand)[1] for demand in DEMANDS):
        sys.exit(1)


if __name__ == "__main__":
    main()
