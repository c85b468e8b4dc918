#!/usr/bin/env python3
"""Checks what every program does with --version, --help and wrong usage.

Usage: command_line_test.py PROGRAM...
"""

import os
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, text=True, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check(holds, program, text, finished):
    if not holds:
        sys.exit(f"FAILED: {program} {text}\nstatus {finished.returncode}\n{finished.stdout}"
                 f"{finished.stderr}")


def commands_of(help_text):
    """The names in the list of subcommands of CLI11's help."""
    listed = re.search(r"^Subcommands:\n((?:  .*\n?)+)", help_text, re.MULTILINE)
    return re.findall(r"^  (\S+)", listed.group(1), re.MULTILINE) if listed else []


def unexplained_options(help_text):
    """The options without a description, which starts in column 30, here or on the next line."""
    lines = help_text.splitlines() + [""]
    return [line.strip() for line, below in zip(lines, lines[1:])
            if line.startswith("  -") and not (line[29:30] == " " and line[30:].strip())
            and not below.startswith(" " * 30)]


def bounded_numbers(help_text):
    """The options that take a number with a fraction from a range."""
    return re.findall(r"(--[\w-]+) FLOAT\S* in \[", help_text)


def check_program(path):
    name = os.path.basename(path)
    version = run(path, "--version")
    check(version.returncode == 0 and re.fullmatch(rf"{name} [0-9.]+\n", version.stdout),
          name, "--version prints its name and version", version)
    shown = run(path, "--help")
    check(shown.returncode == 0 and "--version" in shown.stdout, name, "--help explains", shown)
    wrong = run(path, "--no-such-option")
    check(wrong.returncode == 2 and wrong.stderr and not wrong.stdout,
          name, "refuses an unknown option with status 2, on standard error", wrong)
    commands = commands_of(shown.stdout)
    for command in commands:
        shown = run(path, command, "--help")
        check(shown.returncode == 0 and "--help" in shown.stdout, name, f"{command} --help", shown)
        bare = unexplained_options(shown.stdout)
        check(not bare, name, f"{command} --help explains {', '.join(bare)}", shown)
        for option in bounded_numbers(shown.stdout):
            wrong = run(path, command, option, "nan")
            check(wrong.returncode == 2 and f"{option}: nan is not a number" in wrong.stderr,
                  name, f"{command} refuses {option} nan with status 2", wrong)
    if commands:
        missing = run(path)
        check(missing.returncode == 2, name, "asks for a command with status 2", missing)
    print(f"{name}: --version, --help, wrong usage; {len(commands)} commands")


def main():
    for path in sys.argv[1:]:
        check_program(path)
    return 0 if len(sys.argv) > 1 else 2


if __name__ == "__main__":
    sys.exit(main())
