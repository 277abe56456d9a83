"""`lamina work`: agents without the HTTP API, for additional machines."""

import sys
from typing import Any

import click

from lamina.cli.exits import DONE
from lamina.cli.fault_log import use_service_log
from lamina.cli.service_options import log_level_option, service_options, settings_of
from lamina.installation import localize_commands

_MAX_AGENTS = 64


@click.command()
@service_options
@click.option(
    "--agents",
    type=click.IntRange(1, _MAX_AGENTS),
    help=f"Number of concurrent jobs per device, 1 to {_MAX_AGENTS} (default: 1).",
)
@click.option(
    "--base-url",
    metavar="URL",
    help="Public URL of the API; file URLs in webhooks start with it (default: host and port).",
)
@log_level_option
def work(**flags: Any) -> int:
    """Run agents only, for an API on another machine. Both need the same database and the same storage.

    \b
      lamina work --database postgresql://lamina@db/lamina --storage s3://lamina

    On Ctrl-C and SIGTERM, running jobs finish as they do with lamina serve.
    """
    from lamina.server.bootstrap import open_installation
    from lamina.server.logs import configure_logs
    from lamina.server.running import run_agents
    from lamina.server.stores import check_files, check_service_is_there, password_of, place_words
    from lamina.server.welcome import engine_words

    settings = settings_of(**flags)
    configure_logs(settings.log_level, [password_of(settings), settings.expander_key or ""])
    use_service_log()
    check_service_is_there(settings)
    check_files(settings)
    installation = open_installation(settings, f"http://{settings.host}:{settings.port}")
    try:
        click.echo("\n".join(["Lamina, agents only", *(f"  {line}" for line in place_words(settings))]))
        click.echo(localize_commands(f"  Engine  {engine_words(installation)}"))
        sys.stdout.flush()
        run_agents(installation)
    finally:
        installation.service.database.close()
    return DONE
