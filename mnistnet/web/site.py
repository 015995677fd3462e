"""Site: what the server answers with."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from mnistnet.model_file import Model
from mnistnet.web.desk import Answer, Job
from mnistnet.web.personal import PersonalSet
from mnistnet.web.settings import Limits
from mnistnet.web.workers import Pool


@dataclass(frozen=True)
class Site:
    """A model and its name, the processes that read with it, and the user's corrections."""

    model: Model
    name: str
    pool: Pool[Job, Answer]
    personal: PersonalSet
    limits: Limits
    weights: bytes
    """Of the model, packed for the browser."""


async def site_of(request: Request) -> Site:
    """The site that a request came to; asynchronous because FastAPI runs other functions in threads."""
    site: Site = request.app.state.site
    return site


Here = Annotated[Site, Depends(site_of)]
