#!/usr/bin/env python3
"""Compares what a virtual machine showed with what is expected of it: check.py TESTS WORK

The answers on the serial line must be those of the .answers files, and each setting must have led
to the P-state that it asked for, as the bytes on the I/O port say.
"""

import pathlib
import re
import sys

PLACES = {"A": "high", "B": "high-1", "C": "high-2", "D": "low+1", "E": "low"}
ORDER = ["low", "low+1", "high-2", "high-1", "high"]
APPLIED = re.compile(r"  OK (\S+) (\S+) (\S+) limited_by=(\S+)")
READ = re.compile(r"  available=yes governor=(\S+) min=(\S+) max=(\S+) limit=\S+ limited_by=(\S+)")


def sections(serial):
    """What was shown between BEGIN and END, by name."""
    found = {}
    for match in re.finditer(r"^BEGIN (\S+)\n(.*?)^END \1 (\d+)$", serial, re.M | re.S):
        found[match[1]] = (match[2].splitlines(), int(match[3]))
    return found


def check_answers(tests, name, lines):
    expected = (tests / name).with_suffix(".answers").read_text().splitlines()
    shown = [line for line in lines if line != "! mark"]
    if shown == expected:
        return []
    return [f"{name}: expected {want!r}, got {got!r}"
            for want, got in zip(expected, shown) if want != got] + (
            [f"{name}: {len(shown)} lines instead of {len(expected)}"]
            if len(shown) != len(expected) else [])


def check_pstates(lines, segments):
    """At each mark the clock is where the last answer says; returns complaints and a count."""
    complaints, checked, setting, before, state = [], 0, None, None, None
    marks = iter(segments)
    for line in lines:
        answer = APPLIED.fullmatch(line) or READ.fullmatch(line)
        if answer:
            before, setting = setting, answer.groups()
        if line != "! mark":
            continue
        segment = next(marks, "")
        state = segment[-1] if segment else state
        governor, low, high, limited_by = setting
        allowed = [high] if governor == "performance" else (
            ORDER[ORDER.index(low):ORDER.index(high) + 1])
        checked += 1
        if PLACES.get(state) not in allowed:
            complaints.append(f"after {setting} the clock is at {PLACES.get(state)}")
        if limited_by == "thermal" and before == setting and segment:
            complaints.append(f"heat was fought: {segment!r} after {setting}")
    return complaints, checked


def main():
    tests, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    serial = (work / "serial.log").read_bytes().decode(errors="replace").replace("\r", "")
    found = sections(serial)
    complaints, lines = [], []
    for name in ("cpufreq.script", "heat.script"):
        shown, status = found.get(name, ([], -1))
        if status != 0:
            complaints.append(f"{name} ended with status {status}")
        complaints += check_answers(tests, name, shown)
        lines += shown
    segments = (work / "pstates").read_bytes().decode(errors="replace").split("|")
    more, checked = check_pstates(lines, segments)
    complaints += more
    if complaints:
        print(serial)
        print("\n".join("FAIL  " + complaint for complaint in complaints))
        sys.exit(1)
    kernel = re.search(r"^kernel .*$", serial, re.M)
    print(f"{kernel[0]}: {len(lines)} lines as expected, {checked} P-states as decided")


if __name__ == "__main__":
    main()
