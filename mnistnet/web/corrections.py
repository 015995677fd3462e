"""Corrections: drawings that the user says are something else than was read."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from mnistnet.web.answers import A_PNG, PROBLEMS, Correction, Corrections, Removed
from mnistnet.web.desk import Job
from mnistnet.web.forms import NAMELESS
from mnistnet.web.personal import LARGEST, LONGEST_LABEL, PNG, read_label
from mnistnet.web.problems import ProblemError
from mnistnet.web.settings import MEGABYTE
from mnistnet.web.site import Here

corrections = APIRouter(prefix="/api/corrections", responses=PROBLEMS)
NOT_THERE = "there is no correction of this id"
Label = Annotated[
    str, Query(min_length=1, max_length=4 * LONGEST_LABEL, description="a digit, or a class name of the user's own")
]


@corrections.get("", responses={200: {"model": Corrections}})
async def listed(site: Here) -> Response:
    """All corrections, and how many there are of each label."""
    entries = await run_in_threadpool(site.personal.entries)
    labels = dict(sorted(Counter(entry.label for entry in entries).items()))
    content = {"count": len(entries), "labels": labels, "entries": [entry._asdict() for entry in entries]}
    return JSONResponse(content)


@corrections.post("", status_code=201, responses={201: {"model": Correction}}, openapi_extra=A_PNG)
async def add(request: Request, site: Here, label: Label) -> Response:
    """Keep a drawing, a PNG, with its right label."""
    try:
        label = read_label(label)
    except ValueError as error:
        raise ProblemError(422, str(error)) from error
    picture = await request.body()
    if not picture.startswith(PNG):
        raise ProblemError(415, "expected a PNG as the body")
    if len(picture) > LARGEST:
        raise ProblemError(413, f"expected a drawing of at most {LARGEST / MEGABYTE:g} MB, got {len(picture):,} bytes")
    reading = await site.pool.ask(Job("read", picture, NAMELESS))
    if reading.error:
        raise ProblemError(reading.status, reading.error)
    drawing = await run_in_threadpool(site.personal.add, picture, label)
    return JSONResponse({"id": drawing, "label": label}, 201)


@corrections.delete("", responses={200: {"model": Removed}})
async def clear(site: Here) -> Response:
    """Remove all corrections."""
    return JSONResponse({"removed": await run_in_threadpool(site.personal.clear)})


@corrections.get("/{drawing}", responses={200: {"content": {"image/png": {}}}}, response_class=Response)
async def picture(site: Here, drawing: str) -> Response:
    """The drawing of a correction."""
    content = await run_in_threadpool(site.personal.picture, drawing)
    if content is None:
        raise ProblemError(404, NOT_THERE)
    return Response(content, media_type="image/png")


@corrections.delete("/{drawing}", responses={200: {"model": Removed}})
async def remove(site: Here, drawing: str) -> Response:
    """Remove a correction."""
    if not await run_in_threadpool(site.personal.remove, drawing):
        raise ProblemError(404, NOT_THERE)
    return JSONResponse({"removed": 1})
