"""Looks at the keep, so that what ends there ends here: keys, evidence, signers, models."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import ModelkeepError, Severity
from modelkeep.gateway.alarm_rules import EVIDENCE_AGEING, MODEL_STOPPED
from modelkeep.gateway.alarms import Alarms
from modelkeep.gateway.standing import LEASE, Standings
from modelkeep.trust import Keyring

_LOOKS: Final = 0.25  # seconds between two looks
_LOG: Final = logging.getLogger("modelkeep.gateway")


@dataclass(slots=True)
class Watch:
    """The eyes of one gateway on its keep."""

    keyring: Keyring
    standings: Standings
    alarms: Alarms
    _task: asyncio.Task[None] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def start(self) -> None:
        """Look for the first time, and go on looking."""
        await asyncio.to_thread(self.look)
        self._task = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _keep_looking(self) -> None:
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(_LOOKS):
                    await self._stop.wait()
            except TimeoutError:
                await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Look once; what cannot be read is told, and stops serving when its lease ends."""
        with self._lock:
            try:
                self.keyring.reload()
                changed = self.standings.look()
            except ModelkeepError as error:
                _LOG.error(
                    "the keep cannot be asked, serving stops within %g s: %s",
                    LEASE,
                    error.message,
                )
                return
        for name, standing in changed:
            _LOG.warning("%s: %s", name, standing.why or "cleared for serving")
            if not standing.live:
                self.alarms.ring(MODEL_STOPPED, Severity.HIGH, name, "", standing.why)
        for name in self.standings.subjects:
            standing = self.standings.of(name)
            if standing.ageing:
                says = f"the evidence expires {standing.expires}"
                self.alarms.ring(EVIDENCE_AGEING, Severity.MEDIUM, name, "", says)
