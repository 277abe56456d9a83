"""`lamina connect runware`: how to point Runware's SDKs at this service."""

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import settings_of, url_of, url_option
from lamina.installation import localize_commands


@click.command()
@url_option
def runware(url: str | None) -> int:
    """Show the URL to configure in each of Runware's SDKs, and how to run code unchanged.

    \b
      lamina connect runware
      lamina connect runware --url https://lamina.example.org
    """
    click.echo(localize_commands("\n".join(_lines(url_of(settings_of(), url)))))
    return DONE


def _lines(service_url: str) -> list[str]:
    """The URLs always have a path: the JavaScript SDK takes ws://localhost:8080 alone for its own test server."""
    http = f"{service_url}/v1"
    socket = http.replace("http", "ws", 1)
    return [
        "Use a key of this service, created by lamina keys create, and set the URL:",
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
        "JavaScript, @runware/sdk-js 1.3 (with its default timeout, it requests a second picture after a minute):",
        "",
        f'  new Runware({{ apiKey: "lam_...", url: "{socket}", timeoutDuration: 600000 }});',
        "",
        "Any other program:",
        "",
        """  uuid=$(python3 -c 'import uuid; print(uuid.uuid4())')""",
        f'  curl -X POST {http} -H "Authorization: Bearer lam_..." -H "Content-Type: application/json" \\',
        """    --data-raw '[{"taskType": "modelSearch", "taskUUID": "'$uuid'"}]'""",
        "",
        "Or change only the key, and let Lamina redirect the requests of the program:",
        "",
        "  lamina redirect --only runware -- python their_script.py",
        "",
        "Differences from Runware:",
        "",
        "  runware-sdk ignores proxies for HTTP, so lamina redirect does not reach it. Set http_base_url.",
        "  runware-sdk accepts no WebSocket frame above 1 MiB. For large pictures, request URLs or use HTTP.",
        "  The Python SDK 0.5 waits 300 s for a picture. To raise it, set RUNWARE_IMAGE_INFERENCE_TIMEOUT (in ms).",
        "  Webhooks, uploadEndpoints and pictures on this machine require LAMINA_ALLOW_PRIVATE_URLS=true.",
    ]
