# SPDX-License-Identifier: GPL-3.0-or-later
"""Predicts how fast a Cerebras CS-3 trains a sparse neural network, and why.

    import cs3sim
    result = cs3sim.run(model="llama7b", sparsity=0.7)
    print(result.speedup, result["bottleneck"])
    rows = cs3sim.sweep(model="gpt2-small", batch=8, sweep={"sparsity": [0, 0.5, 0.9]})

Every command of the program is a function: its options are keywords, with _ for -, its arguments positional;
cs3sim.commands() lists them, cs3sim.schema("run") says what each takes. A dict stands for options that are
KEY=VALUE: set={"io.rate": "2.4 Tb/s"}. progress=f calls f(label, done, total) meanwhile; what it returns, if true,
ends the call. Failures are cs3sim.Error, with .code and .key. Notes of the program are warnings (cs3sim.Note).
"""

from ._library import Cancelled, Error, Infeasible, Note, call, commands, schema, version
from ._results import Picture, Points, Record, answer

__version__ = version()
__all__ = ["Cancelled", "Error", "Infeasible", "Note", "Picture", "Points", "Record", "call",
           "commands", "schema", "version"]


def _function(command):
    def ask(*arguments, progress=None, **options):
        request = {name.replace("_", "-"): value for name, value in options.items()}
        if arguments:
            request["arguments"] = list(arguments)
        if command == "plot":
            request.setdefault("output-format", "svg")
        return answer(command, request, call(command, request, progress=progress))

    ask.__name__ = ask.__qualname__ = command
    properties = schema(command)["properties"]
    ask.__doc__ = "\n".join(
        [schema(command)["description"] + ".", ""]
        + ["%s: %s" % (name.replace("-", "_"), text["description"])
           for name, text in properties.items()])
    return ask


def __getattr__(name):
    """The commands are what the library has, also those that were added to it later."""
    if name.startswith("_") or name not in commands():
        raise AttributeError("module 'cs3sim' has no attribute '%s'" % name)
    function = globals()[name] = _function(name)
    return function


def __dir__():
    return sorted(set(globals()) | set(commands()))
