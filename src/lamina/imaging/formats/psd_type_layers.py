"""Describes text as a type layer of Photoshop: a tagged block with the text, its place and its style."""

import math
from collections.abc import Mapping
from typing import Any

from psd_tools.psd.descriptor import DescriptorBlock, Double, Enumerated, Integer, RawData, String
from psd_tools.psd.tagged_blocks import TypeToolObjectSetting

from lamina.core.text_styles import Typeface, TypefaceClass
from lamina.imaging.formats.psd_text_engine import block_text, text_engine_data
from lamina.imaging.formats.text_layout import TextBlock

_TEXT_VERSION = 50
_HORIZONTAL = Enumerated(typeID=b"Ornt", enum=b"Hrzn")
_STYLE_NAMES = {
    100: "Thin",
    200: "ExtraLight",
    300: "Light",
    400: "Regular",
    500: "Medium",
    600: "SemiBold",
    700: "Bold",
    800: "ExtraBold",
    900: "Black",
}
# Fonts that are installed with macOS and Windows, for text whose family is not known: regular, bold.
_FALLBACKS = {
    TypefaceClass.SANS: ("ArialMT", "Arial-BoldMT"),
    TypefaceClass.DISPLAY: ("ArialMT", "Arial-BoldMT"),
    TypefaceClass.SERIF: ("TimesNewRomanPSMT", "TimesNewRomanPS-BoldMT"),
    TypefaceClass.SLAB: ("Georgia", "Georgia-Bold"),
    TypefaceClass.MONO: ("CourierNewPSMT", "CourierNewPS-BoldMT"),
    TypefaceClass.SCRIPT: ("ComicSansMS", "ComicSansMS-Bold"),
}
_BOLD = 600


def type_setting(block: TextBlock) -> TypeToolObjectSetting:
    """The block of data (TySh) that makes a layer a type layer: point text whose first baseline is in its place."""
    style, row = block.style, block.rows[0]
    turn = math.radians(style.rotation_degrees)
    x, y = block.frame.canvas_point(row.anchor, row.baseline)
    text = _descriptor(
        b"TxLr",
        {
            "Txt ": String(block_text(block)),
            "textGridding": Enumerated(typeID=b"textGridding", enum=b"None"),
            "Ornt": _HORIZONTAL,
            "AntA": Enumerated(typeID=b"Annt", enum=b"antiAliasSharp"),
            "TextIndex": Integer(0),
            "EngineData": RawData(text_engine_data(block, font_name(style.typeface)).tobytes()),
        },
    )
    warp = _descriptor(
        b"warp",
        {
            "warpStyle": Enumerated(typeID=b"warpStyle", enum=b"warpNone"),
            "warpValue": Double(0.0),
            "warpPerspective": Double(0.0),
            "warpPerspectiveOther": Double(0.0),
            "warpRotate": _HORIZONTAL,
        },
    )
    transform = (math.cos(turn), math.sin(turn), math.sin(-turn), math.cos(turn), x, y)
    return TypeToolObjectSetting(
        version=1, transform=transform, text_version=_TEXT_VERSION, text_data=text, warp_version=1, warp=warp
    )


def font_name(typeface: Typeface | None) -> str:
    """The PostScript name of a typeface, as fonts are usually named, or of one that most machines have."""
    if typeface is None:
        return _FALLBACKS[TypefaceClass.SANS][0]
    if not typeface.family:
        return _FALLBACKS[typeface.type_class][typeface.weight >= _BOLD]
    weight = _STYLE_NAMES[min(max(round(typeface.weight / 100), 1), 9) * 100]
    style = weight.removesuffix("Regular") + "Italic" if typeface.is_italic else weight
    return f"{''.join(character for character in typeface.family if character.isalnum())}-{style}"


def _descriptor(class_id: bytes, values: Mapping[str, Any]) -> DescriptorBlock:
    items = {name.encode("ascii"): value for name, value in values.items()}
    return DescriptorBlock(items=items, classID=class_id)  # pyright: ignore[reportCallIssue]
