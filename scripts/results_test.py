#!/usr/bin/env python3
"""scripts/results: tables are written anew from what was played, prose is left alone."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

RESULTS = pathlib.Path(__file__).resolve().parent / "results"
FIXED, DYNAMIC = "dvfs-only:dynamic-ofa-gpu-l4", "dynamic-only:dynamic-ofa-gpu-l4"


def figure(mean, half_width=0.0):
    return {"mean": mean, "half_width_95": half_width}


def policy(name, joule, attained=99.96):
    return {"policy": name, "attainment_percent": figure(attained),
            "accuracy_percent": figure(78.3), "board_j": figure(joule),
            "runs": [{"board_j": joule, "attainment_percent": attained - 1},
                     {"board_j": joule, "attainment_percent": attained}]}


def played(scenario, policies):
    compared = [{"policy": each["policy"], "comparable": each["policy"] != "greedy",
                 "energy_percent": figure(-0.04)} for each in policies]
    return {"scenario": scenario, "policies": policies, "comparisons": compared,
            "to_oracle": compared}


class ResultsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.page = self.folder / "results.md"
        every = [policy("hierarchical", 80), policy("dynamic-only", 100), policy("dvfs-only", 80),
                 policy("greedy", 90, 12.34), policy("fixed-schedutil", 100),
                 policy("fixed-performance", 160)]
        self.keep("all", [played("published-one-model", every),
                          played("published-two-models", every)])
        self.keep("joint", [played("joint-rate", every[:2] + [policy(FIXED, 100),
                                                              policy(DYNAMIC, 160)])])
        self.keep("oracle", [played("steps-10", every)])
        for error in (0, 10, 20, 30):
            at_error = [policy("hierarchical", 80 + error), *every[1:]]
            self.keep(f"profile-{error}", [played("steps-10", at_error)])

    def keep(self, name, scenarios):
        (self.folder / f"{name}.json").write_text(json.dumps(scenarios))

    def write(self):
        return subprocess.run([sys.executable, RESULTS, "--kept", self.folder, "--page", self.page],
                              capture_output=True, text=True, check=False)

    def test_tables_are_replaced_and_prose_is_kept(self):
        names = ("governors", "parts", "all", "behind", "oracle", "wrong-profile")
        self.page.write_text("first\n" + "\n".join(
            f"before {name}\n<!-- table {name} -->\nold\n<!-- end -->\n" for name in names))
        self.assertEqual(self.write().returncode, 0)
        page = self.page.read_text()
        self.assertNotIn("old", page)
        for text in ("first", *(f"before {name}" for name in names)):
            self.assertIn(text, page)
        self.assertIn("| one model | performance | 16.5 % | 50.0 \u00b1 0.0 % | 100.0 / 100.0 % |",
                      page)
        self.assertIn("**20.0 \u00b1 0.0 %**", page)
        self.assertIn("| 12.3 |", page)  # not comparable: no energy
        self.assertIn("| none | none |  |", page)
        self.assertIn("100.0 (+0.0 %)", page)  # no minus before what rounds to nothing
        self.assertIn("| 99.0 / 99.0 / 99.0 | 12.5 / 25.0 / 37.5 |", page)
        self.assertEqual(self.write().returncode, 0)
        self.assertEqual(self.page.read_text(), page)

    def test_a_part_that_attains_more_is_named(self):
        self.keep("joint", [played("joint-rate", [policy("hierarchical", 80, 99.5),
                                                  policy("dynamic-only", 80, 99.4),
                                                  policy(FIXED, 100, 99.75),
                                                  policy(DYNAMIC, 160, 99.5)])])
        self.page.write_text("".join(f"<!-- table {name} -->\nold\n<!-- end -->\n" for name in (
            "governors", "parts", "all", "behind", "oracle", "wrong-profile")))
        self.assertEqual(self.write().returncode, 0)
        self.assertIn(f"| `joint-rate` | `{FIXED}` | \u22120.25 \u00b1 0.00 |",
                      self.page.read_text())
        self.assertEqual(self.page.read_text().count("| `joint-rate` | `"), 1)

    def test_a_page_without_a_place_for_a_table_is_left_alone(self):
        self.page.write_text("nothing")
        run = self.write()
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("no place for the table governors", run.stderr)
        self.assertEqual(self.page.read_text(), "nothing")


if __name__ == "__main__":
    unittest.main()
