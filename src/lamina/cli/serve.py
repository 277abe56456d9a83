"""`lamina serve`: the service on this machine, with the HTTP API and agents."""

import sys
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE
from lamina.cli.fault_log import use_service_log
from lamina.cli.service_options import log_level_option, service_options, settings_of
from lamina.installation import localize_commands

if TYPE_CHECKING:
    from lamina.server.bootstrap import Installation

_MAX_AGENTS = 64


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on (default: 127.0.0.1, this machine only).")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 selects a free port (default: 8080)."
)
@service_options
@click.option(
    "--agents",
    type=click.IntRange(0, _MAX_AGENTS),
    help=f"Number of concurrent jobs per device, 0 to {_MAX_AGENTS}; 0 runs the API only (default: 1).",
)
@log_level_option
def serve(**flags: Any) -> int:
    """Run the service: the HTTP API and the agents that run jobs.

    \b
      lamina serve
      lamina serve --host 0.0.0.0 --port 80 --data /srv/lamina
      lamina serve --agents 0 --database postgresql://lamina@db/lamina --storage s3://lamina

    The first start creates the database and an API key, which is shown only once. On Ctrl-C and SIGTERM, running jobs
    have drain_s seconds (default: 30) to finish; unfinished jobs return to the queue. A second Ctrl-C exits at once.
    """
    from lamina.server.bootstrap import open_installation
    from lamina.server.listening import address_of, bound_socket, is_loopback
    from lamina.server.logs import configure_logs
    from lamina.server.running import run_server
    from lamina.server.stores import check_files, password_of

    settings = settings_of(**flags)
    configure_logs(settings.log_level, [password_of(settings), settings.expander_key or ""])
    use_service_log()
    check_files(settings)
    with bound_socket(settings.host, settings.port) as listener:
        address = address_of(listener)
        installation = open_installation(settings, address)
        try:
            click.echo(localize_commands("\n".join(_lines(installation, address, not is_loopback(listener)))))
            sys.stdout.flush()
            run_server(installation, listener)
        finally:
            installation.service.database.close()
    return DONE


def _lines(installation: "Installation", address: str, is_reachable: bool) -> list[str]:
    """The addresses and folders of the service, and on the first start the API key."""
    from importlib.metadata import version

    from lamina.server.stores import place_words
    from lamina.server.welcome import engine_words, first_key, missing_model_words, studio_address

    secret = first_key(installation)
    settings = installation.settings
    return [
        f"Lamina {version('lamina')}",
        f"  API     {address}/v1",
        f"  Docs    {address}/docs",
        f"  Studio  {studio_address(installation, address, is_reachable)}",
        f"  Health  {address}/health",
        *(["  Note    reachable from other machines, unencrypted: use a TLS proxy"] if is_reachable else []),
        *(f"  {line}" for line in place_words(settings)),
        *([f"  Key     {secret}   (shown only once; lamina keys create makes more)"] if secret else []),
        f"  Engine  {engine_words(installation)}",
        *missing_model_words(installation),
    ]
