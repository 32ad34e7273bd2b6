"""The whole virtual modem, sans-IO: bytes in, bytes out, timers on the agenda; the same input gives the same output."""

from collections.abc import Callable, Sequence
from typing import Any

from simmodem import codec
from simmodem.agenda import Agenda
from simmodem.command import PENDING, Command, Entry, Needs, cme_error, cms_error, parse
from simmodem.device import BOOT_S, SEND_FAULTS, Answer, Device, Fault, PlannedFault
from simmodem.equipment import CmeError, CmsError, CommandError, Registration
from simmodem.general_commands import GENERAL_COMMANDS
from simmodem.illness import Cure
from simmodem.network import Network
from simmodem.profiles import Profile
from simmodem.sim import Identity, SimState
from simmodem.sms_commands import SMS_COMMANDS, SMS_FAULTS
from simmodem.stages import ANSWERED, Stage
from simmodem.ussd_commands import USSD_COMMANDS

COMMANDS: dict[str, Entry] = GENERAL_COMMANDS | SMS_COMMANDS | USSD_COMMANDS

# What a locked SIM is answered with: (+CME ERROR, +CMS ERROR).
LOCKED = {SimState.ABSENT: (10, 310), SimState.PIN: (11, 311), SimState.PUK: (12, 316), SimState.BLOCKED: (13, 313)}


