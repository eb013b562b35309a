"""MineDojo's unchanged Python on the embedded world: messages, tasks, and the same episode with and without it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from sim.craft.biomes import BIOMES
from sim.craft.world import CraftWorld
from sim.minedojo import names, package
from sim.minedojo.definitions import natural_blocks
from sim.world import UserError

pytestmark = pytest.mark.skipif(bool(package.missing()), reason=f"needs {package.INSTALL}")

SMALL: dict[str, Any] = {"image_size": (16, 20), "seed": 3}
NOTHING = [0, 0, 0, 12, 12, 0, 0, 0]


def acts(env: Any, **parts: int) -> np.ndarray:
    """MineDojo's eight numbers with some of them set."""
    place = {"forward": 0, "side": 1, "jump": 2, "pitch": 3, "yaw": 4, "does": 5, "craft": 6, "slot": 7}
    action = np.array(NOTHING)
    for name, value in parts.items():
        action[place[name]] = value
    return action


def made(task: str, **options: Any) -> tuple[Any, Any]:
    """An environment that has been reset, and its client."""
    from sim.minedojo.client import embedded, make

    with embedded() as clients:
        env = make(task, **SMALL | options)
        env.reset()
    return env, clients[-1]


def test_a_task_runs_through_the_unchanged_package() -> None:
    env, client = made("harvest_1_dirt")
    assert env.task_prompt == "obtain dirt"
    total, done = 0.0, False
    env.step(acts(env, pitch=18))
    for _ in range(300):
        obs, reward, done, info = env.step(acts(env, does=3, pitch=12))
        total += reward
        if done:
            break
    held = {slot["name"]: slot["quantity"] for slot in info["inventory"]}
    assert done and env.is_successful == (held.get("dirt", 0) >= 1) and total == held["dirt"]
    assert obs["rgb"].shape == (3, 16, 20) and len(np.unique(obs["rgb"])) > 10
    assert obs["location_stats"]["pitch"][0] == 90.0 and client.world.arrays.pitch[0] == 90.0


def test_the_same_seed_gives_the_same_world_and_another_one_another() -> None:
    a, b, c = (made("harvest_1_log_forest", seed=s)[1].world.arrays.blocks[0].copy() for s in (3, 3, 4))
    assert (a == b).all() and (a != c).any()


def test_a_task_can_be_made_twice_and_asked_for_other_senses() -> None:
    rays = [(0.0, 0.2, 12.0), (0.3, -0.4, 30.0)]
    box = {"xmin": -1, "xmax": 1, "ymin": -1, "ymax": 0, "zmin": -2, "zmax": 2}
    senses = {"use_lidar": True, "lidar_rays": rays, "use_voxel": True, "voxel_size": box}
    for _ in range(2):
        env, client = made("combat_zombie_plains_iron_armors_iron_sword_shield", **senses)
    obs, _, _, info = env.step(np.array(NOTHING))
    assert obs["equipment"]["name"].tolist() == [
        "iron sword",
        "iron boots",
        "iron leggings",
        "iron chestplate",
        "iron helmet",
        "shield",
    ]
    assert obs["life_stats"]["armor"][0] == 15.0
    assert obs["voxels"]["block_name"].shape == (3, 2, 5) and len(obs["rays"]["block_name"]) == 2
    w = client.world
    assert [
        n for n, k in zip(w.data.mob_names, np.bincount(w.arrays.mob_kind[0], minlength=20), strict=False) if k and n
    ] == ["zombie"]
    assert info["stat"]["kill_entity"]["zombie"] == 0 and w.arrays.time[0] == 18_000  # always night: the clock stands


@pytest.mark.parametrize(
    ("task", "counter", "name"),
    [
        ("combat_zombie_plains_iron_armors_iron_sword_shield", "killed", "zombie"),
        ("techtree_from_stone_to_iron_boots", "used", "iron_boots"),
        ("harvest_8_fence_with_crafting_table", "inventory", "fence"),
    ],
)
def test_minedojo_judges_by_the_facts_that_we_take_for_the_goal(task: str, counter: str, name: str) -> None:
    from sim.minedojo.definitions import definitions

    (goal,) = next(d for d in definitions() if d.id == task).goal.items()
    env, client = made(task)
    world = client.world
    index = world.data.mob_names.index(name) if counter == "killed" else world.data.item_index[name]
    counts = getattr(world.arrays, counter)
    counts[0, index] = goal[1] - 1
    done = env.step(np.array(NOTHING))[2]
    assert not done and not env.is_successful and world.facts()[0, world.fact_names.index(goal[0])] == goal[1] - 1
    counts[0, index] = goal[1]
    done = env.step(np.array(NOTHING))[2]
    assert done and env.is_successful and world.facts()[0, world.fact_names.index(goal[0])] == goal[1]


