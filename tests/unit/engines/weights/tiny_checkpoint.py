"""What the tests of weights share about the small checkpoint of `conftest`."""

from pathlib import Path

ROLES = ("transformer", "text_encoder", "vae", "tokenizer", "processor", "scheduler")


def folders_of(folder: Path) -> dict[str, Path]:
    return {role: folder / role for role in ROLES}
