#!/usr/bin/env python3
"""Shows that check_layering sees each kind of violation, and nothing where there is none."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKER = pathlib.Path(__file__).resolve().parent / "check_layering"
INTERFACES = {
    "daemon/base/clock.h": "#include <chrono>\n",
    "daemon/hardware/board.h": "",
    "daemon/hardware/sysfs/cpufreq.h": "",
    "daemon/manager/manager.h": "",
    "policies/policy.h": "#include <string>\n",
    "tests/support/catch.h": "",
}


def check(files):
    """(exit status, output) of the checker on a tree with the interfaces and `files`."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for path, text in {**INTERFACES, **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        run = subprocess.run([sys.executable, str(CHECKER), "--root", str(root)],
                             capture_output=True, text=True, check=False)
        return run.returncode, run.stdout + run.stderr


class Layering(unittest.TestCase):
    def refused(self, files, *parts):
        status, output = check(files)
        self.assertEqual(status, 1, output)
        for part in parts:
            self.assertIn(part, output)

    def accepted(self, files):
        status, output = check(files)
        self.assertEqual(status, 0, output)

    def test_allowed_arrows(self):
        self.accepted({
            "daemon/manager/loop.cc": '#include "daemon/hardware/board.h"\n'
                                      '#include "policies/policy.h"\n#include "absl/status/status.h"\n',
            "daemon/hardware/sysfs/file.cc": '#include "daemon/hardware/board.h"\n'
                                             'const char* kRoot = "/sys/devices";\n',
            "daemon/main.cc": '#include "daemon/manager/manager.h"\n',
        })

    def test_upward_include(self):
        self.refused({"daemon/base/bad.h": '#include "daemon/manager/manager.h"\n'},
                     "daemon/base/bad.h:1", "daemon/base may not depend on daemon/manager")

    def test_implementation_instead_of_interface(self):
        self.refused({"daemon/manager/bad.cc": '#include "daemon/hardware/sysfs/cpufreq.h"\n'},
                     "daemon/manager may not depend on daemon/hardware/sysfs")

    def test_library_outside_its_folder(self):
        for header in ("<torch/torch.h>", "<oneapi/dnnl/dnnl.hpp>", "<grpcpp/grpcpp.h>",
                       "<sdbus-c++/sdbus-c++.h>", "<spdlog/spdlog.h>"):
            self.refused({"daemon/manager/bad.cc": f"\n#include {header}\n"},
                         "daemon/manager/bad.cc:2", "may not include")

    def test_library_in_its_folder(self):
        self.accepted({"daemon/control/bus.cc": "#include <sdbus-c++/sdbus-c++.h>\n",
                       "daemon/engine/torch/net.cc": "#include <torch/torch.h>\n"})

    def test_policies_are_pure(self):
        self.refused({"policies/bad.cc": "#include <unistd.h>\n"}, "standard library only")
        self.refused({"policies/bad.cc": '#include "absl/status/status.h"\n'}, "Abseil")

    def test_public_headers_are_plain(self):
        self.refused({"client/include/dynofa/client.h": "#include <grpcpp/grpcpp.h>\n"}, "gRPC")

    def test_scenarios_are_for_the_program_not_for_the_library(self):
        scenario = {"daemon/scenario/rules/scenario.h": ""}
        include = '#include "daemon/scenario/rules/scenario.h"\n'
        self.accepted({**scenario, "client/cli/bench/play.cc": include})
        self.refused({**scenario, "client/src/client.cc": include},
                     "client may not depend on daemon/scenario/rules")
        self.refused({**scenario, "daemon/scenario/rules/bad.cc": '#include "daemon/manager/manager.h"\n'},
                     "daemon/scenario/rules may not depend on daemon/manager")

    def test_kernel_paths(self):
        self.refused({"daemon/manager/bad.cc": 'auto path = "/proc/stat";\n'},
                     "literal of a kernel path")
        self.accepted({"daemon/manager/loop_test.cc": 'auto path = "/proc/stat";\n'})

    def test_nothing_uses_tests(self):
        self.refused({"daemon/manager/bad.cc": '#include "tests/support/catch.h"\n'},
                     "only tests may use tests/")
        self.accepted({"daemon/manager/loop_test.cc": '#include "tests/support/catch.h"\n'})

    def test_parser_in_one_file(self):
        self.refused({"daemon/base/a.cc": "#include <toml++/toml.h>\n",
                      "daemon/base/b.cc": "#include <toml++/toml.h>\n"}, "one file of daemon/base")
        self.refused({"daemon/base/a.h": "#include <toml++/toml.h>\n"}, "not in a header")
        self.refused({"daemon/config/a.cc": "#include <toml++/toml.h>\n"}, "may not include toml++")

    def test_links(self):
        files = {"daemon/base/CMakeLists.txt": "dynofa_library(base SOURCES a.cc DEPS dynofa::manager)",
                 "daemon/manager/CMakeLists.txt": "dynofa_library(manager SOURCES b.cc)"}
        self.refused(files, "base (daemon/base) may not link dynofa::manager")

    def test_an_empty_tree_is_an_error(self):
        with tempfile.TemporaryDirectory() as directory:
            run = subprocess.run([sys.executable, str(CHECKER), "--root", directory], check=False,
                                 capture_output=True)
            self.assertEqual(run.returncode, 1)


if __name__ == "__main__":
    unittest.main()
