"""From what a command means to a goal in the scene at hand: which counts of which objects, where.

A clause may be met in several ways (any fruit will do), so a goal has alternatives; those that need least come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from itertools import accumulate, combinations, combinations_with_replacement, product

from planner.embedded.clauses import ALL, BESIDE, Clause
from planner.types import Facts
from skills.household import AT, CLOSED, HOLDING, OPEN, ROBOT, VISITED

NEARLY = 0.9  # of the most probable object's probability: as good as it
FAINT = 0.1  # probability of an object that stands in where none of the likely ones is here
IN_HAND = "hand"  # the source of a clause about what the robot holds
MOST_WAYS = 12  # of one clause
ANYTHING = 12  # a clause about more things than so many names none: "put it down"
MOST_ALTERNATIVES = 36  # of a goal
TRASH, DRAWER = "trash_can", "drawer"
MOVES = ("bring", "put")


class Unmet(ValueError):
    """A clause that this scene cannot meet; its text says why."""


class Scene:
    """What the facts say of objects and places, less what earlier clauses have claimed."""

    def __init__(self, facts: Facts):
        self.facts = facts
        self.robot = next((name.removeprefix(ROBOT) for name in facts if name.startswith(ROBOT)), "user")
        self.held = next((name.removeprefix(HOLDING) for name in facts if name.startswith(HOLDING)), None)
        self.lying: Counter[tuple[str, str]] = Counter()
        for name, n in facts.items():
            thing, at, place = name.rpartition(AT)
            if at and not name.startswith((ROBOT, VISITED)):
                self.lying[thing, place] = n

    def available(self, things: Iterable[str], sources: Iterable[str], target: str | None) -> Counter[str]:
        """How many of each thing could be moved to `target`; what lies in the trash only where nothing else would do."""
        names, where = set(things), set(sources)
        found: Counter[str] = Counter()
        if self.held in names and (not where or IN_HAND in where):
            found[str(self.held)] += 1
        for (thing, place), n in self.lying.items():
            if thing in names and n > 0 and place != target and (place in where if where else place != TRASH):
                found[thing] += n
        if not found and not where:
            for (thing, place), n in self.lying.items():
                if thing in names and place == TRASH != target:
                    found[thing] += n
        return +found

    def effort(self, thing: str) -> float:
        """How far away a thing is: in the hand, here, elsewhere, in a closed drawer."""
        if thing == self.held:
            return 0.0
        places = [place for (name, place), n in self.lying.items() if name == thing and n > 0]
        closed = DRAWER in places and not self.facts.get(OPEN)
        return 1.0 if self.robot in places else 3.0 if closed and len(places) == 1 else 2.0


def grounded(clauses: Sequence[Clause], likely: Sequence[Mapping[str, float]], facts: Facts) -> tuple[Clause, ...]:
    """The clauses over what this scene has: of any so many objects those nearly as probable as the least of the best that
    make up the number; where the likely ones here are too few, faintly probable ones too."""
    scene, made = Scene(facts), []
    for clause, p in zip(clauses, likely, strict=True):
        here = scene.available((name.replace(" ", "_") for name in p), _sources(clause, scene), None)
        there = sorted((name for name in p if name.replace(" ", "_") in here), key=lambda name: -p[name])
        chosen = [name for name in there if name in clause.things]
        if clause.things and clause.count != ALL:
            amounts = {name: 1 if clause.different else here[name.replace(" ", "_")] for name in there}
            if sum(amounts[name] for name in chosen) < clause.count:
                chosen += [name for name in there if name not in clause.things and p[name] >= FAINT]
            so_many = accumulate(amounts[name] for name in chosen)
            least = min(
                (p[name] for name, n in zip(chosen, so_many, strict=True) if n - amounts[name] < clause.count),
                default=0.0,
            )
            chosen = [name for name in chosen if p[name] >= NEARLY * least]
        made.append(replace(clause, things=frozenset(chosen) or clause.things))
    return tuple(made)


def _sources(clause: Clause, scene: Scene) -> set[str]:
    """Where a clause's things are to come from; "your hand" means nothing where they are not in it."""
    sources = _names(clause.source)
    held_is_meant = scene.held in _names(clause.things)
    return sources if held_is_meant or len(clause.things) > ANYTHING else sources - {IN_HAND}


def goal_of(clauses: Sequence[Clause], facts: Facts) -> tuple[dict[str, int], ...]:
    """Alternatives that meet all clauses, least effort first. Raises `Unmet` for what the scene does not have."""
    scene = Scene(facts)
    clauses = [_placed(clause, scene) for clause in clauses]
    ways = [_ways(clause, k, clauses, scene) for k, clause in enumerate(clauses)]
    found: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}
    for combined in sorted(
        product(*(list(enumerate(some)) for some in ways)), key=lambda pick: sum(rank for rank, _ in pick)
    ):
        goal = _together([way for _, way in combined], facts)
        found.setdefault(tuple(sorted(goal.items())), goal)
        if len(found) >= MOST_ALTERNATIVES:
            break
    return tuple(found.values())


def _placed(clause: Clause, scene: Scene) -> Clause:
    """The clause with "next to the orange" as the places where oranges lie."""
    if not any(place.startswith(BESIDE) for place in clause.place):
        return clause
    names = _names(place.removeprefix(BESIDE) for place in clause.place)
    spots = frozenset(place.replace("_", " ") for (name, place), n in scene.lying.items() if name in names and n > 0)
    if not spots:
        raise Unmet(f"there is no {' or '.join(sorted(names))} to put it next to".replace("_", " "))
    return replace(clause, place=spots)


