"""What requests cost, by the prices that the settings and the vendors name."""

from lamina.core.jobs import JobRequest
from lamina.core.prices import parse_prices, price_of, price_of_training
from lamina.core.tasks import EditTask, GenerateTask, TaskKind, TrainTask
from lamina.core.training import DEFAULT_STEPS, MAX_TRAINED_LAYERS, trained_model

_PRICED_BY_REQUEST = frozenset({"pixazo"})  # its pages have one price, however many pictures a request makes


class PricesOfRequests:
    """A `Pricing`. `setting`: as `parse_prices` takes it."""

    def __init__(self, setting: str) -> None:
        self._prices = parse_prices(setting)

    def most(self, request: JobRequest) -> int:
        match request.task:
            case TrainTask(steps=steps, model=model):
                return self.of_training(request, steps or DEFAULT_STEPS, _most_layers(model), is_whole=True)
            case GenerateTask(count=count) | EditTask(count=count) if request.dialect not in _PRICED_BY_REQUEST:
                return self.of_pictures(request.kind, request.model, count)
            case _:
                return self.of_pictures(request.kind, request.model)

    def of_pictures(self, kind: TaskKind, model: str, pictures: int = 1) -> int:
        return price_of(self._prices, kind, model, pictures=pictures)

    def of_training(self, request: JobRequest, steps: int, layers: int, is_whole: bool) -> int:
        return price_of_training(self._prices, request.model, steps, layers, is_whole)


def _most_layers(model: str | None) -> int:
    """Nobody has looked into the archive yet."""
    _, kind = trained_model(model)
    return MAX_TRAINED_LAYERS if kind is TaskKind.DECOMPOSE else 1
