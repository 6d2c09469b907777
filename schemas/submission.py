"""From pydantic's errors on a submitted event to the refusal's code and a text for the sender."""

from pydantic import ValidationError

from schemas.refusal import Refusal

_CODES = {
    "json_invalid": Refusal.MALFORMED,
    "dict_type": Refusal.MALFORMED,
    "model_attributes_type": Refusal.MALFORMED,
    "model_type": Refusal.MALFORMED,
    "union_tag_invalid": Refusal.UNSUPPORTED_TYPE,
    "timezone_aware": Refusal.TIME_WITHOUT_ZONE,
}


def refusal_of(error: ValidationError) -> tuple[Refusal, str]:
    """The code of the first fault, and where it is: field and reason."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    code = _CODES.get(first["type"], Refusal.INVALID)
    return code, (f"{where}: {first['msg']}" if where else first["msg"])[:500]
