"""The text that a service prints at its start, and the API key that its first start creates."""

from lamina.accounts.keys import KeyTerms, create_key
from lamina.core.catalog import default_model
from lamina.core.tasks import PICTURE_KINDS, TaskKind
from lamina.engines.registry import AUTO, ENGINES
from lamina.installation import install_command
from lamina.server.bootstrap import Installation
from lamina.store import keys

_NAME = "first"


def first_key(installation: Installation) -> str | None:
    """Creates the first key and returns its secret, which is not stored; None if there is a key already."""
    service = installation.service
    if service.database.write_now(keys.every):
        return None
    _, secret = create_key(service.database, KeyTerms(name=_NAME), service.clock())
    return secret


def engine_words(installation: Installation) -> str:
    """Which engine does which task here."""
    settings = installation.settings
    if not settings.agents:
        return "none here (--agents 0); lamina work runs agents elsewhere"
    if settings.engine != AUTO:
        return settings.engine
    makes = (
        "nano makes and edits"
        if not ENGINES["nano"].missing()
        else f"nothing makes pictures: {install_command('qwen')} adds what does"
    )
    here = [default_model(kind).name for kind in PICTURE_KINDS if installation.is_here(default_model(kind))]
    released = "".join(f"{name}, " for name in here)
    return f"auto: {released}classic takes pictures apart, {makes}"


def missing_model_words(installation: Installation) -> list[str]:
    """How to download the model, if it is missing."""
    model = default_model(TaskKind.DECOMPOSE)
    if not installation.settings.agents or installation.is_here(model):
        return []
    size_gb = model.checkpoint.size_bytes / 1e9
    return [f"  Model   {model.name} is not here: lamina pull {model.name} ({size_gb:.0f} GB, for a GPU)"]
