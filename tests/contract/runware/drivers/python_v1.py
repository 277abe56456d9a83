"""Drives the package `runware` (0.5): a line of JSON {url, key}, then a line {calls} each, answered by {results}.

A url of null is the SDK's own address.
"""

import asyncio
import dataclasses
import json
import logging
import socket
import sys

from runware.types import (
    IAcceleratorOptions,
    IImageInference,
    ILora,
    IModelSearch,
    IUploadModelLora,
)

from runware import Runware

_resolve = socket.getaddrinfo


def _only_here(host, *rest, **more):
    if host not in ("127.0.0.1", "localhost"):
        raise socket.gaierror(f"{host} is not of this machine")
    return _resolve(host, *rest, **more)


socket.getaddrinfo = _only_here


async def do(client, call):
    told = []
    try:
        result = await method(client, call["do"], dict(call.get("with", {})), told)
    except Exception as error:
        data = getattr(error, "error_data", None)
        return {"error": {"kind": type(error).__name__, "message": str(error), "data": data}, "partial": told}
    return {"result": plain(result), "partial": told}


async def method(client, name, given, told):
    match name:
        case "imageInference":
            if "lora" in given:
                given["lora"] = [ILora(**one) for one in given["lora"]]
            if "acceleratorOptions" in given:
                given["acceleratorOptions"] = IAcceleratorOptions(**given["acceleratorOptions"])
            if given.pop("partial", False):
                given["onPartialImages"] = lambda images, error: told.append(plain(images or error))
            return await client.imageInference(IImageInference(**given))
        case "modelUpload":
            return await client.modelUpload(IUploadModelLora(**given))
        case "modelSearch":
            return await client.modelSearch(IModelSearch(**given))
        case "getResponse":
            return await client.getResponse(**given)
        case _:
            return await getattr(client, name)(*given.get("arguments", ()))


def plain(value):
    if dataclasses.is_dataclass(value):
        return plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


async def main():
    logging.basicConfig(stream=sys.stderr)
    told = json.loads(sys.stdin.readline())
    address = {"url": told["url"].replace("http", "ws", 1) + told["path"]} if told["url"] else {}
    client = Runware(api_key=told["key"], **address)
    try:
        await client.connect()
    except Exception as error:
        print(json.dumps({"connected": False, "message": str(error)}), flush=True)
        return
    print(json.dumps({"connected": True}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        calls = json.loads(line)["calls"]
        results = await asyncio.gather(*(do(client, call) for call in calls))
        print(json.dumps({"results": results}), flush=True)
    await client.disconnect()


asyncio.run(main())
