#!/usr/bin/env python3
"""Checks that a program is loaded with exactly one OpenMP runtime.

Usage: one_openmp_test.py PROGRAM
"""

import os
import re
import subprocess
import sys


def loaded_libraries(program):
    """The paths that the dynamic loader maps, as ldd shows them."""
    listing = subprocess.run([program], env={**os.environ, "LD_TRACE_LOADED_OBJECTS": "1"},
                             text=True, check=True, stdout=subprocess.PIPE).stdout
    missing = re.findall(r"(\S+) => not found", listing)
    if missing:
        sys.exit(f"FAILED: {program} does not find {', '.join(missing)}")
    return re.findall(r"=> (\S+) \(", listing)


def main():
    libraries = loaded_libraries(sys.argv[1])
    runtimes = [path for path in libraries
                if re.match(r"lib(gomp|iomp5|omp)\b", os.path.basename(path))]
    print("OpenMP:", ", ".join(runtimes) or "none")
    return 0 if len(runtimes) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
