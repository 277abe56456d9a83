"""Drives the package `runware-sdk` (1.x): a line of JSON {url, key, transport}, then a line {calls} each, answered by
{results}.
"""

import asyncio
import json
import socket
import sys

from runware.types.sdk import RunOptions

from runware import Runware

_resolve = socket.getaddrinfo


def _only_here(host, *rest, **more):
    if host not in ("127.0.0.1", "localhost"):
        raise socket.gaierror(f"{host} is not of this machine")
    return _resolve(host, *rest, **more)


socket.getaddrinfo = _only_here


async def do(client, call):
    seen, progress = [], []
    options = RunOptions(on_result=seen.append, on_progress=progress.append, timeout=60_000)
    try:
        result = await getattr(client, call["do"])(call["with"], options)
    except Exception as error:
        told = {
            name: getattr(error, name, None) for name in ("code", "task_uuid", "status_code", "parameter", "category")
        }
        return {"error": {**told, "message": str(error)}, "seen": seen}
    return {"result": result, "seen": seen, "progress": progress}


async def main():
    told = json.loads(sys.stdin.readline())
    base = told["url"] and told["url"] + told["path"]
    address = {"http_base_url": base, "ws_base_url": base.replace("http", "ws", 1)} if base else {}
    client = Runware(api_key=told["key"], transport=told["transport"], **address)
    try:
        await client.connect()
    except Exception as error:
        print(json.dumps({"connected": False, "message": str(error), "code": getattr(error, "code", None)}), flush=True)
        return
    print(json.dumps({"connected": True}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        calls = json.loads(line)["calls"]
        results = await asyncio.gather(*(do(client, call) for call in calls))
        print(json.dumps({"results": results}, default=str), flush=True)
    await client.close()


asyncio.run(main())
