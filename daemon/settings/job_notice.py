"""What a scheduler may say of its jobs, as it comes over the wire.

What does not fit the form is refused with everything that is wrong with it at once; nothing is
guessed. `ridethrough schema job-notice` prints the form for whoever writes schedulers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic import ValidationError as Invalid

from daemon.model.commands import JobNotice
from daemon.model.quantities import MICROSECOND, SECOND
from daemon.settings.forms import Form, Positive

LARGEST: Final = 4096
"""Longer is no notice [bytes]."""


class _Notice(Form):
    """What every notice says."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, serialize_by_alias=True
    )

    version: Annotated[Literal[1], Field(alias="schema")]
    """Version of this form."""
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
    """Chosen by the scheduler; the same id again replaces what it said before."""


class JobForm(_Notice):
    """A job starts or stops at a time."""

    action: Literal["start", "stop"]
    at: AwareDatetime
    """When, with its offset from UTC, such as 2026-11-23T01:00:00Z."""
    power_w: Positive
    """By how much the power of all racks together changes then [W]."""


class CancelForm(_Notice):
    """What was said of a job is taken back."""

    action: Literal["cancel"]


_FORM: Final[TypeAdapter[JobForm | CancelForm]] = TypeAdapter(
    Annotated[JobForm | CancelForm, Field(discriminator="action")]
)


class NoticeError(ValueError):
    """What came is no notice.

    Attributes:
        name: of the reason, for programs: "too_large" or "schema".
    """

    def __init__(self, name: str, text: str) -> None:
        """Say in `text` all that is wrong."""
        super().__init__(text)
        self.name = name


def job_notice(payload: bytes, user: str) -> JobNotice:
    """Return what a scheduler has said.

    Args:
        payload: JSON text.
        user: who says it.

    Raises:
        NoticeError: it does not fit the form; with all that is wrong.
    """
    if len(payload) > LARGEST:
        raise NoticeError("too_large", f"{len(payload)} bytes, at most {LARGEST} are read")
    try:
        form = _FORM.validate_json(payload, strict=False)
    except Invalid as error:
        wrong = "; ".join(f"{_place(e['loc'])}: {e['msg']}" for e in error.errors())
        raise NoticeError("schema", wrong) from None
    if isinstance(form, CancelForm):
        return JobNotice(form.id, user, form.action, 0, 0.0)
    return JobNotice(form.id, user, form.action, _utc_ns(form.at), form.power_w)


def _place(where: tuple[int | str, ...]) -> str:
    return ".".join(map(str, where)) or "text"


def _utc_ns(at: datetime) -> int:
    """Return a time with an offset as wall clock, exact to the microsecond [ns]."""
    whole = int(at.replace(microsecond=0).timestamp())
    return whole * SECOND + at.microsecond * MICROSECOND


def form() -> dict[str, Any]:
    """Return the JSON Schema of a notice, without its head."""
    return _FORM.json_schema()
