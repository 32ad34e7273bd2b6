"""Virtual GSM modems on ptys over a simulated SMS centre; shares no code with the gateway it tests.

In a test:

    async with VirtualModems(tmp_path, 2, rules=[Rule(recipient="+12025550123", error="+CMS ERROR: 21")]) as vm:
        open(vm.paths[0])                      # symlink to a raw pty; vm.paths[1] is the second modem
        vm.incoming(0, "Bank", "Код 4711")     # as many parts as it needs; letters make the sender alphanumeric
        vm.incoming_pdu(0, "0791…")            # any hex
        vm.fault(0, "reboot")                  # every kind is in `Fault`, and "unplug", "replug", "usb_reset"
        vm.fault(0, "mute", until="reset")     # what ends a fault is in `Cure`
        vm.network.ledger                      # list[LedgerEntry]: every part the network accepted
        vm.network.messages                    # list[LedgerMessage]: joined, once all parts are there
        vm.network.rules.append(Rule(nth=3, error="+CMS ERROR: 42"))
        vm.network.menu["*100#"] = Page(text="Balance: 5")   # what the network answers to a USSD code
        vm.network.dialled                     # list[tuple[int, str | None]]: by modem; None: it ended the session
        vm.modems[0].imei, vm.modems[0].iccid, vm.modems[0].state.sim.last_mr

`numbers=["+12025550123", "+12025550124"]` are those of the modems: what one sends to another's arrives there.
`observer=told` calls `told(0, Stage.PROMPT)` and so on, at every `Stage` that a modem reaches.
`bus=UsbBus(root)` plugs the modems into a USB bus: below `root` stand /sys and /dev as a computer with these sticks has
them, and `vm.fault(0, "replug", socket="1-1.7", number=8)` lets one return in another socket, as ttyUSB8 and the next.
With `stick=replace(EC25, spare=3)` they answer at two ports, and `vm.fault(0, "deafen")` leaves one of them.
`profile=Profile(…)` changes the make of modem, a PIN included; `FAMILIES["sim800"]` is one that there is, and
`with_nasties(profile, ["split-prompt"])` gives it nasty habits; `line=Line(…)` what the line does to bytes, and
`Line(baud=115200)` the time that they take. With `link_time=(1, 2)` AT+CMMS saves time, as `vm.network.airtimes` tells.
From a shell: `simmodem --help`.
"""

from simmodem.device import Fault
from simmodem.families import FAMILIES
from simmodem.ledger import LedgerEntry, LedgerMessage
from simmodem.menu import Page
from simmodem.modem import VirtualModem
from simmodem.nasties import NASTIES, with_nasties
from simmodem.network import Airtime, Network, Rule
from simmodem.profiles import GENERIC, CdsLength, EmptySlot, Profile, Smss, UssdOrder
from simmodem.pty_host import BYTES, SLOW, URCS, WHOLE, Line
from simmodem.stages import Stage
from simmodem.usb_bus import EC25, Stick, UsbBus
from simmodem.virtual import VirtualModems

__all__ = [
    "BYTES", "EC25", "FAMILIES", "GENERIC", "NASTIES", "SLOW", "URCS", "WHOLE", "Airtime", "CdsLength", "EmptySlot",
    "Fault", "LedgerEntry", "LedgerMessage", "Line", "Network", "Page", "Profile", "Rule", "Smss", "Stage", "Stick",
    "UsbBus", "UssdOrder", "VirtualModem", "VirtualModems", "with_nasties",
]  # fmt: skip