def test_voxels_and_rays_are_those_of_the_world() -> None:
    env, client = made("harvest_1_log_plains", use_lidar=True, lidar_rays=[(np.pi / 2, 0.0, 5.0), (0.1, 0.7, 30.0)])
    obs, *_ = env.step(np.array(NOTHING))
    seen = client.world.observe()["voxels"][0].numpy()
    assert obs["voxels"]["block_name"].tolist() == [
        [[names.block_names()[int(v)] for v in row] for row in plane] for plane in seen
    ]
    below = obs["voxels"]["block_name"][1, 0, 1]
    assert obs["rays"]["block_name"][0] == below and 1.5 < obs["rays"]["block_distance"][0] < 1.7
    assert obs["rays"]["ray_yaw"][1] == pytest.approx(0.7)


def test_crafting_equipping_and_placing_reach_the_world() -> None:
    from sim.minedojo.package import submodule

    env, client = made("harvest_1_crafting_table_plains")
    with pytest.raises(UserError, match="no item"):
        client.client_socket_send_message(b"<StepClient0>chat /give @p minecraft:nonsense</StepClient0 >")
    env.unwrapped.set_inventory([submodule("sim.inventory").InventoryItem(slot=5, name="log", quantity=2)])
    env.step(np.array(NOTHING))
    crafts = submodule("sim.mc_meta.mc").ALL_CRAFT_SMELT_ITEMS
    env.step(acts(env, does=4, craft=crafts.index("planks")))
    obs, _, done, info = env.step(acts(env, does=4, craft=crafts.index("crafting_table")))
    assert done and "crafting table" in obs["inventory"]["name"]
    slot = int(np.flatnonzero(obs["inventory"]["name"] == "crafting table")[0])
    env.step(acts(env, does=5, slot=slot, pitch=16))
    obs, *_ = env.step(acts(env, does=6))
    assert obs["nearby_tools"]["table"] and "crafting table" not in obs["inventory"]["name"]
    assert info["stat"]["use_item"]["minecraft"]["crafting_table"] == 0


def test_commands_of_the_wrappers() -> None:
    env, client = made("harvest_1_log_plains")
    a = client.world.arrays
    sim = env.unwrapped
    sim.set_time(6000)
    sim.teleport_agent(20.5, 40.0, 20.5, 90.0, 15.0)
    assert a.time[0] == 6002 and (a.yaw[0], a.pitch[0]) == (90.0, 15.0) and 38 < a.y[0] <= 40.5
    sim.spawn_mobs(["cow", "sheep"], [[2, 1, 2], [-2, 1, 2]])
    kinds = {client.world.data.mob_names[k] for k in a.mob_kind[0] if k}
    assert {"cow", "sheep"} <= kinds
    sim.set_block("gold_ore", [0, 3, 0])
    a.inventory[0, client.world.data.item_index["log"]] = 4
    a.killed[0, 1] = 2
    env.reset()  # fast reset: dies, is spread, keeps its statistics
    assert a.inventory[0].sum() == 0 and a.health[0] == 20.0 and a.killed[0, 1] == 2
    assert env.unwrapped.prev_info["stat"]["time_since_death"] < 20
    with pytest.raises(UserError, match="weather 'rain'"):
        sim.set_weather("rain")


def test_any_keys_together_move_the_body() -> None:
    env, client = made("harvest_1_log_plains")
    a = client.world.arrays
    a.blocks[0], a.bricks[0] = 0, 0  # nothing but the floor under the world
    a.x[0], a.y[0], a.z[0], a.yaw[0], a.on_ground[0] = 8.5, 20.0, 8.5, 0.0, 0
    x, z = float(a.x[0]), float(a.z[0])
    env.step(acts(env, forward=1, side=1))
    assert a.z[0] - z == pytest.approx(0.2159 * 0.70711, abs=1e-3) and a.x[0] - x == pytest.approx(
        0.2159 * 0.70711, abs=1e-3
    )
    z = float(a.z[0])
    env.step(acts(env, forward=1, jump=2))
    assert a.z[0] - z == pytest.approx(0.3 * 0.2159, abs=1e-3)  # sneaking
    env.step(acts(env, yaw=18))
    assert a.yaw[0] == 90.0


@pytest.mark.parametrize(
    ("task", "lacks"),
    [
        ("combat_blaze_nether_iron_armors_iron_sword_shield", "biome of Minecraft's number 8"),
        ("combat_squid_ocean_barehand", "number 0"),
    ],
)
def test_what_the_world_lacks_is_named(task: str, lacks: str) -> None:
    with pytest.raises(UserError, match=lacks):
        made(task)


def test_missions_that_cannot_be_had_are_named() -> None:
    for options, lacks in (({"initial_weather": "thunder"}, "weather 'thunder'"), ({"break_speed_multiplier": 3.0}, "3.0 times"),
                           ({"generate_world_type": "flat"}, "flat worlds"), ({"spawn_in_village": True}, "villages")):  # fmt: skip
        with pytest.raises(UserError, match=lacks):
            made("open-ended", **options)


def test_natural_blocks_and_mobs_keep_their_identity_through_their_names() -> None:
    from sim.craft import data

    known = data.load()
    for biome in BIOMES[:3]:
        for block in natural_blocks(biome):
            k = known.block_id[block]
            assert names.block_ids()[names.block_names()[k]] == k, block
    for kind, name in enumerate(names.entity_names()[1:], start=1):
        assert names.entity_kinds()[name[6:].lower()] == kind


