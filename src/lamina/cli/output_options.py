"""Command-line options for the output, shared by all commands that print results."""

import click

json_option = click.option(
    "--json", "is_json", is_flag=True, help="JSON output (the default if stdout is not a terminal)."
)
editable_option = click.option(
    "--editable",
    "--live-text",
    "is_editable",
    is_flag=True,
    help="Editable text and shapes in PowerPoint and SVG files, and type layers in Photoshop files.",
)
embed_fonts_option = click.option(
    "--embed-fonts",
    "embeds_fonts",
    is_flag=True,
    help="Letters of the installed fonts within SVG files with editable text.",
)
quiet_option = click.option("--quiet", "is_quiet", is_flag=True, help="No output except errors.")
