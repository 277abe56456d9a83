"""Takes a stack back that another program has edited as a file: a new revision, and what is different."""

import asyncio
from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.service.service import Service
from lamina.stacks.adopting import adopted
from lamina.stacks.changes import Differences
from lamina.stacks.comparing import diff
from lamina.stacks.document import Document
from lamina.stacks.revisions.creating import parsed_source, store_pixels
from lamina.stacks.revisions.editing import commit
from lamina.stacks.revisions.pixels import PixelCache, StoredPixels
from lamina.stacks.revisions.reading import StackView, shown


@dataclass(frozen=True, slots=True)
class Returned:
    """The stack at its new revision, and how that differs from the one before."""

    view: StackView
    differences: Differences


async def take_back(
    service: Service,
    cache: PixelCache,
    key_id: str,
    stack_id: str,
    source: str,
    revision: int | None,
    turns: asyncio.Semaphore,
) -> Returned:
    """Makes an edited file (`file:ID`, a URL, a `data:` URI) the next revision. `turns`: as in `creating.create`.

    Layers and groups that are found again keep their ids. Raises `LaminaError` as `creating.create` and `editing.edit`
    do; task_invalid if the file has another size and shows no part of the stack, as if it was scaled.
    """
    await shown(service, key_id, stack_id)
    found: list[Differences] = []
    async with parsed_source(service, key_id, source, turns) as parsed:
        loaded = parsed.document
        sizes = await store_pixels(service, parsed)

        def change(before: Document, pixels: StoredPixels) -> Document:
            pixels.added.update(sizes)
            after = adopted(before, loaded, pixels)
            found[:] = [diff(before, after, pixels)]
            _check_origin(found[0])
            return after

        view = await commit(service, cache, key_id, stack_id, change, lambda _: "edited in another program", revision)
    return Returned(view, found[0])


def _check_origin(differences: Differences) -> None:
    if differences.origin is None:
        (width, height), (new_width, new_height) = differences.size_before, differences.size_after
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The file is {new_width} x {new_height} pixels, and shows no part of the stack, {width} x {height}.",
            "Crop or enlarge the canvas without scaling the picture, or create a stack of the file: POST /v1/stacks.",
        )
