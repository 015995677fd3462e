"""App: the server's page, its API, and what it says when something is wrong."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from mnistnet import __version__
from mnistnet.errors import OutputError
from mnistnet.pages import STYLE
from mnistnet.web.corrections import corrections
from mnistnet.web.problems import CONTENT_TYPE, ProblemError
from mnistnet.web.questions import questions
from mnistnet.web.site import Site

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}

NO_TELEMETRY: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)
"""New versions of FastAPI would tell others about requests where the environment says so; old ones ignore this."""


def make_app(site: Site) -> FastAPI:
    """The application, which answers with what site holds."""
    app = FastAPI(
        title="mnistnet",
        summary="Reads handwritten digits in pictures",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        lifespan=lambda _: site.pool.running(),
    )
    app.state.site = site
    if site.limits.friends:
        app.add_middleware(CORSMiddleware, allow_origins=site.limits.friends, allow_methods=["*"], allow_headers=["*"])
    app.include_router(questions)
    app.include_router(corrections)
    add_files(app)
    add_errors(app)
    return app


def add_files(app: FastAPI) -> None:
    """The page and what belongs to it: files of this package, all read now; no request names a file afterwards."""
    files = {path.name: path.read_bytes() for path in (*STATIC.iterdir(), STYLE) if path.suffix in KINDS}

    async def page() -> Response:
        return Response(files["index.html"], media_type=KINDS[".html"])

    async def static(name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        return Response(files[name], media_type=KINDS[Path(name).suffix])

    for path, answer in (("/", page), ("/static/{name}", static)):
        app.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)


def add_errors(app: FastAPI) -> None:
    """Errors of every kind as problems."""

    async def problem(_: Request, error: Exception) -> Response:
        told = as_problem(error)
        return Response(told.content(), told.status, told.headers, media_type=CONTENT_TYPE)

    for kind in (
        ProblemError,
        StarletteHTTPException,
        RequestValidationError,
        OutputError,
        ClientDisconnect,
        Exception,
    ):
        app.add_exception_handler(kind, problem)


def as_problem(error: Exception) -> ProblemError:
    """What is told of an error: nothing of where in the program it happened."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, StarletteHTTPException):
        return ProblemError(
            error.status_code, HTTP_DETAILS.get(error.status_code, str(error.detail)), headers=error.headers
        )
    if isinstance(error, RequestValidationError):
        return ProblemError(422, "; ".join(map(describe, error.errors())))
    if isinstance(error, ClientDisconnect):  # nobody is there to be told; it is for the log
        return ProblemError(400, "the request broke off")
    if isinstance(error, OutputError):
        return ProblemError(507, str(error))
    return ProblemError(500, "something went wrong in the server; its log says what")


HTTP_DETAILS = {
    404: "there is nothing at this address; GET /api/openapi.json lists what there is",
    405: "this address knows no such method; see the Allow header",
}


def describe(error: Any) -> str:
    """One error of validation on one line."""
    place = " ".join(map(str, error["loc"]))
    return f"{place}: {error['msg']}, got {json.dumps(error.get('input'), default=str):.60}"
