"""`lamina pull`: a model's weights, from the hub or a folder into the models folder."""

import time
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE
from lamina.cli.printing import print_json, readable, wants_json
from lamina.cli.progress_line import ProgressLine
from lamina.cli.terminal_text import aligned
from lamina.core.catalog import Model, model_named

if TYPE_CHECKING:
    from lamina.engines.weights.places import Roots
    from lamina.engines.weights.pulling import BytesDone, Offer


@click.command()
@click.argument("name", metavar="MODEL")
@click.option("--from", "source", metavar="DIR", help="Take it from this folder, without a network.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say what would be taken, and how much it is.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
def pull(name: str, source: str | None, is_dry: bool, is_json: bool) -> int:
    """Download a model's weights.

    First it says what comes, from where, under which licence, and how many bytes. Interrupted, it goes on the next time
    where it was. Every file is checked against its checksum. What another model here has already is not downloaded
    again. DIR is a folder in the diffusers layout, or a snapshot in a cache of the Hugging Face hub; it must hold the
    model that is named.

    \b
      lamina pull qwen-image-layered
      lamina pull qwen-image --from /mnt/disk/Qwen-Image
    """
    from lamina import settings

    model = model_named(name)
    _check_is_released(model)
    roots = settings.roots(settings.current())
    told = _pull(model, roots, is_dry) if source is None else _adopt(model, roots, source, is_dry)
    if wants_json(is_json):
        print_json(told)
    else:
        if is_dry:
            rows = [(_gigabytes(count), name) for name, count in told["contents"].items()]
            click.echo("\n".join(aligned(rows, (True, False))))
        if told["folder"] is not None:
            click.echo(readable(f"{model.name} is in {told['folder']}"))
    return DONE


def _pull(model: Model, roots: "Roots", is_dry: bool) -> dict[str, Any]:
    from lamina.engines.weights import pulling

    offer = pulling.offer_of(model, roots)
    is_here = pulling.is_current(offer, roots)
    click.echo(_sentence(offer, is_here, roots), err=True)
    folder = pulling.folder_of(model, roots) if is_here else None
    if not is_here and not is_dry:
        line = ProgressLine()
        folder = pulling.pull(offer, roots, _on(line, model.name))
        line.clear()
    return {
        "model": model.name,
        "repository": offer.listing.repository,
        "commit": offer.listing.commit,
        "licence": offer.listing.licence,
        "files": len(offer.listing.files),
        "total_bytes": offer.total_bytes,
        "download_bytes": 0 if is_here else offer.download_bytes,
        "contents": {file.name: file.bytes for file in offer.listing.files},
        "folder": str(folder) if folder is not None else None,
    }


def _adopt(model: Model, roots: "Roots", source: str, is_dry: bool) -> dict[str, Any]:
    from pathlib import Path

    from lamina.engines.weights import pulling

    path, folder = Path(source).expanduser(), None
    contents = pulling.contents_of(model, path)
    total = sum(contents.values())
    what = f"{model.name}: {path}, {len(contents)} files, {_gigabytes(total)}"
    click.echo(f"{what}; to be taken to {roots.models / model.name}", err=True)
    if not is_dry:
        line = ProgressLine()
        folder = pulling.adopt(model, path, roots, _on(line, model.name))
        line.clear()
    return {
        "model": model.name,
        "source": str(path),
        "commit": pulling.commit_of(path),
        "files": len(contents),
        "total_bytes": total,
        "contents": contents,
        "folder": str(folder) if folder is not None else None,
    }


def _check_is_released(model: Model) -> None:
    from lamina.core.errors import ErrorCode, LaminaError

    if not model.checkpoint.repository:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"{model.name} comes with Lamina; nothing is to be downloaded.",
            "See lamina models.",
        )


def _sentence(offer: "Offer", is_here: bool, roots: "Roots") -> str:
    listing = offer.listing
    licence = listing.licence or "not stated"
    what = (
        f"{offer.model.name}: {listing.repository} at {listing.commit[:12]}, licence {licence}, "
        f"{len(listing.files)} files, {_gigabytes(offer.total_bytes)}"
    )
    if is_here:
        return f"{what}; all of it is here"
    spared = offer.total_bytes - offer.download_bytes
    rest = f", {_gigabytes(spared)} of it is here already" if spared else ""
    return f"{what}{rest}; {_gigabytes(offer.download_bytes)} to download to {roots.models / offer.model.name}"


def _on(line: ProgressLine, title: str) -> "BytesDone":
    line.begin(title)
    start, first = time.monotonic(), -1

    def told(done: int, total: int, name: str) -> None:
        nonlocal first
        first = done if first < 0 else first
        rate = (done - first) / max(0.001, time.monotonic() - start)
        left = f", {(total - done) / rate / 60:.0f} min to go" if rate > 0 else ""
        line(f"{_gigabytes(done)} of {_gigabytes(total)}, {rate / 1e6:.0f} MB/s{left}  {name}", done / max(1, total))

    return told


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
