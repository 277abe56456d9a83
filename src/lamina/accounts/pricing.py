"""What requests cost, by the prices that the settings and the vendors name."""

from lamina.core.jobs import JobRequest
from lamina.core.prices import parse_prices, price_of, price_of_training
from lamina.core.tasks import TaskKind
from lamina.core.training import DEFAULT_STEPS, MAX_TRAINED_LAYERS, trained_model

_PRICED_BY_REQUEST = frozenset({"pixazo"})  # its pages have one price, however many pictures a request makes


class PricesOfRequests:
    """A `Pricing`. `setting`: as `parse_prices` takes it."""

    def __init__(self, setting: str) -> None:
        self._prices = parse_prices(setting)

    def most(self, request: JobRequest) -> int:
        task = request.task
        if request.kind is TaskKind.TRAIN:
            steps = int(task.get("steps") or DEFAULT_STEPS)
            return self.of_training(request, steps, _most_layers(task.get("model")), is_whole=True)
        is_one = request.kind is TaskKind.DECOMPOSE or request.dialect in _PRICED_BY_REQUEST
        pictures = 1 if is_one else int(task.get("count", 1))
        return price_of(self._prices, request.kind, request.model, pictures=pictures)

    def of_training(self, request: JobRequest, steps: int, layers: int, is_whole: bool) -> int:
        return price_of_training(self._prices, request.model, steps, layers, is_whole)


def _most_layers(model: str | None) -> int:
    """Nobody has looked into the archive yet."""
    _, kind = trained_model(model)
    return MAX_TRAINED_LAYERS if kind is TaskKind.DECOMPOSE else 1