def _together(parts: Sequence[Mapping[str, int]], facts: Facts) -> dict[str, int]:
    """One goal of several: counts add up over what was there, later words on the drawer and the hand replace earlier ones."""
    goal: dict[str, int] = {}
    for part in parts:
        for name, n in part.items():
            if name in goal and n > 0 and AT in name and not name.startswith((ROBOT, VISITED)):
                goal[name] += max(n - facts.get(name, 0), 0)
            else:
                goal.pop({OPEN: CLOSED, CLOSED: OPEN}.get(name, ""), None)
                goal.pop(name, None)
                goal[name] = n
    return goal


def _ways(clause: Clause, k: int, clauses: Sequence[Clause], scene: Scene) -> list[dict[str, int]]:
    """The ways to meet one clause; an empty dict where later clauses make it so anyway."""
    last = k == len(clauses) - 1
    things, places = _names(clause.things), sorted(_names(clause.place))
    if clause.verb in MOVES:
        if _moved_on(clause, clauses[k + 1 :], scene):
            return [{}]
        others = {name for j, other in enumerate(clauses) if j != k for name in _names(other.things)}
        return _moved(clause, things, places, scene, others)
    if clause.verb == "open":
        return [{OPEN: 1}]
    if clause.verb == "close":
        return [{CLOSED: 1}]
    if clause.verb == "go":
        there = [{f"{VISITED}{p}": scene.facts.get(f"{VISITED}{p}", 0) + 1} for p in places]
        return [{**way, f"{ROBOT}{p}": 1} for way, p in zip(there, places, strict=True)] if last else there
    if clause.verb == "drop":
        return [{f"{HOLDING}{scene.held}": 0}] if scene.held in things else [{}]
    held = clause.verb == "pick" and all(other.verb in ("go", "open", "close") for other in clauses[k + 1 :])
    if not last and not held:
        return [{}]  # picked up or found on the way to something else
    if clause.verb == "pick":
        if scene.held in things:
            return [{f"{HOLDING}{scene.held}": 1}]
        found = scene.available(things, _sources(clause, scene), None)
        return [{f"{HOLDING}{name}": 1} for name in _nearest(found, scene)] or _none(clause)
    spots = {p: None for (name, p), n in scene.lying.items() if name in things and n > 0}
    return [{f"{ROBOT}{place}": 1} for place in sorted(spots, key=lambda p: p != scene.robot)] or _none(clause)


def _moved_on(clause: Clause, later: Sequence[Clause], scene: Scene) -> bool:
    """Whether a later clause takes the same things further ("set the sponge on the counter, then on the table"): there are no
    others of the kind."""
    here = scene.available(_names(clause.things), (), None).total()
    same = [other.count for other in later if other.verb in MOVES and other.things == clause.things]
    return clause.count != ALL and any(count >= max(clause.count, here) for count in same)


def _moved(
    clause: Clause, things: set[str], places: Sequence[str], scene: Scene, others: Set[str]
) -> list[dict[str, int]]:
    """Ways to get the asked number of things to one of the places. Where it is said from where, the like that stand elsewhere
    stay there, unless another clause is about them (`others`)."""
    sources = _sources(clause, scene)
    ways: list[tuple[float, dict[str, int]]] = []
    for place in places:
        found = scene.available(things, sources, place)
        there = {name: n for (name, p), n in scene.lying.items() if p == place and name in things and n > 0}
        if not found and there:
            most = max(there.values()) if clause.count == ALL else clause.count
            ways.append((0.0, {f"{name}{AT}{place}": min(n, most) for name, n in there.items()}))
        for chosen in _choices(clause, found, scene):
            effort = sum(scene.effort(name) for name in chosen)
            counts = Counter(chosen)
            way = {f"{name}{AT}{place}": scene.facts.get(f"{name}{AT}{place}", 0) + n for name, n in counts.items()}
            for (name, spot), n in scene.lying.items():
                if sources and name in counts and name not in others and n > 0 and spot not in (*sources, place):
                    way[f"{name}{AT}{spot}"] = n
            ways.append((effort, way))
    if not ways:
        return _none(clause)
    ways.sort(key=lambda way: way[0])
    return [way for _, way in ways[:MOST_WAYS]]


def _choices(clause: Clause, found: Counter[str], scene: Scene) -> list[tuple[str, ...]]:
    """Which things to take, as names with repetitions."""
    if not found:
        return []
    if clause.count == ALL:
        return [tuple(found) if clause.different else tuple(found.elements())]
    names = _nearest(found, scene)
    number = min(clause.count, len(names) if clause.different else found.total())
    if clause.different:
        return list(combinations(names[: MOST_WAYS + 1], number))[: 4 * MOST_WAYS]
    options = combinations_with_replacement(names[:MOST_WAYS], number)
    return [some for some in options if all(n <= found[name] for name, n in Counter(some).items())][: 4 * MOST_WAYS]


def _nearest(found: Mapping[str, int], scene: Scene) -> list[str]:
    return sorted(found, key=scene.effort)


def _names(texts: Iterable[str]) -> set[str]:
    return {text.replace(" ", "_") for text in texts}


def _none(clause: Clause) -> list[dict[str, int]]:
    names = sorted(clause.things)
    what = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    at = f" at the {' or '.join(sorted(clause.source))}" if clause.source else " here"
    where = " in my hand" if IN_HAND in clause.source else at
    raise Unmet(f"there is no {what or 'such thing'}{where}")
