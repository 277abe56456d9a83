"""Reads the files of packages: SVG files of many dialects, icon collections, SVG sprites, GIMP patterns, pictures."""

import colorsys
import json
import re
import struct
from functools import lru_cache
from pathlib import Path

import numpy as np
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
from PIL import Image

from lamina.core.layers import Pixels

_SVG = "http://www.w3.org/2000/svg"
_VARIABLE = re.compile(r"var\(\s*--([\w-]+)\s*(?:,\s*([^()]*))?\)")
_LONGEST_PX = 2000
_GIMP_HEADER = struct.Struct(">IIIII4s")  # of a pattern: header size, version, width, height, bytes per pixel, magic

# The default theme of the SAP Fiori illustrations, by the number at the end of the variable's name.
_FIORI = [
    "5d36ff",
    "f58b00",
    "27a3ff",
    "7800a4",
    "f31ded",
    "ffffff",
    "eaecee",
    "d5dadd",
    "556b81",
    "a9b4be",
    "ff8af0",
    "eaf5ce",
    "ebf8ff",
    "ffb300",
    "df1278",
    "470ced",
    "1ed6a1",
    "0f8a66",
    "ffdf72",
    "fff8d6",
    "2b7d2b",
    "8396a8",
    "ffe0b2",
    "c5e8ff",
    "ffc2e8",
    "7b5cff",
    "3a4a5c",
    "b8f0de",
    "ff9a57",
    "e3d5ff",
    "14394f",
]


@lru_cache(maxsize=64)
def icons(path: Path) -> tuple[tuple[str, str], ...]:
    """Name and SVG of each icon in a collection of Iconify's format."""
    data = json.loads(path.read_text(encoding="utf-8"))
    width, height = data.get("width", 16), data.get("height", 16)
    icons_by_name: list[tuple[str, str]] = []
    for name, icon in data["icons"].items():
        left, top = icon.get("left", 0), icon.get("top", 0)
        box = f"{left} {top} {icon.get('width', width)} {icon.get('height', height)}"
        icons_by_name.append(
            (
                name,
                f'<svg xmlns="{_SVG}" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}">{icon["body"]}</svg>',
            )
        )
    return tuple(icons_by_name)


@lru_cache(maxsize=8)
def symbols(path: Path) -> tuple[str, ...]:
    """The symbols of a sprite sheet as separate pictures."""
    root = etree.parse(path, etree.XMLParser(huge_tree=True, recover=True)).getroot()
    pictures: list[str] = []
    for symbol in root.iter(f"{{{_SVG}}}symbol"):
        svg = etree.tostring(symbol, encoding="unicode")
        pictures.append(re.sub(r"^<symbol", "<svg", re.sub(r"</symbol>\s*$", "</svg>", svg.strip())))
    return tuple(pictures)


def svg_text(path: Path) -> str:
    """An SVG file as text that resvg can draw: with a view box, without a document type.

    Raises ValueError if it is not XML.
    """
    try:
        root = etree.fromstring(
            path.read_bytes(), etree.XMLParser(huge_tree=True, recover=True, resolve_entities=False)
        )
    except etree.XMLSyntaxError as error:
        raise ValueError(f"{path} is not XML") from error
    if root is None:
        raise ValueError(f"{path} is empty")
    if root.get("viewBox") is None:
        width, height = (_pixels(root.get(side)) for side in ("width", "height"))
        root.set("viewBox", f"0 0 {width:g} {height:g}")
    for side in ("width", "height"):
        root.attrib.pop(side, None)
    return etree.tostring(root, encoding="unicode")


def with_colours(svg: str, turn: float) -> str:
    """The picture with its CSS variables replaced: by their fallback, or a themed colour with its hue turned."""

    def replacement(match: re.Match[str]) -> str:
        number = re.search(r"Color(\d+)$", match[1])
        if match[2]:
            return match[2].strip()
        return _turned_hue(_FIORI[(int(number[1]) - 1) % len(_FIORI)], turn) if number else "#556b81"

    before = ""
    while before != svg:
        before, svg = svg, _VARIABLE.sub(replacement, svg)
    return svg


@lru_cache(maxsize=48)
def picture(path: Path) -> Pixels:
    """(height, width, 4): a picture file, at most 2,000 px on its longer side; read-only."""
    if path.suffix == ".pat":
        return _pattern(path)
    with Image.open(path) as image:
        image.draft("RGB", (_LONGEST_PX, _LONGEST_PX))
        image.thumbnail((_LONGEST_PX, _LONGEST_PX), Image.Resampling.BOX)
        pixels = np.array(image.convert("RGBA"))
    pixels.flags.writeable = False
    return pixels


def _pattern(path: Path) -> Pixels:
    """A pattern of GIMP: a header, a name, the samples (devel-docs/pat.txt in GIMP's repository)."""
    data = path.read_bytes()
    header_size, _, width, height, samples, magic = _GIMP_HEADER.unpack_from(data)
    if magic != b"GPAT":
        raise ValueError(f"{path} is no pattern")
    raw = np.frombuffer(data, np.uint8, width * height * samples, header_size).reshape(height, width, samples)
    colour = raw[..., :3] if samples >= 3 else np.repeat(raw[..., :1], 3, -1)
    return np.concatenate([colour, np.full((height, width, 1), 255, np.uint8)], -1)


def _pixels(length: str | None) -> float:
    """A length of an SVG attribute; points are those of editors that drew at 90 dots per inch."""
    number = re.match(r"\s*([\d.]+)\s*(\w*)", length or "")
    if not number:
        raise ValueError("an SVG file without size")
    return float(number[1]) * {"pt": 1.25, "mm": 3.5433, "cm": 35.433, "in": 90}.get(number[2], 1)


def _turned_hue(colour: str, turn: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    turned = colorsys.hls_to_rgb((hue + turn) % 1, lightness, saturation)
    return "#{:02x}{:02x}{:02x}".format(*(round(channel * 255) for channel in turned))
