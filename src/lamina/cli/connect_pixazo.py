"""`lamina connect pixazo`: what to change in code that was written for Pixazo, or how to change nothing."""

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import address_of, address_option, settings_of
from lamina.installation import as_typed_here


@click.command()
@address_option
def pixazo(url: str | None) -> int:
    """Show what to change in code that was written for Pixazo, or how to run it unchanged.

    \b
      lamina connect pixazo
      lamina connect pixazo --url https://lamina.example.org
    """
    click.echo(as_typed_here("\n".join(_lines(address_of(settings_of(), url)))))
    return DONE


def _lines(here: str) -> list[str]:
    return [
        "Pixazo has no client of its own: its pages call addresses. Change the beginning of each:",
        "",
        "  https://gateway.pixazo.ai",
        f"  {here}/pixazo",
        "",
        "and send a key of this service, from lamina keys create:",
        "",
        "  Ocp-Apim-Subscription-Key: lam_...",
        "",
        "For instance:",
        "",
        f"  curl -X POST {here}/pixazo/qwen-image-max/v1/qwen-image-max-request \\",
        '    -H "Content-Type: application/json" -H "Ocp-Apim-Subscription-Key: lam_..." \\',
        """    --data-raw '{"prompt": "a red circle on a white background"}'""",
        "",
        "Or change nothing but the key, and run the program so that those addresses lead here:",
        "",
        "  lamina redirect --only pixazo -- python their_script.py",
        "",
        "What is not as there:",
        "",
        "  The trainer learns at this machine's pace, which without a GPU is that of the small model that comes along.",
        "  Webhooks and pictures on this machine need LAMINA_ALLOW_PRIVATE_URLS=true.",
        "  The layered API is that of the newer page; LAMINA_PIXAZO_LAYERED_GENERATION=old has IN_QUEUE.",
    ]
