"""The language models there are, by the kind that a spec begins with; each is imported when it is asked for.

A model is named by a spec: `embedded` (ours, no network), `hf:PATH_OR_ID` (any causal model of transformers),
`openai:MODEL` (any OpenAI-compatible server) or `langchain:PROVIDER:MODEL` (any chat model of LangChain).
"""

from __future__ import annotations

from collections.abc import Callable

from planner.language import LanguageModel, ModelOptions
from planner.replies import Meter
from sim.world import UserError


def check_spec(spec: str) -> None:
    """Raise `UserError` unless the spec has a known form."""
    kind, _, rest = spec.partition(":")
    if kind not in MODELS or bool(rest) == (kind == "embedded"):
        known = "embedded, hf:PATH_OR_ID, openai:MODEL, langchain:PROVIDER:MODEL"
        raise UserError(f"language model '{spec}' is not available; models: {known}")


def load_model(spec: str, options: ModelOptions | None = None) -> LanguageModel:
    """The model of a spec; an unknown one answers with the known forms."""
    check_spec(spec)
    kind, _, rest = spec.partition(":")
    return MODELS[kind](rest, options or ModelOptions())


def _embedded(rest: str, options: ModelOptions) -> LanguageModel:
    from planner.embedded.model import load

    return load()


def _huggingface(rest: str, options: ModelOptions) -> LanguageModel:
    from planner.huggingface import load

    return load(rest, device=options.device, dtype=options.dtype)


def _openai(rest: str, options: ModelOptions) -> LanguageModel:
    from planner.server import load

    return load(rest, base_url=options.base_url, meter=_meter(options))


def _langchain(rest: str, options: ModelOptions) -> LanguageModel:
    from planner.langchain_adapter import load

    return load(rest, base_url=options.base_url, meter=_meter(options))


def _meter(options: ModelOptions) -> Meter:
    return Meter(options.cap, options.price)


MODELS: dict[str, Callable[[str, ModelOptions], LanguageModel]] = {
    "embedded": _embedded, "hf": _huggingface, "openai": _openai, "langchain": _langchain,
}  # fmt: skip
