"""`lamina work`: agents without an API, for further machines."""

import sys
from typing import Any

import click

from lamina.cli.exits import DONE
from lamina.cli.fault_log import log_faults
from lamina.cli.service_options import log_level_option, service_options, settings_of
from lamina.installation import as_typed_here

_MOST_AGENTS = 64


@click.command()
@service_options
@click.option("--agents", type=click.IntRange(1, _MOST_AGENTS), help="Jobs at once on each device; 1 by default.")
@click.option("--base-url", metavar="URL", help="Where clients reach the API; webhooks name files there.")
@log_level_option
def work(**flags: Any) -> int:
    """Run agents alone, for an API elsewhere: the same database, the same storage.

    \b
      lamina work --database postgresql://lamina@db/lamina --storage s3://lamina

    Ctrl-C and SIGTERM let running jobs finish, as with lamina serve.
    """
    from lamina.server.bootstrap import open_installation
    from lamina.server.logs import configure_logs
    from lamina.server.running import run_agents
    from lamina.server.stores import check_files, check_service_is_there, password_of, place_words
    from lamina.server.welcome import engine_words

    settings = settings_of(**flags)
    configure_logs(settings.log_level, [password_of(settings), settings.expander_key or ""])
    log_faults()
    check_service_is_there(settings)
    check_files(settings)
    installation = open_installation(settings, f"http://{settings.host}:{settings.port}")
    try:
        click.echo("\n".join(["Lamina, agents alone", *(f"  {line}" for line in place_words(settings))]))
        click.echo(as_typed_here(f"  Engine  {engine_words(installation)}"))
        sys.stdout.flush()
        run_agents(installation)
    finally:
        installation.service.database.close()
    return DONE
