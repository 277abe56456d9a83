"""`lamina.decompose`: the decomposition of a picture into layers, for Python programs."""

from collections.abc import Sequence

from lamina.core.ports import Progress, no_progress
from lamina.core.selections import Place, Selection
from lamina.core.tasks import DecomposeTask, LayerCount, Lora, Sampling
from lamina.execution.decompose import Stack, decomposed
from lamina.execution.inputs import AnyPicture


def decompose(
    picture: AnyPicture,
    layers: LayerCount | None = None,
    engine: str | None = None,
    progress: Progress = no_progress,
    *,
    prompt: str = "",
    model: str | None = None,
    seed: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    loras: Sequence[Lora] = (),
    select: Sequence[Selection] = (),
    exclude: Sequence[Place] = (),
    flat: bool = False,
) -> Stack:
    """Decompose a picture into layers that add up to it.

    `layers`: maximum number of layers, 1..100, a group counting as one; the result may have fewer. "auto" is all that
    is seen, at most 100. `engine`: a name, or "auto" for the best engine available. Both default to the settings.
    `flat`: no groups; what is found beyond `layers` is merged. `progress`: called with the name of the stage and the
    share done. `select`: things that become layers of their own; `exclude`: points that belong to none of them; only
    the classic engine follows these.
    For engines that run a diffusion model: `prompt` describes the picture, `model` is the model's name, and `seed`
    makes the result repeatable.
    Raises `LaminaError`; `read_picture` lists the errors of unreadable pictures. An internal error of the engine has
    the code engine_failed, with the original exception as its cause.
    """
    sampling = Sampling(model=model, seed=seed, steps=steps, guidance=guidance, loras=tuple(loras))
    task = DecomposeTask(
        layers=layers,
        prompt=prompt,
        sampling=sampling,
        is_flat=flat,
        selections=tuple(select),
        exclusions=tuple(exclude),
    )
    return decomposed(task, picture, engine, progress)
