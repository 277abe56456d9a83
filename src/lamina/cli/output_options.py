"""Command-line options for the output, shared by all commands that print results."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from lamina.imaging.export_options import ExportOptions

json_option = click.option(
    "--json", "is_json", is_flag=True, help="JSON output (the default if stdout is not a terminal)."
)
quiet_option = click.option("--quiet", "is_quiet", is_flag=True, help="No output except errors.")

_EXPORT_OPTIONS = (
    click.option(
        "--editable",
        "is_editable",
        is_flag=True,
        help="Editable text and shapes in PowerPoint and SVG files, and type layers in Photoshop files.",
    ),
    click.option("--live-text", "is_text_live", is_flag=True, help="Editable text only, without shapes."),
    click.option("--live-shapes", "are_shapes_live", is_flag=True, help="Editable shapes only, without text."),
    click.option(
        "--embed-fonts",
        "embeds_fonts",
        is_flag=True,
        help="Letters of the installed fonts within SVG files with editable text.",
    ),
)


def export_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options about the content of written files, which the command gets as `export: ExportOptions`."""

    @wraps(command)
    def with_export(
        *arguments: Any,
        is_editable: bool,
        is_text_live: bool,
        are_shapes_live: bool,
        embeds_fonts: bool,
        **others: Any,
    ) -> Any:
        export = ExportOptions(
            editable_text=is_editable or is_text_live,
            native_shapes=is_editable or are_shapes_live,
            embeds_fonts=embeds_fonts,
        )
        return command(*arguments, export=export, **others)

    decorated: Callable[..., Any] = with_export
    for option in reversed(_EXPORT_OPTIONS):
        decorated = option(decorated)
    return decorated
