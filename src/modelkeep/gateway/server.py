"""From settings to a listening gateway, and its orderly end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from modelkeep.core import InputError
from modelkeep.core.settings import Value
from modelkeep.gateway.administration import Administration
from modelkeep.gateway.alarms import Alarms
from modelkeep.gateway.app import Gateway
from modelkeep.gateway.audit import LINGER, Auditor, load_inputs_key
from modelkeep.gateway.config import Serving, read_serving
from modelkeep.gateway.inference import Inference
from modelkeep.gateway.limits import make_limits
from modelkeep.gateway.line import Line
from modelkeep.gateway.metrics import Metrics
from modelkeep.gateway.served import open_served, parse_models
from modelkeep.gateway.standing import Standings
from modelkeep.gateway.watch import Watch
from modelkeep.models import need
from modelkeep.pipeline import Listener, Workspace, open_workspace
from modelkeep.policy import require_decidable
from modelkeep.trust import KEY_ACTIONS, Keyring

FOLDER: Final = "gateway"
_ADMIN_DAYS: Final = 365
_BACKLOG: Final = 512
Tell = Callable[[str], None]


def serve(
    given: tuple[str, ...],
    *,
    host: str | None = None,
    port: int | None = None,
    tell_key: Tell,
    listener: Listener | None = None,
    **flags: Value | None,
) -> None:
    """Serve models until the process is told to stop.

    Args:
        given: ``NAME=PATH`` or ``NAME=URL`` each.
        host: address to listen on, instead of the setting's.
        port: port to listen on, instead of the setting's.
        tell_key: is given the secret of a new administrator's key, once.
        listener: who hears where it listens.
        flags: settings, such as ``profile="prod"``.

    Raises:
        UsageError: a setting, or a profile under which nothing is served.
        InputError: a model cannot be opened, or the address is taken.
        MissingExtraError: uvicorn is not installed.
    """
    uvicorn = need("uvicorn", "serving a model")
    heard = listener or Listener()
    with open_workspace(flags, heard) as workspace:
        serving = read_serving(workspace.settings.section("serve"))
        wanted = {"host": host, "port": port}
        serving = msgspec.structs.replace(
            serving, **{name: value for name, value in wanted.items() if value is not None}
        )
        models = parse_models(given)
        factory = uvicorn.Config(_run).get_loop_factory()  # uvloop, where it is installed
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_run(models, serving, workspace, tell_key, heard))


async def _run(
    models: Mapping[str, str],
    serving: Serving,
    workspace: Workspace,
    tell_key: Tell,
    heard: Listener,
) -> None:
    async with open_gateway(models, serving, workspace, tell_key) as gateway:
        with _listen(serving) as sock:
            scheme = "https" if serving.certificate else "http"
            host, port = sock.getsockname()[:2]
            heard.tell(f"serving {', '.join(models)} on {scheme}://{host}:{port}")
            await listen(gateway, serving, sock)


@asynccontextmanager
async def open_gateway(
    models: Mapping[str, str], serving: Serving, workspace: Workspace, tell_key: Tell
) -> AsyncIterator[Gateway]:
    """A gateway with its models open; its own loop starts with the server's lifespan.

    Args:
        models: path or URL by name.
        serving: the settings.
        workspace: the open keep.
        tell_key: is given the secret of a new administrator's key, once.

    Raises:
        UsageError: a profile under which nothing is served, or a setting.
        InputError: a model cannot be opened.
    """
    keep = workspace.keep
    require_decidable("serve", keep.profile)
    folder = _folder(keep.root)
    keyring = Keyring(folder / "keys.json", keep.clock)
    keyring.reload()
    alarms = Alarms(keep.clock)
    served = {
        name: await open_served(name, address, serving, workspace, alarms)
        for name, address in models.items()
    }
    if not keyring.administrators():
        _, secret = keyring.issue("operators", ("*",), KEY_ACTIONS, _ADMIN_DAYS)
        tell_key(secret)
    standings = Standings(workspace, {name: one.subject for name, one in served.items()})
    watch = Watch(keyring, standings, alarms)
    inference = Inference(
        Line(serving, make_limits(serving), standings),
        Auditor(keep, LINGER if serving.audit == "queued" else 0.0),
        Metrics(),
        load_inputs_key(folder),
    )
    yield Gateway(served, inference, Administration(watch))


def _folder(root: Path) -> Path:
    folder = root / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}") from error
    return folder


def _listen(serving: Serving) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in serving.host else socket.AF_INET
        sock = socket.create_server(
            (serving.host, serving.port), family=family, backlog=_BACKLOG
        )
        # Connections inherit it; without it an answer's second packet waits 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"cannot listen on {serving.host}:{serving.port} ({error})",
            "Give another --port; 0 takes a free one.",
        ) from error
    return sock


async def listen(gateway: Gateway, serving: Serving, sock: socket.socket) -> None:
    """Answer what comes over a socket until the process is told to stop."""
    import uvicorn  # noqa: PLC0415 - an optional extra

    from modelkeep.gateway.http_protocol import BoundedProtocol  # noqa: PLC0415

    config = uvicorn.Config(
        gateway,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        ssl_certfile=serving.certificate or None,
        ssl_keyfile=serving.key or None,
    )
    await uvicorn.Server(config).serve(sockets=[sock])
