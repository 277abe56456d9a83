"""Reads Photoshop files of Lamina and other programs as pixel layers in pass-through groups that look the same."""

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
from lamina.imaging.formats.psd_colours import DocumentColours, colours_of
from lamina.imaging.formats.psd_fixes import fix_document
from lamina.imaging.formats.psd_flattening import DocumentFlattener, listed
from lamina.imaging.formats.psd_header import check_header
from lamina.imaging.formats.psd_merged import (
    Difference,
    MergedImage,
    check_merged_rows,
    is_merged_complete,
    is_uniform,
    merged_images,
)
from lamina.imaging.formats.psd_parsing import parse
from lamina.imaging.formats.psd_rle import check_layer_rows
from lamina.imaging.formats.psd_xmp import parse_layer_xmp
from lamina.imaging.formats.records import layer_label, normalise_foreign_stack
from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.size_limits import SizeLimits

_MAX_MEAN_DIFFERENCE = 2.0  # levels of 255
_LAYERED_MODES = (ColorMode.CMYK, ColorMode.DUOTONE, ColorMode.GRAYSCALE, ColorMode.LAB, ColorMode.RGB)
_MAX_RECORDS = 20_000  # Photoshop allows 8,000 layers; a group has two records
_ROUNDING_LEVELS = 3  # levels: the error of rounding in another order

# Our error reports corrupt files; without a handler, messages of psd-tools would also appear on stderr.
logging.getLogger("psd_tools").addHandler(logging.NullHandler())


def read(file: BinaryIO, limits: SizeLimits) -> LayerStack:
    """The layers of a Photoshop file, lowest first, with notes on changed layers.

    What a stack can express is kept: pixels, blend modes, masks, groups that can pass through without a change.
    Everything else that psd-tools can render becomes pixels, and the result is compared with the merged image in the
    file. See docs/decisions/0017-photoshop-files-look-the-same.md.

    Raises `LaminaError`: input_not_a_stack for features that cannot be rendered as in Photoshop, with their names and
    those of the layers; input_too_large. Raises errors of psd-tools for a corrupt file.
    """
    check_header(file, limits)
    try:
        return _read(file, limits)
    except (PSDDecompressionWarning, DecompressionLimitError) as error:
        raise CorruptFileError("the pixels of a layer or of its merged image cannot be decompressed") from error


def _read(file: BinaryIO, limits: SizeLimits) -> LayerStack:
    with warnings.catch_warnings():
        warnings.simplefilter("error", PSDDecompressionWarning)  # otherwise corrupt channels are read as black
        document = parse(file)
        _check_count(document)
        check_layer_rows(document, limits)
        packet = document.image_resources.get_data(Resource.XMP_METADATA, b"")
        metadata = parse_layer_xmp(packet)
        colours = _colours(document)
        if not len(document) and metadata is None:
            check_merged_rows(document)
            return _flat(document, next(merged_images(document, colours)))
        fix_document(document)
        flattener = DocumentFlattener(document, colours, limits, metadata)
        flattener.open()
        stack = LayerStack(document.width, document.height, flattener.layers)
        stack = normalise_foreign_stack(stack) if metadata is None else metadata.provenance.given_to(stack)
        if document.has_preview() and is_merged_complete(document):
            return _checked(stack, flattener, document, colours)
    if flattener.unsupported:
        raise _unsupported_error(flattener, "and the file has no complete merged image to compare with")
    return replace(stack, notes=(*flattener.notes, "The file has no complete merged image to compare the layers with."))


def _check_count(document: PSDImage) -> None:
    info = document._record._get_layer_info()  # pyright: ignore[reportPrivateUsage]
    if info is not None and abs(info.layer_count) > _MAX_RECORDS:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"The file has {abs(info.layer_count)} layers and group dividers; the limit is {_MAX_RECORDS}.",
            "Merge layers in the program that made the file.",
        )


def _colours(document: PSDImage) -> DocumentColours:
    mode = document.color_mode
    if len(document) and mode not in _LAYERED_MODES:
        raise LaminaError(
            ErrorCode.INPUT_NOT_A_STACK,
            f"Layers in the colour mode {mode.name.lower()} are not supported.",
            "Convert the file to RGB in the program that made it.",
        )
    return colours_of(document)


