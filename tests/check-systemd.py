#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service as it is installed, in a systemd that runs: "make check-systemd"
as root. Boots a machine of its own (tests/systemd/machine.py), installs this
build into it, and proves there what the documents promise of it.

    tests/check-systemd.py [CASE...]    all cases, or those with such names

Where no machine can be booted it says why and skips (status 77); with CI=true
that is a failure.
"""

import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
# pylint: disable=wrong-import-position
from systemd import machine as machines  # noqa: E402
from systemd import cases_life, cases_reload, cases_walls  # noqa: E402
from systemd.service import STUCK, Origin, ServiceCase  # noqa: E402

MODULES = (cases_life, cases_reload, cases_walls)
BUILD = os.environ.get("abs_top_builddir", ".")
SKIPPED = 77


def suite_of(patterns):
    loader = unittest.TestLoader()
    loader.testNamePatterns = ["*%s*" % p for p in patterns] or None
    return unittest.TestSuite(map(loader.loadTestsFromModule, MODULES))


def run_cases(patterns):
    began = time.monotonic()
    machine = machines.Machine()
    try:
        machine.make_install(BUILD)
        machine.install(os.path.join(BUILD, "tests/systemd/stuck.so"), STUCK)
        machine.boot()
        # As README.md tells who installs it.
        machine.run("systemd-sysusers")
        machine.run("journalctl", "--update-catalog")
        print("booted after %.1fs" % (time.monotonic() - began), flush=True)
        ServiceCase.machine = machine
        ServiceCase.origin = Origin(machine)
        result = unittest.TextTestRunner(verbosity=2).run(suite_of(patterns))
    finally:
        machine.end()
    n_failed = len(result.failures) + len(result.errors)
    print("\n# PASS: %d\n# FAIL: %d" % (result.testsRun - n_failed, n_failed))
    return 0 if n_failed == 0 and result.testsRun > 0 else 1


def main():
    if os.environ.get(machines.INSIDE):
        return run_cases(sys.argv[1:])
    try:
        machines.check_tools()
        return machines.run_inside([sys.executable, *sys.argv])
    except machines.CannotRun as why:
        if os.environ.get("CI") == "true":
            print("cannot run, which CI does not allow: %s\n# FAIL: 1" % why)
            return 1
        print("skipped: %s" % why)
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
