"""What queries have in common: moments, page sizes, names."""

from datetime import date, datetime, time
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from monitor.sinks.tables import timestamp


def _moment(text: str) -> str:
    """A date or time as the store compares it; one without a zone is the server's local time."""
    if not text:
        return ""
    try:
        if len(text) == len("2026-01-31"):
            return timestamp(datetime.combine(date.fromisoformat(text), time()).astimezone())
        return timestamp(datetime.fromisoformat(text).astimezone())
    except (ValueError, OverflowError):
        raise ValueError("not a date or an RFC 3339 time") from None


def today() -> str:
    """The last midnight where the server stands."""
    return timestamp(datetime.combine(datetime.now().astimezone().date(), time()).astimezone())


Moment = Annotated[str, Query(max_length=40), AfterValidator(_moment)]
Name = Annotated[str, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=1_000)]