def test_the_same_agent_has_the_same_episode_with_and_without_minedojo() -> None:
    """Observations, actions and facts through the package are bit for bit those of the world itself."""
    from sim.minedojo.world import MineDojoWorld
    from skills.library import SkillLibrary
    from skills.runner import SkillRunner

    start = {"biome": "plains", "mobs": {"cow": 2}, "mob_range": 8, "inventory": {"wooden_pickaxe": 1, "log": 3}}
    through = MineDojoWorld(1, backend="embedded")
    through.reset(seed=5, options={"start": [start]})
    client = through._players[0].player.env.unwrapped._bridge_env._instances[0]  # type: ignore[union-attr]
    direct = CraftWorld(1)
    direct.reset(seed=5, options={"start": [start]})
    direct.records[0] = client.world.records[0]
    direct.arrays.ticks[0] = through.arrays.ticks[0]
    library = SkillLibrary.load("minedojo")
    order = list(library.skills)
    runners = SkillRunner(library, through), SkillRunner(library, direct)
    seen = [through.reset(options={"mask": torch.zeros(1, dtype=torch.bool)})[0], direct.observe()]
    for skill, steps in (
        ("planks", 1),
        ("find_cow", 30),
        ("beef", 30),
        ("crafting_table", 1),
        ("place_crafting_table", 25),
        ("dirt", 40),
        ("climb_out", 40),
    ):
        for runner in runners:
            runner.start([0], [order.index(skill)])
        for _ in range(steps):
            for name, value in seen[1].items():
                assert torch.equal(seen[0][name], value), name
            actions = [runner.act(obs, range(runner.world.num_envs)) for runner, obs in zip(runners, seen, strict=True)]
            assert torch.equal(*actions)
            seen = [world.step(action)[0] for world, action in zip((through, direct), actions, strict=True)]
        mobs = {f"{name}_nearby" for name in direct.data.mob_names}  # which MineDojo shows only where a ray meets them
        facts = [dict(zip(w.fact_names, w.facts()[0].tolist(), strict=True)) for w in (through, direct)]
        assert {k: n for k, n in facts[0].items() if k not in mobs} == {
            k: n for k, n in facts[1].items() if k not in mobs
        }
    through.close()


def test_a_client_that_dies_is_replaced_and_counted_apart() -> None:
    from sim.minedojo.world import MineDojoWorld

    world = MineDojoWorld(2, backend="embedded")
    world.reset(seed=1, options={"start": [{"biome": "plains"}, {"biome": "forest"}]})
    broken = world._players[0].player  # type: ignore[union-attr]
    broken.env.unwrapped._bridge_env._instances[0]._report = None
    _, _, terminated, _, info = world.step(torch.zeros(2, 3, dtype=torch.int64))
    assert list(info["failures"]) == [0] and not terminated.any()
    world.reset(seed=2, options={"start": [{"biome": "plains"}, None], "mask": torch.tensor([True, False])})
    _, _, _, _, info = world.step(torch.zeros(2, 3, dtype=torch.int64))
    assert not info["failures"] and world._players[0].player is not broken  # type: ignore[union-attr]
    world.close()


def test_info_is_json_and_complete() -> None:
    from sim.minedojo.package import submodule

    _, client = made("harvest_1_log_plains")
    client.client_socket_send_message(b"<Peek/>")
    _, info, _ = (client.client_socket_recv_message() for _ in range(3))
    told = json.loads(info)
    for keys in submodule("sim.mc_meta.mc").ALL_STAT_KEYS:
        branch = told
        for key in keys:
            branch = branch[key]
        assert not isinstance(branch, dict)


def test_players_in_processes_of_their_own_survive_the_death_of_one() -> None:
    from sim.minedojo.world import MineDojoWorld

    world = MineDojoWorld(2, backend="embedded", workers=True)
    starts = [{"biome": "plains"}, {"biome": "forest", "inventory": {"log": 2}}]
    world.reset(seed=1, options={"start": starts})
    assert world.arrays.inventory[:, world.data.item_index["log"]].tolist() == [0, 2]
    walk = torch.tensor([[1, 0, 0], [1, 0, 0]])
    obs, *_ = world.step(walk)
    local = MineDojoWorld(2, backend="embedded")
    local.reset(seed=1, options={"start": starts})
    assert torch.equal(local.step(walk)[0]["voxels"], obs["voxels"])
    world._players[0]._process.kill()  # type: ignore[union-attr]
    _, _, _, _, info = world.step(walk)
    assert list(info["failures"]) == [0] and "died" in info["failures"][0]
    with pytest.raises(UserError, match="does not fit"):
        world.reset(options={"start": [{"inventory": {"wooden_sword": 40}}, None]})
    world.reset(seed=1, options={"start": starts})
    assert not world.step(walk)[4]["failures"]
    world.close()
