"""Connections to model servers behind the gateway: pooled, bounded, with one deadline.

An upstream may die, hang, answer garbage or gigabytes. Each ends in a refusal that names
the upstream's fault and nothing of what it said: its error pages are not the client's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from modelkeep.gateway.refusal import RefusalError
from modelkeep.models import need

_CHUNK: Final = 1 << 16


@dataclass(slots=True)
class Upstream:
    """A pool of connections to one server.

    Attributes:
        url: where it is, without a slash at its end.
        most_bytes: longest answer read.
        seconds: within which it must have answered.
    """

    url: str
    most_bytes: int
    seconds: float
    _session: Any = None

    async def request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request; returns the body of its answer.

        Raises:
            RefusalError: (502, 504) it is not there, too slow, too long, or says no.
        """
        client = need("aiohttp", "a model behind a URL")
        if self._session is None:
            self._session = client.ClientSession(
                timeout=client.ClientTimeout(total=self.seconds),
                auto_decompress=False,
                trust_env=False,
            )
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        try:
            async with self._session.request(
                method, f"{self.url}{path}", data=body, headers=headers, allow_redirects=False
            ) as answer:
                return await self._read(answer)
        except TimeoutError as error:
            raise RefusalError(504, "upstream.slow", "the model server is too slow") from error
        except (client.ClientError, OSError, ValueError) as error:
            raise RefusalError(
                502, "upstream.gone", "the model server does not answer"
            ) from error

    async def _read(self, answer: Any) -> bytes:  # noqa: ANN401 - aiohttp's response
        if answer.status != 200:  # noqa: PLR2004
            status = 400 if answer.status in (400, 422) else 502
            raise RefusalError(
                status, "upstream.refused", f"the model server says {answer.status}"
            )
        parts: list[bytes] = []
        size = 0
        async for part in answer.content.iter_chunked(_CHUNK):
            size += len(part)
            if size > self.most_bytes:
                answer.close()
                raise RefusalError(
                    502, "upstream.size", "the model server's answer is too long"
                )
            parts.append(part)
        return b"".join(parts)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
