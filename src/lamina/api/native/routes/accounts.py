"""The routes for the models and the wallet of a key."""

from typing import Annotated

from fastapi import APIRouter, Query

from lamina.accounts.wallets import read_wallet
from lamina.api.native.access import Reader
from lamina.api.native.answers import ModelPage, WalletBody
from lamina.api.native.problem_route import ProblemRoute, problems
from lamina.api.native.rendering import render_model, render_wallet
from lamina.api.shared.context import Context
from lamina.core.catalog import MODELS
from lamina.core.tasks import TaskKind

router = APIRouter(prefix="/v1", tags=["account"], route_class=ProblemRoute)


@router.get("/models", responses=problems(401, 403, 503), summary="List the models")
async def list_models(context: Context, _key: Reader) -> ModelPage:
    """Returns the tasks, ranges, defaults and prices of each model, and whether its weights are here."""

    def price_micros(kind: TaskKind, model: str) -> int:
        return context.service.pricing.of_pictures(kind, model)

    return ModelPage(models=[render_model(model, context.is_here(model), price_micros) for model in MODELS.values()])


@router.get("/wallet", responses=problems(401, 403, 422, 503), summary="Get the wallet of the key")
async def get_wallet(
    context: Context,
    key: Reader,
    limit: Annotated[int, Query(ge=1, le=1000, description="Maximum number of entries.")] = 100,
) -> WalletBody:
    """Returns the balance and the newest entries of the ledger."""
    wallet = await read_wallet(context.service, key.id, limit)
    return render_wallet(key, wallet.balance_micros, wallet.entries)
