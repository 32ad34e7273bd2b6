"""Commands that concern no message: the line, identity, SIM, registration, signal (V.250 §6, TS 27.007)."""

from simmodem.command import PENDING, Command, Entry, Form, Handler, Needs
from simmodem.device import Answer, Device
from simmodem.equipment import REGISTRATION_COMMANDS, CmeError, CommandError, Registration
from simmodem.illness import Cure
from simmodem.sim import SimState

NETWORK_NAME, NETWORK_NUMBER = "Simnet", "00101"
CHARACTER_SETS = ("GSM", "IRA", "UCS2")


def _fixed(*lines: str) -> Handler:
    return lambda device, command: list(lines)


def _switch(attribute: str) -> Handler:
    def handler(device: Device, command: Command) -> Answer:
        value = command.number(0, 0)
        if value not in (0, 1):
            raise CommandError
        if attribute != "echo" or not device.profile.keeps_echo:
            setattr(device.terminal, attribute, bool(value))
        return []

    return handler


def _reset(device: Device, command: Command) -> Answer:
    device.state.forget_settings()
    device.terminal.echo = device.profile.echo
    device.terminal.verbose, device.terminal.quiet = True, False
    return []


def _register(device: Device, command: Command) -> Answer:
    """S10, the automatic disconnect delay, which a restart sets back (V.250 §6.3.12)."""
    if command.form is Form.READ:
        return [f"{device.state.settings.s10:03}"]
    if not 1 <= (value := command.number(0)) <= 254:
        raise CommandError
    device.state.settings.s10 = value
    return []


def setting(attribute: str, allowed: range) -> Handler:
    """Make the command that reads and sets one number of the settings."""

    def handler(device: Device, command: Command) -> Answer:
        if command.form is Form.TEST:
            return [f"{command.name}: ({allowed.start}-{allowed.stop - 1})"]
        if command.form is Form.READ:
            return [f"{command.name}: {getattr(device.state.settings, attribute)}"]
        value = command.number(0)
        if command.form is Form.EXECUTE or value not in allowed:
            raise CommandError
        setattr(device.state.settings, attribute, value)
        return []

    return handler


def _error_level(device: Device, command: Command) -> Answer:
    levels = device.profile.cmee_levels
    if command.form is Form.TEST:
        return [f"+CMEE: ({','.join(map(str, levels))})"]
    if command.form is Form.READ:
        return [f"+CMEE: {device.state.settings.cmee}"]
    if (level := command.number(0, 0)) not in levels:
        raise CommandError
    device.state.settings.cmee = level
    return []


def _manufacturer(device: Device, command: Command) -> Answer:
    return [device.profile.manufacturer]


def _model(device: Device, command: Command) -> Answer:
    return [device.profile.model]


def _revision(device: Device, command: Command) -> Answer:
    return [device.profile.revision]


def _imei(device: Device, command: Command) -> Answer:
    return [device.imei]


def _identify(device: Device, command: Command) -> Answer:
    if device.profile.identification:
        return list(device.profile.identification)
    return [device.profile.manufacturer, device.profile.model, f"Revision: {device.profile.revision}"]


def _imsi(device: Device, command: Command) -> Answer:
    return [device.state.identity.imsi]


def _iccid(device: Device, command: Command) -> Answer:
    return [f"{command.name}: {device.iccid}"]


def _pin(device: Device, command: Command) -> Answer:
    sim = device.state.sim
    if sim.state is SimState.ABSENT:
        raise CmeError(10)
    if sim.state is SimState.BLOCKED:
        raise CmeError(13)
    if command.form is Form.READ:
        return [f"+CPIN: {sim.state}"]
    if command.form is not Form.SET or not all(4 <= len(a) <= 8 and a.isdecimal() for a in command.args):
        raise CmeError(50)
    if sim.state is SimState.READY:
        raise CmeError(3)
    device.state.change(lambda: _unlock(device, command))
    sim.busy_commands = device.profile.sim_busy_after_pin
    sim.busy_until = device.state.agenda.now + device.profile.sim_busy_s
    device.announce(*device.profile.sms_ready_urcs)
    return []


def _unlock(device: Device, command: Command) -> None:
    sim = device.state.sim
    if sim.state is SimState.PUK:
        if len(command.args) != 2:
            raise CmeError(12)
        accepted = sim.enter_puk(*command.args)
    elif len(command.args) == 1:
        accepted = sim.enter_pin(command.args[0])
    else:
        raise CmeError(3)
    if not accepted:
        raise CmeError(16)


def _csim(device: Device, command: Command) -> Answer:
    if not device.profile.answers_csim or command.form is Form.READ:
        raise CommandError
    if command.form is Form.TEST:
        return []
    if len(command.args) != 2 or command.number(0) != len(command.args[1]):
        raise CmeError(50)
    words = device.state.sim.answer_apdu(command.args[1].upper())
    return [f'+CSIM: {len(words)},"{words}"']


def _crsm(device: Device, command: Command) -> Answer:
    if command.form is not Form.SET:
        raise CommandError
    if command.number(0) != 176:
        return ["+CRSM: 109,0"]
    content = device.state.sim.read_binary(command.number(1))
    if content is None:
        return ["+CRSM: 148,4"]
    start, length = command.number(2, 0) << 8 | command.number(3, 0), command.number(4, 0)
    if start + length > len(content):
        return ["+CRSM: 103,0"]
    return [f'+CRSM: 144,0,"{content[start : start + (length or len(content))].hex().upper()}"']


