"""Nasty habits of modems, each by a name: switches of a `Profile` that can be put on one by one or all together.

What strikes now and then strikes a send by chance, seeded as the simulation is; the rest is there all the time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from simmodem.profiles import EmptySlot, Profile
from simmodem.terminal import UNRELATED_URCS

# How likely a mishap strikes any one send.
LIKELIHOOD = 0.015
# Of a memory for reports that a make does not have and a habit wants.
_REPORT_SLOTS = 5


def _mishap(kind: str) -> Mapping[str, Any]:
    return {"mishaps": {kind: LIKELIHOOD}}


NASTIES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "split-prompt": {"split_prompt": True},
        "extra-crs": {"extra_crs": 2},
        "bare-lf": {"bare_lf": True},
        "no-echo": {"echo": False},
        "echo": {"keeps_echo": True},
        "urcs": {"chatter": UNRELATED_URCS},
        "text-errors": {"cmee_levels": (2,), "cmee_default": 2},
        "no-error-numbers": {"cmee_levels": (0,)},
        "ok-only": _mishap("ok_only"),
        "early-reports": {"report_before_cmgs": True},
        "double-reports": {"duplicate_reports": True},
        "national-ra": {"national_ra": ("7", "8")},
        "mr-wrap": {"last_mr": 250},
        "constant-mr": {"constant_mr": 0},
        "ds-refused": {"cnmi_refused": frozenset({(3, 1), (3, 2)})},
        "cdsi-sm": {"cnmi_refused": frozenset({(3, 1)}), "report_memory": "SM"},
        "cdsi-sr": {"cnmi_refused": frozenset({(3, 1)}), "report_memory": "SR"},
        "base-0": {"index_base": 0},
        "empty-pdus": {"ghost_slots": (2, 4, 6), "empty_slot": EmptySlot.BLANK},
        "memory-full": {
            "memories": (("SM", 3), ("ME", 2), ("SR", 2)),
            "full_urc": "+SMS FULL",
            "full_blocks_sending": True,
        },
        "sim-busy": _mishap("sim_busy"),
        "pin-tries": {"sim_pin": "1234", "pin_tries_spent": 1},
        "reboot": _mishap("reboot_mid_send"),
        "lost": _mishap("lose_after_ctrl_z"),
        "no-answer": _mishap("mute_after_ctrl_z"),
        "mute": _mishap("hang_after_send"),
    }
)


def with_nasties(profile: Profile, names: Iterable[str]) -> Profile:
    """Put habits on a modem; what two of them set is as the later one wants it. Raises KeyError for an unknown name."""
    for name in names:
        profile = replace(profile, **{field: _put(profile, field, new) for field, new in NASTIES[name].items()})
    if profile.report_memory not in dict(profile.memories):
        profile = replace(profile, memories=(*profile.memories, (profile.report_memory, _REPORT_SLOTS)))
    return profile


def _put(profile: Profile, field: str, new: Any) -> Any:
    present = getattr(profile, field)
    return {**present, **new} if field == "mishaps" else present | new if field == "cnmi_refused" else new
