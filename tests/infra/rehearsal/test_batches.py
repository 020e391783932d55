"""The OpenAI Batch API: a file of requests in, a file of answers out, after a while."""

import io
import json
from typing import Literal

import openai
import pytest

from infra.rehearsal import start
from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from tests.infra.rehearsal.films import body

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"


def lines(count: int) -> bytes:
    asked = [
        {"custom_id": f"row-{number}", "method": "POST", "url": ENDPOINT, "body": body(f"Say {number} — gladly")}
        for number in range(count)
    ]
    return "\n".join(json.dumps(one) for one in asked).encode() + b"\n"


def test_a_batch_is_done_after_its_time_and_says_what_the_live_server_says() -> None:
    seconds = [0.0]
    teacher = Teacher(Settings(batch_s=60, requests_per_minute=1), clock=lambda: seconds[0])
    with start.in_thread(teacher) as place, openai.OpenAI(base_url=place.url, api_key="none") as opened:
        given = opened.files.create(file=("batch.jsonl", io.BytesIO(lines(5))), purpose="batch")
        assert given.bytes == len(lines(5))
        batch = opened.batches.create(input_file_id=given.id, endpoint=ENDPOINT, completion_window="24h")
        assert (batch.status, batch.output_file_id) == ("in_progress", None)
        seconds[0] = 59.0
        assert opened.batches.retrieve(batch.id).status == "in_progress"
        assert teacher.log.entries == []
        seconds[0] = 60.0
        done = opened.batches.retrieve(batch.id)
        assert done.status == "completed"
        assert done.request_counts is not None
        assert (done.request_counts.completed, done.request_counts.failed) == (5, 0)
        assert done.output_file_id is not None
        told = [json.loads(line) for line in opened.files.content(done.output_file_id).text.splitlines()]
        assert [one["custom_id"] for one in told] == [f"row-{number}" for number in range(5)]
        live = opened.chat.completions.create(**body("Say 3 — gladly"))
    assert told[3]["response"]["body"]["choices"][0]["message"]["content"] == live.choices[0].message.content
    assert teacher.log.entries[-1].attempt == 1


def test_what_fails_in_a_batch_is_in_its_error_file() -> None:
    teacher = Teacher(Settings(faults={"unavailable": 0.3, "reset": 0.3}))
    with start.in_thread(teacher) as place, openai.OpenAI(base_url=place.url, api_key="none") as opened:
        given = opened.files.create(file=("batch.jsonl", lines(40) + b"no json\n"), purpose="batch")
        batch = opened.batches.create(input_file_id=given.id, endpoint=ENDPOINT, completion_window="24h")
        done = opened.batches.retrieve(batch.id)
        assert done.output_file_id is not None
        assert done.error_file_id is not None
        good = opened.files.content(done.output_file_id).text.splitlines()
        bad = [json.loads(line) for line in opened.files.content(done.error_file_id).text.splitlines()]
    assert len(good) + len(bad) == 41
    assert {one["response"]["status_code"] for one in bad} == {400, 500, 503}


def test_a_batch_can_be_cancelled_and_files_deleted() -> None:
    teacher = Teacher(Settings(batch_s=1000))
    with start.in_thread(teacher) as place, openai.OpenAI(base_url=place.url, api_key="none", max_retries=0) as opened:
        given = opened.files.create(file=("batch.jsonl", lines(1)), purpose="batch")
        batch = opened.batches.create(input_file_id=given.id, endpoint=ENDPOINT, completion_window="24h")
        assert opened.batches.cancel(batch.id).status == "cancelled"
        assert [one.id for one in opened.batches.list()] == [batch.id]
        assert opened.files.delete(given.id).deleted
        with pytest.raises(openai.NotFoundError):
            opened.files.retrieve(given.id)
