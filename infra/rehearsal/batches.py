"""The files and batches of the OpenAI API: many requests in one file, answered in another after a while."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from infra.rehearsal.chance import drawn
from infra.rehearsal.faults import error
from infra.rehearsal.wire import Call, Sent

Answered = tuple[int, dict[str, Any]]
ENDS = ("failed", "expired", "cancelled")
"""How a batch may end without being completed; one that expires, or is cancelled, is half answered then."""
LINES = ("lost_line", "broken_line")
"""What may happen to a line of its output."""
PAGE = 20


class NotGiven(ValueError):
    """The upload or the batch cannot be used: what a server answers with 400."""


@dataclass
class Batch:
    """One batch: the file it reads, when it began, and, once it ended, the files it wrote."""

    number: int
    input_file: str
    endpoint: str
    began_s: float
    total: int
    status: str = "in_progress"
    output_file: str | None = None
    error_file: str | None = None
    failed: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)

    def told(self, now_s: float) -> dict[str, Any]:
        """The batch as the API tells it."""
        done = self.total if self.status == "completed" else 0
        return {
            "id": f"batch_{self.number}",
            "object": "batch",
            "endpoint": self.endpoint,
            "errors": NOT_TAKEN if self.status == "failed" else None,
            "metadata": dict(self.metadata),
            "input_file_id": self.input_file,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file,
            "error_file_id": self.error_file,
            "created_at": int(self.began_s),
            "completed_at": int(now_s) if done else None,
            "request_counts": {"total": self.total, "completed": done - self.failed, "failed": self.failed},
        }


@dataclass
class Batches:
    """Files and batches. ``answer`` gives status and body of one request to an endpoint."""

    answer: Callable[[str, bytes], Answered]
    lasts_s: float
    clock: Callable[[], float]
    faults: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)

    def handle(self, call: Call) -> Sent:
        """The response to a call under ``/v1/files`` or ``/v1/batches``."""
        _, _, kind, *rest = call.path.split("/")
        try:
            return self._files(call, rest) if kind == "files" else self._batches(call, rest)
        except NotGiven as wrong:
            return error(400, "invalid_request", str(wrong))
        except KeyError as missing:
            return error(404, "not_found", f"No such thing: {missing}.")

    def _files(self, call: Call, rest: list[str]) -> Sent:
        if not rest:
            return self._uploaded(call) if call.method == "POST" else _listed([self._file(name) for name in self.files])
        if len(rest) == 2 and rest[1] == "content":
            return Sent(body=self.files[rest[0]][1], kind="application/jsonl")
        if call.method == "DELETE":
            del self.files[rest[0]]
            return _json({"id": rest[0], "object": "file", "deleted": True})
        return _json(self._file(rest[0]))

    def _uploaded(self, call: Call) -> Sent:
        fields = parts(call.headers.get("content-type", ""), call.body)
        if "file" not in fields:
            raise NotGiven("the upload has no part named 'file'")
        return _json(self._file(self._keep(fields.get("purpose", b"batch").decode(), fields["file"])))

    def _keep(self, purpose: str, content: bytes) -> str:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = (purpose, content)
        return name

    def _file(self, name: str) -> dict[str, Any]:
        purpose, content = self.files[name]
        told = {"id": name, "object": "file", "bytes": len(content), "created_at": 0, "filename": f"{name}.jsonl"}
        return {**told, "purpose": purpose, "status": "processed"}

    def _batches(self, call: Call, rest: list[str]) -> Sent:
        if not rest:
            return self._begun(call) if call.method == "POST" else self._page(call)
        batch = self._current(rest[0])
        if rest[1:] == ["cancel"] and batch.status == "in_progress":
            batch.status = "cancelled"
        return _json(self._told(rest[0]))

    def _page(self, call: Call) -> Sent:
        """Some batches, the latest first, from the one on that comes after ``after``."""
        asked = {name: values[-1] for name, values in parse_qs(call.query).items()}
        names = list(reversed(self.batches))
        start = names.index(asked["after"]) + 1 if asked.get("after") in names else 0
        end = start + int(asked.get("limit", PAGE))
        return _listed([self._told(one) for one in names[start:end]], has_more=end < len(names))

    def _begun(self, call: Call) -> Sent:
        try:
            wanted = json.loads(call.body)
            name, endpoint = str(wanted["input_file_id"]), str(wanted["endpoint"])
        except (ValueError, KeyError, TypeError) as wrong:
            raise NotGiven(f"a batch needs input_file_id and endpoint: {wrong!r}") from None
        _, content = self.files[name]
        batch = Batch(len(self.batches) + 1, name, endpoint, self.clock(), len(content.splitlines()))
        batch.metadata = wanted.get("metadata") or {}
        self.batches[f"batch_{batch.number}"] = batch
        return _json(batch.told(self.clock()))

    def _told(self, name: str) -> dict[str, Any]:
        return self._current(name).told(self.clock())

    def _current(self, name: str) -> Batch:
        """The batch as it stands now: it is answered when its time has come and somebody looks."""
        batch = self.batches[name]
        if batch.status == "in_progress" and self.clock() - batch.began_s >= self.lasts_s:
            self._finish(batch)
        return batch

    def _finish(self, batch: Batch) -> None:
        written: list[bytes] = []
        failed: list[bytes] = []
        lines = self.files[batch.input_file][1].splitlines()
        batch.status = self._drawn(ENDS, batch.number) or "completed"
        reached = {"completed": len(lines), "failed": 0}.get(batch.status, len(lines) // 2)
        for number, line in enumerate(lines[:reached]):
            status, told = self._answered(batch, number, line)
            fault = self._drawn(LINES, batch.number, number)
            if not fault:
                (written if status == 200 else failed).append(told)
            elif fault == "broken_line":
                written.append(told[: len(told) // 2] + b"\n")
        if batch.status == "expired":
            failed += [_unasked(line) for line in lines[reached:]]
        batch.failed = len(failed)
        batch.output_file = self._keep("batch_output", b"".join(written)) if written else None
        batch.error_file = self._keep("batch_output", b"".join(failed)) if failed else None

    def _drawn(self, names: tuple[str, ...], *what: object) -> str | None:
        rates = {name: rate for name, rate in self.faults.items() if name in names}
        return drawn(rates, self.seed, "batch", *what) if rates else None

    def _answered(self, batch: Batch, number: int, line: bytes) -> tuple[int, bytes]:
        name = ""
        try:
            asked = json.loads(line)
            name, body = asked["custom_id"], asked["body"]
        except (ValueError, KeyError, TypeError):
            status, told = 400, {"error": {"message": "the line is no request", "code": "invalid_json_line"}}
        else:
            written = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            status, told = self.answer(batch.endpoint, written.encode())
        response = {"status_code": status, "request_id": f"req_{batch.number}_{number}", "body": told}
        answered = {"id": f"batch_req_{batch.number}_{number}", "custom_id": name, "response": response, "error": None}
        return status, json.dumps(answered).encode() + b"\n"


def parts(kind: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart form by name. Raises NotGiven when it is none."""
    _, found, boundary = kind.partition("boundary=")
    if not found:
        raise NotGiven("the upload is no multipart form")
    fields = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.strip('"').encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        _, _, name = head.partition(b'name="')
        fields[name.split(b'"', 1)[0].decode()] = content
    return fields


def _json(body: dict[str, Any]) -> Sent:
    return Sent(body=json.dumps(body).encode())


def _listed(found: list[dict[str, Any]], *, has_more: bool = False) -> Sent:
    return _json({"object": "list", "data": found, "has_more": has_more})


NOT_TAKEN = {"object": "list", "data": [{"code": "invalid_file", "message": "The file cannot be read.", "line": 1}]}


def _unasked(line: bytes) -> bytes:
    """What the file of errors says of a request that was not reached in time."""
    told = {"code": "batch_expired", "message": "This request could not be executed before the batch expired."}
    return (
        json.dumps({"id": "", "custom_id": json.loads(line)["custom_id"], "response": None, "error": told}).encode()
        + b"\n"
    )
