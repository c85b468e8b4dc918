"""A whole service on an emulated board, for scripts that show something with it."""

import json
import os
import pathlib
import signal
import subprocess
import time

PATIENCE_S = 30

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""


class Programs:
    """Bus, board, daemon and clients below one folder; stop() ends all of them.

    `models` are directories of models, `modes` more tables of dynofad.toml.
    """

    def __init__(self, binaries, models, folder, board, modes="", power_mode="balanced"):
        self.board = board
        self.binaries = pathlib.Path(binaries).resolve()
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "dynofa.sock"
        self.control = self.folder / "emulator.sock"
        self.environment = dict(
            os.environ, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={self.folder}/bus.sock")
        (self.folder / "bus.conf").write_text(
            BUS_CONFIG.format(socket=self.folder / "bus.sock"))
        (self.folder / "dynofad.toml").write_text(
            f'[daemon]\nsocket = "{self.socket}"\nstate_dir = "{self.folder}"\n'
            f'power_mode = "{power_mode}"\n[board]\nsocket = "{self.folder}/board.sock"\n'
            + "".join(f'[[model]]\npath = "{pathlib.Path(model).resolve()}"\n' for model in models)
            + modes)
        self.running = []

    def start(self, *arguments, **options):
        if not arguments[0].startswith("/"):
            arguments = (str(self.binaries / arguments[0]),) + arguments[1:]
        process = subprocess.Popen(arguments, env=self.environment, text=True, **options)
        self.running.append(process)
        return process

    def start_service(self):
        log = open(self.folder / "service.log", "w")
        quiet = {"stdout": log, "stderr": log}
        self.start("/usr/bin/dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork",
                   "--nopidfile", **quiet)
        self.await_path(self.folder / "bus.sock")
        self.start("dynofa-boardd", "--board", f"emulated:{self.board}", "--socket",
                   f"{self.folder}/board.sock", "--state-dir", f"{self.folder}/board-state",
                   "--emulator-control", str(self.control), **quiet)
        self.await_path(self.folder / "board.sock")
        self.start("dynofad", "--config", f"{self.folder}/dynofad.toml", **quiet)
        self.await_path(self.socket)
        self.call("dynofactl", "--socket", str(self.socket), "--wait", str(PATIENCE_S), "status")

    def await_path(self, path):
        end = time.monotonic() + PATIENCE_S
        while not path.exists():
            if time.monotonic() > end or any(p.poll() is not None for p in self.running):
                raise RuntimeError(f"{path.name} did not appear:\n{self.log()}")
            time.sleep(0.02)

    def call(self, *arguments):
        if not arguments[0].startswith("/"):
            arguments = (str(self.binaries / arguments[0]),) + arguments[1:]
        answer = subprocess.run(arguments, env=self.environment, text=True, capture_output=True)
        if answer.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)}:\n{answer.stdout}{answer.stderr}")
        return answer.stdout

    def status(self):
        return json.loads(
            self.call("dynofactl", "--socket", str(self.socket), "status", "--json"))

    def log(self):
        return (self.folder / "service.log").read_text()

    def stop(self):
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
