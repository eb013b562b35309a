"""`saycraft bench` and `doctor`: how fast this machine is, and what works on it."""

from __future__ import annotations

import argparse
from typing import Any

from agents.commands.options import add_command, fail, positive, whole_list
from agents.commands.printing import print_json, print_rows

BENCHES = ("world", "policies", "scoring", "executor", "train")


def add_bench(commands: Any) -> None:
    """`saycraft bench` with its options."""
    p = add_command(commands, "bench", bench, "measure speed, beside peers where they are installed")
    p.add_argument("name", metavar="|".join(BENCHES), choices=BENCHES)
    p.add_argument("--num-envs", type=whole_list, metavar="N,N,..", help="batch sizes (default: the benchmark's own)")
    p.add_argument("--seconds", type=positive, metavar="S", help="time per row (default: the benchmark's own)")
    p.add_argument("--world", help="craft (default), kitchen or minedojo, for bench world")


def bench(a: argparse.Namespace) -> int:
    """One row per thing measured."""
    import importlib
    import inspect

    rows = importlib.import_module(f"benchmarks.{a.name}").rows
    given = {key: value for key in ("num_envs", "seconds", "world") if (value := getattr(a, key)) is not None}
    for key in given:
        if key not in inspect.signature(rows).parameters:
            fail(f"bench {a.name} has no --{key.replace('_', '-')}")
    found = rows(**given)
    if a.json:
        print_json({"rows": found})
    else:
        print_rows(found)
    return 0


def add_doctor(commands: Any) -> None:
    """`saycraft doctor` with its options."""
    add_command(commands, "doctor", doctor, "say what works on this machine and what to install for the rest")


def doctor(a: argparse.Namespace) -> int:
    """Look at this machine."""
    from agents.doctor import examine

    found = examine()
    if a.json:
        print_json([finding._asdict() for finding in found])
    else:
        for finding in found:
            print(f"{'ok     ' if finding.works else 'missing'}  {finding.what}: {finding.found}")
            if finding.remedy:
                print(f"           -> {finding.remedy}")
    return 0
