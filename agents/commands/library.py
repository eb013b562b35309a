"""`saycraft train` and `skills`: skills trained from nothing, listed, shown, begun and checked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from agents.commands.options import Parser, add_command, check_known, chosen_library, fail, positive, whole
from agents.commands.printing import cell, print_json, print_rows


def add_train(commands: Any) -> None:
    """`saycraft train` with its options."""
    p = add_command(commands, "train", train, "train skills and their success heads from nothing")
    p.add_argument("skill", metavar="SKILL|all", help="a family of skills (find, harvest, ...), a skill, or all")
    p.add_argument("--world", default="craft", help="craft (default) or kitchen")
    p.add_argument("--library", metavar="NAME|FILE", help="skill library (default: the world's own)")
    p.add_argument("--method", choices=("rlpd", "sac", "clone"), help="in the kitchen: reinforcement learning from "
                   "demonstrations (default), without any, or cloning alone")  # fmt: skip
    p.add_argument("--minutes", type=positive, metavar="M", help="time budget (default: what the families declare)")
    p.add_argument("--resume", action="store_true", help="go on where an earlier run was stopped")
    p.add_argument("--begin-as", metavar="FAMILY", help="begin as the shipped weights of a family, not from nothing")
    p.add_argument("--measure", action="store_true", help="keep the shipped policy: measure it and fit its head anew")
    p.add_argument("--seed", type=whole(0), default=0)
    p.add_argument("--out", type=Path, metavar="FOLDER", help="where weights go (default: in place of the shipped)")


def train(a: argparse.Namespace) -> int:
    """Train, with progress; a run that is killed goes on with --resume."""
    from skills.cards import WEIGHTS
    from skills.train import kitchen_config
    from skills.train import train as train_skills

    library = chosen_library(a)
    if a.method and a.world != "kitchen":
        fail("--method is for --world kitchen; the craft world's skills are learned by PPO")
    if a.begin_as and a.world == "kitchen":
        fail("--begin-as is for the craft world; the kitchen's skills begin from demonstrations")
    if a.measure and (a.begin_as or a.world == "kitchen"):
        fail("--measure is for the craft world's skills, and not with --begin-as: their policies stay as they are")
    config = kitchen_config(a.method) if a.method else None
    report = train_skills(a.skill, library=library, minutes=a.minutes, resume=a.resume, seed=a.seed, out=a.out,
                          config=config, begin_as=a.begin_as, keep=WEIGHTS if a.measure else None)  # fmt: skip
    if a.json:
        print_json(report)
    return 0


def add_skills(commands: Any) -> None:
    """`saycraft skills` with its options."""
    p = add_command(commands, "skills", None, "list, show, start or check skills")
    actions = p.add_subparsers(metavar="list|show|new|check", required=True, parser_class=Parser)
    for name, function, text in (
        ("list", skills_list, "every skill with its needs, gains and measured success"),
        ("show", skills_show, "everything about one skill"),
        ("new", skills_new, "a YAML entry to fill in for a new skill"),
        ("check", skills_check, "what is wrong or missing in a library"),
    ):
        q = add_command(actions, name, function, text)
        q.add_argument("--world", default="craft", help="default craft")
        q.add_argument("--library", help="library name or YAML file (default: the world's own)")
        if name in ("show", "new"):
            q.add_argument("name", metavar="NAME")


def skills_list(a: argparse.Namespace) -> int:
    """One row per skill."""
    library = chosen_library(a)
    records = [skill.model_dump() for skill in library.skills.values()]
    if a.json:
        print_json({"library": library.name, "skills": records})
    else:
        columns = ("name", "kind", "policy", "requires", "consumes", "obtains", "steps", "success")
        print_rows([{c: cell(record[c]) for c in columns} for record in records])
    return 0


def skills_show(a: argparse.Namespace) -> int:
    """One skill, field by field."""
    library = chosen_library(a)
    check_known(a.name, library.skills, "skill")
    record = library.skills[a.name].model_dump()
    if a.json:
        print_json(record)
    else:
        print_rows([{"field": key, "value": cell(value)} for key, value in record.items()])
    return 0


def skills_new(a: argparse.Namespace) -> int:
    """A commented entry for a library file, on stdout."""
    from skills.template import new_skill

    library = chosen_library(a)
    if a.name in library.skills:
        fail(f"skill '{a.name}' already exists in library '{library.name}'; see `saycraft skills show {a.name}`")
    text = new_skill(a.name)
    if a.json:
        print_json({"name": a.name, "yaml": text})
    else:
        print(text, end="")
    return 0


def skills_check(a: argparse.Namespace) -> int:
    """Problems of a library, one a line; exit code 1 when there are any."""
    from agents.agent import fact_names

    library = chosen_library(a)
    problems = library.lint(fact_names(library.world, None))
    given = library.unobtained()
    if a.json:
        print_json({"library": library.name, "skills": len(library.skills), "problems": problems, "unobtained": given})
    else:
        notes = [f"note: nothing obtains '{fact}'; only a start can give it" for fact in given]
        print("\n".join([*problems, *notes, f"{library.name}: {len(library.skills)} skills, {len(problems)} problems"]))
    return 1 if problems else 0
