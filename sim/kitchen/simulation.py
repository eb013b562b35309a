"""One kitchen in one PyBullet client: loaded once, reset by moving bodies, stepped by one action of the robot.

The robot is a Franka Panda on a base that rolls in any direction. The base is kinematic: it drives only with the arm
tucked, keeps off the furniture, and what the hand holds by friction is carried along exactly. The arm is position-controlled
towards a Cartesian target with the hand pointing down; it grasps by friction alone.
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

import numpy as np

from sim.kitchen import furniture
from sim.kitchen.disturb import STUCK, Disturbances
from sim.kitchen.geometry import axes, drop, over, surface_below
from sim.kitchen.layout import MOUNT, NAMES, OPEN_AT, PLACES, SHUT_AT, clear, standing_at
from sim.kitchen.objects import CATALOGUE, SLOTS
from sim.kitchen.quiet import quiet
from sim.kitchen.render import choose_renderer
from sim.kitchen.scene import Scene, roomy_spot, settle
from sim.kitchen.state import NOTHING, Arrays

CONTROL_HZ = 12
SUBSTEPS, TIMESTEP = 10, 1 / 120
SOLVER_ITERATIONS = 20
BASE_STEP = np.array([0.10, 0.10, 0.25])  # m, m, rad of a full base action, in the base's frame
ARM_STEP, TURN_STEP, GRIP_STEP = 0.05, 0.35, 0.04  # m, rad, m of a full arm action
REACH = np.array([[0.26, 0.82], [-0.45, 0.45], [-0.40, 0.60]])  # box of the hand's target
TURNS = pi / 2 + 0.2  # of the hand to either side
LEASH = 0.07  # how far the target may run ahead of the hand, m
HOME = (0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785)
CLEAR_HEIGHT = 0.38  # of the hand above the arm's foot, m
RISE_STEPS = 24  # after which the arm is tucked from wherever it is
LOWER = (-2.9, -1.8, -2.9, -3.1, -2.9, 0.0, -2.9)
UPPER = (2.9, 1.8, 2.9, -0.02, 2.9, 3.8, 2.9)
RANGES = tuple(u - low for u, low in zip(UPPER, LOWER, strict=True))
FORCE = (87.0,) * 4 + (30.0,) * 3
FINGERS, TIP = (9, 10), 11
DRAWER_FRICTION = 12.0  # N
SQUEEZE, OPENING = 40.0, 0.08  # N, m
OPEN_PLACES = ("close counter", "table", "far counter")  # where people put and take things
FIRM = 3  # control steps from which a grip counts
LIFTED = 0.05  # clearance from which an object counts as held up, m
PARKED = np.array([0.0, 0.0, -8.0])
ACTION_SIZE = 8  # base forward, lateral, turn; hand forward, lateral, up, turn; fingers: each -1..1, 0 = as it is


class Simulation:
    """A kitchen; `reset`, `step`, and `read` into row k of shared arrays."""

    def __init__(self) -> None:
        with quiet():
            import pybullet
            import pybullet_data
            from pybullet_utils.bullet_client import BulletClient

            self.client: Any = BulletClient(pybullet.DIRECT)
        p = self.client
        p.setAdditionalSearchPath(pybullet_data.getDataPath())
        p.setGravity(0, 0, -9.81)
        p.setTimeStep(TIMESTEP)
        p.setPhysicsEngineParameter(numSolverIterations=SOLVER_ITERATIONS, deterministicOverlappingPairs=1)
        self.renderer = choose_renderer(p)
        self.drawer = furniture.build(p)
        self.robot = self._load_robot(p)
        self.trolley = _trolley(p)
        self.bodies = [furniture.create(p, thing) for thing, _ in SLOTS]
        self.slot_of = {body: slot for slot, body in enumerate(self.bodies)}
        for slot in range(len(SLOTS)):
            self._park(slot)
        self.present: list[int] = []
        self.base = np.zeros(3)
        self._snapshot = p.saveState()
        self._begin(np.array([0.0, 0.6, 0.0]), 0.0)

    def _load_robot(self, p: Any) -> int:
        robot = int(p.loadURDF("franka_panda/panda.urdf", [0, 0, MOUNT], useFixedBase=True))
        for finger in FINGERS:
            p.changeDynamics(robot, finger, lateralFriction=1.2, spinningFriction=0.01)
        return robot

    # -- starting ------------------------------------------------------------------------------------------------------

    def reset(self, scene: Scene, seed: int) -> None:
        """Set up a scene; its random part (exact poses) is drawn from `seed`. Same scene and seed, same bits."""
        p = self.client
        for slot in self.present:
            p.changeDynamics(self.bodies[slot], -1, activationState=p.ACTIVATION_STATE_DISABLE_SLEEPING)
        p.stepSimulation()
        p.restoreState(self._snapshot)
        for slot in range(len(SLOTS)):
            self._park(slot)
        rng = np.random.default_rng(seed)
        self._begin(np.array(scene.base), scene.drawer)
        self.present = []
        for slot, position, quaternion in settle(scene, rng):
            self._unpark(slot, position, quaternion)
        if scene.hand is not None:
            self.put_hand(np.array(scene.hand))
        if scene.holding is not None:
            self.grasp(scene.holding, scene.grasp)
        self._come_to_rest()
        self._sense()
        self.grip = FIRM if scene.holding is not None and self.held() is not None else 0
        self.disturbances = Disturbances.plan(scene.disturbances, seed)
        self._stick("drawer sticks" in scene.disturbances)

    def _begin(self, base: np.ndarray, drawer: float) -> None:
        p = self.client
        self.base = base.astype(np.float64)
        self._move_base()
        for joint, angle in enumerate(HOME):
            p.resetJointState(self.robot, joint, angle)
        for finger in FINGERS:
            p.resetJointState(self.robot, finger, OPENING / 2)
        p.resetJointState(self.drawer, 0, drawer)
        self._stick(False)
        self.joints = list(HOME)
        self.grip_target, self.turn = OPENING, 0.0
        self.carried: tuple[int, Any] | None = None
        self.carried_fingers = [0.0, 0.0]
        self.gripped = NOTHING  # what has been held up until now, unless a finger just lost touch
        self.driving, self.rising = False, 0
        self.last_height = -1.0
        self.ticks = self.grip = 0
        self.visited = np.zeros(len(NAMES), dtype=np.int32)
        self.moved, self.at_drawer = False, 0
        self.disturbances = Disturbances.plan((), 0)
        self.opened = drawer > OPEN_AT
        self._command()
        self._sense()
        self.target = self.hand[:3].copy()

    def _park(self, slot: int) -> None:
        p, body = self.client, self.bodies[slot]
        # From moving to fixed: PyBullet takes it out and adds it anew. In fixed order that leaves no trace of what was before.
        p.changeDynamics(body, -1, mass=1)
        p.changeDynamics(body, -1, mass=0)
        where = PARKED + np.array([0.4 * (slot % 8), 0.4 * (slot // 8), 0])
        p.resetBasePositionAndOrientation(body, where, [0, 0, 0, 1])
        p.resetBaseVelocity(body, [0, 0, 0], [0, 0, 0])

    def _unpark(self, slot: int, position: Any, quaternion: Any) -> None:
        p, body = self.client, self.bodies[slot]
        p.changeDynamics(body, -1, mass=SLOTS[slot][0].mass, activationState=p.ACTIVATION_STATE_DISABLE_SLEEPING)
        p.resetBasePositionAndOrientation(body, position, quaternion)
        p.resetBaseVelocity(body, [0, 0, 0], [0, 0, 0])
        self.present.append(slot)

    def _come_to_rest(self) -> None:
        """Let everything settle, then sleep until it is touched (a body's own clock to sleep would outlive its episode)."""
        p = self.client
        for _ in range(4):
            for _ in range(4 * SUBSTEPS):
                p.stepSimulation()
            speeds = [np.abs(p.getBaseVelocity(self.bodies[slot])[0]).max() for slot in self.present]
            if max(speeds, default=0.0) < 0.05:
                break
        for slot in self.present:
            p.changeDynamics(self.bodies[slot], -1, activationState=p.ACTIVATION_STATE_ENABLE_SLEEPING)
            p.changeDynamics(self.bodies[slot], -1, activationState=p.ACTIVATION_STATE_SLEEP)

    def put_hand(self, hand: np.ndarray) -> None:
        """Place the hand at forward, lateral, up, turn [4] without moving through the space between."""
        for _ in range(8):
            joints = self._solve(hand[:3], float(hand[3]))
            for joint, angle in enumerate(joints):
                self.client.resetJointState(self.robot, joint, angle)
        self.joints, self.turn = joints, float(hand[3])
        self._command()
        self._sense()
        self.target = self.hand[:3].copy()

    def grasp(self, slot: int, relation: tuple[float, ...] | None = None) -> None:
        """Put an object between the fingers; `relation` is its pose in the hand's frame (3 + 4), default upright."""
        p, (thing, _) = self.client, SLOTS[slot]
        tip = p.getLinkState(self.robot, TIP, computeForwardKinematics=1)
        if relation is None:
            below = max(thing.half[2] - 0.045, 0.0)
            turn = self.base[2] + self.turn + (pi / 2 if thing.turns else 0.0)
            position = [tip[0][0], tip[0][1], tip[0][2] - below]
            quaternion = p.getQuaternionFromEuler([0, 0, turn])
        else:
            position, quaternion = p.multiplyTransforms(tip[0], tip[1], relation[:3], relation[3:])
        self._unpark(slot, position, quaternion)
        for finger in FINGERS:
            p.resetJointState(self.robot, finger, thing.half[0] + 0.0005)
        self.grip_target = 0.0
        self._command()

    # -- stepping ------------------------------------------------------------------------------------------------------

    def step(self, action: np.ndarray) -> None:
        """One control step (1 / 12 s) of an action [8] in -1..1."""
        action = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        if np.abs(action[:3]).max() > 1e-6:
            self._drive(action[:3])
        else:
            self._stop()
            self._reach(action[3:])
        p = self.client
        for _ in range(SUBSTEPS):
            p.stepSimulation()
            if self.carried is not None:
                self._carry(*self.carried)
        self.ticks += 1
        self._sense()
        self._count_grip()
        self._happen()

    def _drive(self, base: np.ndarray) -> None:
        """Tuck the arm; once it is tucked, roll."""
        if not self._tucked():
            return
        if self.carried is None and self.held() is not None:
            self.carried = (int(self.touch[0]), self._relation(int(self.touch[0])))
            self.carried_fingers = [state[0] for state in self.client.getJointStates(self.robot, FINGERS)]
        step, yaw = base * BASE_STEP, self.base[2]
        dx = cos(yaw) * step[0] - sin(yaw) * step[1]
        dy = sin(yaw) * step[0] + cos(yaw) * step[1]
        x, y = self.base[0], self.base[1]
        for nx, ny in ((x + dx, y + dy), (x + dx, y), (x, y + dy)):
            if clear(nx, ny):
                x, y = nx, ny
                break
        self.base[:] = x, y, (yaw + step[2] + pi) % (2 * pi) - pi
        self._move_base()
        if self.carried is not None:
            self._carry(*self.carried)
        self.moved = True
        for kind in self.disturbances.while_driving():
            self._disturb(kind)

    def _stop(self) -> None:
        """The base rests; arriving at a place counts as a visit."""
        if self.moved:
            at = [bool(standing_at(self.base[None], PLACES[name])[0]) for name in NAMES]
            self.visited += np.array(at, dtype=np.int32)
        self.moved = self.driving = False
        self.carried = None

    def _tucked(self) -> bool:
        """Move towards the carrying pose: straight up first, then joint by joint; whether it is reached."""
        if not self.driving:
            self.driving, self.rising, self.last_height = True, RISE_STEPS, -1.0
        self.rising = self.rising - 1 if self.hand[2] < CLEAR_HEIGHT else 0
        if self.rising > 0:
            blocked = self.hand[2] < self.last_height + 0.01 and self.rising < RISE_STEPS - 1
            goal = self.hand[:3] + (np.array([-0.06, 0.0, 0.01]) if blocked else np.array([0.0, 0.0, 0.07]))
            self.last_height = self.hand[2]
            self.joints = self._solve(goal, self.turn)
        else:
            state = np.array([s[0] for s in self.client.getJointStates(self.robot, range(7))])
            gap = np.array(HOME) - state
            if np.abs(gap).max() < 0.06:
                self.joints, self.turn = list(HOME), 0.0
                self.target = self.hand[:3].copy()
                self._command()
                return True
            self.joints = list(state + np.clip(gap, -0.22, 0.22))
        self.turn = float(np.clip(self.hand[3], -TURNS, TURNS))
        self.target = self.hand[:3].copy()
        self._command()
        return False

    def _reach(self, arm: np.ndarray) -> None:
        """Move the hand's target and the fingers."""
        if np.abs(arm).max() < 1e-6:
            return
        self.target = np.clip(self.target + ARM_STEP * arm[:3], REACH[:, 0], REACH[:, 1])
        ahead = self.target - self.hand[:3]
        self.target = self.hand[:3] + ahead * min(1.0, LEASH / max(float(np.linalg.norm(ahead)), 1e-9))
        self.turn = float(np.clip(self.turn + TURN_STEP * arm[3], -TURNS, TURNS))
        self.grip_target = float(np.clip(self.grip_target + GRIP_STEP * arm[4], 0.0, OPENING))
        self.joints = self._solve(self.target, self.turn)
        self._command()

    def _solve(self, hand: np.ndarray, turn: float) -> list[float]:
        """Joint angles that bring the hand (base frame) to a position [3] and turn, pointing down."""
        p, yaw = self.client, self.base[2]
        c, s = cos(yaw), sin(yaw)
        goal = [self.base[0] + c * hand[0] - s * hand[1], self.base[1] + s * hand[0] + c * hand[1], MOUNT + hand[2]]
        quaternion = p.getQuaternionFromEuler([pi, 0, yaw + turn])
        found = p.calculateInverseKinematics(
            self.robot, TIP, goal, quaternion, LOWER + (0.0, 0.0), UPPER + (0.04, 0.04), RANGES + (0.04, 0.04),
            HOME + (0.02, 0.02), maxNumIterations=20, residualThreshold=1e-4,
        )  # fmt: skip
        return list(found[:7])

    def _command(self) -> None:
        """Hand the targets to the motors."""
        p = self.client
        p.setJointMotorControlArray(
            self.robot, range(7), p.POSITION_CONTROL, self.joints, forces=FORCE, positionGains=[0.3] * 7
        )
        half = self.grip_target / 2
        p.setJointMotorControlArray(
            self.robot, FINGERS, p.POSITION_CONTROL, [half, half], forces=[SQUEEZE] * 2, positionGains=[0.3] * 2
        )

    def _move_base(self) -> None:
        p, (x, y, yaw) = self.client, self.base
        quaternion = p.getQuaternionFromEuler([0, 0, yaw])
        p.resetBasePositionAndOrientation(self.robot, [x, y, MOUNT], quaternion)
        p.resetBasePositionAndOrientation(self.trolley, [x, y, 0.0], quaternion)

    def _relation(self, slot: int) -> tuple[Any, Any]:
        """Pose of an object in the hand's frame."""
        p = self.client
        tip = p.getLinkState(self.robot, TIP, computeForwardKinematics=1)
        back = p.invertTransform(tip[0], tip[1])
        return p.multiplyTransforms(*back, *p.getBasePositionAndOrientation(self.bodies[slot]))

    def relation(self, slot: int) -> tuple[float, ...]:
        """The same as seven numbers, for `grasp`."""
        position, quaternion = self._relation(slot)
        return (*position, *quaternion)

    def _carry(self, slot: int, relation: tuple[Any, Any]) -> None:
        """Put what is carried back where it is in the hand, and the fingers with it, which would squeeze through it."""
        p = self.client
        for finger, at in zip(FINGERS, self.carried_fingers, strict=True):
            p.resetJointState(self.robot, finger, at)
        tip = p.getLinkState(self.robot, TIP, computeForwardKinematics=1)
        position, quaternion = p.multiplyTransforms(tip[0], tip[1], *relation)
        p.resetBasePositionAndOrientation(self.bodies[slot], position, quaternion)
        p.resetBaseVelocity(self.bodies[slot], [0, 0, 0], [0, 0, 0])

    # -- disturbances --------------------------------------------------------------------------------------------------

    def _disturb(self, kind: str) -> None:
        """Move an object to another place, or take it away; never what the hand holds."""
        self.disturbances.due.discard(kind)
        carried = None if self.carried is None else self.carried[0]
        options = [slot for slot in sorted(self.present) if slot != carried and self._lies_open(slot)]
        slot = self.disturbances.choose(options)
        if slot is None:
            return
        if kind == "object taken":
            self._park(slot)
            self.present.remove(slot)
            return
        rng = self.disturbances.rng
        here = [name for name in OPEN_PLACES if standing_at(self.base[None], PLACES[name])[0]]
        name = str(rng.choice([name for name in OPEN_PLACES if name not in here]))
        others = [self.client.getBasePositionAndOrientation(self.bodies[s])[0] for s in self.present if s != slot]
        x, y, z = roomy_spot(PLACES[name], slot, others, rng)
        self.client.resetBasePositionAndOrientation(self.bodies[slot], [x, y, z], [0, 0, 0, 1])
        self.client.changeDynamics(self.bodies[slot], -1, activationState=self.client.ACTIVATION_STATE_WAKE_UP)

    def _lies_open(self, slot: int) -> bool:
        """Whether an object lies where a person would take it from."""
        position = self.client.getBasePositionAndOrientation(self.bodies[slot])[0]
        point = np.float64(position[0]), np.float64(position[1])
        return any(bool(over(PLACES[name], *point, np.float64(0.0))) for name in OPEN_PLACES)

    def _stick(self, stuck: bool) -> None:
        """Block or free the drawer."""
        self.client.setJointMotorControl2(
            self.drawer, 0, self.client.VELOCITY_CONTROL, targetVelocity=0, force=400.0 if stuck else DRAWER_FRICTION
        )

    def _happen(self) -> None:
        """Disturbances that wait for the hand or the drawer."""
        if self.disturbances.slips(self.grip):
            self.disturbances.due.discard("grasp slips")
            self.grip_target, self.carried = OPENING, None
            self._command()
        if "drawer sticks" in self.disturbances.due and standing_at(self.base[None], PLACES["drawer"])[0]:
            self.at_drawer += 1
            if self.at_drawer >= STUCK:
                self.disturbances.due.discard("drawer sticks")
                self._stick(False)

    # -- reading -------------------------------------------------------------------------------------------------------

    def held(self) -> int | None:
        """The slot that both fingers touch, if it is the same."""
        return int(self.touch[0]) if self.touch[0] == self.touch[1] != NOTHING else None

    def _sense(self) -> None:
        p = self.client
        tip = p.getLinkState(self.robot, TIP, computeLinkVelocity=1, computeForwardKinematics=1)
        c, s = cos(self.base[2]), sin(self.base[2])
        dx, dy = tip[0][0] - self.base[0], tip[0][1] - self.base[1]
        vx, vy, vz = tip[6]
        roll = p.getEulerFromQuaternion(tip[1])[2] - self.base[2]
        turn = self.turn + (roll - self.turn + pi) % (2 * pi) - pi
        self.hand = np.array([c * dx + s * dy, c * dy - s * dx, tip[0][2] - MOUNT, turn])
        self.hand_speed = np.array([c * vx + s * vy, c * vy - s * vx, vz])
        fingers = p.getJointStates(self.robot, FINGERS)
        self.width = fingers[0][0] + fingers[1][0]
        if self.carried is not None:  # it goes where the hand goes
            self.touch = np.array([self.carried[0]] * 2, dtype=np.int32)
        else:
            self.touch = np.array([self._touched(finger) for finger in FINGERS], dtype=np.int32)
        opening = p.getJointState(self.drawer, 0)[0]
        self.opened = opening > (SHUT_AT if self.opened else OPEN_AT)
        held = self.held()
        self.resting = held is not None and self.carried is None and self._rests(self.bodies[held])

    def _touched(self, finger: int) -> int:
        """The object that a finger presses hardest."""
        best, most = NOTHING, 0.0
        for contact in self.client.getContactPoints(bodyA=self.robot, linkIndexA=finger):
            slot = self.slot_of.get(contact[2], NOTHING)
            if slot != NOTHING and contact[9] > most:
                best, most = slot, contact[9]
        return best

    def _rests(self, body: int) -> bool:
        return any(c[2] != self.robot and c[9] > 0.0 for c in self.client.getContactPoints(bodyA=body))

    def _count_grip(self) -> None:
        """Count control steps for which one object has been held up; a finger may lose touch for one of them."""
        slot = self.held()
        if slot is None and self.grip >= FIRM and self.gripped != NOTHING and self.clearance(self.gripped) > LIFTED:
            self.touch[:], self.gripped = self.gripped, NOTHING
            return
        held_up = slot is not None and self.clearance(slot) > LIFTED
        self.grip, self.gripped = (self.grip + 1, slot) if slot is not None and held_up else (0, NOTHING)

    def clearance(self, slot: int) -> float:
        """How far the lowest point of an object is above what is below it."""
        position, quaternion = self.client.getBasePositionAndOrientation(self.bodies[slot])
        low = position[2] - drop(axes(np.array(quaternion)), CATALOGUE.half[slot], CATALOGUE.sphere[slot])
        opening = self.client.getJointState(self.drawer, 0)[0]
        return float(low - surface_below(np.float64(position[0]), np.float64(position[1]), np.float64(opening)))

    def read(self, out: Arrays, k: int) -> None:
        """Write all that is seen to row k."""
        p = self.client
        out["base"][k], out["hand"][k], out["hand_speed"][k] = self.base, self.hand, self.hand_speed
        out["width"][k], out["touch"][k], out["resting"][k], out["grip"][k] = (
            self.width,
            self.touch,
            self.resting,
            self.grip,
        )
        out["drawer"][k], out["opened"][k] = p.getJointState(self.drawer, 0)[0], self.opened
        out["visited"][k], out["ticks"][k] = self.visited, self.ticks
        out["present"][k], out["position"][k], out["velocity"][k] = False, 0.0, 0.0
        out["quaternion"][k] = 0.0, 0.0, 0.0, 1.0
        out["present"][k, self.present] = True
        for slot in self.present:
            body = self.bodies[slot]
            out["position"][k, slot], out["quaternion"][k, slot] = p.getBasePositionAndOrientation(body)
            out["velocity"][k, slot] = p.getBaseVelocity(body)[0]

    def close(self) -> None:
        """Free the client."""
        if self.client.isConnected():
            self.client.disconnect()


def _trolley(p: Any) -> int:
    """What carries the arm: seen only."""
    dark, light = [0.20, 0.22, 0.26, 1], [0.88, 0.89, 0.91, 1]
    seen = p.createVisualShapeArray(
        [p.GEOM_CYLINDER, p.GEOM_CYLINDER, p.GEOM_BOX], radii=[0.25, 0.14, 0], lengths=[0.22, 0.60, 0],
        halfExtents=[[0, 0, 0], [0, 0, 0], [0.02, 0.10, 0.05]],
        visualFramePositions=[[0, 0, 0.12], [0, 0, 0.53], [0.13, 0, 0.66]], rgbaColors=[dark, light, [0.25, 0.65, 0.95, 1]],
    )  # fmt: skip
    return int(p.createMultiBody(0, -1, seen, [0, 0, 0]))
