"""Describes text in EngineData, the markup of Photoshop's text engine, with the keys that Photoshop writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from psd_tools.psd import engine_data as markup

from lamina.core.text_styles import Colour, TextAlignment, TextStyle
from lamina.imaging.formats.text_layout import TextBlock
from lamina.imaging.layer_names import sanitize_name

_PARAGRAPH_END = "\r"
_JUSTIFICATION = {TextAlignment.LEFT: 0, TextAlignment.RIGHT: 1, TextAlignment.CENTER: 2}
_SHARP = 4  # of the methods of anti-aliasing
_UNIT_AXES = {"Axis": [1.0, 0.0, 1.0], "XY": [0.0, 0.0]}
_BLUE = {"Type": 1, "Values": [1.0, 0.0, 0.0, 1.0]}
_OPENING_MARKS, _HUNG_MARKS = "‘“（〔［｛〈《「『【", "、。.,"
_CLOSING_MARKS = "、。，．・：；？！’”）〕］｝〉》」』】ヽヾゝゞ々"
_SMALL_KANA = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
_RESOURCES = {
    "KinsokuSet": [
        {
            "Name": "PhotoshopKinsokuHard",
            "NoStart": f"{_CLOSING_MARKS}ー{_SMALL_KANA}゛゜?!)]}},.:;℃℉¢％‰",
            "NoEnd": f"{_OPENING_MARKS}([{{￥＄£＠§〒＃",
            "Keep": "―‥",
            "Hanging": _HUNG_MARKS,
        },
        {
            "Name": "PhotoshopKinsokuSoft",
            "NoStart": _CLOSING_MARKS,
            "NoEnd": _OPENING_MARKS,
            "Keep": "―‥",
            "Hanging": _HUNG_MARKS,
        },
    ],
    "MojiKumiSet": [{"InternalName": f"Photoshop6MojiKumiSet{number}"} for number in range(1, 5)],
    "TheNormalStyleSheet": 0,
    "TheNormalParagraphSheet": 0,
}
_SCRIPT_SIZES = {
    "SuperscriptSize": 0.583,
    "SuperscriptPosition": 0.333,
    "SubscriptSize": 0.583,
    "SubscriptPosition": 0.333,
    "SmallCapSize": 0.7,
}


def block_text(block: TextBlock) -> str:
    """The rows of a block, each but the last one followed by the sign that ends a paragraph in Photoshop."""
    return _PARAGRAPH_END.join(sanitize_name(row.string) for row in block.rows)


def text_engine_data(block: TextBlock, font_name: str) -> markup.EngineData:
    """The text, its paragraphs and their style. `font_name`: the PostScript name of the font.

    Photoshop counts in UTF-16 code units.
    """
    text = block_text(block) + _PARAGRAPH_END
    lengths = [_units(paragraph) + 1 for paragraph in text.split(_PARAGRAPH_END)[:-1]]
    sheet = {"DefaultStyleSheet": 0, "Properties": _paragraph_properties(block.style)}
    style = _style_sheet(block)
    resources = {
        **_RESOURCES,
        "ParagraphSheetSet": [{"Name": "Normal RGB", **sheet}],
        "StyleSheetSet": [{"Name": "Normal RGB", "StyleSheetData": style}],
        "FontSet": [
            {"Name": name, "Script": 0, "FontType": 0, "Synthetic": 0} for name in (font_name, "AdobeInvisFont")
        ],
        **_SCRIPT_SIZES,
    }
    engine = {
        "Editor": {"Text": text},
        "ParagraphRun": {
            "DefaultRunData": {"ParagraphSheet": {"DefaultStyleSheet": 0, "Properties": {}}, "Adjustments": _UNIT_AXES},
            "RunArray": [{"ParagraphSheet": sheet, "Adjustments": _UNIT_AXES} for _ in lengths],
            "RunLengthArray": lengths,
            "IsJoinable": 1,
        },
        "StyleRun": {
            "DefaultRunData": {"StyleSheet": {"StyleSheetData": {}}},
            "RunArray": [{"StyleSheet": {"StyleSheetData": style}}],
            "RunLengthArray": [sum(lengths)],
            "IsJoinable": 2,
        },
        "GridInfo": {
            "GridIsOn": False,
            "ShowGrid": False,
            "GridSize": 18.0,
            "GridLeading": 22.0,
            "GridColor": _BLUE,
            "GridLeadingFillColor": _BLUE,
            "AlignLineHeightToGridFlags": False,
        },
        "AntiAlias": _SHARP,
        "UseFractionalGlyphWidths": True,
        "Rendered": {"Version": 1, "Shapes": {"WritingDirection": 0, "Children": [_point_text()]}},
    }
    return markup.EngineData(_items({"EngineDict": engine, "ResourceDict": resources, "DocumentResources": resources}))


def _point_text() -> dict[str, Any]:
    """Text that starts at a point, and does not wrap."""
    base = {"ShapeType": 0, "TransformPoint0": [1.0, 0.0], "TransformPoint1": [0.0, 1.0], "TransformPoint2": [0.0, 0.0]}
    return {
        "ShapeType": 0,
        "Procession": 0,
        "Lines": {"WritingDirection": 0, "Children": []},
        "Cookie": {"Photoshop": {"ShapeType": 0, "PointBase": [0.0, 0.0], "Base": base}},
    }


def _paragraph_properties(style: TextStyle) -> dict[str, Any]:
    return {
        "Justification": _JUSTIFICATION[style.alignment],
        "FirstLineIndent": 0.0,
        "StartIndent": 0.0,
        "EndIndent": 0.0,
        "SpaceBefore": 0.0,
        "SpaceAfter": 0.0,
        "AutoHyphenate": False,
        "HyphenatedWordSize": 6,
        "PreHyphen": 2,
        "PostHyphen": 2,
        "ConsecutiveHyphens": 8,
        "Zone": 36.0,
        "WordSpacing": [0.8, 1.0, 1.33],
        "LetterSpacing": [0.0, 0.0, 0.0],
        "GlyphSpacing": [1.0, 1.0, 1.0],
        "AutoLeading": 1.2,
        "LeadingType": 0,
        "Hanging": False,
        "Burasagari": False,
        "KinsokuOrder": 0,
        "EveryLineComposer": False,
    }


def _style_sheet(block: TextBlock) -> dict[str, Any]:
    """Sizes in pixels, which are points at Photoshop's default of 72 pixels per inch."""
    style = block.style
    leading = block.rows[1].baseline - block.rows[0].baseline if len(block.rows) > 1 else 0.0
    return {
        "Font": 0,
        "FontSize": round(style.size_px, 3),
        "FauxBold": False,
        "FauxItalic": False,
        "AutoLeading": leading <= 0,
        "Leading": round(leading, 3),
        "HorizontalScale": 1.0,
        "VerticalScale": 1.0,
        "Tracking": round(1000 * style.letter_spacing_px / style.size_px),
        "AutoKerning": True,
        "Kerning": 0,
        "BaselineShift": 0.0,
        "FontCaps": 0,
        "FontBaseline": 0,
        "Underline": False,
        "Strikethrough": False,
        "Ligatures": True,
        "DLigatures": False,
        "BaselineDirection": 2,
        "Tsume": 0.0,
        "StyleRunAlignment": 2,
        "Language": 0,
        "NoBreak": False,
        "FillColor": _colour(style.colour),
        "StrokeColor": _colour((0, 0, 0) if style.outline is None else style.outline.colour),
        "FillFlag": True,
        "StrokeFlag": False,
        "FillFirst": True,
        "YUnderline": 1,
        "OutlineWidth": 1.0 if style.outline is None else round(2 * style.outline.width_px, 3),
        "CharacterDirection": 0,
        "HindiNumbers": False,
        "Kashida": 1,
        "DiacriticPos": 2,
    }


def _colour(colour: Colour) -> dict[str, Any]:
    return {"Type": 1, "Values": [1.0, *(round(sample / 255, 5) for sample in colour)]}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _items(values: Mapping[str, Any]) -> dict[markup.Property, Any]:
    return {markup.Property(name): _element(value) for name, value in values.items()}


def _element(value: Any) -> Any:
    match value:
        case bool():
            return markup.Bool(value)
        case int():
            return markup.Integer(value)
        case float():
            return markup.Float(value)
        case str():
            return markup.String(value)
        case Mapping():
            return markup.Dict(_items(value))
        case Sequence():
            return markup.List([_element(item) for item in value])
        case _:
            raise TypeError(f"{type(value).__name__} has no form in EngineData")