def _facility_lock(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return ['+CLCK: ("SC")']
    if command.args[:1] != ("SC",) or command.number(1) != 2:
        raise CmeError(4)
    return [f"+CLCK: {int(device.state.sim.pin is not None)}"]


def _registration(device: Device, command: Command) -> Answer:
    modes = device.state.settings.registration_urcs
    if command.form is Form.TEST:
        return [f"{command.name}: (0-2)"]
    if command.form is Form.READ:
        mode = modes[command.name]
        return [f"{command.name}: {mode},{device.state.registration_fields(command.name, mode)}"]
    mode = command.number(0, 0)
    if mode > 2:
        raise CommandError
    modes[command.name] = mode
    return []


def _attachment(device: Device, command: Command) -> Answer:
    """Packet domain attach, which follows the registration (TS 27.007 §10.1.9)."""
    if command.form is Form.TEST:
        return ["+CGATT: (0,1)"]
    return [f"+CGATT: {int(device.state.is_served)}"] if command.form is Form.READ else []


def _operator(device: Device, command: Command) -> Answer:
    state = device.state
    act = device.profile.access_technology
    if command.form is Form.TEST:
        return [f'+COPS: (2,"{NETWORK_NAME}","{NETWORK_NAME}","{NETWORK_NUMBER}",{act}),,(0-3),(0-2)']
    if command.form is Form.READ:
        if not state.is_served:
            return ["+COPS: 0"]
        name = NETWORK_NUMBER if state.settings.cops_format == 2 else NETWORK_NAME
        return [f'+COPS: 0,{state.settings.cops_format},"{name}",{act}']
    mode = command.number(0)
    if mode > 4:
        raise CommandError
    if len(command.args) > 1 and (fmt := command.number(1, 0)) <= 2:
        state.settings.cops_format = fmt
    if mode == 2:
        state.change(lambda: setattr(state, "coverage", Registration.OFF))
    elif mode != 3 and state.coverage is Registration.OFF:
        state.change(lambda: setattr(state, "coverage", state.reach))
    if mode == 0:
        device.illnesses.cure(Cure.RESELECT)
    return []


def _signal(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return ["+CSQ: (0-31,99),(0-7,99)"]
    radio = device.state.settings.cfun == 1
    return [f"+CSQ: {device.state.signal if radio else 99},99"]


def _functionality(device: Device, command: Command) -> Answer:
    state = device.state
    if command.form is Form.TEST:
        return ["+CFUN: (0,1,4),(0,1)"]
    if command.form is Form.READ:
        return [f"+CFUN: {state.settings.cfun}"]
    level = command.number(0, 1)
    if level not in (0, 1, 4) or command.number(1, 0) > 1:
        raise CommandError
    if command.number(1, 0) == 1:
        device.terminal.final("OK")
        device.reboot()
        return PENDING
    was_off = state.settings.cfun == 0
    state.change(lambda: setattr(state.settings, "cfun", level))
    if was_off and level == 1:
        device.illnesses.cure(Cure.RADIO)
    return []


def _character_set(device: Device, command: Command) -> Answer:
    if command.form is Form.TEST:
        return ["+CSCS: (" + ",".join(f'"{name}"' for name in CHARACTER_SETS) + ")"]
    if command.form is Form.READ:
        return [f'+CSCS: "{device.state.settings.cscs}"']
    if command.args[:1] not in {(name,) for name in CHARACTER_SETS}:
        raise CommandError
    device.state.settings.cscs = command.args[0]
    return []


IDENTITY: dict[str, Handler] = {
    "+CGMI": _manufacturer, "+GMI": _manufacturer, "+CGMM": _model, "+GMM": _model, "+CGMR": _revision,
    "+GMR": _revision, "+CGSN": _imei, "+GSN": _imei,
}  # fmt: skip


def _identity(handler: Handler) -> Handler:
    return lambda device, command: [] if command.form is Form.TEST else handler(device, command)


GENERAL_COMMANDS: dict[str, Entry] = {
    "E": Entry(_switch("echo")),
    "V": Entry(_switch("verbose")),
    "Q": Entry(_switch("quiet")),
    "Z": Entry(_reset),
    "&F": Entry(_reset),
    "I": Entry(_identify),
    "S10": Entry(_register),
    **{name: Entry(_fixed()) for name in ("&C", "&D", "&K", "&S", "X", "L", "M", "H", "S0", "S3", "S4", "S7")},
    **{name: Entry(_identity(handler)) for name, handler in IDENTITY.items()},
    "+GCAP": Entry(_fixed("+GCAP: +CGSM")),
    "+CIMI": Entry(_identity(_imsi), Needs.OPEN_CARD),
    **{name: Entry(_identity(_iccid), Needs.CARD) for name in ("+CCID", "+ICCID")},
    "+CPIN": Entry(_pin, Needs.CARD),
    "+CSIM": Entry(_csim, Needs.CARD),
    "+CRSM": Entry(_crsm, Needs.OPEN_CARD),
    "+CLCK": Entry(_facility_lock, Needs.CARD),
    "+CMEE": Entry(_error_level),
    **{name: Entry(_registration) for name in REGISTRATION_COMMANDS},
    "+CGATT": Entry(_attachment),
    "+COPS": Entry(_operator),
    "+CSQ": Entry(_signal),
    "+CFUN": Entry(_functionality),
    "+CSCS": Entry(_character_set),
    "+CBC": Entry(_fixed("+CBC: 0,100,4000")),
    "+CPAS": Entry(_fixed("+CPAS: 0")),
    "+CEER": Entry(_fixed("+CEER: No cause information available")),
    **{name: Entry(_fixed()) for name in ("+CLIP", "+CRC", "+CCWA", "+CTZU", "+CTZR")},
}
