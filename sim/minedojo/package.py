"""The package `minedojo` 0.1, unchanged, on a Python and a numpy that it was not written for.

MineDojo pins gym 0.21, which does not install any more. What it uses of gym is little: the spaces, which live on in
Gymnasium, and the old `Env` and wrappers, whose `reset` returns observations only and whose `step` returns four values.
"""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from sim.world import UserError

INSTALL = "pip install -e '.[minedojo]' && pip install --no-deps minedojo==0.1"
NEEDS = ("minedojo", "omegaconf", "lxml", "cv2", "Pyro4", "psutil", "coloredlogs", "daemoniker", "importlib_resources",
         "mypy_extensions", "jinja2")  # fmt: skip


def missing() -> list[str]:
    """Which of the modules that MineDojo's Python needs are not installed."""
    return [name for name in NEEDS if find_spec(name) is None]


def load() -> ModuleType:
    """The module `minedojo`; raises `UserError` with the command that installs it."""
    absent = missing()
    if absent:
        raise UserError(f"MineDojo's Python package is not installed ({', '.join(absent)} missing): {INSTALL}")
    if "gym" not in sys.modules and not _has_old_gym():
        _stand_in_for_gym()
    _old_numpy_names()
    logging.getLogger("minedojo.tasks").addFilter(lambda record: record.levelno > logging.INFO)
    return importlib.import_module("minedojo")


def lacks_minecraft() -> str:
    """Why Minecraft itself cannot be started here, in a few words; empty where nothing is known to be missing."""
    java = shutil.which("java")
    if java is None:
        return "no Java (MineDojo needs Java 8)"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    if '"1.8' not in told:
        return f"Java 8 is needed, this is {told.splitlines()[0] if told else 'unknown'}"
    if missing():
        return "the package minedojo is not installed"
    return "" if os.environ.get("DISPLAY") or shutil.which("xvfb-run") else "no display and no xvfb"


def submodule(name: str) -> Any:
    """`minedojo.NAME`."""
    load()
    return importlib.import_module(f"minedojo.{name}")


def _has_old_gym() -> bool:
    """Whether the gym that MineDojo was written for is installed; later ones have another `reset` and `step`."""
    try:
        return version("gym").startswith("0.21")
    except PackageNotFoundError:
        return False


class Env:
    """gym 0.21's base class, as far as MineDojo uses it."""

    metadata: dict[str, Any] = {}  # noqa: RUF012
    observation_space: Any
    action_space: Any

    @property
    def unwrapped(self) -> Any:
        """The innermost environment."""
        return self

    def __enter__(self) -> Env:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing to free."""


class Wrapper(Env):
    """gym 0.21's wrapper: whatever it does not define itself comes from the environment within."""

    def __init__(self, env: Any):
        self.env = env

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "env":
            raise AttributeError(f"no private attribute '{name}' in {type(self).__name__}")
        return getattr(self.env, name)

    @property
    def unwrapped(self) -> Any:
        """The innermost environment."""
        return self.env.unwrapped

    def reset(self, **kwargs: Any) -> Any:
        """Of the environment within."""
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> Any:
        """Of the environment within."""
        return self.env.step(action)

    def close(self) -> None:
        """Of the environment within."""
        self.env.close()


class ObservationWrapper(Wrapper):
    """A wrapper that changes observations by its `observation`."""

    def observation(self, obs: Any) -> Any:
        """What is made of an observation."""
        raise NotImplementedError

    def reset(self, **kwargs: Any) -> Any:
        """The changed first observation."""
        return self.observation(self.env.reset(**kwargs))

    def step(self, action: Any) -> Any:
        """The changed observation, reward, done, info."""
        obs, reward, done, info = self.env.step(action)
        return self.observation(obs), reward, done, info


class ActionWrapper(Wrapper):
    """A wrapper that changes actions by its `action`."""

    def action(self, action: Any) -> Any:
        """What is made of an action."""
        raise NotImplementedError

    def step(self, action: Any) -> Any:
        """Of the environment within, with the changed action."""
        return self.env.step(self.action(action))


def _stand_in_for_gym() -> None:
    """Put a module `gym` where `import gym` finds it, for this process only."""
    import gymnasium

    gym = ModuleType("gym")
    for name in ("Dict", "Box", "Discrete", "MultiDiscrete", "Tuple", "Space"):
        setattr(gym, name, getattr(gymnasium.spaces, name))
    members = {"spaces": gymnasium.spaces, "Env": Env, "Wrapper": Wrapper, "ObservationWrapper": ObservationWrapper,
               "ActionWrapper": ActionWrapper, "Space": gymnasium.Space, "__version__": "0.21.0"}  # fmt: skip
    vars(gym).update(members)
    sys.modules["gym"] = gym
    sys.modules["gym.spaces"] = gymnasium.spaces
    for name in ("dict", "box", "discrete", "multi_discrete", "multi_binary", "tuple", "space"):
        sys.modules[f"gym.spaces.{name}"] = getattr(gymnasium.spaces, name)


def _old_numpy_names() -> None:
    """The aliases that numpy dropped in 1.24 and MineDojo still uses."""
    import numpy

    old = {"int": int, "float": float, "bool": bool, "object": object, "unicode_": numpy.str_, "long": int}
    for name, kind in old.items():
        if name not in vars(numpy):
            setattr(numpy, name, kind)
