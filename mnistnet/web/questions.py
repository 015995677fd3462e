"""Questions: what can be asked about a picture and the model that reads it."""

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from mnistnet.reader import Reading
from mnistnet.web.answers import (
    ANY_PICTURE,
    ANY_PICTURES,
    BINARY,
    PROBLEMS,
    WEIGHTS,
    Health,
    Inside,
    ModelCard,
    ReadingAnswer,
)
from mnistnet.web.card import model_card
from mnistnet.web.desk import Job
from mnistnet.web.forms import NAMELESS, File, is_form, read_form
from mnistnet.web.problems import ProblemError
from mnistnet.web.site import Here, Site

questions = APIRouter(responses=PROBLEMS)
JSON = "application/json"
ONE_OR_MORE: Any = ReadingAnswer | list[ReadingAnswer]


@questions.post("/api/read", responses={200: {"model": ONE_OR_MORE}}, openapi_extra=ANY_PICTURES)
async def read(request: Request, site: Here, single: bool = False, seen: bool = False) -> Response:
    """Read a picture, or the pictures in a form; `single` takes all of a picture for one digit.

    With `seen` each part has an `image`, too: what the network saw, 28 x 28 pixels (or others, by the model's `side`),
    row by row.

    The answer is what `mnistnet predict --json` prints, for a form a list of it in the form's order, in which a picture
    that is not read has an `error`.
    """
    kind, task = request.headers.get("content-type", ""), "seen" if seen else "read"
    if not is_form(kind):
        return await answer(site, Job(task, await request.body(), NAMELESS, single))
    files = await read_form(kind, request.stream(), most=site.limits.parts)
    until = asyncio.get_running_loop().time() + site.limits.seconds
    answers = [await answer_part(site, task, file, single=single, until=until) for file in files]
    return Response(b"[" + b", ".join(answers) + b"]", media_type=JSON)


async def answer_part(site: Site, task: str, file: File, *, single: bool, until: float) -> bytes:
    """The answer about one of a form's pictures, none of which is begun after this time of the loop's."""
    reason = "there was no time left for it; send fewer pictures at once"
    if asyncio.get_running_loop().time() < until:
        try:
            return (await site.pool.ask(Job(task, file.content, file.name, single))).content
        except ProblemError as problem:
            reason = problem.detail
    return json.dumps(Reading(file.name, error=reason).as_json()).encode()


@questions.post("/api/inside", responses={200: {"model": Inside}}, openapi_extra=ANY_PICTURE)
async def inside(request: Request, site: Here, single: bool = False, prepared: bool = False) -> Response:
    """Read a picture, and show what goes on in the network at each digit; `single` takes all of it for one digit.

    A `prepared` picture, 28 x 28 pixels with white ink on black, is what the network sees, as it stands.

    `image` is what the network saw, `for_answer` and `for_runner_up` how much each of its pixels spoke for these, in
    nats, `needed.image` a picture that is read as the runner-up: each as many pixels as `image`, row by row.
    """
    if is_form(request.headers.get("content-type", "")):
        raise ProblemError(415, "expected the bytes of one picture as the body, got a form")
    task = "inside prepared" if prepared else "inside"
    return await answer(site, Job(task, await request.body(), NAMELESS, single))


@questions.get("/api/model", responses={200: {"model": ModelCard}})
async def model(site: Here) -> Response:
    """What reads: its claim, its network, what its answers are worth, and what it was trained on."""
    return JSONResponse(model_card(site.model, site.name))


@questions.get("/api/network", responses={200: WEIGHTS}, response_class=Response)
async def network(site: Here) -> Response:
    """The weights, for reading in the browser, as static/network.js unpacks them."""
    return Response(site.weights, media_type=BINARY)


@questions.head("/healthz", include_in_schema=False)
@questions.get("/healthz", responses={200: {"model": Health}})
async def health(site: Here) -> Response:
    """Whether the server answers, and how many pictures wait to be read."""
    return JSONResponse({"status": "ok", "waiting": site.pool.waiting})


async def answer(site: Site, job: Job) -> Response:
    """The answer about one picture. Raises ProblemError where it cannot be read."""
    status, content, error = await site.pool.ask(job)
    if error:
        raise ProblemError(status, error)
    return Response(content, media_type=JSON)
