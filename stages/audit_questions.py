"""The questions of a set that somebody else made, beside the sources that hold their videos."""

import io
from collections.abc import Iterator, Sequence

import pyarrow.parquet as pq

from schemas.arrow import from_table
from schemas.audits import Entry, GivenQuestion
from schemas.media import Source
from schemas.rejects import Reject
from schemas.units import BlobId, SourceId
from stages.stage import Env, Needs, Stage


class ReadQuestions(Stage[Source, Entry, Env], version=1, needs=Needs(memory_gb=0.5), batch_rows=256):
    """The questions about each source, out of the blob ``questions``: a Parquet file of ``given_questions``.

    A question that cannot be asked is a reject with the reason that is written there.
    """

    questions: str = ""

    def open(self, env: Env) -> Env:
        """The door to the blob."""
        return env

    def run(self, rows: Sequence[Source], tool: Env) -> Iterator[Entry | Reject]:
        """The questions of these sources, source by source."""
        sources = {source.uri: source.source_id for source in rows}
        stored = io.BytesIO(tool.get(BlobId(self.questions)))
        for given in from_table(GivenQuestion, pq.read_table(stored, filters=[("uri", "in", list(sources))])):
            yield self._reject(given) if given.flaw else _entry(given, sources[given.uri])

    def _reject(self, given: GivenQuestion) -> Reject:
        assert given.flaw is not None  # noqa: S101  for the type checker
        return Reject(
            reject_id=f"{type(self).__name__}/{given.table}/{given.question_id}",
            stage=type(self).__name__,
            from_table=given.table,
            row_id=given.question_id,
            reason=given.flaw,
            detail=given.detail or "",
        )


def _entry(given: GivenQuestion, source_id: SourceId) -> Entry:
    assert given.answer is not None  # noqa: S101  a sound question has one
    return Entry(
        entry_id=given.question_id,
        source_id=source_id,
        name=given.name,
        task=given.task,
        question=given.question,
        options=given.options,
        answer=given.answer,
        start_us=given.start_us,
        end_us=given.end_us,
        pictures_us=given.pictures_us,
        labels=given.labels,
    )
