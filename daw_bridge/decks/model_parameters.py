"""Rows of the parameter table that concern the model that plays."""

from __future__ import annotations

from daw_bridge.parameter import Arg, Parameter

MODEL_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "/bridge/model", "command",
        (
            Arg("name", "s", optional=True, default=""),
            Arg("when", "q", optional=True, default=""),
        ),
        takes="launch",
        doc="Let another model take over: it loads beside the one that plays, which plays on until the next "
        "line of the launch quantum, or of the quantum given, for which the new one is ready; a bar given by "
        "its number is waited for, and where it has passed the next one counts. Names are those that "
        "daw-bridge models lists, and folders in the folder models of the data folder. Acknowledged at once; "
        "answered on /bridge/model/done, or on /bridge/error, and then nothing has changed. A later wish "
        "replaces one that is on its way; cancel drops it. Without a name it answers with that of the model "
        "that plays.",
    ),
    Parameter(
        "/bridge/model/state", "readonly", (Arg("state", "s"), Arg("name", "s")),
        doc="none, loading, or waiting (for its line), and the name of the model that is to take over.",
    ),
)  # fmt: skip
