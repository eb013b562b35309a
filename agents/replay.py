"""Replays of an episode: one self-contained HTML page, an mp4, or a GIF."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from agents.evaluate import check_output, write_atomically
from agents.executor import Job
from agents.trace import Trace
from sim.world import UserError

if TYPE_CHECKING:
    from agents.agent import Agent

TEMPLATE = Path(__file__).parent / "replay.html"
WIDTH, HEIGHT = 384, 256  # pixels of the first-person view; the map is as high
KITCHEN_SIZE = (480, 360)  # pixels of each of its two views
VIDEO_KINDS = (".mp4", ".gif")
CAPTION_HEIGHT = 24  # pixels
MAX_CANDIDATES = 16  # bars kept per decision
DENSE = 50  # pictures of a skill before they get fewer; of one that takes ten times as long about 115 more


Views = Callable[[Any, np.ndarray], Sequence[np.ndarray]]  # (world, env_ids) -> pictures u8 [n, H, W, 3], side by side


class WorldCamera:
    """Films the first `episodes` episodes of every task, every `every` steps of the loop, as base64 JPEG."""

    def __init__(
        self, every: int = 8, episodes: int = 1, views: Views | None = None, height: int = HEIGHT, quality: int = 82
    ):
        self.every, self.episodes, self.views = every, episodes, views or craft_views
        self.height, self.quality = height, quality

    def wants(self, job: Job) -> bool:
        """Whether this episode is filmed."""
        return job.episode < self.episodes

    def due(self, trace: Trace, tick: int) -> bool:
        """Whether a picture is due: of a skill that takes long, such as waiting for the night, there are ever fewer."""
        if not trace.frames or not trace.decisions:
            return True
        return (tick - trace.frames[-1].tick) * DENSE >= tick - trace.decisions[-1].start

    def shoot(self, world: Any, env_ids: Sequence[int]) -> list[str]:
        """One picture per environment."""
        views = self.views(world, np.asarray(env_ids))
        return [self._encode([view[k] for view in views]) for k in range(len(env_ids))]

    def _encode(self, views: Sequence[np.ndarray]) -> str:
        scaled = [_scale(Image.fromarray(np.ascontiguousarray(view)), self.height) for view in views]
        return _jpeg(_side_by_side(scaled), self.quality)


def craft_views(world: Any, env_ids: np.ndarray) -> list[np.ndarray]:
    """What the agents see, with their hotbar, and the map beside it."""
    from sim.craft.render import first_person, overlay, top_down

    seen = first_person(world, env_ids, WIDTH, HEIGHT)
    items, state = world.data.item_names, world.state
    for k, env in enumerate(env_ids):
        counts = state.inventory[env].tolist()
        held = {items[i]: n for i, n in enumerate(counts) if n > 0 and i > 0}
        life = float(state.health[env]), float(state.food[env])
        seen[k] = overlay(seen[k], held, *life, equipped=items[int(state.equipped[env])])
    return [seen, top_down(world, env_ids, HEIGHT)]


def kitchen_views(world: Any, env_ids: np.ndarray) -> list[np.ndarray]:
    """The room, and the robot's work from over its shoulder."""
    return list(world.pictures(env_ids.tolist(), *KITCHEN_SIZE))


def minedojo_views(world: Any, env_ids: np.ndarray) -> list[np.ndarray]:
    """What MineDojo shows of Minecraft."""
    return [world.pictures(env_ids.tolist())]


def make_camera(world: str) -> WorldCamera:
    """The camera for a world's replays."""
    if world == "kitchen":
        return WorldCamera(every=4, views=kitchen_views, height=KITCHEN_SIZE[1])
    return WorldCamera(views=minedojo_views if world == "minedojo" else craft_views)


def _scale(image: Image.Image, height: int) -> Image.Image:
    width = round(image.width * height / image.height)
    return image.resize((width, height), Image.Resampling.NEAREST)


def _side_by_side(images: Sequence[Image.Image]) -> Image.Image:
    out = Image.new("RGB", (sum(i.width for i in images), images[0].height))
    x = 0
    for image in images:
        out.paste(image, (x, 0))
        x += image.width
    return out


