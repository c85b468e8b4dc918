#!/usr/bin/env python3
"""Installs the build into temporary folders and looks at what is there.

Usage: install_test.py layout|model_tool|units CMAKE BUILD_DIR
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

EXPECTED = [
    "etc/dynofa/dynofad.toml",
    "usr/sbin/dynofad",
    "usr/sbin/dynofa-boardd",
    "usr/bin/dynofactl",
    "usr/bin/dynofa-bench",
    "usr/bin/dynofa-board",
    "usr/bin/dynofa-golden",
    "usr/bin/dynofa-model",
    "usr/lib/systemd/system/dynofad.service",
    "usr/lib/systemd/system/dynofa-boardd.service",
    "usr/lib/systemd/system/dynofa-boardd.socket",
    "usr/lib/sysusers.d/dynofa.conf",
    "usr/share/dbus-1/system.d/org.dynofa1.conf",
    "usr/share/dbus-1/system-services/org.dynofa1.service",
    "usr/share/dbus-1/interfaces/org.dynofa1.Manager.xml",
    "usr/share/doc/dynofa/README.md",
    "usr/share/bash-completion/completions/dynofactl",
    "usr/share/bash-completion/completions/dynofa-board",
    "usr/share/man/man1/dynofa-bench.1",
    "usr/share/man/man1/dynofa-board.1",
    "usr/share/man/man1/dynofa-golden.1",
    "usr/share/man/man1/dynofa-model.1",
    "usr/share/man/man1/dynofactl.1",
    "usr/share/man/man8/dynofa-boardd.8",
    "usr/share/man/man8/dynofad.8",
]
# All that a build of dynofa-model alone installs.
MODEL_TOOL = ["usr/bin/dynofa-model", "usr/share/man/man1/dynofa-model.1"]
# Exposure levels of systemd-analyze, times ten, that a unit must not exceed.
THRESHOLDS = {"dynofad.service": 20, "dynofa-boardd.service": 12}
SKIPPED = 77


def run(*command, **environment):
    """The finished command; its output is shown if it fails."""
    finished = subprocess.run([str(part) for part in command], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, **environment})
    if finished.returncode != 0:
        print(finished.stdout)
    return finished


def fail(text):
    print(f"FAILED: {text}")
    sys.exit(1)


def install(cmake, build, root, prefix):
    """`cmake --install` below `root` (DESTDIR), or into `prefix` itself if root is None."""
    environment = {"DESTDIR": str(root)} if root else {}
    if run(cmake, "--install", build, "--prefix", prefix, **environment).returncode != 0:
        fail("cmake --install")


def test_layout(cmake, build, directory):
    root = directory / "root"
    install(cmake, build, root, "/usr")
    for path in EXPECTED:
        if not (root / path).is_file():
            fail(f"{path} is not installed")
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix in (".service", ".socket", ".toml", ".conf"):
            text = path.read_text()
            if re.search("@[A-Z_]+@", text) or str(build) in text or str(root) in text:
                fail(f"{path} names the build: {text}")
    unit = (root / "usr/lib/systemd/system/dynofad.service").read_text()
    if "ExecStart=/usr/sbin/dynofad --config /etc/dynofa/dynofad.toml" not in unit:
        fail(f"the unit starts something else: {unit}")

    socket = (root / "usr/lib/systemd/system/dynofa-boardd.socket").read_text()
    if "SocketUser=dynofa\nSocketMode=0600\n" not in socket:
        fail(f"others than dynofad's user may connect to the board service: {socket}")

    config = root / "etc/dynofa/dynofad.toml"
    config.write_text("# mine\n")
    install(cmake, build, root, "/usr")
    if config.read_text() != "# mine\n":
        fail("a second installation overwrites the configuration")
    if not (config.parent / "dynofad.toml.default").is_file():
        fail("the new default configuration does not lie beside the operator's")


def test_model_tool(cmake, build, directory):
    root = directory / "root"
    install(cmake, build, root, "/usr")
    files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    if files != MODEL_TOOL:
        fail(f"installed are {files}")
    if run(root / MODEL_TOOL[0], "--version").returncode != 0:
        fail("the installed program does not start")


def test_units(cmake, build, directory):
    if shutil.which("systemd-analyze") is None:
        print("SKIPPED: systemd-analyze is missing (Debian: apt-get install systemd)")
        sys.exit(SKIPPED)
    prefix = directory / "prefix"
    install(cmake, build, None, prefix)
    units = prefix / "lib/systemd/system"
    verified = run("systemd-analyze", "verify", "--man=no", *sorted(units.glob("*")))
    complaints = [line for line in verified.stdout.splitlines() if "dynofa" in line]
    if verified.returncode != 0 or complaints:
        fail("systemd-analyze verify:\n" + "\n".join(complaints))
    for unit, threshold in THRESHOLDS.items():
        scored = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                     f"--threshold={threshold}", units / unit)
        print(scored.stdout.splitlines()[-1])
        if scored.returncode != 0:
            fail(f"{unit} is more exposed than {threshold / 10}")


def main():
    part, cmake, build = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        tests = {"layout": test_layout, "model_tool": test_model_tool, "units": test_units}
        tests[part](cmake, build, pathlib.Path(directory))
    print("ok")


if __name__ == "__main__":
    main()