class VirtualModem(Device):
    """A modem to feed with bytes; `take_output` gives what it writes, the agenda says when it has more."""

    def __init__(
        self,
        *,
        index: int,
        profile: Profile,
        network: Network,
        agenda: Agenda,
        seed: int = 0,
        noise: bool = False,
    ) -> None:
        identity = Identity.of(seed, index)
        super().__init__(
            index=index, identity=identity, profile=profile, network=network, agenda=agenda, seed=seed, noise=noise
        )
        self.terminal.on_line = self._run_line
        self.terminal.on_body = self._run_body
        self.terminal.on_final = self._note_final
        self._last_final = -profile.command_gap_s

    def feed(self, data: bytes) -> None:
        """Take bytes the computer wrote."""
        self.overhear(data)
        self.terminal.feed(data)

    def take_output(self) -> list[bytes]:
        """Take the bytes to write to the computer; a short pause belongs between two items."""
        return self.terminal.take_output()

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _run_line(self, line: str) -> None:
        spelled = line.upper()
        is_hasty = self.state.agenda.now - self._last_final < self.profile.command_gap_s
        if is_hasty or spelled.partition("=")[0] in self.profile.unanswered:
            self.terminal.drop()
        else:
            self._guard(lambda: self._run_all(line), ANSWERED.get(spelled.partition("=")[0]), spelled)

    def _note_final(self) -> None:
        self._last_final = self.state.agenda.now

    def _run_body(self, body: str | None) -> None:
        action, self.body_expected = self.body_expected, None
        if body is None or action is None:
            self.terminal.final(self.profile.escape_answer)
        else:
            self._guard(lambda: action(body))

    def _guard(self, action: Callable[[], Answer], answered: Stage | None = None, spelled: str = "") -> None:
        """Write the answer of an action and its final result, or the error it ends with; an OK reaches `answered`."""
        level = self.state.settings.cmee
        try:
            lines = action()
        except CmsError as error:
            self.terminal.final(cms_error(error.code, level))
        except codec.PduError as error:
            self.terminal.final(cms_error(error.cms, level))
        except tuple(SMS_FAULTS) as error:
            self.terminal.final(cms_error(SMS_FAULTS[type(error)], level))
        except CmeError as error:
            self.terminal.final(cme_error(error.code, level))
        except CommandError:
            unknown = self.profile.unknown_command
            self.terminal.final(cme_error(unknown, level) if isinstance(unknown, int) else unknown)
        else:
            if lines is not None:
                self._write_answer(lines)
                self.terminal.drop() if spelled in self.profile.forgets_ok else self.terminal.final("OK")
                if answered is not None:
                    self.terminal.on_stage(answered)

    def _run_all(self, line: str) -> Answer:
        commands = parse(line)
        for command in commands[:-1]:
            lines = self._run(command)
            if lines is None:
                return None
            self._write_answer(lines)
        return self._run(commands[-1]) if commands else []

    def _write_answer(self, lines: list[str]) -> None:
        for place, line in enumerate(lines):
            self.terminal.info(line, continues=place > 0)

    def _run(self, command: Command) -> Answer:
        spelled = _spelled(command)
        if spelled == self.profile.chatter_off:
            self.terminal.chatters = False
            return []
        if (fixed := self.profile.answers.get(spelled)) is not None:
            return [line.format_map(self.facts) for line in fixed]
        if spelled in self.profile.slot_commands:
            self.state.use_slot(self.profile.slot_commands.index(spelled))
            return []
        query, answers = self.profile.slot_query
        if self.profile.slot_commands and spelled == query:
            return [answers[self.state.slot]]
        if spelled in self.profile.reset_commands:
            self.terminal.final("OK")
            self.reboot()
            return PENDING
        entry = COMMANDS.get(command.name)
        if entry is None or command.name in self.profile.unknown:
            raise CommandError
        self._demand(entry.needs)
        return entry.handler(self, command)

    def _demand(self, needs: Needs) -> None:
        if needs is Needs.NOTHING:
            return
        sim = self.state.sim
        codes = self.profile.busy_errors if sim.is_busy(self.state.agenda.now) else None
        if codes is None and needs is not Needs.CARD:
            codes = LOCKED.get(sim.state)
        if codes is not None:
            raise CmsError(codes[1]) if needs is Needs.MESSAGES else CmeError(codes[0])

    # ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────

    def fault(
        self,
        kind: str,
        *,
        n: int = 1,
        after: int = 0,
        code: int = 500,
        stat: int | None = None,
        seconds: float = 0.0,
        down_s: float = BOOT_S,
        reaches_network: bool = False,
        until: str | None = None,
        bearer: int = 2,
        lines: Sequence[str] = (),
    ) -> None:
        """Make something go wrong; raises ValueError for a kind that does not exist.

        `n` sends (or SIM commands) are concerned, after `after` good ones. `code` is the +CMS ERROR to answer;
        `reaches_network` lets a lost message use up its reference, one cut off by a reboot be accepted; `stat` is the
        <stat> of +CREG; `seconds` and `down_s` say how long the SIM is busy or the modem hangs and the restart takes;
        `lines` is the URC. `until` is the name of a `Cure`: what ends the fault. `bearer` is the number that AT+CGSMS
        must be given.
        """
        cure = None if until is None else Cure.named(until)
        chosen = Fault(kind)
        if chosen in SEND_FAULTS:
            planned = PlannedFault(
                kind=chosen,
                code=code,
                reaches_network=reaches_network,
                down_s=down_s,
                until=cure or Cure.POWER,
                seconds=seconds,
            )
            self.send_faults.extend([None] * after + [planned] * n)
            return
        actions: dict[Fault, Callable[[], Any]] = {
            Fault.MUTE: lambda: self.hang(cure or Cure.POWER),
            Fault.UNMUTE: self.speak_again,
            Fault.REBOOT: lambda: self.reboot(down_s),
            Fault.DEREGISTER: lambda: self._lose_network(Registration.SEARCHING if stat is None else stat, cure),
            Fault.REGISTER: lambda: self._cover(Registration.HOME if stat is None else Registration(stat)),
            Fault.DATA_ONLY: lambda: self._lose_all_but_data(Registration.SEARCHING if stat is None else stat, bearer),
            Fault.FAIL: lambda: self._fail_sends(code, cure or Cure.RESET),
            Fault.INTERJECT: lambda: self.terminal.interjections.extend([None] * after + [tuple(lines)]),
            Fault.SIM_BUSY: lambda: self._keep_sim_busy(n, seconds),
            Fault.PIN_TRIES: lambda: setattr(self.state.sim, "pin_tries", n),
        }
        actions[chosen]()

    def _cover(self, coverage: Registration) -> None:
        self.state.change(lambda: setattr(self.state, "coverage", coverage))

    def _lose_network(self, stat: int, until: Cure | None) -> None:
        self._cover(Registration(stat))
        if until is not None:
            self.state.reach = Registration(stat)
            self.illnesses.fall_ill(until, self._find_network)

    def _find_network(self) -> None:
        self.state.reach = Registration.HOME
        self._cover(Registration.HOME)

    def _lose_all_but_data(self, stat: int, bearer: int) -> None:
        self.state.data_until_bearer = bearer
        self._cover(Registration(stat))

    def _fail_sends(self, code: int, until: Cure) -> None:
        self.fails_with = code
        self.illnesses.fall_ill(until, lambda: setattr(self, "fails_with", None))

    def _keep_sim_busy(self, commands: int, seconds: float) -> None:
        if seconds:
            self.state.sim.busy_until = self.state.agenda.now + seconds
        else:
            self.state.sim.busy_commands += commands


def _spelled(command: Command) -> str:
    suffix = {"READ": "?", "TEST": "=?", "SET": "=" + ",".join(command.args), "EXECUTE": "".join(command.args)}
    return command.name + suffix[command.form.name]
