"""Problems: what the server answers when it cannot do what was asked, as RFC 9457 has it."""

import json
from collections.abc import Mapping
from http import HTTPStatus

CONTENT_TYPE = "application/problem+json"


class ProblemError(Exception):
    """Why a request gets no other answer: a status, and one line that says what, expected, got, what to do."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})

    def content(self) -> bytes:
        """The answer's body."""
        values = {"title": HTTPStatus(self.status).phrase, "status": self.status, "detail": self.detail}
        return json.dumps({"type": "about:blank"} | values).encode()


def busy(detail: str) -> ProblemError:
    """There is too much to do just now."""
    return ProblemError(503, f"{detail}; try again in a moment", headers={"Retry-After": "1"})
