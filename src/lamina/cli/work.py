"""`lamina work`: agents without an API, for further machines."""

import sys

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import service_options, settings_of
from lamina.origin import as_typed_here

_MOST_AGENTS = 64


@click.command()
@service_options
@click.option("--agents", type=click.IntRange(1, _MOST_AGENTS), help="Jobs at once on each device; 1 by default.")
@click.option("--base-url", metavar="URL", help="Where clients reach the API; webhooks name files there.")
def work(data: str | None, database: str | None, storage: str | None, agents: int | None, base_url: str | None) -> int:
    """Run agents alone, for an API elsewhere: the same database, the same storage.

    \b
      lamina work --database postgresql://lamina@db/lamina --storage s3://lamina

    Ctrl-C and SIGTERM let running jobs finish, as with lamina serve.
    """
    from lamina.server.bootstrap import open_installation
    from lamina.server.logs import configure_logs
    from lamina.server.running import run_agents
    from lamina.server.stores import check_service_is_there, password_of, place_words
    from lamina.server.welcome import engine_words

    settings = settings_of(data=data, database=database, storage=storage, agents=agents, base_url=base_url)
    configure_logs(secrets=[password_of(settings), settings.expander_key or ""])
    check_service_is_there(settings)
    installation = open_installation(settings, f"http://{settings.host}:{settings.port}")
    try:
        click.echo("\n".join(["Lamina, agents alone", *(f"  {line}" for line in place_words(settings))]))
        click.echo(as_typed_here(f"  Engine  {engine_words(installation)}"))
        sys.stdout.flush()
        run_agents(installation)
    finally:
        installation.service.database.close()
    return DONE
