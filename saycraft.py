"""The command line of saycraft: parses, calls, prints; every heavy import waits until its command needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the rooms of this house come before namesakes elsewhere

from agents.commands import episodes, graph, library, machine
from agents.commands.options import Parser, one_line

VERSION = "0.1.0"
COMMANDS = (
    episodes.add_run,
    episodes.add_plan,
    episodes.add_eval,
    library.add_train,
    library.add_skills,
    graph.add_graph,
    machine.add_bench,
    machine.add_doctor,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (2 = the user's mistake, 130 = interrupted)."""
    try:
        arguments = make_parser().parse_args(argv)
        return int(arguments.run(arguments) or 0)
    except SystemExit as stop:
        return int(stop.code or 0)
    except KeyboardInterrupt:
        print("saycraft: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `saycraft skills list | head`
        sys.stderr.close()
        return 0
    except ValueError as error:
        if type(error).__name__ != "UserError":
            raise
        print(f"saycraft: {one_line(error)}", file=sys.stderr)
        return 2


def make_parser() -> Parser:
    """Every command with its options."""
    parser = Parser(prog="saycraft", description="Plan and perform a typed command with reinforcement-learned skills.")
    parser.add_argument("--version", action="version", version=f"saycraft {VERSION}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for add in COMMANDS:
        add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
