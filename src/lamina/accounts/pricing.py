"""Computes the price of a request from the settings and the prices that vendors publish."""

from collections.abc import Collection

from lamina.core.jobs import JobRequest
from lamina.core.prices import parse_prices, price_of, price_of_training
from lamina.core.tasks import EditTask, GenerateTask, TaskKind, TrainTask
from lamina.core.training import DEFAULT_STEPS, MAX_TRAINED_LAYERS, trained_model


class PricesOfRequests:
    """A `Pricing`. `setting`: as `parse_prices` reads it.

    `dialects_priced_by_request`: the APIs where a request has one price, however many images it generates.
    """

    def __init__(self, setting: str, dialects_priced_by_request: Collection[str] = ()) -> None:
        self._prices = parse_prices(setting)
        self._dialects_priced_by_request = frozenset(dialects_priced_by_request)

    def most(self, request: JobRequest) -> int:
        match request.task:
            case TrainTask(steps=steps, model=model):
                return self.of_training(request, steps or DEFAULT_STEPS, _most_layers(model), is_whole=True)
            case GenerateTask(count=count) | EditTask(count=count):
                is_one = request.dialect in self._dialects_priced_by_request
                return self.of_pictures(request.kind, request.model, 1 if is_one else count)
            case _:
                return self.of_pictures(request.kind, request.model)

    def of_pictures(self, kind: TaskKind, model: str, pictures: int = 1) -> int:
        return price_of(self._prices, kind, model, pictures=pictures)

    def of_training(self, request: JobRequest, steps: int, layers: int, is_whole: bool) -> int:
        return price_of_training(self._prices, request.model, steps, layers, is_whole)


def _most_layers(model: str | None) -> int:
    """The largest number, because the archive has not been read yet."""
    _, kind = trained_model(model)
    return MAX_TRAINED_LAYERS if kind is TaskKind.DECOMPOSE else 1
