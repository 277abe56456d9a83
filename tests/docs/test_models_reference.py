"""docs/reference/models.md tells what the catalog knows."""

from collections.abc import Callable

import pytest
from documents import REFERENCE, is_updating, rewrite_table, rows, section

from lamina.core.catalog import MODELS, Model
from lamina.core.mask_networks import MASK_NETWORKS, MaskNetwork
from lamina.core.tasks import TaskKind

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
        by_task(model, model.steps.default, model.default_steps),
        by_task(model, model.guidance.default, model.default_guidance),
        str(model.max_references or ""),
    ]


def by_task(model: Model, default: float, of: Callable[[TaskKind], float]) -> str:
    """The default, and the tasks that have another."""
    others = [f"{kind} {of(kind):g}" for kind in sorted(model.tasks) if of(kind) != default]
    return "; ".join([f"{default:g}", *others])


def noise_row(model: Model) -> list[str]:
    return [f"`{model.name}`", model.scheduler, f"{model.native_px} px"]


def network_row(network: MaskNetwork) -> list[str]:
    return [
        f"`{network.name}`",
        network.title,
        network.repository,
        network.revision[:12],
        ", ".join(f"`{file.name}`" for file in network.files),
        f"{network.bytes / 1e6:.0f} MB",
        network.licence,
    ]


def test_every_network_for_masks_is_told() -> None:
    heading, expected = "Larger networks for photographs", [network_row(network) for network in MASK_NETWORKS.values()]
    if is_updating():
        rewrite_table(PAGE, heading, expected)
    assert rows(section(PAGE, heading)) == expected


@pytest.mark.parametrize(("heading", "row"), [("The catalog", catalog_row), ("Noise levels", noise_row)])
def test_every_model_is_told(heading: str, row: object) -> None:
    expected = [row(model) for model in MODELS.values()]  # pyright: ignore
    if is_updating():
        rewrite_table(PAGE, heading, expected)
    assert rows(section(PAGE, heading)) == expected
