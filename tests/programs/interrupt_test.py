#!/usr/bin/env python3
"""Interrupts `dynofa-model train` and checks that the same command goes on where it stopped.

Usage: interrupt_test.py DYNOFA_MODEL
"""

import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import zlib


def png(red, green, blue, side=32):
    """An image of one colour."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    row = b"\0" + bytes((red, green, blue)) * side
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(row * side)) + chunk(b"IEND", b""))


def write_images(folder):
    for name, colour in (("blue", (0, 0, 1)), ("red", (1, 0, 0))):
        (folder / name).mkdir(parents=True)
        for i in range(12):
            pixels = png(*(10 + part * (150 + 8 * i) for part in colour))
            (folder / name / f"{i}.png").write_bytes(pixels)


def fail(text, output):
    sys.exit(f"FAILED: {text}\n{output}")


def first_step(process):
    """Reads the output up to the first step of the training, which it returns."""
    seen = []
    for line in process.stdout:
        seen.append(line)
        if " step " in line:
            return "".join(seen)
    return fail("no step was reported", "".join(seen))


def main():
    with tempfile.TemporaryDirectory() as directory:
        data, model = pathlib.Path(directory, "data"), pathlib.Path(directory, "model")
        write_images(data)
        command = [sys.argv[1], "train", "--data", data, "--output", model, "--holdout", "4",
                   "--batch", "4", "--full-epochs", "100000"]
        with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            output = first_step(process)
            process.send_signal(signal.SIGINT)
            output += process.stdout.read()
        checkpoint = model / "checkpoint.safetensors"
        if process.returncode != 1 or "stopped; the same command goes on" not in output:
            fail(f"the interrupt ended it with status {process.returncode}", output)
        if [path.name for path in model.iterdir()] != [checkpoint.name]:
            fail(f"it left {sorted(model.iterdir())}", output)

        with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            output = first_step(process)
            process.terminate()
            output += process.stdout.read()
        if process.returncode != 1 or f"resumed from {checkpoint}" not in output:
            fail("it did not go on from the checkpoint", output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
