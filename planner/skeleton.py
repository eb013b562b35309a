"""Fills in a JSON schema by choosing: the skeleton is written by us, a model that scores texts only picks among what fits.

So even a small or untrained model answers with valid JSON. Choices are enum values, booleans, whole numbers, whether a list
goes on, and which alternative; free strings are the only thing that is generated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.world import UserError

LONGEST_LIST = 32
NUMBERS = 65  # whole numbers are chosen from as many, from the least allowed on

Choose = Callable[[str, Sequence[str]], int]  # text so far, continuations -> the likeliest
Write = Callable[[str], str]  # text so far -> a string's inside, up to its closing quote


@dataclass
class Skeleton:
    """Writes one JSON text for a schema; `text` is what stands before it."""

    text: str
    choose: Choose
    write: Write
    definitions: Mapping[str, Any]
    written: str = ""

    def fill(self, schema: Mapping[str, Any]) -> None:
        """Append a value that fits `schema`. Raises `UserError` for a schema without types."""
        schema = self._resolved(schema)
        kind = schema.get("type")
        if "const" in schema:
            self._put(json.dumps(schema["const"]))
        elif "enum" in schema:
            self._pick([json.dumps(value) for value in schema["enum"]])
        elif "anyOf" in schema:
            self.fill(schema["anyOf"][self._alternative(schema["anyOf"])])
        elif kind in FILLERS:
            FILLERS[kind](self, schema)
        else:
            raise UserError(f"a schema of this form cannot be filled in by choosing: {json.dumps(dict(schema))[:200]}")

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rsplit("/", 1)[-1]]
        return schema

    def _put(self, text: str) -> None:
        self.written += text

    def _pick(self, options: Sequence[str]) -> int:
        """Append the likeliest of some continuations, and say which."""
        best = self.choose(self.text + self.written, options) if len(options) > 1 else 0
        self._put(options[best])
        return best

    def _alternative(self, options: Sequence[Mapping[str, Any]]) -> int:
        """Which alternative: by how its value would begin."""
        begins = [BEGIN.get(str(self._resolved(option).get("type")), '"') for option in options]
        return self.choose(self.text + self.written, begins) if len(set(begins)) == len(begins) else 0

    def _object(self, schema: Mapping[str, Any]) -> None:
        self._put("{")
        for k, (name, value) in enumerate(schema.get("properties", {}).items()):
            self._put((", " if k else "") + json.dumps(name) + ": ")
            self.fill(value)
        self._put("}")

    def _array(self, schema: Mapping[str, Any]) -> None:
        self._put("[")
        least, most = schema.get("minItems", 0), min(schema.get("maxItems", LONGEST_LIST), LONGEST_LIST)
        items = schema.get("items", {"type": "string"})
        for k in range(most):
            if k >= least:
                go_on = ", " if k else BEGIN.get(str(self._resolved(items).get("type")), '"')
                if self.choose(self.text + self.written, ["]", go_on]) == 0:
                    break
            self._put(", " if k else "")
            self.fill(items)
        self._put("]")

    def _integer(self, schema: Mapping[str, Any]) -> None:
        least = int(schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1))
        most = min(int(schema.get("maximum", schema.get("exclusiveMaximum", 10**9) - 1)), least + NUMBERS - 1)
        self._pick([str(n) for n in range(least, most + 1)])

    def _number(self, schema: Mapping[str, Any]) -> None:
        least, most = float(schema.get("minimum", 0.0)), float(schema.get("maximum", 1.0))
        self._pick([f"{least + (most - least) * k / 10:.4g}" for k in range(11)])

    def _string(self, schema: Mapping[str, Any]) -> None:
        self._put('"')
        self._put(json.dumps(self.write(self.text + self.written))[1:-1] + '"')

    def _boolean(self, schema: Mapping[str, Any]) -> None:
        self._pick(["true", "false"])

    def _null(self, schema: Mapping[str, Any]) -> None:
        self._put("null")


FILLERS: dict[str, Callable[[Skeleton, Mapping[str, Any]], None]] = {
    "object": Skeleton._object, "array": Skeleton._array, "integer": Skeleton._integer, "number": Skeleton._number,
    "string": Skeleton._string, "boolean": Skeleton._boolean, "null": Skeleton._null,
}  # fmt: skip
BEGIN = {"object": "{", "array": "[", "integer": "1", "number": "0", "boolean": "true", "null": "null"}


def fill(schema: Mapping[str, Any], prompt: str, choose: Choose, write: Write) -> str:
    """JSON text that fits a JSON schema, chosen part by part after `prompt`."""
    skeleton = Skeleton(prompt, choose, write, schema.get("$defs", {}))
    skeleton.fill(schema)
    return skeleton.written
