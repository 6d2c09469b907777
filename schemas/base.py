"""The base of every contract."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A model at a border: unknown fields are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)
