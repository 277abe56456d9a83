"""`lamina settings`: each setting, its value, and the place that decided it."""

import json

import click

from lamina.cli.exits import DONE
from lamina.cli.terminal_text import aligned


@click.command()
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def settings(is_json: bool) -> int:
    """Show each setting and where its value comes from.

    A flag of a command wins over the environment (LAMINA_ENGINE=classic), that over the file lamina.toml in the
    current folder (or the one that LAMINA_SETTINGS names), that over the default.
    """
    from lamina.settings import origins

    found = origins()
    if is_json:
        click.echo(
            json.dumps({origin.name: {"value": origin.shown, "from": origin.place} for origin in found}, indent=2)
        )
    else:
        rows = [(origin.name, _shown(origin.shown), origin.place) for origin in found]
        click.echo("\n".join(aligned([("setting", "value", "from"), *rows], (False, False, False))))
    return DONE


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
