"""docs/reference/models.md tells what the catalog knows."""

import pytest
from documents import REFERENCE, is_updating, rewrite_table, rows, section

from lamina.core.catalog import MODELS, Model

PAGE = REFERENCE / "models.md"


def catalog_row(model: Model) -> list[str]:
    checkpoint = model.checkpoint
    size = checkpoint.size_bytes
    return [
        f"`{model.name}`",
        ", ".join(f"`{alias}`" for alias in model.aliases),
        ", ".join(sorted(model.tasks)),
        checkpoint.repository or "comes with Lamina",
        checkpoint.revision[:12],
        f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB",
        checkpoint.licence,
        f"{model.steps.default:g}",
        f"{model.guidance.default:g}",
        str(model.max_references or ""),
    ]


def noise_row(model: Model) -> list[str]:
    return [f"`{model.name}`", model.scheduler, f"{model.native_px} px"]


@pytest.mark.parametrize(("heading", "row"), [("The catalog", catalog_row), ("Noise levels", noise_row)])
def test_every_model_is_told(heading: str, row: object) -> None:
    expected = [row(model) for model in MODELS.values()]  # pyright: ignore
    if is_updating():
        rewrite_table(PAGE, heading, expected)
    assert rows(section(PAGE, heading)) == expected
