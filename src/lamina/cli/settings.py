"""`lamina settings`: every setting, its value and its source."""

import json

import click

from lamina.cli.exits import DONE
from lamina.cli.terminal_text import aligned


@click.command()
@click.option("--json", "is_json", is_flag=True, help="JSON output.")
def settings(is_json: bool) -> int:
    """Show every setting, its value and its source.

    A command-line option overrides an environment variable (LAMINA_ENGINE=classic), which overrides the settings file
    (lamina.toml in the current folder, or the file that LAMINA_SETTINGS names), which overrides the default.
    """
    from lamina.settings import origins

    settings_in_force = origins()
    if is_json:
        rendered = {origin.name: {"value": origin.shown, "from": origin.place} for origin in settings_in_force}
        click.echo(json.dumps(rendered, indent=2))
    else:
        rows = [(origin.name, _text(origin.shown), origin.place) for origin in settings_in_force]
        click.echo("\n".join(aligned([("setting", "value", "from"), *rows], (False, False, False))))
    return DONE


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
