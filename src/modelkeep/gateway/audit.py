"""Every request leaves a record: who asked which model what, what each guard said.

Records are leaves, batched: one signed statement per batch names them all, and one commit
to the log holds all batches that wait. The statement's subject is the batch, so that a
model's own evidence stays short. Inputs are kept as a keyed hash: whoever holds the key
and a row can prove that it was asked, nobody else can guess rows from the record.

When ``add`` returns a future, it is done once the record is on disk. Records nobody waits
for are kept and tried again while the disk refuses them; meanwhile nothing more is answered,
because what cannot be recorded is not to happen.

Sources: RFC 2104 (HMAC); in-toto attestation framework v1.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from modelkeep.core import Digest, InputError, ModelkeepError, Subject
from modelkeep.core.version import VERSION
from modelkeep.evidence import Keep, Statement, make_statement
from modelkeep.gateway.interface import Tensors
from modelkeep.gateway.refusal import RefusalError

_MOST: Final = 512  # records of a batch
_WAITING: Final = 20_000  # records that may wait; more refuse, they are not dropped
LINGER: Final = 0.5  # seconds a batch waits for company where nobody waits for it
_RETRY: Final = 0.25  # seconds between two tries of what the disk refused
KEPT: Final = "the record of this request could not be kept"
KEY_FILE: Final = "inputs.key"


class Leaf(msgspec.Struct, frozen=True):
    """One request as it is recorded; every field is a text or a whole number.

    Attributes:
        id: random name of the request, also in its answer.
        moment: RFC 3339.
        principal: id of the key, empty where nobody was known.
        tenant: whom the key belongs to.
        model: name it was asked by.
        model_sha256: digest of the model that stood behind the name.
        decision: id of the gate's recorded decision.
        request_sha256: digest of the request's body.
        inputs_hmac: keyed hash of the input tensors.
        answer_sha256: digest of the answer's body.
        status: HTTP status.
        rule: what refused it, empty where it was answered.
        guards: ``name choice rule`` each, in the order they ran.
        rows: how many rows.
    """

    id: str
    moment: str
    principal: str = ""
    tenant: str = ""
    model: str = ""
    model_sha256: str = ""
    decision: str = ""
    request_sha256: str = ""
    inputs_hmac: str = ""
    answer_sha256: str = ""
    status: int = 0
    rule: str = ""
    guards: tuple[str, ...] = ()
    rows: int = 0


def load_inputs_key(folder: Path) -> bytes:
    """The key inputs are hashed with, made where there is none.

    Raises:
        InputError: it cannot be read or made.
    """
    path = folder / KEY_FILE
    try:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
        key = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if len(key) != 32:  # noqa: PLR2004
        raise InputError(f"{path}: is no key of 32 bytes")
    return key


def hash_inputs(key: bytes, inputs: Tensors) -> str:
    """HMAC-SHA256 over names, types, shapes and values, hex."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for name in sorted(inputs):
        values = inputs[name]
        mac.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        mac.update(values.tobytes())
    return mac.hexdigest()


@dataclass(slots=True)
class _Batch:
    leaves: list[Leaf] = field(default_factory=list)
    done: asyncio.Future[str] | None = None


@dataclass(slots=True)
class Auditor:
    """Collects records and commits them in batches.

    Attributes:
        keep: whose log.
        linger: seconds a batch waits for more records before it is committed; above 0
            nobody waits for it, and a batch that failed is tried again.
        failures: records that are lost: whoever waited for them was told so.
        failing: whether the last commit of a batch that is tried again failed.
    """

    keep: Keep
    linger: float = 0.0
    failures: int = 0
    failing: bool = False
    _batch: _Batch = field(default_factory=_Batch)
    _task: asyncio.Task[None] | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def require_working(self) -> None:
        """Let nothing be answered while records cannot be kept.

        Raises:
            RefusalError: (503) the last batch is still to be written.
        """
        if self.failing:
            raise RefusalError(503, "audit.failed", KEPT)

    def add(self, leaf: Leaf) -> asyncio.Future[str]:
        """Take a record; the future gives the id of its statement once that is on disk.

        Raises:
            RefusalError: (503) too many records wait.
        """
        if len(self._batch.leaves) >= _WAITING:
            raise RefusalError(503, "audit.behind", "too many records wait for the disk")
        if self._batch.done is None:
            self._batch.done = asyncio.get_running_loop().create_future()
            self._batch.done.add_done_callback(_retrieved)
        self._batch.leaves.append(leaf)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit_all())
        return self._batch.done

    async def _commit_all(self) -> None:
        """Commit what waits, and what came meanwhile, until nothing waits."""
        while self._batch.leaves:
            if self.linger and not self._closing.is_set():
                await self._pause(_RETRY if self.failing else self.linger)
            batch, self._batch = self._batch, _Batch()
            done = batch.done
            try:
                identity = await asyncio.to_thread(self._commit, batch.leaves)
            except ModelkeepError as error:
                self._failed(batch, error)
            else:
                self.failing = False
                if done is not None and not done.done():
                    done.set_result(identity)
            finally:
                # A fault of our own must not leave anybody waiting for ever.
                if done is not None and not done.done():
                    done.set_exception(InputError("the record was not written"))

    def _failed(self, batch: _Batch, error: ModelkeepError) -> None:
        if batch.done is not None and not batch.done.done():
            batch.done.set_exception(error)
        if self.linger and not self._closing.is_set():
            self.failing = True
            self._batch.leaves[:0] = batch.leaves
        else:
            self.failures += len(batch.leaves)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def _commit(self, leaves: list[Leaf]) -> str:
        parts = [leaves[at : at + _MOST] for at in range(0, len(leaves), _MOST)]
        return self.keep.record([self._statement(part) for part in parts])[-1].statement_id

    def _statement(self, leaves: list[Leaf]) -> Statement:
        root = hashlib.sha256(msgspec.json.encode(leaves, order="sorted")).hexdigest()
        subject = Subject("run", f"requests {leaves[0].id}", Digest(root, ""))
        fields = {
            "facts": {},
            "tool": f"modelkeep {VERSION}",
            "requests": msgspec.to_builtins(leaves),
        }
        return make_statement("requests", (subject,), fields, clock=self.keep.clock)

    async def close(self) -> None:
        """Commit what waits."""
        self._closing.set()
        if self._task is not None:
            await self._task


def _retrieved(done: asyncio.Future[str]) -> None:
    """A failed batch was told to whoever waits; in queued mode nobody does."""
    if not done.cancelled():
        done.exception()
