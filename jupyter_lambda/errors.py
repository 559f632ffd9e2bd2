"""Everything this package raises on purpose, and the one table of AWS codes and statuses.

    JupyterLambdaError
    ├── RequestError                     the caller's fault             InvalidParameterValueException 400
    │   ├── ValidationError              a value out of shape           ValidationException 400
    │   ├── InvalidRequestContent        an event that is not JSON      InvalidRequestContentException 400
    │   ├── Unparsable                   a value of another type        SerializationException 400
    │   ├── UnsupportedMedia             a body of another kind         UnsupportedMediaTypeException 415
    │   ├── RecursiveInvocation          functions call in a circle     RecursiveInvocationException 400
    │   ├── InvalidParameter             Logs: a value out of rules     InvalidParameterException 400
    │   ├── AlreadyExists                Logs: such a group is there    ResourceAlreadyExistsException 400
    │   ├── MissingParameter             CloudWatch: a value is missing MissingRequiredParameterException 400
    │   ├── ParametersConflict           CloudWatch: one excludes one   InvalidParameterCombinationException 400
    │   ├── InvalidNextToken             CloudWatch: not one of ours    InvalidNextToken 400
    │   ├── PolicyTooLong                a policy above the limit       PolicyLengthExceededException 400
    │   ├── NotFound                     no such thing                  ResourceNotFoundException 404
    │   │   ├── FunctionNotFound
    │   │   ├── VersionNotFound
    │   │   ├── AliasNotFound
    │   │   ├── InvocationNotFound
    │   │   ├── NoSuchOperation          no operation has this path     UnknownOperationException 404
    │   │   ├── ProvisionedNotFound                                     ProvisionedConcurrencyConfigNotFoundException 404
    │   │   └── CodeSigningNotFound                                     CodeSigningConfigNotFoundException 404
    │   ├── Conflict                     exists, or is in use           ResourceConflictException 409
    │   │   └── OwnedByAnotherNotebook   needs --take-over
    │   ├── RevisionMismatch             RevisionId is an older one     PreconditionFailedException 412
    │   ├── PayloadTooLarge              an event above the limit       RequestTooLargeException 413
    │   ├── PackageTooLarge              a package above the limit      RequestEntityTooLargeException 413
    │   ├── Throttled                    no room now, try again         TooManyRequestsException 429
    │   ├── AccessDenied                 token or signature             AccessDeniedException 403
    │   │   ├── NoSignature              none was sent                  MissingAuthenticationTokenException 403
    │   │   ├── IncompleteSignature      a part is missing              IncompleteSignatureException 403
    │   │   ├── UnknownAccessKey         not one of ours                UnrecognizedClientException 403
    │   │   └── WrongSignature           another key, too old           InvalidSignatureException 403
    │   ├── InvalidRuntime               no interpreter for it          InvalidRuntimeException 502
    │   ├── CodeVerificationFailed       signed code only               CodeVerificationFailedException 400
    │   └── InvalidZip                   a package that can't be read   InvalidZipFileException 502
    ├── CaptureError                     the cell could not become a package; never sent to a server
    └── PlatformError                    ours                           ServiceException 500
        ├── StoreError                   the home can't be read or written
        │   ├── DiskFull
        │   ├── CorruptBlob
        │   └── NewerHome                the home was written by a newer version
        ├── SandboxError                 an environment could not be made
        │   ├── SandboxLost              it was there and is gone
        │   └── ImageBuildFailed         its image could not be made
        └── EngineUnavailable            the engine can't be reached or started

A function that raises, exits, runs out of memory or times out is **not** an exception here: it is an outcome, data that
`Invocation` carries. This module stands at the bottom and imports nothing of the package.
"""

from __future__ import annotations

