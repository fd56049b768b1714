# SPDX-License-Identifier: GPL-3.0-or-later
"""libcs3sim (sim/cs3sim.h) by ctypes."""

import ctypes
import functools
import json
import os
import warnings

try:
    from ._where import LIBRARY as _installed
except ImportError:  # not installed
    _installed = "libcs3sim.so.0"


class Error(Exception):
    """What the command line would say in one line. code: its exit status; key: of the option, or None."""

    def __init__(self, code, message, key=None):
        super().__init__(message)
        self.code, self.message, self.key = code, message, key


class Infeasible(Error):
    """Well asked, and the answer is no: the model does not fit the machine."""


class Cancelled(Error):
    """The progress function ended the call."""


class Note(UserWarning):
    """What the command line says beside a result."""


class _CError(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("message", ctypes.c_char_p), ("key", ctypes.c_char_p)]


_Failure = ctypes.POINTER(_CError)
_Progress = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64,
                             ctypes.c_uint64)
_Heard = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


def _load():
    library = ctypes.CDLL(os.environ.get("CS3SIM_LIBRARY") or _installed)
    context, failure = ctypes.c_void_p, ctypes.POINTER(_Failure)
    for name, result, arguments in [
            ("version", ctypes.c_char_p, []),
            ("open", context, [failure]),
            ("close", None, [context]),
            ("on_progress", None, [context, _Progress, ctypes.c_void_p]),
            ("on_note", None, [context, _Heard, ctypes.c_void_p]),
            ("call", ctypes.c_int, [context, ctypes.c_char_p, ctypes.c_char_p,
                                    ctypes.POINTER(ctypes.c_void_p),
                                    ctypes.POINTER(ctypes.c_size_t), failure]),
            ("error_free", None, [_Failure]),
            ("free", None, [ctypes.c_void_p])]:
        function = getattr(library, "cs3sim_" + name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()


def version():
    """The version of the library."""
    return _library.cs3sim_version().decode()


def _error(failure):
    code, message, key = failure.contents.code, failure.contents.message, failure.contents.key
    _library.cs3sim_error_free(failure)
    kind = {1: Infeasible, 130: Cancelled}.get(code, Error)
    return kind(code, message.decode(), key.decode() if key is not None else None)


class _Call:
    """One call: a context of its own, so that threads need not know of each other."""

    def __init__(self, progress):
        failure = _Failure()
        self.context = _library.cs3sim_open(ctypes.byref(failure))
        if not self.context:
            raise _error(failure)
        self.progress, self.notes, self.raised = progress, [], None
        self.functions = _Progress(self.hear), _Heard(lambda data, text: self.note(text))
        _library.cs3sim_on_progress(self.context, self.functions[0], None)
        _library.cs3sim_on_note(self.context, self.functions[1], None)

    def note(self, text):
        self.notes.append(text.decode())

    def hear(self, data, label, done, total):
        """Also what lets Ctrl-C through: an exception here ends the call."""
        try:
            if self.progress is None or label is None:
                return 0
            return 1 if self.progress(label.decode(), done, total) else 0
        except BaseException as raised:
            self.raised = raised
            return 1

    def run(self, command, request):
        record, size, failure = ctypes.c_void_p(), ctypes.c_size_t(), _Failure()
        _library.cs3sim_call(self.context, command, request, ctypes.byref(record),
                             ctypes.byref(size), ctypes.byref(failure))
        _library.cs3sim_close(self.context)
        if self.raised is not None:
            raise self.raised
        if failure:
            raise _error(failure)
        answer = ctypes.string_at(record, size.value)
        _library.cs3sim_free(record)
        return answer


def _plain(value):
    """What json does not know: NumPy's numbers, paths."""
    if hasattr(value, "item"):
        return value.item()
    return os.fspath(value)


def call(command, request=None, progress=None):
    """The bytes that `cs3sim COMMAND` prints for a request, a dict by the long names of its options."""
    try:
        text = json.dumps(request or {}, default=_plain, allow_nan=False)
    except (TypeError, ValueError) as wrong:
        raise Error(64, "the request is not JSON: %s" % wrong) from None
    running = _Call(progress)
    answer = running.run(command.encode(), text.encode())
    for note in running.notes:
        warnings.warn(note, Note, stacklevel=3)
    return answer


@functools.lru_cache(maxsize=None)
def _schema(command):
    return call("help", {"schema": True, "arguments": [command]})


def schema(command):
    """The JSON Schema of what a command takes, as a dict."""
    return json.loads(_schema(command))


@functools.lru_cache(maxsize=None)
def commands():
    """The names of all commands."""
    return tuple(row["name"] for row in json.loads(call("list", {"arguments": ["commands"]})))