def _jpeg(image: Image.Image, quality: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return base64.b64encode(buffer.getvalue()).decode()


def html(
    trace: Trace, *, kinds: Mapping[str, str] | None = None, graph: str = "", about: Mapping[str, Any] | None = None
) -> str:
    """The page: frames, timeline of skills, candidate scores, facts, and the skill graph with the current node lit.

    `kinds`: kind of each skill (its colour); `graph`: SVG whose skill nodes carry `data-skill="name"`; `about`: what to
    show in the head (planner, model, world).
    """
    record = trace.to_json(frames=True)
    for decision in record["decisions"]:
        decision["candidates"] = _best(decision["candidates"], decision["skill"])
    data = {"trace": record, "kinds": dict(kinds or {}), "about": dict(about or {})}
    page = TEMPLATE.read_text(encoding="utf-8")
    payload = json.dumps(_finite(data), ensure_ascii=False).replace("<", "\\u003c")
    return page.replace("<!--GRAPH-->", graph).replace("/*DATA*/null", payload)


def about(agent: Agent, trace: Trace) -> dict[str, Any]:
    """The options of `html` that an agent can fill in."""
    from planner.graph import draw

    options = agent.options
    told = {"world": options.world, "planner": options.planner, "model": options.llm}
    if options.symbolic:
        told["mode"] = "symbolic"
    kinds = {name: skill.kind for name, skill in agent.library.skills.items()}
    return {"kinds": kinds, "graph": draw(agent.library, trace.skills, suffix=".svg"), "about": told}


def _best(candidates: list[dict[str, Any]], chosen: str | None) -> list[dict[str, Any]]:
    ranked = sorted(candidates, key=lambda c: -_number(c["score"]))
    return [c for i, c in enumerate(ranked) if i < MAX_CANDIDATES or c["skill"] == chosen]


def _number(value: Any) -> float:
    return float(value) if value is not None and np.isfinite(value) else -1.0


def _finite(value: Any) -> Any:
    """JSON has no NaN: such numbers become null."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def save_html(path: Path, trace: Trace, **options: Any) -> None:
    """Write the page of `trace`, see `html`."""
    write_atomically(check_output(path), html(trace, **options))


def save_video(path: Path, trace: Trace, fps: int = 12) -> None:
    """Write the frames with captions as .mp4 (needs the extra `video`) or .gif."""
    check_video(path)
    if not trace.frames:
        raise UserError(f"video '{path}': the episode has no pictures (symbolic episodes have none)")
    pictures = [_captioned(trace, k) for k in range(len(trace.frames))]
    if path.suffix == ".gif":
        rest = [p.quantize(128) for p in pictures]
        rest[0].save(path, save_all=True, append_images=rest[1:], duration=round(1000 / fps), loop=0)
    else:
        import imageio.v2 as imageio

        imageio.mimwrite(path, [np.asarray(picture) for picture in pictures], fps=fps, macro_block_size=2)  # type: ignore[call-overload, unused-ignore]


def check_video(path: Path) -> Path:
    """`path` if a video can be written there; raises `UserError` else."""
    if path.suffix not in VIDEO_KINDS:
        raise UserError(f"video '{path}': unknown kind '{path.suffix}'; expected {' or '.join(VIDEO_KINDS)}")
    if path.suffix == ".mp4":
        try:
            import imageio.v2  # noqa: F401
            import imageio_ffmpeg  # noqa: F401
        except ImportError:
            raise UserError("mp4 needs the extra 'video': pip install -e '.[video]' (or write a .gif)") from None
    return check_output(path)


def _captioned(trace: Trace, k: int) -> Image.Image:
    """Frame k with what is being done below it; sides even, as video codecs want."""
    frame = trace.frames[k]
    picture = Image.open(io.BytesIO(base64.b64decode(frame.image))).convert("RGB")
    width, height = picture.width // 2 * 2, (picture.height + CAPTION_HEIGHT) // 2 * 2
    out = Image.new("RGB", (width, height), (16, 20, 26))
    out.paste(picture, (0, 0))
    doing = trace.decisions[frame.decision].skill if 0 <= frame.decision < len(trace.decisions) else None
    text = f"{trace.command}   |   {doing or trace.reason}   |   {frame.tick / trace.ticks_per_second:.1f} s"
    ImageDraw.Draw(out).text((8, picture.height + 6), text, fill=(225, 230, 238))
    return out
