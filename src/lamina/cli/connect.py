"""`lamina connect`: how to point a vendor's client libraries at this service."""

import click

from lamina.cli.connect_fal import fal
from lamina.cli.connect_pixazo import pixazo
from lamina.cli.connect_runware import runware


@click.group()
def connect() -> None:
    """Show how to point a vendor's client libraries at this service.

    \b
      lamina connect fal
      lamina connect fal --proxy
      lamina connect pixazo
      lamina connect runware
    """


for _vendor in (fal, pixazo, runware):
    connect.add_command(_vendor)
