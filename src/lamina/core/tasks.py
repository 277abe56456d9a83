"""What a user can ask for: frozen, normalised and validated before any engine sees it."""

from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError

MIN_LAYERS, MAX_LAYERS = 1, 10


@dataclass(frozen=True, slots=True)
class DecomposeTask:
    """Take one picture apart into layers.

    `layers`: a budget of 1..10; fewer come back when fewer are seen. None is the engine's own default.
    """

    layers: int | None = None

    def __post_init__(self) -> None:
        if self.layers is not None and not MIN_LAYERS <= self.layers <= MAX_LAYERS:
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"{self.layers} layers were asked for.",
                f"Ask for {MIN_LAYERS} to {MAX_LAYERS}.",
            )
