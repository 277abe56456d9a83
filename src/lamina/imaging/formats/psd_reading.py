"""Reads Photoshop files, ours and those of other programs, as a flat list of pixel layers that looks the same."""

import logging
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from psd_tools import PSDImage
from psd_tools.compression import DecompressionLimitError, PSDDecompressionWarning
from psd_tools.constants import ColorMode, Resource

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.formats.psd_colours import Colours, colours_of
from lamina.imaging.formats.psd_facts import parse_facts
from lamina.imaging.formats.psd_header import check_header
from lamina.imaging.formats.psd_mending import mend
from lamina.imaging.formats.psd_merged import (
    Difference,
    MergedPicture,
    check_merged_rows,
    is_blank,
    is_whole,
    merged_pictures,
)
from lamina.imaging.formats.psd_opening import Opening, listed
from lamina.imaging.formats.psd_packing import check_layer_rows
from lamina.imaging.formats.psd_parsing import parse
from lamina.imaging.formats.records import called, of_another_program
from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.size_limits import SizeLimits

_ALLOWED_MEAN = 2.0  # levels of 255
_LAYERED_MODES = (ColorMode.CMYK, ColorMode.DUOTONE, ColorMode.GRAYSCALE, ColorMode.LAB, ColorMode.RGB)
_MOST_RECORDS = 20_000  # Photoshop's limit is 8,000 layers; a group has two records
_UNTOLD_MOST = 3  # levels: what rounding in another order does

# What psd-tools logs of a damaged file is told by our error; without this it would go to standard error as well.
logging.getLogger("psd_tools").addHandler(logging.NullHandler())


def read(file: BinaryIO, limits: SizeLimits) -> LayerStack:
    """The layers of a Photoshop file, lowest first, and notes on what became of those that are not kept as they are.

    What a flat stack can express stays as it is: pixels, modes, masks, groups that add up to the same when they are
    opened out. Everything else that psd-tools can draw becomes pixels, and the result is held against the flat
    picture in the file. See docs/decisions/0017-photoshop-files-look-the-same.md.

    Raises `LaminaError` (input_not_a_stack, naming the feature and the layer, for what cannot be drawn as Photoshop
    draws it; input_too_large), and what psd-tools raises for a damaged file.
    """
    check_header(file, limits)
    try:
        return _read(file, limits)
    except (PSDDecompressionWarning, DecompressionLimitError) as error:
        raise CorruptFileError("the pixels of a layer, or of its flat picture, do not unpack") from error


def _read(file: BinaryIO, limits: SizeLimits) -> LayerStack:
    with warnings.catch_warnings():
        warnings.simplefilter("error", PSDDecompressionWarning)  # else a damaged channel comes as black
        document = parse(file)
        _check_count(document)
        check_layer_rows(document, limits)
        packet = document.image_resources.get_data(Resource.XMP_METADATA, b"")
        facts = parse_facts(packet)
        colours = _colours(document)
        if not len(document) and facts is None:
            check_merged_rows(document)
            return _flat(document, next(merged_pictures(document, colours)))
        mend(document)
        opening = Opening(document, colours, limits, facts or {})
        opening.open()
        stack = LayerStack(document.width, document.height, opening.layers)
        stack = stack if facts is not None else of_another_program(stack)
        if document.has_preview() and is_whole(document):
            return _checked(stack, opening, document, colours)
    if opening.unknown:
        raise _refused(opening, "and there is no whole merged picture in the file to check the rest against")
    return replace(stack, notes=(*opening.notes, "The file holds no whole merged picture to check its layers against."))


def _check_count(document: PSDImage) -> None:
    info = document._record._get_layer_info()  # pyright: ignore[reportPrivateUsage]
    if info is not None and abs(info.layer_count) > _MOST_RECORDS:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"It has {abs(info.layer_count)} layers and ends of groups; the limit is {_MOST_RECORDS}.",
            "Merge some in the program that made the file.",
        )