def _flat(document: PSDImage, merged: MergedImage) -> LayerStack:
    notes: list[str] = []
    if merged.extra_channels:
        notes.append(f"Alpha channels (saved selections) and spot colours were omitted: {merged.extra_channels}.")
    if document.color_mode is ColorMode.MULTICHANNEL:
        notes.append(
            f"The file is in multichannel mode: only the first of its {document.channels} channels is shown, in grey."
        )
    notes += _inks(document)
    layer = Layer("Background", LayerKind.BACKGROUND, merged.as_layer())
    return LayerStack(document.width, document.height, (layer,), notes=tuple(notes))


def _checked(
    stack: LayerStack, flattener: DocumentFlattener, document: PSDImage, colours: DocumentColours
) -> LayerStack:
    """The stack with notes on differences; a stack of one layer is replaced by the merged image if it differs.

    Raises `LaminaError` (input_not_a_stack) if the layers differ from the merged image.
    """
    picture = composite(stack)
    candidates = [(merged.difference(picture), merged) for merged in merged_images(document, colours)]
    difference, merged = min(candidates, key=lambda pair: pair[0].mean)
    if difference.mean > _MAX_MEAN_DIFFERENCE and candidates[0][1].alpha is None and not flattener.unsupported:
        # Photoshop declares transparency; other programs, and psd-tools, store colours without compositing on white.
        bare = candidates[0][1].difference_of_colours(picture)
        difference = min(difference, bare, key=lambda item: item.mean)
    missing = [f"Not rendered as in Photoshop: {feature}." for feature in _by_feature(flattener.unsupported)]
    if difference.mean <= _MAX_MEAN_DIFFERENCE:
        notes = [*flattener.notes, *missing, *_inks(document)]
        if notes and difference.largest > _ROUNDING_LEVELS:
            notes.append(f"The layers differ from the merged image in the file by {_size(difference)}.")
        return replace(stack, notes=tuple(notes))
    if len(stack) > 1 or len(list(document.descendants())) != 1 or is_uniform(merged):
        raise _unsupported_error(
            flattener, f"and the layers differ from the merged image in the file by {_size(difference)}"
        )
    notes = (
        *missing,
        f"The only layer was replaced by the merged image in the file, which differs by {_size(difference)}.",
    )
    only = Layer(document[0].name, LayerKind.OBJECT, merged.as_layer())
    return normalise_foreign_stack(replace(stack, layers=(only,), notes=notes))


def _by_feature(unsupported: list[tuple[str, str]]) -> Iterator[str]:
    """Each feature with the names of its layers."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, feature in unsupported:
        names[feature].append(name)
    return (f"{feature} of {listed(layers)}" for feature, layers in names.items())


def _inks(document: PSDImage) -> list[str]:
    is_duotone = document.color_mode is ColorMode.DUOTONE
    return ["The file is in duotone mode: it is shown in grey, without the colours of its inks."] if is_duotone else []


def _unsupported_error(flattener: DocumentFlattener, more: str) -> LaminaError:
    hint = "Merge or rasterise these layers in the program that made the file, and save it with a merged image."
    if flattener.unsupported:
        name, feature = flattener.unsupported[0]
        others = len(flattener.unsupported) - 1
        besides = f" (and {others} more unsupported {'feature' if others == 1 else 'features'})" if others else ""
        message = f"The {layer_label('layer', name)} has {feature}{besides}, which is not supported, {more}."
    elif flattener.rendered:
        message = f"Some of these layers are not rendered as in Photoshop, {more}: {flattener.rendered}."
    else:
        message = f"All layers are supported, {more}, which is blank, outdated or from another program."
    return LaminaError(ErrorCode.INPUT_NOT_A_STACK, message, hint)


def _size(difference: Difference) -> str:
    mean = f"{difference.mean:.0f}" if difference.mean >= 10 else f"{difference.mean:.1f}"
    return f"{mean} of 255 levels on average, {difference.largest} at most"
