"""`lamina redirect`: runs code that was written for a vendor, unchanged, against the Lamina on this machine."""

import click

from lamina.cli.service_options import settings_of

_VENDORS = ("pixazo", "fal", "runware")


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--only", metavar="VENDORS", help="Of pixazo, fal and runware, a comma between several; all by default.")
@click.option(
    "--strict", is_flag=True, help="Refuse all other hosts but this machine; by default they are let through."
)
@click.option("--data", metavar="DIR", help="The service's folder; lamina/service in XDG_DATA_HOME by default.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Where the server is; 8080 by default, 0 starts another.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def redirect(only: str | None, strict: bool, data: str | None, port: int | None, command: tuple[str, ...]) -> int:
    """Run a command whose requests to Pixazo, fal.ai and Runware come here instead.

    \b
      lamina redirect -- python their_script.py
      lamina redirect --only fal -- node server.js

    Works by the environment: programs that heed HTTPS_PROXY, and Node, Java and PHP, which are told in their own ways.
    The command sends the API key that it has, so give it one of `lamina keys create`. Where no server runs, one does
    for as long as the command. The exit code is the command's.
    """
    from lamina.redirect.run import run_redirected

    chosen = _parse_vendors(only)
    settings = settings_of(data=data, port=port)
    return run_redirected(settings, command, chosen, strict, lambda words: click.echo(words, err=True, nl=False))


def _parse_vendors(only: str | None) -> tuple[str, ...]:
    if only is None:
        return _VENDORS
    names = tuple(name.strip() for name in only.split(","))
    unknown = [name for name in names if name not in _VENDORS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(_VENDORS)}.", param_hint="--only")
    return names
