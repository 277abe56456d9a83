"""`lamina connect pixazo`: how to point code written for Pixazo at this service."""

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import settings_of, url_of, url_option
from lamina.installation import localize_commands


@click.command()
@url_option
def pixazo(url: str | None) -> int:
    """Show what to change in code written for Pixazo, and how to run it unchanged.

    \b
      lamina connect pixazo
      lamina connect pixazo --url https://lamina.example.org
    """
    click.echo(localize_commands("\n".join(_lines(url_of(settings_of(), url)))))
    return DONE


def _lines(service_url: str) -> list[str]:
    return [
        "Pixazo has no client library: programs call its URLs. Replace the beginning of each URL,",
        "",
        "  https://gateway.pixazo.ai",
        "",
        "by",
        "",
        f"  {service_url}/pixazo",
        "",
        "and send a key of this service, created by lamina keys create:",
        "",
        "  Ocp-Apim-Subscription-Key: lam_...",
        "",
        "For example:",
        "",
        f"  curl -X POST {service_url}/pixazo/qwen-image-max/v1/qwen-image-max-request \\",
        '    -H "Content-Type: application/json" -H "Ocp-Apim-Subscription-Key: lam_..." \\',
        """    --data-raw '{"prompt": "a red circle on a white background"}'""",
        "",
        "Or change only the key, and let Lamina redirect the requests of the program:",
        "",
        "  lamina redirect --only pixazo -- python their_script.py",
        "",
        "Differences from Pixazo:",
        "",
        "  Training runs at the speed of this machine. Without a GPU, the small model nano is trained.",
        "  Webhooks and pictures on this machine require LAMINA_ALLOW_PRIVATE_URLS=true.",
        "  The layered API follows Pixazo's newer page; LAMINA_PIXAZO_LAYERED_GENERATION=old uses IN_QUEUE.",
    ]
