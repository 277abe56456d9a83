"""`lamina serve`: the service on this machine, API and agents in one."""

import sys
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE
from lamina.cli.fault_log import log_faults
from lamina.cli.service_options import log_level_option, service_options, settings_of
from lamina.installation import as_typed_here

if TYPE_CHECKING:
    from lamina.server.bootstrap import Installation

_MOST_AGENTS = 64


@click.command()
@click.option("--host", metavar="ADDRESS", help="Where to listen; 127.0.0.1, this machine only, by default.")
@click.option("--port", type=click.IntRange(0, 65_535), help="8080 by default; 0 is any that is free.")
@service_options
@click.option("--agents", type=click.IntRange(0, _MOST_AGENTS), help="Jobs at once on each device; 0 is the API alone.")
@log_level_option
def serve(**flags: Any) -> int:
    """Run the service: the API, and agents that do the work.

    \b
      lamina serve
      lamina serve --host 0.0.0.0 --port 80 --data /srv/lamina
      lamina serve --agents 0 --database postgresql://lamina@db/lamina --storage s3://lamina

    The first start makes the store and an API key, which is shown once. Ctrl-C and SIGTERM let running jobs finish,
    for as long as the setting drain_s says, and give back the rest to the queue; a second Ctrl-C ends at once.
    """
    from lamina.server.bootstrap import open_installation
    from lamina.server.listening import address_of, bound_socket, is_loopback
    from lamina.server.logs import configure_logs
    from lamina.server.running import run_server
    from lamina.server.stores import check_files, password_of

    settings = settings_of(**flags)
    configure_logs(settings.log_level, [password_of(settings), settings.expander_key or ""])
    log_faults()
    check_files(settings)
    with bound_socket(settings.host, settings.port) as listener:
        address = address_of(listener)
        installation = open_installation(settings, address)
        try:
            click.echo(as_typed_here("\n".join(_lines(installation, address, not is_loopback(listener)))))
            sys.stdout.flush()
            run_server(installation, listener)
        finally:
            installation.service.database.close()
    return DONE


def _lines(installation: "Installation", address: str, is_for_all: bool) -> list[str]:
    """Where things are, and on the first start the key."""
    from importlib.metadata import version

    from lamina.server.stores import place_words
    from lamina.server.welcome import engine_words, first_key, missing_model_words

    secret = first_key(installation)
    settings = installation.settings
    return [
        f"Lamina {version('lamina')}",
        f"  API     {address}/v1",
        f"  Docs    {address}/docs",
        f"  Health  {address}/health",
        *(["  Note    whoever reaches this machine reaches it, unencrypted: put TLS before it"] if is_for_all else []),
        *(f"  {line}" for line in place_words(settings)),
        *([f"  Key     {secret}   (shown this once; lamina keys create makes others)"] if secret else []),
        f"  Engine  {engine_words(installation)}",
        *missing_model_words(installation),
    ]
