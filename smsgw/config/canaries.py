"""What a canary needs of the modems: both its ends must be SIMs that are configured."""

from collections.abc import Iterable, Iterator

from smsgw.config.settings import CanaryConfig, ModemConfig


def wrong_ends(canary: CanaryConfig, modems: Iterable[ModemConfig]) -> Iterator[str]:
    """List what is wrong with the ends of a canary, each mistake beginning with its key."""
    key, configured = f"canaries.{canary.name}", {modem.name: modem for modem in modems}
    for end, name, slot in (
        ("from", canary.from_modem, canary.from_slot),
        ("to", canary.to_modem, canary.to_slot),
    ):
        if not name:
            yield f"{key}.{end}_modem: is missing; the name of a modem is needed"
        elif name not in configured:
            known = ", ".join(configured) or "none"
            yield f"{key}.{end}_modem: there is no [modems.{name}]; configured here: {known}"
        elif slot and slot not in (slots := [sim.slot for sim in configured[name].sims]):
            yield f"{key}.{end}_slot: modems.{name} has no SIM in slot {slot}, only in {', '.join(map(str, slots))}"
    if not canary.to_number:
        yield f"{key}.to_number: is missing; the number of the SIM that it goes to is needed"
