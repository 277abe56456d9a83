"""Checks what a LoRA is trained from, before the training: the model, and examples grouped by their file names."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from lamina.core.catalog import MODELS, Model, model_named
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.core.tasks import MAX_REFERENCES, RESOLUTIONS_PX, TaskKind, TrainTask

LORA_FILE = "lora.safetensors"
"""The file that every trainer writes to the training's folder."""
MAX_TRAINED_LAYERS = 8
DEFAULT_MODEL = "qwen-image-edit-2511"
DEFAULT_STEPS = 1000
DEFAULT_LEARNING_RATE = 1e-4
DEFAULT_RANK = 16
DEFAULT_CAPTION_DROPOUT = 0.05
DEFAULT_CHECKPOINT_EVERY = 100

_PICTURES = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif")
_WITH_ALPHA = ("png", "webp")
_NAME = re.compile(r"(?P<root>.*[^/])_(?P<side>start|end)(?P<number>\d{0,4})", re.IGNORECASE | re.DOTALL)
_NAMING = "Pictures are named ROOT_start.EXT and ROOT_end.EXT, captions ROOT.txt."
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Group:
    """The file names of one example. `starts`: inputs of the model; `ends`: expected results; `text`: its caption."""

    root: str
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    text: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One example. Its functions read the pictures: (height, width, 4) RGBA, sRGB, upright.

    `ends`: one result of an edit, or layers, bottom first. `key`: equal for equal content.
    """

    caption: str
    starts: tuple[Callable[[], Pixels], ...] = field(repr=False)
    ends: tuple[Callable[[], Pixels], ...] = field(repr=False)
    key: str


def trained_model(name: str | None) -> tuple[Model, TaskKind]:
    """The model to train a LoRA for, and the task that it learns: EDIT or DECOMPOSE.

    Raises `LaminaError`: model_unknown, task_invalid (LoRAs for this model are not supported).
    """
    model = model_named(name or DEFAULT_MODEL)
    if model.max_references > 1:
        return model, TaskKind.EDIT
    if TaskKind.DECOMPOSE in model.tasks:
        return model, TaskKind.DECOMPOSE
    fit = [other.name for other in MODELS.values() if other.max_references > 1 or TaskKind.DECOMPOSE in other.tasks]
    raise _invalid(f"LoRAs cannot be trained for {model.name}.", f"Models that support training: {', '.join(fit)}.")


def filled(task: TrainTask) -> TrainTask:
    """The task with defaults in place of None, except for the seed. Raises as `trained_model` does.

    The defaults are those of well-known trainers: rank and alpha 16, 5 % without a caption (ai-toolkit); 1000 steps at
    1e-4 (fal).
    """
    model, kind = trained_model(task.model)
    rank = task.rank or DEFAULT_RANK
    resolution_px = task.resolution_px or model.native_px
    if kind is TaskKind.DECOMPOSE and resolution_px not in RESOLUTIONS_PX:
        raise _invalid(
            f"{model.name} does not support a resolution of {resolution_px} px.",
            f"Use {' or '.join(map(str, RESOLUTIONS_PX))}.",
        )
    return replace(
        task,
        model=model.name,
        steps=task.steps or DEFAULT_STEPS,
        learning_rate=DEFAULT_LEARNING_RATE if task.learning_rate is None else task.learning_rate,
        rank=rank,
        alpha=task.alpha or float(rank),
        caption_dropout=DEFAULT_CAPTION_DROPOUT if task.caption_dropout is None else task.caption_dropout,
        resolution_px=resolution_px,
        checkpoint_every=task.checkpoint_every or DEFAULT_CHECKPOINT_EVERY,
    )


def group_names(names: Iterable[str], is_layered: bool) -> list[Group]:
    """Group file names into examples by fal.ai's naming scheme, ordered by root.

    An edit: `ROOT_start.EXT`, `ROOT_start2.EXT`... up to 10, and `ROOT_end.EXT`. Layers: `ROOT_start.EXT`, the whole
    picture, and `ROOT_end.EXT`, `ROOT_end2.EXT`... up to 8, bottom first, PNG or WebP. A caption: `ROOT.txt`. All
    examples must have the same number of files. The root includes folders. Files that file browsers create are ignored.
    Raises `LaminaError` (task_invalid), which names the file.
    """
    sides: dict[str, dict[str, dict[int, str]]] = {}
    texts: dict[str, str] = {}
    for name in sorted(name for name in names if not is_litter(name)):
        stem, _, ending = name.rpartition(".")
        match = _NAME.fullmatch(stem)
        if ending.lower() == "txt" and stem:
            texts[stem] = name
        elif ending.lower() not in _PICTURES or not stem:
            raise _invalid(f"{_shown(name)} is neither a picture nor a caption.", f"{_NAMING} Remove other files.")
        elif match is None:
            raise _invalid(f"The name {_shown(name)} ends neither in _start nor in _end.", _NAMING)
        else:
            _put(sides.setdefault(match["root"], {"start": {}, "end": {}}), match, name)
    if not sides:
        raise _invalid("It contains no examples.", _NAMING)
    for stem, name in texts.items():
        if stem not in sides:
            raise _invalid(f"There are no pictures for the caption {_shown(name)}.", f"There is no {stem}_start.EXT.")
    groups = [_group(root, numbered, texts.get(root), is_layered) for root, numbered in sorted(sides.items())]
    _check_counts(groups)
    return groups


def check_references(groups: Sequence[Group], requested: int | None) -> None:
    """Raises `LaminaError` (task_invalid) unless the examples have `requested` references each; None is any number."""
    first = groups[0]
    if requested is not None and len(first.starts) != requested:
        raise _invalid(
            f"{_shown(first.starts[-1])} is the last of {_counted(len(first.starts), 'reference')} of an example, "
            f"but the request says {_counted(requested, 'reference')}.",
            "Correct that number, or omit it.",
        )


def caption_for(group: Group, written: str, default: str) -> str:
    """`written`: the content of its text file, or "". Raises `LaminaError` (task_invalid) if there is no caption."""
    caption = " ".join(written.split()) or " ".join(default.split())
    if not caption:
        missing = f"{group.text} is empty" if group.text else f"there is no {group.root}.txt"
        raise _invalid(
            f"{_shown(group.starts[0])} has no caption: {missing}, and no default caption was given.",
            "Write a caption, or give a default caption.",
        )
    return caption


def is_litter(name: str) -> bool:
    """True for files that file browsers create, and for hidden files."""
    parts = name.split("/")
    is_hidden = any(part.startswith(".") for part in parts)
    return is_hidden or parts[0] == "__MACOSX" or parts[-1].lower() in ("thumbs.db", "desktop.ini")


def _put(numbered: dict[str, dict[int, str]], match: re.Match[str], name: str) -> None:
    number = int(match["number"] or 1)
    taken = numbered[match["side"].lower()]
    if number in taken:
        raise _invalid(f"{_shown(name)} and {_shown(taken[number])} name the same picture.", "Remove one of them.")
    taken[number] = name


def _group(root: str, numbered: dict[str, dict[int, str]], text: str | None, is_layered: bool) -> Group:
    sides: dict[str, tuple[str, ...]] = {}
    for side, other, most in (
        ("start", "end", 1 if is_layered else MAX_REFERENCES),
        ("end", "start", MAX_TRAINED_LAYERS if is_layered else 1),
    ):
        files = numbered[side]
        if not files:
            partner = next(iter(numbered[other].values()))
            raise _invalid(f"{_shown(partner)} has no counterpart {root}_{side}.EXT.", _NAMING)
        for number, expected in zip(sorted(files), range(1, len(files) + 1), strict=True):
            if number != expected:
                missing = f"{root}_{side}{'' if expected == 1 else expected}.EXT"
                raise _invalid(f"There is {_shown(files[number])}, but no {missing}.", "Number them without gaps.")
        if len(files) > most:
            noun = f"{'base pictures' if side == 'start' else 'layers'}" if is_layered else _EDIT_NOUNS[side]
            raise _invalid(f"{_shown(files[most + 1])} is one too many: at most {most} {noun}.", "Remove it.")
        sides[side] = tuple(files[number] for number in sorted(files))
    for name in sides["end"] if is_layered else ():
        if name.rpartition(".")[2].lower() not in _WITH_ALPHA:
            raise _invalid(f"The format of the layer {_shown(name)} has no transparency.", "Use PNG or WebP.")
    return Group(root, sides["start"], sides["end"], text)


_EDIT_NOUNS = {"start": "references of an example", "end": "result of an example"}


def _check_counts(groups: Sequence[Group]) -> None:
    first = groups[0]
    for group in groups:
        for mine, firsts, noun in (
            (group.starts, first.starts, "reference"),
            (group.ends, first.ends, "layer"),
        ):
            if len(mine) != len(firsts):
                raise _invalid(
                    f"{_shown(mine[-1])} is the last of {_counted(len(mine), noun)}, but the example of "
                    f"{_shown(first.starts[0])} has {_counted(len(firsts), noun)}.",
                    "All examples need the same number.",
                )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"...{name[-_SHOWN:]}")


def _invalid(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, message, hint)
