#!/usr/bin/env python3
"""Checks that each program has a manual page which groff takes, with options that there are.

Usage: man_test.py MAN_FOLDER PROGRAM...
"""

import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def output(*command):
    return subprocess.run(command, text=True, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def help_of(program):
    """The help of a program and of its commands."""
    text = output(program, "--help")
    listed = re.search(r"^Subcommands:\n((?:  .*\n?)+)", text, re.MULTILINE)
    commands = re.findall(r"^  (\S+)", listed.group(1), re.MULTILINE) if listed else []
    return text + "".join(output(program, command, "--help") for command in commands), commands


def check_page(page, program):
    warnings = output("groff", "-mandoc", "-Tutf8", "-ww", "-z", page)
    if warnings:
        sys.exit(f"FAILED: {page}\n{warnings}")
    text = page.read_text()
    if f".Nm {page.stem}\n" not in text:
        sys.exit(f"FAILED: {page} is not named {page.stem}")
    known, commands = help_of(program)
    for option in sorted(set(re.findall(r"\bFl Fl ([a-z-]+)", text))):
        if f"--{option}" not in known:
            sys.exit(f"FAILED: {page} has --{option}, which {program} has not")
    for command in re.findall(r"^\.It Cm (\S+)", text, re.MULTILINE):
        if command not in commands:
            sys.exit(f"FAILED: {page} has the command {command}, which {program} has not")


def main():
    if shutil.which("groff") is None:
        print("SKIPPED: groff is missing (Debian: apt-get install groff-base)")
        return SKIPPED
    for program in sys.argv[2:]:
        pages = sorted(pathlib.Path(sys.argv[1]).glob(f"{pathlib.Path(program).name}.[18]"))
        if len(pages) != 1:
            sys.exit(f"FAILED: {program} has the manual pages {pages}")
        check_page(pages[0], program)
    print(f"{len(sys.argv) - 2} manual pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
