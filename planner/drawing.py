"""Skill graphs as pictures: columns from what is found to what is made, skills as boxes, facts as pills, a plan lit."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

import networkx as nx

from sim.world import UserError

COLUMN, ROW, WIDTH, HEIGHT = 250, 26, 172, 19
COLORS = {"find": "#3b82f6", "harvest": "#16a34a", "mine": "#78716c", "hunt": "#dc2626", "use": "#db2777", "place": "#d97706",
          "craft": "#7c3aed", "go": "#0284c7", "pick": "#65a30d", "put": "#ea580c", "open": "#ca8a04",
          "close": "#6d28d9"}  # fmt: skip
Node = tuple[str, str]


def draw_graph(graph: nx.DiGraph, lit: Collection[str], title: str, suffix: str) -> str:
    """SVG text, or an HTML page around it. With a plan only what it touches is drawn in colour."""
    if suffix not in (".svg", ".html"):
        raise UserError(f"a graph is written as .svg or .html, not '{suffix}'")
    shown = _touched(graph, set(lit)) if lit else set(graph.nodes)
    svg = _svg(graph.subgraph(shown), list(lit), title)
    if suffix == ".svg":
        return svg
    style = "body{margin:0;background:#0f172a}svg{display:block}"
    return f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{style}</style>{svg}"


def _touched(graph: nx.DiGraph, skills: set[str]) -> set[Node]:
    nodes = {("skill", name) for name in skills if ("skill", name) in graph}
    return nodes | {fact for node in nodes for fact in (*graph.predecessors(node), *graph.successors(node))}


def _columns(graph: nx.DiGraph) -> list[list[Node]]:
    """Nodes in columns, each right of what it needs (cycles stand together), ordered to keep edges short."""
    condensed = nx.condensation(graph)
    columns = [[n for group in layer for n in sorted(condensed.nodes[group]["members"])]
               for layer in nx.topological_generations(condensed)]  # fmt: skip
    place: dict[Node, float] = {}
    for column in columns:

        def middle(node: Node) -> tuple[float, str]:
            before = [place[p] for p in graph.predecessors(node) if p in place]
            return (sum(before) / len(before) if before else 0.0, node[1])

        column.sort(key=middle)
        for k, node in enumerate(column):
            place[node] = k - len(column) / 2
    return columns


def _svg(graph: nx.DiGraph, lit: list[str], title: str) -> str:
    columns = _columns(graph)
    rows = max((len(column) for column in columns), default=1)
    width, height = COLUMN * len(columns) + 20, ROW * rows + 70
    at = {node: (20 + COLUMN * c, 55 + ROW * (k + (rows - len(column)) / 2))
          for c, column in enumerate(columns) for k, node in enumerate(column)}  # fmt: skip
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             f'font-family="system-ui,sans-serif" font-size="11"><rect width="{width}" height="{height}" fill="#0f172a"/>'
             f'<text x="20" y="28" fill="#e2e8f0" font-size="16">{escape(title)}</text>']  # fmt: skip
    parts += [
        _edge(at[a], at[b], d["kind"], d["n"], _is_lit(a, lit) or _is_lit(b, lit)) for a, b, d in graph.edges(data=True)
    ]
    parts += [_node(node, at[node], graph.nodes[node].get("skill"), lit) for node in graph.nodes]
    return "".join([*parts, "</svg>"])


def _is_lit(node: Node, lit: list[str]) -> bool:
    return node[0] == "skill" and node[1] in lit


def _edge(a: tuple[float, float], b: tuple[float, float], kind: str, n: int, on: bool) -> str:
    x1, y1, x2, y2 = a[0] + WIDTH, a[1] + HEIGHT / 2, b[0], b[1] + HEIGHT / 2
    color = "#fbbf24" if on else "#475569"
    dash = "" if kind in ("consumes", "obtains") else ' stroke-dasharray="4 3"'
    bend = max(abs(x2 - x1) / 2, 40)
    line = (f'<path d="M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}" fill="none" '
            f'stroke="{color}" stroke-opacity="{0.9 if on else 0.45}"{dash}><title>{kind} {n}</title></path>')  # fmt: skip
    if n == 1:
        return line
    return line + f'<text x="{(x1 + x2) / 2:.0f}" y="{(y1 + y2) / 2 - 2:.0f}" fill="{color}" font-size="10">{n}</text>'


def _node(node: Node, at: tuple[float, float], skill: object, lit: list[str]) -> str:
    kind, name = node
    on = _is_lit(node, lit)
    fill = COLORS.get(getattr(skill, "kind", ""), "#1e293b")
    order = f"{lit.index(name) + 1} · " if on else ""
    border = ' stroke="#fbbf24" stroke-width="2.5"' if on else ' stroke="#64748b"' if kind == "fact" else ""
    radius = 4 if kind == "skill" else HEIGHT / 2
    tip = escape(getattr(skill, "text", name))
    return (f'<g data-{kind}="{escape(name)}"><title>{tip}</title><rect x="{at[0]:.0f}" y="{at[1]:.0f}" width="{WIDTH}" '
            f'height="{HEIGHT}" rx="{radius}" fill="{fill}"{border}/><text x="{at[0] + 8:.0f}" y="{at[1] + 13:.0f}" '
            f'fill="#f8fafc">{order}{escape(_short(name))}</text></g>')  # fmt: skip


def _short(name: str) -> str:
    text = name.replace("_", " ")
    return text if len(text) <= 28 else text[:27] + "…"
