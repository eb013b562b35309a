"""Gradient noise that repeats after 64 columns, so that terrain joins up seamlessly on the torus.

Perlin 2002, "Improving Noise" (quintic fade), on a lattice whose random gradients are drawn from the caller's generator.
Only + - * / and square roots are used, which IEEE 754 rounds alike everywhere: the same seed gives the same field on every machine.
"""

from __future__ import annotations

import math

import numpy as np

from sim.craft.chance import uniform
from sim.craft.compile import compiled
from sim.craft.grid import SIZE


@compiled
def _fade(t):
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@compiled
def _random_gradients(rng, n):
    """Directions f64[n, n, 2] of about unit length: points of the square that lie neither near the centre nor in a corner."""
    gradients = np.empty((n, n, 2))
    for a in range(n):
        for b in range(n):
            u, v = 0.0, 0.0
            while not 0.25 < u * u + v * v < 1.0:
                u, v = 2.0 * uniform(rng) - 1.0, 2.0 * uniform(rng) - 1.0
            length = math.sqrt(u * u + v * v)
            gradients[a, b, 0], gradients[a, b, 1] = u / length, v / length
    return gradients


@compiled
def add_octave(rng, cell, gain, field):
    """Add noise of amplitude about `gain` and feature size `cell` (a divisor of 64, columns) to field f64[64, 64]."""
    n = SIZE // cell
    g = _random_gradients(rng, n)
    for x in range(SIZE):
        a, u = x // cell, (x % cell + 0.5) / cell
        a1 = (a + 1) % n
        fade_u = _fade(u)
        for z in range(SIZE):
            b, v = z // cell, (z % cell + 0.5) / cell
            b1 = (b + 1) % n
            low = g[a, b, 0] * u + g[a, b, 1] * v
            high = g[a1, b, 0] * (u - 1.0) + g[a1, b, 1] * v
            near = low + fade_u * (high - low)
            low = g[a, b1, 0] * u + g[a, b1, 1] * (v - 1.0)
            high = g[a1, b1, 0] * (u - 1.0) + g[a1, b1, 1] * (v - 1.0)
            far = low + fade_u * (high - low)
            field[x, z] += gain * 1.4 * (near + _fade(v) * (far - near))


@compiled
def fractal(rng, roughness):
    """Octaves of 16, 8, 4 columns, each `roughness` times the coarser one, stretched to exactly 0..1: f64[64, 64]."""
    field = np.zeros((SIZE, SIZE))
    add_octave(rng, 32, 0.7, field)
    add_octave(rng, 16, 1.0, field)
    add_octave(rng, 8, roughness, field)
    add_octave(rng, 4, roughness * roughness, field)
    low, high = field.min(), field.max()
    for x in range(SIZE):
        for z in range(SIZE):
            field[x, z] = (field[x, z] - low) / (high - low)
    return field
