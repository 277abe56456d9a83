"""`lamina redirect`: a program written for a vendor's API, run unchanged against the service on this machine."""

import click

from lamina.cli.service_options import data_option, settings_of

_VENDORS = ("pixazo", "fal", "runware")


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--only",
    metavar="VENDORS",
    help="Vendors to redirect, separated by commas: pixazo, fal, runware (default: all three).",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Blocking of all hosts except the vendors and this machine (default: other hosts are reachable).",
)
@data_option
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port of the service; 0 starts another service (default: 8080)."
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def redirect(only: str | None, strict: bool, data: str | None, port: int | None, command: tuple[str, ...]) -> int:
    """Run COMMAND and send its requests to Pixazo, fal.ai and Runware to the service on this machine instead.

    \b
      lamina redirect -- python their_script.py
      lamina redirect --only fal -- node server.js

    Sets environment variables for COMMAND: HTTPS_PROXY, which most programs use, and the variables that Node, Java and
    PHP need instead. COMMAND sends its own API key, so give it one from lamina keys create. If no service is running,
    one is started and stopped with COMMAND. The exit code is that of COMMAND.
    """
    from lamina.redirect.run import run_redirected

    vendors = _parse_vendors(only)
    settings = settings_of(data=data, port=port)
    return run_redirected(settings, command, vendors, strict, lambda text: click.echo(text, err=True, nl=False))


def _parse_vendors(only: str | None) -> tuple[str, ...]:
    if only is None:
        return _VENDORS
    names = tuple(name.strip() for name in only.split(","))
    unknown = [name for name in names if name not in _VENDORS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(_VENDORS)}.", param_hint="--only")
    return names
