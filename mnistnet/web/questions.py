"""Questions: what can be asked about a picture and the model that reads it."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from mnistnet.web.answers import ANY_PICTURE, ANY_PICTURES, PROBLEMS, Health, Inside, ModelCard, ReadingAnswer
from mnistnet.web.card import model_card
from mnistnet.web.desk import Job
from mnistnet.web.forms import NAMELESS, is_form, read_form
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
    that cannot be read has an `error`.
    """
    kind, task = request.headers.get("content-type", ""), "seen" if seen else "read"
    if not is_form(kind):
        return await answer(site, Job(task, await request.body(), NAMELESS, single))
    files = await read_form(kind, body_of(request), most=site.limits.parts)
    answers = [await site.pool.ask(Job(task, file.content, file.name, single)) for file in files]
    return Response(b"[" + b", ".join(one.content for one in answers) + b"]", media_type=JSON)


@questions.post("/api/inside", responses={200: {"model": Inside}}, openapi_extra=ANY_PICTURE)
async def inside(request: Request, site: Here, single: bool = False) -> Response:
    """Read a picture, and show what goes on in the network at each digit.

    `image` is what the network saw, `for_answer` and `for_runner_up` how much each of its pixels spoke for these, in
    nats, `needed.image` a picture that is read as the runner-up: each as many pixels as `image`, row by row.
    """
    if is_form(request.headers.get("content-type", "")):
        raise ProblemError(415, "expected the bytes of one picture as the body, got a form")
    return await answer(site, Job("inside", await request.body(), NAMELESS, single))


@questions.get("/api/model", responses={200: {"model": ModelCard}})
async def model(site: Here) -> Response:
    """What reads: its claim, its network, what its answers are worth, and what it was trained on."""
    return JSONResponse(model_card(site.model, site.name))


@questions.get("/api/network", include_in_schema=False)
async def network(site: Here) -> Response:
    """The weights, for reading in the browser, as static/network.js unpacks them."""
    return Response(site.weights, media_type="application/octet-stream")


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


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The pieces of a request's body."""
    async for piece in request.stream():
        yield piece
