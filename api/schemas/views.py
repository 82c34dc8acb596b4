"""Saved views: what of a project somebody wants to see again."""

from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictStr
from typing_extensions import TypedDict

from api.schemas.base import Body, RunName, one_line

ViewName = RunName
QueryText = Annotated[StrictStr, Field(max_length=8000, description="the page's query string, without the ?"), AfterValidator(one_line)]
Shared = Annotated[StrictBool, Field(description="whether all who see the project see it, too")]


class NewView(Body):
    name: ViewName
    query: QueryText
    shared: Shared = False


class ViewPatch(Body):
    name: ViewName = ""
    query: QueryText = ""
    shared: Shared = False


class ViewShown(TypedDict):
    """`owner` is the name of the key that it belongs to, `mine` whether that is the caller's."""

    id: str
    name: str
    query: str
    shared: bool
    mine: bool
    owner: str
    created_at: str
    updated_at: str
