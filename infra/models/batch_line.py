"""The line to a server's Batch API: files up, batches begun and looked at, files down. By the ``openai`` client."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from infra.models.faults import Fault, hidden, of_status

if TYPE_CHECKING:
    from openai import AsyncOpenAI

PATH: Literal["/v1/chat/completions"] = "/v1/chat/completions"
MARK = "rushes"
LOOK_BACK = 1000
PAGE = 100
FILE_S = 900.0
"""How long a file of 200 MB may take."""


@dataclass(frozen=True)
class BatchState:
    """A batch as the server tells it. ``name`` is the one that we gave it; ``why`` what it says of its end."""

    batch_id: str
    name: str
    status: str
    output: str = ""
    errors: str = ""
    why: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in {"completed", "failed", "expired", "cancelled"}


class BatchLine:
    """One endpoint. To be used in one event loop. Nothing that it raises holds the key."""

    def __init__(self, url: str, key: str, timeout_s: float, clock: Callable[[], float] = time.time) -> None:
        self.url, self._key, self._timeout_s, self._clock = url, key, timeout_s, clock
        self._client: AsyncOpenAI | None = None

    def __repr__(self) -> str:
        return f"BatchLine({self.url!r})"

    async def upload(self, name: str, lines: bytes) -> str:
        """The id of a file with these requests. Raises Fault, like all here."""
        told = await self._said(
            self._opened().files.create(file=(f"{name}.jsonl", lines), purpose="batch", timeout=FILE_S), FILE_S
        )
        return str(told.id)

    async def begin(self, name: str, file_id: str) -> BatchState:
        """A new batch of the file's requests, with our name in its metadata."""
        told = self._opened().batches.create(
            input_file_id=file_id, endpoint=PATH, completion_window="24h", metadata={MARK: name}
        )
        return _state(await self._said(told))

    async def look(self, batch_id: str) -> BatchState:
        """How the batch is doing."""
        return _state(await self._said(self._opened().batches.retrieve(batch_id)))

    async def named(self, name: str) -> BatchState | None:
        """The batch that has our name, among the latest thousand; None where there is none."""
        async for state in self._latest():
            if state.name == name:
                return state
        return None

    async def download(self, file_id: str) -> bytes:
        """What the file holds."""
        told = await self._said(self._opened().files.content(file_id, timeout=FILE_S), FILE_S)
        return bytes(told.content)

    def fault(self, status: int, body: Any) -> Fault:
        """The fault behind a line of a file of errors."""
        return self._hidden(of_status(status, {}, body, self._clock()))

    def hide(self, text: str) -> str:
        """The text without the key."""
        return hidden(text, self._key)

    async def close(self) -> None:
        """Closes all connections."""
        if self._client:
            await self._client.close()

    async def _latest(self) -> AsyncIterator[BatchState]:
        after = ""
        for _ in range(LOOK_BACK // PAGE):
            batches = self._opened().batches
            page = await self._said(batches.list(limit=PAGE, after=after) if after else batches.list(limit=PAGE))
            for one in page.data:
                yield _state(one)
            if not page.data or not page.has_more:
                return
            after = str(page.data[-1].id)

    async def _said(self, asked: Any, within_s: float = 0.0) -> Any:
        """What the server says, and only that, all of it within so long. Raises Fault."""
        from openai import APIConnectionError, APIError, APIStatusError

        try:
            async with asyncio.timeout(within_s or self._timeout_s):  # the client's own is for each piece of a body
                return await asked
        except TimeoutError:
            raise Fault("timeout", f"no whole answer within {within_s or self._timeout_s:g} s") from None
        except APIStatusError as error:
            raise self._hidden(
                of_status(error.status_code, error.response.headers, error.body, self._clock())
            ) from None
        except APIConnectionError as error:  # a timeout is one, too
            raise Fault("down", self.hide(f"the line failed: {error.__cause__ or error}")[:300]) from None
        except (APIError, ValueError, AttributeError, TypeError) as error:
            raise Fault("envelope", self.hide(f"no answer of the Batch API: {error}")[:300]) from None

    def _hidden(self, fault: Fault) -> Fault:
        return Fault(fault.kind, self.hide(fault.detail), fault.wait_s, self.hide(fault.raw))

    def _opened(self) -> "AsyncOpenAI":
        if self._client is None:
            from openai import AsyncOpenAI

            self._client = AsyncOpenAI(base_url=self.url, api_key=self._key, max_retries=0, timeout=self._timeout_s)
        return self._client


def _state(told: Any) -> BatchState:
    """Raises AttributeError for what is no batch."""
    metadata = told.metadata if isinstance(told.metadata, Mapping) else {}
    found = getattr(told.errors, "data", None) or []
    why = "; ".join(f"{one.code}: {one.message}" for one in found)[:500]
    return BatchState(
        batch_id=str(told.id),
        name=str(metadata.get(MARK, "")),
        status=str(told.status),
        output=str(told.output_file_id or ""),
        errors=str(told.error_file_id or ""),
        why=why,
    )


@dataclass(frozen=True)
class Answered:
    """One line of a batch's files: whose it is, with which status, and the body; 0 where it was never asked."""

    name: str
    status: int
    body: Any


def answered(file: bytes) -> dict[str, Answered]:
    """The lines of a file by the name of their request. What is no such line is passed over: it answers nobody."""
    found = {}
    for line in file.splitlines():
        try:
            stored = json.loads(line)
            name, response, error = str(stored["custom_id"]), stored.get("response"), stored.get("error")
            one = Answered(name, int(response["status_code"]), response["body"]) if response else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        found[name] = one or Answered(name, 0, {"error": error})
    return found
