"""A recipe in memory, asking the rehearsal's teacher in this process: no run, no disk, no server."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from infra.rehearsal.asked import Asked, asked
from infra.rehearsal.chats import Answerer, Chats
from infra.rehearsal.mind import Mind
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Truth
from schemas.arrow import from_table, schema, to_table
from schemas.chat import NoReply, Picture, Reply, Request
from schemas.rejects import Reject
from schemas.row import Row, key_of
from stages.graph import Rows, typed
from stages.stage import Env


@dataclass
class Taught:
    """The teacher behind one model's name. What it plants is in ``planted``."""

    chats: Chats
    name: str
    planted: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    @property
    def model(self) -> str:
        return f"{self.name}@1"

    def __call__(self, requests: Sequence[Request]) -> Iterator[Reply | NoReply]:
        self.asked += requests
        return iter([self._said(request) for request in requests])

    def _said(self, request: Request) -> Reply | NoReply:
        outcome = self.chats.outcome(understood(request, self.name), 0)
        self.planted += outcome.planted
        [choice] = json.loads(outcome.sent.body)["choices"]
        said = choice["message"]
        if said["refusal"]:
            return NoReply(self.model, "refused", "it refuses", said["refusal"])
        assert request.form is not None
        try:
            value = request.form.model_validate_json(said["content"])
        except ValueError as wrong:
            return NoReply(self.model, "bad_reply", str(wrong), said["content"])
        return Reply(self.model, said["content"], value, tokens_in=1, tokens_out=1, cost_usd=None, repairs=0)


def understood(request: Request, model: str) -> Asked:
    """The request as the teacher would get it over the wire."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}}
    parts = [picture if isinstance(part, Picture) else {"type": "text", "text": part} for part in request.parts]
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "system", "content": request.system}, {"role": "user", "content": parts}],
        "temperature": request.temperature,
        "seed": request.sample,
    }
    if request.form:
        stored = {"name": request.form.__name__, "schema": json.loads(request.form.schema_text())}
        body["response_format"] = {"type": "json_schema", "json_schema": stored}
    return asked(json.dumps(body).encode(), lambda _: 0)


def taught(
    settings: Settings, truth: Truth, answerers: Mapping[str, Answerer], names: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Taught, ...]]:
    """For each role its models, of one teacher; defects are planted by the writer and the captioner alone."""

    def chats(role: str) -> Chats:
        made_by_it = role in ("captioner", "writer")
        own = settings if made_by_it else Settings(seed=settings.seed, models=settings.models)
        return Chats(own, Mind(own, truth), answerers, lambda: 0.0)

    return {role: tuple(Taught(chats(role), name) for name in models) for role, models in names.items()}


@dataclass
class Bench:
    """Makes tables of a recipe from tables that are given, in memory, each once."""

    recipe: Rows[Any]
    env: Env
    given: Mapping[str, Sequence[Row]]
    rejects: dict[str, list[Reject]] = field(default_factory=dict)
    _made: dict[str, list[Any]] = field(default_factory=dict)

    def rows(self, table: str) -> list[Any]:
        """The rows of the table, by key."""
        node = next(node for node in self.recipe.walk() if node.table == table)
        return self._rows(node)

    def _rows(self, node: Rows[Any]) -> list[Any]:
        if node.table in self.given:
            return list(self.given[node.table])
        if node.table not in self._made:
            for _, before in node.inputs:
                self._rows(before)
            found = self._staged(node) if node.stage else self._queried(node)
            self._made[node.table] = sorted(found, key=key_of)
        return self._made[node.table]

    def _staged(self, node: Rows[Any]) -> list[Any]:
        assert node.stage is not None
        rows = self._rows(node.inputs[0][1])
        group = node.stage.group_by or node.row_type.key

        def place(row: Row) -> tuple[str, str]:
            return str(getattr(row, group, "")), key_of(row)

        made = list(node.stage.run(sorted(rows, key=place), node.stage.open(self.env)))
        self.rejects[node.table] = [one for one in made if isinstance(one, Reject)]
        return [one for one in made if not isinstance(one, Reject)]

    def _queried(self, node: Rows[Any]) -> list[Any]:
        with duckdb.connect() as connection:
            for name, before in node.inputs:
                connection.register(name, to_table(before.row_type, self._rows(before)))
            made = connection.sql(f"SELECT {typed(node.row_type)} FROM ({node.sql}\n)").to_arrow_table()
        wanted = schema(node.row_type)
        columns = [made[column.name].cast(column.type) for column in wanted]
        return list(from_table(node.row_type, pa.Table.from_arrays(columns, schema=wanted)))
