"""Chooses the font in which a text layer is set anew: an installed one, or a font file of the user."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.text_styles import Typeface, TypefaceClass
from lamina.stacks.operations import SetText
from lamina.typesetting.faces import missing_characters
from lamina.typesetting.font_files import GivenFont, font_faults, open_font
from lamina.typesetting.installed import FontFile, find_font

_REGULAR = 400


def chosen_font(old: Typeface | None, operation: SetText, words: str) -> tuple[Typeface, FontFile]:
    """The typeface with what the operation changes, and a font that has all letters of `words`.

    Raises `LaminaError`: task_invalid; for a font file as `open_font` does.
    """
    if operation.font is None:
        typeface = _typeface_of(old, operation)
        file = _installed(typeface)
    else:
        typeface, file = _given(old, operation, open_font(operation.font))
    with drawing_faults(operation):
        missing = missing_characters(file, words)
    if missing:
        shown = f"{'the letter' if len(missing) == 1 else 'the letters'} {' '.join(missing[:10])}"
        raise LaminaError(
            ErrorCode.TASK_INVALID, f"The font {typeface.family} lacks {shown}.", "Give a font that has them."
        )
    return typeface, file


def drawing_faults(operation: SetText) -> AbstractContextManager[None]:
    """Where it is drawn with the font of an operation: a font file of a user may be damaged anywhere."""
    return nullcontext() if operation.font is None else font_faults()


def _typeface_of(old: Typeface | None, operation: SetText) -> Typeface:
    family = operation.family or (old.family if old is not None else "")
    if not family:
        raise LaminaError(
            ErrorCode.TASK_INVALID, "The typeface of the text is not known.", "Give the family of an installed font."
        )
    weight, is_italic = operation.weight, operation.is_italic
    if weight is None:
        weight = _REGULAR if old is None else old.weight
    if not 1 <= weight <= 1000:
        raise LaminaError(ErrorCode.TASK_INVALID, f"The weight {weight} is out of range.", "Give 100 to 900.")
    if is_italic is None:
        is_italic = old is not None and old.is_italic
    if old is not None and old.family == family:
        return replace(old, weight=weight, is_italic=is_italic)
    return _new_typeface(old, family, weight, is_italic=is_italic)


def _installed(typeface: Typeface) -> FontFile:
    file = find_font(typeface.family, typeface.weight, typeface.is_italic)
    if file is None:
        face = f"{typeface.family} {'italic ' if typeface.is_italic else ''}of weight {typeface.weight}"
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The font {face} is not installed on this machine.",
            "Install it, or give a font file, or the family, weight and slant of one that `fc-list : family` lists.",
        )
    return file


def _given(old: Typeface | None, operation: SetText, font: GivenFont) -> tuple[Typeface, FontFile]:
    """A font file has one slant, and one weight unless it is variable. Raises `LaminaError` (task_invalid)."""
    if operation.is_italic is not None and operation.is_italic != font.face.is_italic:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The font {font.family} is {'italic' if font.face.is_italic else 'upright'}.",
            "Leave out the slant, or give the file of the other one.",
        )
    weight = operation.weight
    if font.weights is None:
        if weight is not None and weight != font.face.weight:
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"The font {font.family} has the weight {font.face.weight} only.",
                "Leave out the weight, or give the file of another one.",
            )
        weight = font.face.weight
    else:
        lowest, highest = font.weights
        if weight is not None and not lowest <= weight <= highest:
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"The font {font.family} has the weights {lowest} to {highest}.",
                "Give one of these, or leave it out.",
            )
        wanted = weight if weight is not None else _REGULAR if old is None else old.weight
        weight = min(max(wanted, lowest), highest)
    typeface = _new_typeface(old, font.family, weight, is_italic=font.face.is_italic)
    return typeface, font.at_weight(weight)


def _new_typeface(old: Typeface | None, family: str, weight: int, *, is_italic: bool) -> Typeface:
    type_class = TypefaceClass.SANS if old is None else old.type_class
    return Typeface(family=family, confidence=1.0, weight=weight, is_italic=is_italic, type_class=type_class)
