"""Chooses the material of compositions: things, icons, scenes, photographs, textures, typefaces."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path

import numpy as np

from lab.compositions import files
from lab.compositions.effects import flipped, resized, tinted, trimmed
from lab.compositions.fetch import folder
from lab.compositions.rasters import draw, parts
from lab.compositions.source import Share, Source, Use
from lab.compositions.sources import SOURCES
from lab.compositions.things import drawn_ground, drawn_thing
from lab.posters.colours import Colour
from lamina.core.layers import Pixels

Artist = Callable[[np.random.Generator, float], Pixels]
"""Draws another picture of one kind, trimmed, of about this length on the longer side."""

_TRIES = 25
_FAMILY_WEIGHTS = {Use.PICTOGRAMS: 1.0, Use.THINGS: 2.0, Use.CUT_OUTS: 2.5, Use.LINE_ART: 0.8}
_DISPLAY = [
    "anton",
    "bangers",
    "bebas",
    "lobster",
    "pacifico",
    "marker",
    "abril",
    "righteous",
    "fredoka",
    "luckiest",
    "monoton",
    "rye",
    "press",
    "bungee",
    "orbitron",
    "amatic",
    "archivo",
]
_SCRIPT = ["caveat", "vibes", "dancing", "pacifico", "lobster", "patrick"]
_SERIF = ["playfair", "lora", "cinzel", "elite", "serif", "bitter", "crimson", "slab"]


@dataclass(frozen=True, slots=True)
class Family:
    """Pictures that one author drew in one manner."""

    use: Use
    artist: Artist

    def draw(self, rng: np.random.Generator, long_px: float) -> Pixels:
        return self.artist(rng, long_px)


class Material:
    """The unpacked packages of one share; without a folder only what lab draws itself, and its own typefaces."""

    def __init__(self, cache: Path | None, share: Share = Share.STYLES) -> None:
        self._files: dict[Use, list[tuple[Source, list[Path]]]] = {use: [] for use in Use}
        if cache is not None:
            reserved = {path for source in SOURCES if source.share is Share.RESERVED for path in _paths(cache, source)}
            for source in SOURCES:
                if source.share is share or source.use is Use.FONTS:
                    paths = _paths(cache, source)
                    if share is not Share.RESERVED and not reserved.isdisjoint(paths):
                        raise AssertionError(f"{source.name} is reserved in part, and used for {source.use} too")
                    self._files[source.use].append((source, paths))
        typefaces = Path(str(package_files("lab.posters").joinpath("fonts")))
        self._fonts = [p for _, ps in self._files[Use.FONTS] for p in ps] or sorted(
            p for p in typefaces.iterdir() if p.suffix in (".ttf", ".otf") and "Han" not in p.name
        )

    def family(self, rng: np.random.Generator, *uses: Use) -> Family:
        """One manner of drawing, of the given kinds or any."""
        shelves = [shelf for use in uses or tuple(_FAMILY_WEIGHTS) for shelf in self._files[use]]
        drawn_weight = 0.0 if uses and shelves else 1.5
        weights = np.array([*(_FAMILY_WEIGHTS.get(source.use, 1) for source, _ in shelves), drawn_weight])
        index = int(rng.choice(len(weights), p=weights / weights.sum())) if weights.sum() else len(shelves)
        if index == len(shelves):
            return Family(Use.PICTOGRAMS, drawn_thing)
        source, paths = shelves[index]
        return Family(source.use, lambda chance, long_px: self._picture(chance, source, paths, long_px))

    def icon(self, rng: np.random.Generator, long_px: float, colour: Colour, family: Family | None = None) -> Pixels:
        """An icon in one colour."""
        return tinted((family or self.family(rng, Use.ICONS)).draw(rng, long_px), colour)

    def scene(self, rng: np.random.Generator, long_px: int) -> list[Pixels]:
        """The things of one illustration, bottom first, all of one size; empty if no illustration was found."""
        shelves = self._files[Use.SCENES]
        for _ in range(_TRIES if shelves else 0):
            source, paths = shelves[rng.choice(len(shelves), p=_scene_weights(shelves))]
            svg = _svg(rng, source, paths)
            try:
                things = parts(files.with_colours(svg, float(rng.choice([0, 0, rng.uniform()]))))
                if 2 <= len(things) <= 9:
                    return [draw(thing, long_px) for thing in things]
            except ValueError:
                continue
        return []

    def photograph(self, rng: np.random.Generator, width: int, height: int) -> Pixels:
        """(height, width, 4), opaque: a part of a photograph."""
        return self._part(rng, Use.PHOTOGRAPHS, width, height)

    def texture(self, rng: np.random.Generator, width: int, height: int) -> Pixels:
        """(height, width, 4), opaque: a part of a texture or abstract picture, small ones repeated."""
        return self._part(rng, Use.TEXTURES, width, height)

    def font(self, rng: np.random.Generator, role: str = "any") -> Path:
        """A typeface for "display", "script", "serif", "plain" or "any" text."""
        names = {"display": _DISPLAY, "script": _SCRIPT, "serif": _SERIF}
        if role == "plain":
            special = [*_DISPLAY, *_SCRIPT]
            chosen = [p for p in self._fonts if not any(word in _key(p) for word in special)]
        else:
            chosen = [p for p in self._fonts if any(word in _key(p) for word in names.get(role, [""]))]
        chosen = chosen or self._fonts
        return chosen[rng.integers(len(chosen))]

    def _part(self, rng: np.random.Generator, use: Use, width: int, height: int) -> Pixels:
        paths = [path for _, shelf in self._files[use] for path in shelf]
        weights = np.array([0.15 if path.suffix == ".pat" else 1.0 for path in paths])
        for _ in range(_TRIES if paths else 0):
            whole = files.picture(paths[rng.choice(len(paths), p=weights / weights.sum())])
            if whole[..., 3].min() == 255:
                return _cut(rng, whole, width, height)
        return drawn_ground(rng, width, height)

    def _picture(self, rng: np.random.Generator, source: Source, paths: list[Path], long_px: float) -> Pixels:
        for _ in range(_TRIES):
            try:
                sprite = _sprite(rng, source, paths, long_px)
            except ValueError:
                continue
            if min(sprite.shape[:2]) > 8 and (sprite[..., 3] > 128).mean() > 0.04:
                return sprite
        return drawn_thing(rng, long_px)


def _sprite(rng: np.random.Generator, source: Source, paths: list[Path], long_px: float) -> Pixels:
    path = paths[rng.integers(len(paths))]
    if path.suffix in (".json", ".svg"):
        svg = files.with_colours(_svg(rng, source, [path]), 0)
        sprite = trimmed(draw(svg, max(16, round(long_px * 1.15))))
        sprite = resized(sprite, long_px) if max(sprite.shape[:2]) < 0.8 * long_px else sprite
    else:
        whole = trimmed(files.picture(path))
        if max(whole.shape[:2]) < long_px / 2.2:
            raise ValueError(f"{path} is too small")
        sprite = resized(whole, long_px)
    return flipped(sprite) if source.use is Use.CUT_OUTS and rng.uniform() < 0.5 else sprite


def _svg(rng: np.random.Generator, source: Source, paths: list[Path]) -> str:
    path = paths[rng.integers(len(paths))]
    if path.suffix == ".json":
        options = files.icons(path)
        for _ in range(_TRIES):
            name, svg = options[rng.integers(len(options))]
            if not any(word in name for word in source.left_out) and "<animate" not in svg:
                return svg
        raise ValueError(f"no icon of {source.name} is left")
    if "glpi" in path.name:
        options = files.symbols(path)
        return options[rng.integers(len(options))]
    return files.svg_text(path)


def _scene_weights(shelves: list[tuple[Source, list[Path]]]) -> list[float]:
    """Shares of the sources of scenes: the more illustrations, the more often."""
    counts = np.sqrt([len(paths) if len(paths) > 1 else 150 for _, paths in shelves])
    return list(counts / counts.sum())


def _cut(rng: np.random.Generator, whole: Pixels, width: int, height: int) -> Pixels:
    repeats = -(-height // whole.shape[0]), -(-width // whole.shape[1])
    if max(whole.shape[:2]) < 600 and max(repeats) > 1:
        return np.ascontiguousarray(np.tile(whole, (*repeats, 1))[:height, :width])
    room = min(whole.shape[1] / width, whole.shape[0] / height)
    scale = room * rng.uniform(0.6, 1)
    part_width, part_height = int(width * scale), int(height * scale)
    left, top = rng.integers(whole.shape[1] - part_width + 1), rng.integers(whole.shape[0] - part_height + 1)
    part = whole[top : top + part_height, left : left + part_width]
    part = flipped(part) if rng.uniform() < 0.5 else part
    sized = resized(np.ascontiguousarray(part), max(width, height))
    exact = np.empty((height, width, 4), np.uint8)
    rows, columns = np.minimum(np.arange(height), sized.shape[0] - 1), np.minimum(np.arange(width), sized.shape[1] - 1)
    exact[:] = sized[rows][:, columns]
    exact[..., 3] = 255
    return exact


def _paths(cache: Path, source: Source) -> list[Path]:
    """The files of a source, without symbolic links to other files of it."""
    paths = {path for pattern in source.files for path in folder(cache, source).glob(pattern) if not path.is_symlink()}
    if not paths:
        raise FileNotFoundError(f"{source.name} has no files in {cache}; fetch the material first.")
    left_out = () if source.files[0].endswith(".json") else source.left_out
    return sorted(path for path in paths if not any(word in str(path).lower() for word in left_out))


def _key(path: Path) -> str:
    return path.name.lower()
