"""Great Expectations, behind one door."""

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemas.row import Row
from storage.quality_frames import pairs


class Suites:
    """One suite per table over pandas frames. Great Expectations takes seconds to import, so it waits until here."""

    def __init__(self, docs: Path) -> None:
        """``docs`` is the folder for Data Docs."""
        with _uncollected():
            import great_expectations as gx

        self._gx: Any = gx
        self._context: Any = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        for name in self._context.get_site_names():
            self._context.delete_data_docs_site(name)
        self._context.add_data_docs_site(site_name="version", site_config=_site(docs))
        self._source: Any = self._context.data_sources.add_pandas("version")
        self._definitions: dict[str, Any] = {}

    def begin(self, row_type: type[Row]) -> None:
        """Makes the suite of a table."""
        name, known = row_type.table, self._gx.expectations
        expectations = [getattr(known, kind)(**facts) for kind, facts in pairs(row_type)]
        suite = self._context.suites.add(self._gx.ExpectationSuite(name=name, expectations=expectations))
        rows = self._source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("rows")
        definition = self._gx.ValidationDefinition(name=name, data=rows, suite=suite)
        self._definitions[name] = self._context.validation_definitions.add(definition)

    def validate(self, row_type: type[Row], frame: Any) -> list[dict[str, Any]]:
        """One result per expectation for the rows of the frame, with the first keys and values that break it."""
        definition = self._definitions[row_type.table]
        found = definition.run(batch_parameters={"dataframe": frame}, result_format="BASIC")
        if not found.success:  # naming keys takes twice the time, so it is done only where there is something to name
            named = {"result_format": "SUMMARY", "unexpected_index_column_names": [row_type.key]}
            found = definition.run(batch_parameters={"dataframe": frame}, result_format=named)
        return [result.to_json_dict() for result in found.results]

    def write_docs(self) -> None:
        """Data Docs of everything that was validated: ``index.html`` and what it links to. Raises what hinders it."""
        with _raised("great_expectations.render.renderer.site_builder"):
            self._context.build_data_docs()


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage: among the many objects that an import makes for good it takes a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _raised(name: str) -> Iterator[None]:
    """Raises the error that this logger is told of: a page that cannot be written would only be left out."""

    def again(record: logging.LogRecord) -> bool:
        error = sys.exc_info()[1]
        if error is not None and record.levelno >= logging.ERROR:
            raise error
        return True

    logger = logging.getLogger(name)
    logger.addFilter(again)
    try:
        yield
    finally:
        logger.removeFilter(again)


def _site(docs: Path) -> dict[str, Any]:
    """A site of validation results alone: they show each expectation, so pages of expectations would say it twice."""
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "site_section_builders": {"expectations": "none", "profiling": "none"},
    }
