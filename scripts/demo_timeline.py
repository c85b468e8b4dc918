"""Plays the demo's scenario with the real programs and prints what happens. See scripts/demo."""

import argparse
import json
import pathlib
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

from emulated_service import Programs

BOARD = "jetson-xavier-nx"


class LoadClient:
    """One `dynofactl run` process: its reports go to `lines`, requirement changes to its stdin."""

    def __init__(self, programs, name, requirement, duration_s, images, lines):
        self.name = name
        arguments = ["dynofactl", "--socket", str(programs.socket), "run", "--json", "--name", name,
                     "--duration", str(duration_s), "--control", "stdin"]
        for option, value in requirement.items():
            arguments += [f"--{option}", str(value)]
        if images:
            arguments += ["--images", *images]
        self.process = programs.start(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL)
        threading.Thread(target=self.read, args=(lines,), daemon=True).start()

    def read(self, lines):
        for line in self.process.stdout:
            lines.put((self.name, json.loads(line)))
        lines.put((self.name, {"type": "end"}))

    def change(self, **requirement):
        self.process.stdin.write(json.dumps(requirement) + "\n")
        self.process.stdin.flush()


def mhz(khz):
    return f"{khz / 1000:.0f} MHz" if khz else "-"


def percent(share):
    return "-" if share is None else f"{100 * share:.1f} %"


def number(value, unit):
    return "-" if value is None else f"{value:.1f} {unit}"


def most_frequent(counts):
    return max(counts, key=counts.get) if counts else "-"


def accuracy(report):
    if report["accuracy_measured"] is not None:
        return f"{percent(report['accuracy_measured'])} measured"
    return f"{percent(report['accuracy_expected'])} expected"


def describe(report):
    answered = report["completed"] + report["expired"]
    return (f"{most_frequent(report['subnets']):8} {most_frequent(report['clusters']):5}"
            f"{mhz(report['frequency_khz']):>9}  p50 {number(report['p50_ms'], 'ms'):>8}"
            f"  p99 {number(report['p99_ms'], 'ms'):>8} ({report['time_label'] or '-'})"
            f"  missed {report['missed']:3}/{answered:<3}  accuracy {accuracy(report)}"
            f"  energy {number(report['energy_mj'], 'mJ')} ({report['energy_label'] or '-'})")


class Timeline:
    """Prints events and reports as they come, and keeps the reports by phase for the summary."""

    def __init__(self):
        self.start = time.monotonic()
        self.phases = []  # [title, {client: [reports]}]
        self.shown = {}

    def now(self):
        return time.monotonic() - self.start

    def say(self, text):
        print(f"{self.now():6.1f} s  {text}", flush=True)

    def phase(self, title):
        self.phases.append([title, {}])
        self.say(f"● {title}")

    def take(self, client, line):
        if line["type"] == "event" and line["event"] == "requirement-changed":
            self.say(f"    {client:8} {line['text']}")
        elif line["type"] == "event" and line["event"] == "error":
            self.say(f"    {client:8} {line['text']}")
        elif line["type"] == "report" and line["completed"]:
            self.phases[-1][1].setdefault(client, []).append(line)
            # Every second report: one line per client and two seconds is enough to follow.
            self.shown[client] = self.shown.get(client, 0) + 1
            if self.shown[client] % 2 == 0:
                self.say(f"    {client:8} {describe(line)}")

    def summary(self):
        print("\nWhat each client got (typical second of each phase; p99: worst second)\n")
        header = ["phase", "client", "subnet", "cluster", "clock", "p50", "p99", "missed",
                  "accuracy", "energy"]
        rows = [header]
        for title, clients in self.phases:
            for client, reports in sorted(clients.items()):
                # The first report of a phase still holds requests from before it.
                settled = reports[1:] or reports
                rows.append(self.row(title, client, settled))
                title = ""
        widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())

    @staticmethod
    def row(title, client, reports):
        last = reports[-1]
        energies = [r["energy_mj"] for r in reports if r["energy_mj"] is not None]
        answered = sum(r["completed"] + r["expired"] for r in reports)
        measured = [r for r in reports if r["accuracy_measured"] is not None]
        if measured:
            images = sum(r["accuracy_images"] for r in measured)
            right = sum(r["accuracy_measured"] * r["accuracy_images"] for r in measured)
            shown = f"{percent(right / images)} measured on {images}"
        else:
            shown = f"{percent(statistics.mean(r['accuracy_expected'] for r in reports))} expected"
        energy = statistics.mean(energies) if energies else None
        return [title, client, most_frequent(last["subnets"]), most_frequent(last["clusters"]),
                mhz(last["frequency_khz"]),
                f"{number(statistics.median(r['p50_ms'] for r in reports), 'ms')} "
                f"{last['time_label']}",
                f"{number(max(r['p99_ms'] for r in reports), 'ms')} {last['time_label']}",
                f"{sum(r['missed'] for r in reports)}/{answered}", shown,
                f"{number(energy, 'mJ')} {last['energy_label']}"]