def _colours(document: PSDImage) -> Colours:
    mode = document.color_mode
    if len(document) and mode not in _LAYERED_MODES:
        raise LaminaError(
            ErrorCode.INPUT_NOT_A_STACK,
            f"It is in the colour mode {mode.name.lower()}, of which Lamina reads no layers.",
            "Convert it to RGB in the program that made it.",
        )
    return colours_of(document)


def _flat(document: PSDImage, merged: MergedPicture) -> LayerStack:
    notes: list[str] = []
    if merged.extra_channels:
        notes.append(f"Channels for saved selections and spot inks were left out: {merged.extra_channels}.")
    if document.color_mode is ColorMode.MULTICHANNEL:
        notes.append(f"A multichannel file: only the first of its {document.channels} inks is shown, in grey.")
    notes += _inks(document)
    layer = Layer("Background", LayerKind.BACKGROUND, merged.as_layer())
    return LayerStack(document.width, document.height, (layer,), notes=tuple(notes))


def _checked(stack: LayerStack, opening: Opening, document: PSDImage, colours: Colours) -> LayerStack:
    """The stack with notes on what is missing, or, if it has but one layer, as the merged picture shows it.

    Raises `LaminaError` (input_not_a_stack) if the layers look otherwise than the merged picture.
    """
    picture = composite(stack)
    found = [(merged.difference(picture), merged) for merged in merged_pictures(document, colours)]
    difference, merged = min(found, key=lambda pair: pair[0].mean)
    if difference.mean > _ALLOWED_MEAN and found[0][1].alpha is None and not opening.unknown:
        # Photoshop tells of transparency if there is any; others store the bare colours, as psd-tools does.
        bare = found[0][1].difference_of_colours(picture)
        difference = min(difference, bare, key=lambda each: each.mean)
    missing = [f"Not drawn as in Photoshop: {what}." for what in _by_feature(opening.unknown)]
    if difference.mean <= _ALLOWED_MEAN:
        notes = [*opening.notes, *missing, *_inks(document)]
        if notes and difference.most > _UNTOLD_MOST:
            notes.append(f"The layers differ from the merged picture in the file by {_size(difference)}.")
        return replace(stack, notes=tuple(notes))
    if len(stack) > 1 or len(list(document.descendants())) != 1 or is_blank(merged):
        raise _refused(opening, f"and its layers differ from the merged picture in the file by {_size(difference)}")
    notes = (*missing, f"The one layer is the merged picture in the file, which is otherwise by {_size(difference)}.")
    only = Layer(document[0].name, LayerKind.OBJECT, merged.as_layer())
    return of_another_program(replace(stack, layers=(only,), notes=notes))


def _by_feature(unknown: list[tuple[str, str]]) -> Iterator[str]:
    """The features, each with the layers that have it."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, feature in unknown:
        names[feature].append(name)
    return (f"{feature} of {listed(each)}" for feature, each in names.items())


def _inks(document: PSDImage) -> list[str]:
    is_duotone = document.color_mode is ColorMode.DUOTONE
    return ["A duotone file: it is shown in grey, without the colours of its inks."] if is_duotone else []


def _refused(opening: Opening, more: str) -> LaminaError:
    hint = "Merge or rasterise such layers in the program that made the file, and save it with its merged picture."
    if opening.unknown:
        name, feature = opening.unknown[0]
        others = len(opening.unknown) - 1
        besides = f" (and {others} more such {'thing' if others == 1 else 'things'})" if others else ""
        message = f"The {called('layer', name)} has {feature}{besides}, which Lamina does not draw, {more}."
    elif opening.drawn:
        message = f"Something of this is not drawn as in Photoshop, {more}: {opening.drawn}."
    else:
        message = f"All of its layers are known, {more}, which is blank, older than they are, or of another program."
    return LaminaError(ErrorCode.INPUT_NOT_A_STACK, message, hint)


def _size(difference: Difference) -> str:
    mean = f"{difference.mean:.0f}" if difference.mean >= 10 else f"{difference.mean:.1f}"
    return f"{mean} of 255 levels on average, {difference.most} at most"
