"""The batched closed loop: N environments in different phases, one planner call and one policy pass per step for all.

Every iteration gives free environments the next jobs of the queue, asks the planner once for all that wait for a
decision, acts once in all, and looks at the facts: a skill ends by success, failure, time-out or hopelessness and its
environment waits for the next decision; an episode ends by its goal, the planner's word, death, or its tick limit.
Whatever throws is charged to the environments concerned (`Trace.reason` = "error: ..."); the others go on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch

from agents import trace as reasons
from agents.tasks import Task
from agents.trace import DecisionRecord, Frame, Trace
from agents.watch import HIGH, FactWatch, gain_ranges, goal_ranges
from sim.world import UserError, World
from skills.deeds import KILLED
from skills.schema import NEARBY
from skills.targets import FIGHT

if TYPE_CHECKING:
    from planner.types import Decision, Goal, Planner
    from planner.understanding import Understanding
    from skills.schema import Skill

FREE, WAITING, ACTING = range(3)
FRUITLESS = ("failed", "timeout", "hopeless")  # outcomes of a skill that did not bring about its effects


class Runner(Protocol):
    """Performs skills: see `skills.runner.SkillRunner`."""

    def start(self, env_ids: Sequence[int], skill_indices: Sequence[int]) -> None:
        """Begin skills (positions in the library) in some environments."""

    def act(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        """Actions [N, ...] of the current skills of some environments; the rows of others mean to do nothing."""

    def success_probability(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        """Float [len(env_ids), S]: P(success) of every skill started now; NaN = unknown."""


@runtime_checkable
class Ongoing(Protocol):
    """A runner that can also judge a skill under way: see `skills.kitchen.runner.HouseholdRunner`."""

    def ongoing_probability(self, obs: dict[str, torch.Tensor], env_ids: Sequence[int]) -> torch.Tensor:
        """Float [len(env_ids)]: P(success) of the skill under way; NaN = unknown."""


class Reader(Protocol):
    """Understands commands: see `planner.understanding.Reader`."""

    def understand(self, commands: Sequence[str], facts: Sequence[Mapping[str, int]]) -> Sequence[Understanding]:
        """What each command asks for in its scene."""


class Camera(Protocol):
    """Takes pictures for replays: see `agents.replay`."""

    every: int  # iterations between two pictures

    def wants(self, job: Job) -> bool:
        """Whether this episode is filmed."""

    def due(self, trace: Trace, tick: int) -> bool:
        """Whether there is something new to see since the last picture."""

    def shoot(self, world: Any, env_ids: Sequence[int]) -> list[str]:
        """One base64 picture per environment."""


@dataclass(frozen=True)
class Job:
    """One episode to be done."""

    task: Task
    episode: int
    seed: int


@dataclass(frozen=True)
class Limits:
    """When to give up, besides the skills' own step limits and the episode's."""

    decisions: int = 1000  # per episode
    stuck: int = 25  # fruitless runs of one skill in a row
    hopeless_below: float = 0.0  # success probability; 0 = never
    hopeless_ticks: int = 400  # how long it must stay below
    hopeless_every: int = 25  # of its steps between two looks at a skill
    blow: int = 2  # half hearts lost to a foe at which a skill is interrupted


class Executor:
    """Carries out jobs in a world with a planner and a runner."""

    def __init__(self, world: World, skills: Mapping[str, Skill], planner: Planner, runner: Runner, *,
                 limits: Limits | None = None, camera: Camera | None = None, keep_candidates: bool = True,
                 reader: Reader | None = None, foes: Sequence[str] = ()):  # fmt: skip
        self.world, self.planner, self.runner = world, planner, runner
        self.skills = list(skills.values())
        self.index = {skill.name: i for i, skill in enumerate(self.skills)}
        self.limits, self.camera, self.keep_candidates = limits or Limits(), camera, keep_candidates
        self.reader = reader if getattr(planner, "uses_goals", True) else None
        n = world.num_envs
        self.understood: list[Goal | None] = [None] * n  # what each command was read as, where there is a reader
        self.phase = np.full(n, FREE, dtype=np.int8)
        self.skill = np.full(n, -1, dtype=np.int64)
        self.deadline = np.zeros(n, dtype=np.int64)  # tick at which the running skill times out
        self.max_ticks = np.zeros(n, dtype=np.int64)
        self.ends_itself = np.zeros(n, dtype=bool)  # reaching the goal ends the episode; else the planner must say so
        self.hopeful_at = np.zeros(n, dtype=np.int64)  # last tick at which the skill looked possible
        self.acted = np.zeros(n, dtype=np.int64)  # steps of the running skill
        self.paused = np.zeros(n, dtype=bool)  # environments that the world was told to leave alone
        self.goals = FactWatch(n, world.fact_names)
        self.gains = FactWatch(n, world.fact_names)
        self.kills = FactWatch(n, world.fact_names)  # of who fights for what the foe may drop
        self.jobs: list[Job | None] = [None] * n
        self.traces: list[Trace | None] = [None] * n
        self.began = np.zeros(n)
        self.finished: list[Trace] = []
        near = [mob + NEARBY for mob in foes]
        self.foes = [k for k, name in enumerate(world.fact_names) if name in near]
        self.health = world.fact_names.index("health") if self.foes else -1
        self.direct = np.array([skill.kind in ("craft", "apply") for skill in self.skills])
        self.quarry = np.array([self._quarry(skill) for skill in self.skills])
        self.well = np.zeros(n, dtype=np.int64)  # health when the skill began
        self.obs: dict[str, torch.Tensor] = {}
        self.camera_error = ""
        self._seen: np.ndarray | None = None  # facts of the present state
        self.iterations = 0

    # -- the loop ----------------------------------------------------------------------------------------------------

    def run(self, jobs: Iterable[Job], on_end: Callable[[Trace], None] | None = None) -> list[Trace]:
        """Do all jobs; traces in the order of the jobs. `on_end` is told of each episode as it ends."""
        jobs = list(jobs)
        by_job: dict[tuple[str, int, int], list[Trace]] = {}
        for trace in self.stream(jobs):
            by_job.setdefault((trace.task, trace.episode, trace.seed), []).append(trace)
            if on_end is not None:
                on_end(trace)
        return [by_job[job.task.id, job.episode, job.seed].pop(0) for job in jobs]

    def stream(self, jobs: Iterable[Job]) -> Iterator[Trace]:
        """Do all jobs; traces in the order in which the episodes end."""
        queue = deque(jobs)
        while queue or (self.phase != FREE).any():
            self._fill(queue)
            self._decide()
            self._act()
            yield from self.finished
            self.finished.clear()

    # -- starting episodes -------------------------------------------------------------------------------------------

    def _fill(self, queue: deque[Job]) -> None:
        """Give every free environment the next job that can be started."""
        while queue and (self.phase == FREE).any():
            free = np.flatnonzero(self.phase == FREE)[: len(queue)]
            batch = {int(env): queue.popleft() for env in free}
            for env, job in batch.items():
                self._open(env, job)
            self._guarded(self._reset, list(batch))

    def _open(self, env: int, job: Job) -> None:
        task = job.task
        self.jobs[env], self.phase[env], self.began[env] = job, WAITING, time.perf_counter()
        self.understood[env] = None
        self.traces[env] = Trace(
            task.id, task.family, task.command, job.episode, job.seed, [dict(a) for a in task.goal],
            ticks_per_second=round(1 / getattr(self.world, "tick_seconds", 0.05), 6),
        )  # fmt: skip

    def _reset(self, envs: list[int]) -> None:
        n = self.world.num_envs
        mask = torch.zeros(n, dtype=torch.bool)
        mask[envs] = True
        starts: list[dict[str, Any] | None] = [None] * n
        seeds = np.zeros(n, dtype=np.int64)
        for env in envs:
            job = self._job(env)
            self.goals.set(env, goal_ranges(self._known_facts(job.task.goal)))
            starts[env], seeds[env] = dict(job.task.start), job.seed
            self.ends_itself[env] = job.task.world != "kitchen"
            self.max_ticks[env] = job.task.max_steps or int(getattr(self.world, "max_ticks", np.iinfo(np.int64).max))
        self._seen, self.paused[envs] = None, False
        self.obs, _ = self.world.reset(seed=seeds, options={"mask": mask, "start": starts})
        self._film(envs)

    def _known_facts(self, goal: Sequence[Mapping[str, int]]) -> Sequence[Mapping[str, int]]:
        for name in (name for alternative in goal for name in alternative):
            if name not in self.goals.names:
                raise UserError(f"goal names the fact '{name}', which this world does not have")
        return goal

    # -- deciding ----------------------------------------------------------------------------------------------------

    def _decide(self) -> None:
        waiting = [int(e) for e in np.flatnonzero(self.phase == WAITING)]
        if waiting:
            facts = self._facts()
            reached = self.goals.holds(facts) & self.ends_itself
            for env in (e for e in waiting if reached[e]):
                self._end(env, reasons.REACHED, facts, success=True)
            self._guarded(self._choose, [e for e in waiting if not reached[e]])

    def _choose(self, envs: list[int]) -> None:
        """One planner call for all of `envs`; starts what it chose."""
        facts = self._facts()
        known = {env: self._named(facts[env]) for env in envs}
        envs = self._understand(envs, known)
        if not envs:
            return
        decisions = self.planner.decide(
            [self.understood[env] or self._job(env).task.goal for env in envs],
            [known[env] for env in envs],
            [self._trace(env).history for env in envs],
            affordance=self._affordance(envs),
            commands=[self._job(env).task.command for env in envs],
        )
        if len(decisions) != len(envs):
            raise RuntimeError(f"planner '{self.planner.name}' made {len(decisions)} decisions where {len(envs)} wait")
        ticks = self._ticks()
        chosen = []
        for env, decision in zip(envs, decisions, strict=True):
            self._trace(env).decisions.append(self._record(decision, known[env], int(ticks[env])))
            if self._goes_on(env, decision, facts):
                chosen.append(env)
                self._watch(env, self.skills[self.index[str(decision.skill)]], known[env], int(ticks[env]))
        if chosen:
            self.runner.start(chosen, [int(self.skill[env]) for env in chosen])
            self.phase[chosen] = ACTING

    def _understand(self, envs: list[int], known: Mapping[int, Mapping[str, int]]) -> list[int]:
        """Read the commands of episodes that have just begun; returns the environments that go on."""
        new = [env for env in envs if self.understood[env] is None]
        if self.reader is None or not new:
            return envs
        readings = self.reader.understand([self._job(env).task.command for env in new], [known[env] for env in new])
        for env, reading in zip(new, readings, strict=True):
            self._trace(env).understood = reading.text
            if reading.status == "clear":
                self.understood[env] = reading.goal
            else:
                self._end(env, f"{reasons.DECLINED}: {reading.reason}", self._facts())
        return [env for env in envs if self.phase[env] == WAITING]

    def _affordance(self, envs: list[int]) -> np.ndarray | None:
        if not getattr(self.planner, "uses_affordance", False):
            return None
        return self.runner.success_probability(self.obs, envs).detach().cpu().numpy()

    def _goes_on(self, env: int, decision: Decision, facts: np.ndarray) -> bool:
        """Whether the decision is a skill to perform; otherwise the episode has ended."""
        if decision.status == "done":
            reached = bool(self.goals.holds(facts)[env])
            self._end(env, reasons.DONE if reached else reasons.SAID_DONE, facts, success=reached)
        elif decision.status == "impossible":
            self._end(env, f"{reasons.IMPOSSIBLE}: {decision.reason}" if decision.reason else reasons.IMPOSSIBLE, facts)
        elif decision.skill not in self.index:
            self._end(env, f"{reasons.ERROR}: '{self.planner.name}' chose '{decision.skill}', not a skill", facts)
        elif len(self._trace(env).decisions) > self.limits.decisions:
            self._end(env, reasons.DECISIONS, facts)
        elif self._is_stuck(env, decision.skill):
            self._end(env, f"stuck: {decision.skill} failed {self.limits.stuck} times in a row", facts)
        else:
            return True
        return False

    def _is_stuck(self, env: int, skill: str) -> bool:
        past = self._trace(env).decisions[-1 - self.limits.stuck : -1]
        return len(past) == self.limits.stuck and all(d.skill == skill and d.outcome in FRUITLESS for d in past)

    def _record(self, decision: Decision, facts: dict[str, int], tick: int) -> DecisionRecord:
        candidates = []
        if self.keep_candidates:
            candidates = [{"skill": c.skill, "say": c.say, "can": c.can, "score": c.score} for c in decision.candidates]
        plan = list(decision.plan)
        return DecisionRecord(decision.skill, decision.status, facts, candidates, plan, decision.reason, tick, tick)

    def _watch(self, env: int, skill: Skill, before: Mapping[str, int], tick: int) -> None:
        self.skill[env] = self.index[skill.name]
        self.deadline[env] = tick + max(skill.steps, 1)
        self.hopeful_at[env], self.acted[env] = tick, 0
        self.well[env] = before.get("health", 0)
        self.gains.set(env, [gain_ranges(skill, before)])
        killed = f"{KILLED}{skill.target}"
        if skill.policy == FIGHT and killed in self.kills.names:
            self.kills.set(env, [{killed: (before.get(killed, 0) + 1, HIGH)}])
        else:
            self.kills.clear(env)

    # -- acting ------------------------------------------------------------------------------------------------------

    def _act(self) -> None:
        acting = np.flatnonzero(self.phase == ACTING)
        if len(acting) == 0:
            return
        try:
            self._pause()
            actions = self.runner.act(self.obs, acting.tolist())
            self._seen = None
            self.obs, _, terminated, truncated, info = self.world.step(actions)
            facts, ticks = self._facts(), self._ticks()
        except Exception as error:  # the step is one for all: every running episode is lost, the queue is not
            for env in acting:
                self._end(int(env), _say(error), None)
            return
        self.iterations += 1
        self.acted[acting] += 1
        if self.camera is not None and self.iterations % self.camera.every == 0:
            self._film([env for env in acting.tolist() if self.camera.due(self._trace(env), int(ticks[env]))])
        for env, what in info.get("failures", {}).items():  # of the environment, not of what was done in it
            if self.phase[env] == ACTING:
                self._end(env, f"{reasons.BROKEN}: {what}", None)
        acting = np.flatnonzero(self.phase == ACTING)
        self._judge(acting, facts, ticks, _bools(terminated), _bools(truncated))

    def _judge(
        self, acting: np.ndarray, facts: np.ndarray, ticks: np.ndarray, died: np.ndarray, late: np.ndarray
    ) -> None:
        """Close the skills and episodes that ended with this step."""
        reached = self.goals.holds(facts) & self.ends_itself
        gained, hopeless, attacked = self.gains.holds(facts), self._hopeless(acting, ticks), self._attacked(facts)
        done = self._direct() | self.kills.holds(facts)
        late = late | (ticks >= self.max_ticks)
        over = reached | gained | hopeless | attacked | died | late | (ticks >= self.deadline) | done
        for env in (int(e) for e in acting if over[e]):
            outcome = "success" if gained[env] else "timeout" if ticks[env] >= self.deadline[env] else ""
            outcome = outcome or ("hopeless" if hopeless[env] else "failed" if done[env] else
                                  "cut" if died[env] or late[env] or not attacked[env] else "interrupted")  # fmt: skip
            record = self._trace(env).decisions[-1]
            record.outcome, record.end = outcome, int(ticks[env])
            self.phase[env] = WAITING
            if reached[env]:
                self._end(env, reasons.REACHED, facts, success=True)
            elif died[env]:
                self._end(env, reasons.DIED, facts)
            elif late[env]:
                self._end(env, reasons.TIME, facts)

    def _quarry(self, skill: Skill) -> int:
        """The column of the fact that what a skill fights is near; -1 = it fights nothing."""
        near = f"{skill.target}{NEARBY}"
        return self.world.fact_names.index(near) if skill.policy == FIGHT and near in self.world.fact_names else -1

    def _direct(self) -> np.ndarray:
        """Bool [N]: skills that are one action, over after one step whatever came of it."""
        direct = np.array([skill.is_direct for skill in self.skills] + [False])
        return direct[self.skill]

    def _attacked(self, facts: np.ndarray) -> np.ndarray:
        """Bool [N]: who was hurt, has a foe near, and does not fight one that is."""
        if not self.foes:
            return np.zeros(len(self.phase), dtype=bool)
        hurt = self.well - facts[:, self.health] >= self.limits.blow
        quarry = self.quarry[self.skill]
        fights = (quarry >= 0) & (facts[np.arange(len(facts)), quarry] > 0)
        return hurt & (facts[:, self.foes] > 0).any(axis=1) & ~fights & ~self.direct[self.skill]

    def _hopeless(self, acting: np.ndarray, ticks: np.ndarray) -> np.ndarray:
        """Bool [N]: skills whose success probability has been below the threshold for long."""
        out = np.zeros(len(self.phase), dtype=bool)
        acting = acting[self.acted[acting] % self.limits.hopeless_every == 0]
        if self.limits.hopeless_below <= 0.0 or not len(acting):
            return out
        if isinstance(self.runner, Ongoing):
            own = self.runner.ongoing_probability(self.obs, acting.tolist()).detach().cpu().numpy()
        else:
            chance = self.runner.success_probability(self.obs, acting.tolist()).detach().cpu().numpy()
            own = chance[np.arange(len(acting)), self.skill[acting]]
        hopeful = ~(own < self.limits.hopeless_below)  # unknown (NaN) counts as hopeful
        self.hopeful_at[acting[hopeful]] = ticks[acting[hopeful]]
        out[acting] = ticks[acting] - self.hopeful_at[acting] >= self.limits.hopeless_ticks
        return out

    def _pause(self) -> None:
        """Tell the world which environments have nothing to do any more."""
        new = np.flatnonzero((self.phase == FREE) & ~self.paused)
        if len(new):
            self.world.pause(new.tolist())
            self.paused[new] = True

    def _film(self, envs: Iterable[int]) -> None:
        """A picture of each of `envs` that the camera wants; a broken camera is put away, not the episode."""
        wanted = [int(env) for env in envs if self.camera is not None and self.camera.wants(self._job(int(env)))]
        if self.camera is None or not wanted:
            return
        try:
            images = self.camera.shoot(self.world, wanted)
        except Exception as error:
            self.camera, self.camera_error = None, _say(error)
            return
        facts, ticks = self._facts(), self._ticks()
        for env, image in zip(wanted, images, strict=True):
            trace = self._trace(env)
            trace.frames.append(Frame(int(ticks[env]), image, len(trace.decisions) - 1, self._named(facts[env])))

    # -- ending and errors -------------------------------------------------------------------------------------------

    def _end(self, env: int, reason: str, facts: np.ndarray | None, *, success: bool = False) -> None:
        """Close the episode of `env` and free it."""
        trace = self._trace(env)
        trace.reason, trace.success = reason, success
        if facts is not None:
            trace.facts, trace.ticks = self._named(facts[env]), int(self._ticks()[env])
            self._film([env])
        if trace.decisions and trace.decisions[-1].status == "act" and not trace.decisions[-1].outcome:
            trace.decisions[-1].outcome, trace.decisions[-1].end = "cut", max(trace.ticks, trace.decisions[-1].start)
        trace.wall_s = time.perf_counter() - float(self.began[env])
        self.finished.append(trace)
        self.jobs[env], self.traces[env], self.phase[env] = None, None, FREE
        self.goals.clear(env)
        self.gains.clear(env)
        self.kills.clear(env)

    def _guarded(self, work: Callable[[list[int]], None], envs: list[int]) -> None:
        """Do `work` for all `envs` at once; if that throws, one by one, and end those that throw alone."""
        if not envs:
            return
        counts = {env: len(self._trace(env).decisions) for env in envs}
        try:
            work(envs)
        except Exception as error:
            again = [env for env in envs if self.phase[env] == WAITING]
            for env in again:
                del self._trace(env).decisions[counts[env] :]
                if len(envs) == 1:
                    self._end(env, _say(error), None)
                else:
                    self._guarded(work, [env])

    # -- small readers -----------------------------------------------------------------------------------------------

    def _job(self, env: int) -> Job:
        job = self.jobs[env]
        assert job is not None
        return job

    def _trace(self, env: int) -> Trace:
        trace = self.traces[env]
        assert trace is not None
        return trace

    def _facts(self) -> np.ndarray:
        """int32 [N, F] of the present state, read off the world once per change."""
        if self._seen is None:
            self._seen = self.world.facts().cpu().numpy()
        return self._seen

    def _ticks(self) -> np.ndarray:
        """int [N]: game ticks since each environment's reset."""
        return _numpy(getattr(self.world, "ticks")).astype(np.int64)  # noqa: B009

    def _named(self, row: np.ndarray) -> dict[str, int]:
        """The facts that are not zero, by name."""
        names = self.world.fact_names
        return {names[k]: int(row[k]) for k in np.flatnonzero(row)}


def _numpy(values: Any) -> np.ndarray:
    return values.cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def _bools(values: Any) -> np.ndarray:
    return _numpy(values).astype(bool)


def _say(error: Exception) -> str:
    """An exception as the reason of an end, on one line."""
    text = " ".join(str(error).split())
    return f"{reasons.ERROR}: {'' if isinstance(error, UserError) else type(error).__name__ + ': '}{text}"