def scenario(programs, clients, timeline, accuracies):
    """What happens when: (seconds, title, action)."""

    def mode(name):
        return lambda: programs.call(
            "/usr/bin/busctl", f"--address=unix:path={programs.folder}/bus.sock", "call",
            "org.dynofa1", "/org/dynofa1", "org.dynofa1.Manager", "SetPowerMode", "s", name)

    def neighbour(cluster, load):
        return lambda: programs.call("dynofa-board", "neighbour", "--control",
                                     str(programs.control), "--cluster", cluster, "--load",
                                     str(load))

    def busiest():
        """The cluster on which robot runs."""
        for session in programs.status()["sessions"]:
            if session["name"] == "robot":
                return session["assignment"]["cluster"]
        return "gpu"

    def take_cluster():
        cluster = busiest()
        neighbour(cluster, 0.8)()
        timeline.say(f"    the neighbour takes 80 % of {cluster}")
        neighbour.taken = cluster

    floor = accuracies[-2]
    return [
        (0, "camera asks for 80 ms at 15 Hz, robot for 50 ms at 20 Hz; mode balanced",
         lambda: None),
        (7, "robot tightens its latency target from 50 ms to 12 ms",
         lambda: clients["robot"].change(latency_ms=12.0)),
        (14, f"camera raises its accuracy floor to {percent(floor)}",
         lambda: clients["camera"].change(min_accuracy=floor)),
        (21, "operator: power mode performance (D-Bus)", mode("performance")),
        (28, "operator: power mode power-saver (D-Bus)", mode("power-saver")),
        (35, "operator: power mode balanced (D-Bus)", mode("balanced")),
        (42, "a neighbour takes the cluster that robot runs on", take_cluster),
        (49, "the neighbour leaves", lambda: neighbour(neighbour.taken, 0.0)()),
    ]


def play(programs, images, timeline, accuracies, length_s):
    lines = queue.Queue()
    clients = {
        "camera": LoadClient(programs, "camera",
                             {"latency-ms": 80, "rate": 15, "percentile": 95}, length_s, images,
                             lines),
        "robot": LoadClient(programs, "robot",
                            {"latency-ms": 50, "rate": 20, "percentile": 95, "priority": 2},
                            length_s, images, lines),
    }
    pending = scenario(programs, clients, timeline, accuracies)
    running = set(clients)
    while running:
        while pending and timeline.now() >= pending[0][0]:
            _, title, action = pending.pop(0)
            timeline.phase(title)
            action()
        try:
            client, line = lines.get(timeout=0.1)
        except queue.Empty:
            continue
        if line["type"] == "end":
            running.discard(client)
        else:
            timeline.take(client, line)
    failed = [name for name, client in clients.items() if client.process.wait() != 0]
    if failed:
        raise RuntimeError(f"{', '.join(failed)} failed:\n{programs.log()}")


def introduce(arguments, status, catalogue):
    emulated = status["emulated_board"]
    print(f"Board: {status['board']}. It is emulated ({emulated}): times and energies come from its "
          "model;\nthe inference itself runs for real on this machine's CPUs.")
    print("Host CPUs of its clusters: " + ", ".join(
        f"{c['id']} on {c['host_cpus']}" for c in status["clusters"]))
    print("Model: " + status["models"][0]["name"] + ", subnets " + ", ".join(
        f"{s['id']} ({percent(s['accuracy'])})" for s in catalogue))
    if arguments.images:
        print(f"Images: class folders in {arguments.images}; accuracy is measured on them.")
    elif arguments.photographs:
        print(f"Photographs: from {arguments.source}; they have no classes of the model, so the "
              "accuracy shown\nis the model's expected one (measured on its test set).")
    else:
        print("Images: generated patterns; the accuracy shown is the model's expected one.")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--images")
    parser.add_argument("--photographs")
    parser.add_argument("--source", default="")
    parser.add_argument("--length", type=float, default=56.0)
    arguments = parser.parse_args()

    manifest = tomllib.loads((pathlib.Path(arguments.model) / "model.toml").read_text())
    catalogue = sorted(manifest["subnet"], key=lambda subnet: subnet["accuracy"])
    images = None
    if arguments.images or arguments.photographs:
        images = [arguments.images or arguments.photographs]
    with tempfile.TemporaryDirectory(prefix="dynofa-demo-") as folder:
        programs = Programs(arguments.bin, [arguments.model], folder, BOARD)
        try:
            programs.start_service()
            status = programs.status()
            introduce(arguments, status, catalogue)
            timeline = Timeline()
            play(programs, images, timeline, [s["accuracy"] for s in catalogue], arguments.length)
            timeline.summary()
        finally:
            programs.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        sys.exit(f"demo: {error}")
