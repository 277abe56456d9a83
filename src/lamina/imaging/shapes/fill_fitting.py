"""Fits one colour, a linear or a radial gradient to pixels."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.text_styles import Colour
from lamina.imaging.shapes.drawing import stop_colours
from lamina.imaging.shapes.shape import Fill, Form, LinearGradient, RadialGradient, Stop, Values

Indices = NDArray[np.integer[Any]]

_LEVELS = 1
_OUTLIERS = 0.003  # share of the pixels that the search ignores; the redrawn picture is checked in full
_SEARCHED, _FITTED = 3000, 20_000  # pixels
_HATS = 14
_MAX_INNER_STOPS = 2
_PROMISING = 1.2  # root of the mean squared difference in levels, of a profile without constraints
_PLACES = 24
_NEAR_END = 0.05
_MAX_STEPS = 80  # the middle of a circle may be infinitely far away


def fitted_fill(x: Values, y: Values, colours: Values, form: Form) -> Fill | None:
    """The simplest fill that is within one level of the colours; None if there is none.

    `x`, `y` (n,): middles of pixels on the canvas; `colours` (n, 3): in levels.
    """
    if not len(x):
        return None
    middle = np.round(np.median(colours, axis=0))
    if _is_close(np.abs(colours - middle).max(1)):
        return _colour(middle)
    across, down = form.local(x, y)
    picked = _spread(len(x), _SEARCHED)
    fitted = _spread(len(x), _FITTED)
    linear = _linear(across, down, colours, form, (picked, fitted))
    return linear or _radial(across, down, colours, form, (picked, fitted))


def _linear(
    across: Values, down: Values, colours: Values, form: Form, picks: tuple[Indices, Indices]
) -> LinearGradient | None:
    picked, fitted = picks
    right, below, seen = across[picked], down[picked], colours[picked]

    def misfit(parameters: Sequence[float]) -> float:
        turn = np.radians(parameters[0])
        return _misfit(right * np.cos(turn) + below * np.sin(turn), seen)

    best = min((misfit([degrees]), float(degrees)) for degrees in range(0, 180, 5))
    error, (degrees,) = _descended(misfit, [best[1]], 2.5, 0.01)
    if error > _PROMISING:
        return None
    right_angle = round(degrees / 45) * 45.0
    if abs(degrees - right_angle) < 1 and misfit([right_angle]) <= error * 1.05 + 0.005:
        degrees = right_angle
    plain = LinearGradient(stops=(), degrees=degrees)
    turn = np.radians(degrees)
    share = (across * np.cos(turn) + down * np.sin(turn)) / max(plain.reach(form), 1e-6) / 2 + 0.5
    stops = _stops(share, colours, fitted)
    return LinearGradient(stops=stops, degrees=degrees % 360) if stops else None


def _radial(
    across: Values, down: Values, colours: Values, form: Form, picks: tuple[Indices, Indices]
) -> RadialGradient | None:
    picked, fitted = picks
    right, below, seen = across[picked], down[picked], colours[picked]

    def misfit(parameters: Sequence[float]) -> float:
        x, y = parameters
        return _misfit(np.hypot(right - x, below - y), seen)

    shares = (-0.4, -0.2, 0.0, 0.2, 0.4)
    starts = [[form.width * x, form.height * y] for x in shares for y in shares]
    error, place = min((misfit(start), start) for start in starts)
    error, place = _descended(misfit, place, max(form.width, form.height) / 10, 0.05)
    if error > _PROMISING:
        return None
    if max(map(abs, place)) < 1 and misfit([0.0, 0.0]) <= error * 1.05 + 0.005:
        place = [0.0, 0.0]
    x, y = place
    far = np.hypot(across - x, down - y)
    radius = float(far.max())
    stops = _stops(far / radius, colours, fitted)
    return RadialGradient(stops=stops, across=x, down=y, radius=radius) if stops else None


def _descended(
    misfit: Callable[[Sequence[float]], float], start: Sequence[float], reach: float, precision: float
) -> tuple[float, list[float]]:
    """The lowest place that steps along each parameter lead to, which halve down to the precision."""
    now, error = list(start), misfit(start)
    for _ in range(_MAX_STEPS):
        if reach <= precision:
            break
        moves = [[value + sign * reach * (axis == at) for at, value in enumerate(now)]
                 for axis in range(len(now)) for sign in (-1, 1)]  # fmt: skip
        lowest, move = min((misfit(move), move) for move in moves)
        if lowest < error:
            now, error = move, lowest
        else:
            reach /= 2
    return error, now


def _misfit(share: Values, colours: Values) -> float:
    """How much the colours vary where the profile of the gradient is the same."""
    low, high = float(share.min()), float(share.max())
    hats = _hats((share - low) / max(high - low, 1e-9), np.linspace(0, 1, _HATS))
    normal = hats.T @ hats + 1e-6 * np.eye(_HATS)
    fit = hats @ np.linalg.solve(normal, hats.T @ colours)
    return float(np.sqrt(np.mean((fit - colours) ** 2)))


def _stops(share: Values, colours: Values, fitted: Indices) -> tuple[Stop, ...]:
    """As few as are needed; none if too many were. The first and the last are where the pixels begin and end, or the
    gradient does if that is near.
    """
    low, high = float(share.min()), float(share.max())
    low, high = (0.0 if 0 < low < _NEAR_END else low), (1.0 if 1 - _NEAR_END < high < 1 else high)
    knots = [low, high]
    inner: list[float] = []
    for _ in range(_MAX_INNER_STOPS + 1):
        knots = [low, *sorted(inner), high]
        stops = _solved(share[fitted], colours[fitted], knots)
        if _is_close(np.abs(np.round(stop_colours(stops, share)) - colours).max(1)):
            return stops
        inner = _with_another(share[fitted], colours[fitted], (low, high), inner)
    return ()


def _with_another(share: Values, colours: Values, ends: tuple[float, float], inner: list[float]) -> list[float]:
    low, high = ends
    step = max(1, len(share) // _SEARCHED)
    part, seen = share[::step], colours[::step]

    def misfit(places: Sequence[float]) -> float:
        knots = [low, *sorted(places), high]
        if min(np.diff(knots)) < 0.01 * (high - low):
            return np.inf
        hats = _hats(part, np.array(knots))
        solved = np.linalg.lstsq(hats, seen, rcond=None)[0]
        return float(np.sqrt(np.mean((hats @ solved - seen) ** 2)))

    places = np.linspace(low, high, _PLACES + 2)[1:-1]
    best = min((misfit([*inner, float(place)]), float(place)) for place in places)
    return _descended(misfit, [*inner, best[1]], (high - low) / _PLACES, 0.0005 * (high - low))[1]


def _solved(share: Values, colours: Values, knots: Sequence[float]) -> tuple[Stop, ...]:
    hats = _hats(share, np.array(knots))
    solved = np.round(np.linalg.lstsq(hats, colours, rcond=None)[0]).clip(0, 255)
    return tuple(Stop(knot, _colour(colour)) for knot, colour in zip(knots, solved, strict=True))


def _hats(share: Values, knots: Values) -> Values:
    """(n, knots): the weight of each knot in the linear interpolation at each place."""
    after = np.searchsorted(knots, share, side="right").clip(1, len(knots) - 1)
    part = ((share - knots[after - 1]) / np.maximum(knots[after] - knots[after - 1], 1e-9)).clip(0, 1)
    hats = np.zeros((len(share), len(knots)))
    row = np.arange(len(share))
    hats[row, after - 1] = 1 - part
    hats[row, after] = part
    return hats


def _is_close(difference: Values) -> bool:
    return float(np.mean(difference > _LEVELS)) <= _OUTLIERS


def _spread(count: int, wanted: int) -> Indices:
    """Indices of some of so many pixels, the same each time."""
    if count <= wanted:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, wanted, replace=False))


def _colour(values: Values) -> Colour:
    red, green, blue = (int(value) for value in values)
    return red, green, blue
