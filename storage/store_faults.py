"""What goes wrong at a store: what may pass, and how it is told, in a line with a remedy and without any secret."""

from typing import Any

from schemas.errors import BadInput, RushesError, ToolDown

LONGEST = 240
# By name: the packages of stores are optional.
NO_KEYS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "NoAuthTokenError",
    "TokenRetrievalError",
    "ProfileNotFound",
    "DefaultCredentialsError",
}
NO_ANSWER = {"EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ClientConnectorError"}
FOR_GOOD = (PermissionError, IsADirectoryError, NotADirectoryError, TypeError, ValueError, NotImplementedError)
# Refusals that the same request may not meet again.
PASSING = {408, 409, 425, 429}
PASSING_CODES = {"BadDigest", "IncompleteBody", "RequestTimeout", "XAmzContentSHA256Mismatch", "RequestTimeTooSkewed"}
KEYS = (
    "credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE) or the AWS "
    "configuration, and must allow to get, put, list and delete below this address"
)


def code_of(error: BaseException) -> str:
    """The store's own word for the fault, where an S3 client knows it; else empty."""
    return str(_response(error).get("Error", {}).get("Code", ""))


def status_of(error: BaseException) -> int | None:
    """The HTTP status of the store's answer, where there was one."""
    status = _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", getattr(error, "status", None))
    return status if isinstance(status, int) else None


def _response(error: BaseException) -> dict[str, Any]:
    for one in (error, error.__cause__):
        found = getattr(one, "response", None)
        if isinstance(found, dict):
            return found
    return {}


def passes(error: BaseException) -> bool:
    """Whether the same call may succeed a little later."""
    if code_of(error) in PASSING_CODES:
        return True
    if isinstance(error, FOR_GOOD) or type(error).__name__ in NO_KEYS:
        return False
    status = status_of(error)
    return status is None or status >= 500 or status in PASSING


def told(error: BaseException, where: str) -> RushesError:
    """The fault as our own error, with the address and the remedy."""
    said = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST]
    if isinstance(error, PermissionError) or type(error).__name__ in NO_KEYS:
        return BadInput(f"{where}: the store does not let us in ({said}); {KEYS}")
    if type(error).__name__ in NO_ANSWER:
        return ToolDown(
            f"{where}: no answer ({said}); check the network and the endpoint (AWS_ENDPOINT_URL), "
            "then run the same command again"
        )
    if passes(error):
        return ToolDown(f"{where}: the store goes on failing ({said}); run the same command again later")
    return BadInput(f"{where}: the store cannot do this ({said}); correct the address, or choose another store")
