"""What a LoRA is trained from: which model, and examples by their files' names, checked before any work."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from lamina.core.catalog import MODELS, Model, model_named
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.core.tasks import MAX_REFERENCES, RESOLUTIONS_PX, TaskKind, TrainTask

LORA_FILE = "lora.safetensors"
"""What a training leaves in its folder, whoever trained."""
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
    """One example by the names of its files. `starts`: what the model is given; `ends`: what it is to make of it."""

    root: str
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    text: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One example. Its pictures are read when they are asked for: (height, width, 4) RGBA, sRGB, upright.

    `ends`: of an edit, one; of layers, bottom first. `key`: of equal content, equal.
    """

    caption: str
    starts: tuple[Callable[[], Pixels], ...] = field(repr=False)
    ends: tuple[Callable[[], Pixels], ...] = field(repr=False)
    key: str


def trained_model(name: str | None) -> tuple[Model, TaskKind]:
    """The model of the catalog that a LoRA is trained for, and what it learns: EDIT or DECOMPOSE.

    Raises `LaminaError` (model_unknown; task_invalid for one that is not trained here).
    """
    model = model_named(name or DEFAULT_MODEL)
    if model.max_references > 1:
        return model, TaskKind.EDIT
    if TaskKind.DECOMPOSE in model.tasks:
        return model, TaskKind.DECOMPOSE
    fit = [other.name for other in MODELS.values() if other.max_references > 1 or TaskKind.DECOMPOSE in other.tasks]
    raise _invalid(f"LoRAs for {model.name} are not trained here.", f"They are for: {', '.join(fit)}.")


