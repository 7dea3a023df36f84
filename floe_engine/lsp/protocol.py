"""What pygls leaves out of the protocol: every request has an answer, however wrong (LSP 3.17, JSON-RPC 2.0).

pygls drops a request whose parameters do not fit, and answers one that comes before ``initialize`` as
if it had itself broken. An editor would wait for the first for ever.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol


class Protocol(LanguageServerProtocol):
    """Takes a message as plain JSON, and only hands on what it is sure of."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Called for each object inside a message as well; the whole one is read in `handle_message`."""
        return data

    def handle_message(self, message: Any) -> None:
        """Answer a message, or do what it tells."""
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            self._refuse(message, types.ErrorCodes.InvalidRequest, "this is no message of JSON-RPC 2.0")
            return
        method = message.get("method")
        if type(message.get("id", 0)) not in (int, str) or type(message.get("method", "")) is not str:
            self._refuse(message, types.ErrorCodes.InvalidRequest, "its id or method is of another type")
            return
        if self._workspace is None and method not in (None, types.INITIALIZE, types.EXIT):
            self._refuse(message, types.ErrorCodes.ServerNotInitialized, "the server is not initialized yet")
            return
        try:
            structured = super().structure_message(message)
        except JsonRpcException as error:
            self._refuse(message, types.ErrorCodes.InvalidParams, f"{method}: {_reason(error)}")
            return
        super().handle_message(structured)

    def _refuse(self, message: Any, code: types.ErrorCodes, reason: str) -> None:
        """Say why to whoever waits for an answer; a notification has none."""
        if isinstance(message, dict) and "id" in message and "method" in message:
            known = type(message["id"]) in (int, str)
            error = types.ResponseError(code.value, reason)
            self._send_data(types.ResponseErrorMessage(message["id"] if known else None, error=error))


def _reason(error: BaseException) -> str:
    """The innermost cause: cattrs wraps one group of exceptions for each level of the parameters."""
    cause: BaseException | None = error.__cause__ or error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return str(cause)[:200]
