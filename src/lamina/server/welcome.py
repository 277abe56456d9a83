"""The text that a service prints at its start, and the API key that its first start creates."""

from urllib.parse import urlsplit

from lamina.accounts.keys import KeyTerms, create_key
from lamina.core.catalog import default_model
from lamina.core.tasks import PICTURE_KINDS, TaskKind
from lamina.engines.registry import AUTO, ENGINES
from lamina.installation import install_command
from lamina.server.bootstrap import Installation
from lamina.store import keys
from lamina.studio.links import HOME, one_time_link
from lamina.studio.sessions import KEY_NAME

_NAME = "first"


def first_key(installation: Installation) -> str | None:
    """Creates the first key and returns its secret, which is not stored; None if there is one beside the Studio's."""
    service = installation.service
    if any(key.name != KEY_NAME for key in service.database.write_now(keys.every)):
        return None
    _, secret = create_key(service.database, KeyTerms(name=_NAME), service.clock())
    return secret


def studio_address(installation: Installation, address: str, is_reachable: bool) -> str:
    """A link that signs in once, or the page that asks for a key if other machines can reach the server."""
    if is_reachable:
        return f"{installation.service.base_url}{HOME}"
    return one_time_link(installation.service, address, urlsplit(address).port or 0)


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
