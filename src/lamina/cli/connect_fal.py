"""`lamina connect fal`: the configuration of fal's clients, and a proxy for clients with fixed hosts."""

import shlex
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import data_option, settings_of, url_of, url_option
from lamina.installation import localize_commands

if TYPE_CHECKING:
    from lamina.redirect.authority import Authority

_PROXY_PORT = 8899


@click.command()
@url_option
@click.option(
    "--proxy",
    "is_proxy",
    is_flag=True,
    help="Proxy for clients with fixed hosts; it runs in the foreground and sends fal's hosts to this service.",
)
@click.option(
    "--proxy-port", type=click.IntRange(0, 65_535), help="Port of the proxy; 0 selects a free port (default: 8899)."
)
@click.option("--only", "is_fal_only", is_flag=True, help="Rejection of all hosts except fal's by the proxy.")
@data_option
def fal(url: str | None, is_proxy: bool, proxy_port: int | None, is_fal_only: bool, data: str | None) -> int:
    """Show the configuration of fal's clients, with and without TLS, and what does not work.

    \b
      lamina connect fal
      lamina connect fal --proxy
      lamina connect fal --url https://lamina.example.org

    With --proxy, a proxy runs until Ctrl-C. It answers for fal's hosts, with certificates of an authority that was
    created for this machine. Programs need only the environment variables that it prints.
    """
    from lamina.redirect.authority import Authority
    from lamina.settings import data_folder

    settings = settings_of(data=data)
    service_url = url_of(settings, url)
    authority = Authority.in_folder(data_folder(settings))
    port = _PROXY_PORT if proxy_port is None else proxy_port
    if is_proxy:
        import asyncio

        asyncio.run(_run_proxy(authority, service_url, port, is_fal_only))
    else:
        click.echo(localize_commands(_instructions(service_url, authority, port)))
    return DONE


async def _run_proxy(authority: "Authority", service_url: str, port: int, is_fal_only: bool) -> None:
    import asyncio

    from lamina.core.errors import ErrorCode, LaminaError
    from lamina.redirect.proxy import serve_proxy
    from lamina.redirect.vendors import hosts_of

    hosts = hosts_of(["fal"])
    try:
        routes = dict.fromkeys(hosts, service_url)
        proxy = await serve_proxy(authority, routes, "refuse" if is_fal_only else "pass", port=port)
    except OSError as error:
        raise LaminaError(
            ErrorCode.PORT_TAKEN,
            f"The proxy cannot listen on port {port}: {error.strerror}.",
            "Choose another port with --proxy-port.",
        ) from error
    exports = localize_commands(_exports(authority, proxy.port))
    click.echo(f"Proxy for {', '.join(hosts)} to {service_url}\n\n{exports}\n\nCtrl-C stops it.")
    try:
        await asyncio.Event().wait()
    finally:
        await proxy.close()


def _instructions(service_url: str, authority: "Authority", port: int) -> str:
    return "\n".join(
        [
            "JavaScript, @fal-ai/client 1.10 and later (TLS is not required):",
            "",
            "  fal.config({",
            "    credentials: process.env.FAL_KEY,",
            f'    proxyUrl: {{ url: "{service_url}/fal/proxy", when: "always" }},',
            "  });",
            "",
            "JavaScript, earlier versions (TLS is not required):",
            "",
            "  fal.config({",
            "    credentials: process.env.FAL_KEY,",
            "    requestMiddleware: async (request) => ({",
            "      ...request,",
            "      url: request.url",
            f'        .replace("https://fal.run", "{service_url}/fal/run")',
            f'        .replace("https://queue.fal.run", "{service_url}/fal/queue")',
            f'        .replace(/https:\\/\\/rest(\\.alpha)?\\.fal\\.ai/, "{service_url}/fal/rest"),',
            "    }),",
            "  });",
            "",
            "Python, fal-client, with a TLS proxy on this machine (everything works, without changes to the code):",
            "",
            f"  lamina connect fal --proxy{'' if port == _PROXY_PORT else f' --proxy-port {port}'}",
            "",
            *(f"  {line}" for line in _exports(authority, port).splitlines()),
            "",
            *_without_proxy(service_url),
            "",
            "What does not work:",
            "",
            "  The Python client always uses https, and its uploads have fixed hosts. Without the proxy, it needs a",
            "  service with TLS, and fal_client.encode_file() instead of fal_client.upload_file().",
            "  Realtime requests are rejected: none of fal's Qwen models supports them.",
            "  Node ignores HTTPS_PROXY. Use one of the two configurations above, or lamina redirect.",
            "  If the proxy is not running, requests fail. Without these variables, they go to fal, with the key.",
        ]
    )


def _exports(authority: "Authority", port: int) -> str:
    """SSL_CERT_FILE replaces the client's own certificates, so the file includes the public authorities."""
    return "\n".join(
        [
            f"export HTTPS_PROXY=http://127.0.0.1:{port}",
            f"export SSL_CERT_FILE={shlex.quote(str(authority.bundle_path))}",
            "export FAL_KEY=lam_...    # lamina keys create",
        ]
    )


def _without_proxy(service_url: str) -> list[str]:
    scheme, _, host = service_url.partition("://")
    if scheme != "https":
        return ["Python, for a service that is reached over https: run this command with --url https://HOST."]
    return [
        "Python, fal-client 0.11 and later, without the proxy (everything except uploads):",
        "",
        f"  export FAL_RUN_HOST={host}/fal/run",
        f"  export FAL_QUEUE_RUN_HOST={host}/fal/queue",
    ]
