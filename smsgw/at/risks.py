"""Commands whose effect nobody can take back: what they cost, in words for whoever types them. Data and one look-up."""

import re

_TRIES = "gives the SIM a PIN or PUK; each wrong one counts, and the last one locks it"
_KEPT = "changes what the modem or the SIM keeps for good"

# By the line in capitals and without blanks; a test (`=?`) does nothing.
_RISKS = (
    (re.compile(r"(\+CPIN2?|\^CPIN|\+CLCK|\+CPWD|\+CSIM)=(?!\?)"), _TRIES),
    (re.compile(r"&W|\+CSAS|\+CRSM=2\d\d|\+(IPR|CSCA|CMGD|CPBW)=(?!\?)"), _KEPT),
    (
        re.compile(r"\^(NV\w*|U2DIAG|SETPORT|SYSCFG\w*)=(?!\?)|\+(QCFG|QPRTPARA|QNV\w*|CNMP|CUSBPIDSWITCH)=(?!\?)"),
        _KEPT,
    ),
)


def risk_of(line: str) -> str | None:
    """Say what cannot be undone about a command line, if anything: the rest of a sentence that begins with it."""
    plain = re.sub(r"\s", "", line.upper())
    return next((why for pattern, why in _RISKS if pattern.search(plain)), None)