def filled(task: TrainTask) -> TrainTask:
    """With the trainer's defaults in place of None, the seed left out. Raises as `trained_model` does.

    Those of the well-known trainers: rank and alpha 16, 5 % without a caption (ai-toolkit); 1000 steps at 1e-4 (fal).
    """
    model, kind = trained_model(task.model)
    rank = task.rank or DEFAULT_RANK
    resolution_px = task.resolution_px or model.native_px
    if kind is TaskKind.DECOMPOSE and resolution_px not in RESOLUTIONS_PX:
        raise _invalid(
            f"A resolution of {resolution_px} px was asked for, and {model.name} takes pictures apart at others.",
            f"Ask for {' or '.join(map(str, RESOLUTIONS_PX))}.",
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
    """The examples that files of these names make, as fal.ai names them, in the order of their roots.

    An edit: `ROOT_start.EXT`, `ROOT_start2.EXT`... up to 10, and `ROOT_end.EXT`. Layers: `ROOT_start.EXT`, the whole
    picture, and `ROOT_end.EXT`, `ROOT_end2.EXT`... up to 8, bottom first, PNG or WebP. A caption: `ROOT.txt`. The same
    number of each in all. Names may have folders before them, which are part of the root; what file browsers leave
    behind does not count. Raises `LaminaError` (task_invalid), which names the file.
    """
    sides: dict[str, dict[str, dict[int, str]]] = {}
    texts: dict[str, str] = {}
    for name in sorted(name for name in names if not is_litter(name)):
        stem, _, ending = name.rpartition(".")
        found = _NAME.fullmatch(stem)
        if ending.lower() == "txt" and stem:
            texts[stem] = name
        elif ending.lower() not in _PICTURES or not stem:
            raise _invalid(f"{_shown(name)} is neither a picture nor a caption.", f"{_NAMING} Leave other files out.")
        elif found is None:
            raise _invalid(f"{_shown(name)} ends neither in _start nor in _end.", _NAMING)
        else:
            _put(sides.setdefault(found["root"], {"start": {}, "end": {}}), found, name)
    if not sides:
        raise _invalid("There are no examples in it.", _NAMING)
    for stem, name in texts.items():
        if stem not in sides:
            raise _invalid(f"The caption {_shown(name)} belongs to no pictures.", f"There is no {stem}_start.EXT.")
    groups = [_group(root, numbered, texts.get(root), is_layered) for root, numbered in sorted(sides.items())]
    _check_counts(groups)
    return groups


def check_references(groups: Sequence[Group], asked: int | None) -> None:
    """Raises `LaminaError` (task_invalid) unless each example has as many references as the task says."""
    first = groups[0]
    if asked is not None and len(first.starts) != asked:
        raise _invalid(
            f"{_shown(first.starts[-1])} is the last of {_counted(len(first.starts), 'reference')} of an example, "
            f"and {_counted(asked, 'reference')} should be there.",
            "Say how many there are, or leave it out.",
        )


def caption_for(group: Group, written: str, default: str) -> str:
    """`written`: what its text file says, or "". Raises `LaminaError` (task_invalid) if there is no caption at all."""
    caption = " ".join(written.split()) or " ".join(default.split())
    if not caption:
        missing = f"{group.text} is empty" if group.text else f"there is no {group.root}.txt"
        raise _invalid(
            f"{_shown(group.starts[0])} has no caption: {missing}, and no default caption was given.",
            "Write one, or give a default caption.",
        )
    return caption


def is_litter(name: str) -> bool:
    """Whether a file browser left it there."""
    parts = name.split("/")
    is_hidden = any(part.startswith(".") for part in parts)
    return is_hidden or parts[0] == "__MACOSX" or parts[-1].lower() in ("thumbs.db", "desktop.ini")


def _put(numbered: dict[str, dict[int, str]], found: re.Match[str], name: str) -> None:
    number = int(found["number"] or 1)
    taken = numbered[found["side"].lower()]
    if number in taken:
        raise _invalid(
            f"{_shown(name)} and {_shown(taken[number])} would be the same picture.", "Take one of them out."
        )
    taken[number] = name


def _group(root: str, numbered: dict[str, dict[int, str]], text: str | None, is_layered: bool) -> Group:
    sides: dict[str, tuple[str, ...]] = {}
    for side, other, most in (
        ("start", "end", 1 if is_layered else MAX_REFERENCES),
        ("end", "start", MAX_TRAINED_LAYERS if is_layered else 1),
    ):
        files = numbered[side]
        if not files:
            lonely = next(iter(numbered[other].values()))
            raise _invalid(f"{_shown(lonely)} has no partner {root}_{side}.EXT.", _NAMING)
        for number, expected in zip(sorted(files), range(1, len(files) + 1), strict=True):
            if number != expected:
                what = f"{root}_{side}{'' if expected == 1 else expected}.EXT"
                raise _invalid(f"{_shown(files[number])} is there, but no {what}.", "Number them without a gap.")
        if len(files) > most:
            what = f"{'base pictures' if side == 'start' else 'layers'}" if is_layered else _EDIT_WORDS[side]
            raise _invalid(f"{_shown(files[most + 1])} is one too many: at most {most} {what}.", "Take it out.")
        sides[side] = tuple(files[number] for number in sorted(files))
    for name in sides["end"] if is_layered else ():
        if name.rpartition(".")[2].lower() not in _WITH_ALPHA:
            raise _invalid(f"The layer {_shown(name)} is of a kind without transparency.", "Make it a PNG or a WebP.")
    return Group(root, sides["start"], sides["end"], text)


_EDIT_WORDS = {"start": "references of an example", "end": "result of an example"}


def _check_counts(groups: Sequence[Group]) -> None:
    first = groups[0]
    for group in groups:
        for mine, firsts, what in (
            (group.starts, first.starts, "reference"),
            (group.ends, first.ends, "layer"),
        ):
            if len(mine) != len(firsts):
                raise _invalid(
                    f"{_shown(mine[-1])} is the last of {_counted(len(mine), what)}, and the example of "
                    f"{_shown(first.starts[0])} has {_counted(len(firsts), what)}.",
                    "Give every example the same number.",
                )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"...{name[-_SHOWN:]}")


def _invalid(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, message, hint)
