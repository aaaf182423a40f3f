"""The HTTP face of every service."""

import asyncio
import logging

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from shared.service import http_config
from shared.settings import Settings

KEY = "elogbook-5ecre7"


async def test_no_log_holds_the_key_of_a_url(capfd: pytest.CaptureFixture[str]) -> None:
    config = http_config(FastAPI(), Settings(http_host="127.0.0.1", http_port=0))
    logging.getLogger("uvicorn.access").setLevel(logging.DEBUG)  # as an operator may, who looks for a fault
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/session/{KEY}")).status_code == 404
    server.should_exit = True
    await serving
    said = capfd.readouterr()
    assert KEY not in said.out + said.err