import linecache
import sysconfig
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"  # no red: dark notebooks show it on red
_PACKAGE: Final = str(Path(__file__).parent)
_LIBRARIES: Final = tuple({sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")})
_SHELL: Final = frozenset({"IPython", "ipykernel"})


class JupyterLambdaError(Exception):
    """Where it happened, what happened, and what to try.

    Args:
        where: The thing the error is about, e.g. `function "resize"`.
        what: What happened, a clause without a full stop.
        suggestion: A whole sentence that says what to do next; may be empty.
        aws_message: The text AWS answers for this, where AWS has one; the Lambda API uses it instead of ours.
        members: Further members of AWS's error body, e.g. `{"Reason": …}`.
    """

    def __init__(
        self,
        where: str,
        what: str,
        suggestion: str = "",
        *,
        aws_message: str | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{where}: {what}. {suggestion}".rstrip())
        self.where, self.what, self.suggestion = where, what, suggestion
        self.aws_message = aws_message
        self.members = dict(members or {})

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a stack: our own frames teach nothing about what to do next.

        Source: IPython/core/interactiveshell.py, `showtraceback`. Outside IPython the exception reads as any other.
        """
        lines = [f"{BOLD}{self.where}{RESET}: {self.what.rstrip('.')}."]
        if self.suggestion:
            lines.append(f"{DIM}→{RESET} {self.suggestion}")
        return [*lines, *callers(self)]


class RequestError(JupyterLambdaError):
    """The caller asked for something that can't be."""


class ValidationError(RequestError):
    """A value does not fit the shape that AWS's service model gives it."""


class InvalidRequestContent(RequestError):
    """The body of an invocation is not JSON."""


class Unparsable(RequestError):
    """A request's value is of another type than its operation's."""


class UnsupportedMedia(RequestError):
    """The body is of a kind that the operation does not take."""


class RecursiveInvocation(RequestError):
    """Functions call each other in a circle."""


class InvalidParameter(RequestError):
    """A value that CloudWatch Logs does not take."""


class AlreadyExists(RequestError):
    """A log group of this name exists."""


class MissingParameter(RequestError):
    """A value that CloudWatch needs is missing."""


class ParametersConflict(RequestError):
    """Two values that CloudWatch does not take together."""


class InvalidNextToken(RequestError):
    """A token that CloudWatch did not give out."""


class PolicyTooLong(RequestError):
    """A resource policy is above the limit."""


class NotFound(RequestError):
    """No such thing."""


class FunctionNotFound(NotFound):
    """No function of that name."""


class VersionNotFound(NotFound):
    """The function has no such version."""


class AliasNotFound(NotFound):
    """The function has no such alias."""


class InvocationNotFound(NotFound):
    """No invocation of that id is running or kept."""


class NoSuchOperation(NotFound):
    """No operation of an AWS API has this method and path."""


class ProvisionedNotFound(NotFound):
    """The version or alias has no provisioned concurrency."""


class CodeSigningNotFound(NotFound):
    """There is no such code signing configuration."""


class Conflict(RequestError):
    """It exists already, is in use, or is being changed."""


class OwnedByAnotherNotebook(Conflict):
    """Another notebook deployed this name; `--take-over` says that this one may have it."""


class RevisionMismatch(RequestError):
    """`RevisionId` names an older state."""


class PayloadTooLarge(RequestError):
    """An event is above Lambda's limit."""


class PackageTooLarge(RequestError):
    """A deployment package is above the limit."""


class Throttled(RequestError):
    """No room for another concurrent invocation now."""


class AccessDenied(RequestError):
    """Token or signature is missing or wrong."""


class NoSignature(AccessDenied):
    """The request carries no credentials."""


class IncompleteSignature(AccessDenied):
    """A part of the signature is missing or can't be read."""


class UnknownAccessKey(AccessDenied):
    """The access key is not one of the engine's."""


class WrongSignature(AccessDenied):
    """The signature is another than the engine's key makes, or too old."""


class InvalidRuntime(RequestError):
    """No interpreter of this machine serves the function's runtime."""


class CodeVerificationFailed(RequestError):
    """The function takes signed code only."""


class InvalidZip(RequestError):
    """The deployment package can't be read."""


class CaptureError(JupyterLambdaError):
    """A cell or a callable could not become a deployment package; nothing was deployed."""


class PlatformError(JupyterLambdaError):
    """Our fault, or the machine's."""


class StoreError(PlatformError):
    """The engine's home can't be read or written."""


class DiskFull(StoreError):
    """No space is left in the engine's home."""


class CorruptBlob(StoreError):
    """A stored package is not what was stored: its checksum differs."""


class NewerHome(StoreError):
    """The home was written by a newer version of jupyter-lambda."""


class SandboxError(PlatformError):
    """An execution environment could not be made."""


class SandboxLost(SandboxError):
    """An execution environment was there and is gone through no fault of the function."""


class ImageBuildFailed(SandboxError):
    """The image that an execution environment starts from could not be made."""


class EngineUnavailable(PlatformError):
    """The engine can't be reached, or could not be started."""


class AwsCode(NamedTuple):
    """How AWS names an error, and its HTTP status."""

    code: str
    status: HTTPStatus


AWS_CODES: Mapping[type[JupyterLambdaError], AwsCode] = {
    RequestError: AwsCode("InvalidParameterValueException", HTTPStatus.BAD_REQUEST),
    ValidationError: AwsCode("ValidationException", HTTPStatus.BAD_REQUEST),
    InvalidRequestContent: AwsCode("InvalidRequestContentException", HTTPStatus.BAD_REQUEST),
    Unparsable: AwsCode("SerializationException", HTTPStatus.BAD_REQUEST),
    UnsupportedMedia: AwsCode("UnsupportedMediaTypeException", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    RecursiveInvocation: AwsCode("RecursiveInvocationException", HTTPStatus.BAD_REQUEST),
    InvalidParameter: AwsCode("InvalidParameterException", HTTPStatus.BAD_REQUEST),
    AlreadyExists: AwsCode("ResourceAlreadyExistsException", HTTPStatus.BAD_REQUEST),
    MissingParameter: AwsCode("MissingRequiredParameterException", HTTPStatus.BAD_REQUEST),
    ParametersConflict: AwsCode("InvalidParameterCombinationException", HTTPStatus.BAD_REQUEST),
    InvalidNextToken: AwsCode("InvalidNextToken", HTTPStatus.BAD_REQUEST),
    PolicyTooLong: AwsCode("PolicyLengthExceededException", HTTPStatus.BAD_REQUEST),
    NotFound: AwsCode("ResourceNotFoundException", HTTPStatus.NOT_FOUND),
    NoSuchOperation: AwsCode("UnknownOperationException", HTTPStatus.NOT_FOUND),
    ProvisionedNotFound: AwsCode("ProvisionedConcurrencyConfigNotFoundException", HTTPStatus.NOT_FOUND),
    CodeSigningNotFound: AwsCode("CodeSigningConfigNotFoundException", HTTPStatus.NOT_FOUND),
    Conflict: AwsCode("ResourceConflictException", HTTPStatus.CONFLICT),
    RevisionMismatch: AwsCode("PreconditionFailedException", HTTPStatus.PRECONDITION_FAILED),
    PayloadTooLarge: AwsCode("RequestTooLargeException", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    PackageTooLarge: AwsCode("RequestEntityTooLargeException", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    Throttled: AwsCode("TooManyRequestsException", HTTPStatus.TOO_MANY_REQUESTS),
    AccessDenied: AwsCode("AccessDeniedException", HTTPStatus.FORBIDDEN),
    NoSignature: AwsCode("MissingAuthenticationTokenException", HTTPStatus.FORBIDDEN),
    IncompleteSignature: AwsCode("IncompleteSignatureException", HTTPStatus.FORBIDDEN),
    UnknownAccessKey: AwsCode("UnrecognizedClientException", HTTPStatus.FORBIDDEN),
    WrongSignature: AwsCode("InvalidSignatureException", HTTPStatus.FORBIDDEN),
    InvalidRuntime: AwsCode("InvalidRuntimeException", HTTPStatus.BAD_GATEWAY),
    CodeVerificationFailed: AwsCode("CodeVerificationFailedException", HTTPStatus.BAD_REQUEST),
    InvalidZip: AwsCode("InvalidZipFileException", HTTPStatus.BAD_GATEWAY),
    PlatformError: AwsCode("ServiceException", HTTPStatus.INTERNAL_SERVER_ERROR),
}


def aws_code(error: JupyterLambdaError) -> AwsCode:
    """Return the nearest entry of the table on the way from the error's class up to the root."""
    for cls in type(error).__mro__:
        if cls in AWS_CODES:
            return AWS_CODES[cls]
    return AWS_CODES[PlatformError]


def error_classes() -> dict[str, type[JupyterLambdaError]]:
    """Every error class by its name: how a client turns an answer back into the error that was raised."""
    found: dict[str, type[JupyterLambdaError]] = {}
    todo: list[type[JupyterLambdaError]] = [JupyterLambdaError]
    while todo:
        cls = todo.pop()
        found[cls.__name__] = cls
        todo.extend(cls.__subclasses__())
    return found


def callers(error: BaseException) -> list[str]:
    """From where in the reader's own code an error came, for its rendering; nothing where a magic's line did it.

    `PayloadTooLarge from Cell In[6], line 2: resize(photo)`, then the functions in between, outermost first.
    """
    places: list[str] = []
    step: TracebackType | None = error.__traceback__
    while step is not None and not step.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        if step.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in _SHELL:
            places.extend([_place(step)] if _is_readers(step.tb_frame.f_code.co_filename) else [])
        elif places:  # the shell called by a cell: a magic
            return []
        step = step.tb_next
    return ["", *(f"{DIM}{type(error).__name__} from{RESET} {place}" for place in places[:1]), *places[1:]] if places else []


def _is_readers(path: str) -> bool:
    """Whether the reader wrote a file: a cell, a module of theirs; not pandas, through which a call may go."""
    return not any(path.startswith(folder) for folder in _LIBRARIES) and bool(linecache.getlines(path))


def _place(step: TracebackType) -> str:
    code = step.tb_frame.f_code
    source = linecache.getline(code.co_filename, step.tb_lineno).strip()
    inside = "" if code.co_name == "<module>" else f", in {code.co_name}"
    return f"{_file(code.co_filename)}, line {step.tb_lineno}{inside}{f': {source}' if source else ''}"


def _file(path: str) -> str:
    """A file's name as IPython says it: `Cell In[5]` for what stands in a cell."""
    from IPython.core.getipython import get_ipython  # only IPython comes here

    shell = get_ipython()
    named = shell.compile.format_code_name(path) if shell is not None else None
    return " ".join(named) if named else path
