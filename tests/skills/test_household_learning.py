"""The household robot's skills: paths, features, scripted hands, tasks, and the runner over shipped weights."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
import torch

from sim.kitchen.facts import fact_names
from sim.kitchen.layout import NAMES, PLACES, blocked
from sim.kitchen.objects import COPIES, KINDS, THINGS
from sim.kitchen.scene import Lying, Scene, free_spot
from sim.kitchen.state import NOTHING
from sim.kitchen.world import KitchenWorld
from sim.world import UserError
from skills.kitchen.demonstrate import demonstrate
from skills.kitchen.features import FAMILIES, SIZE, STEPS, Rows, features
from skills.kitchen.navigation import path, station, towards
from skills.kitchen.outlook import OUTLOOK, head_features, outlook
from skills.kitchen.runner import HouseholdRunner
from skills.kitchen.tasks import HouseholdTask, demonstrations, skill_names
from skills.library import SkillLibrary
from skills.schema import Skill
from skills.train import DISCOUNTS, choose_families, kitchen_config


@pytest.mark.parametrize(("a", "b"), list(permutations(NAMES, 2)))
def test_every_place_is_reached_without_touching_anything(a, b):
    start, goal = station(PLACES[a]), station(PLACES[b])
    way = path(start[:2], goal[:2])
    points = [start[:2], *way]
    for (x, y), (u, v) in pairwise(points):
        share = np.linspace(0, 1, 50)
        assert not blocked(x + share * (u - x), y + share * (v - y), 0.26).any()
    base = np.array(start)
    for _ in range(200):
        move = towards(base, goal, way)
        if not move.any():
            break
        c, s = np.cos(base[2]), np.sin(base[2])
        base += [0.1 * (c * move[0] - s * move[1]), 0.1 * (s * move[0] + c * move[1]), 0.25 * move[2]]
    assert (
        np.hypot(base[0] - goal[0], base[1] - goal[1]) < 0.02
        and abs((base[2] - goal[2] + np.pi) % (2 * np.pi) - np.pi) < 0.04
    )


def test_objects_are_put_where_there_is_room():
    place = PLACES["table"]
    others = np.array([[0.5, 0.0, 0.04]])
    forward, lateral = free_spot(place, KINDS["coke"] * COPIES, others, 0.0)
    assert np.hypot(forward - 0.5, lateral) > 0.1 and abs(lateral) < 0.3
    assert free_spot(PLACES["trash can"], 0, others, 0.0) == (0.5, 0.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_tasks_keep_the_conventions(family):
    task = HouseholdTask(family, 2, seed=1, purpose="wide")
    obs = task.reset()
    names = set(skill_names(family))
    library = SkillLibrary.load("kitchen").skills
    assert names <= set(library) and {library[name].policy for name in names} == {family}
    for _ in range(30):
        assert obs.shape == (2, task.obs_dim) == (2, SIZE + OUTLOOK)
        assert obs.dtype == torch.float32 and bool(torch.isfinite(obs).all())
        assert obs.abs().max() < 12
        obs, reward, terminated, truncated, info = task.step(torch.rand(2, 5) * 2 - 1)
        assert not bool((terminated & truncated).any()) and bool((reward == info["success"]).all())
        assert info["final_obs"].shape == (2, SIZE + OUTLOOK)
    task.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_heads_read_what_policies_read_and_more(family):
    task = HouseholdTask(family, 3, seed=4, purpose="far")
    whole, state, rows = task.reset().numpy(), task.world.state, task.work.rows
    np.testing.assert_array_equal(whole[:, :SIZE], features(family, state, rows))
    for k in range(3):  # batched equals one at a time
        np.testing.assert_allclose(head_features(family, state, rows.take(np.array([k])))[0], whole[k], atol=1e-6)
    task.close()


def _kitchen(*objects: Lying, base: tuple[float, float, float] | None = None, drawer: float = 0.0) -> KitchenWorld:
    world = KitchenWorld(1, workers=0)
    world.reset(seed=3, options={"start": [Scene(base or station(PLACES["table"]), objects, drawer)]})
    return world


def _row(slot: int, place: str, opening: bool = False) -> Rows:
    one = np.zeros(1, dtype=np.int64)
    place_row, target, told = np.array([NAMES.index(place)]), np.zeros((1, 3)), np.zeros((1, 4))
    return Rows(one, np.array([slot]), place_row, target, np.array([opening]), one, told)


def test_the_outlook_tells_what_rolling_up_will_not_mend():
    coke, apple = KINDS["coke"] * COPIES, KINDS["apple"] * COPIES
    x, y, yaw = station(PLACES["table"])
    seen = {}
    starts = (("near", (0.5, 0.3), 0.0), ("near, from aside", (0.5, 0.3), 0.25), ("far", (0.9, 0.3), 0.0))
    for name, at, aside in starts:
        world = _kitchen(Lying(coke, "table", at), base=(x + aside, y, yaw))
        seen[name] = outlook("pick", world.state, _row(coke, "table"))[0]
        world.close()
    moved = np.flatnonzero(~np.isclose(seen["near"], seen["near, from aside"], atol=0.02))
    assert moved.tolist() == [8], "but for how far it has to roll, where the robot stands makes no difference"
    assert seen["near"][13] == -2 and seen["far"][13] > 1, "how far the arm must reach, about where it cannot"
    world = _kitchen(Lying(coke, "table", (0.5, 0.3)), Lying(apple, "table", (0.5, 0.18)))
    crowded = outlook("pick", world.state, _row(coke, "table"))[0]
    world.close()
    assert crowded[-1] == 0.25 and seen["near"][-1] == 0 and np.allclose(crowded[26:28], [0.0, -0.6], atol=0.05)


def test_who_opens_the_drawer_sees_what_may_fall():
    base, bottle = station(PLACES["drawer"]), KINDS["water bottle"] * COPIES
    rows = []
    for objects in ((), (Lying(bottle, "drawer", (0.58, 0.0)),), (Lying(bottle, "drawer", (0.58, 0.0), 0.0),)):
        world = KitchenWorld(1, workers=0)
        lying = (bottle,) if len(rows) == 2 else ()
        world.reset(seed=3, options={"start": [Scene(base, objects, lying=lying)]})
        rows.append(features("drawer", world.state, _row(NOTHING, "drawer", True))[0])
        world.close()
    empty, upright, fallen = rows
    assert np.abs(upright - empty).max() > 0.3 and np.abs(upright - fallen).max() > 1.5


def test_who_puts_down_knows_what_the_motors_are_told():
    task = HouseholdTask("put", 3, seed=5, purpose="train")
    task.reset()
    rows, seen = task.work.rows, 0.0
    for _ in range(40):
        obs = task.step(torch.rand(3, 5) * 2 - 1)[0]
        for env, kitchen in enumerate(task.world._team.kitchens):
            if rows.steps[env] > 0:
                ahead = kitchen.target - kitchen.hand[:3]
                np.testing.assert_allclose(rows.told[env, :3], ahead, atol=0.015)  # the arm sags a little at the start
                assert rows.told[env, 3] == pytest.approx(kitchen.grip_target)
                np.testing.assert_allclose(obs[env, 45:], np.clip(20 * rows.told[env, :3], -2, 2), atol=1e-5)
                seen = max(seen, float(np.abs(ahead).max()))
    task.close()
    assert seen > 0.03


def test_what_cannot_be_mended_ends_the_episode():
    task = HouseholdTask("drawer", 1, seed=0, purpose="judge")
    task.reset()
    bottle = KINDS["water bottle"] * COPIES
    task.world.reset(seed=3, options={"start": [Scene(station(PLACES["drawer"]), (Lying(bottle, "drawer", (0.58, 0.0)),),
                                                      lying=(bottle,))]})  # fmt: skip
    _, reward, terminated, _, info = task.step(torch.zeros(1, 5))
    assert bool(terminated[0]) and not bool(info["success"][0]) and reward[0] == 0
    task.close()
    task = HouseholdTask("put", 1, seed=0, purpose="judge")
    task.reset()
    steps, terminated, truncated = 0, torch.zeros(1, dtype=torch.bool), torch.zeros(1, dtype=torch.bool)
    while not bool(terminated[0] | truncated[0]):
        _, _, terminated, truncated, info = task.step(torch.tensor([[0.0, 0.0, 0.0, 0.0, 1.0]]))  # lets go in the air
        steps += 1
    assert steps < 45 < STEPS["put"] and bool(terminated[0]) and not bool(info["success"][0])
    task.close()


@pytest.mark.parametrize(("family", "least"), [("pick", 0.8), ("put", 0.6), ("drawer", 0.75)])
def test_the_scripted_hand_succeeds_without_noise(family, least):
    task = HouseholdTask(family, 3, seed=2, purpose="judge")
    task.reset()
    won = []
    while len(won) < 24:
        acts = torch.from_numpy(demonstrate(family, task.world.state, task.work.rows))
        _, _, terminated, truncated, info = task.step(acts)
        won += info["success"][terminated | truncated].tolist()
    assert np.mean(won) >= least
    task.close()


def test_demonstrations_are_whole_successful_episodes():
    task = HouseholdTask("drawer", 3, seed=0)
    demos, told = demonstrations(task, 3, seed=0)
    assert told["episodes"] == 3 and 0 < told["success"] <= 1
    assert demos.reward.sum() == 3 and torch.equal(demos.reward, demos.done)
    assert demos.action.abs().max() < 1 and demos.obs.shape == demos.next_obs.shape == (len(demos), SIZE)
    task.close()


def test_families_and_methods():
    library = SkillLibrary.load("kitchen")
    assert choose_families(["all"], library) == ["drawer", "pick", "put"]
    assert choose_families(["pick_up_coke_at_table"], library) == ["pick"]
    with pytest.raises(UserError, match="unknown method 'ppo2'; there are rlpd, sac, clone"):
        kitchen_config("ppo2")
    with pytest.raises(UserError, match="unknown family 'juggle'"):
        HouseholdTask("juggle")
    assert set(DISCOUNTS) == set(FAMILIES), "every skill has its own haste"
    assert kitchen_config("sac").rlpd.demos == 0 and kitchen_config("clone").rlpd.clone_only


@pytest.fixture(scope="module")
def crew():
    world = KitchenWorld(2, workers=0)
    library = SkillLibrary.load("kitchen")
    yield world, library, HouseholdRunner(library, world)
    world.close()


def test_chances_follow_the_scene(crew):
    world, library, runner = crew
    index = {name: k for k, name in enumerate(library.skills)}
    starts = [{"robot_at": "table", "objects": [["coke", "table"], ["apple", "far counter"]]},
              {"robot_at": "table", "holding": "tea", "objects": [["coke", "table"]]}]  # fmt: skip
    obs, _ = world.reset(seed=0, options={"start": starts})
    chance = runner.success_probability(obs, [0, 1]).numpy()
    assert chance.shape == (2, len(index)) and np.isfinite(chance).all() and (chance >= 0).all() and (chance <= 1).all()

    def of(env, name):
        return chance[env, index[name]]

    assert of(0, "pick_up_coke_at_table") > 0.85, "in front of it, with an empty hand"
    assert of(0, "pick_up_apple_at_far_counter") < 0.2, "it is across the room"
    assert of(0, "pick_up_pepsi_at_table") < 0.05, "there is none"
    assert of(1, "pick_up_coke_at_table") < 0.2, "the hand is full"
    assert of(1, "put_down_tea_at_table") > 0.85 and of(0, "put_down_tea_at_table") < 0.05
    assert of(0, "go_to_drawer") > 0.9 and of(0, "find_apple_at_far_counter") > 0.9 > of(0, "find_apple_at_table")


def test_skills_run_side_by_side(crew):
    world, library, runner = crew
    names, facts = list(library.skills), {name: k for k, name in enumerate(fact_names())}
    starts = [{"robot_at": "table", "objects": [["coke", "table"]]}, {"robot_at": "drawer"}]
    obs, _ = world.reset(seed=1, options={"start": starts})
    runner.start([0, 1], [names.index("pick_up_coke_at_table"), names.index("open_drawer")])
    done = np.zeros(2, dtype=bool)
    for _ in range(110):
        obs, *_ = world.step(runner.act(obs, range(world.num_envs)))
        seen = world.facts().numpy()
        done |= [bool(seen[0, facts["holding_coke"]]), bool(seen[1, facts["drawer_open"]])]
        if done.all():
            break
    assert done.all()
    assert runner.ongoing_probability(obs, [0, 1]).shape == (2,)


def test_going_where_one_is_counts_as_a_visit(crew):
    world, library, runner = crew
    names, facts = list(library.skills), {name: k for k, name in enumerate(fact_names())}
    obs, _ = world.reset(seed=1, options={"start": [{"robot_at": "table"}, {"robot_at": "user"}]})
    runner.start([0, 1], [names.index("go_to_table"), names.index("go_to_trash_can")])
    for _ in range(70):
        obs, *_ = world.step(runner.act(obs, range(world.num_envs)))
    seen = world.facts().numpy()
    assert seen[0, facts["visited_table"]] == 1 and seen[1, facts["robot_at_trash_can"]] == 1


def test_what_the_physics_lacks_is_said():
    world = KitchenWorld(1, workers=0)
    mango = Skill(name="pick_up_mango_at_table", text="pick up the mango", kind="pick", policy="pick", target="mango",
                  requires={"robot_at_table": 1}, obtains={"holding_mango": 1})  # fmt: skip
    with pytest.raises(UserError, match="has no 'mango'; add --symbolic"):
        HouseholdRunner(SkillLibrary("mine", "kitchen", [mango]), world)
    cellar = mango.model_copy(update={"requires": {"robot_at_cellar": 1}, "target": THINGS[0].name})
    with pytest.raises(UserError, match="none of its places; it has close counter"):
        HouseholdRunner(SkillLibrary("mine", "kitchen", [cellar]), world)
    world.close()


def test_the_library_names_what_the_physics_has():
    library = SkillLibrary.load("kitchen")
    assert library.facts <= set(fact_names())
    handled = {skill.target for skill in library.skills.values() if skill.kind == "pick"}
    assert handled == {thing.name for thing in THINGS}
