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
    help="Editable text in PowerPoint, SVG and Photoshop files, there beside the pictures of it.",
)
embed_fonts_option = click.option(
    "--embed-fonts",
    "embeds_fonts",
    is_flag=True,
    help="Letters of the installed fonts within SVG files with editable text.",
)
quiet_option = click.option("--quiet", "is_quiet", is_flag=True, help="No output except errors.")
