"""`lamina studio`: the Studio on this machine, in the browser."""

import sys
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE
from lamina.cli.fault_log import use_service_log
from lamina.cli.service_options import LOG_LEVELS, service_options, settings_of
from lamina.installation import localize_commands

if TYPE_CHECKING:
    import socket

    from lamina.server.bootstrap import Installation
    from lamina.service.service import Service
    from lamina.settings import Settings

_LOOPBACK = "127.0.0.1"


@click.command()
@click.argument("picture", required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Port to listen on; 0 selects a free port (default: 8080, or a free port if another program uses that).",
)
@service_options
@click.option("--no-browser", is_flag=True, help="No browser is opened; the address is printed.")
@click.option(
    "--log-level",
    type=click.Choice(LOG_LEVELS),
    default="warning",
    help="Minimum level of the log messages (default: warning).",
)
def studio(picture: str | None, port: int | None, no_browser: bool, log_level: str, **flags: Any) -> int:
    """Edit layers in the browser, on this machine.

    \b
      lamina studio
      lamina studio poster.png
      lamina studio --no-browser --port 9000

    PICTURE is decomposed at once. Only this machine can reach the server, which runs until Ctrl-C; projects are kept in
    the data folder. The printed address signs in once, within ten minutes. If a server with this data folder is running
    already, the command opens its Studio and ends.
    """
    from lamina.server.bootstrap import open_installation
    from lamina.server.listening import address_of
    from lamina.server.logs import configure_logs
    from lamina.server.running import run_server
    from lamina.server.stores import check_files, password_of

    settings = _settings(port, **flags)
    configure_logs(log_level, [password_of(settings), settings.expander_key or ""])
    use_service_log()
    check_files(settings)
    if picture is not None:
        _check_picture(picture, settings)
    running = _running_server(settings)
    if running is not None:
        try:
            _show(running, running.service.base_url, picture, no_browser)
        finally:
            running.service.database.close()
        return DONE
    with _listener(settings, is_port_chosen=port is not None) as listener:
        address = address_of(listener)
        installation = open_installation(settings, address)
        try:
            _show(installation, address, picture, no_browser, is_started=True)
            run_server(installation, listener)
        finally:
            installation.service.database.close()
    return DONE


def _settings(port: int | None, **flags: Any) -> "Settings":
    """Those of `lamina serve`, for this machine alone. The models are not loaded before they are needed: the first job
    must not wait for those of others.
    """
    from dataclasses import replace

    settings = settings_of(port=port, **flags)
    return replace(settings, host=_LOOPBACK, base_url=None, warm_up=False, agents=max(1, settings.agents))


def _check_picture(picture: str, settings: "Settings") -> None:
    """Raises `LaminaError`: input_not_found, input_not_an_image, ..."""
    from pathlib import Path

    from lamina.imaging.picture import read_picture

    read_picture(str(Path(picture).absolute()), settings.max_megapixels)


def _running_server(settings: "Settings") -> "Installation | None":
    """The service of the server that uses this port and this data folder already; None if there is none."""
    from lamina.server.bootstrap import open_installation
    from lamina.studio.running_server import is_port_open, is_served_at

    if not is_port_open(settings.port):
        return None
    address = f"http://{_LOOPBACK}:{settings.port}"
    installation = open_installation(settings, address)
    if is_served_at(installation.service, address):
        return installation
    installation.service.database.close()
    return None


def _listener(settings: "Settings", is_port_chosen: bool) -> "socket.socket":
    """Raises `LaminaError` (port_taken) if the port was chosen on the command line."""
    from lamina.core.errors import ErrorCode, LaminaError
    from lamina.server.listening import bound_socket

    try:
        return bound_socket(settings.host, settings.port)
    except LaminaError as error:
        if is_port_chosen or error.code is not ErrorCode.PORT_TAKEN:
            raise
        return bound_socket(settings.host, 0)


def _show(
    installation: "Installation", address: str, picture: str | None, no_browser: bool, is_started: bool = False
) -> None:
    """Submits the picture, opens the Studio in the browser, and prints its address."""
    from lamina.studio.browsers import can_open_browser, open_in_browser

    opens = not no_browser and can_open_browser()
    link = _link(installation, address, picture)
    click.echo(localize_commands("\n".join(_lines(installation, f"{address}/studio" if opens else link, is_started))))
    sys.stdout.flush()
    if opens:
        open_in_browser(link, otherwise=lambda: click.echo(f"  No browser could be opened. Open {link}"))


def _link(installation: "Installation", address: str, picture: str | None) -> str:
    import asyncio
    from urllib.parse import urlsplit

    from lamina.studio.links import HOME, one_time_link

    service = installation.service
    to = HOME if picture is None else asyncio.run(_submitted(service, picture))
    return one_time_link(service, address, urlsplit(address).port or 0, to)


async def _submitted(service: "Service", picture: str) -> str:
    """The page of the decomposition of the picture, which begins while the browser starts."""
    from pathlib import Path

    from lamina.core.catalog import default_model
    from lamina.core.jobs import FILE, InputRole, JobInput, JobRequest
    from lamina.core.tasks import DecomposeTask, TaskKind
    from lamina.files.sources import file_of_path
    from lamina.jobs.submit import submit
    from lamina.studio.links import HOME
    from lamina.studio.sessions import loopback_key

    key, path = loopback_key(service), Path(picture)
    file = await file_of_path(service, key, path, path.name)
    source = JobInput(InputRole.PICTURE, f"{FILE}{file.id}")
    request = JobRequest(task=DecomposeTask(), inputs=(source,), model=default_model(TaskKind.DECOMPOSE).name)
    job = await submit(service, key, request)
    return f"{HOME}/new?picture=file:{file.id}&job={job.id}"


def _lines(installation: "Installation", address: str, is_started: bool) -> list[str]:
    from importlib.metadata import version

    from lamina.server.stores import place_words
    from lamina.server.welcome import engine_words

    if not is_started:
        return ["A server with this data folder is running.", f"  Studio  {address}"]
    return [
        f"Lamina {version('lamina')}",
        f"  Studio  {address}",
        *(f"  {line}" for line in place_words(installation.settings)),
        f"  Engine  {engine_words(installation)}",
        "  Ctrl-C ends it.",
    ]
