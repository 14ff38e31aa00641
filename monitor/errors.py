"""The error tree. Every error that a person or a program meets has a stable code.

::

    MonitorError
    ├── InputError        bad input: the sender must act                  exit status 2
    │   ├── AudioError        a file or stream that cannot be read
    │   └── SessionOver       input for a call that has ended
    ├── ConfigError       bad settings: the operator must act             exit status 2
    │   ├── RuleErrors        one or more broken rule files
    │   ├── WeightsError      model files missing, damaged or unknown
    │   └── DeviceError       a sound device or its driver is missing
    ├── AccessError       who asks is not allowed to                      exit status 2
    └── RuntimeFault      the machine failed us                           exit status 3
        ├── EngineError       the speech engine failed
        └── StoreError        the database failed

Any other exception that leaves ``monitor`` is our bug. ``str(error)`` reads
``CODE where: what (hint)``; docs/errors.md lists every code.
"""


class MonitorError(Exception):
    """Root of everything this project raises on purpose."""

    code = "MON-000"
    exit_status = 3

    def __init__(self, what: str, *, where: str = "", hint: str = "", code: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        if code:
            self.code = code
        super().__init__(str(self))

    def __str__(self) -> str:
        where = f" {self.where}" if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.code}{where}: {self.what}{hint}"


class InputError(MonitorError):
    """What came in cannot be used; whoever sent it must act."""

    code = "INP-001"
    exit_status = 2


class AudioError(InputError):
    """A recording or stream that is damaged, empty or not what it says it is."""

    code = "AUD-001"


class SessionOver(InputError):  # noqa: N818 - a state, not a mishap
    """Something was fed to a call that has already ended."""

    code = "CALL-001"


class ConfigError(MonitorError):
    """Settings, rules or weights that cannot be used; the operator must act."""

    code = "CFG-001"
    exit_status = 2


class RuleErrors(ConfigError):  # noqa: N818 - it carries many
    """Every fault found in the rule files, all at once, each with its file and line."""

    code = "RULE-000"

    def __init__(self, faults: "list[RuleFault]") -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class RuleFault(ConfigError):  # noqa: N818 - one entry of RuleErrors
    """One fault in one rule file: ``where`` is ``path:line``."""

    code = "RULE-001"


class WeightsError(ConfigError):
    """Model files that are missing, damaged or unknown to the manifest."""

    code = "WGT-001"


class DeviceError(ConfigError):
    """PortAudio or a sound device is missing or busy."""

    code = "DEV-001"


class AccessError(MonitorError):
    """No token, a wrong token, or a role that may not do this."""

    code = "ACC-001"
    exit_status = 2


class RuntimeFault(MonitorError):  # noqa: N818
    """The machine, not the caller, failed."""

    code = "RUN-001"


class EngineError(RuntimeFault):
    """The speech engine failed. ``retryable=False`` means: stop, an operator must act."""

    code = "ENG-001"

    def __init__(self, what: str, *, retryable: bool = False, where: str = "", hint: str = "", code: str = "") -> None:
        self.retryable = retryable
        super().__init__(what, where=where, hint=hint, code=code)


class StoreError(RuntimeFault):
    """The database refused or lost its connection."""

    code = "STO-001"
