"""`lamina connect runware`: the address to give to each of Runware's SDKs, and what to know about each."""

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import address_of, address_option, settings_of
from lamina.installation import as_typed_here


@click.command()
@address_option
def runware(url: str | None) -> int:
    """Show the address to give to each of Runware's SDKs, and how to run code with none changed.

    \b
      lamina connect runware
      lamina connect runware --url https://lamina.example.org
    """
    click.echo(as_typed_here("\n".join(_lines(address_of(settings_of(), url)))))
    return DONE


def _lines(here: str) -> list[str]:
    """The addresses have a path, always: to the JavaScript SDK ws://localhost:8080 alone means its own test server."""
    http = f"{here}/v1"
    socket = http.replace("http", "ws", 1)
    return [
        "Use a key of this service, from lamina keys create, and set the address:",
        "",
        "Python, runware 0.5:",
        "",
        f'  Runware(api_key="lam_...", url="{socket}")',
        "",
        "Python, runware-sdk 1.x:",
        "",
        f'  Runware(api_key="lam_...", transport="websocket", ws_base_url="{socket}")',
        f'  Runware(api_key="lam_...", transport="rest", http_base_url="{http}")',
        "",
        "JavaScript, @runware/sdk-js 1.3; without the longer time it asks again after a minute, for another picture:",
        "",
        f'  new Runware({{ apiKey: "lam_...", url: "{socket}", timeoutDuration: 600000 }});',
        "",
        "Anything else:",
        "",
        """  uuid=$(python3 -c 'import uuid; print(uuid.uuid4())')""",
        f'  curl -X POST {http} -H "Authorization: Bearer lam_..." -H "Content-Type: application/json" \\',
        """    --data-raw '[{"taskType": "modelSearch", "taskUUID": "'$uuid'"}]'""",
        "",
        "Or change nothing but the key, and run the program so that Runware's addresses lead here:",
        "",
        "  lamina redirect --only runware -- python their_script.py",
        "",
        "What is not as there:",
        "",
        "  runware-sdk over HTTP heeds no proxy, so lamina redirect does not reach it: set http_base_url.",
        "  runware-sdk takes no frame above 1 MiB from a socket: ask for URLs, or use HTTP, where pictures are large.",
        "  The Python SDK 0.5 waits 300 s for a picture; RUNWARE_IMAGE_INFERENCE_TIMEOUT, in ms, makes it wait longer.",
        "  Webhooks, uploadEndpoints and pictures on this machine need LAMINA_ALLOW_PRIVATE_URLS=true.",
    ]
