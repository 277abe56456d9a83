"""`lamina connect fal`: what to set for fal's clients, and the proxy that brings those with fixed addresses here."""

import shlex
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE
from lamina.cli.service_options import address_of, address_option, settings_of
from lamina.installation import as_typed_here

if TYPE_CHECKING:
    from lamina.redirect.authority import Authority

_PROXY_PORT = 8899


@click.command()
@address_option
@click.option("--proxy", "is_proxy", is_flag=True, help="Run the proxy that brings clients with fixed addresses here.")
@click.option("--proxy-port", type=click.IntRange(0, 65_535), help="8899 by default; 0 is any that is free.")
@click.option("--only", "is_alone", is_flag=True, help="Let the proxy refuse every host that is not fal's.")
@click.option("--data", metavar="DIR", help="The service's folder; lamina/service in XDG_DATA_HOME by default.")
def fal(url: str | None, is_proxy: bool, proxy_port: int | None, is_alone: bool, data: str | None) -> int:
    """Show what to set for fal's clients, with and without TLS, and what does not work.

    \b
      lamina connect fal
      lamina connect fal --proxy
      lamina connect fal --url https://lamina.example.org

    With --proxy it stays and answers for fal's hosts, with certificates of an authority that was made for this
    machine; programs that are told of it need no other change. Ctrl-C ends it.
    """
    from lamina.redirect.authority import Authority
    from lamina.settings import data_folder

    settings = settings_of(data=data)
    here = address_of(settings, url)
    authority = Authority.in_folder(data_folder(settings))
    port = _PROXY_PORT if proxy_port is None else proxy_port
    if is_proxy:
        import asyncio

        asyncio.run(_keep_redirecting(authority, here, port, is_alone))
    else:
        click.echo(as_typed_here(_words(here, authority, port)))
    return DONE


async def _keep_redirecting(authority: "Authority", here: str, port: int, is_alone: bool) -> None:
    import asyncio

    from lamina.core.errors import ErrorCode, LaminaError
    from lamina.redirect.proxy import serve_proxy
    from lamina.redirect.vendors import hosts_of

    hosts = hosts_of(["fal"])
    try:
        proxy = await serve_proxy(authority, dict.fromkeys(hosts, here), "refuse" if is_alone else "pass", port=port)
    except OSError as error:
        raise LaminaError(
            ErrorCode.PORT_TAKEN, f"The proxy cannot listen on port {port}: {error.strerror}.", "Give a --proxy-port."
        ) from error
    exports = as_typed_here(_exports(authority, proxy.port))
    click.echo(f"Proxy for {', '.join(hosts)} to {here}\n\n{exports}\n\nCtrl-C ends it.")
    try:
        await asyncio.Event().wait()
    finally:
        await proxy.close()


def _words(here: str, authority: "Authority", port: int) -> str:
    name = here.partition("://")[2]
    with_tls = here.startswith("https://")
    return "\n".join(
        [
            "JavaScript, @fal-ai/client 1.10 and later (no TLS is needed):",
            "",
            "  fal.config({",
            "    credentials: process.env.FAL_KEY,",
            f'    proxyUrl: {{ url: "{here}/fal/proxy", when: "always" }},',
            "  });",
            "",
            "JavaScript, earlier versions (no TLS is needed):",
            "",
            "  fal.config({",
            "    credentials: process.env.FAL_KEY,",
            "    requestMiddleware: async (request) => ({",
            "      ...request,",
            "      url: request.url",
            f'        .replace("https://fal.run", "{here}/fal/run")',
            f'        .replace("https://queue.fal.run", "{here}/fal/queue")',
            f'        .replace(/https:\\/\\/rest(\\.alpha)?\\.fal\\.ai/, "{here}/fal/rest"),',
            "    }),",
            "  });",
            "",
            "Python, fal-client, with TLS by a proxy on this machine: everything works, and no code changes.",
            "",
            f"  lamina connect fal --proxy{'' if port == _PROXY_PORT else f' --proxy-port {port}'}",
            "",
            *(f"  {line}" for line in _exports(authority, port).splitlines()),
            "",
            *_direct(name, with_tls),
            "",
            "What does not work:",
            "",
            "  The Python client asks for https whatever it is told, and its uploads have fixed hosts: without the",
            "  proxy it needs a service with TLS, and fal_client.encode_file() in place of fal_client.upload_file().",
            "  Realtime is refused: no Qwen model of fal's has it.",
            "  Node does not heed HTTPS_PROXY: use one of the two configurations above, or lamina redirect.",
            "  If the proxy is not running, requests fail; without these variables they go to fal, with the key.",
        ]
    )


def _exports(authority: "Authority", port: int) -> str:
    """SSL_CERT_FILE replaces the client's own list, so the file has the public authorities, too."""
    return "\n".join(
        [
            f"export HTTPS_PROXY=http://127.0.0.1:{port}",
            f"export SSL_CERT_FILE={shlex.quote(str(authority.bundle_path))}",
            "export FAL_KEY=lam_...    # lamina keys create",
        ]
    )


def _direct(name: str, with_tls: bool) -> list[str]:
    if not with_tls:
        return ["Python, where the service itself is reached by https: give --url https://HOST, and this tells how."]
    return [
        "Python, fal-client 0.11 and later, without the proxy: all but uploads.",
        "",
        f"  export FAL_RUN_HOST={name}/fal/run",
        f"  export FAL_QUEUE_RUN_HOST={name}/fal/queue",
    ]
